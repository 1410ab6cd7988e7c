"""Chooses the options of an encoder: quality, speed, HDR, and those of the user.

`--crf`, one number, becomes what each encoder is told. The defaults aim at what libx264
gives at CRF 18: hard to tell from its source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from videnhance.errors import UsageError, printable
from videnhance.frame import Light, VideoInfo
from videnhance.media.encoder.colours import light_notice, params_name, with_light
from videnhance.media.encoder.encoding import DEFAULT_PRESET, Encoding, quietened
from videnhance.media.encoder.storage import Stored
from videnhance.media.layout import has_alpha
from videnhance.system.processor import has_avx512

__all__ = ["encoder_options", "parameters_of", "rate_options", "speed_options"]

_WITH_NAMES = ("libx264", "libx264rgb", "libx265")
"""Have `crf` and `preset` in every version, also where PyAV cannot list options."""
_USUAL = {
    # Each frame by itself, in parts with checksums: a damaged byte costs one part.
    # Their number is FFmpeg's choice: with one that is given, many sizes do not open.
    "ffv1": {"level": "3", "g": "1", "slicecrc": "1"},
    "libsvtav1": {"preset": "8"},
    "libvpx": {"deadline": "good", "cpu-used": "4"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libx264": {"preset": DEFAULT_PRESET},
    "libx264rgb": {"preset": DEFAULT_PRESET},
    "libx265": {"preset": "fast"},
}
_DEADLINES = ("best", "good", "realtime")
_OWNED = {
    **dict.fromkeys(("video_size", "s"), "--scale"),
    **dict.fromkeys(("pixel_format", "pix_fmt"), "--pix-fmt"),
    "time_base": "nothing: times are the source's",
    **dict.fromkeys(
        ("color_range", "colorspace", "color_primaries", "color_trc", "aspect"),
        "nothing: it is the source's",
    ),
}
"""What would make another picture than the one that was announced."""
_BY_X264 = ("libx264", "libx264rgb")
_AVX2 = "asm=AVX2,FMA3,BMI2,LZCNT"
_Options = dict[str, str]


def encoder_options(
    context: VideoCodecContext,
    info: VideoInfo,
    encoding: Encoding,
    stored: Stored,
    notices: list[str],
) -> dict[str, str]:
    """Every option that the encoder is opened with; the user's win.

    Raises UsageError for one that it does not have, or that would change the picture.
    """
    known, codec = _known_options(context), encoding.codec
    _check_options(context, encoding, known=known)
    options = speed_options(encoding, known, notices=notices)
    if codec.startswith("libvpx") and has_alpha(stored.pix_fmt):
        options["auto-alt-ref"] = "0"  # its hidden frames have no place for opacity
    options |= rate_options(encoding, notices)
    options |= _theirs(encoding, options)
    lost = light_notice(codec, info.light)
    if lost:
        notices.append(lost)
    name = params_name(codec)
    if name is not None:
        params = parameters_of(codec, info.light, given=options.get(name, ""))
        options |= {name: params} if params else {}
    return quietened(options, codec)


def parameters_of(codec: str, light: Light | None, *, given: str) -> str:
    """The encoder's own parameters: those of `light`, and `given`, which win.

    x264 165 with AVX-512 gives other packets of the same frames from run to run, on one
    thread, too: its macroblock tree does. Without, it is as fast and always the same.
    """
    if codec in _BY_X264 and "asm=" not in given and has_avx512():
        given = f"{_AVX2}:{given}".rstrip(":")
    return with_light(codec, light, given=given)


def speed_options(
    encoding: Encoding, known: Mapping[str, bool], *, notices: list[str]
) -> dict[str, str]:
    """The options that are always set, and those for the preset.

    `known` are the encoder's options, and whether each takes words.
    """
    codec, preset = encoding.codec, encoding.preset
    usual = dict(_USUAL.get(codec, {}))
    if preset is None:
        return usual
    number = preset.lstrip("-").isdigit()
    if "preset" in known:
        if number or known["preset"]:
            return {**usual, "preset": preset}
        words = f"{codec} takes a number as --preset"
    elif codec in ("libvpx", "libvpx-vp9"):
        if number:
            return {**usual, "cpu-used": preset}
        if preset in _DEADLINES:
            return {**usual, "deadline": preset}
        words = f"{codec} takes a number as --preset, or {', '.join(_DEADLINES)}"
    else:
        words = f"{codec} has no preset"
    if preset != DEFAULT_PRESET:
        notices.append(f"{words}: {printable(preset)} is left out")
    return usual


def _known_options(context: CodecContext) -> dict[str, bool]:
    """The encoder's options; whether each takes words, not only numbers."""
    every = getattr(context, "supported_options", None)
    if every is None:  # PyAV 17, the last for Python 3.10, cannot tell
        return {"crf": False, "preset": True} if context.name in _WITH_NAMES else {}
    options = (*every.generic, *every.private)
    return {option.name: option.type.name == "STRING" for option in options}


def _theirs(encoding: Encoding, ours: dict[str, str]) -> dict[str, str]:
    """The user's options; flags that he adds do not take ours away."""
    theirs = dict(encoding.options)
    if theirs.get("flags", "").startswith(("+", "-")):
        theirs["flags"] = ours.get("flags", "") + theirs["flags"]
    return theirs


def _check_options(
    context: CodecContext, encoding: Encoding, *, known: dict[str, bool]
) -> None:
    for name in encoding.options:
        if name in _OWNED:
            raise UsageError(f"-e {name} is not for the encoder: use {_OWNED[name]}")
        if name not in known and hasattr(context, "supported_options"):
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{encoding.codec} has no option {printable(name)}{hint}")


@dataclass(frozen=True, slots=True)
class _Scale:
    """The range of an encoder's quality, lower is better, and what it is set by."""

    lowest: int
    highest: int
    default: int
    options: Callable[[int], _Options]


def _crf(value: int) -> _Options:
    return {"crf": str(value)}


def _amf(value: int) -> _Options:
    return {"rc": "cqp", "qp_i": str(value), "qp_p": str(value)}


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
# x265 20, SVT-AV1 26 and VP9 28 have the luma PSNR of x264 18 at the presets above:
# 46.5 to 46.9 dB as mean of three clips at 720p.
_SCALES = {
    "libsvtav1": _Scale(1, 63, 26, _crf),
    # VP8 knows crf only below a bit rate; to VP9 without b=0 it is only a lower bound.
    "libvpx": _Scale(4, 63, 10, lambda crf: {**_crf(crf), "b": "200M"}),
    "libvpx-vp9": _Scale(0, 63, 28, lambda crf: {**_crf(crf), "b": "0"}),
    "libwebp": _WEBP,
    "libwebp_anim": _WEBP,
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": _Scale(0, 51, 20, _crf),
    # Its quantizer goes to 255.
    "av1_amf": _Scale(0, 51, 20, lambda crf: _amf(round(crf * 255 / 51))),
    **dict.fromkeys(_QUANTIZED, _Scale(0, 51, 18, _quantizer)),
}
_HARDWARE_SCALES = {
    "amf": _Scale(0, 51, 20, _amf),
    "nvenc": _Scale(1, 51, 19, lambda cq: {"rc": "vbr", "cq": str(cq), "b": "0"}),
    "qsv": _Scale(1, 51, 20, lambda quality: {"global_quality": str(quality)}),
    # Higher is better, to 100; 65 is its usual one.
    "videotoolbox": _Scale(0, 50, 18, lambda crf: _qscale(100 - 2 * crf)),
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
