"""The journal: what it names is there, and it belongs to one work and one run."""

import os
from pathlib import Path

import pytest

from videnhance.conversion.journal import Journal, Segment
from videnhance.conversion.workdir import (
    discard,
    folder_beside,
    recorded,
    tidied,
)
from videnhance.errors import OutputError, UsageError

KEY = {"input": 7, "options": {"skip": 2}}


def _segment(first: int, size: int) -> Segment:
    return Segment(
        frames=3,
        bytes=size,
        first_pts=first,
        last_pts=first + 2,
        end_pts=first + 3,
        delay=1,
        tail=((first + 1, 11), (first + 2, 12)),
        counts={"packets": first, "frames": 0},
    )


def _close(journal: Journal, first: int, data: bytes = b"abc") -> None:
    part = journal.unfinished()
    part.write_bytes(data)
    journal.close_segment(part, _segment(first, len(data)))


def _with_two(target: Path) -> None:
    with Journal(target, KEY) as journal:
        _close(journal, 0)
        _close(journal, 3)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The name of an output."""
    return tmp_path / "out.mp4"


def test_what_was_closed_is_found_again(target: Path) -> None:
    _with_two(target)
    with Journal(target, dict(reversed(KEY.items()))) as journal:
        assert journal.segments == [_segment(0, 3), _segment(3, 3)]
        assert (journal.frames, journal.bytes, journal.complete) == (6, 6, False)
        assert journal.mark.frames == 6
        assert journal.mark.tail == ((4, 11), (5, 12))
        assert journal.counts == {"packets": 3, "frames": 0}
        assert journal.path(1).read_bytes() == b"abc"
    assert recorded(target) == KEY


def test_a_run_without_a_closed_segment_leaves_no_folder(target: Path) -> None:
    with Journal(target, KEY) as journal:
        journal.unfinished().write_bytes(b"begun")
        assert (journal.frames, journal.counts) == (0, {})
    assert list(target.parent.iterdir()) == []
    assert recorded(target) == {}


def test_other_work_is_refused_and_what_differs_is_named(target: Path) -> None:
    _with_two(target)
    with pytest.raises(UsageError, match=r"input: 7 then, 8 now.*--discard"):
        Journal(target, KEY | {"input": 8})
    with pytest.raises(UsageError, match="more: None then, 1 now"):
        Journal(target, KEY | {"more": 1})
    assert recorded(target) == KEY


def test_work_of_a_processor_that_rounds_otherwise_is_refused(target: Path) -> None:
    key = KEY | {"arithmetic": "one"}
    with Journal(target, key) as journal:
        _close(journal, 0)
    with pytest.raises(UsageError, match=r"rounds? otherwise.*ONEDNN_MAX_CPU_ISA"):
        Journal(target, key | {"arithmetic": "another"})
    # What follows from another option is no news.
    with pytest.raises(UsageError, match=r"\(input: 7 then, 8 now\)"):
        Journal(target, key | {"input": 8, "arithmetic": "another"})
    with Journal(target, key) as journal:
        assert journal.frames == 3


def test_other_work_may_follow_where_nothing_was_closed(target: Path) -> None:
    folder = folder_beside(target)
    with Journal(target, KEY) as journal:
        text = (folder / "journal").read_bytes()
        journal.unfinished().write_bytes(b"begun")
    folder.mkdir()
    (folder / "journal").write_bytes(text)
    with Journal(target, KEY | {"input": 8}) as journal:
        assert not journal.unfinished().exists()
        assert recorded(target)["input"] == 8


def test_the_last_line_tells_that_only_joining_is_left(target: Path) -> None:
    _with_two(target)
    with Journal(target, KEY) as journal:
        journal.close_last()
    with Journal(target, KEY) as journal:
        assert journal.complete
        journal.remove()
    assert list(target.parent.iterdir()) == []


def test_a_torn_line_is_as_if_it_had_not_been_written(target: Path) -> None:
    _with_two(target)
    path = folder_beside(target) / "journal"
    whole = path.read_bytes()
    start = len(whole) - len(whole.splitlines(keepends=True)[-1])
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(target, KEY) as journal:
            assert journal.frames == 3
        assert path.read_bytes() == whole[:start]


def test_a_changed_byte_ends_what_holds(target: Path) -> None:
    _with_two(target)
    path = folder_beside(target) / "journal"
    whole = bytearray(path.read_bytes())
    whole[-5] ^= 1
    path.write_bytes(whole)
    with Journal(target, KEY) as journal:
        assert journal.frames == 3
        _close(journal, 3, b"again")
    with Journal(target, KEY) as journal:
        assert journal.segments[1].bytes == 5


@pytest.mark.parametrize("data", [None, b"", b"ab"])
def test_a_segment_without_its_file_is_made_again(
    target: Path, data: bytes | None
) -> None:
    _with_two(target)
    with Journal(target, KEY) as journal:
        path = journal.path(1)
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    with Journal(target, KEY) as journal:
        assert journal.frames == 3
        _close(journal, 3)
        _close(journal, 6)
    with Journal(target, KEY) as journal:
        assert journal.frames == 9


def test_one_output_has_one_run(target: Path) -> None:
    with Journal(target, KEY) as journal:
        _close(journal, 0)
        with pytest.raises(OutputError, match="made by another run"):
            Journal(target, KEY)
        with pytest.raises(OutputError, match="made by another run"):
            discard(target)
    discard(target)
    discard(target)
    assert list(target.parent.iterdir()) == []


def test_long_names_have_folders_of_their_own(tmp_path: Path) -> None:
    names = ["ü" * 120 + ending + ".mp4" for ending in "ab"]
    folders = {folder_beside(tmp_path / name) for name in names}
    assert len(folders) == 2
    assert all(len(os.fsencode(folder.name)) < 255 for folder in folders)
    for name in names:
        with Journal(tmp_path / name, KEY) as journal:
            _close(journal, 0)
    assert set(tmp_path.iterdir()) == folders


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    folder_beside(tmp_path / "a.mp4").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.mp4: the folder for unfinished work"):
        Journal(tmp_path / "a.mp4", KEY)


@pytest.mark.parametrize("what", ["folder", "journal"])
def test_a_link_leads_nowhere(tmp_path: Path, what: str) -> None:
    target, victim = tmp_path / "out.mp4", tmp_path / "victim"
    folder = folder_beside(target)
    if what == "folder":
        victim.mkdir()
        folder.symlink_to(victim)
    else:
        victim.write_text("precious")
        folder.mkdir()
        (folder / "journal").symlink_to(victim)
    with pytest.raises(OutputError, match="unfinished work"):
        Journal(target, KEY)
    assert recorded(target) == {}
    assert victim.is_dir() or victim.read_text() == "precious"


def test_a_line_that_finds_no_room_is_one_error(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_two(target)
    full = OSError(28, "No space left on device")

    def no_room(_: int) -> None:
        raise full

    def closed() -> None:
        with Journal(target, KEY) as journal, monkeypatch.context() as patch:
            patch.setattr("videnhance.system.disk.os.fsync", no_room)
            _close(journal, 6)

    with pytest.raises(OSError, match="No space"):
        closed()
    with Journal(target, KEY) as journal:
        assert journal.frames in (6, 9)


def test_a_run_that_ended_after_publishing_leaves_nothing(target: Path) -> None:
    _with_two(target)
    made = target.with_name("made")
    made.write_bytes(b"whole")
    with Journal(target, KEY) as journal:
        journal.close_last()
        journal.publishes(made)
    tidied(target)
    assert folder_beside(target).exists()
    made.rename(target)
    tidied(target)
    assert not folder_beside(target).exists()
    tidied(target)


def test_parts_of_an_earlier_run_are_cleared(target: Path) -> None:
    _with_two(target)
    part = folder_beside(target) / ".out.videnhance-1234.part.mp4"
    part.write_bytes(b"half")
    with Journal(target, KEY) as journal:
        journal.clear_parts()
        assert not part.exists()
        journal.cut_to(1)
        assert journal.frames == 3


def test_a_folder_that_was_removed_meanwhile_is_made_anew(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_beside(target)
    real = os.open
    opened: list[int] = []

    def raced(
        path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        descriptor = real(path, flags, mode, dir_fd=dir_fd)
        opened.append(descriptor)
        if len(opened) == 1:  # another run ends just now
            (folder / "journal").unlink()
            folder.rmdir()
        return descriptor

    monkeypatch.setattr("videnhance.conversion.workdir.os.open", raced)
    with Journal(target, KEY) as journal:
        _close(journal, 0)
    assert recorded(target) == KEY
