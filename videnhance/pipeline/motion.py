"""Motion between two small frames, and a residual moved along it.

Dense inverse search flow (Kroeger et al., ECCV 2016) on the small luma, by OpenCV,
which is loaded on first use only: without skipping and fusion nothing needs it.
"""

from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import numpy.typing as npt

from videnhance.frame import Pixels
from videnhance.system.optional import optional

__all__ = [
    "FULL_TRUST",
    "Motion",
    "analysed",
    "blended",
    "load_opencv",
    "moved",
    "weights",
]

_Places = npt.NDArray[np.float32]
Weights = npt.NDArray[np.uint8]
"""Trust in the moved residual for each pixel: 0 none, FULL_TRUST full."""

FULL_TRUST = 128
"""Seven bits: a difference of codes times a weight stays within int16."""
_SMALLEST = 32
"""Frames with a shorter side are too small for the flow's pyramid."""
_STRIP = 32
_BLUR = 7
_TRUSTED, _REFUSED = 6.0, 14.0
"""Warp errors, in grey levels: trusted up to the first, not at all from the second."""
_EXPLAINED = 2.0
"""Mean warp error, in grey levels, up to which a cell does without the network."""
_CUT_SHARE = 0.6
"""Share of the cells that are unexplained at a scene cut."""
_CUT_ERROR = 12.0
"""Mean warp error over the frame at a scene cut, in grey levels."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How the last frame leads to this one."""

    flow: npt.NDArray[np.float32] = field(repr=False)
    """H x W x 2: where each pixel was in the last frame, relative, in pixels (x, y)."""
    trust: Weights = field(repr=False)
    """H x W."""
    explained: npt.NDArray[np.bool_]
    """Cells, rows x columns, that the moved last frame matches."""
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


def _gray(pixels: Pixels) -> Pixels:
    """The luma plane: the only channel, or the green one, which is most of it."""
    return np.ascontiguousarray(pixels[..., pixels.shape[2] // 2])


def analysed(last: Pixels, seen: Pixels, cell: int, fine: bool) -> Motion:
    """The motion from `last` to `seen` (H x W x C), judged in cells of `cell` pixels.

    `fine` flow costs twice as much; it pays where the residual stands on motion alone.
    """
    cv2 = load_opencv()
    before, now = _gray(last), _gray(seen)
    flow = _flow(cv2, before, now=now, fine=fine)
    warped = cv2.remap(
        before, *_maps(flow, 1), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    error = cv2.boxFilter(cv2.absdiff(warped, now), -1, (_BLUR, _BLUR))
    means = _cell_means(error, cell)
    explained = means <= _EXPLAINED
    cut = bool(error.mean() > _CUT_ERROR and np.mean(~explained) > _CUT_SHARE)
    ramp = np.clip((_REFUSED - np.arange(256)) / (_REFUSED - _TRUSTED), 0, 1)
    trust = cv2.LUT(error, np.rint(FULL_TRUST * ramp).astype(np.uint8))
    return Motion(flow, trust, explained, cut)


def _flow(
    cv2: ModuleType, before: Pixels, *, now: Pixels, fine: bool
) -> npt.NDArray[np.float32]:
    if min(now.shape) < _SMALLEST:
        return np.zeros((*now.shape, 2), np.float32)
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    if fine:
        search.setFinestScale(1)
        search.setPatchStride(6)
    flow: npt.NDArray[np.float32] = search.calc(now, before, None)
    return flow


def _cell_means(error: Pixels, cell: int) -> npt.NDArray[np.float64]:
    rows = np.arange(0, error.shape[0], cell)
    columns = np.arange(0, error.shape[1], cell)
    sums = np.add.reduceat(error, rows, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns, axis=1)
    heights = np.diff(rows, append=error.shape[0])
    widths = np.diff(columns, append=error.shape[1])
    means: npt.NDArray[np.float64] = sums / (heights[:, None] * widths[None, :])
    return means


def _maps(
    flow: npt.NDArray[np.float32], scale: int, *, top: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Where to look, x and y for OpenCV's `remap`, at `scale` times the flow's size.

    The flow's first row is row `top` of the frame.
    """
    height, width = flow.shape[:2]
    x = flow[..., 0] * np.float32(scale)
    x += np.arange(0, scale * width, scale, dtype=np.float32)
    y = flow[..., 1] * np.float32(scale)
    y += np.arange(top, top + height, dtype=np.float32)[:, None] * np.float32(scale)
    if scale == 1:
        return x, y
    return _spread(x, scale, axis=1), _spread(y, scale, axis=0)


def _spread(places: npt.NDArray[np.float32], scale: int, *, axis: int) -> _Places:
    """Each place becomes scale x scale; neighbours along `axis` are 1 further on."""
    height, width = places.shape
    out = np.empty((scale * height, scale * width), np.float32)
    for n in range(scale * scale):
        offsets = divmod(n, scale)
        corner = out[offsets[0] :: scale, offsets[1] :: scale]
        np.add(places, np.float32(offsets[axis]), out=corner)
    return out


def moved(
    residual: Pixels, motion: Motion, scale: int, rows: tuple[int, int] | None = None
) -> Pixels:
    """The residual (sH x sW x C codes) of the last frame, where its pixels are now.

    `rows` (first, and one after the last) of the motion alone give that band of it.
    """
    cv2 = load_opencv()
    first, last = rows or (0, motion.flow.shape[0])
    out: Pixels = cv2.remap(
        residual,
        *_maps(motion.flow[first:last], scale, top=first),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return out.reshape(scale * (last - first), *residual.shape[1:])


def weights(
    motion: Motion,
    share: Weights,
    cell: int,
    scale: int,
    rows: tuple[int, int] | None = None,
) -> Weights:
    """Trust times a share (0..FULL_TRUST) for each cell, at `scale` times the size.

    `rows` are as in `moved`.
    """
    height, width = motion.trust.shape
    band = slice(*(rows or (0, height)))
    spread = share.repeat(cell, axis=0)[band].repeat(cell, axis=1)[:, :width]
    small = (motion.trust[band].astype(np.uint16) * spread) // FULL_TRUST
    out = small.astype(np.uint8)
    return out.repeat(scale, axis=0).repeat(scale, axis=1)


def blended(ours: Pixels, theirs: Pixels, weight: Weights) -> None:
    """Draws `ours` (H x W x C codes) towards `theirs` by weight / FULL_TRUST."""
    for top in range(0, ours.shape[0], _STRIP):
        rows = slice(top, top + _STRIP)
        difference = theirs[rows].astype(np.int16)
        difference -= ours[rows]
        difference *= weight[rows, :, None]
        difference += FULL_TRUST // 2
        difference //= FULL_TRUST
        difference += ours[rows]
        ours[rows] = difference
