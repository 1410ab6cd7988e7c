"""The rule that gives every picture a time, where the file leaves room.

Pictures without a time, and with one that does not follow, are set between their
neighbours; where the times go on from another place, they are moved to go on from here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from itertools import accumulate

from av.video.frame import VideoFrame

from videnhance.frame import Frame

__all__ = ["FAULTS_SAID", "LONGEST_SECONDS", "TimeFault", "timed", "until_next"]

LONGEST_SECONDS = 95443
"""From one frame to the next: what a transport stream's 33 bits count, in 26 hours.
Only a damaged time is further away, and most containers could not hold it."""


_MOST_HELD = 8
"""Pictures that wait for one whose time follows."""


class TimeFault(Enum):
    """Why a time is not the file's own."""

    MISSING = "no time"
    BACKWARDS = "not after the one before"
    FAR = "too long after the one before"


FAULTS_SAID = {
    TimeFault.BACKWARDS: (
        "some frames do not follow in time: each is set between its neighbours, or "
        "after the one before"
    ),
    TimeFault.FAR: (
        "some frames are set more than a day after the one before: each is set "
        "between its neighbours, or after the one before"
    ),
}
"""A file without any times, as raw streams are, is nothing to speak of."""


def timed(
    pictures: Iterable[VideoFrame],
    step: int,
    time_base: Fraction,
    made_up: Callable[[TimeFault], None],
    longest_seconds: float = LONGEST_SECONDS,
) -> Iterator[VideoFrame]:
    """Every picture with a time; times grow strictly.

    `step` is a frame's duration in ticks, for files that do not say, and
    `longest_seconds` what a next frame may be away; `made_up` hears of each time that
    is not the file's. A picture waits for the next where its own time does not follow.
    """
    longest = round(Fraction(longest_seconds) / time_base)
    clock = _Clock(step, max(longest, step), made_up)
    for picture in pictures:
        yield from clock.given(picture)
    yield from clock.flush()


@dataclass(slots=True)
class _Clock:
    step: int
    longest: int
    made_up: Callable[[TimeFault], None]
    last: int | None = None
    """The last time that was given."""
    lasts: int = 0
    """Ticks that the picture of that time is shown, as its packet says; 0: not said."""
    offset: int = 0
    """Ticks by which the file's times are moved."""
    told: bool = False
    """Whether a picture has had a time of its own."""
    held: list[tuple[VideoFrame, int | None]] = field(default_factory=list)
    """Pictures whose time does not follow, with the file's."""

    def given(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """The pictures whose time is known with this one."""
        time = self._own(picture)
        if self.last is None and not self.held:
            self.held.append((picture, time))
        elif self.last is None:
            yield from self._begun(picture, time)
        elif time is not None and self._has_room(time):
            yield from self._between(time)
            yield self._set(picture, time)
        elif not self.held:
            self.held.append((picture, time))
        else:
            yield from self._elsewhere(picture, time)

    def flush(self) -> Iterator[VideoFrame]:
        """What still waits at the end."""
        if self.last is None and self.held:
            picture, time = self.held.pop(0)
            if time is None:
                self.made_up(TimeFault.MISSING)
            yield self._set(picture, time or 0)
        while self.held:
            yield from self._settled()

    def _own(self, picture: VideoFrame) -> int | None:
        if picture.pts is not None:
            self.told = True
            return int(picture.pts) + self.offset
        # Where pictures are reordered, it is that of another one.
        if self.told or picture.dts is None:
            return None
        dts = int(picture.dts) + self.offset
        return None if self.last is not None and dts <= self.last else dts

    def _has_room(self, time: int) -> bool:
        """Whether the time follows the last one, with half a step for each that waits:
        a few times that repeat others are spread over what they have left open."""
        assert self.last is not None
        least = (len(self.held) + 1) * self.step // 2 if self.held else 1
        return self.last + least <= time <= self.last + self.longest

    def _begun(self, picture: VideoFrame, time: int | None) -> Iterator[VideoFrame]:
        """The first picture, now that the second is there."""
        first, own = self.held.pop(0)
        if own is None or (time is not None and own > time + self.longest):
            fault = TimeFault.MISSING if own is None else TimeFault.FAR
            self.made_up(fault)
            own = 0 if time is None else time - self.step
        yield self._set(first, own)
        yield from self.given(picture)

    def _between(self, time: int) -> Iterator[VideoFrame]:
        """The pictures that wait, between the last one and this time.

        In parts as long as they last, where only times are missing; else evenly.
        """
        assert self.last is not None
        start, parts = self.last, [self.lasts]
        parts += [picture.duration or 0 for picture, _ in self.held]
        if min(parts) <= 0 or any(own is not None for _, own in self.held):
            parts = [1] * len(parts)
        ends = accumulate(parts)
        for (picture, own), end in zip(self.held, ends, strict=False):
            self._fault(own)
            yield self._set(picture, start + (time - start) * end // sum(parts))
        self.held.clear()

    def _elsewhere(self, picture: VideoFrame, time: int | None) -> Iterator[VideoFrame]:
        """What waits, and this, which does not follow the last one either."""
        before = self.held[-1][1]
        if time is not None and before is not None and self._is_elsewhere(before, time):
            assert self.last is not None
            self.offset += self.last + len(self.held) * self.step - before
            while self.held:
                yield self._after()
            yield from self.given(picture)
        elif self.told and len(self.held) < _MOST_HELD:
            self.held.append((picture, time))
        else:
            yield from self._settled()
            yield from self.given(picture)

    def _settled(self) -> Iterator[VideoFrame]:
        """The pictures that wait up to the last whose time can stay, or the first."""
        assert self.last is not None
        for count in range(len(self.held), 0, -1):
            picture, time = self.held[count - 1]
            if (
                time is not None
                and self.last + count <= time <= self.last + self.longest
            ):
                rest, self.held = self.held[count:], self.held[: count - 1]
                yield from self._between(time)
                yield self._set(picture, time)
                self.held = rest
                return
        yield self._after()

    def _is_elsewhere(self, before: int, time: int) -> bool:
        """Whether two times follow each other, far from the last one."""
        assert self.last is not None
        near = self.last - _MOST_HELD * self.step
        is_near = near <= before <= self.last + self.longest
        return before < time <= before + self.longest and not is_near

    def _after(self) -> VideoFrame:
        """The first that waits, a frame's duration after the last one."""
        assert self.last is not None
        picture, own = self.held.pop(0)
        self._fault(own)
        lasted = self.lasts or picture.duration or self.step
        step = lasted if own is None else self.step
        return self._set(picture, self.last + step)

    def _fault(self, own: int | None) -> None:
        if own is None:
            self.made_up(TimeFault.MISSING)
        else:
            assert self.last is not None
            # One that waits may come after those that are set before it, and be near.
            far = own > self.last + self.longest
            self.made_up(TimeFault.FAR if far else TimeFault.BACKWARDS)

    def _set(self, picture: VideoFrame, time: int) -> VideoFrame:
        if self.last is not None:
            time = max(time, self.last + 1)
        picture.pts = self.last = time
        self.lasts = max(picture.duration or 0, 0)
        return picture


def until_next(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames, each shown until the next one; the last as long as its file says.

    Where frames are reordered, an mp4 gives a frame the duration of another.
    """
    held: Frame | None = None
    for frame in frames:
        if held is not None:
            yield replace(held, duration=frame.pts - held.pts)
        held = frame
    if held is not None:
        yield held
