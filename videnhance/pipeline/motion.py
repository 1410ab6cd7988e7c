"""Motion between two small frames, and a residual moved along it.

Dense inverse search flow (Kroeger et al., ECCV 2016) by OpenCV, which is loaded on
first use only: without skipping and fusion nothing needs it. It is looked for in the
luma at half the size, which costs a fifth and, where it is spread smoothly, loses next
to nothing.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from videnhance.frame import ZERO_CODE, Pixels
from videnhance.system.optional import optional

__all__ = [
    "Motion",
    "analysed",
    "fused",
    "load_opencv",
    "moved",
    "single_threaded_opencv",
]

_Floats = npt.NDArray[np.float32]
_HALF = 2
_SMALLEST = 32
"""Half frames with a shorter side are too small for the flow's pyramid."""
_FINEST, _STRIDE = 1, 6
"""Of the flow: the finest level of its pyramid, and pixels between its patches."""
_BLUR = 3
_REFUSED = 10.0
"""Warp error, in grey levels, from which what is moved is not trusted."""
_NOWHERE = -1e6
"""Such a place is beyond the frame, and so are all between it and any other."""
_NOISIEST = 3.0
"""Grey levels of warp error that may be the noise of the source, and are forgiven."""
_QUIET = 25
"""Percentile of the cells whose warp error is taken for noise."""
_WORST = 12.0
"""Grey levels from which one warp error is as harmful as another."""
_EXPLAINED = 2.0
"""Mean warp error, in grey levels, up to which a cell is explained."""
_CUT_SHARE = 0.6
"""Share of the cells that are unexplained at a scene cut."""
_CUT_ERROR = 12.0
"""Mean warp error over the frame at a scene cut, in grey levels."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How the last frame (H x W) leads to this one, at half its size, rounded up."""

    flow: _Floats = field(repr=False)
    """h x w x 2: where it was in the last frame, relative, in half pixels (x, y)."""
    refused: Pixels = field(repr=False)
    """h x w: 255 where that is not trusted, and 0."""
    explained: npt.NDArray[np.bool_]
    """Cells, rows x columns, that the moved last frame matches."""
    harm: npt.NDArray[np.float64]
    """For each cell how much a wrong residual would show: the mean of warp error times
    detail, in squared grey levels."""
    cut: bool
    """Nothing leads here: another scene."""


def load_opencv() -> ModuleType:
    """OpenCV, or MissingLibraryError that names what to install."""
    return optional(
        "cv2",
        failure="OpenCV does not load",
        remedy="--skip above 1 and --fuse above 0 need it. Install the system packages "
        "libgl1 and libglib2.0-0, or run with --skip 1 --fuse 0",
    )


def single_threaded_opencv() -> ModuleType:
    """OpenCV, its own threads off, for workers share the cores already.

    Raises MissingLibraryError.
    """
    cv2 = load_opencv()
    cv2.setNumThreads(1)
    return cv2


def _halved(cv2: ModuleType, pixels: Pixels) -> Pixels:
    """Half the luma: the only channel, or the green one, which is most of it."""
    luma = np.ascontiguousarray(pixels[..., pixels.shape[2] // 2])
    height, width = luma.shape
    if height % _HALF or width % _HALF:
        odd = height % _HALF, width % _HALF
        luma = np.pad(luma, ((0, odd[0]), (0, odd[1])), "edge")
    size = luma.shape[1] // _HALF, luma.shape[0] // _HALF
    half: Pixels = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return half


def analysed(last: Pixels, seen: Pixels, cell: int) -> Motion:
    """The motion from `last` to `seen` (H x W x C), judged in cells of `cell` pixels.

    What stands still is left where it is unless moving it fits better: a flow of noise
    would shift it by fractions of a pixel.
    """
    cv2 = load_opencv()
    before, now = _halved(cv2, last), _halved(cv2, seen)
    flow = _flow(cv2, before, now=now)
    warped = cv2.remap(
        before,
        cv2.add(flow, _grid(before.shape, 1.0)),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    still, along = (_error(cv2, other, now) for other in (before, warped))
    stands = cv2.compare(still, along, cv2.CMP_LE)
    cv2.copyTo(np.zeros_like(flow), stands, flow)
    error = cv2.convertScaleAbs(cv2.min(still, along), alpha=1 / _BLUR**2)
    means = _cell_means(error, cell // _HALF)
    noise = min(float(np.percentile(means, _QUIET)), _NOISIEST)
    steps = cv2.absdiff(now, cv2.blur(now, (_BLUR, _BLUR)))
    felt = cv2.LUT(error, _felt(noise))
    harm = _cell_means(cv2.multiply(felt, steps, dtype=cv2.CV_16U), cell // _HALF)
    explained = means <= _EXPLAINED + noise
    cut = bool(error.mean() > _CUT_ERROR and np.mean(~explained) > _CUT_SHARE)
    refused = np.where(error > _REFUSED + noise, 255, 0).astype(np.uint8)
    return Motion(flow, refused, explained, harm, cut)


def _flow(cv2: ModuleType, before: Pixels, *, now: Pixels) -> _Floats:
    if min(now.shape) < _SMALLEST:
        return np.zeros((*now.shape, 2), np.float32)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(_FINEST)
    search.setPatchStride(_STRIDE)
    flow: _Floats = search.calc(now, before, None)
    return flow


def _error(
    cv2: ModuleType, warped: Pixels, now: Pixels
) -> npt.NDArray[np.signedinteger[Any]]:
    """Sums of warp errors around each pixel: means would round small ones to equals."""
    error: npt.NDArray[np.signedinteger[Any]] = cv2.boxFilter(
        cv2.absdiff(warped, now), cv2.CV_16S, (_BLUR, _BLUR), normalize=False
    )
    return error


def _felt(noise: float) -> Pixels:
    """For each warp error, what of it is more than noise."""
    felt: Pixels = np.rint(np.clip(np.arange(256) - noise, 0, _WORST)).astype(np.uint8)
    return felt


def _cell_means(values: npt.NDArray[np.uint8], cell: int) -> npt.NDArray[np.float64]:
    rows = np.arange(0, values.shape[0], cell)
    columns = np.arange(0, values.shape[1], cell)
    sums = np.add.reduceat(values, rows, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns, axis=1)
    heights = np.diff(rows, append=values.shape[0])
    widths = np.diff(columns, append=values.shape[1])
    means: npt.NDArray[np.float64] = sums / (heights[:, None] * widths[None, :])
    return means


@lru_cache(maxsize=8)
def _grid(shape: tuple[int, int], step: float, *, border: int = 0) -> _Floats:
    """Where the middles of these pixels lie (x, y) where each is `step` pixels wide.

    The first `border` of them in each direction lie before the frame.
    """
    grid = np.empty((*shape, 2), np.float32)
    places = (step * (np.arange(n) - border + 0.5) - 0.5 for n in shape)
    grid[..., 1], grid[..., 0] = np.meshgrid(*places, indexing="ij")
    grid.flags.writeable = False
    return grid


def _places(cv2: ModuleType, motion: Motion, scale: int, rows: slice) -> _Floats:
    """Where to look, for OpenCV's `remap`, in a residual of `scale` times the frame.

    For these rows of the flow, and for as many of the residual as they cover.
    """
    step = _HALF * scale
    flow = _bordered(cv2, motion.flow)
    height, width = flow.shape[:2]
    part = slice(rows.start, rows.stop + 2)
    # Places are even along a line, so enlarging them gives those between as well.
    few = flow[part] * np.float32(step)
    few += _grid((height, width), step, border=1)[part]
    few[_bordered(cv2, motion.refused)[part] > 0] = _NOWHERE
    many: _Floats = cv2.resize(few, None, fx=step, fy=step)
    return many[step:-step, step:-step]


def _bordered(cv2: ModuleType, halves: npt.NDArray[Any]) -> npt.NDArray[Any]:
    edge = cv2.BORDER_REPLICATE
    out: npt.NDArray[Any] = cv2.copyMakeBorder(halves, 1, 1, 1, 1, edge)
    return out


def moved(
    residual: Pixels, motion: Motion, scale: int, rows: tuple[int, int] | None = None
) -> Pixels:
    """The residual (sH x sW x C codes) of the last frame, where its pixels are now.

    Nothing where that is not trusted. `rows` (first, and one after the last, of the
    frame, the first even) give that band of it alone.
    """
    cv2 = load_opencv()
    first, last = rows or (0, residual.shape[0] // scale)
    halves = slice(first // _HALF, -(-last // _HALF))
    height, width = scale * (last - first), residual.shape[1]
    out: Pixels = cv2.remap(
        residual,
        _places(cv2, motion, scale, halves)[:height, :width],
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(ZERO_CODE,) * 4,
    )
    return out.reshape(height, *residual.shape[1:])


def fused(
    ours: Pixels, theirs: Pixels, motion: Motion, *, share: float, scale: int
) -> Pixels:
    """Ours (sH x sW x C codes), drawn to the moved residual where that is trusted."""
    cv2 = load_opencv()
    mixed: Pixels = cv2.addWeighted(ours, 1 - share, theirs, share, 0)
    step, (height, width) = _HALF * scale, motion.refused.shape
    # Enlarged as places are: what is partly refused was moved from nowhere.
    refused = cv2.resize(motion.refused, (step * width, step * height))
    refused = refused[: ours.shape[0], : ours.shape[1], None]
    mixed = mixed.reshape(ours.shape)
    np.copyto(mixed, ours, where=refused > 0)
    return mixed
