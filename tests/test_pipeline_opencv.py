"""With OpenCV and without: the same base and the same sums, to the bit."""

from collections.abc import Callable
from itertools import chain

import numpy as np
import pytest

from tests.frames import frame_of
from videnhance.frame import Family, Frame, Layout, Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline import compose, resize
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.resize import doubled, opencv

pytestmark = pytest.mark.opencv

SIZE = Size(83, 51)
LAYOUTS = {
    "gray": Layout("gray", Family.GRAY, 8),
    "yuv420p": Layout("yuv420p", Family.YUV, 8, (1, 1)),
}


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (resize, compose):
        monkeypatch.setattr(module, "opencv", lambda: None)


def random(shape: tuple[int, ...], seed: int, *, extreme: bool = False) -> Pixels:
    choice = np.random.default_rng(seed)
    if extreme:
        return choice.choice(np.array([0, 1, 127, 128, 129, 254, 255], np.uint8), shape)
    return choice.integers(0, 256, shape, np.uint8)


def test_opencv_is_there() -> None:
    assert opencv() is not None


@pytest.mark.parametrize("sited_left", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 2), (37, 53), (90, 700)])
def test_planes_are_doubled_alike(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], sited_left: bool
) -> None:
    planes = [random(shape, 1), random(shape, 2, extreme=True)]
    ours = [doubled(plane, 8, sited_left) for plane in planes]
    without(monkeypatch)
    for plane, made in zip(planes, ours, strict=True):
        np.testing.assert_array_equal(made, doubled(plane, 8, sited_left))


def composed(strength: float, step: float) -> Callable[[Frame, Pixels], list[Frame]]:
    composer = Composer(step, strength)

    def made(frame: Frame, residual: Pixels) -> list[Frame]:
        return [composer(frame, residual), *composer.both(frame, residual)]

    return made


@pytest.mark.parametrize("strength", [0.3, 1.0, 1.5])
@pytest.mark.parametrize("step", [0.5, 1.0, 0.37])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_residuals_are_added_alike(
    monkeypatch: pytest.MonkeyPatch,
    layout: Layout,
    channels: int,
    step: float,
    strength: float,
) -> None:
    shapes = [(51, 83), *[(26, 42)] * (len(layout.plane_sizes(SIZE)) - 1)]
    frames = [
        frame_of([random(s, n, extreme=extreme) for n, s in enumerate(shapes)], layout)
        for extreme in (False, True)
    ]
    codes = [random((102, 166, channels), 9, extreme=e) for e in (False, True)]
    made = composed(strength, step)
    ours = [made(frame, code) for frame in frames for code in codes]
    without(monkeypatch)
    theirs = [made(frame, code) for frame in frames for code in codes]
    for one, other in zip(chain(*ours), chain(*theirs), strict=True):
        for a, b in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(a, b)
