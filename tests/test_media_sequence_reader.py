"""Many pictures as a video, and a video as many pictures."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import write_clip
from tests.pictures import PLAIN, exif_block, rgb_samples
from videnhance.errors import InputError, OutputError, UsageError
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.open_any import SinkKind, opened, sink_kind
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import ResumePoint, Span
from videnhance.media.stills.picture_writer import SequenceWriter
from videnhance.media.stills.sequence_reader import SequenceReader
from videnhance.media.stills.series import numbered_name, series_of

SIZE = Size(31, 23)


def _pictures(folder: Path, numbers: range, form: str = "%04d.png") -> Path:
    for number in numbers:
        Image.fromarray(rgb_samples(SIZE, number)).save(folder / (form % number))
    return folder / form


def _frames(
    place: Path, span: Span | None = None
) -> tuple[SequenceReader, list[Frame]]:
    with SequenceReader(place, Fraction(10), span) as reader:
        return reader, list(reader)


def _number(frame: Frame) -> int:
    """Which picture it was: `rgb_samples` writes that into red at (1, 1)."""
    return int(frame.planes[0][1, 1]) - 4


def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(8, 12), "%d.png")
    reader, frames = _frames(place)
    assert [_number(frame) for frame in frames] == [8, 9, 10, 11]
    assert [frame.pts for frame in frames] == [0, 1, 2, 3]
    assert reader.info.rate == 1 / reader.info.time_base == Fraction(10)
    assert reader.info.frames == 4
    _, listed = _frames(tmp_path / "*.png")
    assert [_number(frame) for frame in listed] == [8, 9, 10, 11]


def test_only_names_with_that_many_zeros_are_meant(tmp_path: Path) -> None:
    _pictures(tmp_path, range(1, 3), "%04d.png")
    _pictures(tmp_path, range(3, 5), "%d.png")
    assert series_of(tmp_path / "%04d.png").numbers == (1, 2)
    assert series_of(tmp_path / "%d.png").numbers == (3, 4)
    assert numbered_name(Path("a%03d.png")).number("a1234.png") == 1234


def test_gaps_and_a_rate_of_its_own_are_said(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 7))
    for number in (2, 4, 5):
        (tmp_path / f"{number:04d}.png").unlink()
    with SequenceReader(place) as reader:
        assert "25 a second" in reader.notices[0]
        assert reader.notices[1].startswith("3 pictures are missing (2 and others)")
        assert len(list(reader)) == 3


def test_a_damaged_picture_shows_the_one_before(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 5))
    (tmp_path / "0003.png").write_bytes(b"nothing")
    reader, frames = _frames(place)
    assert [_number(frame) for frame in frames] == [1, 2, 2, 4]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert reader.damaged_frames == 1
    assert "0003.png" in reader.notices[-1]


def test_a_damaged_first_picture_is_an_error(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 3))
    (tmp_path / "0001.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"0001\.png"):
        SequenceReader(place)


def test_other_sizes_and_kinds_become_like_the_first(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 3))
    Image.new("RGB", (62, 46), (9, 9, 9)).save(tmp_path / "0003.png")
    Image.new("L", (31, 23), 200).save(tmp_path / "0004.png")
    reader, frames = _frames(place)
    assert {frame.size for frame in frames} == {SIZE}
    assert set(frames[2].planes[0].flat) == {9}
    assert all(set(plane.flat) == {200} for plane in frames[3].planes)
    assert any("the size changes" in words for words in reader.notices)
    assert any("the kind of pixels changes" in words for words in reader.notices)


def test_a_gray_first_picture_takes_no_colour_from_the_rest(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 3))
    Image.new("L", (31, 23), 77).save(tmp_path / "0001.png")
    _, frames = _frames(place)
    assert {frame.layout.name for frame in frames} == {"gbrp"}
    assert set(frames[0].planes[2].flat) == {77}
    (tmp_path / "0002.png").unlink()
    _, frames = _frames(place)
    assert frames[0].layout.name == "gray"


def test_each_picture_is_turned_upright(tmp_path: Path) -> None:
    samples = rgb_samples(Size(16, 8))
    for number, turn in ((1, 6), (2, 1)):
        picture = Image.fromarray(samples if turn == 6 else np.rot90(samples, 3))
        exif = exif_block(turn, Size(*picture.size))
        picture.save(tmp_path / f"{number}.png", exif=exif)
    reader, frames = _frames(tmp_path / "%d.png")
    assert reader.info.size == Size(8, 16)
    assert reader.info.rotation_degrees == 0
    assert np.array_equal(frames[0].planes[0], frames[1].planes[0])


def test_a_span_counts_pictures(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 9))
    reader, frames = _frames(place, Span(0.2, 0.7, 3))
    assert [_number(frame) for frame in frames] == [3, 4, 5]
    assert reader.info.frames == 3
    with pytest.raises(UsageError, match="ends before"):
        SequenceReader(place, Fraction(10), Span(3.0))


def test_a_sequence_goes_on_after_a_mark(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 7))
    (tmp_path / "0003.png").write_bytes(b"nothing")
    _, frames = _frames(place)
    for done in range(1, 6):
        tail = tuple((f.pts, frame_checksum(f)) for f in frames[:done][-2:])
        with SequenceReader(place, Fraction(10)) as reader:
            reader.resume_after(ResumePoint(done, tail))
            rest = list(reader)
        assert [f.index for f in rest] == [f.index for f in frames[done:]]
        for before, after in zip(frames[done:], rest, strict=True):
            assert frame_checksum(before) == frame_checksum(after)
    with SequenceReader(place, Fraction(10)) as reader:
        mark = ResumePoint(2, ((0, 1), (1, 2)))
        with pytest.raises(InputError, match="--discard"):
            reader.resume_after(mark)


def test_no_picture_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no pictures"):
        SequenceReader(tmp_path / "%d.png")
    with pytest.raises(InputError, match="cannot be read"):
        SequenceReader(tmp_path / "none" / "%d.png")


def test_a_video_becomes_pictures_from_number_one(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    with (
        VideoReader(source, Span(max_frames=3)) as reader,
        SequenceWriter(
            tmp_path / "%03d.png", reader.info, reader.info.size, PLAIN, source
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)
        assert writer.done == writer.frames_written == 3
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"a.mp4", "001.png", "002.png", "003.png"}


def _rewritten(place: Path, target: Path, overwrite: bool = False) -> None:
    with (
        SequenceReader(place) as reader,
        SequenceWriter(
            target, reader.info, reader.info.size, PLAIN, place, overwrite
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)


def test_pictures_keep_their_numbers_and_samples(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(7, 10))
    (tmp_path / "out").mkdir()
    _rewritten(place, tmp_path / "out" / "%02d.png")
    for number in range(7, 10):
        with Image.open(tmp_path / "out" / f"{number:02d}.png") as picture:
            assert np.array_equal(np.asarray(picture), rgb_samples(SIZE, number))


def test_pictures_that_exist_stay_unless_asked(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 4))
    target = tmp_path / "b%d.png"
    (tmp_path / "b3.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"b3\.png exists already"):
        _rewritten(place, target)
    assert not (tmp_path / "b1.png").exists()
    _rewritten(place, target, overwrite=True)
    assert (tmp_path / "b3.png").read_bytes() != b"mine"


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 3))
    with pytest.raises(UsageError, match="a picture of the input"):
        _rewritten(place, place, overwrite=True)
    with pytest.raises(UsageError, match="a picture of the input"):
        _rewritten(tmp_path / "*.png", place, overwrite=True)


def test_the_folder_and_the_number_must_be_there(tmp_path: Path) -> None:
    place = _pictures(tmp_path, range(1, 3))
    with pytest.raises(OutputError, match="there is no folder"):
        _rewritten(place, tmp_path / "none" / "%d.png")
    with pytest.raises(UsageError, match="%06d"):
        _rewritten(place, tmp_path / "*.jpg")
    with pytest.raises(UsageError, match="2 numbers"):
        numbered_name(Path("%d-%d.png"))


def test_names_tell_what_is_meant(tmp_path: Path) -> None:
    odd = tmp_path / "100%d.png"
    Image.fromarray(rgb_samples(SIZE)).save(odd)
    with opened(odd) as reader:
        assert reader.info.frames == 1
    (tmp_path / "odd").mkdir()
    kinds = {
        "-": SinkKind.PIPE,
        "a.mkv": SinkKind.VIDEO,
        "a.gif": SinkKind.ANIMATION,
        "a.webp": SinkKind.ANIMATION,
        "a.png": SinkKind.STILL,
        "a%d.png": SinkKind.SEQUENCE,
        "a%d.mp4": SinkKind.VIDEO,
    }
    assert {name: sink_kind(Path(name)) for name in kinds} == kinds
    with opened(odd) as reader:
        assert sink_kind(Path("a.webp"), reader.info) is SinkKind.STILL


def test_a_folder_is_refused_with_a_hint(tmp_path: Path) -> None:
    _pictures(tmp_path, range(1, 2))
    with pytest.raises(InputError, match=r"write .*/\*\.png"):
        opened(tmp_path)


def test_a_rate_is_only_for_pictures(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="--rate"):
        opened(source, rate=Fraction(10))


def test_an_animation_has_no_streams_to_lose(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    first, *rest = [Image.fromarray(rgb_samples(SIZE, n)) for n in range(4)]
    first.save(source, save_all=True, append_images=rest, duration=40)
    with (
        opened(source) as reader,
        SequenceWriter(
            tmp_path / "%d.png", reader.info, reader.info.size, PLAIN, source
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    assert writer.streams == ()
    assert len(list(tmp_path.glob("*.png"))) == 4
