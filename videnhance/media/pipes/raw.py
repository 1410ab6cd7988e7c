"""Video without a container: y4m headers, and the shape of bare samples."""

from dataclasses import dataclass
from fractions import Fraction

import av

from videnhance.errors import UsageError, printable
from videnhance.frame import Family, Layout, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.layout import delivered_layout, is_pixel_format, native_layout

__all__ = ["RawShape", "y4m_header", "y4m_layout"]

_SUBSAMPLED = {(1, 1): "420", (1, 0): "422", (0, 0): "444", (2, 0): "411"}
_DEEP_SUBSAMPLED = ((1, 1), (1, 0), (0, 0))
_DEPTHS = (8, 9, 10, 12, 14, 16)


@dataclass(frozen=True, slots=True)
class RawShape:
    """What headerless samples are: nothing in them says so."""

    size: Size
    pix_fmt: str
    """As FFmpeg names it, for example `yuv420p` or `rgb24`."""
    rate: Fraction = Fraction(25)
    """Frames a second."""

    def __post_init__(self) -> None:
        if not is_pixel_format(self.pix_fmt):
            raise UsageError(
                f"--raw-format {printable(self.pix_fmt)} is no pixel format: "
                "write one of FFmpeg's, as yuv420p or rgb24"
            )
        if not av.VideoFormat(self.pix_fmt).components:
            raise UsageError(f"--raw-format {self.pix_fmt} has no pixels in memory")
        if self.rate <= 0:
            raise UsageError(f"--rate {self.rate} is no rate: write 25 or 30000/1001")


def y4m_layout(layout: Layout) -> Layout:
    """What frames of this layout are written in: y4m has no RGB and no opacity."""
    bare = layout.opaque
    depth = min(d for d in _DEPTHS if d >= bare.depth)
    if bare.family is Family.GRAY and bare.depth == depth:
        return bare
    known = _SUBSAMPLED if depth == 8 else _DEEP_SUBSAMPLED
    if bare.family is Family.YUV and bare.depth == depth and bare.chroma_shift in known:
        return bare
    found = native_layout("yuv444p" if depth == 8 else f"yuv444p{depth}le")
    return found or delivered_layout("yuv444p16le")


def y4m_header(layout: Layout, info: VideoInfo, *, size: Size, full: bool) -> bytes:
    """The first line of the stream, as mjpegtools and FFmpeg read it."""
    rate = info.rate or Fraction(25)
    aspect = info.sample_aspect_ratio or Fraction(0)
    shape = f"{aspect.numerator}:{aspect.denominator}" if aspect else "0:0"
    words = [
        f"YUV4MPEG2 W{size.width} H{size.height}",
        f"F{rate.numerator}:{rate.denominator} Ip A{shape}",
        f"C{_colour(layout, full)}",
    ]
    if layout.family is Family.YUV and layout.depth > 8:
        name = f"{_SUBSAMPLED[layout.chroma_shift]}P{layout.depth}"
        words.append(f"XYSCSS={name}")
    words.append(f"XCOLORRANGE={'FULL' if full else 'LIMITED'}")
    return " ".join(words).encode() + b"\n"


def _colour(layout: Layout, full: bool) -> str:
    deep = layout.depth > 8
    if layout.family is Family.GRAY:
        return f"mono{layout.depth}" if deep else "mono"
    name = _SUBSAMPLED[layout.chroma_shift]
    if deep:
        return f"{name}p{layout.depth}"
    # JPEG has its chroma in the middle of the luma samples it is for, video left.
    return name + ("jpeg" if full else "mpeg2") if name == "420" else name
