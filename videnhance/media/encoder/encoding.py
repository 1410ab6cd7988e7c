"""Holds the user's choices for the output's video, and finds encoders by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import av

from videnhance.errors import UsageError, nearest, printable
from videnhance.media.containers import ROWS

__all__ = [
    "DEFAULT_PRESET",
    "SOURCE_FORMAT",
    "Encoding",
    "is_hardware",
    "quietened",
    "software_for",
    "video_encoder",
]

DEFAULT_PRESET = "veryfast"
"""Of libx264: slower ones gain a few per cent, and the network waits for them."""
SOURCE_FORMAT = "source"
"""What is said instead of a pixel format to keep the source's."""

_HARDWARE = ("amf", "mf", "nvenc", "qsv", "v4l2m2m", "vaapi", "videotoolbox", "vulkan")
_SOFTWARE = {
    "av1": "libsvtav1",
    "h264": "libx264",
    "hevc": "libx265",
    "mjpeg": "mjpeg",
    "mpeg2": "mpeg2video",
    "mpeg4": "mpeg4",
    "prores": "prores_ks",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the output's video is encoded, and whether sound comes along."""

    codec: str = "libx264"
    """FFmpeg's name of the encoder, not of the codec: `libvpx-vp9`, not `vp9`."""
    crf: int | None = None
    """Quality on the encoder's own scale, lower is better; None = its default here."""
    preset: str | None = None
    """The encoder's own word or number for its speed; None = a fast one."""
    pix_fmt: str | None = None
    """FFmpeg's name; `source` for what is nearest to the source's; None = that, or
    what plays everywhere where the container promises it."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the encoder by FFmpeg's names; they win over `crf` and `preset`."""
    audio: bool = True
    threads: int | None = None
    """Of the encoder; None = its choice. What libx264 makes depends on it."""
    stamp: str = ""
    """What the output says of its making, where its format has a place for it."""
    by_default: bool = False
    """The codec is the container's default, and HDR may take another."""


def is_hardware(codec: str) -> bool:
    """Whether an encoder of this name needs a device, which may not be there."""
    return codec.rpartition("_")[2] in _HARDWARE


def software_for(codec: str) -> str:
    """The encoder that needs no device and writes what a hardware encoder does."""
    return _SOFTWARE.get(codec.partition("_")[0], "libx264")


def quietened(options: Mapping[str, str], codec: str) -> dict[str, str]:
    """The options of an encoder that writes nothing to the terminal by itself.

    Two do; who opens them tells errors.
    """
    quiet = dict(options)
    if codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")
    if codec == "libx265":
        given = options.get("x265-params", "")
        quiet["x265-params"] = f"log-level=none:{given}".rstrip(":")
    return quiet


def video_encoder(name: str) -> av.Codec:
    """FFmpeg's encoder of this name. Raises UsageError if there is none for video."""
    try:
        encoder = av.Codec(name, "w")
    except ValueError:
        raise UsageError(_unknown(name)) from None
    if encoder.type != "video":
        raise UsageError(
            f"{printable(name)} encodes {encoder.type}, not video: choose libx264, "
            "libx265, libsvtav1, libvpx-vp9 or ffv1"
        )
    return encoder


def _unknown(name: str) -> str:
    words = f"there is no encoder named {printable(name)}"
    words += nearest(name, {*_SOFTWARE.values(), *(row.default_codec for row in ROWS)})
    if is_hardware(name):
        return f"{words} in this build of FFmpeg: use -c {software_for(name)}"
    return f"{words}: choose libx264, libx265, libsvtav1, libvpx-vp9 or ffv1"
