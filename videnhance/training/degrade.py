"""What cameras and coders do to a picture: blur, noise, halving, JPEG, video coding.

A clip of a panning crop goes through the same steps as a real video, so that the
network learns the coding artefacts of predicted frames too, not of stills only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.media.encoder.encoder_trial import recoded

__all__ = [
    "CODECS",
    "HALVING",
    "Coding",
    "Degradation",
    "Luma",
    "Mix",
    "bicubic_halved",
    "degraded",
    "drawn",
    "sharpened",
]

Luma = npt.NDArray[np.uint8]
"""One luma plane, H x W."""

HALVING = np.array([-3, -9, 29, 111, 111, 29, -9, -3], np.float64) / 256
"""MATLAB's antialiased bicubic at 1/2: Keys' kernel stretched by two, eight taps."""


class Mix(Enum):
    """What the degradations of a training set are drawn from."""

    FIDELITY = "fidelity"
    """Antialiased bicubic halving only: what the benchmark tables use."""
    REAL = "real"
    """What real video is: a fifth clean, the rest blurred, noisy, coded."""
    RESTORE = "restore"
    """Strong: noise and low bit rates, never clean."""
    LOOK = "look"
    """Both, a tenth of it strong, from originals that are sharpened a little."""


@dataclass(frozen=True, slots=True)
class Coding:
    """One pass through a video coder."""

    codec: str
    """A key of CODECS."""
    quality: int
    """CRF; for `mpeg4` the quantizer."""
    fast: bool = False
    """With a coarser preset."""

    @property
    def options(self) -> dict[str, str]:
        """For FFmpeg's encoder."""
        return CODECS[self.codec](str(self.quality), self.fast)


def _x264(quality: str, fast: bool) -> dict[str, str]:
    # x264's fast arithmetic for its tree of blocks differs from run to run.
    same = "cpu-independent=1"
    preset = "veryfast" if fast else "medium"
    return {"crf": quality, "preset": preset, "x264-params": same}


def _x265(quality: str, fast: bool) -> dict[str, str]:
    alone = "log-level=none:pools=none:frame-threads=1"
    preset = "ultrafast" if fast else "fast"
    return {"crf": quality, "preset": preset, "x265-params": alone}


def _vp9(quality: str, fast: bool) -> dict[str, str]:
    return {"crf": quality, "b": "0", "cpu-used": "7" if fast else "4"}


def _mpeg4(quality: str, fast: bool) -> dict[str, str]:
    search = {} if fast else {"mbd": "rd"}
    return {"qmin": quality, "qmax": quality, **search}


CODECS: dict[str, Callable[[str, bool], dict[str, str]]] = {
    "libx264": _x264,
    "libx265": _x265,
    "libvpx-vp9": _vp9,
    "mpeg4": _mpeg4,
}
"""From quality and speed to the options of each encoder."""

# For each codec the share of the coded clips, then the range of its quality: what
# CRF 17 to 30 of x264 looks like.
_CODED = {
    "libx264": (0.64, 17, 31),
    "libx265": (0.14, 18, 32),
    "libvpx-vp9": (0.12, 32, 52),
    "mpeg4": (0.10, 2, 9),
}
_WORSE = {"libx264": 6, "libx265": 6, "libvpx-vp9": 9, "mpeg4": 4}
"""What is added to the quality's range for RESTORE."""
_SHARPENED = 0.4
"""Amount of the unsharp mask of sharp targets. What is learnt is the mean of what may
have been, which is fainter than each; the eye misses the difference."""
_STRONG_SHARE = 0.1
"""How much of LOOK is degraded as RESTORE is."""
_X265_BLOCK = 64
"""The smallest side that x265 can code."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """The parameters that one clip is degraded with."""

    blur_sigma: float = 0.0
    """Softness of the source, in output pixels; the target is soft too."""
    source: Coding | None = None
    """The original itself was coded so, before halving; None: clean."""
    bicubic: bool = True
    """Halved by antialiased bicubic, else by the mean of 2 x 2."""
    noise_sigma: float = 0.0
    """Sensor noise of the small clip, in grey levels; not in the target."""
    coding: Coding | None = None
    """The small clip is coded so; None: not coded."""
    jpeg_quality: int | None = None
    sharp: bool = False
    """The target is the original before coding of the source, sharpened."""


def drawn(rng: np.random.Generator, mix: Mix = Mix.REAL) -> Degradation:
    """Draws one degradation from a mix."""
    if mix is Mix.FIDELITY:
        return Degradation()
    if mix is Mix.LOOK:
        strong = rng.random() < _STRONG_SHARE
        return replace(_drawn_strong(rng) if strong else _drawn_real(rng), sharp=True)
    return _drawn_strong(rng) if mix is Mix.RESTORE else _drawn_real(rng)


def _drawn_real(rng: np.random.Generator) -> Degradation:
    if rng.random() < 0.2:
        return Degradation(bicubic=bool(rng.random() < 0.4))
    coded = rng.random()
    x264 = Coding("libx264", int(rng.integers(16, 27)), bool(rng.integers(2)))
    return Degradation(
        blur_sigma=float(rng.uniform(0.3, 1.2)) if rng.random() < 0.35 else 0.0,
        source=x264 if rng.random() < 0.5 else None,
        bicubic=bool(rng.random() < 0.15),
        noise_sigma=float(rng.uniform(0, 4)) if rng.random() < 0.2 else 0.0,
        coding=_coding(rng) if coded < 0.55 else None,
        jpeg_quality=int(rng.integers(55, 96)) if coded > 0.95 else None,
    )


def _drawn_strong(rng: np.random.Generator) -> Degradation:
    coded = rng.random() < 0.85
    return Degradation(
        blur_sigma=float(rng.uniform(0.3, 0.8)) if rng.random() < 0.2 else 0.0,
        bicubic=bool(rng.random() < 0.15),
        noise_sigma=float(rng.uniform(1, 8)) if rng.random() < 0.5 else 0.0,
        coding=_coding(rng, _WORSE) if coded else None,
        jpeg_quality=None if coded else int(rng.integers(35, 76)),
    )


def _coding(rng: np.random.Generator, worse: dict[str, int] | None = None) -> Coding:
    names = list(_CODED)
    codec = names[int(rng.choice(len(names), p=[_CODED[n][0] for n in names]))]
    _, best, worst = _CODED[codec]
    more = worse[codec] if worse else 0
    quality = int(rng.integers(best + more, worst + more))
    return Coding(codec, quality, bool(rng.integers(2)))


def bicubic_halved(luma: Luma) -> Luma:
    """Half size by MATLAB's antialiased bicubic; edges repeat, passes are rounded."""
    out = luma.astype(np.float64)
    for axis in (0, 1):
        moved = np.moveaxis(out, axis, 0)
        padded = np.pad(moved, ((3, 3), (0, 0)), mode="edge")
        count = moved.shape[0] // 2
        taps = [w * padded[i : i + 2 * count : 2] for i, w in enumerate(HALVING)]
        out = np.clip(np.floor(np.moveaxis(sum(taps), 0, axis) + 0.5), 0, 255)
    return out.astype(np.uint8)


def _area_halved(luma: Luma) -> Luma:
    height, width = luma.shape[0] // 2, luma.shape[1] // 2
    small = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _coded(frames: list[Luma], how: Coding) -> list[Luma]:
    if how.codec == "libx265" and min(frames[0].shape) < _X265_BLOCK:
        # It writes past its buffers and aborts the process; x264 stands in.
        how = Coding("libx264", how.quality, how.fast)
    return recoded(frames, how.codec, options=how.options)


def degraded(
    frames: list[Luma], how: Degradation, *, rng: np.random.Generator
) -> tuple[list[Luma], list[Luma]]:
    """Makes (small inputs, large targets) of clean frames; sides are multiples of 4."""
    if how.blur_sigma:
        frames = [
            np.asarray(cv2.GaussianBlur(f, (0, 0), how.blur_sigma), np.uint8)
            for f in frames
        ]
    targets = originals = frames
    if how.source is not None:
        targets = frames = _coded(frames, how.source)
    small = [bicubic_halved(f) if how.bicubic else _area_halved(f) for f in frames]
    if how.noise_sigma:
        small = [_noisy(f, how.noise_sigma, rng=rng) for f in small]
    if how.coding is not None:
        small = _coded(small, how.coding)
    elif how.jpeg_quality is not None:
        small = [_jpeg(f, how.jpeg_quality) for f in small]
    if how.sharp:
        targets = [_rounded(sharpened(f, _SHARPENED)) for f in originals]
    return small, targets


def sharpened(luma: npt.NDArray[Any], amount: float) -> npt.NDArray[np.float32]:
    """An unsharp mask of an H x W plane, at a radius (sigma) of one pixel."""
    wide = luma.astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(wide, (0, 0), 1.0), np.float32)
    return wide + np.float32(amount) * (wide - soft)


def _rounded(plane: npt.NDArray[np.floating]) -> Luma:
    rounded: Luma = np.clip(np.rint(plane), 0, 255).astype(np.uint8)
    return rounded


def _noisy(luma: Luma, sigma: float, *, rng: np.random.Generator) -> Luma:
    return _rounded(luma + rng.normal(0, sigma, luma.shape))


def _jpeg(luma: Luma, quality: int) -> Luma:
    _, coded = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
