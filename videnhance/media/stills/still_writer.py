"""One picture file, complete under its name or not there at all."""

from contextlib import ExitStack
from pathlib import Path

from videnhance.errors import (
    InputError,
    OutputError,
    UsageError,
    printable,
)
from videnhance.frame import Frame, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.output_file import (
    check_target,
    publish,
    temporary_beside,
    write_failure,
)
from videnhance.media.output.provenance import stamped
from videnhance.media.protocols import check_size
from videnhance.media.source import Source, open_source
from videnhance.media.stills.exif import (
    UPRIGHT,
    orientation_of,
    updated_exif,
)
from videnhance.media.stills.picture_files import (
    Extras,
    PictureKind,
    Style,
    picture_bytes,
    style_for,
)
from videnhance.media.stills.picture_tags import (
    PictureTags,
    tags_of_file,
)
from videnhance.media.stills.turning import orientation_for, turned
from videnhance.media.stream_choice import chosen_video, context_of
from videnhance.media.streams.other_streams import StreamAction, StreamPlan

__all__ = ["PictureMaker", "StillWriter", "left_out", "save_bytes"]

_TURNED_BY_VIEWERS = (PictureKind.JPEG, PictureKind.WEBP, PictureKind.AVIF)
"""What viewers turn by its EXIF; of PNG, many do not."""
_WITH_PROFILE = (*_TURNED_BY_VIEWERS, PictureKind.PNG, PictureKind.TIFF)
_WITH_EXIF = (*_TURNED_BY_VIEWERS, PictureKind.PNG)
_WITH_DPI = (
    PictureKind.PNG,
    PictureKind.JPEG,
    PictureKind.TIFF,
    PictureKind.BMP,
)
_SPACE = slice(16, 20)
"""Where a profile says which kind of colour it is for."""


class PictureMaker:
    """Makes files of frames: turns them, and adds what the source's file said.

    Raises UsageError if the format does not hold such frames.
    """

    def __init__(
        self,
        style: Style,
        info: VideoInfo,
        size: Size,
        tags: PictureTags | None = None,
    ) -> None:
        self.notices = style.losses(info, size)
        self._style = style
        self._turn = orientation_for(info.rotation_degrees, info.mirrored)
        kept = UPRIGHT
        exif = tags.exif if tags else None
        if self._turn != UPRIGHT:
            says = orientation_of(exif) is not None
            if style.kind in _TURNED_BY_VIEWERS and says:
                kept, self._turn = self._turn, UPRIGHT
            else:
                self.notices.append(
                    f"the pixels are turned: {style.kind.value} shows them as stored"
                )
        self._extras = self._of(tags, info, size, kept)

    def file(self, frame: Frame) -> bytes:
        """The frame as a file. Raises OutputError if it cannot be encoded."""
        return picture_bytes(turned(frame, self._turn), self._style, self._extras)

    def _of(
        self, tags: PictureTags | None, info: VideoInfo, size: Size, kept: int
    ) -> Extras:
        if tags is None:
            return Extras()
        kind = self._style.kind
        return Extras(
            icc=self._profile(tags, info),
            exif=self._exif(tags, size, kept),
            dpi=tags.dpi if kind in _WITH_DPI else None,
        )

    def _profile(self, tags: PictureTags, info: VideoInfo) -> bytes | None:
        """The profile, if it is for the colours that are written."""
        if tags.icc is None:
            return None
        kind = self._style.kind
        gray = info.layout.family.value == "gray"
        wanted = b"GRAY" if gray else b"RGB "
        able = kind in _WITH_PROFILE and not (
            gray and kind in (PictureKind.WEBP, PictureKind.AVIF)
        )
        if able and tags.icc[_SPACE] == wanted:
            return tags.icc
        self.notices.append(
            f"its colour profile is left out: it does not fit {kind.value}"
        )
        return None

    def _exif(self, tags: PictureTags, size: Size, kept: int) -> bytes | None:
        if tags.exif is None:
            return None
        if self._turn in (5, 6, 7, 8):
            size = Size(size.height, size.width)
        exif = updated_exif(tags.exif, size, kept)
        if exif is None or self._style.kind not in _WITH_EXIF:
            why = (
                "it is damaged"
                if exif is None
                else f"{self._style.kind.value} has none"
            )
            self.notices.append(f"its EXIF is left out: {why}")
            return None
        return exif


class StillWriter:
    """A picture file that is being made, of exactly one frame.

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
        self._overwrite, self._size = overwrite, size
        self._stamp = encoding.stamp
        style = style_for(target, encoding)
        if info.frames is not None and info.frames > 1:
            raise self._one_too_many(f"the input has {info.frames} frames")
        check_target(target, path, overwrite)
        tags = tags_of_file(path) if path else None
        self._maker = PictureMaker(style, info, size, tags)
        # The opacity of an AVIF is a second stream, but no other video.
        video = path if tags is None else None
        self.streams = left_out(video, style.kind.value) if video else ()
        self.notices = (
            *self._maker.notices,
            *(
                str(plan)
                for plan in self.streams
                if plan.action is not StreamAction.KEPT
            ),
        )

    def __enter__(self) -> "StillWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.commit()

    def write(self, frame: Frame) -> None:
        """Takes the frame. Raises OutputError for a second one, or another size."""
        if self.frames_written:
            raise self._one_too_many("the input has more than one frame")
        check_size(frame, self._size, printable(self.target))
        self._file = self._maker.file(frame)
        self.frames_written += 1

    def commit(self) -> None:
        """Writes the file. Raises OutputError if there is no frame, or no space."""
        if not self.frames_written:
            raise OutputError(f"{printable(self.target)}: there was no frame to write")
        save_bytes(self._file, self.target, self._overwrite, self._stamp)

    def _one_too_many(self, words: str) -> UsageError:
        series = printable(self.target.with_suffix("") / f"%06d{self.target.suffix}")
        return UsageError(
            f"{printable(self.target)} holds one picture, but {words}: "
            f"name the output {series}, or add --max-frames 1"
        )


def save_bytes(data: bytes, target: Path, overwrite: bool, stamp: str = "") -> None:
    """Writes a file beside its name, and then gives it the name, durably.

    Raises OutputError, and leaves nothing, if the name is taken or the disk is full.
    """
    with ExitStack() as stack:
        temporary = temporary_beside(target)
        stack.callback(temporary.unlink, missing_ok=True)
        try:
            temporary.write_bytes(data)
            stamped(temporary, stamp)
        except OSError as error:
            raise write_failure(target, error) from error
        publish(temporary, target, overwrite)


def left_out(source: Path, form: str) -> tuple[StreamPlan, ...]:
    """The streams beside the video of a file, none of which pictures can hold."""
    if tags_of_file(source) is not None:
        return ()  # the tracks of an animated AVIF are all of one picture
    try:
        with open_source(source) as opened:
            video = chosen_video(opened, source).index
            others = [s for s in opened.streams if s.index != video]
            return tuple(
                StreamPlan(
                    stream.index,
                    stream.type,
                    getattr(context_of(stream), "name", None) or "unknown codec",
                    StreamAction.LOST,
                    f"{form} holds only pictures",
                )
                for stream in others
            )
    except InputError:  # a picture, or several
        return ()
