"""Disks that lack what a local one has: locks, sync, links, room that is counted."""

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.clips import Clip, pts_of, write_clip
from videnhance.batch.records import Records
from videnhance.cli import app
from videnhance.conversion import workdir as unfinished
from videnhance.conversion.journal import Journal
from videnhance.conversion.workdir import discard, folder_beside
from videnhance.errors import BusyError, OutputError
from videnhance.media.output.output_file import publish
from videnhance.system import locks
from videnhance.system.disk import free_bytes
from videnhance.system.locks import locked_file

PLAIN = ("--strength", "0", "--workers", "1")
NO_LOCKS = "the disk of the output has no file locks"
NO_SYNC = "cannot be told to keep what is written"
Call = Callable[..., Any]

SHARE = """
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
int flock(int file, int how) { errno = ENOLCK; return -1; }
int fsync(int file) { errno = EINVAL; return -1; }
int link(const char *a, const char *b) { errno = EPERM; return -1; }
int linkat(int d, const char *a, int e, const char *b, int f) {
  errno = EPERM; return -1;
}
int statvfs(const char *path, struct statvfs *found) {
  memset(found, 0, sizeof *found); return 0;
}
"""
"""What all programs that are started with this library find on every disk."""


def _fails(number: int) -> Call:
    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


def _converted(folder: Path, *words: object) -> Result:
    source = write_clip(folder / "in.mp4", Clip(pts=range(0, 5 * 512, 512)))
    line = ["-y", source, folder / "out.mp4", *PLAIN, *words]
    return CliRunner().invoke(app, [str(word) for word in line])


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share without locks."""
    monkeypatch.setattr(fcntl, "flock", _fails(errno.ENOLCK))


# Each lack alone.


@pytest.mark.parametrize(
    ("lack", "told"),
    [
        ((fcntl, "flock", _fails(errno.ENOLCK)), NO_LOCKS),
        ((fcntl, "flock", _fails(errno.EOPNOTSUPP)), NO_LOCKS),
        ((fcntl, "flock", _fails(errno.ENOSYS)), NO_LOCKS),
        ((fcntl, "flock", _fails(errno.EINVAL)), NO_LOCKS),
        ((os, "fsync", _fails(errno.EINVAL)), NO_SYNC),
        ((os, "fsync", _fails(errno.ENOSYS)), NO_SYNC),
        ((os, "fsync", _fails(errno.EOPNOTSUPP)), NO_SYNC),
        ((os, "link", _fails(errno.EPERM)), ""),
        ((shutil, "disk_usage", _fails(errno.ENOSYS)), ""),
        ((shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 0)), ""),
        # All that this user makes belongs to somebody else.
        ((os, "geteuid", lambda: os.getuid() + 1), ""),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_a_share_lacks_is_said_at_the_most(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lack: tuple[object, str, Call],
    told: str,
    overwrite: bool,
) -> None:
    monkeypatch.setattr(*lack)
    if overwrite:
        (tmp_path / "out.mp4").write_bytes(b"old")
    result = _converted(tmp_path)
    assert result.exit_code == 0, result.output
    assert [told in result.stderr, result.stderr.count("the disk of the output")] == [
        True,
        int(bool(told)),
    ]
    assert pts_of(tmp_path / "out.mp4") == pts_of(tmp_path / "in.mp4")
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_name_on_another_disk_of_a_union_is_given_to_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    def on_one_disk(real: Call) -> Call:
        def call(a: Path, b: Path) -> None:
            if a.parent != b.parent:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            real(a, b)

        return call

    for name in ("link", "rename", "replace"):
        monkeypatch.setattr(os, name, on_one_disk(getattr(os, name)))
    (tmp_path / "work").mkdir()
    made, target = tmp_path / "work/made", tmp_path / "out.mp4"
    made.write_bytes(b"whole")
    if overwrite:
        target.write_bytes(b"old")
    publish(made, target, overwrite)
    assert target.read_bytes() == b"whole"
    assert {path.name for path in tmp_path.iterdir()} == {"work", "out.mp4"}


def test_a_link_whose_answer_was_lost_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def link(a: Path, b: Path) -> None:
        real(a, b)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    monkeypatch.setattr(os, "link", link)
    made, target = tmp_path / "made", tmp_path / "out.mp4"
    made.write_bytes(b"whole")
    publish(made, target, False)
    assert target.read_bytes() == b"whole"
    assert not made.exists()


@pytest.mark.parametrize("call", ["link", "rename"])
def test_what_came_meanwhile_stays_without_links_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(os, call, _fails(errno.EPERM))
    made, target = tmp_path / "made", tmp_path / "out.mp4"
    made.write_bytes(b"whole")
    target.write_bytes(b"mine")
    with pytest.raises(OutputError, match="appeared while it was being made"):
        publish(made, target, False)
    assert (made.read_bytes(), target.read_bytes()) == (b"whole", b"mine")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_no_share_without_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", _fails(number))
    result = _converted(tmp_path)
    assert result.exit_code == 1
    assert os.strerror(number) in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


def test_a_lock_that_fails_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", _fails(errno.EIO))
    result = _converted(tmp_path)
    assert result.exit_code == 1
    assert "name an output elsewhere" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


def test_room_is_unknown_where_nothing_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert free_bytes(tmp_path / "nowhere") is None
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0)
    )
    assert free_bytes(tmp_path) == 0


# Marks instead of locks.


@pytest.mark.usefixtures("no_locks")
def test_a_mark_keeps_a_second_run_out(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with Journal(target, {}) as journal:
        journal.holds = True
        (mark,) = folder_beside(target).glob("run-*")
        with pytest.raises(BusyError, match=f"process {os.getpid()} on .*{mark.name}"):
            Journal(target, {})
        with pytest.raises(BusyError, match="another run"):
            discard(target)
        assert [*folder_beside(target).glob("run-*")] == [mark]
    assert [path.name for path in folder_beside(target).iterdir()] == ["journal"]
    discard(target)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.usefixtures("no_locks")
def test_a_mark_stays_when_the_record_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videnhance.batch.records._WASTE", -1)
    with Records(tmp_path) as records:
        records.begin("a.mp4", "a.mp4")
    with Records(tmp_path) as records:
        assert len(records.notices) == 1
        with pytest.raises(BusyError):
            Records(tmp_path)
    with Records(tmp_path) as records:
        assert records.owners == {"a.mp4": "a.mp4"}


def _mark(folder: Path, **changes: object) -> Path:
    found = locks._place() | {"start": locks._start_of(os.getpid())} | changes
    mark = folder / "run-1-left"
    mark.write_text(json.dumps(found))
    return mark


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize(
    ("changes", "has_ended"),
    [
        ({}, False),
        ({"start": "1"}, True),  # its number was given to another process
        ({"pid": 2**30, "start": "1"}, True),
        ({"boot": "before", "machine": "this"}, True),
        ({"boot": "before", "machine": ""}, False),
        ({"boot": "before", "machine": "namesake"}, False),
        ({"host": "nas\x1b[31m", "pid": 2**30}, False),
        ({"space": "pid:[1]", "pid": 2**30}, False),
    ],
)
def test_only_a_run_that_is_known_to_have_ended_is_passed_over(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    has_ended: bool,
) -> None:
    real = locks._place
    monkeypatch.setattr(locks, "_place", lambda: real() | {"machine": "this"})
    mark, path = _mark(tmp_path, **changes), tmp_path / "journal"
    if not has_ended:
        with pytest.raises(BusyError, match="if no such run is left, remove") as told:
            locked_file(path, tmp_path / "out.mp4")
        assert mark.name in str(told.value)
        assert str(told.value).isprintable()
        assert mark.exists()
        return
    with locked_file(path, tmp_path / "out.mp4"):
        assert not mark.exists()
        assert len([*tmp_path.glob("run-*")]) == 1
    assert [*tmp_path.glob("run-*")] == []


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "host": 1}', "\udcff"])
def test_a_mark_that_says_nothing_is_named(tmp_path: Path, text: str) -> None:
    mark = tmp_path / "run-1-torn"
    mark.write_bytes(os.fsencode(text))
    with pytest.raises(BusyError, match="run-1-torn"):
        locked_file(tmp_path / "journal", tmp_path / "out.mp4")


# Whose a folder is.


def test_a_folder_of_somebody_else_is_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.mp4"
    folder_beside(target).mkdir()
    real = os.fstat

    class _Mine:
        def __init__(self, descriptor: int) -> None:
            self.st_uid = real(descriptor).st_uid + 1

    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        patch.setattr(os, "fstat", _Mine)
        with pytest.raises(OutputError, match="is not a folder of this user"):
            unfinished.check_own_folder(folder_beside(target), target)


# Programs that find all of it at once.


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a program for which every disk is a poor share."""
    folder = tmp_path_factory.mktemp("share")
    (folder / "share.c").write_text(SHARE)
    library = folder / "share.so"
    words = ["gcc", "-shared", "-fPIC", "-o", str(library), str(folder / "share.c")]
    subprocess.run(words, check=True)
    return {**os.environ, "LD_PRELOAD": str(library)}


def _run(share: dict[str, str], words: Sequence[object]) -> str:
    line = [sys.executable, "-m", "videnhance", *map(str, words), *PLAIN]
    done = subprocess.run(line, env=share, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.gcc
def test_a_program_converts_on_a_poor_share(
    tmp_path: Path, share: dict[str, str]
) -> None:
    clip = Clip(pts=range(0, 60 * 512, 512))
    source = write_clip(tmp_path / "in.mp4", clip)
    said = _run(share, [source, tmp_path / "out.mp4", "--segment", 25])
    assert [said.count(NO_LOCKS), said.count(NO_SYNC)] == [1, 1]
    assert pts_of(tmp_path / "out.mp4") == pts_of(source)
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


@pytest.mark.gcc
def test_a_batch_converts_on_a_poor_share(
    tmp_path: Path, share: dict[str, str]
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_clip(tmp_path / "in" / name, Clip(pts=range(0, 5 * 512, 512)))
    words = ["batch", tmp_path / "in", tmp_path / "out", "--jobs", 1, "--settle", 0]
    said = _run(share, words)
    assert "2 done, 0 skipped, 0 failed" in said
    # Of the folder's own record, and of both files together.
    assert [said.count(NO_LOCKS), said.count(NO_SYNC)] == [2, 2]
    found = {str(p.relative_to(tmp_path / "out")) for p in tmp_path.rglob("out/**/*")}
    assert found == {"a.mp4", "b.mp4", ".videnhance", ".videnhance/outputs"}
    assert "0 done, 2 skipped, 0 failed" in _run(share, words)
