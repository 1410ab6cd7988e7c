"""Pictures out, one or one for each frame: complete under its name, or not there."""

from dataclasses import replace
from pathlib import Path

from videnhance.errors import InputError, OutputError, UsageError, printable
from videnhance.frame import Family, Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.output_file import Committed, check_target, save_bytes
from videnhance.media.protocols import check_size
from videnhance.media.source import Source, open_source
from videnhance.media.stills.exif import UPRIGHT, orientation_of, updated_exif
from videnhance.media.stills.picture_files import (
    Extras,
    Style,
    picture_bytes,
    style_for,
)
from videnhance.media.stills.picture_tags import PictureTags, tags_of_file
from videnhance.media.stills.series import is_series, numbered_name, series_of
from videnhance.media.stills.turning import orientation_for, turned
from videnhance.media.stream_choice import chosen_video, context_of
from videnhance.media.streams.actions import StreamAction, StreamPlan

__all__ = ["PictureOutput", "SequenceWriter", "StillWriter", "left_out"]

_SPACE = slice(16, 20)
"""Where a profile says which kind of colour it is for."""


class _PictureMaker:
    """Makes files of frames: turns them, and adds what the source's file said.

    Raises UsageError if the format does not hold such frames.
    """

    def __init__(
        self, style: Style, info: VideoInfo, size: Size, tags: PictureTags | None = None
    ) -> None:
        self.notices = style.losses(info, size)
        self._style = style
        self._turn = orientation_for(info.rotation_degrees, info.mirrored)
        kept = UPRIGHT
        exif = tags.exif if tags else None
        if self._turn != UPRIGHT:
            says = orientation_of(exif) is not None
            if style.form.turned_by_viewers and says:
                kept, self._turn = self._turn, UPRIGHT
            else:
                self.notices.append(
                    f"the pixels are turned: {style.form.name} shows them as stored"
                )
        self._extras = self._of(tags, info, size=size, kept=kept)

    def file(self, frame: Frame) -> bytes:
        """The frame as a file. Raises OutputError if it cannot be encoded."""
        return picture_bytes(
            turned(frame, self._turn), self._style, extras=self._extras
        )

    def _of(
        self, tags: PictureTags | None, info: VideoInfo, *, size: Size, kept: int
    ) -> Extras:
        if tags is None:
            return Extras()
        return Extras(
            icc=self._profile(tags, info),
            exif=self._exif(tags, size, kept=kept),
            dpi=tags.dpi if self._style.form.dpi else None,
        )

    def _profile(self, tags: PictureTags, info: VideoInfo) -> bytes | None:
        """The profile, if it is for the colours that are written."""
        if tags.icc is None:
            return None
        form = self._style.form
        wanted = b"GRAY" if info.layout.family is Family.GRAY else b"RGB "
        if wanted in form.profiles and tags.icc[_SPACE] == wanted:
            return tags.icc
        self.notices.append(
            f"its colour profile is left out: it does not fit {form.name}"
        )
        return None

    def _exif(self, tags: PictureTags, size: Size, *, kept: int) -> bytes | None:
        if tags.exif is None:
            return None
        if self._turn in (5, 6, 7, 8):
            size = Size(size.height, size.width)
        exif = updated_exif(tags.exif, size, orientation=kept)
        if exif is None or not self._style.form.exif:
            why = (
                "it is damaged" if exif is None else f"{self._style.form.name} has none"
            )
            self.notices.append(f"its EXIF is left out: {why}")
            return None
        return exif


class PictureOutput(Committed):
    """An output of pictures that is being made; each kind begins in its own way.

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
        self.streams: tuple[StreamPlan, ...] = ()
        self._size, self._overwrite = size, overwrite
        self._stamp = encoding.stamp
        self._begin(path, info, encoding=encoding)

    def _begin(self, path: Path | None, info: VideoInfo, *, encoding: Encoding) -> None:
        raise NotImplementedError


class StillWriter(PictureOutput):
    """A picture file that is being made, of exactly one frame.

    Raises UsageError or OutputError at once for what cannot be written.
    """

    def _begin(self, path: Path | None, info: VideoInfo, *, encoding: Encoding) -> None:
        style = style_for(self.target, encoding)
        if info.frames is not None and info.frames > 1:
            raise self._one_too_many(f"the input has {info.frames} frames")
        check_target(self.target, path, overwrite=self._overwrite)
        tags = tags_of_file(path) if path else None
        self._maker = _PictureMaker(style, info, self._size, tags)
        self.streams = left_out(path, style.form.name)
        self.notices = (*self._maker.notices, *map(str, self.streams))

    def write(self, frame: Frame) -> None:
        """Takes the frame. Raises OutputError for a second one, or another size."""
        if self.frames_written:
            raise self._one_too_many("the input has more than one frame")
        check_size(frame, self._size, output=printable(self.target))
        self._file = self._maker.file(frame)
        self.frames_written += 1

    def commit(self) -> None:
        """Writes the file. Raises OutputError if there is no frame, or no space."""
        if not self.frames_written:
            raise OutputError(f"{printable(self.target)}: there was no frame to write")
        save_bytes(
            self._file, self.target, overwrite=self._overwrite, stamp=self._stamp
        )

    def _one_too_many(self, words: str) -> UsageError:
        series = printable(self.target.with_suffix("") / f"%06d{self.target.suffix}")
        return UsageError(
            f"{printable(self.target)} holds one picture, but {words}: "
            f"name the output {series}, or add --max-frames 1"
        )


class SequenceWriter(PictureOutput):
    """Writes frame number n to the file of number `first` + n, the same at every try:
    work that is taken up again overwrites what it had come to.

    Raises UsageError or OutputError at once for what cannot be written.
    """

    def _begin(self, path: Path | None, info: VideoInfo, *, encoding: Encoding) -> None:
        target = self.target
        if "*" in target.name:
            raise UsageError(
                f"{printable(target)}: pictures that are written need a number in "
                f"their name: write {printable(target.parent / f'%06d{target.suffix}')}"
            )
        self._name = numbered_name(target)
        style = style_for(target, encoding)
        self.first = 1
        tags: PictureTags | None = None
        self._sources: frozenset[Path] = frozenset()
        if path is not None and is_series(path):
            series = series_of(path)
            self.first = series.numbers[0] if series.numbers else 1
            self._sources = frozenset(file.resolve() for file in series.files)
            tags = _shared(tags_of_file(series.files[0]))
            path = None
        self._check(info)
        self._maker = _PictureMaker(style, info, self._size, tags)
        self.streams = left_out(path, style.form.name)
        self.notices = (*self._maker.notices, *map(str, self.streams))

    @property
    def done(self) -> int:
        """Pictures that are there already, from the first one on without a gap."""
        count = 0
        while self._name.file(self.first + count).is_file():
            count += 1
        return count

    def commit(self) -> None:
        """Does nothing: each picture was complete as soon as it was there."""

    def write(self, frame: Frame) -> None:
        """Writes the picture of this frame. Raises OutputError for another size, a name
        that is taken, or a full disk.
        """
        check_size(frame, self._size, output=printable(self.target))
        file = self._name.file(self.first + frame.index)
        if file.resolve() in self._sources:
            raise UsageError(f"{printable(file)} is a picture of the input")
        save_bytes(
            self._maker.file(frame), file, overwrite=self._overwrite, stamp=self._stamp
        )
        self.frames_written += 1

    def _check(self, info: VideoInfo) -> None:
        """Raises what the first, or any other picture, would raise much later."""
        first = self._name.file(self.first)
        if first.resolve() in self._sources:
            raise UsageError(
                f"{printable(first)} is a picture of the input: name another folder"
            )
        check_target(first, None, overwrite=True)
        if self._overwrite:
            return
        last = self.first + (info.frames or 0)
        taken = []
        for found in first.absolute().parent.iterdir():
            number = self._name.number(found.name)
            if number is not None and self.first <= number:
                taken.append(number)
        clash = [n for n in taken if n < last or not info.frames]
        if clash:
            raise OutputError(
                f"{printable(self._name.file(min(clash)))} exists already: use -y to "
                "replace it, or name another folder"
            )


def _shared(tags: PictureTags | None) -> PictureTags | None:
    """What of the first picture's file holds for all; the reader has turned them."""
    if tags is None:
        return None
    return replace(tags, exif=None, orientation=1)


def left_out(source: Path | None, form: str) -> tuple[StreamPlan, ...]:
    """The streams besides the video of a file, none of which pictures can hold."""
    # The tracks of an animated AVIF, such as its opacity, are all of one picture.
    if source is None or tags_of_file(source) is not None:
        return ()
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
