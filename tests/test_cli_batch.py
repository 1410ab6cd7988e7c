"""`batch` as a user types it: exit codes, the table, reports, signals, watching."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.clips import Clip, Sound, pts_of, write_clip
from tests.models import write_model
from tests.trees import filled
from videnhance.cli import app
from videnhance.cli.process import held, signals

FEW = Clip(pts=range(0, 5 * 512, 512))
LONG = Clip(width=320, height=240, pts=range(0, 300 * 512, 512))
PATIENCE = 240.0
PLAIN = ("--strength", 0, "--settle", 0, "--jobs", 1, "--no-nice")
CODED = (*PLAIN, "--segment", 25, "-c", "mpeg4")
"""By an encoder that makes the same of the same frames however busy the machine is."""
Word = str | Path | int | float


def _run(*words: Word) -> Result:
    return CliRunner().invoke(app, ["batch", *map(str, words)])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two good clips and a bad one; outputs go beside it."""
    (tmp_path / "in/b").mkdir(parents=True)
    write_clip(tmp_path / "in/a.mp4", FEW)
    write_clip(tmp_path / "in/b/c d.mkv", FEW)
    filled(tmp_path / "in", "bad.mp4")
    return tmp_path


def test_a_folder_is_converted_and_a_second_run_does_nothing(
    tree: Path, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "model")
    words = (tree / "in", tree / "out", "-m", model, "--trust-model", "--settle", 0)
    first = _run(*words, "--jobs", 2, "--report", tree / "r.json", "--compare")
    assert first.exit_code == 3
    assert "of 3: failed bad.mp4 (" in first.stderr
    assert first.stderr.count("is not a video of a known kind") == 1
    assert "videnhance: failed: bad.mp4\n" in first.stderr
    assert "2 done, 0 skipped, 1 failed in" in first.stderr
    for name in ("a.mp4", "b/c d.mkv"):
        assert pts_of(tree / "out" / name) == pts_of(tree / "in" / name)
    report = json.loads((tree / "r.json").read_text())
    assert report["counts"]["done"] == 2
    assert report["counts"]["failed"] == 1
    made = [one["report"] for one in report["files"] if one["report"]]
    assert [one["comparison"]["size"] for one in made] == ["64x48"] * 2
    # What is there need not be made again to be measured, or not.
    second = _run(*words, "--exclude", "bad*", "--report", tree / "r.csv")
    assert second.exit_code == 0
    assert "0 done, 2 skipped, 0 failed" in second.stderr
    assert (tree / "r.csv").read_text().count("skipped") == 2


def test_all_that_fails_exits_with_1(tree: Path) -> None:
    done = _run(tree / "in", tree / "out", "--include", "bad*", *PLAIN)
    assert done.exit_code == 1
    assert "0 done, 0 skipped, 1 failed" in done.stderr


def test_nothing_to_convert_exits_with_1(tmp_path: Path) -> None:
    filled(tmp_path / "in", "note.txt")
    done = _run(tmp_path / "in", tmp_path / "out", *PLAIN)
    assert done.exit_code == 1
    assert "in holds nothing to convert" in done.stderr


def test_damage_exits_with_4_where_it_counts(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    clip = write_clip(tmp_path / "in/a.mkv", Clip(pts=range(0, 50 * 512, 512)))
    data = bytearray(clip.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    clip.write_bytes(data)
    assert _run(tmp_path / "in", tmp_path / "out", *PLAIN, "--strict").exit_code == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--name", "x"), "--name x is not possible"),
        (("--to", "wmv"), "--to .wmv cannot be written"),
        (("--skip", "0"), "--skip 0 is not possible"),
        (("--model", "nosuch"), "model 'nosuch' is unknown"),
        (("--size", "1x", "--scale", "2"), "--size and --scale say two things"),
        (("--report", "no/such/folder/x.json"), "cannot be written"),
        (("--cows",), "No such option"),
    ],
)
def test_what_is_wrong_for_all_is_said_once(
    tree: Path, words: tuple[str, ...], said: str
) -> None:
    done = _run(tree / "in", tree / "out", *words)
    assert done.exit_code in (1, 2)
    assert done.stderr.count(said) == 1
    assert not [*tree.glob("out/*.mp4")]


def test_a_missing_folder_is_a_wrong_use(tmp_path: Path) -> None:
    done = _run(tmp_path / "gone", tmp_path / "out")
    assert done.exit_code == 2
    assert "does not exist" in done.stderr


def test_a_rehearsal_says_what_would_be_done(tree: Path) -> None:
    done = _run(tree / "in", tree / "out", *PLAIN, "--dry-run", "--to", "mkv")
    assert done.exit_code == 0
    *lines, bad, total = done.stdout.splitlines()
    assert lines == [
        "a.mp4 -> a.mkv: to be made: there is none yet",
        "b/c d.mkv -> b/c d.mkv: to be made: there is none yet",
        "bad.mp4 -> bad.mkv: to be made: there is none yet",
    ]
    assert bad.startswith("bad.mp4 would fail: ")
    assert re.fullmatch(r"3 videos: about \S+ \w+, [\d.]+ k?B", total)
    assert not (tree / "out").exists()


def test_progress_can_be_read_by_programs(tree: Path) -> None:
    done = _run(tree / "in", tree / "out", *PLAIN, "--progress", "json", "-q")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0] == {"event": "looked", "inputs": 3, "others": 0, "links": 0}
    ends = {e["source"]: e["status"] for e in events if e["event"] == "finished"}
    assert ends == {"a.mp4": "done", "b/c d.mkv": "done", "bad.mp4": "failed"}
    assert {e["event"] for e in events} >= {"advanced", "ticked"}
    assert done.stderr == ""


def test_what_moves_does_not_become_a_single_picture(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pictures = [Image.new("RGB", (16, 12), (90 * n, 0, 0)) for n in range(3)]
    first, *rest = pictures
    first.save(tmp_path / "in/moves.gif", save_all=True, append_images=rest)
    first.save(tmp_path / "in/moves.webp", save_all=True, append_images=rest)
    first.save(tmp_path / "in/still.gif")
    done = _run(tmp_path / "in", tmp_path / "png", *PLAIN, "--pictures-to", "png")
    assert done.exit_code == 0, done.stderr
    made = {path.name for path in (tmp_path / "png").glob("[!.]*")}
    assert made == {"moves.apng", "moves-2.apng", "still.png"}
    for name in ("moves.apng", "moves-2.apng"):
        with Image.open(tmp_path / "png" / name) as picture:
            frames = getattr(picture, "n_frames")  # noqa: B009  # the stubs lack it
            assert (frames, picture.size) == (3, (32, 24))
    assert "moves.gif holds more than one picture, which .png does not" in done.stderr
    done = _run(tmp_path / "in", tmp_path / "jpg", *PLAIN, "--pictures-to", "jpg")
    assert done.exit_code == 0, done.stderr
    made = {path.name for path in (tmp_path / "jpg").glob("[!.]*")}
    assert made == {"moves.gif", "moves.webp", "still.jpg"}


def test_a_notice_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        clip = Clip(pts=FEW.pts, sounds=(Sound(),))
        write_clip(tmp_path / f"in/{name}.mp4", clip)
    done = _run(tmp_path / "in", tmp_path / "out", *PLAIN, "--to", "webm")
    assert done.exit_code == 0, done.stderr
    (first,) = [line for line in done.stderr.splitlines() if ".mp4: stream" in line]
    words = first.partition(".mp4: ")[2]
    assert f"videnhance: 2 files: {words}" in done.stderr


def test_pictures_have_options_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_clip(tmp_path / "in/a.mp4", FEW)
    shutil.copy("samples/before_after.png", tmp_path / "in/p.png")
    extra = ("--crf", 30, "-e", "tune=film", "--picture-quality", 40)
    done = _run(
        tmp_path / "in", tmp_path / "out", *PLAIN, *extra, "--pictures-to", "jpg"
    )
    assert done.exit_code == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {
        "a.mp4",
        "p.jpg",
    }


@contextmanager
def _program(*words: Word) -> Iterator["subprocess.Popen[str]"]:
    """The program in a process group of its own, ended at last whatever it does."""
    command = [sys.executable, "-m", "videnhance", "batch", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def _until(wanted: object, given: "Iterator[object]") -> None:
    last = time.monotonic() + PATIENCE
    for found in given:
        if found == wanted:
            return
        assert time.monotonic() < last
        time.sleep(0.05)


def _segments(folder: Path) -> Iterator[bool]:
    while True:
        # The journal may not know of the first one yet.
        yield len([*folder.glob(".*.videnhance/*.packets")]) >= 2


@pytest.fixture
def long(tmp_path: Path) -> tuple[Path, bytes]:
    """A clip that takes seconds, and what an uninterrupted run makes of it."""
    (tmp_path / "in").mkdir()
    write_clip(tmp_path / "in/long.mp4", LONG)
    whole = _run(tmp_path / "in", tmp_path / "whole", *CODED)
    assert whole.exit_code == 0, whole.stderr
    return tmp_path, (tmp_path / "whole/long.mp4").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_is_interrupted_goes_on_and_ends_the_same(
    long: tuple[Path, bytes], number: signal.Signals
) -> None:
    folder, wanted = long
    words = (folder / "in", folder / "out", *CODED)
    with _program(*words) as program:
        _until(True, _segments(folder / "out"))
        program.send_signal(number)
        said = program.communicate(timeout=PATIENCE)[0]
    if number == signal.SIGINT:
        assert program.returncode == 130
        assert "the same command goes on" in said
        assert "not reached: long.mp4" in said
        assert "0 done, 0 skipped, 0 failed, 1 not reached" in said
    assert not (folder / "out/long.mp4").exists()
    done = _run(*words, "--report", folder / "r.json")
    assert done.exit_code == 0, done.stderr
    assert (folder / "out/long.mp4").read_bytes() == wanted
    assert [p.name for p in (folder / "out").iterdir() if p.name[0] == "."] == [
        ".videnhance"
    ]
    (file,) = json.loads((folder / "r.json").read_text())["files"]
    assert file["report"]["frames_kept"] >= 25
    assert file["report"]["frames_out"] < file["frames"] == 300


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_watched_folder_takes_a_growing_file_once_when_it_is_whole(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    data = write_clip(tmp_path / "a.mp4", FEW).read_bytes()
    words = (tmp_path / "in", tmp_path / "out", *PLAIN, "--settle", 4, "--watch")
    with _program(*words, "--progress", "json") as program:
        assert program.stdout is not None
        lines = iter(program.stdout.readline, "")
        assert any("watches" in line for line in lines)
        with (tmp_path / "in/a.mp4").open("wb", buffering=0) as file:
            for start in range(0, len(data), len(data) // 5):
                file.write(data[start : start + len(data) // 5])
                time.sleep(0.2)
        # The file has its name shortly before its end is told.
        told = next(line for line in lines if '"finished"' in line)
        assert (tmp_path / "out/a.mp4").exists()
        program.send_signal(signal.SIGTERM)
        rest = [told, *lines]
        program.wait(PATIENCE)
    assert program.returncode == 143
    ends = [line for line in rest if '"finished"' in line]
    assert [json.loads(line)["status"] for line in ends] == ["done"]
    assert pts_of(tmp_path / "out/a.mp4") == pts_of(tmp_path / "a.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_signal_in_the_midst_of_a_line_is_heard_behind_it() -> None:
    said: list[str] = []

    def tell() -> None:
        with held():
            os.kill(os.getpid(), signal.SIGTERM)
            said.append("whole")
        said.append("never")

    with pytest.raises(SystemExit, match="143"), signals():
        tell()
    assert said == ["whole"]


def test_nobody_follows_a_link_out_of_the_folder(tree: Path) -> None:
    (tree / "far").mkdir()
    (tree / "out").mkdir()
    os.symlink(tree / "far", tree / "out/b")
    done = _run(tree / "in", tree / "out", "--exclude", "bad*", *PLAIN)
    assert done.exit_code == 3
    assert "b is a link" in done.stderr
    assert [*(tree / "far").iterdir()] == []
