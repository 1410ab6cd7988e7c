"""Animated pictures in and out: frames, times, repeats and opacity."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.clips import Clip, Sound, write_clip
from tests.pictures import PLAIN, rgb_samples, srgb_profile
from videnhance.errors import InputError, OutputError, UsageError
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.open_any import opened
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import ResumePoint, Span
from videnhance.media.stills.animation_reader import AnimationReader
from videnhance.media.stills.animation_writer import AnimationWriter
from videnhance.media.stills.palette import Palettes
from videnhance.media.stills.picture_tags import tags_of_file

SIZE = Size(54, 38)
DELAYS = [100, 150, 50, 700, 330]


def _drawn(count: int = 5) -> list[Image.Image]:
    """A red square that moves over nothing."""
    made = []
    for index in range(count):
        samples = np.zeros((SIZE.height, SIZE.width, 4), np.uint8)
        samples[8:20, 4 + 6 * index : 16 + 6 * index] = (250, 30, 20, 255)
        made.append(Image.fromarray(samples))
    return made


def _gif(path: Path, loop: int | None = None) -> Path:
    first, *rest = _drawn()
    options: dict[str, Any] = {} if loop is None else {"loop": loop}
    options |= {"duration": DELAYS, "disposal": 2}
    first.save(path, save_all=True, append_images=rest, **options)
    return path


def _delays(path: Path) -> list[int]:
    """Milliseconds of each frame, as Pillow reads them."""
    found = []
    with Image.open(path) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            found.append(round(picture.info["duration"]))
    return found


def _converted(source: Path, target: Path) -> AnimationWriter:
    with (
        opened(source) as reader,
        AnimationWriter(target, reader.info, reader.info.size, PLAIN, source) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return writer


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp", ".avif"])
def test_every_frame_is_shown_as_long_as_before(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"b{suffix}"
    _converted(_gif(tmp_path / "a.gif"), target)
    assert _delays(target) == DELAYS


@pytest.mark.parametrize(("loop", "plays"), [(None, 1), (0, 0), (1, 2), (4, 5)])
@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_it_is_shown_as_often_as_before(
    tmp_path: Path, suffix: str, loop: int | None, plays: int
) -> None:
    target = tmp_path / f"b{suffix}"
    _converted(_gif(tmp_path / "a.gif", loop), target)
    tags = tags_of_file(target)
    assert tags is not None
    assert tags.plays == plays


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_what_is_hidden_stays_hidden_in_every_frame(
    tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"b{suffix}"
    _converted(_gif(tmp_path / "a.gif"), target)
    with Image.open(target) as picture:
        for number, drawn in enumerate(_drawn()):
            picture.seek(number)
            found = np.asarray(picture.convert("RGBA"))[..., 3]
            assert np.array_equal(found, np.asarray(drawn)[..., 3])


def test_a_video_becomes_a_gif_that_never_drifts(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "a.mp4",
        Clip(pts=tuple(range(0, 30 * 1001, 1001)), time_base=Fraction(1, 30000)),
    )
    target = tmp_path / "b.gif"
    _converted(source, target)
    delays = _delays(target)
    assert len(delays) == 30
    assert set(delays) == {30, 40}
    assert sum(delays) == 1000


def test_lost_sound_is_said(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(sounds=(Sound(),)))
    writer = _converted(source, tmp_path / "b.webp")
    assert any("audio" in words and "lost" in words for words in writer.notices)


def test_colours_of_a_gif_are_near_the_pictures(tmp_path: Path) -> None:
    palettes = Palettes(Size(61, 47), alpha=False)
    samples = rgb_samples(Size(61, 47))
    assert palettes.pictures(samples, 0, 4) == []
    (picture,) = palettes.flush()
    found = picture.reformat(format="rgb24").to_ndarray().astype(int)
    assert np.abs(found - samples).mean() < 12
    assert (picture.pts, picture.duration) == (0, 4)
    assert palettes.flush() == []


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp", ".avif"])
def test_grey_frames_become_an_animation(tmp_path: Path, suffix: str) -> None:
    clip = Clip(codec="ffv1", pix_fmt="gray", pts=(0, 1, 2))
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / f"b{suffix}"
    _converted(source, target)
    assert len(_delays(target)) == 3
    with Image.open(target) as picture:
        shades = np.asarray(picture.convert("RGB")).astype(int)
    assert np.ptp(shades, axis=2).max() <= 2
    assert np.ptp(shades) > 100


def test_frames_held_for_a_palette_are_few() -> None:
    size = Size(1920, 1080)
    palettes = Palettes(size, alpha=False)
    blank = np.zeros((size.height, size.width, 3), np.uint8)
    given = [palettes.pictures(blank, number, 1) for number in range(10)]
    held = 64 * 2**20 // blank.nbytes
    assert [len(pictures) for pictures in given] == [0] * (held - 1) + [held]


def test_a_turned_video_is_turned_in_its_pixels(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", Clip(turn=90))
    writer = _converted(source, tmp_path / "b.gif")
    assert "the pixels are turned" in writer.notices[0]
    with Image.open(tmp_path / "b.gif") as picture:
        assert picture.size == (48, 64)


def test_a_turn_of_other_chroma_is_no_trouble(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="yuv422p", turn=90)
    source = write_clip(tmp_path / "a.mp4", clip)
    _converted(source, tmp_path / "b.apng")
    with Image.open(tmp_path / "b.apng") as picture:
        assert (picture.size, getattr(picture, "n_frames", 0)) == ((48, 64), 12)


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    source = _gif(tmp_path / "a.gif")
    target = tmp_path / "b.gif"
    with VideoReader(source) as reader:
        info = reader.info
        frames = list(reader)

    def interrupted() -> None:
        with AnimationWriter(target, info, info.size, PLAIN, source) as writer:
            writer.write(frames[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with (
        pytest.raises(OutputError, match="no frame"),
        AnimationWriter(target, info, info.size, PLAIN, source),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


def test_another_codec_is_refused(tmp_path: Path) -> None:
    with VideoReader(_gif(tmp_path / "a.gif")) as reader:
        info = reader.info
    with pytest.raises(UsageError, match="GIF does not hold libx265"):
        AnimationWriter(tmp_path / "b.gif", info, SIZE, Encoding("libx265"))


def test_frames_faster_than_viewers_are_said(tmp_path: Path) -> None:
    with VideoReader(_gif(tmp_path / "a.gif")) as reader:
        info = replace(reader.info, rate=Fraction(60))
    with (
        pytest.raises(OutputError, match="no frame"),
        AnimationWriter(tmp_path / "b.gif", info, SIZE, PLAIN) as writer,
    ):
        assert "60 frames a second" in writer.notices[0]


def _frames(path: Path, span: Span | None = None) -> list[Frame]:
    with AnimationReader(path, span) as reader:
        return list(reader)


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
def test_webp_and_avif_are_read_with_their_times(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"a{suffix}"
    first, *rest = _drawn()
    first.save(source, save_all=True, append_images=rest, duration=DELAYS)
    with opened(source) as reader:
        assert isinstance(reader, AnimationReader)
        frames = list(reader)
    assert [frame.pts for frame in frames] == [0, 100, 250, 300, 1000]
    assert [frame.duration for frame in frames] == DELAYS
    assert all(frame.layout.alpha for frame in frames)
    part = _frames(source, Span(start_seconds=0.25, max_frames=2))
    assert [(frame.index, frame.pts) for frame in part] == [(0, 250), (1, 300)]


def test_an_animation_goes_on_after_a_mark(tmp_path: Path) -> None:
    source = tmp_path / "a.webp"
    first, *rest = _drawn()
    first.save(source, save_all=True, append_images=rest, duration=DELAYS)
    frames = _frames(source)
    tail = tuple((f.pts, frame_checksum(f)) for f in frames[:3])
    with AnimationReader(source) as reader:
        reader.resume_after(ResumePoint(3, tail))
        assert [frame.index for frame in reader] == [3, 4]
    with (
        AnimationReader(source) as reader,
        pytest.raises(InputError, match="--discard"),
    ):
        reader.resume_after(ResumePoint(3, ((0, 1), *tail[1:])))


def test_a_profile_that_is_lost_is_said(tmp_path: Path) -> None:
    source = tmp_path / "a.webp"
    first, *rest = _drawn()
    first.save(source, save_all=True, append_images=rest, icc_profile=srgb_profile())
    writer = _converted(source, tmp_path / "b.gif")
    assert any("colour profile" in words for words in writer.notices)


NTSC = Fraction(1001, 30000)


def _deep_avif(path: Path, count: int) -> list[Frame]:
    """Ten bits, each frame shown for 1001/30000 s; what the encoder was given."""
    source = path.with_suffix(".mkv")
    clip = Clip(
        codec="ffv1",
        pix_fmt="yuv420p10le",
        pts=range(0, count * 1001, 1001),
        time_base=Fraction(1, 30000),
        options={},
    )
    write_clip(source.with_suffix(".nut"), clip)
    with (
        VideoReader(source.with_suffix(".nut")) as reader,
        AnimationWriter(path, reader.info, reader.info.size, PLAIN) as writer,
    ):
        frames = list(reader)
        for frame in frames:
            writer.write(frame)
    return frames


def test_an_avif_keeps_fractions_of_seconds_and_ten_bits(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    given = _deep_avif(source, 40)
    with opened(source) as reader:
        assert reader.notices == []
        assert reader.info.rate == pytest.approx(1 / NTSC, rel=0.01)
        frames = list(reader)
    assert [f.pts * f.time_base for f in frames] == [n * NTSC for n in range(40)]
    assert {f.duration * f.time_base for f in frames[:-1]} == {NTSC}
    assert {f.layout.name for f in frames} == {"yuv420p10le"}
    for frame, before in zip(frames, given, strict=True):
        changes = frame.planes[0].astype(int) - before.planes[0]
        assert abs(float(changes.mean())) < 8
    writer = _converted(source, tmp_path / "b.avif")
    assert writer.notices == ()
    again = _frames(tmp_path / "b.avif")
    assert [f.pts * f.time_base for f in again] == [n * NTSC for n in range(40)]
    assert {f.layout.name for f in again} == {"yuv420p10le"}


@pytest.mark.parametrize(
    ("suffix", "tick"), [(".gif", 100), (".webp", 1000), (".apng", 30000)]
)
def test_rounded_times_do_not_drift(tmp_path: Path, suffix: str, tick: int) -> None:
    source = tmp_path / "a.avif"
    _deep_avif(source, 100)
    _converted(source, tmp_path / f"b{suffix}")
    with opened(tmp_path / f"b{suffix}") as reader:
        frames = list(reader)
    assert len(frames) == 100
    for number, frame in enumerate(frames):
        off = abs(frame.pts * frame.time_base - number * NTSC)
        # FFmpeg reads an APNG's fractions in ticks of its own, each delay rounded.
        least = Fraction(number, 200_000) if suffix == ".apng" else Fraction(0)
        assert off <= Fraction(1, 2 * tick) + least


def test_an_avif_with_opacity_keeps_its_own_samples(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    first, *rest = _drawn()
    first.save(source, save_all=True, append_images=rest, duration=DELAYS, quality=100)
    frames = _frames(source)
    assert {f.layout.name for f in frames} <= {"yuva420p", "yuva444p"}
    for picture, frame in zip(_drawn(), frames, strict=True):
        shown = np.asarray(picture)[..., 3].astype(int)
        assert np.abs(frame.planes[-1] - shown).max() <= 2


def test_a_damaged_avif_is_named_with_its_picture(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    _deep_avif(source, 40)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 3 // 5])
    with pytest.raises(InputError, match=r"a\.avif"):
        _frames(source)
