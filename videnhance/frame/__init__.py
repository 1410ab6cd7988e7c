"""What flows: a decoded picture with its time, and what is known of the whole video."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from videnhance.frame.geometry import Size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "LONGEST_USER_DATA",
    "ZERO_CODE",
    "ColourTags",
    "Family",
    "Frame",
    "Layout",
    "Light",
    "Mastering",
    "Packing",
    "Pixels",
    "Plane",
    "Projection",
    "Sphere",
    "Stereo",
    "UserData",
    "VideoInfo",
]

if TYPE_CHECKING:
    Pixels: TypeAlias = npt.NDArray[np.uint8]
    """What a model sees: H x W x C, C = 1 (luma) or 3 (RGB)."""
    Plane: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """One channel, H x W, 8 bits or 9 to 16 bits a sample."""
else:
    # Help and options need sizes, which stand in this room, and no arrays.
    Pixels = Plane = Any
LONGEST_USER_DATA = 1 << 16
"""Bytes of a piece; captions have 100, and a camera's own notes a few thousand."""
ZERO_CODE = 128
"""The residual code that adds nothing."""


class Family(Enum):
    """What the planes of a picture mean, in this order."""

    GRAY = "gray"
    YUV = "yuv"
    RGB = "rgb"


@dataclass(frozen=True, slots=True)
class Mastering:
    """The display that a HDR video was graded on (SMPTE ST 2086).

    Primaries and white are CIE 1931 x and y, luminances cd/m2; None = not said.
    """

    red: tuple[Fraction, Fraction] | None = None
    green: tuple[Fraction, Fraction] | None = None
    blue: tuple[Fraction, Fraction] | None = None
    white: tuple[Fraction, Fraction] | None = None
    min_luminance: Fraction | None = None
    max_luminance: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Light:
    """How bright a HDR video is: its mastering display and content light level."""

    mastering: Mastering | None = None
    max_cll: int | None = None
    """Brightest pixel in cd/m2 (MaxCLL)."""
    max_fall: int | None = None
    """Brightest mean of a frame in cd/m2 (MaxFALL)."""


class Projection(Enum):
    """How a sphere around the viewer is laid out flat; in FFmpeg's order."""

    EQUIRECTANGULAR = "equirectangular"
    CUBEMAP = "cube map"
    TILE = "a part of an equirectangular one"
    HALF = "half equirectangular"
    RECTILINEAR = "rectilinear"
    FISHEYE = "fisheye"
    IMMERSIVE = "parametric immersive"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sphere:
    """The place of the pictures on a sphere around the viewer: 360 degrees, or 180."""

    projection: Projection
    pose: tuple[int, int, int] = (0, 0, 0)
    """Yaw, pitch and roll in degrees, times 65536."""
    edges: tuple[int, int, int, int] = (0, 0, 0, 0)
    """What a part lacks at left, top, right and bottom, as shares times 2^32."""
    padding: int = 0
    """Pixels between a cube map's face and its edge."""


class Packing(Enum):
    """How the views of two eyes lie in one video; in FFmpeg's order."""

    SIDE_BY_SIDE = "side by side"
    TOP_BOTTOM = "one above the other"
    IN_TURN = "picture by picture"
    CHECKERBOARD = "as a checkerboard"
    QUINCUNX = "side by side, as a quincunx"
    LINES = "line by line"
    COLUMNS = "column by column"
    LAYERS = "in layers"
    """Only the first is decoded."""


@dataclass(frozen=True, slots=True)
class Stereo:
    """A video for two eyes (3D)."""

    packing: Packing
    swapped: bool = False
    """Whether the right eye's view comes first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the planes of a frame are stored."""

    name: str
    """FFmpeg's name of the pixel format, for example `yuv420p10le`."""
    family: Family
    depth: int
    """Bits a sample: 8 (uint8), or 9 to 16 (uint16)."""
    chroma_shift: tuple[int, int] = (0, 0)
    """Chroma is stored at 1 / 2 ** shift of width and height, rounded up."""
    alpha: bool = False
    """Whether the last plane is opacity, of full size: 0 = hidden, straight colour."""
    centred: bool = False
    """Chroma lies between luma samples (JPEG, MPEG-1), not level with the left ones."""

    def __post_init__(self) -> None:
        if not 8 <= self.depth <= 16:
            raise ValueError(f"{self.depth = } is not within 8 to 16")

    def plane_sizes(self, size: Size) -> tuple[Size, ...]:
        """The size of each plane of a frame of this size."""
        opacity = (size,) * self.alpha
        if self.family is Family.GRAY:
            return (size, *opacity)
        across, down = self.chroma_shift
        chroma = Size(-(-size.width >> across), -(-size.height >> down))
        return (size, chroma, chroma, *opacity)

    @property
    def opaque(self) -> "Layout":
        """The same layout without its plane of opacity."""
        if not self.alpha:
            return self
        return replace(self, name=self.name.replace("a", "", 1), alpha=False)

    @property
    def sited_left(self) -> tuple[bool, ...]:
        """For each plane whether its samples lie level with the left of several."""
        if self.family is Family.GRAY:
            return (False,) * (1 + self.alpha)
        chroma = self.chroma_shift[0] > 0 and not self.centred
        return (False, chroma, chroma, *(False,) * self.alpha)


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Range, matrix, primaries and transfer as FFmpeg's numbers; 2 or 0 = untagged."""

    range: int = 0
    """0 not tagged, 1 limited ("MPEG"), 2 full ("JPEG")."""
    matrix: int = 2
    primaries: int = 2
    transfer: int = 2

    @property
    def full(self) -> bool:
        """Whether samples use the full range."""
        return self.range == 2


@dataclass(frozen=True, slots=True)
class UserData:
    """What belongs to a frame and is no picture, as an SEI message (ITU-T H.274)."""

    payload_type: int
    """4 is ITU-T T.35 (captions), 5 unregistered, 45 two views, 148 ambient light."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. Its arrays are read-only by agreement: stages make new ones."""

    index: int
    """Counted from 0, without gaps."""
    pts: int
    """Presentation time in units of `time_base`."""
    time_base: Fraction
    """Seconds."""
    layout: Layout
    tags: ColourTags
    planes: tuple[Plane, ...] = field(repr=False)
    """One H x W array a plane."""
    duration: int = 0
    """How long it is shown, in units of `time_base`; 0 if the file does not say."""
    user_data: tuple[UserData, ...] = ()

    def __post_init__(self) -> None:
        wanted = self.layout.plane_sizes(self.size)
        got = tuple(Size(p.shape[1], p.shape[0]) for p in self.planes)
        if got != wanted:
            raise ValueError(f"planes of {got} do not make a {self.layout.name} frame")
        kind = "uint8" if self.layout.depth == 8 else "uint16"
        if any(p.dtype != kind for p in self.planes):
            raise ValueError(f"{self.layout.depth} bits are stored as {kind}")

    @property
    def size(self) -> Size:
        """Width and height of the first plane."""
        height, width = self.planes[0].shape
        return Size(width, height)

    @property
    def nbytes(self) -> int:
        """Bytes of all planes: what a queue is bounded by."""
        return sum(p.nbytes for p in self.planes)

    def with_planes(self, planes: tuple[Plane, ...]) -> "Frame":
        """The same moment with other planes, of any size."""
        return replace(self, planes=planes)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the headers say of a video stream; the frames may disagree."""

    size: Size
    layout: Layout
    """The layout that frames are delivered in."""
    source_format: str
    """FFmpeg's name of the pixel format that the decoder gives."""
    codec: str
    rate: Fraction
    """Average frames a second; a hint, 0 if unknown."""
    time_base: Fraction
    frames: int | None
    """Frames to expect; None if nothing says so."""
    duration_seconds: float | None
    tags: ColourTags
    sample_aspect_ratio: Fraction | None
    rotation_degrees: int
    """Clockwise turn that a player applies, 0 to 359."""
    streams: tuple[str, ...] = ()
    """Each stream of the file in words, in order."""
    chapters: tuple[str, ...] = ()
    """When each begins and ends, and its title, in words."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    start_seconds: Fraction = Fraction(0)
    """The time of the file's first frame on the file's own clock."""
    light: Light | None = None
    """HDR's static metadata; None if the file has none."""
    mirrored: bool = False
    """Whether a player swaps left and right, after the turn."""
    interlaced: bool = False
    """Whether the file says that its pictures are made of two fields."""
    user_data: tuple[UserData, ...] = ()
    """Of the first frame."""
    sphere: Sphere | None = None
    stereo: Stereo | None = None
