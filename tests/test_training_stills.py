"""Stills: found, paired, and read as luma."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from videnhance.errors import InputError
from videnhance.training.stills import (
    is_small,
    luma_of,
    pair_of,
    rgb_of,
    still_paths,
    studio_luma,
)


def _still(path: Path, size: tuple[int, int] = (7, 5)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (255, 0, 0)).save(path)
    return path


def test_pictures_are_found_below_the_folders(tmp_path: Path) -> None:
    _still(tmp_path / "b.png")
    _still(tmp_path / "inner" / "a.PNG")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    assert [p.name for p in still_paths([tmp_path])] == ["b.png", "a.PNG"]
    assert still_paths([tmp_path / "inner", tmp_path / "nowhere"]) == [
        tmp_path / "inner" / "a.PNG"
    ]
    assert still_paths([tmp_path / "b.png"]) == [tmp_path / "b.png"]


def test_halved_copies_in_the_layout_of_div2k_are_pairs(tmp_path: Path) -> None:
    large = _still(tmp_path / "DIV2K_train_HR" / "0001.png", (8, 6))
    small = _still(tmp_path / "DIV2K_train_LR_bicubic" / "X2" / "0001x2.png", (4, 3))
    alone = _still(tmp_path / "DIV2K_train_HR" / "0002.png")
    assert still_paths([tmp_path]) == [large, alone]
    assert is_small(small)
    assert pair_of(large) == small
    assert pair_of(alone) is None


def test_halved_copies_beside_a_test_set_are_pairs(tmp_path: Path) -> None:
    large = _still(tmp_path / "Set5" / "HR" / "a.png")
    small = _still(tmp_path / "Set5" / "LRx2" / "a.png")
    assert still_paths([tmp_path]) == [large]
    assert pair_of(large) == small
    assert pair_of(_still(tmp_path / "holidays" / "a.png")) is None


@pytest.mark.parametrize(
    ("colour", "studio", "full"),
    [
        ((255, 255, 255), 235, 255),
        ((0, 0, 0), 16, 0),
        ((255, 0, 0), 81, 76),
        ((0, 255, 0), 145, 150),
        ((0, 0, 255), 41, 29),
    ],
)
def test_luma_is_bt601(
    tmp_path: Path, colour: tuple[int, int, int], studio: int, full: int
) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (3, 2), colour).save(path)
    assert luma_of(path).tolist() == [[studio] * 3] * 2
    assert luma_of(path, full_range=True).tolist() == [[full] * 3] * 2
    assert np.rint(studio_luma(rgb_of(path))).tolist() == [[studio] * 3] * 2


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"a\.png cannot be read: .* is it a picture"):
        rgb_of(tmp_path / "a.png")
