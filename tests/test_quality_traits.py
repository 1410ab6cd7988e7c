"""What a clip is found to be, on clips that are made to be so, and what is advised."""

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream
from click.testing import CliRunner

from videnhance.cli import app
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.quality.advice import advice_of
from videnhance.quality.clip_traits import clip_traits
from videnhance.quality.flaws import Borders, borders_of, noise_of, repeats, steps_of
from videnhance.quality.softness import softness_of
from videnhance.quality.traits import Trait

pytestmark = pytest.mark.opencv

SIZE = Size(384, 256)
FRAMES = 26
Run = list[Pixels]


@cache
def _scene() -> tuple[Pixels, ...]:
    """Discs before each other, shaded as things are, by a camera that pans."""
    draw = np.random.default_rng(1)
    wide = SIZE.width + 3 * FRAMES, SIZE.height + FRAMES
    canvas = np.full((wide[1], wide[0]), 120, np.uint8)
    for radius in np.sort(draw.uniform(8, 50, 120))[::-1]:
        place = int(draw.uniform(0, wide[0])), int(draw.uniform(0, wide[1]))
        grey = int(draw.uniform(40, 210))
        cv2.circle(canvas, place, int(radius), (grey,), -1, cv2.LINE_AA)
    light = np.linspace(0.8, 1.1, wide[0])[np.newaxis]
    moved = (
        (canvas * light)[n : n + SIZE.height, 3 * n : 3 * n + SIZE.width]
        for n in range(FRAMES)
    )
    return tuple(
        np.clip(np.rint(p + draw.normal(0, 0.7, p.shape)), 0, 255).astype(np.uint8)
        for p in moved
    )


def _written(path: Path, run: Sequence[Pixels], rate: int = 25) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = run[0].shape
        stream.pix_fmt = "gray"
        for n, picture in enumerate(run):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "gray")
            frame.pts, frame.time_base = n, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _enlarged(factor: float) -> Run:
    size = (round(SIZE.width * factor), round(SIZE.height * factor))
    large = (cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in _scene())
    return [p.astype(np.uint8, copy=False) for p in large]


def _noise(sigma: float, blur: float = 0.0, *, light: float = 1.0) -> Run:
    draw = np.random.default_rng(1)

    def with_noise(picture: Pixels) -> Pixels:
        noise = draw.normal(0, 1, picture.shape).astype(np.float32)
        if blur:
            noise = cv2.GaussianBlur(noise, (0, 0), blur).astype(np.float32)
        noise *= sigma / noise.std()
        shown = np.rint(light * picture + noise)
        made: Pixels = np.clip(shown, 0, 255).astype(np.uint8)
        return made

    return [with_noise(picture) for picture in _scene()]


def _blocky() -> Run:
    """The means of blocks of 8 x 8."""

    def coarse(picture: Pixels) -> Pixels:
        small = cv2.resize(picture, None, fx=1 / 8, fy=1 / 8, interpolation=3)
        made: Pixels = small.repeat(8, axis=0).repeat(8, axis=1).astype(np.uint8)
        return made

    return [coarse(picture) for picture in _scene()]


def _banded() -> Run:
    """A sky: a slope that moves, in steps of six grey levels."""
    slope = np.linspace(60, 180, SIZE.width)[np.newaxis] + np.zeros((SIZE.height, 1))
    pictures = []
    for n, picture in enumerate(_scene()):
        sky = (slope + n) // 6 * 6
        sky[SIZE.height // 2 :] = picture[SIZE.height // 2 :]
        pictures.append(sky.astype(np.uint8))
    return pictures


def _laced() -> Run:
    """Pictures of two moments each."""
    pictures = []
    for early, late in zip(_scene()[::2], _scene()[1::2], strict=True):
        picture = early.copy()
        picture[1::2] = late[1::2]
        pictures.append(picture)
    return pictures


def _telecined() -> Iterator[Pixels]:
    """Fields of each picture for two and three fields in turn."""
    fields = [p for n, p in enumerate(_scene()) for _ in range(2 + n % 2)]
    for early, late in zip(fields[::2], fields[1::2], strict=False):
        picture = early.copy()
        picture[1::2] = late[1::2]
        yield picture


def _bordered() -> Run:
    return [np.pad(p, ((32, 24), (0, 0)), constant_values=16) for p in _scene()]


def _drawn() -> Run:
    """Discs in five greys with dark outlines, which move."""
    draw = np.random.default_rng(1)
    discs = [
        (draw.uniform(0, 1, 2) * (SIZE.width, SIZE.height), draw.uniform(20, 70), n % 5)
        for n in range(25)
    ]
    pictures = []
    for n in range(FRAMES):
        picture = np.full((SIZE.height, SIZE.width), 200, np.uint8)
        for (x, y), radius, grey in discs:
            place = int(x + 2 * n * (grey - 2)), int(y)
            cv2.circle(picture, place, int(radius), (60 + 35 * grey,), -1)
            cv2.circle(picture, place, int(radius), (20,), 2, cv2.LINE_AA)
        pictures.append(picture)
    return pictures


MADE: dict[str, tuple[Callable[[], Sequence[Pixels]], set[Trait]]] = {
    "as it is": (lambda: _scene(), set()),
    "enlarged": (lambda: _enlarged(2), {Trait.ENLARGED}),
    "noisy": (lambda: _noise(6), {Trait.NOISY}),
    "grainy": (lambda: _noise(9, 0.8), {Trait.GRAINY}),
    "blocky": (_blocky, {Trait.BLOCKY}),
    "banded": (_banded, {Trait.BANDED}),
    "bordered": (_bordered, {Trait.BORDERED}),
    "repeating": (
        lambda: [p for p in _scene() for _ in range(2)],
        {Trait.REPEATING},
    ),
    "dark": (lambda: _noise(0.8, light=0.12), {Trait.DARK}),
}


@pytest.mark.parametrize("name", MADE)
def test_a_clip_is_found_to_be_what_it_was_made(name: str, tmp_path: Path) -> None:
    make, wanted = MADE[name]
    found = clip_traits(_written(tmp_path / "clip.mkv", make()))
    assert {*found.found} == wanted, found


def test_fields_without_a_mark_are_seen(tmp_path: Path) -> None:
    traits = clip_traits(_written(tmp_path / "clip.mkv", _laced() * 3))
    assert Trait.INTERLACED in traits.found
    assert not traits.marked
    assert advice_of(traits).deinterlace == "on"


def test_a_telecined_film_is_named(tmp_path: Path) -> None:
    path = _written(tmp_path / "clip.mkv", [*_telecined()], rate=30)
    traits = clip_traits(path)
    assert Trait.TELECINED in traits.found
    assert advice_of(traits).deinterlace == "auto"


def test_a_drawing_gets_the_look_for_drawings(tmp_path: Path) -> None:
    traits = clip_traits(_written(tmp_path / "clip.mkv", _drawn()))
    assert Trait.DRAWN in traits.found
    assert advice_of(traits).look == "drawn"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("enlarged", "--look crisp --scale 1"),
        ("noisy", "--look clean --scale 2"),
        ("blocky", "--look clean --scale 2"),
        ("grainy", "--look natural --scale 4 --grain 0.5"),
        ("repeating", "--look faithful --scale 4 --skip 2"),
    ],
)
def test_the_command_follows_from_what_is_found(
    name: str, options: str, tmp_path: Path
) -> None:
    clip = _written(tmp_path / "a clip.mkv", MADE[name][0]())
    done = CliRunner().invoke(app, ["probe", str(clip), "--look"])
    assert done.exit_code == 0, done.output
    last = done.output.splitlines()[-1]
    assert last.startswith(f"videnhance '{clip}' ")
    assert last.endswith(f"-better.mkv' {options}")


def test_values_are_json(tmp_path: Path) -> None:
    clip = _written(tmp_path / "clip.mkv", _noise(6))
    done = CliRunner().invoke(app, ["probe", str(clip), "--look", "--json"])
    found = json.loads(done.output)
    assert found["traits"]["found"] == ["noisy"]
    assert found["traits"]["noise_levels"] == pytest.approx(6, abs=1.5)
    assert found["advice"]["look"] == "clean"
    assert found["advice"]["reasons"][0]["option"] == "--look clean"


def test_a_picture_and_a_tiny_clip_are_looked_at(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), _scene()[0])
    still = clip_traits(tmp_path / "one.png")
    assert (still.looked_at, still.noise.sigma, still.repeats) == (1, 0, 0)
    tiny = clip_traits(_written(tmp_path / "tiny.mkv", [p[:50, :70] for p in _scene()]))
    assert tiny.softness is None
    assert tiny.detail == 1


def test_what_is_no_video_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    done = CliRunner().invoke(app, ["probe", str(tmp_path / "notes.txt"), "--look"])
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_two_questions_at_once_are_refused(tmp_path: Path) -> None:
    clip = _written(tmp_path / "clip.mkv", _scene()[:2])
    done = CliRunner().invoke(app, ["probe", str(clip), "--look", "--for", "out.mkv"])
    assert done.exit_code == 2
    assert "--for and --look are two questions" in done.output


def test_noise_is_measured_in_grey_levels() -> None:
    for sigma in (3, 6):
        run = _noise(sigma)
        found = noise_of(run[0], run[1])
        assert found.sigma == pytest.approx(sigma, rel=0.35)
        assert found.alike < 0.2


def test_borders_are_measured_in_pixels() -> None:
    run = _bordered()
    assert borders_of(run, black=16) == Borders(top=32, bottom=24)
    assert Borders(top=32, bottom=24).inside(run[0]).shape == _scene()[0].shape
    assert not borders_of([np.full((64, 64), 16, np.uint8)], black=16)


def test_a_still_moment_is_no_repeat() -> None:
    assert repeats([20, 0, 21, 0, 19, 0, 22]) == (3, 7)
    assert repeats([20, 0, 0, 0, 0, 0, 22]) == (0, 0)
    assert repeats([0, 0, 0, 0]) == (0, 0)
    assert repeats([]) == (0, 0)


def test_an_enlargement_leaves_a_rhythm() -> None:
    found = softness_of(_enlarged(2)[:8])
    assert found is not None
    assert found.enlarged == 2


def test_steps_of_blocks_are_no_bands() -> None:
    blocks, bands = steps_of(_blocky()[0]), steps_of(_banded()[0])
    assert blocks.blocks > 3 * bands.blocks
    assert bands.bands > 3 * steps_of(_scene()[0]).bands


@pytest.mark.parametrize("factor", [1.5, 2, 3])
def test_detail_goes_as_far_as_before_the_enlargement(factor: float) -> None:
    before, after = softness_of(_scene()[:4]), softness_of(_enlarged(factor)[:4])
    assert before is not None
    assert after is not None
    assert before.detail > 0.8
    assert after.detail == pytest.approx(1 / factor, abs=0.12)
