"""What a user chooses: each option of a conversion, its default, and what is possible.

Light, so that the command line knows them before any library is loaded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time as clock_time
from datetime import timedelta
from difflib import get_close_matches
from fractions import Fraction
from itertools import compress
from math import inf
from os import PathLike
from types import NoneType, UnionType
from typing import Literal, get_args, get_origin, get_type_hints

from videnhance.errors import UsageError, printable
from videnhance.geometry import Fit, box_of, size_of

__all__ = [
    "DEFAULT_LOOK",
    "ConvertOptions",
    "FolderOptions",
    "check",
    "check_names",
    "deadline_of",
    "option_name",
    "rate_of",
]

# Where the command line has another word.
_OWN_NAMES = {"pipe_format": "format", "encoder_options": "-e", "audio": "no-audio"}
_RANGES: dict[str, tuple[float, float, str]] = {
    "clean": (0, 1, "0 to 1"),
    "end": (0, inf, "seconds after the start"),
    "fuse": (0, 1, "0 to 1"),
    "grain": (0, 1, "0 to 1"),
    "jobs": (1, inf, "1 or more"),
    "limit_pixels": (1, inf, "1 or more"),
    "max_cpu": (1, 100, "1 to 100, a percentage of all cores"),
    "max_frames": (1, inf, "1 or more"),
    "max_memory": (1, inf, "1 or more, in MB"),
    "picture_quality": (1, 100, "1 to 100"),
    "segment": (1, inf, "1 or more"),
    "settle": (0, inf, "0 or more, in seconds"),
    "skip": (1, inf, "1 (every frame) or more"),
    "start": (0, inf, "0 or more: nothing is before the video"),
    "strength": (0, 1.5, "0 to 1.5"),
    "target_fps": (0.001, 1000, "0.001 to 1000, in frames a second"),
    "tile": (32, inf, "32 or more"),
    "video_track": (0, inf, "0 or more"),
    "workers": (0, 256, "0 to 256"),
}
_WHOLE_NUMBERS = frozenset(
    (
        *("crf", "jobs", "limit_pixels", "max_frames", "max_memory", "scale"),
        *("picture_quality", "segment", "skip", "tile", "video_track", "workers"),
    )
)
_NUMBERS = _WHOLE_NUMBERS | _RANGES.keys()
_ANY = (-inf, inf, "a number")
_SCALES = (1, 2, 4)
_BUDGETS = ("target_fps", "realtime", "deadline")
Look = Literal["faithful", "natural", "crisp", "drawn", "clean"]
DEFAULT_LOOK: Look = "faithful"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """Every choice of a conversion; a field is called as on the command line.

    Raises UsageError, which names the option, for what cannot be right.
    """

    scale: int | None = None
    """1 (same size), 2 or 4; None: 2, or what `size` takes."""
    size: str | None = None
    """Instead of `scale`: `1080p`, `4k`, `1280x720`, `1280x` or `x720`."""
    fit: Literal["inside", "cover", "pad", "stretch"] = "inside"
    """How a picture of another shape comes into `size`."""
    skip: int = 1
    """The network runs on every `skip`th frame; every frame and time stays."""
    target_fps: float | None = None
    """Frames a second to hold: the network sees what there is time for."""
    realtime: bool = False
    """The same at the source's own rate."""
    deadline: str | float | None = None
    """The same until all is done: `2h`, `1h30m`, seconds, or a time of day as 18:30."""
    fuse: float = 0.0
    """Share of the last residual, moved, in each frame, 0 to 1."""
    strength: float = 1.0
    """0 (plain resize), 1 (as the network says) to 1.5 (more than that)."""
    reuse: Literal["exact", "off"] = "exact"
    """Whether parts that did not change keep their result."""
    grain: float = 0.0
    """Share, 0 to 1, of the grain that the network takes that comes back."""
    look: Look = DEFAULT_LOOK
    """How the result looks, in a word."""
    model: str | PathLike[str] | None = None
    """Instead of `look`: a name, the path of a card, or of weights."""
    clean: float | None = None
    """Instead of `look`: 0 (true to the source) to 1 (cleaned of noise and blocks)."""
    trust_model: bool = False
    """Run a model that does not come with the package."""
    precision: Literal["auto", "int8", "float32"] = "auto"
    """`auto`: the faster one."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    workers: int | None = None
    """Worker threads; 0: none; None: one a core."""
    tile: int = 496
    """Side of the largest patch, in pixels."""
    deinterlace: Literal["auto", "on", "off"] = "auto"
    """Make whole pictures of fields: where they comb, always, never."""
    codec: str | None = None
    """FFmpeg's name of the encoder; None: as the target's container needs."""
    crf: int | None = None
    """On the encoder's scale, less is better; None: x264 18, x265 20, AV1 26."""
    preset: str | None = None
    """The encoder's own word; None: a fast one."""
    pix_fmt: str | None = None
    """As FFmpeg names it, or `source`; None: the source's, in .mp4 and .mov what plays
    everywhere."""
    encoder_options: Mapping[str, str] = field(default_factory=dict)
    """By FFmpeg's names; they win over `crf` and `preset`."""
    start: float = 0.0
    """Seconds from the first frame."""
    end: float | None = None
    """Seconds from the first frame; None: to the end."""
    max_frames: int | None = None
    video_track: int | None = None
    """Which video to enlarge, from 0; None: the main film."""
    audio: bool = True
    """False leaves all sound out."""
    overwrite: bool = False
    """Replace the target."""
    discard: bool = False
    """Start over, whatever is done of the target."""
    segment: int | None = None
    """Frames that are closed, and kept, at once; None: 100 to 250."""
    verify: Literal["fast", "full"] = "fast"
    """Read the result's packets back, or decode all of it."""
    compare: bool = False
    """Measure the target beside the source, at the source's size, for the report."""
    limit_pixels: int | None = None
    """The largest picture that is read; None: 67,108,864."""
    isolate: bool = False
    """Decode in a process of its own, with limits."""
    nice: bool = False
    """Leave the machine to other programs."""
    max_cpu: float | None = None
    """Percent of all cores, for the whole process."""
    max_memory: int | None = None
    """In MB, for the whole process; shortens the queues."""
    cluster: str | None = None
    """The address of Dask's scheduler; its workers do the work."""
    rate: str | float | Fraction | None = None
    """Frames a second of a sequence of pictures or of raw video; None: 25."""
    raw_size: str | None = None
    """Of raw video on standard input, as `640x360`."""
    raw_format: str | None = None
    """FFmpeg's name of its pixel format; None: `yuv420p`."""
    pipe_format: Literal["y4m", "raw", "nut", "matroska", "mpegts"] = "y4m"
    """What goes to standard output if the target is `-`."""

    def __post_init__(self) -> None:
        _check_kinds(self)
        check(**{name: getattr(self, name) for name in get_type_hints(type(self))})
        if self.size is not None:
            if self.scale is not None:
                raise UsageError("--size and --scale say two things; give one of them")
            box_of(self.size, Fit(self.fit))
        elif self.fit != "inside":
            raise UsageError(f"--fit {self.fit} needs a --size to fit into")
        chosen = self.look != DEFAULT_LOOK, self.clean is not None, bool(self.model)
        if len(told := [*compress(("--look", "--clean", "--model"), chosen)]) > 1:
            raise UsageError(f"{' and '.join(told)} say two things; give one of them")
        if self.end is not None and self.end <= self.start:
            raise UsageError(f"--end {self.end} is not after the start, {self.start} s")
        _check_budget(self)
        rate_of(self.rate)
        if self.raw_size is not None:
            size_of(self.raw_size)
        elif self.raw_format is not None:
            raise UsageError("--raw-format needs --raw-size, for example 640x360")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions(ConvertOptions):
    """The same for a folder, and what of it is converted, in what order.

    Options of the encoder and `rate` are for the inputs that they fit. Raises
    UsageError.
    """

    isolate: bool = True
    nice: bool = True
    include: tuple[str, ...] = ()
    """Patterns of the files that are wanted; none: all videos and pictures."""
    exclude: tuple[str, ...] = ()
    """Patterns of files and folders that are not."""
    follow_links: bool = False
    sequences: Literal["auto", "on", "off"] = "auto"
    """Whether numbered pictures are one input."""
    name: str = "{stem}"
    """Of an output, without its suffix."""
    to: str | None = None
    """Suffix of videos; None: the input's."""
    pictures_to: str | None = None
    """Suffix of pictures; None: the input's."""
    picture_quality: int | None = None
    """Of JPEG, WebP and AVIF, 1 to 100; None: the encoder's."""
    jobs: int | None = None
    """Files at a time; None: as cores and memory allow."""
    order: Literal["name", "shortest"] = "name"
    """Which input comes first."""
    settle: float = 2.0
    """Seconds; an input that changed less long ago is still being copied."""
    again: bool = False
    """Make everything anew."""
    recheck: bool = False
    """Compare contents, not sizes and times."""
    watch: bool = False
    """Go on with files that come, until cancelled."""

    def __post_init__(self) -> None:
        ConvertOptions.__post_init__(self)
        for name in ("raw_size", "raw_format"):
            if getattr(self, name) is not None:
                raise UsageError(f"{option_name(name)} is for a pipe, not for a folder")
        if self.watch and self.deadline is not None:
            raise UsageError("--watch has no end, so no --deadline; use --target-fps")


def _check_budget(options: ConvertOptions) -> None:
    """Raises UsageError for a time budget that is none, or has what it excludes."""
    given = [name for name in _BUDGETS if getattr(options, name) not in (None, False)]
    if options.deadline is not None:
        deadline_of(options.deadline)
    if given and options.cluster is not None:
        name = option_name(given[0])
        raise UsageError(f"{name} is for this machine's time; leave --cluster out")
    if given and options.skip > 1:
        given.append("skip")
    if len(given) > 1:
        first, second = (option_name(name) for name in given[:2])
        raise UsageError(f"{first} and {second} say two things; give one of them")


def check(**chosen: object) -> None:
    """Raises UsageError for the first choice out of its range; None never is."""
    for name, value in chosen.items():
        if value is not None and not _is_possible(name, value):
            raise UsageError(
                f"{option_name(name)} {printable(value)} is not possible; use "
                f"{_wanted(name)}"
            )


def _is_possible(name: str, value: object) -> bool:
    if name == "scale":
        return value in _SCALES
    kind = int if name in _WHOLE_NUMBERS else int | float
    low, high, _ = _RANGES.get(name, _ANY)
    if name not in _NUMBERS:
        return True
    return isinstance(value, kind) and low <= value <= high and abs(value) < inf


def _wanted(name: str) -> str:
    return "1, 2 or 4" if name == "scale" else _RANGES.get(name, _ANY)[2]


def _check_kinds(options: ConvertOptions) -> None:
    """Raises UsageError for a value of another kind than its field's."""
    for name, hint in get_type_hints(type(options)).items():
        value = getattr(options, name)
        if get_origin(hint) is Literal:
            words = get_args(hint)
            is_right, wanted = value in words, f"use {', '.join(words)}"
        else:
            kinds = _kinds(hint)
            names = (kind.__name__ for kind in kinds if kind is not NoneType)
            is_right, wanted = isinstance(value, kinds), f"give {' or '.join(names)}"
        if not is_right:
            shown = printable(value if isinstance(value, str) else repr(value))
            raise UsageError(f"{option_name(name)} {shown} is not possible; {wanted}")
    for pair in options.encoder_options.items():
        if not all(isinstance(word, str) for word in pair):
            raise UsageError(f"-e {pair} is not possible; give both as str")


def _kinds(hint: object) -> tuple[type, ...]:
    """The classes whose values a field takes."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    kinds = tuple(get_origin(part) or part for part in parts)
    return (*kinds, int) if float in kinds else kinds


def check_names(kind: type[ConvertOptions], names: Mapping[str, object]) -> None:
    """Raises UsageError for a name that is no option, with the nearest one."""
    known = get_type_hints(kind)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "see its list of options"
            raise UsageError(f"{kind.__name__} has no option {printable(name)}; {hint}")


def option_name(name: str) -> str:
    """The option of the command line for a field."""
    word = _OWN_NAMES.get(name, name).replace("_", "-")
    return word if word.startswith("-") else f"--{word}"


def deadline_of(words: str | float) -> timedelta | clock_time:
    """A duration from `2h`, `1h30m` or seconds; a time of day. Raises UsageError."""
    text = str(words).replace(" ", "")
    # 2h30 could be two and a half hours, or half a minute more than two.
    found = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m(?:in)?)?(?:([\d.]+)s)?", text)
    parts = found.groups() if found and text else (None, None, text)
    try:
        if ":" in text:
            return clock_time.fromisoformat(text.rjust(5, "0"))
        pairs = zip(parts, (3600, 60, 1), strict=True)
        seconds = sum(float(part) * unit for part, unit in pairs if part is not None)
        if seconds > 0:
            return timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        f"--deadline {printable(words)} is no time; write 2h, 1h30m, 90min or 45s, or "
        "18:30 for a time of day"
    )


def rate_of(words: str | float | Fraction | None) -> Fraction | None:
    """Frames a second from `25`, `23.976` or `30000/1001`. Raises UsageError."""
    if words is None:
        return None
    try:
        rate = Fraction(words).limit_denominator(1001)
    except (ValueError, OverflowError, TypeError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(
            f"--rate {printable(words)} is no rate; write 25 or 30000/1001"
        )
    return rate
