"""The record of what is made: it lasts, it is locked, and it holds what is true."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.trees import made_of
from videnhance.batch.records import (
    FOLDER,
    Identity,
    Records,
    identity_of,
)
from videnhance.conversion.workdir import journal_line
from videnhance.errors import BusyError, InputError, OutputError
from videnhance.system.locks import LockedFile


def _file(folder: Path) -> Path:
    return folder / FOLDER / "outputs"


def test_what_is_recorded_is_there_in_the_next_run(tmp_path: Path) -> None:
    with Records(tmp_path / "new") as records:
        records.begin("\udcff.mkv", "\udcff.wmv")
        records.begin("a.mp4", "a.mp4")
        records.complete(made_of("a.mp4"))
    with Records(tmp_path / "new") as records:
        assert records.made("a.mp4") == made_of("a.mp4")
        assert records.made("\udcff.mkv") is None
        assert records.is_open("\udcff.mkv")
        assert not records.is_open("a.mp4")
        assert not records.is_open("b.mp4")
        assert records.owners == {"\udcff.mkv": "\udcff.wmv", "a.mp4": "a.mp4"}
        assert records.precision == "int8"


def test_the_last_line_of_an_output_counts(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
        records.complete(made_of("b.mp4", precision="float32"))
        records.complete(made_of("a.mp4", wishes="other", precision=""))
    with Records(tmp_path) as records:
        made = records.made("a.mp4")
        assert made is not None
        assert made.wishes == "other"
        assert records.precision == "float32"


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
    whole = _file(tmp_path).read_bytes()
    _file(tmp_path).write_bytes(whole + whole[:-9])
    with Records(tmp_path) as records:
        assert records.made("a.mp4") is not None
        records.complete(made_of("b.mp4"))
    with Records(tmp_path) as records:
        assert records.made("b.mp4") is not None


def test_what_was_begun_once_is_noted_once(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        for _ in range(3):
            records.begin("a.mp4", "a.mp4")
    assert _file(tmp_path).read_bytes().count(b"\n") == 1


def test_lines_without_a_use_are_dropped(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.begin("b.mp4", "b.mp4")
        records.complete(made_of("a.mp4"))
    line = _file(tmp_path).read_bytes().splitlines(keepends=True)[1]
    with _file(tmp_path).open("ab") as file:
        file.write(line * 1200)
    with Records(tmp_path) as records:
        records.complete(made_of("c.mp4"))
    assert _file(tmp_path).read_bytes().count(b"\n") == 3
    with Records(tmp_path) as records:
        assert records.is_open("b.mp4")
        assert records.made("a.mp4") == made_of("a.mp4")
        assert records.made("c.mp4") is not None


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    with (
        Records(tmp_path),
        pytest.raises(BusyError, match="is being made by another run"),
    ):
        Records(tmp_path)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "far")
    with pytest.raises(OutputError, match=rf"{FOLDER} beside it is not a folder"):
        Records(tmp_path)
    assert list((tmp_path / "far").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot be noted there: Not a directory"):
        Records(tmp_path / "file")


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    with Records(tmp_path / "out", keeps=False) as records:
        records.complete(made_of("a.mp4"))
        assert records.made("a.mp4") is not None
    assert list(tmp_path.iterdir()) == []
    with Records(tmp_path) as records:
        records.begin("a.mp4", "a.mp4")
    before = _file(tmp_path).read_bytes()
    with Records(tmp_path, keeps=False) as records:
        records.complete(made_of("b.mp4"))
        assert records.is_open("a.mp4")
    assert _file(tmp_path).read_bytes() == before


def test_an_identity_is_of_size_time_and_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (one, two):
        path.write_bytes(b"same")
        os.utime(path, ns=(0, 7))
    found = identity_of(one)
    assert found == identity_of(two)
    assert (found.bytes, found.mtime_ns, len(found.digest)) == (4, 7, 32)
    two.write_bytes(b"else")
    assert identity_of(two).digest != found.digest


def test_content_is_not_looked_at_where_size_and_time_are_known(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"same")
    os.utime(path, ns=(0, 7))
    known = Identity(4, 7, "told")
    assert identity_of(path, known) is known
    assert identity_of(path, Identity(5, 7, "told")).digest != "told"


def test_the_identity_of_a_sequence_is_of_its_first_files(tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / f"{number:03d}.png").write_bytes(b"x" * number)
    place = tmp_path / "%03d.png"
    before = identity_of(place, count=2)
    assert before.bytes == 3
    os.utime(tmp_path / "003.png", ns=(0, 7))
    assert identity_of(place, count=2) == before
    os.utime(tmp_path / "002.png", ns=(0, 7))
    assert identity_of(place, count=2) != before


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read"):
        identity_of(tmp_path / "gone")


def test_what_is_given_up_is_open_no_more(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.begin("a.mp4", "a.mp4")
        records.give_up("a.mp4")
        records.give_up("b.mp4")
    with Records(tmp_path) as records:
        assert not records.is_open("a.mp4")
        assert records.owners == {"a.mp4": "a.mp4"}


def test_a_redo_is_open_until_it_is_complete(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
        records.begin("a.mp4", "a.mp4")
    with Records(tmp_path) as records:
        assert records.is_open("a.mp4")
        records.complete(made_of("a.mp4"))
        assert not records.is_open("a.mp4")


def test_a_damaged_line_takes_no_other_with_it(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
        records.complete(made_of("b.mp4"))
    data = bytearray(_file(tmp_path).read_bytes())
    data[20] ^= 1
    _file(tmp_path).write_bytes(data)
    with Records(tmp_path) as records:
        assert records.made("a.mp4") is None
        assert records.made("b.mp4") is not None


@pytest.mark.parametrize(
    "values",
    [{"later": 1}, {"made": 1}, {"made": {"output": "x"}}, {"begun": ["x"]}, [1]],
)
def test_what_is_not_known_is_passed_over(tmp_path: Path, values: Any) -> None:  # noqa: ANN401
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
    with _file(tmp_path).open("ab") as file:
        file.write(journal_line(values))
    with Records(tmp_path) as records:
        records.complete(made_of("b.mp4"))
    with Records(tmp_path) as records:
        assert records.made("a.mp4") is not None
        assert records.made("b.mp4") is not None


def test_a_field_of_a_later_version_does_no_harm(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.begin("b.mp4", "b.mp4")
    line = journal_line({"made": asdict(made_of("a.mp4")) | {"later": 5}})
    with _file(tmp_path).open("ab") as file:
        file.write(line)
    with Records(tmp_path) as records:
        assert records.made("a.mp4") == made_of("a.mp4")


class _Full(LockedFile):
    """A file on a disk with room for nine bytes more."""

    def write(self, data: Any) -> int:  # noqa: ANN401
        return super().write(bytes(data)[:9])


def test_what_a_full_disk_leaves_of_a_line_takes_no_other_with_it(
    tmp_path: Path,
) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
        own = records._file
        with _Full(_file(tmp_path), "r+") as full:
            full.seek(0, 2)
            records._file = full
            with pytest.raises(OutputError, match="No space left"):
                records.complete(made_of("b.mp4"))
        records._file = own
        records.complete(made_of("c.mp4"))
    with Records(tmp_path) as records:
        assert records.made("b.mp4") is None
        assert records.made("c.mp4") is not None


def test_a_look_needs_no_lock(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.complete(made_of("a.mp4"))
        with Records(tmp_path, keeps=False) as look:
            assert look.made("a.mp4") is not None
