"""What mp4 and mov mean to people: a video that every player shows.

Browsers, phones and TVs decode 4:2:0 alone: H.264 of 8 bits, HEVC of 8 and 10 bits.
"""

from dataclasses import replace

import av

from videnhance.frame import Family, Layout, VideoInfo
from videnhance.media.containers import container_named
from videnhance.media.encoder.encoding import Encoding, video_encoder
from videnhance.media.encoder.formats import stored_format
from videnhance.media.layout import chroma_shift, delivered_layout

__all__ = ["playable"]

_DEPTHS = {"h264": 8, "hevc": 10}
"""Bits a sample that players know, by FFmpeg's name of the codec."""
_HDR = (16, 18)
"""FFmpeg's numbers of the transfers PQ and HLG: in 8 bits they show bands."""
_HDR_CODEC = "libx265"
_RGB_CODEC = "libx264rgb"


def playable(
    encoding: Encoding, info: VideoInfo, container: str
) -> tuple[Encoding, str | None]:
    """The encoding as `container` (FFmpeg's name) promises it, and what is to be told.

    Who names a pixel format, a profile or an encoder for other uses gets it as it is.
    """
    if not container_named(container).plays_everywhere or _knows_better(encoding):
        return encoding, None
    chosen, layout = _encoder(encoding, info), info.layout.opaque
    codec = video_encoder(chosen.codec).canonical_name
    if codec not in _DEPTHS:
        return encoding, None
    depth = _depth(codec, info)
    wanted = delivered_layout("yuv420p" if depth == 8 else f"yuv420p{depth}le")
    words = []
    if layout.name != wanted.name:
        name, _ = stored_format(wanted, chosen.codec, None)
        words = _losses(layout, name, plays=depth <= _DEPTHS[codec])
        chosen = replace(chosen, pix_fmt=name)
    if chosen.codec != encoding.codec:
        words.insert(0, f"HDR is encoded by {chosen.codec}: {_few(encoding, 10)}")
    elif depth > _DEPTHS[codec]:
        words.append(f"{_few(encoding, depth)}; -c {_HDR_CODEC} is known to more")
    elif depth < min(layout.depth, _DEPTHS["hevc"]):
        words.append(f"-c {_HDR_CODEC} keeps {_DEPTHS['hevc']} bits")
    return chosen, "; ".join(words) or None


def _few(encoding: Encoding, depth: int) -> str:
    return f"few players show the {depth} bits of {encoding.codec}"


def _knows_better(encoding: Encoding) -> bool:
    """Whether the user asks for what only some players show."""
    options = encoding.options
    lossless = encoding.codec == "libx264" and (
        "0" in (str(encoding.crf), options.get("crf"), options.get("qp"))
    )
    named = encoding.pix_fmt is not None or "profile" in options
    return named or lossless or encoding.codec == _RGB_CODEC


def _encoder(encoding: Encoding, info: VideoInfo) -> Encoding:
    """The encoding with a codec that has 10 bits in players, if HDR needs them."""
    # Options of the encoder are those of the one that is the default.
    free = encoding.by_default and not encoding.options
    if not free or not _is_deep_hdr(info) or _HDR_CODEC not in av.codecs_available:
        return encoding
    return replace(encoding, codec=_HDR_CODEC)


def _is_deep_hdr(info: VideoInfo) -> bool:
    return info.tags.transfer in _HDR and info.layout.depth > _DEPTHS["h264"]


def _depth(codec: str, info: VideoInfo) -> int:
    if info.layout.depth == 8:
        return 8
    return _DEPTHS["hevc"] if _is_deep_hdr(info) else _DEPTHS[codec]


def _losses(layout: Layout, name: str, *, plays: bool) -> list[str]:
    """That samples become fewer or shorter; grey loses nothing as 4:2:0."""
    form = av.VideoFormat(name)
    bits = form.components[0].bits
    pairs = zip(chroma_shift(form), layout.chroma_shift, strict=True)
    coarser = any(after > before for after, before in pairs)
    if bits >= layout.depth and (layout.family is Family.GRAY or not coarser):
        return []
    kind = "RGB" if layout.family is Family.RGB else layout.name
    depth = f", {layout.depth} bits as {bits}" if bits < layout.depth else ""
    why = ", which plays everywhere" if plays else ""
    return [f"{kind} is stored as {name}{depth}{why}; --pix-fmt source keeps more"]
