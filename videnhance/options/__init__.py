"""What a user chooses: each option of a conversion, or of a folder's, and its default.

Light, so that the command line knows them before any library is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import compress
from os import PathLike
from typing import Literal, get_type_hints

from videnhance.errors import UsageError
from videnhance.frame.geometry import Fit, box_of, size_of
from videnhance.options.bounds import check, check_kinds, option_name
from videnhance.options.times import deadline_of, rate_of

__all__ = ["DEFAULT_LOOK", "ConvertOptions", "FolderOptions"]

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
        check_kinds(self)
        for pair in self.encoder_options.items():
            if not all(isinstance(word, str) for word in pair):
                raise UsageError(f"-e {pair} is not possible; give both as str")
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
    """Which input comes first; by bytes, for how long they play is not known yet."""
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
