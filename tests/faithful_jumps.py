"""Rows of the table: clocks that jump, wrap, start elsewhere, or are damaged."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from tests.faithful_checks import frames, says
from tests.faithful_row import Case, Check, Row
from tests.flv_times import moved_tags
from tests.mpeg_times import retimed

__all__ = ["JUMPS"]

STEP = Fraction(1, 25)
PICTURES = "-f lavfi -i testsrc2=s=64x48:r=25:d=1"
SOUND = "-f lavfi -i sine=r=48000:d=1"
H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 2 -g 12"
BOTH = f"{PICTURES} {SOUND} {H264}"
PART = f"{BOTH} -c:a ac3 in.ts"
PAUSE = (
    f"{PICTURES} {SOUND} -vf 'setpts=PTS+gte(N\\,12)*30/TB' "
    f"-af 'asetpts=PTS+gte(N\\,22)*30/TB' -fps_mode passthrough {H264} -c:a aac"
)


def evenly(pause: str = "0", at: int = 0) -> Check:
    """Each frame follows the one before by 1/25 s, but for a pause before `at`."""

    def test(case: Case) -> None:
        found = [b - a for a, b in itertools.pairwise(case.after.times)]
        wanted = [
            STEP + (Fraction(pause) if n == at else 0) for n in range(1, len(found) + 1)
        ]
        tick = case.after.video.base
        wrong = [n for n, (f, w) in enumerate(zip(found, wanted, strict=True), 1)
                 if abs(f - w) > tick]  # fmt: skip
        assert not wrong, [(n, float(found[n - 1])) for n in wrong]

    return Check("steps from frame to frame", test)


def in_step(within: str = "0.06") -> Check:
    """Sound begins and ends with the video, and has no hole that it has not."""

    def test(case: Case) -> None:
        (sound,), times = case.after.of("audio"), case.after.times
        limit = Fraction(within)
        assert abs(sound.starts[0] - times[0]) <= limit
        assert abs(sound.end - times[-1] - STEP) <= limit
        video = max(b - a for a, b in itertools.pairwise(times))
        steps = [b - a for a, b in itertools.pairwise(sound.starts)]
        assert max(steps) <= max(video, limit) + limit

    return Check("sound in step", test)


def starts(most: str = "0.1") -> Check:
    """The first frame is shown at once."""

    def test(case: Case) -> None:
        assert 0 <= case.after.times[0] <= Fraction(most)

    return Check("starts at zero", test)


def _twice(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def _with_parts(*names: str) -> Callable[[Path], None]:
    def joined(path: Path) -> None:
        path.write_bytes(b"".join((path.parent / name).read_bytes() for name in names))

    return joined


def _joined_flv(milliseconds: int) -> Callable[[Path], None]:
    def joined(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data + moved_tags(data, milliseconds))

    return joined


def _one_wrong(pid: int, number: int, ticks: int) -> Callable[[Path], None]:
    """The PES packet of this number has a time that is off."""

    def broken(path: Path) -> None:
        path.write_bytes(retimed(path.read_bytes(), pid, number, ticks))

    return broken


def _joined(name: str, *offsets: int, target: str = "out.mp4") -> Row:
    """Recordings of a second whose clocks start at these seconds."""
    make = tuple(
        f"{BOTH} -c:a ac3 -output_ts_offset {offset} {number}.ts"
        for number, offset in enumerate(offsets)
    )
    parts = tuple(f"{number}.ts" for number in range(len(offsets)))
    count = 25 * len(offsets)
    checks = (frames(count), evenly(), in_step(), says("clock of the file jumps"))
    source = (*make, f"{PICTURES} -frames:v 1 {H264} in.ts")
    return Row(name, "in.ts", source, target, checks, spoil=_with_parts(*parts))


def _paused(name: str, source: str, target: str) -> Row:
    checks = (frames(25), evenly("30", 12), in_step())
    return Row(name, source, (f"{PAUSE} {source}",), target, checks)


def _wrong(name: str, pid: int, number: int, ticks: int) -> Row:
    checks = (frames(25), evenly(), in_step(), says("no right time in stream"))
    spoil = _one_wrong(pid, number, ticks)
    return Row(name, "in.ts", (PART,), "out.mp4", checks, spoil=spoil)


ANEW = (frames(50), evenly(), in_step(), says("clock of the file jumps"))

JUMPS = (
    Row(
        "two recordings joined, to mp4", "in.ts", (PART,), "out.mp4", ANEW, spoil=_twice
    ),
    Row(
        "two recordings joined, to Matroska",
        "in.ts",
        (PART,),
        "out.mkv",
        ANEW,
        spoil=_twice,
    ),
    Row(
        "two recordings of a camera joined (m2ts)",
        "in.m2ts",
        (f"{BOTH} -c:a ac3 -f mpegts -mpegts_m2ts_mode 1 in.m2ts",),
        "out.mp4",
        ANEW,
        spoil=_twice,
    ),
    Row(
        "two DVD files joined",
        "in.vob",
        (f"{PICTURES} {SOUND} -c:v mpeg2video -bf 2 -c:a mp2 -f vob in.vob",),
        "out.mp4",
        ANEW,
        spoil=_twice,
    ),
    Row(
        "two Matroska files joined",
        "in.mkv",
        (f"{BOTH} -c:a aac in.mkv",),
        "out.mkv",
        ANEW,
        spoil=_twice,
    ),
    Row(
        "a stream that connects again, FLV",
        "in.flv",
        (f"{BOTH} -c:a aac in.flv",),
        "out.mp4",
        ANEW,
        spoil=_joined_flv(0),
    ),
    Row(
        "a stream that connects again two hours later, FLV",
        "in.flv",
        (f"{BOTH} -c:a aac in.flv",),
        "out.mkv",
        ANEW,
        spoil=_joined_flv(7_200_000),
    ),
    _joined("joined, the clock back by minutes", 200, 0),
    _joined("joined, the clock back by hours", 50000, 0, target="out.mkv"),
    _joined("joined, the clock forward by hours", 0, 50000),
    _joined("joined of four, forward and back", 0, 80000, 100, 0),
    Row(
        "a clock of 33 bits that wraps",
        "in.ts",
        (f"{BOTH} -c:a ac3 -output_ts_offset 95441.717 in.ts",),
        "out.mp4",
        (frames(25), evenly(), in_step(), starts()),
    ),
    Row(
        "a broadcast whose clock starts at 10 h, to mp4",
        "in.ts",
        (f"{BOTH} -c:a ac3 -output_ts_offset 36000 in.ts",),
        "out.mp4",
        (frames(25), evenly(), in_step(), starts(), says("starts at 10:00:0")),
    ),
    Row(
        "times below zero, Matroska to mp4",
        "in.mkv",
        (
            f"{BOTH} -bf 0 -c:a libopus -output_ts_offset -0.1 "
            "-avoid_negative_ts disabled in.mkv",
        ),
        "out.mp4",
        (frames(25), evenly(), in_step(), starts(), says("below zero")),
    ),
    _paused("a pause of half a minute, Matroska", "in.mkv", "out.mp4"),
    _paused("a pause of half a minute, mp4", "in.mp4", "out.mkv"),
    _paused("a pause of half a minute, transport stream", "in.ts", "out.mp4"),
    _paused("a pause of half a minute, FLV", "in.flv", "out.mp4"),
    Row(
        "the video pauses, the sound goes on",
        "in.ts",
        (
            f"{PICTURES} -f lavfi -i sine=d=31 -vf 'setpts=PTS+gte(N\\,12)*30/TB' "
            f"-fps_mode passthrough {H264} -c:a aac in.ts",
        ),
        "out.mp4",
        (frames(25), evenly("30", 12), in_step()),
    ),
    _wrong("one time of the video far ahead", 256, 12, 1 << 30),
    _wrong("one time of the video a little back", 256, 12, -(1 << 16)),
    _wrong("the first time of the video is wrong", 256, 1, 1 << 29),
    _wrong("the last time of the video is wrong", 256, 25, -(1 << 29)),
    _wrong("one time of the sound is wrong", 257, 2, 1 << 28),
    Row(
        "all times behind the middle are one and the same, Matroska",
        "in.mkv",
        (
            f"{PICTURES} {SOUND} -c:v libx264 -bf 0 -pix_fmt yuv420p -c:a aac one.mkv",
            "-i one.mkv -map 0 -c copy -bsf:v "
            "'setts=pts=if(eq(N\\,12)\\,PTS+700000\\,PTS):"
            "dts=if(eq(N\\,12)\\,DTS+700000\\,DTS)' in.mkv",
        ),
        "out.mp4",
        (frames(25), evenly(), in_step(), says("no right time in stream 0 (video)")),
    ),
    Row(
        "the video starts 16 days after the sound, NUT",
        "in.nut",
        (
            f"{PICTURES} {SOUND} -c:v libx264 -bf 0 -pix_fmt yuv420p -c:a aac one.mkv",
            "-i one.mkv -map 0 -c copy -bsf:v "
            "'setts=pts=if(lt(N\\,2)\\,PTS+90000000000\\,PTS):"
            "dts=if(lt(N\\,2)\\,DTS+90000000000\\,DTS)' -f nut in.nut",
        ),
        "out.mp4",
        (frames(25), evenly(), in_step("0.07"), says("leave those of the others")),
    ),
    Row(
        "a part of two recordings joined, by --start and --end",
        "in.ts",
        (PART,),
        "out.mp4",
        (frames(25), evenly(), in_step()),
        options="--start 0.52 --end 1.52",
        spoil=_twice,
    ),
    Row(
        "two recordings joined, decoded in a process of its own",
        "in.ts",
        (PART,),
        "out.mp4",
        ANEW,
        options="--isolate",
        spoil=_twice,
    ),
)
