"""A picture file as a video of one frame: decoded by FFmpeg, else by Pillow."""

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from PIL import Image, ImageCms

from videnhance.errors import InputError, UsageError, printable, reading
from videnhance.frame import Frame, Layout, VideoInfo
from videnhance.media.layout import delivered_layout
from videnhance.media.picture_formats import FORMATS
from videnhance.media.planes import tags_of, with_opacity
from videnhance.media.protocols import OpenReader
from videnhance.media.source import DECODE_ERRORS, ResumePoint, check_readable
from videnhance.media.stills.delivery import Delivery
from videnhance.media.stills.exif import is_mirrored, turn_degrees
from videnhance.media.stills.picture_tags import (
    PICTURE_ERRORS,
    PictureTags,
    opened_picture,
    picture_tags,
)
from videnhance.system.limits import check_pixels

__all__ = ["Still", "StillReader", "still_info", "still_of"]

_LARGEST_FILE = 1 << 30
_FULL = 2


@dataclass(frozen=True, slots=True)
class Still:
    """A decoded picture file."""

    picture: VideoFrame
    layout: Layout
    """What it is delivered in: without a plane of opacity that the file has not."""
    tags: PictureTags
    codec: str
    notices: tuple[str, ...] = ()
    damaged: bool = False


def still_of(path: Path, limit_pixels: int | None = None) -> Still:
    """Reads and decodes a picture file.

    Raises InputError if it is missing, no picture, damaged, or of too many pixels.
    """
    check_readable(path)
    if path.stat().st_size > _LARGEST_FILE:
        raise InputError(f"{printable(path)} is no picture: it is larger than 1 GiB")
    with reading(path):
        data = path.read_bytes()
    tags = picture_tags(data, path)
    if limit_pixels is not None:
        check_pixels(path, tags.size, limit=limit_pixels)
    return _decoded(data, path, tags=tags)


def _decoded(data: bytes, path: Path, *, tags: PictureTags) -> Still:
    form = FORMATS.get(tags.form)
    decoder = form.decoder if form else None
    notes = []
    picture = None
    if tags.mode == "CMYK":
        notes.append(f"{printable(path)} is CMYK, for print: it is converted to sRGB")
    elif tags.form == "AVIF":
        picture = _by_container(data)
    elif decoder is not None:
        picture = _by_decoder(decoder, data)
    if picture is None:
        picture = _by_pillow(data, path)
    if tags.mode == "CMYK":  # the profile described inks
        tags = replace(tags, mode="RGB", alpha=False, pictures=1, icc=None, plays=0)
    if picture.format.name.startswith("gray") and not int(picture.color_range):
        picture.color_range = _FULL
    layout = delivered_layout(picture.format.name)
    layout = layout if tags.alpha else layout.opaque
    end = form.end if form else None
    cut = picture.is_corrupt or (end is not None and data.rfind(end) < 0)
    if cut:
        notes.append(f"{printable(path)} is cut off or damaged: part of it is missing")
    codec = decoder or tags.form.lower()
    return Still(picture, layout, tags, codec, tuple(notes), cut)


def _by_decoder(codec: str, data: bytes) -> VideoFrame | None:
    context = CodecContext.create(codec, "r")
    assert isinstance(context, VideoCodecContext)
    pictures: list[VideoFrame] = []
    with suppress(*DECODE_ERRORS):
        pictures += context.decode(Packet(data))
        pictures += context.decode(None)
    return pictures[0] if pictures else None


def _by_container(data: bytes) -> VideoFrame | None:
    """An AVIF in its own planes; None for tiles, which only libavif puts together."""
    pictures = []
    with suppress(*DECODE_ERRORS):
        for number in range(2):
            with av.open(io.BytesIO(data), "r", format="mov") as opened:
                streams = opened.streams.video
                if len(streams) > 2:
                    return None
                if number < len(streams):
                    pictures += list(opened.decode(streams[number]))[:1]
    if len(pictures) < 2:
        return pictures[0] if pictures else None
    return with_opacity(*pictures)


def _by_pillow(data: bytes, path: Path) -> VideoFrame:
    try:
        with opened_picture(data, path) as opened:
            picture = _rgb(opened)
            form = "rgba" if picture.mode == "RGBA" else "rgb24"
            made = VideoFrame.from_ndarray(np.asarray(picture), format=form)
    except PICTURE_ERRORS as error:
        raise InputError(
            f"{printable(path)} is damaged and cannot be decoded: copy it again",
            cause_stays=True,
        ) from error
    made.color_range = _FULL
    return made


def _rgb(picture: Image.Image) -> Image.Image:
    icc = picture.info.get("icc_profile")
    if picture.mode == "CMYK" and icc:
        with suppress(ImageCms.PyCMSError, *PICTURE_ERRORS):
            inks = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            srgb = ImageCms.createProfile("sRGB")
            made = ImageCms.profileToProfile(picture, inks, srgb, outputMode="RGB")
            if made is not None:
                return made
    alpha = "A" in picture.mode or "transparency" in picture.info
    return picture.convert("RGBA" if alpha else "RGB")


class StillReader(OpenReader):
    """An open picture: a video of one frame, not turned; `info` says how it is shown.

    Raises InputError if it is missing, no picture, damaged, or of too many pixels.
    """

    def __init__(self, path: Path, limit_pixels: int | None = None) -> None:
        self.path = path
        still = still_of(path, limit_pixels)
        self.notices = list(still.notices)
        self.damaged_packets = 0
        self.damaged_frames = int(still.damaged)
        self.info = still_info(still, Fraction(25), count=1)
        if still.tags.pictures > 1 and still.tags.form != "MPO":
            self.notices.append(
                f"only the first of {still.tags.pictures} pictures is read"
            )
        self._still: Still | None = still

    def resume_after(self, mark: ResumePoint) -> None:
        """Does nothing before the one frame. Raises UsageError after it."""
        if mark.frames:
            raise UsageError(
                f"{printable(self.path)} is one picture: start over with --discard"
            )

    def close(self) -> None:
        """Frees the picture; a frame already delivered stays valid."""
        self._still = None

    def __iter__(self) -> Iterator[Frame]:
        still, self._still = self._still, None
        if still is None:
            raise RuntimeError("a StillReader is iterated once: open the file again")
        told = self.notices.append
        delivery = Delivery(still.picture, still.layout, self.info.time_base, told)
        yield delivery.frame(still.picture, 0, 0, 1)


def still_info(still: Still, rate: Fraction, *, count: int) -> VideoInfo:
    """What is known of a video of `count` pictures like this one."""
    picture = still.picture
    return VideoInfo(
        size=still.tags.size,
        layout=still.layout,
        source_format=picture.format.name,
        codec=still.codec,
        rate=rate,
        time_base=1 / rate,
        frames=count,
        duration_seconds=float(count / rate),
        tags=tags_of(picture),
        sample_aspect_ratio=None,
        rotation_degrees=turn_degrees(still.tags.orientation),
        mirrored=is_mirrored(still.tags.orientation),
        streams=(f"0: video {still.codec} {still.tags.size}",),
    )
