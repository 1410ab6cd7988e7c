"""Animated pictures out: GIF, APNG, WebP and AVIF, with their times and repeats."""

from contextlib import ExitStack, suppress
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

from videnhance.errors import (
    InputError,
    OutputError,
    UsageError,
    counted,
    printable,
)
from videnhance.frame import Frame, VideoInfo
from videnhance.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.storage import as_picture, storage
from videnhance.media.encoder.video_encoder import added_stream
from videnhance.media.output.output_file import (
    check_target,
    publish,
    temporary_beside,
    write_failure,
)
from videnhance.media.output.provenance import stamped
from videnhance.media.protocols import check_size
from videnhance.media.source import AnyPacket, Source
from videnhance.media.stills.finishing import (
    last_delay_set,
    webp_alpha_set,
)
from videnhance.media.stills.palette import Palettes
from videnhance.media.stills.picture_tags import (
    PictureTags,
    picture_tags,
    tags_of_file,
)
from videnhance.media.stills.rgb import packed
from videnhance.media.stills.still_writer import left_out
from videnhance.media.stills.turning import (
    orientation_for,
    turned,
    turned_layout,
)

__all__ = ["ANIMATIONS", "AnimationForm", "AnimationWriter"]


class AnimationForm(Enum):
    """A format of animated pictures, by FFmpeg's name of its muxer."""

    APNG = "apng"
    AVIF = "avif"
    GIF = "gif"
    WEBP = "webp"


ANIMATIONS = {
    ".apng": AnimationForm.APNG,
    ".avif": AnimationForm.AVIF,
    ".gif": AnimationForm.GIF,
    ".png": AnimationForm.APNG,
    ".webp": AnimationForm.WEBP,
}
"""By the suffix of the name; some may hold a single picture as well."""

_TICKS = {AnimationForm.GIF: Fraction(1, 100), AnimationForm.WEBP: Fraction(1, 1000)}
"""What the format counts in."""
_LARGEST_APNG_TICK = 65535
_FINE = Fraction(1, 1000)
_GENERAL_CODEC = "libx264"
_QUICKEST = Fraction(1, 50)
"""Seconds: what is shown shorter, viewers slow down."""
_LARGEST = {AnimationForm.GIF: 65535, AnimationForm.WEBP: 16383}


class AnimationWriter:
    """An animated picture that is being made; complete under its name, or not there.

    Raises UsageError or OutputError at once for what cannot be written.
    """

    def __init__(
        self,
        target: Path,
        info: VideoInfo,
        size: Size,
        encoding: Encoding,
        source: Source | Path | None = None,
        overwrite: bool = False,
    ) -> None:
        path = source.path if isinstance(source, Source) else source
        self.target = target
        self.frames_written = 0
        self.dropped_packets = 0
        self._form = ANIMATIONS[target.suffix.lower()]
        self._size, self._overwrite = size, overwrite
        self._notes: list[str] = []
        check_target(target, path, overwrite)
        tags = tags_of_file(path) if path else None
        video = path if tags is None else None
        self.streams = left_out(video, self._form.name) if video else ()
        self._turn = orientation_for(info.rotation_degrees, info.mirrored)
        if self._turn != 1:
            self._notes.append(f"the pixels are turned: {self._form.name} has no turn")
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
        alpha = info.layout.alpha
        self._palettes = Palettes(self._stored_size, alpha)
        self._first: Fraction | None = None
        self._last_pts = -1
        self._end_pts = 0
        self._stamp = encoding.stamp
        self._open_output(encoding, tags)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep as it is; known before the first frame."""
        return (*self._notes, *map(str, self.streams))

    def __enter__(self) -> "AnimationWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.commit()
        else:
            self.abort()

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        check_size(frame, self._size, printable(self.target))
        frame = turned(frame, self._turn)
        pts, duration = self._time(frame)
        try:
            if self._form is AnimationForm.GIF:
                samples = packed(frame, 8, frame.layout.alpha)
                pictures = self._palettes.pictures(samples, pts, duration)
            else:
                picture = as_picture(frame, self._stored, self._converter)
                picture.pts, picture.duration = pts, duration
                pictures = [picture]
            self._encode(pictures)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise write_failure(self.target, error) from error
        self.frames_written += 1

    def commit(self) -> None:
        """Completes the file, and gives it its name. Raises OutputError."""
        with self._open:
            if not self.frames_written:
                raise OutputError(f"{printable(self.target)}: there was no frame")
            try:
                self._encode(self._palettes.rest())
                self._mux(self._stream.encode(None))
                self._out.close()
                last_delay_set(
                    self._temporary, self._form.value, self._end_pts * self._base
                )
                if self._form is AnimationForm.WEBP and self._info.layout.alpha:
                    webp_alpha_set(self._temporary)
                self._verify()
                stamped(self._temporary, self._stamp)
            except (av.FFmpegError, OSError, ValueError) as error:
                raise write_failure(self.target, error) from error
            publish(self._temporary, self.target, self._overwrite)

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._open.close()

    def _ticks_of(self, info: VideoInfo) -> Fraction:
        fine = info.time_base.denominator > _LARGEST_APNG_TICK
        own = _FINE if fine and self._form is AnimationForm.APNG else info.time_base
        return _TICKS.get(self._form, own)

    def _check(self, encoding: Encoding, tags: PictureTags | None) -> None:
        name, codec = self._form.name, container_named(self._form.value).default_codec
        if encoding.codec not in (_GENERAL_CODEC, codec):
            raise UsageError(f"{name} does not hold {encoding.codec}: leave out -c")
        largest = _LARGEST.get(self._form)
        if largest and max(self._stored_size.width, self._stored_size.height) > largest:
            raise UsageError(
                f"{name} holds at most {largest} pixels across or down, not "
                f"{self._stored_size}: choose an output named .apng"
            )
        rate = self._info.rate
        if self._form is AnimationForm.GIF and rate and 1 / rate < _QUICKEST:
            self._notes.append(
                f"{float(rate):g} frames a second are more than viewers show of a GIF"
            )
        if tags and tags.icc:
            self._notes.append(f"its colour profile is left out in an animated {name}")

    def _open_output(self, encoding: Encoding, tags: PictureTags | None) -> None:
        container = self._form.value
        encoding = replace(encoding, codec=container_named(container).default_codec)
        self._stored = storage(
            self._info, encoding, self._notes, container, size=self._stored_size
        )
        repeats = _repeats(self._form, 0 if tags is None else tags.plays)
        self._temporary = temporary_beside(self.target)
        with ExitStack() as stack:
            stack.callback(self._temporary.unlink, missing_ok=True)
            self._out = av.open(
                f"file:{self._temporary}",
                "w",
                format=container,
                container_options=repeats,
            )
            stack.callback(self._close_quietly)
            self._stream = added_stream(
                self._out,
                self._info,
                self._stored_size,
                encoding,
                self._stored,
                self._notes,
            )
            self._base = Fraction(self._stream.codec_context.time_base)
            try:
                self._out.start_encoding()
            except (av.FFmpegError, OSError, ValueError) as error:
                raise write_failure(self.target, error) from error
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
        with suppress(av.FFmpegError, OSError, ValueError):
            self._out.close()

    def _verify(self) -> None:
        """Raises OutputError unless a reader that is not FFmpeg sees every frame."""
        found = _counted(self._temporary)
        # WebP shows a picture that comes twice for twice as long instead.
        least = 1 if self._form is AnimationForm.WEBP else self.frames_written
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


def _repeats(form: AnimationForm, plays: int) -> dict[str, str]:
    """How often it is played, for the muxer; 0 = for ever."""
    if form is AnimationForm.APNG:
        return {"plays": str(plays)}
    if form is AnimationForm.GIF:  # it counts what comes after the first time
        return {"loop": str(plays - 1 if plays > 1 else -plays)}
    return {"loop": str(plays)}
