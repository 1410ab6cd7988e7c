"""Training samples: the residual completes the base, and batches repeat."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from videnhance.model import data
from videnhance.model.data import (
    RESIDUAL_UNIT,
    SMALL,
    Samples,
    luma_of,
    make_samples,
    residual_of,
    still_paths,
)
from videnhance.model.degrade import drawn
from videnhance.resize import FRACTION_BITS, doubled_strips


def _write_still(path: Path, width: int, height: int, seed: int) -> Path:
    """A picture with waves in one half and grain in the other."""
    y, x = np.mgrid[:height, :width]
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 30, (height, width)) * (x > width // 2)
    base = 128 + 70 * np.sin(x / 9) * np.cos(y / (5 + seed)) + grain
    rgb = np.stack([base, base[::-1], 255 - base], axis=-1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stills; one is smaller than a crop and must be enlarged."""
    folder = tmp_path_factory.mktemp("stills")
    _write_still(folder / "b.png", 401, 375, 1)
    _write_still(folder / "inner" / "a.PNG", 380, 360, 2)
    _write_still(folder / "c.png", 200, 150, 3)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[None]:
    # A fork of a process in which OpenCV has run threads hangs at OpenCV's first call.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            data, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(2)
        )
        yield


@pytest.fixture(scope="module")
def folder(stills: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the samples of the stills lie."""
    folder = tmp_path_factory.mktemp("samples") / "new"
    make_samples(still_paths([stills]), 5, folder, seed=4)
    return folder


@pytest.fixture(scope="module")
def samples(folder: Path) -> Samples:
    """The samples of the stills."""
    return Samples.load(folder)


def _base(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    out = np.empty((2 * small.shape[0], 2 * small.shape[1]))
    for rows, fixed in doubled_strips(small):
        out[rows] = fixed / (1 << FRACTION_BITS)
    return out


def test_pictures_are_found_below_the_folders(stills: Path) -> None:
    names = [path.name for path in still_paths([stills])]
    assert names == ["b.png", "c.png", "a.PNG"]
    assert still_paths([stills / "inner", stills / "nowhere"]) == [
        stills / "inner" / "a.PNG"
    ]


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
    Image.new("RGB", (3, 2), colour).save(tmp_path / "a.png")
    assert luma_of(tmp_path / "a.png").tolist() == [[studio] * 3] * 2
    assert luma_of(tmp_path / "a.png", full_range=True).tolist() == [[full] * 3] * 2


def test_residual_and_base_make_the_target() -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (21, 17), np.uint8)
    target = rng.integers(0, 256, (42, 34), np.uint8)
    made = _base(small) + residual_of(small, target) * RESIDUAL_UNIT
    assert np.abs(target - made).max() <= RESIDUAL_UNIT / 2


def test_samples_have_their_sizes(samples: Samples) -> None:
    assert samples.small.shape == (10, SMALL, SMALL)
    assert samples.residual.shape == (10, 2 * SMALL, 2 * SMALL)
    assert (samples.small.dtype.name, samples.residual.dtype.name) == ("uint8", "int16")


def test_every_sample_makes_a_whole_target(samples: Samples) -> None:
    for small, residual in zip(samples.small, samples.residual, strict=True):
        made = _base(small) + residual * RESIDUAL_UNIT
        target = np.rint(made)
        assert np.abs(target - made).max() <= RESIDUAL_UNIT / 2
        assert target.min() >= 0
        assert target.max() <= 255
        assert small.std() > 3


def test_samples_repeat_with_their_seed(
    stills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # x264 does not always give the same packets; all else does.
    monkeypatch.setattr(
        data, "drawn", lambda rng: replace(drawn(rng), crf=None, source_crf=None)
    )
    made = []
    for number, seed in enumerate((4, 4, 5)):
        folder = tmp_path / str(number)
        make_samples(still_paths([stills]), 3, folder, seed)
        made.append(Samples.load(folder))
    one, same, other = made
    assert np.array_equal(one.small, same.small)
    assert np.array_equal(one.residual, same.residual)
    assert not np.array_equal(one.small, other.small)


def test_batches_repeat_and_differ(samples: Samples) -> None:
    one, same, other = (
        samples.batch(3, 20, np.random.default_rng((0, step))) for step in (1, 1, 2)
    )
    assert [a.shape for a in one] == [(3, 1, 20, 20), (3, 1, 40, 40)]
    assert {a.dtype for a in one} == {np.dtype(np.float32)}
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_input_and_residual_are_turned_together() -> None:
    side = 24
    small = np.random.default_rng(0).integers(0, 256, (2, side, side), np.uint8)
    # The residual repeats the input, so a pair that does not fit is noticed.
    twice = small.repeat(2, axis=1).repeat(2, axis=2).astype(np.int16)
    inputs, wanted = Samples(small, twice).batch(30, 9, np.random.default_rng(5))
    again = inputs.repeat(2, axis=2).repeat(2, axis=3) * RESIDUAL_UNIT
    assert np.allclose(wanted, again, atol=1e-7)
    assert inputs.max() <= 1
    flat = {crop.tobytes() for crop in inputs}
    assert len(flat) == 30
