"""Where outputs go: names that fit, that are not shared, and lead nowhere else."""

import os
from pathlib import Path

import pytest

from tests.trees import input_of
from videnhance.batch.batch_options import Naming
from videnhance.batch.inputs import Kind
from videnhance.batch.outputs import Names, folder_made
from videnhance.errors import OutputError, UsageError


def _name(relative: str, naming: Naming | None = None, kind: Kind = Kind.VIDEO) -> str:
    return Names(naming or Naming(), {}).name_of(input_of(relative, kind))


@pytest.mark.parametrize(
    ("relative", "kind", "name"),
    [
        ("a/b c.mp4", Kind.VIDEO, "a/b c.mp4"),
        ("a.WMV", Kind.VIDEO, "a.mkv"),
        ("x.y.MKV", Kind.VIDEO, "x.y.MKV"),
        ("no suffix", Kind.VIDEO, "no suffix.mkv"),
        ("p.jpeg", Kind.PICTURE, "p.jpeg"),
        ("p.gif", Kind.PICTURE, "p.gif"),
        ("s/%04d.png", Kind.SEQUENCE, "s/%04d.png"),
        ("50%d*.png", Kind.PICTURE, "50_d_.png"),
        ("50%d.mp4", Kind.VIDEO, "50%d.mp4"),
        ("😀 \udcff.mp4", Kind.VIDEO, "😀 \udcff.mp4"),
    ],
)
def test_an_output_is_called_as_its_input(relative: str, kind: Kind, name: str) -> None:
    assert _name(relative, kind=kind) == name


def test_pattern_and_suffixes_change_the_name() -> None:
    naming = Naming("{stem} (large)", ".mov", ".webp")
    assert _name("a/b.mp4", naming) == "a/b (large).mov"
    assert _name("p.png", naming, Kind.PICTURE) == "p (large).webp"
    assert _name("%03d.png", naming, Kind.SEQUENCE) == "%03d (large).webp"


@pytest.mark.parametrize(
    "pattern", ["x", "{stem}{stem}", "a/{stem}", "..\\{stem}", "{stem}{x}", ""]
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"--name .*write \{stem\} once"):
        Naming(pattern)


@pytest.mark.parametrize(
    ("suffixes", "option"),
    [((".wmv", None), "--to"), ((None, ".mp4"), "--pictures-to")],
)
def test_a_suffix_that_cannot_be_written_is_refused(
    suffixes: tuple[str | None, str | None], option: str
) -> None:
    with pytest.raises(UsageError, match=rf"{option} \.\w+ cannot be written"):
        Naming("{stem}", *suffixes)


def test_a_shared_name_is_numbered_and_said() -> None:
    names = Names(Naming(), {})
    found = [names.name_of(input_of(f"a/x.{s}")) for s in ("asf", "mkv", "wmv", "mp4")]
    assert found == ["a/x.mkv", "a/x-2.mkv", "a/x-3.mkv", "a/x.mp4"]
    assert names.notices == [
        "a/x.mkv and another input share a name: its output is a/x-2.mkv",
        "a/x.wmv and another input share a name: its output is a/x-3.mkv",
    ]
    assert names.name_of(input_of("a/x.mkv")) == "a/x-2.mkv"


def test_names_that_a_file_system_may_take_for_one_are_shared() -> None:
    names = Names(Naming(), {})
    assert names.name_of(input_of("A\u0308.mp4")) == "A\u0308.mp4"
    assert names.name_of(input_of("ä.mp4")) == "ä-2.mp4"


def test_a_name_once_given_stays() -> None:
    names = Names(Naming(), {"b/x.mkv": "b/x.wmv", "b/x-2.mkv": "b/x.mkv"})
    assert names.name_of(input_of("b/x.asf")) == "b/x-3.mkv"
    assert names.name_of(input_of("b/x.mkv")) == "b/x-2.mkv"
    assert names.name_of(input_of("b/x.wmv")) == "b/x.mkv"


def test_a_name_given_for_other_wishes_does_not_stay() -> None:
    owners = {"x.mp4": "x.mp4", "y-x2.mp4": "z", "y-x2-5.mp4": "y.mp4"}
    names = Names(Naming("{stem}-x2"), owners)
    assert names.name_of(input_of("x.mp4")) == "x-x2.mp4"
    assert names.name_of(input_of("y.mp4")) == "y-x2-5.mp4"


def test_a_long_name_is_cut_and_stays_different() -> None:
    long = "é" * 130
    first, second = _name(f"{long}1.wmv"), _name(f"{long}2.wmv")
    assert first != second
    for name in (first, second):
        assert len(os.fsencode(name)) <= 255
        assert name.startswith("é" * 100)
        assert name.endswith(".mkv")


def test_folders_are_made(tmp_path: Path) -> None:
    assert folder_made(tmp_path, "a/b/c.mp4") == tmp_path / "a/b/c.mp4"
    assert (tmp_path / "a/b").is_dir()
    assert folder_made(tmp_path, "c.mp4") == tmp_path / "c.mp4"


def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").symlink_to(elsewhere)
    with pytest.raises(OutputError, match=r"out/a is a link"):
        folder_made(tmp_path / "out", "a/b/c.mp4")
    assert list(elsewhere.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(OutputError, match=r"a cannot be made: File exists"):
        folder_made(tmp_path, "a/c.mp4")


def test_a_number_that_the_user_chose_is_none_of_ours() -> None:
    names = Names(Naming(), {"a-720.mp4": "a.mp4"})
    assert names.name_of(input_of("a.mp4")) == "a.mp4"


def test_an_output_of_an_input_that_is_gone_is_not_taken_over() -> None:
    names = Names(Naming(), {"a.mkv": "a.wmv", "a.mp4": "a.wmv"})
    assert names.name_of(input_of("a.asf")) == "a-2.mkv"


def test_a_picture_is_not_called_as_one_of_a_sequence() -> None:
    naming = Naming(picture_suffix=".png")
    names = Names(naming, {})
    shots = input_of("s/f%03d.tif", Kind.SEQUENCE)
    assert names.name_of(shots) == "s/f%03d.png"
    assert names.name_of(input_of("s/f003.png", Kind.PICTURE)) == "s/f003-2.png"
    assert names.name_of(input_of("f003.png", Kind.PICTURE)) == "f003.png"
    other = Names(naming, {"s/f003.png": "s/f003.png"})
    assert other.name_of(shots) == "s/f%03d-2.png"
    assert Names(naming, {"s/f%03d.png": "x"}).name_of(shots) == "s/f%03d-2.png"


def test_a_sequence_keeps_its_number_however_long_its_name() -> None:
    long = "x" * 240 + "%04d.png"
    assert _name(long, kind=Kind.SEQUENCE) == long
