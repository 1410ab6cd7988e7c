"""What is read back of a finished file, and each way that it can differ."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Clip, Sound, write_clip
from videnhance.errors import OutputError
from videnhance.frame import ColourTags, Light
from videnhance.frame.geometry import Size
from videnhance.media.containers import CONTAINERS, container_named
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output import muxer, verify
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.output.readback import ReadBack, Times, read_back
from videnhance.media.output.verify import Expected, check_file
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source
from videnhance.media.streams.tracks import WrittenStream

RICH = Clip(
    colour=(2, 1, 1, 1),
    aspect=Fraction(4, 3),
    turn=90,
    sounds=(Sound(language="deu"),),
)


def written(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> Expected:
    """Writes the source again; gives what the check was told to expect."""
    told: list[Expected] = []

    def noted(
        path: Path, name: Path, expected: Expected, full: bool
    ) -> tuple[str, ...]:
        told.append(expected)
        return check_file(path, name, expected, full)

    monkeypatch.setattr(muxer, "check_file", noted)
    encoding = Encoding(container_named(CONTAINERS[target.suffix]).default_codec)
    with VideoReader(source) as reader:
        info = reader.info
        with VideoWriter(target, info, info.size, encoding, Source(source)) as writer:
            for frame in reader:
                writer.write(frame)
    return told[0]


@pytest.fixture
def rich(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Expected]:
    """A finished file and what it must hold."""
    source = write_clip(tmp_path / "in.mp4", RICH)
    target = tmp_path / "out.mp4"
    return target, written(source, target, monkeypatch)


def test_what_is_right_is_said(rich: tuple[Path, Expected]) -> None:
    path, expected = rich
    words = check_file(path, path, expected, full=False)
    assert words == ("12 frames", "times", "2 streams", "colour")
    assert check_file(path, path, expected, full=True)[-1] == "everything decoded"


def _moved(times: Times, ticks: int) -> Times:
    assert times.first is not None
    assert times.last is not None
    return replace(
        times,
        first=times.first + ticks,
        last=times.last + ticks,
        total=times.total + ticks * times.packets,
    )


def _other(expected: Expected, **changed: object) -> Expected:
    stream = expected.others[0]
    given: WrittenStream = replace(stream.written, **changed)  # type: ignore[arg-type]
    return replace(expected, others=(replace(stream, written=given),))


def _shown(expected: Expected, **changed: object) -> Expected:
    return replace(expected, picture=replace(expected.picture, **changed))  # type: ignore[arg-type]


DIFFERENCES: dict[str, Callable[[Expected], Expected]] = {
    "12 frames, not 13": lambda e: replace(
        e, frames=13, video=replace(e.video, packets=13)
    ),
    "12 frames came out of the encoder, not 13": lambda e: replace(e, frames=13),
    "the first frame at 0.000 s, not 0.040 s": lambda e: replace(
        e, video=_moved(e.video, 512)
    ),
    "frames stand off by": lambda e: replace(
        e, video=replace(e.video, total=e.video.total + 12 * 512)
    ),
    "the end at 0.480 s, not 0.960 s": lambda e: replace(
        e, video=replace(e.video, end=24 * 512)
    ),
    "frames are 64x48, not 66x48": lambda e: _shown(e, size=Size(66, 48)),
    "samples are yuvj420p, not yuv420p10le": lambda e: _shown(e, pix_fmt="yuv420p10le"),
    "samples are yuvj420p, not yuv444p": lambda e: _shown(e, pix_fmt="yuv444p"),
    "its opacity is gone": lambda e: _shown(e, pix_fmt="yuva420p"),
    "the range is full, not limited": lambda e: _shown(e, tags=ColourTags(1, 1, 1, 1)),
    "the tag of the matrix is 1, not 9": lambda e: _shown(
        e, tags=ColourTags(2, 9, 1, 1)
    ),
    "pixels are shaped 4/3, not 1": lambda e: _shown(e, aspect=None),
    "it is turned by 270 degrees, not 0": lambda e: _shown(e, rotation_degrees=0),
    "HDR's mastering data is gone": lambda e: _shown(e, light=Light(max_cll=1000)),
    "0 chapters, not 3": lambda e: replace(e, chapters=3),
    "(audio, flac) is read as aac": lambda e: _other(e, codec="flac"),
    "(subtitle, aac) is missing": lambda e: _other(e, kind="subtitle", packets=1),
    "ends at 0.5": lambda e: _other(e, end_seconds=Fraction(9)),
    "starts at": lambda e: _other(e, first_seconds=Fraction(1)),
    "is in deu, not fra": lambda e: replace(
        e, others=(replace(e.others[0], language="fra"),)
    ),
}


@pytest.mark.parametrize("words", DIFFERENCES)
def test_a_difference_is_an_error_in_words(
    words: str, rich: tuple[Path, Expected]
) -> None:
    path, expected = rich
    with pytest.raises(OutputError) as caught:
        check_file(path, path, DIFFERENCES[words](expected), full=False)
    assert words in str(caught.value)


FOUND: dict[str, Callable[[ReadBack], ReadBack]] = {
    "its first frame cannot be decoded": lambda f: replace(f, picture=None),
    "the order of decoding runs back 3 times": lambda f: replace(
        f, video=replace(f.video, times=replace(f.video.times, falls=3))
    ),
    "11 frames can be decoded, not 12": lambda f: replace(f, decoded=11),
    "2 frames are damaged": lambda f: replace(f, decoded=12, errors=2),
    "is not the default any more": lambda f: replace(
        f, others=(replace(f.others[0], default=False),)
    ),
    "is in no language, not deu": lambda f: replace(
        f, others=(replace(f.others[0], language=""),)
    ),
}


@pytest.mark.parametrize("words", FOUND)
def test_what_is_found_amiss_is_an_error_in_words(
    words: str, rich: tuple[Path, Expected], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = rich
    made = FOUND[words](read_back(path, False))
    monkeypatch.setattr(verify, "read_back", lambda path, full: made)
    with pytest.raises(OutputError) as caught:
        check_file(path, path, expected, full=False)
    assert words in str(caught.value)


def test_damaged_sound_that_was_copied_is_told(
    rich: tuple[Path, Expected], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = rich
    made = replace(read_back(path, False), damaged=2)
    monkeypatch.setattr(verify, "read_back", lambda path, full: made)
    told = check_file(path, path, expected, full=False)
    assert told[-1] == "2 damaged packets of sound"


def test_nothing_is_asked_of_times_that_are_not_known(
    rich: tuple[Path, Expected],
) -> None:
    path, expected = rich
    bare = replace(expected.video, first=None, last=None, end=None)
    told = check_file(path, path, replace(expected, video=bare), full=False)
    assert told[0] == "12 frames"


def test_the_end_of_reordered_frames_is_known_to_a_step_of_decoding(
    rich: tuple[Path, Expected],
) -> None:
    path, expected = rich
    times = replace(expected.video, decoded_last=expected.video.last)
    ends_late = replace(times, end=15 * 512, longest=4 * 512)
    with pytest.raises(OutputError, match=r"the end at 0\.480 s, not 0\.600 s"):
        check_file(path, path, replace(expected, video=ends_late), full=False)
    reordered = replace(ends_late, decoded_last=10 * 512)
    check_file(path, path, replace(expected, video=reordered), full=False)


def test_every_difference_is_named(rich: tuple[Path, Expected]) -> None:
    path, expected = rich
    wrong = _shown(replace(expected, chapters=2), rotation_degrees=180)
    with pytest.raises(OutputError, match=r"turned.*chapters"):
        check_file(path, path, wrong, full=False)


def test_a_file_that_cannot_be_read_is_an_error(rich: tuple[Path, Expected]) -> None:
    path, expected = rich
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(OutputError, match="cannot be read back"):
        check_file(path, path, expected, full=False)


def test_a_damaged_frame_is_found_by_decoding_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(codec="ffv1", options={"slicecrc": "1"}, time_base=Fraction(1, 1000))
    source = write_clip(tmp_path / "in.mkv", clip)
    expected = written(source, tmp_path / "out.mkv", monkeypatch)
    path = tmp_path / "out.mkv"
    whole = bytearray(path.read_bytes())
    at = len(whole) * 3 // 4
    whole[at : at + 400] = bytes(400)
    path.write_bytes(whole)
    with pytest.raises(OutputError, match="frame"):
        check_file(path, path, expected, full=True)


SOURCES = {
    "reordered": Clip(sounds=(Sound(),)),
    "late": Clip(pts=[12800 + i * 512 for i in range(9)], sounds=(Sound(),)),
    "early": Clip(pts=[i * 512 - 1300 for i in range(9)], sounds=(Sound(),)),
    "uneven": Clip(pts=[0, 100, 1300, 5000, 9000, 9001, 20000], sounds=(Sound(),)),
    "fine": Clip(pts=[i * 33367 for i in range(7)], time_base=Fraction(1, 10**6)),
    "ntsc": Clip(pts=[i * 1001 for i in range(9)], time_base=Fraction(1, 30000)),
    "one": Clip(pts=[0]),
    "long sound": Clip(sounds=(Sound(seconds=2), Sound("libopus", "fra", 1))),
    "rich": RICH,
}


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(kind, suffix) for kind in SOURCES for suffix in ("mkv", "mp4", "ts")]
    + [("rich", suffix) for suffix in ("avi", "flv", "mov", "nut")],
)
def test_what_is_well_written_is_never_an_error(
    kind: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / "in.mp4", SOURCES[kind])
    target = tmp_path / f"out.{suffix}"
    written(source, target, monkeypatch)
    assert target.exists()


def test_hdr_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = "log-level=error:hdr10=1:max-cll=1000,400"
    clip = Clip(
        codec="libx265",
        pix_fmt="yuv420p10le",
        colour=(1, 9, 9, 16),
        options={"x265-params": params},
    )
    source = write_clip(tmp_path / "in.mkv", clip)
    target = tmp_path / "out.mp4"
    expected = written(source, target, monkeypatch)
    assert expected.picture.light is not None
    assert expected.picture.light.max_cll == 1000
    other = _shown(expected, light=Light(max_cll=900, max_fall=400))
    with pytest.raises(OutputError, match="light level is 1000, 400, not 900, 400"):
        check_file(target, target, other, full=False)


def test_of_an_unknown_container_nothing_is_asked() -> None:
    row = container_named("webp")
    told = (row.frames, row.times, row.chapters, row.rotation)
    assert told == (False,) * 4
    assert not container_named("mpegts").rotation
