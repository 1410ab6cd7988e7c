"""The program where its streams are closed, full, read by nobody, or a log."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.clips import Clip, pts_of, write_clip
from videnhance.cli import process

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="closed streams and /dev/full are Linux's"
)

PLAIN = ("--strength", "0", "--workers", "1")
FRAMES = 40


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A short clip in a folder of its own."""
    (tmp_path / "in").mkdir()
    return write_clip(tmp_path / "in/a.mp4", Clip(pts=range(0, FRAMES * 512, 512)))


def _run(
    words: Sequence[object],
    streams: str = "",
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Runs the program by a shell, which sets its streams."""
    line = [sys.executable, "-m", "videnhance", *map(str, words)]
    script = f'"$@" {streams}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *line],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


STREAMS = [
    "2>&-",
    "<&- >&- 2>&-",
    "2>/dev/full",
    "--progress json >/dev/full",
    "--progress json >&-",
    "--progress json > >(head -n 1 >/dev/null)",
    "2> >(exec <&-)",
]


@pytest.mark.parametrize("streams", STREAMS)
def test_words_that_nobody_takes_end_no_conversion(clip: Path, streams: str) -> None:
    done = _run([clip, clip.with_name("out.mp4"), *PLAIN], streams)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert pts_of(clip.with_name("out.mp4")) == pts_of(clip)
    assert {path.name for path in clip.parent.iterdir()} == {"a.mp4", "out.mp4"}


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "2>/dev/full"])
def test_words_that_nobody_takes_end_no_batch(clip: Path, streams: str) -> None:
    out = clip.parent.parent / "out"
    words = ["batch", clip.parent, out, "--settle", 0, *PLAIN]
    done = _run(words, streams)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert pts_of(out / "a.mp4") == pts_of(clip)


def test_a_video_gets_no_words_of_libraries(clip: Path) -> None:
    """The lowest free number is the next file's: with stderr closed, the output's."""
    whole, bare = clip.with_name("whole.mp4"), clip.with_name("bare.mp4")
    assert _run([clip, whole, *PLAIN]).returncode == 0
    assert _run([clip, bare, *PLAIN], "<&- >&- 2>&-").returncode == 0
    assert whole.read_bytes() == bare.read_bytes()


@pytest.mark.parametrize(
    ("words", "streams", "code", "told"),
    [
        (["probe", "IN"], ">/dev/full", 1, "standard output cannot be written"),
        (["IN", "-"], ">/dev/full", 1, "standard output cannot be written"),
        (["IN", "-"], ">&-", 2, "the standard output is closed"),
        (["-", "OUT"], "<&-", 2, "the standard input is closed"),
    ],
)
def test_a_stream_that_holds_the_work_is_an_error_of_one_line(
    clip: Path, words: list[str], streams: str, code: int, told: str
) -> None:
    places = {"IN": str(clip), "OUT": str(clip.with_name("out.mp4"))}
    options = () if words[0] == "probe" else PLAIN
    done = _run([*(places.get(word, word) for word in words), *options], streams)
    assert done.returncode == code
    assert done.stderr.splitlines()[-1].startswith("videnhance: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not clip.with_name("out.mp4").exists()


def test_a_reader_that_has_enough_of_a_probe_is_no_error(clip: Path) -> None:
    done = _run(["probe", clip], "| head -n 1")
    assert done.stdout.startswith("size ")
    assert done.stderr == ""


def test_a_signal_in_the_middle_has_no_line_written_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, signals = process._Stream.write, [KeyboardInterrupt]

    def ends(stream: process._Stream, data: bytes, /) -> int:
        written = write(stream, data)
        if signals:
            raise signals.pop()
        return written

    monkeypatch.setattr(process._Stream, "write", ends)
    reading, writing = os.pipe()
    with process._text(writing, None) as text:
        with pytest.raises(KeyboardInterrupt):
            text.write("one\n")
        text.write("two\n")
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read() == "one\ntwo\n"


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path, clip: Path) -> None:
    line = f'{sys.executable} -m videnhance "$1" "$2"'
    script = f'cd "$0" && rmdir "$0" && {line}'
    (tmp_path / "gone").mkdir()
    root = Path(__file__).parent.parent
    done = subprocess.run(
        ["bash", "-c", script, tmp_path / "gone", clip, tmp_path / "out.mp4"],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the current folder cannot be entered" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["POSIX", "ascii"])
def test_names_need_no_language(clip: Path, form: str) -> None:
    source, target = clip.with_name("映画.mp4"), clip.with_name(f"{'ö' * 90}.mp4")
    clip.rename(source)
    env = {"PATH": os.environ["PATH"], "LC_ALL": "POSIX"}
    if form == "ascii":
        env |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = _run([source, target, *PLAIN], env=env)
    assert done.returncode == 0, done.stderr
    assert pts_of(target) == pts_of(source)
    assert {path.name for path in clip.parent.iterdir()} == {source.name, target.name}


# What programs and logs are told.


def _events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_last_event_of_a_failure_is_the_error(clip: Path) -> None:
    target = clip.parent / "nowhere/out.mp4"
    done = _run([clip, target, *PLAIN, "--progress", "json"])
    (last,) = _events(done.stdout)
    assert (last["event"], last["status"]) == ("finished", "failed")
    assert last["exit_code"] == done.returncode == 1
    assert done.stderr == f"videnhance: {last['reason']}\n"


def test_the_last_event_of_a_folder_counts(clip: Path) -> None:
    (clip.parent / "bad.mp4").write_bytes(b"no video")
    words = ["batch", clip.parent, clip.parent.parent / "out", "--settle", 0, *PLAIN]
    done = _run([*words, "--progress", "json"])
    *events, last = _events(done.stdout)
    moves = [e for e in events if e["event"] == "advanced" and e["total"]]
    assert {e["source"] for e in moves} == {"a.mp4"}
    assert {e["total"] for e in moves} == {FRAMES}
    assert last["event"] == "ended"
    assert last["exit_code"] == done.returncode == 3
    counts = {"done": 1, "skipped": 0, "failed": 1, "not reached": 0}
    assert last["counts"] == counts


def test_the_last_event_of_a_folder_that_cannot_be_begun_is_the_error(
    clip: Path,
) -> None:
    (clip.parent / "a.mp4").rename(clip.parent / "a.txt")
    words = ["batch", clip.parent, clip.parent.parent / "out", *PLAIN]
    done = _run([*words, "--progress", "json"])
    last = _events(done.stdout)[-1]
    assert (last["event"], last["exit_code"]) == ("ended", 1)
    assert "holds nothing to convert" in str(last["reason"])


def test_a_terminal_has_a_bar(clip: Path) -> None:
    line = f"{sys.executable} -m videnhance {clip} {clip.with_name('o.mp4')}"
    done = subprocess.run(
        [
            "script",
            "-qec",
            f"stty rows 24 cols 80; {line} {' '.join(PLAIN)}",
            "/dev/null",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{FRAMES}/{FRAMES}" in done.stdout
    assert "begins with" not in done.stdout
