"""Fields by the picture, not by the mark: films are looked at before they are woven."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.faithful_reader import run_tool
from videnhance.frame import Frame
from videnhance.media.reader.combing import FieldOrder, Shot, combing_of
from videnhance.media.reader.survey import FieldAction, FieldSurvey, survey_file
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Deinterlace, Reading

WIDTH, HEIGHT = 160, 128
MARK = "tff=1:keyint="
Luma = npt.NDArray[np.uint8]
WHOLE_FILM = "marked as interlaced, but its pictures are whole"


def _scene(moment: float) -> Luma:
    """Leaves and a fence in front of them, both moving, with noise that stays."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    leaves = np.sin((x + 5 * moment) / 7) * np.cos((y - 2 * moment) / 5)
    fence = np.sin((x - 9 * moment) / 3) > 0.8
    grain = np.random.default_rng(1).normal(0, 4, (HEIGHT, WIDTH))
    made: Luma = np.clip(120 + 60 * leaves + 40 * fence + grain, 16, 235).astype("u1")
    return made


def _laced(moments: Iterator[float], bottom_first: bool = False) -> Iterator[Luma]:
    """Pictures of two moments each."""
    for early in moments:
        late = next(moments)
        picture = _scene(early)
        picture[int(not bottom_first) :: 2] = _scene(late)[int(not bottom_first) :: 2]
        if bottom_first:
            picture[1::2], picture[::2] = _scene(early)[1::2], _scene(late)[::2]
        yield picture


def _fields(bottom_first: bool = False) -> Iterator[Luma]:
    return _laced((n / 2 for n in range(10_000)), bottom_first)


def _film() -> Iterator[Luma]:
    return (_scene(n) for n in range(10_000))


def _telecined() -> Iterator[Luma]:
    """24 pictures a second as 30: fields of each for two and three fields in turn."""
    moments = (n for n in range(10_000) for _ in range(2 + n % 2))
    return _laced(float(n) for n in moments)


def _ticker() -> Iterator[Luma]:
    """A film with a line of text that runs as video, fifty times a second."""
    for picture, laced in zip(_film(), _fields(), strict=True):
        picture[-24:] = laced[-24:]
        yield picture


def _stripes() -> Iterator[Luma]:
    """A venetian blind of single lines that goes down by one a picture."""
    y = np.mgrid[:HEIGHT, :WIDTH][0]
    for n in range(10_000):
        yield (60 + 120 * ((y + n) % 2)).astype("u1")


def _slats() -> Iterator[Luma]:
    """Thin lines, three apart, that go down over a moving scene."""
    for n, picture in enumerate(_film()):
        picture[n % 3 :: 3] = 235
        yield picture


def _hatched() -> Iterator[Luma]:
    """Edges of single lines that wander, each by its own way: a test picture's."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for n in range(10_000):
        boxes = ((x + 3 * n) // 5 + (y + 2 * n) // 3) % 2
        rings = np.hypot(x - 80 - 30 * np.sin(n / 5), y - 64 - 20 * np.cos(n / 3)) % 9
        yield (60 + 90 * boxes + 60 * (rings < 1)).astype("u1")


def _still() -> Iterator[Luma]:
    while True:
        yield _scene(0)


def _write(
    path: Path,
    pictures: Iterator[Luma],
    *,
    marked: bool = False,
    rate: Fraction = Fraction(25),
    count: int = 40,
    keys: int = 12,
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.options = {
            "qp": "8",
            "x264-params": f"{MARK if marked else 'keyint='}{keys}",
        }
        for pts, luma in enumerate(islice(pictures, count)):
            frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for number, plane in enumerate(frame.planes):
                rows = np.frombuffer(memoryview(plane), np.uint8)
                rows = rows.reshape(plane.height, -1)
                rows[:, : plane.width] = 128 if number else luma
            frame.pts, frame.time_base = pts, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _read(path: Path, mode: Deinterlace = Deinterlace.AUTO) -> tuple[list[Frame], str]:
    with VideoReader(path, None, Reading(mode)) as reader:
        return list(reader), "; ".join(reader.notices)


def _untouched(path: Path) -> tuple[list[bool], str]:
    """Which frames are as they were, and what is said."""
    kept, _ = _read(path, Deinterlace.OFF)
    made, said = _read(path)
    assert [f.pts for f in made] == [f.pts for f in kept]
    pairs = zip(made, kept, strict=True)
    return [np.array_equal(a.planes[0], b.planes[0]) for a, b in pairs], said


@pytest.mark.parametrize("made", [_film, _hatched])
def test_a_film_that_is_marked_as_interlaced_stays_whole(
    tmp_path: Path, made: Callable[[], Iterator[Luma]]
) -> None:
    same, said = _untouched(_write(tmp_path / "in.mkv", made(), marked=True))
    assert same == [True] * 40
    assert WHOLE_FILM in said


def test_video_that_is_marked_is_woven(tmp_path: Path) -> None:
    same, said = _untouched(_write(tmp_path / "in.mkv", _fields(), marked=True))
    assert same == [False] * 40
    assert said.startswith("the video is interlaced: each frame is made")


def test_video_without_a_mark_is_woven_and_said(tmp_path: Path) -> None:
    same, said = _untouched(_write(tmp_path / "in.mp4", _fields()))
    assert same == [False] * 40
    assert "not marked as interlaced, but its pictures are made of two fields" in said
    assert "--deinterlace off" in said


@pytest.mark.parametrize("made", [_film, _stripes, _slats, _hatched, _still])
def test_whole_pictures_without_a_mark_are_left_alone(
    tmp_path: Path, made: Callable[[], Iterator[Luma]]
) -> None:
    same, said = _untouched(_write(tmp_path / "in.mp4", made()))
    assert same == [True] * 40
    assert said == ""


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg's testsrc2")
@pytest.mark.parametrize(
    ("size", "seconds", "coded", "name"),
    [
        ("128x96", "1", "-c:v ffv1", "in.mkv"),
        ("128x96", "2", "-c:v libx264 -crf 30 -bf 0", "in.mp4"),
        ("256x128", "1", "-c:v libx264 -pix_fmt yuv420p", "in.mp4"),
        ("192x144", "3", "-c:v mpeg2video -q:v 3 -bf 2 -flags +ilme+ildct", "in.mpg"),
    ],
)
def test_drawn_patterns_that_move_by_lines_are_whole(
    tmp_path: Path, size: str, seconds: str, coded: str, name: str
) -> None:
    made = f"-f lavfi -i testsrc2=s={size}:r=25:d={seconds} -pix_fmt yuv420p {coded}"
    run_tool("ffmpeg", "-v", "error", *made.split(), name, folder=tmp_path)
    same, said = _untouched(tmp_path / name)
    assert same == [True] * 25 * int(seconds)
    assert (WHOLE_FILM in said) if name.endswith("mpg") else not said


def test_where_nothing_moves_the_mark_is_followed(tmp_path: Path) -> None:
    path = _write(tmp_path / "in.mkv", _still(), marked=True)
    look = survey_file(path, Reading(), marked=False)
    assert look.marked
    assert look.action is FieldAction.MARKED
    assert _untouched(path)[1].startswith("the video is interlaced: each frame is made")


@pytest.mark.parametrize("marked", [False, True])
def test_the_field_that_is_first_is_kept_whatever_the_mark_says(
    tmp_path: Path, marked: bool
) -> None:
    path = _write(tmp_path / "in.mkv", _fields(bottom_first=True), marked=marked)
    kept, _ = _read(path, Deinterlace.OFF)
    made, said = _read(path)
    for one, other in zip(made, kept, strict=True):
        np.testing.assert_array_equal(one.planes[0][1::2], other.planes[0][1::2])
    assert ("the top field is first, but its pictures show the bottom one" in said) == (
        marked
    )


def test_a_line_of_video_on_a_film_is_seen(tmp_path: Path) -> None:
    path = _write(tmp_path / "in.mkv", _ticker(), marked=True)
    same, said = _untouched(path)
    assert same.count(False) >= 36
    assert WHOLE_FILM in said


@pytest.mark.parametrize("marked", [False, True])
def test_telecine_is_told_of_and_its_whole_pictures_stay(
    tmp_path: Path, marked: bool
) -> None:
    path = tmp_path / "in.mkv"
    rate = Fraction(30000, 1001)
    _write(path, _telecined(), marked=marked, rate=rate, count=60)
    same, said = _untouched(path)
    # Of fields 2, 3, 2, 3 of each picture in turn: the third and fourth of five comb.
    assert same == [True, True, False, False, True] * 12
    assert "a film of 24 pictures a second is stored as 30" in said
    assert "fieldmatch,decimate" in said


@pytest.mark.parametrize("count", [100, 450])
def test_telecine_is_seen_where_there_is_one_key_frame(
    tmp_path: Path, count: int
) -> None:
    path, rate = tmp_path / "in.mp4", Fraction(30000, 1001)
    _write(path, _telecined(), rate=rate, count=count, keys=1000)
    look = survey_file(path, Reading(), marked=False)
    assert look.kinds.total() >= 50
    assert look.telecined


def test_a_film_of_many_seconds_is_looked_at_in_all_of_it(tmp_path: Path) -> None:
    def half() -> Iterator[Luma]:
        yield from islice(_film(), 100)
        yield from islice(_fields(), 100)

    path = _write(tmp_path / "in.mp4", half(), marked=True, count=200)
    look = survey_file(path, Reading(), marked=True)
    assert look.kinds[FieldOrder.WHOLE] == pytest.approx(40, abs=2)
    assert look.kinds[FieldOrder.TOP_FIRST] == pytest.approx(40, abs=2)
    assert look.action is FieldAction.NOT_WHOLE
    same, _ = _untouched(path)
    assert same == [True] * 100 + [False] * 100


@pytest.mark.parametrize(
    ("whole", "top", "bottom", "marked", "action", "order"),
    [
        (0, 0, 0, True, FieldAction.MARKED, None),
        (0, 0, 0, False, FieldAction.NONE, None),
        (40, 0, 0, True, FieldAction.COMBED, None),
        (38, 2, 1, True, FieldAction.COMBED, None),
        (20, 20, 0, True, FieldAction.NOT_WHOLE, FieldOrder.TOP_FIRST),
        (1, 0, 40, True, FieldAction.MARKED, FieldOrder.BOTTOM_FIRST),
        (0, 40, 0, False, FieldAction.ALL, FieldOrder.TOP_FIRST),
        (0, 7, 0, False, FieldAction.NONE, FieldOrder.TOP_FIRST),
        (0, 20, 20, False, FieldAction.NONE, None),
        (20, 20, 20, True, FieldAction.COMBED, None),
        (20, 20, 0, False, FieldAction.NONE, FieldOrder.TOP_FIRST),
    ],
)
def test_what_was_seen_decides(
    whole: int,
    top: int,
    bottom: int,
    marked: bool,
    action: FieldAction,
    order: FieldOrder | None,
) -> None:
    kinds = {
        FieldOrder.WHOLE: whole,
        FieldOrder.TOP_FIRST: top,
        FieldOrder.BOTTOM_FIRST: bottom,
    }
    look = FieldSurvey(Counter(kinds), marked)
    assert (look.action, look.order) == (action, order)


@pytest.mark.parametrize("depth", [8, 10])
def test_each_picture_is_seen_also_beside_a_cut(depth: int) -> None:
    pictures = [*islice(_fields(), 4), *islice(_film(), 40, 44)]
    name = "gray" if depth == 8 else f"gray{depth}le"
    shots = []
    for luma in pictures:
        frame = VideoFrame(WIDTH, HEIGHT, name)
        deep = luma.astype(np.uint16) << (depth - 8)
        rows = np.frombuffer(memoryview(frame.planes[0]), np.uint8)
        samples = luma if depth == 8 else deep.view(np.uint8)
        rows.reshape(HEIGHT, -1)[:, : samples.shape[1]] = samples
        shots.append(Shot(frame, frame))
    kinds = [found.kind for _, found in combing_of(shots)]
    assert kinds == [FieldOrder.TOP_FIRST] * 4 + [FieldOrder.WHOLE] * 4


SMALL = [(1, 1), (2, 2), (1, 100), (100, 1), (3, 5), (5, 3), (2, 100), (100, 2), (4, 4)]


@pytest.mark.parametrize(("height", "width"), SMALL)
@pytest.mark.parametrize("mode", list(Deinterlace))
def test_pictures_of_few_lines_are_read_as_they_are(
    tmp_path: Path, height: int, width: int, mode: Deinterlace
) -> None:
    made = np.random.default_rng(5).integers(0, 255, (6, height, width), np.uint8)
    path = tmp_path / "tiny.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=30)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        for luma in made:
            out.mux(stream.encode(VideoFrame.from_ndarray(luma, "gray")))
        out.mux(stream.encode(None))
    with VideoReader(path, reading=Reading(mode)) as reader:
        frames = [frame.planes[0] for frame in reader]
        small = f"a picture of {reader.info.size} cannot be deinterlaced"
        said = any(words.startswith(small) for words in reader.notices)
    few = height < 4 or width < 3
    assert len(frames) == len(made)
    assert said is (few and mode is Deinterlace.ON)
    if few or mode is not Deinterlace.ON:
        assert np.array_equal(frames, made)
