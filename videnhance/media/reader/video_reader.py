"""A video file as an iterator of frames, with what is known of it at once.

Times pass through untouched, but for the rule of `clock` where the file leaves room.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videnhance.errors import InputError, UsageError, counted, printable
from videnhance.frame import Frame, Plane
from videnhance.frame.geometry import Size
from videnhance.media.planes import copied_planes, native_picture, reformatted, tags_of
from videnhance.media.protocols import OpenReader
from videnhance.media.reader.clock import FAULTS_SAID, TimeFault, timed, until_next
from videnhance.media.reader.combing import Shot
from videnhance.media.reader.decoder import Decoder, frame_step, time_base_of
from videnhance.media.reader.deinterlace import deinterlacer_of
from videnhance.media.reader.geometry import aspect_notice, cropped
from videnhance.media.reader.headers import declared
from videnhance.media.reader.info import described, first_notices, shortened, shown_part
from videnhance.media.reader.seeking import (
    LEAD_FRAMES,
    LONGEST_TAIL,
    Match,
    from_shortly_before,
    recognized,
)
from videnhance.media.reader.side_data import user_data_of
from videnhance.media.reader.survey import FieldSurvey, survey_file
from videnhance.media.source import Reading, ResumePoint, Span
from videnhance.media.stream_choice import choice_notice, listed_streams
from videnhance.media.times.timeline import Timeline, timeline_of
from videnhance.system.limits import check_pixels

__all__ = ["VideoReader"]

_MARGIN_SECONDS = 1
"""How far before its place a seek aims: pictures right after a key frame may need what
is before it (open GOP), and deinterlacing needs the frames before."""


class VideoReader(OpenReader):
    """An open video: `info` at once, and its frames by iterating over it, once.

    Raises InputError if the file is missing, unreadable, no video, or without a frame.
    `timeline` is the file's own unless it is given.
    """

    def __init__(
        self,
        path: Path,
        span: Span | None = None,
        reading: Reading | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        self.path = path
        self._timeline = timeline_of(path) if timeline is None else timeline
        self.notices = [*self._timeline.notices]
        self.damaged_frames = 0
        self._span = span or Span()
        self._reading = reading or Reading()
        self._converter = VideoReformatter()
        self._spent = False
        self._index = 0
        self._own_times = True
        with ExitStack() as stack:
            self._decoder = self._opened()
            stack.callback(lambda: self._decoder.close())
            container, stream = self._decoder.container, self._decoder.stream
            told = declared(container, stream)
            streams = listed_streams(container, stream)
            # Before the file may be opened anew: these two are gone then.
            for notice in (choice_notice(container, stream), aspect_notice(stream)):
                if notice:
                    self._note(notice)
            self._step, self._time_base = frame_step(stream), time_base_of(stream)
            self._origin = self._decoder.origin_seconds
            pictures, first = self._started()
            # Where the file was opened anew on the way, the first ones are closed.
            container, stream = self._decoder.container, self._decoder.stream
            self._size = Size(first.width, first.height)
            self._check(self._size)
            self._crop = shown_part(first, told)
            info = described(self._decoder, first, told, streams)
            self.info = shortened(info, self._span)
            self._deinterlacer = deinterlacer_of(
                self._reading.deinterlace,
                info,
                field_order=self._decoder.field_order,
                first=first,
                survey=self._survey_fields,
            )
            for words in (*first_notices(first, told), *self._deinterlacer.notices()):
                self._note(words)
            user_data_of(first, info.codec, self._note, first=True)
            self._note_fields(first)
            self._frames = self._delivered(pictures)
            self._open = stack.pop_all()

    def close(self) -> None:
        """Closes the file; frames already delivered stay valid."""
        self._frames = iter(())
        self._open.close()

    @property
    def damaged_packets(self) -> int:
        """Packets that could not be read or decoded whole, from where reading began."""
        return self._decoder.damaged_packets

    def __iter__(self) -> Iterator[Frame]:
        self._spend()
        last = self._span.max_frames
        left = None if last is None else max(last - self._index, 0)
        yield from islice(until_next(self._frames), left)

    def resume_after(self, mark: ResumePoint) -> None:
        """Lets the iteration begin after the mark, its frames as they would have been.

        Damage counts from there. Raises InputError if the frames before the mark are
        not the ones that it remembers.
        """
        self._spend()
        self._spent = False
        if not mark.frames:
            return
        said = list(self.notices)
        if not self._is_near(mark):
            self.notices[:] = said
            self._count_up_to(mark)
        self._index = mark.frames
        self._decoder.damaged_packets = self.damaged_frames = 0

    def _spend(self) -> None:
        if self._spent:
            raise RuntimeError("a VideoReader is iterated once: open the file again")
        self._spent = True

    # The way back to a place.

    def _is_near(self, mark: ResumePoint) -> bool:
        """Goes past the mark by a seek; False if that leads elsewhere."""
        pictures = self._near(mark)
        if pictures is None:
            return False
        self._frames = self._delivered(pictures)
        # Where times are made up, a wrong place may have the right ones.
        return recognized(self._frames, mark) is Match.SAME and self._own_times

    def _count_up_to(self, mark: ResumePoint) -> None:
        """Goes past the mark by decoding all that is before it."""
        self._frames = self._delivered(self._counted(mark))
        found = recognized(self._frames, mark)
        # What a decoder puts in place of damage is not the same every time.
        damaged = self.damaged_packets or self.damaged_frames
        if found is Match.OTHER or (found is Match.TIMES and not damaged):
            frames = counted(mark.frames, "frame differs", "frames differ")
            raise InputError(
                f"{printable(self.path)} is not the video that the unfinished work was "
                f"made from: its first {frames}; start over with --discard",
                cause_stays=True,
            )

    def _near(self, mark: ResumePoint) -> Iterator[VideoFrame] | None:
        """Pictures from shortly before the mark, by a seek; None if it is no use."""
        if len(mark.tail) < LONGEST_TAIL or not self._decoder.keeps_times:
            return None
        pts = mark.tail[0][0]
        self._reopen()
        if not self._decoder.seek(pts - round(_MARGIN_SECONDS / self._time_base)):
            return None
        self._own_times = True
        pictures = self._within(self._timed())
        return from_shortly_before(pictures, pts)

    def _counted(self, mark: ResumePoint) -> Iterator[VideoFrame]:
        """Pictures from shortly before the mark, all those before it decoded."""
        self._reopen()
        pictures, _ = self._started()
        before = max(mark.frames - len(mark.tail) - LEAD_FRAMES, 0)
        for picture in islice(pictures, before):
            self.damaged_frames += picture.is_corrupt
        return pictures

    # The way from packets to pictures with a time, inside the span.

    def _opened(self) -> Decoder:
        return Decoder(self.path, self._reading, self._note, self._timeline)

    def _reopen(self) -> None:
        self._decoder.close()
        self._decoder = self._opened()

    def _started(self) -> tuple[Iterator[VideoFrame], VideoFrame]:
        """The pictures of the span, and the first of them, which comes again."""
        seeked = self._seek_start()
        pictures = self._timed()
        first = next(pictures, None)
        if seeked and (first is None or self._seconds(first) > self._span.start):
            self._reopen()
            pictures = self._timed()
            first = next(pictures, None)
        if first is None:
            raise InputError(self._nothing_words())
        shown = self._within(chain([first], pictures))
        first = next(shown, None)
        if first is None:
            raise UsageError(
                f"{printable(self._decoder.name)} ends before "
                f"{self._span.start_seconds} s: choose an earlier start"
            )
        return chain([first], shown), first

    def _nothing_words(self) -> str:
        return (
            f"{printable(self.path)}: no frame of its {self._decoder.codec} video "
            "can be decoded; it is damaged, cut off or encrypted"
        )

    def _seek_start(self) -> bool:
        """Goes to the key frame before the start; False if it stays at the front."""
        if not self._span.start_seconds or self._decoder.stream.start_time is None:
            return False
        return self._decoder.seek(
            int((self._origin + self._span.start) / self._time_base)
        )

    def _seconds(self, picture: VideoFrame) -> Fraction:
        """The picture's time from the first frame of the file."""
        return Fraction(picture.pts or 0) * self._time_base - self._origin

    def _within(self, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        span = self._span
        for picture in pictures:
            seconds = self._seconds(picture)
            if span.start and seconds < span.start:
                continue
            if span.end is not None and seconds >= span.end:
                return
            yield picture

    def _timed(self) -> Iterator[VideoFrame]:
        shown, longest = self._decoder.pictures(), self._decoder.longest_seconds
        return timed(shown, self._step, self._time_base, self._note_time, longest)

    def _survey_fields(self, marked: bool) -> FieldSurvey:
        """What is seen of fields in the film."""
        return survey_file(self.path, self._reading, marked=marked)

    # From a picture to a frame.

    def _delivered(self, pictures: Iterator[VideoFrame]) -> Iterator[Frame]:
        for shot in self._whole(pictures):
            pts = shot.source.pts
            assert pts is not None
            self.damaged_frames += shot.source.is_corrupt
            index, self._index = self._index, self._index + 1
            yield Frame(
                index=index,
                pts=pts,
                time_base=self.info.time_base,
                layout=self.info.layout,
                tags=tags_of(shot.source),
                planes=self._planes(shot.image),
                duration=max(shot.source.duration or 0, 0),
                user_data=user_data_of(shot.source, self.info.codec, self._note),
            )

    def _whole(self, pictures: Iterator[VideoFrame]) -> Iterator[Shot]:
        """The pictures in one size and layout, and not made of two fields."""
        shots = (self._shot(picture) for picture in pictures)
        return self._deinterlacer.shots(shots)

    def _shot(self, picture: VideoFrame) -> Shot:
        self._note_fields(picture)
        image, source_format = picture, self.info.source_format
        size = Size(picture.width, picture.height)
        if size != self._size:
            self._check(size)
            self._note(f"the size changes: frames are scaled to {self._size}")
        if size != self._size or picture.format.name != source_format:
            image = reformatted(
                image, self._converter, name=source_format, size=self._size
            )
        return Shot(
            picture, native_picture(image, self.info.layout, converter=self._converter)
        )

    def _planes(self, image: VideoFrame) -> tuple[Plane, ...]:
        planes = copied_planes(image, self.info.layout)
        if self._crop is None:
            return planes
        return cropped(planes, self.info.layout, crop=self._crop)

    def _check(self, size: Size) -> None:
        if self._reading.limit_pixels is not None:
            check_pixels(self._decoder.name, size, limit=self._reading.limit_pixels)

    # What is said.

    def _note_fields(self, picture: VideoFrame) -> None:
        if words := self._deinterlacer.notice(picture):
            self._note(words)

    def _note_time(self, fault: TimeFault) -> None:
        self._own_times = False
        if fault in FAULTS_SAID:
            self._note(FAULTS_SAID[fault])
