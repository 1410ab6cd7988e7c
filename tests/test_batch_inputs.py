"""What a folder holds: by names, patterns, links and numbers."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import exif_block
from tests.trees import filled
from videnhance.batch.inputs import (
    Choosing,
    Found,
    Kind,
    Sequences,
    found_in,
)
from videnhance.errors import InputError
from videnhance.frame.geometry import Size

NOWHERE = Path("nowhere")


def _found(folder: Path, **chosen: object) -> Found:
    return found_in(folder, Choosing(**chosen), without=NOWHERE)  # type: ignore[arg-type]  # its own fields


def _names(folder: Path, **chosen: object) -> list[str]:
    return [one.relative for one in _found(folder, **chosen).inputs]


def _pictures(folder: Path, *names: str, exif: bool = False, side: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.zeros((3, side, 3), np.uint8))
    extra: dict[str, Any] = {"exif": exif_block(1, Size(side, 3))} if exif else {}
    for name in names:
        picture.save(folder / name, **extra)
    return folder


def test_media_are_found_in_all_folders_by_name(tmp_path: Path) -> None:
    filled(tmp_path, "b.MP4", "a/x.png", "a/b/2.mkv", "a/b/10.mkv", "notes.txt", "c")
    found = _found(tmp_path)
    names = [one.relative for one in found.inputs]
    assert names == ["a/b/2.mkv", "a/b/10.mkv", "a/x.png", "b.MP4"]
    assert [one.kind for one in found.inputs][1:3] == [Kind.VIDEO, Kind.PICTURE]
    assert found.others == 2


def test_size_and_time_are_an_inputs_version(tmp_path: Path) -> None:
    filled(tmp_path, "b.mp4")
    os.utime(tmp_path / "b.mp4", ns=(5, 1_000_000_007))
    (one,) = _found(tmp_path).inputs
    assert (one.path, one.version) == (tmp_path / "b.mp4", (5, 1_000_000_007))


def test_hidden_files_and_folders_are_none(tmp_path: Path) -> None:
    filled(tmp_path, ".a.mp4", ".git/b.mp4", "._c.mp4", "d.mp4")
    assert _names(tmp_path) == ["d.mp4"]


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        (("*.mp4",), (), ["a/1.mp4", "b/2.MP4"]),
        (("a/*",), (), ["a/1.mp4", "a/3.avi"]),
        (("*.txt",), (), ["b/t.txt"]),
        ((), ("a",), ["b/2.MP4"]),
        ((), ("*.avi", "b/*"), ["a/1.mp4"]),
        (("*.mp4",), ("b",), ["a/1.mp4"]),
        (("[12].*",), (), ["a/1.mp4", "b/2.MP4"]),
    ],
)
def test_patterns_choose(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], names: list[str]
) -> None:
    filled(tmp_path, "a/1.mp4", "a/3.avi", "b/2.MP4", "b/t.txt")
    assert _names(tmp_path, include=include, exclude=exclude) == names


def test_the_folder_of_outputs_is_left_out_by_any_name(tmp_path: Path) -> None:
    filled(tmp_path, "a.mp4", "out/b.mp4")
    (tmp_path / "other").symlink_to(tmp_path / "out")
    found = found_in(tmp_path, Choosing(follow_links=True), without=tmp_path / "other")
    assert [one.relative for one in found.inputs] == ["a.mp4"]


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    filled(tmp_path / "far", "x.mp4", "y/z.mp4")
    folder = filled(tmp_path / "in", "a.mp4")
    (folder / "l.mp4").symlink_to(tmp_path / "far/x.mp4")
    (folder / "d").symlink_to(tmp_path / "far/y")
    (folder / "gone.mp4").symlink_to(tmp_path / "nothing")
    found = _found(folder)
    assert [one.relative for one in found.inputs] == ["a.mp4"]
    assert found.links == 3


def test_links_can_be_followed_and_make_no_loop(tmp_path: Path) -> None:
    filled(tmp_path / "far", "x.mp4", "y/z.mp4")
    folder = filled(tmp_path / "in", "a.mp4")
    (folder / "l.mp4").symlink_to(tmp_path / "far/x.mp4")
    (folder / "d").symlink_to(tmp_path / "far/y")
    (folder / "d2").symlink_to(tmp_path / "far/y")
    (folder / "me").symlink_to(folder)
    assert _names(folder, follow_links=True) == ["a.mp4", "d/z.mp4", "l.mp4"]


def test_what_is_no_regular_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert _names(tmp_path) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone cannot be read: .*; name a folder"):
        _found(tmp_path / "gone")


def test_numbered_pictures_are_one_input(tmp_path: Path) -> None:
    names = [f"f_{n:04d}.png" for n in range(7, 17)]
    _pictures(tmp_path / "s", *names)
    (one,) = _found(tmp_path).inputs
    assert (one.relative, one.kind) == ("s/f_%04d.png", Kind.SEQUENCE)
    assert one.path == tmp_path / "s/f_%04d.png"
    assert one.bytes == 10 * (tmp_path / "s/f_0007.png").stat().st_size


@pytest.mark.parametrize("why", ["gap", "few", "size", "exif", "off", "percent"])
def test_other_pictures_are_inputs_of_their_own(tmp_path: Path, why: str) -> None:
    count, start = (9 if why == "few" else 10), 100
    before = "%d" if why == "percent" else "f"
    names = [f"{before}{n:04d}.png" for n in range(start, start + count)]
    if why == "gap":
        names[5] = "f0200.png"
    _pictures(tmp_path, *names, exif=why == "exif")
    if why == "size":
        _pictures(tmp_path, names[5], side=9)
    chosen = Sequences.OFF if why == "off" else Sequences.AUTO
    assert len(_names(tmp_path, sequences=chosen)) == count


def test_two_numbered_pictures_can_be_called_a_sequence(tmp_path: Path) -> None:
    _pictures(tmp_path, "001.jpg", "002.jpg", exif=True)
    _pictures(tmp_path / "one", "001.jpg")
    found = _names(tmp_path, sequences=Sequences.ON)
    assert found == ["%03d.jpg", "one/001.jpg"]


def test_damaged_numbered_pictures_are_no_sequence(tmp_path: Path) -> None:
    filled(tmp_path, *(f"{n:03d}.png" for n in range(12)))
    assert len(_names(tmp_path)) == 12


def test_a_sequence_may_outgrow_its_zeros(tmp_path: Path) -> None:
    _pictures(tmp_path, *(f"f{n:03d}.png" for n in range(995, 1006)))
    assert _names(tmp_path) == ["f%03d.png"]


def test_a_sequence_of_which_a_part_is_excluded_is_none(tmp_path: Path) -> None:
    names = [f"f{n:03d}.png" for n in range(12)]
    _pictures(tmp_path, *names)
    assert _names(tmp_path, exclude=("f011*",)) == names[:-1]


def test_digits_of_other_scripts_are_no_numbers(tmp_path: Path) -> None:
    _pictures(tmp_path, *(f"f\u0661\u0660{chr(0x660 + n)}.png" for n in range(10)))
    assert len(_names(tmp_path)) == 10


def test_a_picture_of_gigabytes_is_not_opened(tmp_path: Path) -> None:
    _pictures(tmp_path, *(f"f{n:03d}.png" for n in range(12)))
    with (tmp_path / "f000.png").open("r+b") as file:
        file.truncate(6 << 30)
    assert len(_names(tmp_path)) == 12


def test_folders_that_lie_too_deep_are_said(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 66)
    filled(deep, "a.mp4")
    (words,) = _found(tmp_path).unreadable.values()
    assert words == "this folder lies too deep"
