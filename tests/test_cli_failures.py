"""What a conversion that fails after its work says: whether to try it again."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import pytest
from click.testing import CliRunner, Result

from tests.clips import Clip, pts_of, write_clip
from videnhance.cli import app
from videnhance.conversion.workdir import (
    folder_beside,
    kept_words,
    locked_journal,
)
from videnhance.errors import OutputError

PLAIN = ("--strength", "0", "--workers", "1", "--segment", "25")
FRAMES = 30
AGAIN = ": the same command goes on after them, --discard starts over"
STAYS = (
    " in .out.mp4.videnhance, but the same command would end so again: do what is said "
    "here"
)

Act = Callable[..., object]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of a segment and a bit."""
    return write_clip(tmp_path / "in.mp4", Clip(pts=range(0, FRAMES * 512, 512)))


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in (*words, *PLAIN)])


def _fails(error: BaseException) -> Act:
    def act(*_: object, **__: object) -> None:
        raise error

    return act


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _refused(number: int) -> av.FFmpegError:
    kind = av.error.ArgumentError if number == errno.EINVAL else av.FFmpegError
    return kind(number, os.strerror(number))


MUXER = "videnhance.media.output.muxer"
OUTPUT_FILE = "videnhance.media.output.output_file"
SEGMENTS = "videnhance.conversion.segments"
VERIFY = "videnhance.media.output.verify"


def _differs(*_: object) -> Iterator[str]:
    yield "29 frames, not 30"


LASTING: list[tuple[str, Act, str]] = [
    (f"{VERIFY}._differences", _differs, "29 frames, not 30; name an output .mkv"),
    (f"{VERIFY}.read_back", _fails(_refused(errno.EINVAL)), "choose another codec"),
    (f"{VERIFY}.read_back", _fails(ValueError("no index")), "choose another codec"),
    (f"{MUXER}.padded", _fails(_refused(errno.EINVAL)), "name an output .mkv"),
    (
        f"{MUXER}.check_length",
        _fails(OutputError("out.ts holds 26 hours", cause_stays=True)),
        "holds 26 hours",
    ),
    (f"{OUTPUT_FILE}.publish", _fails(OutputError("came", cause_stays=True)), "came"),
]
PASSING: list[tuple[str, Act, str]] = [
    (f"{VERIFY}.read_back", _fails(_os_error(errno.EIO)), "cannot be read back"),
    (f"{MUXER}.padded", _fails(_os_error(errno.ENOSPC)), "no space left"),
    (f"{MUXER}.padded", _fails(_os_error(errno.ESTALE)), "cannot be written"),
    (f"{OUTPUT_FILE}.publish", _fails(_os_error(errno.ENOTCONN)), "cannot be written"),
    (
        "videnhance.conversion.segments.read_packets",
        _fails(_os_error(errno.EIO)),
        "written",
    ),
]


@pytest.mark.parametrize(
    ("place", "act", "told", "words"),
    [(*row, STAYS) for row in LASTING] + [(*row, AGAIN) for row in PASSING],
)
def test_what_cannot_end_well_is_not_to_be_repeated(
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    act: Act,
    told: str,
    words: str,
) -> None:
    target = clip.with_name("out.mp4")
    with monkeypatch.context() as patch:
        patch.setattr(place, act)
        result = _run(clip, target)
    (line,) = result.stderr.splitlines()[1:]
    assert result.exit_code == 1
    assert told in line
    assert line.endswith(f"; {FRAMES} frames are kept{words}")
    assert "report this" not in line
    assert not target.exists()
    assert _run(clip, target).exit_code == 0
    assert pts_of(target) == pts_of(clip)


def _kept(clip: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target of which all frames are kept."""
    target = clip.with_name("out.mp4")
    with monkeypatch.context() as patch:
        patch.setattr(f"{MUXER}.padded", _fails(_os_error(errno.ENOSPC)))
        assert _run(clip, target).exit_code == 1
    return target


def _damage_segment(target: Path) -> None:
    path = folder_beside(target) / "000000.packets"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def _come(target: Path) -> None:
    target.write_bytes(b"mine")


@pytest.mark.parametrize(
    ("meanwhile", "told", "remedy"),
    [(_damage_segment, "--discard", ("--discard",)), (_come, "-y", ("-y",))],
)
def test_the_remedy_that_is_told_helps(
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Path], None],
    told: str,
    remedy: Sequence[str],
) -> None:
    target = _kept(clip, monkeypatch)
    meanwhile(target)
    result = _run(clip, target)
    assert result.exit_code == 1
    assert told in result.stderr
    assert STAYS in result.stderr
    assert AGAIN not in result.stderr
    assert _run(clip, target, *remedy).exit_code == 0
    assert pts_of(target) == pts_of(clip)
    assert not folder_beside(target).exists()


def test_one_frame_is_one(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = _kept(clip, monkeypatch)
    monkeypatch.setattr("videnhance.conversion.workdir.kept_frames", lambda _: 1)
    assert kept_words(target).startswith("1 frame is kept: ")


def test_what_another_run_keeps_is_not_this_ones(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _kept(clip, monkeypatch)
    with locked_journal(folder_beside(target), target):
        result = _run(clip, target)
    assert result.exit_code == 1
    assert result.stderr.endswith("wait for it, or name another output\n")


def test_numbered_pictures_on_a_full_disk_are_one_line(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    with monkeypatch.context() as patch:
        segment = "videnhance.conversion.journal.Journal.close_segment"
        patch.setattr(segment, _fails(_os_error(errno.ENOSPC)))
        result = _run(clip, tmp_path / "out/%03d.png")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "no space left" in result.stderr


def test_no_frame_leaves_no_folder(tmp_path: Path, clip: Path) -> None:
    result = _run(clip, tmp_path / "out.mp4", "--start", 99)
    assert result.exit_code != 0
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


@pytest.mark.opencv
def test_a_time_that_is_not_held_is_said_and_fails_only_if_it_is_asked_for(
    tmp_path: Path,
) -> None:
    clip, target = write_clip(tmp_path / "in.mp4", Clip()), tmp_path / "out.mp4"

    def run(*words: str) -> Result:
        files = str(clip), str(target)
        return CliRunner().invoke(app, [*files, *words, "--workers", "0"])

    late = "--deadline", "0.001s"
    done = run(*late)
    assert done.exit_code == 0, done.output
    assert "is more than this machine can do" in done.output
    assert "--deadline 0.001s, so" in done.output
    assert "not held" in done.output
    assert run(*late, "-y", "--strict").exit_code == 4
    done = run("-y", "--target-fps", "0.01", "--strict")
    assert done.exit_code == 0, done.output
    assert "0.01 frames a second: held" in done.output
