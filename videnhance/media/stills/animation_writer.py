"""Animated pictures out: GIF, APNG, WebP and AVIF, with their times and repeats."""

from contextlib import ExitStack, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from videnhance.errors import InputError, OutputError, UsageError, counted, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.storage import as_picture, storage
from videnhance.media.encoder.video_encoder import added_stream
from videnhance.media.output.output_file import (
    WRITE_ERRORS,
    OutputFile,
    check_target,
    writing,
)
from videnhance.media.picture_formats import ANIMATIONS, FORMATS
from videnhance.media.protocols import check_size
from videnhance.media.source import AnyPacket
from videnhance.media.stills.finishing import finish
from videnhance.media.stills.palette import Palettes
from videnhance.media.stills.picture_tags import PictureTags, picture_tags, tags_of_file
from videnhance.media.stills.picture_writer import PictureOutput, left_out
from videnhance.media.stills.rgb import packed
from videnhance.media.stills.turning import orientation_for, turned, turned_layout

__all__ = ["AnimationWriter"]


_FINE = Fraction(1, 1000)
_GENERAL_CODEC = "libx264"
_QUICKEST = Fraction(1, 50)
"""Seconds: what is shown shorter, viewers slow down."""
_GIF, _WEBP = FORMATS["GIF"], FORMATS["WEBP"]


class AnimationWriter(PictureOutput):
    """An animated picture that is being made; complete under its name, or not there.

    Raises UsageError or OutputError at once for what cannot be written.
    """

    def _begin(self, path: Path | None, info: VideoInfo, *, encoding: Encoding) -> None:
        size = self._size
        self._form = ANIMATIONS[self.target.suffix.lower()]
        self._muxer = self._form.muxer or ""
        self._name = self._muxer.upper()
        self._notes: list[str] = []
        check_target(self.target, path, overwrite=self._overwrite)
        tags = tags_of_file(path) if path else None
        self.streams = left_out(path, self._name)
        self._turn = orientation_for(info.rotation_degrees, info.mirrored)
        if self._turn != 1:
            self._notes.append(f"the pixels are turned: {self._name} has no turn")
        quarter = info.rotation_degrees in (90, 270)
        self._stored_size = Size(size.height, size.width) if quarter else size
        self._info = replace(
            info,
            layout=turned_layout(info.layout, self._turn),
            time_base=self._ticks_of(info),
            rotation_degrees=0,
            mirrored=False,
            light=None,
        )
        self._check(encoding, tags)
        self._converter = Converter()
        self._palettes = Palettes(self._stored_size, info.layout.alpha)
        self._first: Fraction | None = None
        self._last_pts = -1
        self._end_pts = 0
        self._open_output(encoding, tags)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep as it is; known before the first frame."""
        return (*self._notes, *map(str, self.streams))

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        check_size(frame, self._size, output=printable(self.target))
        frame = turned(frame, self._turn)
        pts, duration = self._time(frame)
        with writing(self.target):
            if self._form is _GIF:
                samples = packed(frame, 8, frame.layout.alpha)
                pictures = self._palettes.pictures(samples, pts, duration)
            else:
                picture = as_picture(frame, self._stored, converter=self._converter)
                picture.pts, picture.duration = pts, duration
                pictures = [picture]
            self._encode(pictures)
        self.frames_written += 1

    def commit(self) -> None:
        """Completes the file, and gives it its name. Raises OutputError."""
        with self._open:
            if not self.frames_written:
                raise OutputError(f"{printable(self.target)}: there was no frame")
            made = self._file.path
            with writing(self.target):
                self._encode(self._palettes.flush())
                self._mux(self._stream.encode(None))
                self._out.close()
                seconds, alpha = self._end_pts * self._base, self._info.layout.alpha
                finish(made, self._muxer, seconds=seconds, alpha=alpha)
                self._verify(made)
            self._file.stamp(self._stamp)
            self._file.publish()

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._open.close()

    def _ticks_of(self, info: VideoInfo) -> Fraction:
        finest = self._form.finest_tick
        fine = finest is not None and info.time_base.denominator > finest
        return self._form.tick or (_FINE if fine else info.time_base)

    def _check(self, encoding: Encoding, tags: PictureTags | None) -> None:
        name, codec = self._name, container_named(self._muxer).default_codec
        if encoding.codec not in (_GENERAL_CODEC, codec):
            raise UsageError(f"{name} does not hold {encoding.codec}: leave out -c")
        largest = self._form.longest_side
        if largest and max(self._stored_size.width, self._stored_size.height) > largest:
            raise UsageError(
                f"{name} holds at most {largest} pixels across or down, not "
                f"{self._stored_size}: choose an output named .apng"
            )
        rate = self._info.rate
        if self._form is _GIF and rate and 1 / rate < _QUICKEST:
            self._notes.append(
                f"{float(rate):g} frames a second are more than viewers show of a GIF"
            )
        if tags and tags.icc:
            self._notes.append(f"its colour profile is left out in an animated {name}")

    def _open_output(self, encoding: Encoding, tags: PictureTags | None) -> None:
        muxer, info, size = self._muxer, self._info, self._stored_size
        encoding = replace(encoding, codec=container_named(muxer).default_codec)
        self._stored = storage(info, encoding, self._notes, muxer, size=size)
        repeats = _repeats(muxer, 0 if tags is None else tags.plays)
        with ExitStack() as stack:
            self._file = stack.enter_context(
                OutputFile(self.target, overwrite=self._overwrite)
            )
            self._out = av.open(
                f"file:{self._file.path}", "w", format=muxer, container_options=repeats
            )
            stack.callback(self._close_quietly)
            self._stream = added_stream(
                self._out,
                info,
                size=size,
                encoding=encoding,
                stored=self._stored,
                notices=self._notes,
            )
            self._base = Fraction(self._stream.codec_context.time_base)
            with writing(self.target):
                self._out.start_encoding()
            self._open = stack.pop_all()

    def _time(self, frame: Frame) -> tuple[int, int]:
        """Time and duration in ticks from the first frame: rounded, never adrift."""
        seconds = frame.pts * frame.time_base
        if self._first is None:
            self._first = seconds
        start = seconds - self._first
        pts = max(round(start / self._base), self._last_pts + 1)
        shown = frame.duration * frame.time_base
        if not shown:
            shown = 1 / (self._info.rate or Fraction(25))
        self._end_pts = max(round((start + shown) / self._base), pts + 1)
        self._last_pts = pts
        return pts, self._end_pts - pts

    def _encode(self, pictures: list[VideoFrame]) -> None:
        for picture in pictures:
            picture.time_base = self._base
            self._mux(self._stream.encode(picture))

    def _mux(self, packets: list[AnyPacket]) -> None:
        for packet in packets:
            if packet.pts == self._last_pts:  # some encoders forget how long it is
                packet.duration = self._end_pts - self._last_pts
            self._out.mux(packet)

    def _close_quietly(self) -> None:
        with suppress(*WRITE_ERRORS):
            self._out.close()

    def _verify(self, made: Path) -> None:
        """Raises OutputError unless a reader that is not FFmpeg sees every frame."""
        found = _counted(made)
        # WebP shows a picture that comes twice for twice as long instead.
        least = 1 if self._form is _WEBP else self.frames_written
        if not least <= found <= self.frames_written:
            raise OutputError(
                f"{printable(self.target)}: the file made holds "
                f"{counted(found, 'frame')}, not {self.frames_written}; nothing was "
                "kept: name an output .mkv, or pictures (%06d.png)"
            )


def _counted(file: Path) -> int:
    """The frames in a finished file, as Pillow counts them; 0 if it cannot."""
    try:
        return picture_tags(file, file).pictures
    except InputError:
        return 0


def _repeats(muxer: str, plays: int) -> dict[str, str]:
    """How often it is played, for the muxer; 0 = for ever."""
    if muxer == "apng":
        return {"plays": str(plays)}
    if muxer == "gif":  # it counts what comes after the first time
        return {"loop": str(plays - 1 if plays > 1 else -plays)}
    return {"loop": str(plays)}
