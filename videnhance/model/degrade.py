"""What cameras and coders do to a picture: blur, noise, halving, JPEG and x264 coding.

A clip of a panning crop goes through the same steps as a real video, so that the
network learns the coding artefacts of predicted frames too, not of stills only.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.video.coding.recode import recoded

__all__ = ["Degradation", "Luma", "bicubic_halved", "degraded", "drawn"]

Luma = npt.NDArray[np.uint8]
"""One luma plane, H x W."""

# MATLAB's antialiased bicubic at 1/2: Keys' kernel stretched by two, eight taps.
_HALVING = np.array([-3, -9, 29, 111, 111, 29, -9, -3], np.float64) / 256


@dataclass(frozen=True, slots=True)
class Degradation:
    """The parameters that one clip is degraded with."""

    blur_sigma: float
    """Softness of the source, in output pixels; the target is soft too."""
    source_crf: int | None
    """The original itself was coded: x264 at this CRF, before halving; None: clean."""
    bicubic: bool
    """Halved by antialiased bicubic, else by the mean of 2 x 2."""
    noise_sigma: float
    """Sensor noise of the small clip, in grey levels; not in the target."""
    crf: int | None
    """The small clip is coded by x264 at this CRF; None: not coded."""
    preset: str
    jpeg_quality: int | None


def drawn(rng: np.random.Generator) -> Degradation:
    """Draws one degradation from the mix that the default model is trained on."""
    if rng.random() < 0.3:
        return Degradation(0.0, None, rng.random() < 0.7, 0.0, None, "medium", None)
    coded = rng.random()
    return Degradation(
        blur_sigma=float(rng.uniform(0.3, 1.2)) if rng.random() < 0.4 else 0.0,
        source_crf=int(rng.integers(16, 27)) if rng.random() < 0.4 else None,
        bicubic=bool(rng.random() < 0.15),
        noise_sigma=float(rng.uniform(0, 4)) if rng.random() < 0.25 else 0.0,
        crf=int(rng.integers(17, 31)) if coded < 0.55 else None,
        preset=str(rng.choice(["veryfast", "medium"])),
        jpeg_quality=int(rng.integers(55, 96)) if coded > 0.95 else None,
    )


def bicubic_halved(luma: Luma) -> Luma:
    """Half size by MATLAB's antialiased bicubic; edges repeat, passes are rounded."""
    out = luma.astype(np.float64)
    for axis in (0, 1):
        moved = np.moveaxis(out, axis, 0)
        padded = np.pad(moved, ((3, 3), (0, 0)), mode="edge")
        count = moved.shape[0] // 2
        taps = [w * padded[i : i + 2 * count : 2] for i, w in enumerate(_HALVING)]
        out = np.clip(np.floor(np.moveaxis(sum(taps), 0, axis) + 0.5), 0, 255)
    return out.astype(np.uint8)


def _area_halved(luma: Luma) -> Luma:
    height, width = luma.shape[0] // 2, luma.shape[1] // 2
    small = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _x264(frames: list[Luma], crf: int, preset: str) -> list[Luma]:
    return recoded(frames, "libx264", {"crf": str(crf), "preset": preset})


def degraded(
    frames: list[Luma], how: Degradation, rng: np.random.Generator
) -> tuple[list[Luma], list[Luma]]:
    """Makes (small inputs, large targets) of clean frames; sides are multiples of 4."""
    if how.blur_sigma:
        frames = [
            np.asarray(cv2.GaussianBlur(f, (0, 0), how.blur_sigma), np.uint8)
            for f in frames
        ]
    targets = frames
    if how.source_crf is not None:
        targets = frames = _x264(frames, how.source_crf, how.preset)
    small = [bicubic_halved(f) if how.bicubic else _area_halved(f) for f in frames]
    if how.noise_sigma:
        small = [_noisy(f, how.noise_sigma, rng) for f in small]
    if how.crf is not None:
        small = _x264(small, how.crf, how.preset)
    elif how.jpeg_quality is not None:
        small = [_jpeg(f, how.jpeg_quality) for f in small]
    return small, targets


def _noisy(luma: Luma, sigma: float, rng: np.random.Generator) -> Luma:
    noisy = luma + rng.normal(0, sigma, luma.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _jpeg(luma: Luma, quality: int) -> Luma:
    _, coded = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
