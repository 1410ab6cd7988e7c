"""Turns `--crf`, one number, into the options of each encoder.

The defaults aim at what libx264 gives at CRF 18: hard to tell from its source.
"""

from collections.abc import Callable
from dataclasses import dataclass

from videnhance.errors import UsageError
from videnhance.media.encoder.encoding import Encoding

__all__ = ["rate_options"]

_Options = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Scale:
    """The range of an encoder's quality, lower is better, and what it is set by."""

    lowest: int
    highest: int
    default: int
    options: Callable[[int], _Options]


def _crf(value: int) -> _Options:
    return {"crf": str(value)}


def _constant_crf(value: int) -> _Options:
    return {"crf": str(value), "b": "0"}  # without b=0 the crf is only a lower bound


def _capped_crf(value: int) -> _Options:
    return {"crf": str(value), "b": "200M"}  # VP8 knows crf only below a bit rate


def _nvenc(value: int) -> _Options:
    return {"rc": "vbr", "cq": str(value), "b": "0"}


def _qsv(value: int) -> _Options:
    return {"global_quality": str(value)}


def _amf(value: int) -> _Options:
    return {"rc": "cqp", "qp_i": str(value), "qp_p": str(value)}


def _amf_av1(value: int) -> _Options:
    return _amf(round(value * 255 / 51))  # its quantizer goes to 255


def _videotoolbox(value: int) -> _Options:
    return _qscale(100 - 2 * value)  # higher is better, to 100; 65 is its usual one


def _quantizer(value: int) -> _Options:
    """The quantizer doubles every 6 steps like that of H.264, and is 2 at 18."""
    return _qscale(min(max(2 ** ((value - 12) / 6), 2.0), 31.0))


def _qscale(value: float) -> _Options:
    units = 118  # FFmpeg's lambda units
    return {"flags": "+qscale", "global_quality": str(round(units * value))}


def _webp(value: int) -> _Options:
    if value == 0:
        return {"lossless": "1"}
    return {"lossless": "0", "quality": str(100 - value)}


_X264 = _Scale(0, 51, 18, _crf)
_WEBP = _Scale(0, 100, 10, _webp)
_QUANTIZED = (
    *("flv", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "msmpeg4v2"),
    *("h261", "h263", "h263p", "rv10", "rv20", "wmv1", "wmv2"),
)
# x265 20, SVT-AV1 26 and VP9 28 have the luma PSNR of x264 18 at the presets below:
# 46.5 to 46.9 dB as mean of three clips at 720p.
_SCALES = {
    "libsvtav1": _Scale(1, 63, 26, _crf),
    "libvpx": _Scale(4, 63, 10, _capped_crf),
    "libvpx-vp9": _Scale(0, 63, 28, _constant_crf),
    "libwebp": _WEBP,
    "libwebp_anim": _WEBP,
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": _Scale(0, 51, 20, _crf),
    "av1_amf": _Scale(0, 51, 20, _amf_av1),
    **dict.fromkeys(_QUANTIZED, _Scale(0, 51, 18, _quantizer)),
}
_HARDWARE_SCALES = {
    "amf": _Scale(0, 51, 20, _amf),
    "nvenc": _Scale(1, 51, 19, _nvenc),
    "qsv": _Scale(1, 51, 20, _qsv),
    "videotoolbox": _Scale(0, 50, 18, _videotoolbox),
}
_LOSSLESS = (
    *("apng", "bmp", "ffv1", "ffvhuff", "huffyuv", "magicyuv", "png", "qoi", "qtrle"),
    *("r210", "rawvideo", "tiff", "utvideo", "v210", "v410", "zlib", "zmbv"),
)
_RATE_WORDS = frozenset(("b", "qp", "qp_i", "qp_p", "qvbr_quality_level", "rc"))
"""Options for another kind of quality: one of them given, ours would contradict it."""


def _scale_of(codec: str) -> _Scale | None:
    return _SCALES.get(codec) or _HARDWARE_SCALES.get(codec.rpartition("_")[2])


def rate_options(encoding: Encoding, notices: list[str]) -> _Options:
    """The options for the quality. Raises UsageError for a crf out of range."""
    if _RATE_WORDS & set(encoding.options):
        return {}
    codec, scale = encoding.codec, _scale_of(encoding.codec)
    if scale is None:
        if encoding.crf is not None:
            why = "is lossless" if codec in _LOSSLESS else "has no quality to choose"
            notices.append(f"{codec} {why}: --crf is left out")
        return {}
    crf = scale.default if encoding.crf is None else encoding.crf
    if not scale.lowest <= crf <= scale.highest:
        raise UsageError(
            f"--crf {crf} is not possible with {codec}; use {scale.lowest} (best) to "
            f"{scale.highest}"
        )
    return scale.options(crf)
