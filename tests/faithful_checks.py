"""What a row checks, by an independent reader: frames, times, colours, words."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np

from tests.faithful_reader import Media, Track
from tests.faithful_row import Case, Check
from videnhance.errors import counted

__all__ = [
    "alpha",
    "ends",
    "every_time",
    "field",
    "fields_kept",
    "frames",
    "heard",
    "light",
    "pictures",
    "says",
    "size",
    "synchronous",
    "tags",
    "turned",
    "unfielded",
]

TICKS = {
    "avi": Fraction(1, 25),
    "flv": Fraction(1, 1000),
    "m2ts": Fraction(1, 90000),
    "mkv": Fraction(1, 1000),
    "ts": Fraction(1, 90000),
    "webm": Fraction(1, 1000),
}
"""Seconds to which a container rounds times, by suffix; others keep the source's."""
LATE = ("flv", "m2ts", "nut", "ts")
"""Suffixes of containers that start at a time of their own."""
LEAD_IN = ("mkv", "webm")
"""Of containers where everything moves if hidden sound comes before the start."""
HIDDEN_SECONDS = Fraction(1, 10)
RATE = 48000
SAME_LEVEL = 0.2
"""Mean difference of a plane, in 8-bit levels: two enlargements round apart."""
ALIKE = 45.0
"""PSNR in dB of two plain enlargements of test patterns with hard edges."""


def _tick(case: Case) -> Fraction:
    return TICKS.get(case.target.suffix[1:], Fraction(0))


def _shift(case: Case) -> Fraction:
    """Seconds by which a container that starts late moves everything."""
    suffix, moved = case.target.suffix[1:], Fraction(0)
    if suffix in LATE or (suffix in LEAD_IN and case.after.of("audio")):
        moved = case.after.times[0] - case.before.times[0]
    else:
        return moved
    assert suffix in LATE or 0 <= moved <= HIDDEN_SECONDS, float(moved)
    return moved


def frames(count: int | None = None) -> Check:
    """As many frames as the source, or so many."""

    def test(case: Case) -> None:
        wanted = len(case.before.frames) if count is None else count
        assert len(case.after.frames) == wanted
        assert wanted > 0

    return Check(counted(count, "frame") if count else "number of frames", test)


def every_time(*given: str, off: Fraction | str = Fraction(0)) -> Check:
    """Every frame's pts as in the source (or as `given`), to the container's tick."""

    def test(case: Case) -> None:
        wanted: list[Fraction | None] = [Fraction(s) for s in given]
        wanted = wanted or [frame.seconds for frame in case.before.frames]
        found, shift = case.after.times, _shift(case) + Fraction(off)
        assert len(found) == len(wanted)
        steps = [b - a for a, b in itertools.pairwise(found)]
        assert all(step > 0 for step in steps)
        limit = _tick(case) * Fraction(6, 10)
        wrong = [
            (float(new), old and float(old))
            for new, old in zip(found, wanted, strict=True)
            if old is not None and abs(new - shift - old) > limit
        ]
        assert not wrong, wrong

    return Check("every pts", test)


def ends(within: str = "0") -> Check:
    """The last frame is shown as long as in the source."""

    def test(case: Case) -> None:
        old, new = case.before.video, case.after.video
        off = new.told_end - _shift(case) - old.told_end
        assert abs(off) <= max(Fraction(within), _tick(case) * 2), float(off)

    return Check("the last frame's duration", test)


def synchronous(within: str = "0.001", ending: str = "0.05") -> Check:
    """First and last times of every sound, against the video's."""

    def test(case: Case) -> None:
        old, new = case.before, case.after
        pairs = [*zip(old.of("audio"), new.of("audio"), strict=True)]
        assert pairs
        for one, other in pairs:
            before = _heard(one) - old.times[0]
            after = _heard(other) - new.times[0]
            limit = Fraction(within) + _tick(case)
            assert abs(after - before) <= limit, (float(before), float(after))
            off = (other.end - new.times[0]) - (one.end - old.times[0])
            assert abs(off) <= Fraction(ending) + _tick(case), float(off)

    return Check("sound's start and end against the video", test)


def heard(start: str = "0") -> Check:
    """What is heard with each frame, as waves; `start` seconds are cut off."""

    def test(case: Case) -> None:
        old, new = case.before.sound(), case.after.sound()
        begun = case.before.times[0] + Fraction(start)
        shift = round((old[0] - begun - new[0] + case.after.times[0]) * RATE)
        off = Fraction(_lag(old[1], new[1]) + shift, RATE)
        assert abs(off) <= Fraction("0.0015") + _tick(case) / 2, float(off)

    return Check("what is heard with each frame", test)


def _heard(track: Track) -> Fraction:
    """Seconds at which the sound starts, what is cut off its front left out."""
    told = track.values.get("start_pts")
    return int(told) * track.base if told is not None else track.starts[0]


def _lag(sound: Any, part: Any) -> int:  # noqa: ANN401 - arrays
    """How many samples into `sound` the `part` begins; negative if before it."""
    length = len(sound) + len(part)
    product = np.fft.rfft(sound, length) * np.conj(np.fft.rfft(part, length))
    best = int(np.fft.irfft(product, length).argmax())
    return best - length if best > len(sound) else best


def size(width: int, height: int) -> Check:
    """The stored size."""

    def test(case: Case) -> None:
        shown = [(f.values["width"], f.values["height"]) for f in case.after.frames]
        assert set(shown) == {(width, height)}

    return Check(f"{width}x{height}", test)


def field(name: str, wanted: str | int | None = None) -> Check:
    """A property of the video stream, as ffprobe names it: the source's, or this."""

    def test(case: Case) -> None:
        old = case.before.video.values.get(name)
        new = case.after.video.values.get(name)
        if name == "pix_fmt" and wanted is None:
            old, new = str(old).replace("yuvj", "yuv"), str(new).replace("yuvj", "yuv")
        assert new == (old if wanted is None else wanted)
        assert new is not None

    return Check(name if wanted is None else f"{name} {wanted}", test)


def tags(*names: str) -> Check:
    """The colour tags of the frames: the source's."""
    every = names or ("color_range", "color_space", "color_primaries", "color_transfer")

    def test(case: Case) -> None:
        for name in every:
            old = case.before.frames[0].values.get(name)
            assert old not in (None, "unknown"), f"the source has no {name}"
            found = {f.values.get(name) for f in case.after.frames}
            assert found == {old}, f"{name}: {found}, not {old}"

    return Check(f"frames' {', '.join(name[6:] for name in every)}", test)


def light() -> Check:
    """Mastering display and content light level of the first frame."""

    def test(case: Case) -> None:
        for kind in ("Mastering display metadata", "Content light level metadata"):
            old = case.before.frames[0].side(kind)
            new = case.after.frames[0].side(kind)
            assert old is not None
            assert new is not None, f"no {kind}"
            was, is_now = _numbers(old), _numbers(new)
            assert was.keys() == is_now.keys()
            # AV1 counts in 1/65536 and 1/16384.
            wrong = [k for k in was if abs(was[k] - is_now[k]) > Fraction(1, 16384)]
            assert not wrong, wrong

    return Check("mastering display, content light level", test)


def _numbers(values: Any) -> dict[str, Fraction]:  # noqa: ANN401 - JSON
    return {k: Fraction(str(v)) for k, v in values.items() if k != "side_data_type"}


def turned() -> Check:
    """The display matrix, and that the picture itself is not turned."""

    def test(case: Case) -> None:
        old, new = _matrix(case.before), _matrix(case.after)
        assert new == old
        assert old != [1 << 16, 0, 0, 1 << 16]

    return Check("display matrix", test)


def _matrix(media: Media) -> list[int]:
    listed = media.video.values.get("side_data_list", [])
    text = next(s["displaymatrix"] for s in listed if "displaymatrix" in s)
    lines = [line.split(":")[1].split() for line in text.strip().splitlines()]
    # The translation is told by some players only, and no turn.
    return [int(n) for line in lines[:2] for n in line[:2]]


def pictures(least: float = ALIKE, *, levels: float = SAME_LEVEL) -> Check:
    """Every frame against ffmpeg's own enlargement of the source's, plane by plane."""

    def test(case: Case) -> None:
        new = case.after.pictures()
        old = case.before.pictures(case.after)
        assert len(old) == len(new) > 0
        depth = int(case.after.video.values.get("bits_per_raw_sample") or 0)
        top = (1 << (depth or _depth(str(case.after.video.values["pix_fmt"])))) - 1
        for number, (was, is_now) in enumerate(zip(old, new, strict=True)):
            for plane, (a, b) in enumerate(zip(was, is_now, strict=True)):
                off = (b.astype(float) - a) * 255 / top
                psnr = 10 * np.log10(255**2 / max(float((off**2).mean()), 1e-9))
                assert abs(off.mean()) <= levels, (number, plane, float(off.mean()))
                assert psnr >= least, (number, plane, float(psnr))

    return Check("every plane of every frame alike", test, sees_pixels=True)


def _depth(pix_fmt: str) -> int:
    deep = pix_fmt.removesuffix("le").removesuffix("be")
    return next((n for n in (16, 14, 12, 10, 9) if deep.endswith(str(n))), 8)


def alpha(least: float = ALIKE) -> Check:
    """The transparency, as decoded, and that it is not everywhere the same."""

    def test(case: Case) -> None:
        pix_fmt = str(case.after.video.values["pix_fmt"])
        if case.after.video.codec in ("vp8", "vp9"):  # ffprobe does not look there
            pix_fmt = "yuva420p"
        new = case.after.pictures(pix_fmt=pix_fmt)
        old = case.before.pictures(case.after, pix_fmt)
        assert len(old) == len(new) > 0
        for was, is_now in zip(old, new, strict=True):
            a, b = _alpha_of(was, pix_fmt), _alpha_of(is_now, pix_fmt)
            top = 255 if a.max() < 256 else int(a.max())
            assert float(b.std()) > top / 20
            off = (b.astype(float) - a) * 255 / top
            psnr = 10 * np.log10(255**2 / max(float((off**2).mean()), 1e-9))
            assert psnr >= least, float(psnr)

    return Check("every frame's transparency", test, sees_pixels=True)


def _alpha_of(planes: list[Any], pix_fmt: str) -> Any:  # noqa: ANN401 - an array
    if len(planes) == 4:
        return planes[3]
    assert len(planes) == 1
    assert "a" in pix_fmt, pix_fmt
    count = 2 if pix_fmt.startswith("ya") else 4
    first = pix_fmt.startswith("a")
    return planes[0].reshape(planes[0].shape[0], -1, count)[:, :, 0 if first else -1]


def combing(planes: list[Any]) -> float:
    """How much the lines of two fields differ, against lines of one field."""
    luma = planes[0].astype(float)
    near = np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean()
    far = np.abs(luma[2:-2] - (luma[:-4] + luma[4:]) / 2).mean()
    return float(near / max(far, 1e-6))


def _mean_combing(media: Media, like: Media | None = None) -> float:
    return float(np.mean([combing(planes) for planes in media.pictures(like)]))


def unfielded() -> Check:
    """Fields of two moments are no more in one picture, and nothing says they are."""

    def test(case: Case) -> None:
        combed = _mean_combing(case.before)
        assert combed > 1.2, f"the source is not combed: {combed}"
        new = _mean_combing(case.after)
        assert new < 0.75, f"combing {new:.2f}"
        assert {f.values["interlaced_frame"] for f in case.after.frames} == {0}

    return Check("no combing; flagged progressive", test)


def fields_kept() -> Check:
    """The pictures are as if nothing was known of fields."""
    return Check("combed as before", pictures().test, sees_pixels=True)


def says(*words: str) -> Check:
    """What the program must say."""

    def test(case: Case) -> None:
        missing = [word for word in words if word not in case.said]
        assert not missing, f"{missing} is not in: {case.said[-1500:]}"

    return Check(f"says “{'”, “'.join(words)}”", test)
