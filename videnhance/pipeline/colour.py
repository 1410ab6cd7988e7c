"""What a model sees of a frame, and its residual back in the frame's own planes.

A luma model sees the luma plane as it is stored; its residual goes onto luma alone, so
colour cannot shift. An RGB model sees RGB made with the frame's own matrix and range.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from videnhance.frame import ZERO_CODE, Family, Frame, Pixels, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.alpha import revealed_planes

__all__ = ["model_input", "plane_residuals"]

Residual = npt.NDArray[np.float32]
"""In 8-bit grey levels, H x W."""


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Weights of red and blue in luma, and code ranges in 8-bit levels."""

    red: float
    blue: float
    luma_offset: float
    luma_range: float
    chroma_range: float

    @property
    def green(self) -> float:
        return 1.0 - self.red - self.blue


# FFmpeg's numbers of the matrices (ITU-T H.273 table 4): bt709, bt470bg, smpte170m,
# smpte240m, bt2020nc, bt2020c. Untagged video is taken for BT.601 as FFmpeg does.
_WEIGHTS = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_WEIGHTS[10] = _WEIGHTS[9]
_BT601 = (0.299, 0.114)


def _matrix_of(frame: Frame) -> _Matrix:
    red, blue = _WEIGHTS.get(frame.tags.matrix, _BT601)
    if frame.tags.full:
        return _Matrix(red, blue, 0.0, 255.0, 255.0)
    return _Matrix(red, blue, 16.0, 219.0, 224.0)


def _eight_bits(plane: Plane, depth: int) -> npt.NDArray[np.uint8]:
    if plane.dtype == np.uint8:
        return plane.astype(np.uint8, copy=False)
    nearest = (plane.astype(np.uint32) + (1 << (depth - 9))) >> (depth - 8)
    eight: npt.NDArray[np.uint8] = np.minimum(nearest, 255).astype(np.uint8)
    return eight


def model_input(channels: int, frame: Frame) -> Pixels:
    """The frame as uint8 H x W x C for a model of 1 (luma) or 3 (RGB) channels.

    Opacity is not seen, and colours that it hides are filled from around them.
    """
    depth = frame.layout.depth
    if channels == 1 and frame.layout.family is not Family.RGB:
        (luma,) = revealed_planes(frame, 1)
        return np.ascontiguousarray(_eight_bits(luma, depth))[..., None]
    colours = len(frame.planes) - frame.layout.alpha
    planes = [_eight_bits(p, depth) for p in revealed_planes(frame, colours)]
    if channels == 1:
        red, blue = _BT601
        r, g, b = (p.astype(np.float32) for p in planes)
        return _rounded(red * r + (1 - red - blue) * g + blue * b)[..., None]
    if frame.layout.family is Family.RGB:
        return np.stack(planes, axis=-1)
    if frame.layout.family is Family.GRAY:
        return np.repeat(planes[0][..., None], 3, axis=2)
    return _to_rgb(frame, planes)


def _rounded(values: Residual) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _to_rgb(frame: Frame, planes: list[npt.NDArray[np.uint8]]) -> Pixels:
    matrix = _matrix_of(frame)
    blue_difference, red_difference = (
        (_spread(p, frame) - np.float32(128)) / matrix.chroma_range for p in planes[1:]
    )
    luma = (planes[0] - np.float32(matrix.luma_offset)) / matrix.luma_range
    red = luma + 2 * (1 - matrix.red) * red_difference
    blue = luma + 2 * (1 - matrix.blue) * blue_difference
    green = (luma - matrix.red * red - matrix.blue * blue) / matrix.green
    return _rounded(255 * np.stack([red, green, blue], axis=-1))


def _spread(chroma: npt.NDArray[np.uint8], frame: Frame) -> Residual:
    """Chroma for each pixel of the frame, linearly between the samples.

    Repeated samples would be edges, which a network sharpens.
    """
    across, down = frame.layout.chroma_shift
    left = frame.layout.sited_left[1]
    size: Size = frame.size
    rows = _between(chroma.astype(np.float32), size.height, shift=down, left=False)
    return _between(rows.T, size.width, shift=across, left=left).T


def _between(samples: Residual, count: int, *, shift: int, left: bool) -> Residual:
    """`count` rows, of samples that stand for 2 ** shift rows each."""
    if not shift:
        return samples[:count]
    step = 1 << shift
    centre = 0.0 if left else (step - 1) / 2
    places = np.clip((np.arange(count) - centre) / step, 0, len(samples) - 1)
    before = places.astype(np.intp)
    after = np.minimum(before + 1, len(samples) - 1)
    share = (places - before).astype(np.float32)[:, None]
    mixed: Residual = samples[before] * (1 - share) + samples[after] * share
    return mixed


def plane_residuals(
    frame: Frame, residual: Pixels, *, scale: int, step: float
) -> list[Residual]:
    """The residual codes of an RGB model (sH x sW x 3), for each plane of the output.

    In 8-bit levels of the plane; chroma is averaged down to the chroma's size.
    """
    levels = (residual.astype(np.float32) - ZERO_CODE) * np.float32(step)
    r, g, b = (levels[..., n] for n in range(3))
    if frame.layout.family is Family.RGB:
        return [r, g, b]
    matrix = _matrix_of(frame)
    luma = matrix.red * r + matrix.green * g + matrix.blue * b
    if frame.layout.family is Family.GRAY:
        return [luma]  # the model saw the stored levels
    shaped = [luma * (matrix.luma_range / 255)]
    for colour, weight in ((b, matrix.blue), (r, matrix.red)):
        chroma = (colour - luma) * (matrix.chroma_range / 255 / (2 * (1 - weight)))
        shaped.append(_averaged(chroma, frame, scale=scale))
    return shaped


def _averaged(chroma: Residual, frame: Frame, *, scale: int) -> Residual:
    """Means of the pixels nearest to each chroma sample; the edge repeats."""
    across, down = (1 << shift for shift in frame.layout.chroma_shift)
    size = frame.planes[1].shape
    rows, columns = size[0] * scale, size[1] * scale
    # A sample that is level with the left of its pixels has as many to its left.
    before = across // 2 if frame.layout.sited_left[1] else 0
    pad_y = rows * down - chroma.shape[0]
    pad_x = columns * across - chroma.shape[1]
    padded = np.pad(chroma, ((0, pad_y), (before, pad_x + 1)), mode="edge")
    blocks = padded.reshape(rows, down, -1).mean(axis=1, dtype=np.float32)
    shifts = (0, 1) if before else (0,)
    means = [
        blocks[:, n : n + columns * across]
        .reshape(rows, columns, across)
        .mean(axis=2, dtype=np.float32)
        for n in shifts
    ]
    mean: Residual = means[0] if len(means) == 1 else (means[0] + means[1]) / 2
    return mean
