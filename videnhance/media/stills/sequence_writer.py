"""Frames as numbered picture files, each complete under its name or not there."""

from dataclasses import replace
from pathlib import Path

from videnhance.errors import OutputError, UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.output_file import check_target
from videnhance.media.protocols import check_size
from videnhance.media.source import Source
from videnhance.media.stills.picture_files import style_for
from videnhance.media.stills.picture_tags import PictureTags, tags_of_file
from videnhance.media.stills.series import is_series, numbered_name, series_of
from videnhance.media.stills.still_writer import PictureMaker, left_out, save_bytes

__all__ = ["SequenceWriter"]


class SequenceWriter:
    """Writes frame number n to the file of number `first` + n, the same at every try:
    work that is taken up again overwrites what it had come to.

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
        self._size, self._overwrite = size, overwrite
        self._stamp = encoding.stamp
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
        self._maker = PictureMaker(style, info, size, tags)
        self.streams = left_out(path, style.kind.value) if path else ()
        self.notices = (*self._maker.notices, *map(str, self.streams))

    @property
    def done(self) -> int:
        """Pictures that are there already, from the first one on without a gap."""
        count = 0
        while self._name.file(self.first + count).is_file():
            count += 1
        return count

    def __enter__(self) -> "SequenceWriter":
        return self

    def __exit__(self, *error: object) -> None:
        pass  # each picture was complete as soon as it was there

    def write(self, frame: Frame) -> None:
        """Writes the picture of this frame. Raises OutputError for another size, a name
        that is taken, or a full disk.
        """
        check_size(frame, self._size, printable(self.target))
        file = self._name.file(self.first + frame.index)
        if file.resolve() in self._sources:
            raise UsageError(f"{printable(file)} is a picture of the input")
        save_bytes(self._maker.file(frame), file, self._overwrite, self._stamp)
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
