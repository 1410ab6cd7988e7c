"""Small synthetic frames, and stand-in upscalers made of numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from videnhance.frame import ColourTags, Family, Frame, Layout, Pixels, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips
from videnhance.pipeline.tiles import ANY_WIDTH
from videnhance.pipeline.upscaler import Bicubic, Upscaler

__all__ = [
    "GRAY",
    "GRAY16",
    "LAYOUTS",
    "RGB",
    "RGB10",
    "TIME_BASE",
    "UPSCALERS",
    "YUV420",
    "YUV420P10",
    "YUV444",
    "Weave",
    "assert_same_frames",
    "doubled_exactly",
    "frame_of",
    "noise",
    "pan",
    "pts_at",
    "texture",
]

GRAY = Layout("gray", Family.GRAY, 8)
GRAY16 = Layout("gray16le", Family.GRAY, 16)
YUV420 = Layout("yuv420p", Family.YUV, 8, (1, 1))
YUV420P10 = Layout("yuv420p10le", Family.YUV, 10, (1, 1))
YUV444 = Layout("yuv444p", Family.YUV, 8)
RGB = Layout("gbrp", Family.RGB, 8)
RGB10 = Layout("gbrp10le", Family.RGB, 10)
LAYOUTS = (GRAY, GRAY16, YUV420, YUV420P10, YUV444, RGB, RGB10)

TIME_BASE = Fraction(1, 12800)


def pts_at(index: int) -> int:
    """Uneven times, so that a time made up from the index is noticed."""
    return 1000 + 512 * index + index % 3 * 7


def frame_of(
    planes: Sequence[Plane],
    layout: Layout,
    index: int = 0,
    tags: ColourTags | None = None,
) -> Frame:
    """The planes as a frame, with a time."""
    time = pts_at(index), TIME_BASE
    return Frame(index, *time, layout, tags or ColourTags(), tuple(planes), 512)


def noise(
    size: Size,
    layout: Layout = GRAY,
    index: int = 0,
    tags: ColourTags | None = None,
) -> Frame:
    """Independent samples of the whole range; each index has its own."""
    random = np.random.default_rng([index, size.width, size.height])
    dtype = np.uint8 if layout.depth == 8 else np.uint16
    planes = [
        random.integers(0, 1 << layout.depth, (s.height, s.width), dtype)
        for s in layout.plane_sizes(size)
    ]
    return frame_of(planes, layout, index, tags)


def texture(size: Size, seed: int = 0) -> Pixels:
    """Smooth blobs of several pixels with strong contrast, H x W."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((size.height, size.width))
    for axis in (0, 1, 0, 1):
        values = np.sum([np.roll(values, n, axis) for n in range(-3, 4)], axis=0)
    values -= values.mean()
    values /= values.std() or 1.0
    return np.clip(128 + 55 * values, 0, 255).astype(np.uint8)


def pan(
    count: int, size: Size, x: int, y: int, layout: Layout = GRAY, seed: int = 0
) -> list[Frame]:
    """A texture that moves by whole pixels: `x` to the right and `y` down a frame."""
    margin = count * max(abs(x), abs(y), 1)
    large = texture(Size(size.width + 2 * margin, size.height + 2 * margin), seed)
    frames = []
    for index in range(count):
        top, left = margin - index * y, margin - index * x
        luma = large[top : top + size.height, left : left + size.width]
        across, down = layout.chroma_shift
        chroma = luma[:: 1 << down, :: 1 << across]
        planes: list[Plane] = [luma, chroma, 255 - chroma]
        if layout.depth > 8:
            shift = np.uint16(layout.depth - 8)
            planes = [p.astype(np.uint16) << shift for p in planes]
        wanted = len(layout.plane_sizes(size))
        frames.append(frame_of([p.copy() for p in planes][:wanted], layout, index))
    return frames


def assert_same_frames(got: Sequence[Frame], wanted: Sequence[Frame]) -> None:
    """Same number, times, layout and samples."""
    assert len(got) == len(wanted)
    for ours, theirs in zip(got, wanted, strict=True):
        assert (ours.index, ours.pts, ours.time_base, ours.duration) == (
            theirs.index,
            theirs.pts,
            theirs.time_base,
            theirs.duration,
        )
        assert ours.layout == theirs.layout
        for plane, other in zip(ours.planes, theirs.planes, strict=True):
            np.testing.assert_array_equal(plane, other)


def doubled_exactly(plane: Plane) -> npt.NDArray[np.float64]:
    """The base of a plane before it is rounded."""
    strips = doubled_strips(plane)
    parts = [fixed.astype(np.float64) / (1 << FRACTION_BITS) for _, fixed in strips]
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class Weave:
    """An integer filter that sees exactly `halo` pixels to each side, and zeros beyond
    the edge; its codes wrap, so one wrong pixel shows.
    """

    channels: int = 1
    halo: int = 6
    step: float = 0.5
    max_row_width: int = ANY_WIDTH
    scale: int = 2

    def at(self, factor: int) -> "Weave":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        """Codes at twice the size."""
        count, height, width, channels = pixels.shape
        far, near = self.halo, self.halo // 2
        around = ((0, 0), (far, far), (far, far), (0, 0))
        padded = np.pad(pixels, around).astype(np.int32)
        taps = [(y, x) for y in (-far, near, far) for x in (-far, -near, far)]
        parts = [
            padded[:, far + y : far + y + height, far + x : far + x + width]
            for y, x in [*taps, (0, 0)]
        ]
        out = np.empty((count, 2 * height, 2 * width, channels), np.uint8)
        for phase in range(4):
            total = sum(
                part * (3 + 2 * ((number + phase) % len(parts)))
                for number, part in enumerate(parts)
            )
            out[:, phase // 2 :: 2, phase % 2 :: 2] = total & 255
        return out


UPSCALERS: list[Upscaler] = [
    Bicubic(),
    Bicubic(channels=3),
    Weave(),
    Weave(channels=3, halo=3, step=0.25),
    Weave(max_row_width=96),
    Weave(halo=0, step=1.0),
]
"""Everything that `tests.test_pipeline_enhance.UpscalerContract` holds for."""
