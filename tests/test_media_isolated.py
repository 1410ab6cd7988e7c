"""Decoding in a child: the same frames, and no way for a file to reach the parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import Clip, write_clip
from tests.test_media_serialize import INFO
from videnhance.errors import DecoderCrashError, InputError, UsageError
from videnhance.frame import (
    ColourTags,
    Family,
    Frame,
    Layout,
    Projection,
    Sphere,
    UserData,
)
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.sandbox import ipc, shared_memory
from videnhance.media.sandbox.isolated import (
    IsolatedReader,
    probed_safely,
)
from videnhance.media.sandbox.messages import (
    Failed,
    Found,
    Moment,
    Next,
    Opened,
    Ready,
    encoded,
)
from videnhance.media.source import Reading, ResumePoint, Span
from videnhance.system.limits import Limits

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

LONG = Clip(width=70, height=50, pts=range(0, 40 * 512, 512))
QUICK = Limits(stall_seconds=3.0)
FAKED = Limits(open_seconds=120.0, stall_seconds=120.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Forty frames: more than there are slots."""
    return write_clip(tmp_path / "in.mp4", LONG)


def _told(frame: Frame) -> tuple[Any, ...]:
    return (
        *(frame.index, frame.pts, frame.time_base, frame.duration),
        *(frame.layout, frame.tags),
    )


def _assert_same(ours: list[Frame], theirs: list[Frame]) -> None:
    assert [_told(f) for f in ours] == [_told(f) for f in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for mine, its in zip(one.planes, other.planes, strict=True):
            assert mine.dtype == its.dtype
            np.testing.assert_array_equal(mine, its)


CLIPS = {
    "b-frames.mp4": LONG,
    "odd.mkv": Clip(width=67, height=35, codec="ffv1", options={}),
    "deep.mkv": Clip(width=34, height=18, pix_fmt="yuv422p10le", codec="ffv1"),
    "rgb.mkv": Clip(width=34, height=18, pix_fmt="gbrp10le", codec="ffv1", options={}),
    "gray.mkv": Clip(width=33, height=17, pix_fmt="gray16le", codec="ffv1", options={}),
    "alpha.mkv": Clip(width=34, height=18, pix_fmt="yuva420p", codec="ffv1"),
    "tagged.mp4": Clip(colour=(2, 9, 9, 16), aspect=Fraction(4, 3), turn=90),
}


@pytest.mark.parametrize("name", CLIPS)
def test_frames_are_those_of_a_reader_here(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, CLIPS[name])
    with VideoReader(path) as there, IsolatedReader(path) as here:
        assert here.info == there.info
        _assert_same(list(here), list(there))
        assert here.notices == there.notices


def test_planes_come_through_the_pipe_where_no_memory_is_shared(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_memory, "sealable_memory", lambda: -1)
    with VideoReader(clip) as there, IsolatedReader(clip) as here:
        _assert_same(list(here), list(there))


def test_a_span_and_a_place_to_go_on_from_are_kept(clip: Path) -> None:
    span = Span(0.2, None, 30)
    with VideoReader(clip, span) as reader:
        frames = list(reader)
    tail = tuple((f.pts, frame_checksum(f)) for f in frames[7:12])
    with IsolatedReader(clip, span) as reader:
        reader.resume_after(ResumePoint(12, tail))
        _assert_same(list(reader), frames[12:])
    with (
        IsolatedReader(clip, span) as reader,
        pytest.raises(InputError, match="not the video"),
    ):
        reader.resume_after(ResumePoint(12, tuple((pts, crc ^ 1) for pts, crc in tail)))


def test_damage_is_counted_and_told(clip: Path) -> None:
    path = write_clip(
        clip.with_name("cut.mp4"), replace(LONG, container={"movflags": "faststart"})
    )
    os.truncate(path, path.stat().st_size * 2 // 3)
    with VideoReader(path) as there, IsolatedReader(path) as here:
        _assert_same(list(here), list(there))
        assert here.notices == there.notices
        assert here.damaged_packets == there.damaged_packets > 0


def test_the_errors_of_a_reader_come_through(clip: Path) -> None:
    with pytest.raises(UsageError, match=r"ends before 9.0 s"):
        IsolatedReader(clip, Span(9.0))
    with pytest.raises(InputError, match="--limit-pixels"):
        IsolatedReader(clip, reading=Reading(limit_pixels=3499))
    with pytest.raises(InputError, match="does not exist"):
        IsolatedReader(clip.with_name("none.mp4"))
    clip.write_bytes(b"no video at all" * 9)
    with pytest.raises(InputError, match="not a video"):
        probed_safely(clip)


@pytest.mark.parametrize(
    "name", ["\x1b[31m\n.mp4", "-x.mp4", "a:b|c%d.mp4", "ü 映.mp4"]
)
def test_a_probe_in_a_child_says_the_same_of_hard_names(
    tmp_path: Path, name: str
) -> None:
    path = write_clip(tmp_path / "in.mp4").rename(tmp_path / name)
    with VideoReader(path) as reader:
        assert probed_safely(path) == reader.info


# What a file can do to its decoder.


@posix
def test_a_decoder_that_dies_is_an_error_after_the_whole_frames(clip: Path) -> None:
    with IsolatedReader(clip) as reader:
        frames = iter(reader)
        kept = [next(frames), next(frames)]
        os.kill(reader._child.pid, signal.SIGSEGV)
        with pytest.raises(DecoderCrashError, match="SIGSEGV after") as raised:
            kept.extend(frames)
    assert raised.value.after_frames == len(kept) >= 2
    assert [frame.index for frame in kept] == list(range(len(kept)))


@posix
def test_a_decoder_that_hangs_is_stopped(clip: Path) -> None:
    with IsolatedReader(clip, limits=QUICK) as reader:
        frames = iter(reader)
        next(frames)
        os.kill(reader._child.pid, signal.SIGSTOP)
        with pytest.raises(DecoderCrashError, match=r"did nothing for 3 s"):
            list(frames)


@posix
def test_the_time_that_this_process_is_busy_is_no_hang(clip: Path) -> None:
    with IsolatedReader(clip, limits=QUICK) as reader:
        frames = iter(reader)
        next(frames)
        time.sleep(3.3)
        assert len(list(frames)) == 39


@linux
def test_a_decoder_cannot_take_all_memory(clip: Path) -> None:
    # Who runs out first decides on the words: Python, FFmpeg or a thread's stack.
    with pytest.raises(InputError) as raised:
        IsolatedReader(clip, limits=Limits(memory_bytes=64 << 20))
    assert "in.mp4" in str(raised.value)


@linux
def test_a_child_is_limited_and_ignores_the_terminal(clip: Path) -> None:
    with IsolatedReader(clip) as reader:
        frames = iter(reader)
        next(frames)
        child = Path(f"/proc/{reader._child.pid}")
        rows = (child / "limits").read_text().splitlines()
        limits = {row[:26].strip(): row[26:].split()[:2] for row in rows}
        assert limits["Max core file size"] == ["0", "0"]
        assert limits["Max file size"] == ["0", "0"]
        assert limits["Max open files"] == ["32", "32"]
        assert int(limits["Max address space"][0]) < 3 << 30
        words = (child / "environ").read_bytes().split(b"\0")
        assert not any(word.startswith((b"HOME=", b"PYTHON")) for word in words)
        os.kill(reader._child.pid, signal.SIGINT)
        assert len(list(frames)) == 39


@linux
def test_nothing_is_left_of_a_child(clip: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for taken in (0, 1, 99):
        with IsolatedReader(clip) as reader:
            child = reader._child.pid
            if taken:
                list(zip(range(taken), reader, strict=False))
        assert not Path(f"/proc/{child}").exists()
    for _ in range(3):
        with pytest.raises(UsageError):
            IsolatedReader(clip, Span(9.0))
    assert len(os.listdir("/proc/self/fd")) == before


@linux
def test_a_child_ends_with_its_parent(clip: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from videnhance.media.sandbox.isolated import IsolatedReader\n"
        "reader = IsolatedReader(Path(sys.argv[1])); next(iter(reader))\n"
        "os.kill(reader._child.pid, 19)\n"  # as if it never returned
        "print(reader._child.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    words = [sys.executable, "-c", code, str(clip)]
    child = int(subprocess.run(words, capture_output=True, check=False).stdout)
    os.kill(child, signal.SIGCONT)
    for _ in range(5000):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child lives on")


def test_a_child_loads_nothing_heavy() -> None:
    command = ipc.child_command()
    code = command[4].replace("main()", "print(*sys.modules)")
    loaded = subprocess.run(
        [*command[:4], code, command[5]], check=True, capture_output=True
    ).stdout.decode()
    assert "videnhance.media.sandbox.child" in loaded.split()
    assert set(loaded.split()) & {"click", "cv2", "torch", "PIL"} == set()


# What a child that was taken over can reach.

ESCAPE = (
    "import os, socket, sys; from pathlib import Path\n"
    "from videnhance.media.sandbox.confine import only_reading\n"
    "own, other = Path(sys.argv[1]), sys.argv[2]\n"
    "if not only_reading(own, [Path(os.__file__).parent]): sys.exit(77)\n"
    "assert own.read_bytes() == b'own' and os.listdir(os.path.dirname(os.__file__))\n"
    "def barred(what, *words):\n"
    "    try: what(*words)\n"
    "    except PermissionError: return\n"
    "    sys.exit(f'{what} {words} is open')\n"
    "barred(open, other)\n"
    "barred(open, sys.argv[1], 'r+')\n"
    "barred(open, other + '.new', 'w')\n"
    "barred(os.listdir, os.path.dirname(other))\n"
    "barred(os.execv, '/bin/true', ['true'])\n"
    "with socket.socket() as s: barred(s.connect, ('127.0.0.1', 9))\n"
)


@linux
def test_landlock_leaves_a_child_its_file_alone(tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"own")
    (tmp_path / "other").write_bytes(b"other")
    names = [str(tmp_path / "own"), str(tmp_path / "other")]
    words = [sys.executable, "-c", ESCAPE, *names]
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock")
    assert (done.returncode, done.stderr.decode()) == (0, "")


# What a child that was taken over can say.

GRAY = Layout("gray", Family.GRAY, 8)
FAR = Sphere(Projection.TILE, (0, 0, 1 << 31))
TOO_MUCH = UserData(300, b"")
HONEST = replace(INFO, layout=GRAY, source_format="gray")
NOTHING = Found((), 0, 0)
FIRST = Moment(0, 5, 1, ColourTags())


Fake = Callable[..., None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Makes children say this: the first answer, and all the rest when told to go."""
    monkeypatch.setattr(ipc, "_LAST_WORDS_SECONDS", 0.2)

    def say(*answers: object, then: str = "pass") -> None:
        lines = [a if isinstance(a, bytes) else encoded(a) for a in answers]
        turns = [lines[0], b"".join(lines[1:])] if lines else []
        code = (
            "import os, signal, time\n"
            f"for line in {turns!r}:\n"
            "    os.read(0, 1 << 16)\n"
            "    os.write(1, line)\n"
            f"{then}\n"
        )
        command = [sys.executable, "-I", "-S", "-c", code]
        monkeypatch.setattr(ipc, "child_command", lambda: command)

    return say


OPENED = Opened(HONEST, NOTHING)


def _fails(path: Path, match: str) -> DecoderCrashError:
    with (
        pytest.raises(DecoderCrashError, match=match) as raised,
        IsolatedReader(path, limits=FAKED) as reader,
    ):
        list(reader)
    assert str(raised.value).isprintable()
    return raised.value


def test_an_honest_fake_is_believed(clip: Path, fake: Fake) -> None:
    fake(OPENED, Ready(NOTHING), Next(None, Found(("\x1b[2J",), 3, 4)))
    with IsolatedReader(clip) as reader:
        assert reader.info == HONEST
        assert list(reader) == []
        assert reader.notices == [r"\x1b[2J"]
        assert (reader.damaged_packets, reader.damaged_frames) == (3, 4)


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"\x80\x04cos\nsystem\n", "nonsense"),
        (b"[" * 9000 + b"\n", "nonsense"),
        (b"17\n", "nonsense"),
        (b'["Opened", {}]\n', "nonsense"),
        (b'["OpenFile", {}]\n', "nonsense"),
        (Next(None, NOTHING), "nonsense"),
        (Opened(replace(HONEST, layout=replace(GRAY, name="\x1b")), NOTHING), "cannot"),
        (Opened(replace(HONEST, layout=replace(GRAY, depth=16)), NOTHING), "cannot"),
        (Opened(replace(HONEST, time_base=Fraction(0)), NOTHING), "cannot be"),
        (Opened(replace(HONEST, rate=Fraction(-1)), NOTHING), "cannot be"),
        (Opened(replace(HONEST, rate=Fraction(1 << 40)), NOTHING), "cannot be"),
        (Opened(replace(HONEST, frames=-1), NOTHING), "cannot be"),
        (Opened(replace(HONEST, tags=ColourTags(1 << 20)), NOTHING), "cannot be"),
        (Opened(replace(HONEST, sphere=FAR), NOTHING), "cannot be"),
        (Opened(replace(HONEST, user_data=(TOO_MUCH,)), NOTHING), "cannot be"),
        (Failed("SystemExit", "\x1b[2J"), "cannot be decoded"),
    ],
    ids=str,
)
def test_a_lie_at_the_start_is_an_error(
    clip: Path, fake: Fake, answer: object, match: str
) -> None:
    fake(answer)
    _fails(clip, match)


@pytest.mark.parametrize(
    "moment",
    [
        replace(FIRST, index=1),
        replace(FIRST, index=-1),
        replace(FIRST, pts=1 << 63),
        replace(FIRST, duration=-1),
        replace(FIRST, tags=ColourTags(matrix=-1)),
    ],
    ids=str,
)
def test_a_frame_that_cannot_be_is_an_error(
    clip: Path, fake: Fake, moment: Moment
) -> None:
    fake(OPENED, Ready(NOTHING), Next(moment, NOTHING))
    assert _fails(clip, "cannot follow").after_frames == 0


def test_times_that_do_not_grow_are_an_error(clip: Path, fake: Fake) -> None:
    again = replace(FIRST, index=1)
    fake(OPENED, Ready(NOTHING), Next(FIRST, NOTHING), Next(again, NOTHING))
    assert _fails(clip, "cannot follow").after_frames == 1


@posix
@pytest.mark.parametrize(
    ("then", "match"),
    [
        ("os.abort()", "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL, perhaps for want of memory"),
        ("os._exit(3)", "code 3"),
        ("os.close(1); time.sleep(999)", "closed its pipe"),
        ("os.write(1, b'x' * (9 << 20))", "without an end"),
    ],
)
def test_a_child_that_ends_or_babbles_is_an_error(
    clip: Path, fake: Fake, then: str, match: str
) -> None:
    fake(then=then)
    _fails(clip, match)


def test_a_child_that_says_nothing_is_an_error(clip: Path, fake: Fake) -> None:
    fake(then="time.sleep(999)")
    with pytest.raises(DecoderCrashError, match="did nothing for 1 s"):
        IsolatedReader(clip, limits=Limits(open_seconds=1.0))


def test_a_picture_of_no_size_or_too_large_is_refused(clip: Path, fake: Fake) -> None:
    plain = json.loads(encoded(OPENED))
    plain[1]["info"]["size"]["width"] = 0
    fake(json.dumps(plain).encode() + b"\n")
    _fails(clip, "nonsense")
    plain[1]["info"]["size"]["width"] = 1 << 40
    fake(json.dumps(plain).encode() + b"\n")
    with pytest.raises(InputError, match="--limit-pixels"):
        IsolatedReader(clip)
