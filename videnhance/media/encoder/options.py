"""Chooses the options of an encoder: quality, speed, HDR, and those of the user."""

from collections.abc import Mapping
from difflib import get_close_matches

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from videnhance.errors import UsageError, printable
from videnhance.frame import VideoInfo
from videnhance.media.encoder.encoding import DEFAULT_PRESET, Encoding, quietened
from videnhance.media.encoder.mastering import light_notice, params_name, with_light
from videnhance.media.encoder.rates import rate_options
from videnhance.media.encoder.storage import Stored
from videnhance.media.layout import has_alpha

__all__ = ["encoder_options", "speed_options"]

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
    _check_options(context, encoding, known)
    options = speed_options(encoding, known, notices)
    if codec.startswith("libvpx") and has_alpha(stored.pix_fmt):
        options["auto-alt-ref"] = "0"  # its hidden frames have no place for opacity
    options |= rate_options(encoding, notices)
    options |= _theirs(encoding, options)
    lost = light_notice(codec, info.light)
    if lost:
        notices.append(lost)
    name = params_name(codec)
    if name is not None:
        params = with_light(codec, info.light, options.get(name, ""))
        options |= {name: params} if params else {}
    return quietened(options, codec)


def speed_options(
    encoding: Encoding, known: Mapping[str, bool], notices: list[str]
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
    context: CodecContext, encoding: Encoding, known: dict[str, bool]
) -> None:
    for name in encoding.options:
        if name in _OWNED:
            raise UsageError(f"-e {name} is not for the encoder: use {_OWNED[name]}")
        if name not in known and hasattr(context, "supported_options"):
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{encoding.codec} has no option {printable(name)}{hint}")
