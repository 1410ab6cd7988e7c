"""The pipeline: every frame and time, the same pixels however the work is placed."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from tests.frames import (
    GRAY,
    GRAY16,
    LAYOUTS,
    UPSCALERS,
    YUV420,
    YUV420P10,
    Weave,
    assert_same_frames,
    frame_of,
    noise,
    pan,
    texture,
)
from videnhance.errors import (
    MissingLibraryError,
    ModelError,
    UsageError,
)
from videnhance.frame import Frame, Layout, Pixels, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.plan import CELL
from videnhance.pipeline.report import Report
from videnhance.pipeline.tiles import ANY_WIDTH, PATCH_AREA
from videnhance.pipeline.upscaler import Bicubic, Upscaler

pytestmark = [pytest.mark.opencv]

SIZE = Size(150, 134)
SMALL = Size(70, 50)
PLAIN = Settings(fuse=0, workers=0)
MODES = {
    "alone": PLAIN,
    "fused": replace(PLAIN, fuse=0.3),
    "skipped": replace(PLAIN, skip=3),
    "both": replace(PLAIN, skip=2, fuse=0.5),
}
EACH_MODE = pytest.mark.parametrize("settings", MODES.values(), ids=MODES)


@pytest.fixture(autouse=True)
def _nothing_stays_alive() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def _run(
    frames: list[Frame],
    settings: Settings,
    upscaler: Upscaler | None = None,
    report: Report | None = None,
) -> list[Frame]:
    line = enhanced(iter(frames), upscaler or Weave(), settings, report or Report())
    return list(line)


def _whole_frames(frames: list[Frame], upscaler: Upscaler | None = None) -> list[Frame]:
    """Each frame by itself in one piece: what tiles and batches must not change."""
    network = upscaler or Weave()
    assert network.channels == 1
    composer = Composer(network.step, 1.0)
    out = []
    for frame in frames:
        shift = frame.layout.depth - 8
        half = 1 << shift >> 1
        luma = frame.planes[0].astype(np.uint32) + half >> shift
        seen = np.minimum(luma, 255).astype(np.uint8)[None, ..., None]
        out.append(composer(frame, network(seen)[0]))
    return out


def _partly_still(count: int, layout: Layout = GRAY) -> list[Frame]:
    """A square moves in the left column of cells; the right column stands still."""
    frames = []
    for index in range(count):
        luma = texture(SIZE)
        top = 5 + 7 * index
        luma[top : top + 21, 9:30] = 255 - luma[top : top + 21, 9:30]
        sizes = layout.plane_sizes(SIZE)
        planes: list[Plane] = [
            np.full((s.height, s.width), 99, np.uint8) for s in sizes
        ]
        planes[0] = luma
        if layout.depth > 8:
            shift = np.uint16(layout.depth - 8)
            planes = [p.astype(np.uint16) << shift for p in planes]
        frames.append(frame_of(planes, layout, index))
    return frames


# One for one, and the times


@EACH_MODE
@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_every_frame_comes_out_at_its_time(
    scale: int, workers: int, settings: Settings
) -> None:
    frames = [replace(f, index=i) for i, f in enumerate(pan(5, SMALL, 2, 1, YUV420))]
    report = Report()
    out = _run(frames, replace(settings, scale=scale, workers=workers), None, report)
    assert [(f.index, f.pts, f.time_base, f.duration) for f in out] == [
        (f.index, f.pts, f.time_base, f.duration) for f in frames
    ]
    assert {f.size for f in out} == {SMALL.scaled(scale)}
    assert {f.layout for f in out} == {YUV420}
    assert (report.frames_in, report.frames_out) == (5, 5)


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("skip", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_skip_keeps_every_frame(count: int, skip: int, workers: int) -> None:
    frames = pan(count, SMALL, 1, 1)
    out = _run(frames, replace(PLAIN, skip=skip, workers=workers))
    assert [f.pts for f in out] == [f.pts for f in frames]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_every_layout_keeps_its_planes(
    layout: Layout, channels: int, scale: int
) -> None:
    frames = [noise(Size(51, 37), layout, index) for index in range(2)]
    out = _run(frames, replace(PLAIN, scale=scale), Weave(channels))
    assert [f.layout for f in out] == [layout, layout]
    assert out[0].size == Size(51, 37).scaled(scale)


# Tiles, batches and threads do not show


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("size", "side"),
    [
        *((Size(11, 9), side) for side in (1, 7, 16)),
        *((Size(17, 23), side) for side in (16, 48, 288)),
        *((SMALL, side) for side in (32, 48, 288)),
        *((SIZE, side) for side in (48, 96, 288)),
        *((Size(1, 1), side) for side in (1, 16, 288)),
        *((Size(200, 1), side) for side in (7, 48, 288)),
        *((Size(1, 200), side) for side in (48, 288)),
    ],
    ids=str,
)
def test_any_tiling_equals_whole_frames(size: Size, side: int, workers: int) -> None:
    frames = [noise(size, YUV420, index) for index in range(6)]
    settings = replace(PLAIN, patch_area=side * side, workers=workers)
    assert_same_frames(_run(frames, settings), _whole_frames(frames))


@pytest.mark.parametrize("side", [48, 96, 288])
@pytest.mark.parametrize("layout", [GRAY16, YUV420P10])
def test_reused_cells_equal_whole_frames_too(side: int, layout: Layout) -> None:
    frames = _partly_still(7, layout)
    settings = replace(PLAIN, patch_area=side * side, workers=2)
    report = Report()
    out = _run(frames, settings, None, report)
    assert report.cells["reused"] > 20
    assert_same_frames(out, _whole_frames(frames))


@EACH_MODE
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("scale", [1, 4])
def test_workers_do_not_change_a_bit(
    settings: Settings, workers: int, scale: int
) -> None:
    size = SIZE if scale == 1 else SMALL
    frames = [*pan(4, size, 2, 1, YUV420), noise(size, YUV420, 4)]
    settings = replace(settings, scale=scale)
    inline = _run(frames, settings)
    assert_same_frames(_run(frames, replace(settings, workers=workers)), inline)


@EACH_MODE
def test_the_patch_size_does_not_change_a_bit(settings: Settings) -> None:
    frames = [*_partly_still(3), *pan(6, SIZE, 2, 1)[3:]]
    wanted = _run(frames, settings)
    for side in (48, 96):
        settings = replace(settings, patch_area=side * side, workers=2)
        assert_same_frames(_run(frames, settings), wanted)


@pytest.mark.parametrize("queue_bytes", [1, 20_000])
def test_a_small_queue_does_not_change_a_bit(queue_bytes: int) -> None:
    frames = pan(5, SMALL, 2, 1)
    settings = replace(PLAIN, workers=2, queue_bytes=queue_bytes)
    assert_same_frames(_run(frames, settings), _whole_frames(frames))


def test_four_times_is_twice_two_times() -> None:
    frames = pan(3, SMALL, 1, 0, YUV420)
    twice = _run(_run(frames, PLAIN), PLAIN)
    assert_same_frames(_run(frames, replace(PLAIN, scale=4)), twice)


# Strength


@dataclass(frozen=True, slots=True)
class _AnySize:
    """Gives codes at the factor that it is asked for: of far around each pixel."""

    channels: int = 3
    halo: int = 5
    step: float = 0.5
    max_row_width: int = ANY_WIDTH
    scale: int = 4

    def at(self, factor: int) -> "_AnySize":
        """The same at another factor."""
        return replace(self, scale=factor)

    def __call__(self, pixels: Pixels) -> Pixels:
        codes = Weave(self.channels, self.halo)(pixels)[:, ::2, ::2]
        return codes.repeat(self.scale, axis=1).repeat(self.scale, axis=2)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_network_that_knows_the_factor_runs_once(scale: int) -> None:
    frames, settings = _partly_still(3, YUV420), replace(PLAIN, scale=scale)
    network, report = _AnySize(), Report()
    made = _run(frames, replace(settings, patch_area=64 * 64), network, report)
    assert [frame.size for frame in made] == [SIZE.scaled(scale)] * 3
    assert sum(report.cells.values()) == 3 * 9
    composer = Composer(0.5, 1.0, scale=scale)
    for frame, got in zip(frames, made, strict=True):
        codes = network.at(scale)(model_input(3, frame)[None])[0]
        assert_same_frames([got], [composer(frame, codes)])


@pytest.mark.parametrize("scale", [1, 4])
def test_its_residual_is_moved_at_its_own_factor(scale: int) -> None:
    frames = pan(4, SIZE, 2, 0, YUV420)
    settings = replace(PLAIN, scale=scale, skip=2, fuse=0.3)
    made = _run(frames, settings, _AnySize())
    assert [frame.size for frame in made] == [SIZE.scaled(scale)] * 4


@EACH_MODE
@pytest.mark.parametrize("layout", [YUV420, GRAY16])
def test_strength_0_is_the_base_and_asks_no_network(
    settings: Settings, layout: Layout
) -> None:
    frames = pan(3, SMALL, 1, 0, layout)
    report = Report()
    settings = replace(settings, strength=0)
    out = _run(frames, settings, _Broken(after=0), report)
    assert_same_frames(out, _run(frames, PLAIN, Bicubic()))
    assert report.cells == {"network": 0, "reused": 0, "moved": 0, "base": 6}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_strength_0_at_scale_1_is_the_input(layout: Layout) -> None:
    frames = [noise(Size(51, 37), layout, index) for index in range(2)]
    assert_same_frames(_run(frames, replace(PLAIN, strength=0, scale=1)), frames)


def test_half_the_strength_adds_half_the_residual() -> None:
    frames = [frame_of([np.full((50, 70), 128, np.uint8)], GRAY)]
    network = Weave(step=0.5)
    full, half, none = (
        _run(frames, replace(PLAIN, strength=s), network)[0].planes[0].astype(int)
        for s in (1.0, 0.5, 0.0)
    )
    assert np.abs(full - none).max() > 30
    assert np.abs((full - none) / 2 - (half - none)).max() <= 1


# What stands still, what moves


@EACH_MODE
@pytest.mark.parametrize("reuse", [True, False])
def test_what_stands_still_stays_still_to_the_bit(
    settings: Settings, reuse: bool
) -> None:
    out = _run(_partly_still(7), replace(settings, reuse=reuse))
    still = [frame.planes[0][:, 2 * CELL :] for frame in out]
    for part in still[1:]:
        np.testing.assert_array_equal(part, still[0])
    assert (out[0].planes[0] != out[6].planes[0]).any()


@EACH_MODE
def test_reuse_changes_no_bit(settings: Settings) -> None:
    frames = _partly_still(5)
    off = replace(settings, reuse=False)
    assert_same_frames(_run(frames, settings), _run(frames, off))


def test_a_still_picture_is_for_the_network_once() -> None:
    still = pan(1, SIZE, 0, 0)[0]
    frames = [replace(still, index=i, pts=i) for i in range(5)]
    for settings in MODES.values():
        report = Report()
        _run(frames, settings, None, report)
        assert report.cells == {"network": 9, "reused": 36, "moved": 0, "base": 0}


def test_without_reuse_the_network_sees_all() -> None:
    still = pan(1, SIZE, 0, 0)[0]
    frames = [replace(still, index=i, pts=i) for i in range(5)]
    report = Report()
    _run(frames, replace(PLAIN, reuse=False), None, report)
    assert report.cells["network"] == 45


@pytest.mark.parametrize("skip", [1, 2, 3, 4])
def test_a_slow_pan_needs_the_network_on_every_nth_frame(skip: int) -> None:
    # Whole cells, and a pan that the flow finds: a pixel a frame.
    frames = pan(8, Size(192, 192), 1, 0)
    report = Report()
    _run(frames, replace(PLAIN, skip=skip), None, report)
    due = -(-8 // skip)
    cells = report.cells
    assert sum(cells.values()) == 8 * 9
    assert cells["network"] >= due * 9
    assert cells["moved"] >= 0.8 * (8 - due) * 9
    assert (cells["reused"], cells["base"]) == (0, 0)


def test_another_scene_is_for_the_network_whatever_the_skip() -> None:
    scenes = [pan(1, SIZE, 0, 0, seed=seed)[0] for seed in (1, 2, 3)]
    frames = [replace(f, index=i) for i, f in enumerate(scenes)]
    skipped = _run(frames, replace(PLAIN, skip=4, fuse=0.5))
    assert_same_frames(skipped, _whole_frames(frames))


def test_a_skipped_frame_takes_the_residual_along() -> None:
    frames = pan(2, Size(192, 192), 3, 0)
    network = _Emboss()
    wanted = _whole_frames(frames, network)[1].planes[0].astype(int)
    skipped = _run(frames, replace(PLAIN, skip=2), network)[1].planes[0].astype(int)
    base = _run(frames, PLAIN, Bicubic())[1].planes[0].astype(int)
    inside = (slice(24, -24), slice(24, -24))
    gained = np.abs(wanted - base)[inside].mean()
    missed = np.abs(wanted - skipped)[inside].mean()
    assert gained > 4
    assert missed < gained / 3


def test_fusion_draws_the_residual_towards_the_last_one() -> None:
    still = texture(SMALL)
    flicker = [frame_of([still], GRAY, 0), frame_of([still + (still < 255)], GRAY, 1)]
    flicker = [f.with_planes((f.planes[0].astype(np.uint8),)) for f in flicker]
    one, other = (_run([f], PLAIN)[0].planes[0].astype(int) for f in flicker)
    steps = []
    for fuse in (0.0, 0.5, 1.0):
        out = _run(flicker, replace(PLAIN, fuse=fuse))
        np.testing.assert_array_equal(out[0].planes[0], one)
        steps.append(np.abs(out[1].planes[0] - one).mean())
    np.testing.assert_array_equal(_run(flicker, PLAIN)[1].planes[0].astype(int), other)
    assert steps[0] > 1.5 * steps[1] > 1.5 * steps[2]


@pytest.mark.parametrize("skip", [1, 3])
def test_a_new_size_in_mid_stream_starts_anew(skip: int) -> None:
    frames = [noise(SIZE, index=0), noise(SMALL, index=1), noise(SIZE, index=2)]
    out = _run(frames, replace(PLAIN, skip=skip, fuse=0.5))
    assert_same_frames(out, _whole_frames(frames))


def test_cells_are_counted_in_both_passes_of_scale_4() -> None:
    report = Report()
    _run([noise(SMALL)], replace(PLAIN, scale=4), None, report)
    assert report.cells["network"] == 2 + 6


# OpenCV


def test_without_opencv_the_network_alone_still_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    frames = pan(3, SMALL, 1, 0)
    assert_same_frames(_run(frames, PLAIN), _whole_frames(frames))
    _run(frames, replace(PLAIN, strength=0, skip=4, fuse=0.3))


@pytest.mark.parametrize("settings", [MODES["fused"], MODES["skipped"]])
def test_without_opencv_the_first_frame_says_so(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingLibraryError, match="--skip 1 --fuse 0"):
        _run(pan(3, SMALL, 1, 0), replace(settings, workers=2))


# Errors and ends


@dataclass(slots=True)
class _Broken:
    """Fails after some calls."""

    after: int
    channels: int = 1
    halo: int = 6
    step: float = 0.5
    max_row_width: int = ANY_WIDTH
    scale: int = 2
    calls: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def at(self, factor: int) -> "_Broken":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        with self.lock:
            self.calls += 1
            if self.calls > self.after:
                raise ModelError("the network fails; take another one")
        return Weave()(pixels)


@dataclass(frozen=True, slots=True)
class _Emboss:
    """A smooth residual that depends on the picture alone: it can be moved."""

    channels: int = 1
    halo: int = 1
    step: float = 0.5
    max_row_width: int = ANY_WIDTH
    scale: int = 2

    def at(self, factor: int) -> "_Emboss":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        around = ((0, 0), (1, 1), (1, 1), (0, 0))
        padded = np.pad(pixels, around, mode="edge").astype(np.int32)
        slope = padded[:, 2:, 2:] - padded[:, :-2, :-2]
        codes: Pixels = np.clip(128 + slope, 0, 255).astype(np.uint8)
        return codes.repeat(2, 1).repeat(2, 2)


def _failing(frames: list[Frame]) -> Iterator[Frame]:
    yield from frames
    raise OSError("the file is damaged here")


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("side", [48, 496])
def test_an_error_of_the_source_comes_after_the_frames_before_it(
    workers: int, side: int
) -> None:
    frames = [noise(SMALL, index=i) for i in range(5)]
    settings = replace(PLAIN, workers=workers, patch_area=side**2)
    line = enhanced(_failing(frames), Weave(), settings, Report())
    got = [next(line) for _ in frames]
    with pytest.raises(OSError, match="damaged here"):
        next(line)
    assert_same_frames(got, _whole_frames(frames))


@EACH_MODE
@pytest.mark.parametrize("workers", [0, 3])
def test_an_error_of_the_source_crosses(settings: Settings, workers: int) -> None:
    frames = [noise(SMALL, index=i) for i in range(5)]
    report = Report()
    settings = replace(settings, workers=workers)
    with pytest.raises(OSError, match="damaged here"):
        list(enhanced(_failing(frames), Weave(), settings, report))
    assert report.frames_in == 5


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("workers", [0, 3])
def test_an_error_of_the_network_crosses(workers: int, scale: int) -> None:
    settings = replace(PLAIN, workers=workers, scale=scale, patch_area=48 * 48)
    frames = [noise(SMALL, index=i) for i in range(9)]
    with pytest.raises(ModelError, match="take another one"):
        _run(frames, settings, _Broken(after=5))


@EACH_MODE
@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("taken", [0, 1, 3])
def test_closing_early_leaves_no_thread(
    settings: Settings, workers: int, taken: int
) -> None:
    made, before = 0, threading.active_count()

    def endless() -> Iterator[Frame]:
        nonlocal made
        for index in range(1000):
            made += 1
            yield noise(SMALL, index=index)

    queue_bytes = 5 * SMALL.area
    settings = replace(settings, workers=workers, queue_bytes=queue_bytes, scale=4)
    report = Report()
    with closing(enhanced(endless(), Weave(), settings, report)) as line:
        for _ in range(taken):
            next(line)
    assert threading.active_count() == before
    assert made < 100
    assert report.frames_out == taken


def test_an_error_of_the_taker_leaves_no_thread() -> None:
    frames = [noise(SMALL, index=i) for i in range(30)]
    line = enhanced(iter(frames), Weave(), replace(PLAIN, workers=3), Report())

    def take() -> None:
        with closing(line):
            for _ in line:
                raise RuntimeError("disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        take()


def test_the_input_is_not_changed() -> None:
    frames, same = _partly_still(3, YUV420), _partly_still(3, YUV420)
    for settings in MODES.values():
        _run(frames, settings)
    assert_same_frames(frames, same)


# Settings


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"scale": 3}, "--scale 3"),
        ({"scale": 0}, "--scale 0"),
        ({"strength": -0.1}, "--strength -0.1"),
        ({"strength": 1.6}, "--strength 1.6"),
        ({"strength": float("nan")}, "--strength nan"),
        ({"skip": 0}, "--skip 0"),
        ({"skip": -2}, "--skip -2"),
        ({"fuse": 1.01}, "--fuse 1.01"),
        ({"fuse": -1.0}, "--fuse -1.0"),
        ({"workers": -1}, "--workers -1"),
        ({"workers": 257}, "--workers 257"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(
    wrong: dict[str, Any], option: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**wrong)
    assert str(caught.value).startswith(f"{option} is not possible; use ")


def test_the_ends_of_each_range_are_allowed() -> None:
    least = Settings(1, 0.0, 1, 0.0, False, 0, 1, 0)
    most = Settings(4, 1.0, 1000, 1.0, True, 256)
    assert (least.moves, most.moves) == (False, True)
    assert Settings().patch_area == PATCH_AREA


@pytest.mark.parametrize(
    ("settings", "moves"),
    [
        (Settings(skip=1, fuse=0), False),
        (Settings(skip=2, fuse=0), True),
        (Settings(skip=1, fuse=0.1), True),
        (Settings(skip=2, fuse=0.1, strength=0), False),
    ],
)
def test_only_skip_and_fuse_need_motion(settings: Settings, moves: bool) -> None:
    assert settings.moves is moves


# What every upscaler promises


class UpscalerContract:
    """Holds for whatever stands at the seam; a subclass gives the fixture."""

    @pytest.fixture
    def upscaler(self) -> Upscaler:
        """The one under test."""
        raise NotImplementedError

    @staticmethod
    def _pixels(upscaler: Upscaler, count: int, size: Size) -> Pixels:
        shape = (count, size.height, size.width, upscaler.channels)
        return np.random.default_rng(count).integers(0, 256, shape, np.uint8)

    def test_it_says_what_it_needs(self, upscaler: Upscaler) -> None:
        assert upscaler.channels in (1, 3)
        assert upscaler.halo >= 0
        assert upscaler.step > 0

    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize("size", [Size(1, 1), Size(1, 9), Size(23, 17)], ids=str)
    def test_codes_are_bytes_at_twice_the_size(
        self, upscaler: Upscaler, size: Size, count: int
    ) -> None:
        codes = upscaler(self._pixels(upscaler, count, size))
        wanted = (count, 2 * size.height, 2 * size.width, upscaler.channels)
        assert codes.shape == wanted
        assert codes.dtype == np.uint8

    def test_pixels_are_left_alone(self, upscaler: Upscaler) -> None:
        pixels = self._pixels(upscaler, 2, Size(23, 17))
        kept = pixels.copy()
        pixels.flags.writeable = False
        upscaler(pixels)
        np.testing.assert_array_equal(pixels, kept)

    def test_a_batch_equals_its_pictures_one_by_one(self, upscaler: Upscaler) -> None:
        pixels = self._pixels(upscaler, 5, Size(31, 23))
        single = np.concatenate([upscaler(pixels[n : n + 1]) for n in range(5)])
        np.testing.assert_array_equal(upscaler(pixels), single)

    def test_four_threads_get_the_same_result(self, upscaler: Upscaler) -> None:
        batches = [self._pixels(upscaler, n, Size(31, 23)) for n in (1, 2, 3, 4)] * 3
        wanted = [upscaler(pixels) for pixels in batches]
        with ThreadPoolExecutor(4) as pool:
            for got, alone in zip(pool.map(upscaler, batches), wanted, strict=True):
                np.testing.assert_array_equal(got, alone)

    def test_a_change_reaches_no_farther_than_the_halo(
        self, upscaler: Upscaler
    ) -> None:
        side = 2 * upscaler.halo + 9
        y, x = side // 2, side // 2 - 1
        pixels = self._pixels(upscaler, 1, Size(side, side))
        other = pixels.copy()
        other[0, y, x] = 255 - other[0, y, x]
        differs = (upscaler(pixels) != upscaler(other)).any(axis=(0, 3))
        reached = differs.reshape(side, 2, side, 2).any(axis=(1, 3))
        far = np.ones((side, side), np.bool_)
        halo = upscaler.halo
        far[y - halo : y + halo + 1, x - halo : x + halo + 1] = False
        assert not (reached & far).any()

    @pytest.mark.parametrize("side", [48, 288])
    def test_tiles_do_not_show(self, upscaler: Upscaler, side: int) -> None:
        frames = [noise(SMALL, YUV420, index) for index in range(3)]
        whole = _run(frames, replace(PLAIN, patch_area=1 << 20), upscaler)
        settings = replace(PLAIN, patch_area=side * side, workers=2)
        assert_same_frames(_run(frames, settings, upscaler), whole)


class TestUpscalers(UpscalerContract):
    """The shipped stand-in and those of the tests."""

    @pytest.fixture(params=UPSCALERS, ids=str)
    def upscaler(self, request: pytest.FixtureRequest) -> Upscaler:
        """One after the other."""
        found: Upscaler = request.param
        return found


def test_bicubic_adds_nothing() -> None:
    frames = [noise(Size(51, 37), YUV420)]
    base = Composer(1.0, 0.0)(frames[0], None)
    assert_same_frames(_run(frames, PLAIN, Bicubic()), [base])


def test_the_woven_stand_in_sees_as_far_as_it_says() -> None:
    weave: Callable[[Pixels], Pixels] = Weave()
    pixels = np.zeros((1, 21, 21, 1), np.uint8)
    pixels[0, 10, 10] = 1
    reached = np.argwhere(weave(pixels)[0, ..., 0]) // 2 - 10
    assert set(np.abs(reached).max(axis=0).tolist()) == {6}


# Segments


@EACH_MODE
@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_segment_does_not_depend_on_what_was_before(
    scale: int, workers: int, settings: Settings
) -> None:
    settings = replace(settings, scale=scale, workers=workers, segment_frames=4)
    frames = [replace(f, index=i) for i, f in enumerate(pan(10, SMALL, 2, 1, YUV420))]
    whole = _run(frames, settings)
    assert_same_frames(_run(frames[4:], settings), whole[4:])
    assert_same_frames(_run(frames[8:], settings), whole[8:])


def test_unchanged_cells_are_looked_at_anew_in_each_segment() -> None:
    frames = [replace(noise(SMALL), index=index) for index in range(6)]
    report = Report()
    _run(frames, replace(PLAIN, segment_frames=2), report=report)
    assert report.cells == {"network": 6, "reused": 6, "moved": 0, "base": 0}


def test_each_frame_is_finished_at_last() -> None:
    def cut(frame: Frame) -> Frame:
        return frame.with_planes((frame.planes[0][:5, :7],))

    frames = [replace(noise(SMALL), index=index) for index in range(3)]
    for workers in (0, 2):
        settings = replace(PLAIN, workers=workers, finish=cut)
        plain = _run(frames, replace(settings, finish=None))
        assert_same_frames(_run(frames, settings), [cut(frame) for frame in plain])
