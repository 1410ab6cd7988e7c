"""How fast an encoder works: one word or number, in the options of each."""

from collections.abc import Mapping

from videnhance.errors import printable
from videnhance.media.encoder.encoding import DEFAULT_PRESET, Encoding

__all__ = ["speed_options"]

_SPEEDS: Mapping[str, dict[str, str]] = {
    "libsvtav1": {"preset": "8"},
    "libvpx": {"deadline": "good", "cpu-used": "4"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "row-mt": "1"},
    "libx264": {"preset": DEFAULT_PRESET},
    "libx264rgb": {"preset": DEFAULT_PRESET},
    "libx265": {"preset": "fast"},
}
_DEADLINES = ("best", "good", "realtime")


def speed_options(
    encoding: Encoding, known: Mapping[str, bool], notices: list[str]
) -> dict[str, str]:
    """The options for the preset.

    `known` are the encoder's options, and whether each takes words.
    """
    codec, preset = encoding.codec, encoding.preset
    usual = dict(_SPEEDS.get(codec, {}))
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
