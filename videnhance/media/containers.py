"""What each container of an output can hold and tell: one row for each.

A container goes by FFmpeg's name of its muxer. To add one, add its row.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from av.stream import Disposition

from videnhance.errors import OutputError, UsageError, printable

__all__ = [
    "CONTAINERS",
    "ROWS",
    "Container",
    "check_length",
    "container_for",
    "container_named",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a container can hold and tell, as FFmpeg writes it and reads it back.

    The defaults are those of a container that nothing is known of.
    """

    name: str
    """FFmpeg's name of the muxer."""
    suffixes: tuple[str, ...] = ()
    """Of output files."""
    boxes: bool = False
    """Whether it is made of boxes (ISO/IEC 14496-12): an index in `moov`, edit lists,
    a timecode as a track."""
    elements: bool = False
    """Whether it is made of elements (RFC 8794), as Matroska."""

    # Video
    default_codec: str = "libx264"
    """The encoder if the user names none: libx264 wherever it is held, since it plays
    anywhere, and with 8 and 10 bits."""
    video_codecs: frozenset[str] | None = None
    """FFmpeg's names of the codecs of video; None: FFmpeg lists the encoders."""
    smallest_codec: str = "mpeg4"
    """A codec that it holds, for a file that nobody sees."""
    plays_everywhere: bool = False
    """Whether people expect that every player shows what is in it."""
    constant_rate: bool = False
    """Whether it counts frames and has no times."""
    opacity_beside: bool = False
    """Whether it holds opacity as a second stream beside each packet."""
    longest_side: int | None = None
    """Pixels, if there is a limit."""
    longest_seconds: Fraction | None = None
    """From the first to the last time, if there is a limit."""

    # What a reader is told of the video
    frames: bool = False
    """Whether each written packet is read as a frame."""
    times: bool = False
    """Whether each frame has its time."""
    start: bool = False
    """Whether the first frame has its time; elsewhere only differences count."""
    end: bool = False
    """Whether it tells how long the last frame is shown."""
    aspect: bool = False
    """Whether it tells the shape of a pixel whatever the codec: PyAV gives it to no
    other muxer."""
    colour: bool = False
    """Whether it tells range, matrix, primaries and transfer for codecs that do not."""
    rotation: bool = False

    # Tags and other streams
    titles: bool = False
    """Whether a stream has a title."""
    languages: bool = False
    """Whether a language of three letters is read back as it was given."""
    short_languages: bool = False
    """Whether a language has three letters only, without country or script."""
    roles: Disposition = Disposition(0)  # noqa: RUF009 - a flag, which cannot change
    """Of a stream."""
    default_stream: bool = False
    """Whether it tells which streams are played unless others are chosen."""
    chapters: bool = False
    timecode: bool = False
    """Whether its muxer writes the timecode that the video's metadata tell."""
    attachments: bool = False
    """Files, covers among them."""
    cover_streams: bool = False
    """Whether a cover is a stream."""
    data: bool = False
    """Whether it holds streams of data."""
    packets_meet: bool = False
    """Whether packets of one stream may have the same time: its ticks are longer than
    some packets."""
    durations: bool = True
    """Whether it tells how long a packet lasts."""
    more_codecs: frozenset[str] = frozenset()
    """Of all kinds of streams, beyond what FFmpeg lists for it."""
    sound: tuple[str, ...] = ()
    """Encoders to convert to; `pcm` with as many bits as the source."""
    lossless_sound: tuple[str, ...] = ()
    """Encoders to prefer for sound that has lost nothing yet."""
    pcm_places: bool = False
    """Whether it tells where the channels of PCM belong."""
    subtitles: str | None = None
    """The encoder to convert texts to."""


_MP4_ROLES = (
    Disposition.dub
    | Disposition.comment
    | Disposition.forced
    | Disposition.hearing_impaired
    | Disposition.visual_impaired
    | Disposition.captions
    | Disposition.descriptions
)
_MP4 = Container(
    name="mp4",
    suffixes=(".m4v", ".mp4"),
    boxes=True,
    plays_everywhere=True,
    longest_side=65535,
    frames=True,
    times=True,
    start=True,
    end=True,
    aspect=True,
    rotation=True,
    titles=True,
    languages=True,
    short_languages=True,
    roles=_MP4_ROLES,
    default_stream=True,
    chapters=True,
    timecode=True,
    cover_streams=True,
    data=True,
    sound=("aac", "libopus"),
    lossless_sound=("flac", "alac"),
    pcm_places=True,
    subtitles="mov_text",
)
_MATROSKA = Container(
    name="matroska",
    suffixes=(".mkv",),
    elements=True,
    opacity_beside=True,
    frames=True,
    times=True,
    start=True,
    colour=True,
    rotation=True,
    titles=True,
    languages=True,
    roles=_MP4_ROLES & ~Disposition.captions | Disposition.original,
    default_stream=True,
    chapters=True,
    timecode=True,
    attachments=True,
    packets_meet=True,
    sound=("flac", "pcm"),
    subtitles="subrip",
)
ROWS = (
    _MP4,
    replace(
        _MP4,
        name="mov",
        suffixes=(".mov",),
        languages=False,
        roles=Disposition(0),
        cover_streams=False,
        sound=("aac", "pcm"),
        lossless_sound=("alac", "pcm"),
    ),
    _MATROSKA,
    replace(
        _MATROSKA,
        name="webm",
        suffixes=(".webm",),
        default_codec="libvpx-vp9",
        smallest_codec="vp8",
        roles=Disposition.forced | Disposition.descriptions,
        timecode=False,
        attachments=False,
        sound=("libopus",),
        subtitles="webvtt",
    ),
    Container(
        name="mpegts",
        suffixes=(".m2ts", ".mts", ".ts"),
        video_codecs=frozenset(
            ("dirac", "h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vc1")
        ),
        # Times have 33 bits; demuxers need a minute of it to tell what is before.
        longest_seconds=Fraction(1 << 33, 90000) - 120,
        frames=True,
        times=True,
        short_languages=True,
        roles=Disposition.clean_effects
        | Disposition.hearing_impaired
        | Disposition.visual_impaired,
        data=True,
        more_codecs=frozenset(
            (
                *("aac", "aac_latm", "ac3", "eac3", "dca", "mp2", "mp3", "mp3float"),
                *("opus", "libopus", "truehd", "dvbsub", "h264", "hevc"),
                *("mpeg2video", "mpeg1video", "mpeg4"),
            )
        ),
        sound=("aac",),
    ),
    Container(
        name="nut",
        suffixes=(".nut",),
        frames=True,
        times=True,
        titles=True,
        roles=Disposition.dub
        | Disposition.original
        | Disposition.comment
        | Disposition.lyrics
        | Disposition.karaoke,
        chapters=True,
        data=True,
        durations=False,
        sound=("flac", "pcm"),
    ),
    Container(
        name="avi",
        suffixes=(".avi",),
        constant_rate=True,
        frames=True,
        short_languages=True,
        sound=("ac3", "pcm"),
        lossless_sound=("pcm",),
        pcm_places=True,
    ),
    Container(
        name="flv",
        suffixes=(".flv",),
        smallest_codec="flv1",
        frames=True,
        times=True,
        packets_meet=True,
        sound=("aac",),
    ),
    Container(name="apng", default_codec="apng"),
    Container(name="avif", default_codec="libsvtav1"),
    Container(name="gif", default_codec="gif"),
    Container(name="webp", default_codec="libwebp_anim"),
)
_BY_NAME = {row.name: row for row in ROWS}

CONTAINERS = dict(sorted((suffix, r.name) for r in ROWS for suffix in r.suffixes))
"""FFmpeg's name of the container, by the suffix of an output that is a video."""


def container_named(name: str) -> Container:
    """The row of a container (FFmpeg's name); of an unknown one nothing is asked."""
    return _BY_NAME.get(name) or Container(name=name)


def container_for(target: Path) -> str:
    """FFmpeg's name of the container. Raises UsageError for an unknown suffix."""
    name = CONTAINERS.get(target.suffix.lower())
    if name is None:
        known = ", ".join(sorted(CONTAINERS))
        raise UsageError(
            f"{printable(target)}: {printable(target.suffix) or 'no suffix'} is not "
            f"the suffix of a container that can be written; choose one of {known}"
        )
    return name


def check_length(name: object, container: str, seconds: Fraction) -> None:
    """Raises OutputError, which names the file, if a container (FFmpeg's name) cannot
    count from the first to the last of its times."""
    longest = container_named(container).longest_seconds
    if longest is not None and seconds > longest:
        raise OutputError(
            f"{printable(name)}: {container} holds {float(longest) / 3600:.0f} hours, "
            f"and the source's times reach over {float(seconds) / 3600:.0f}: name an "
            "output .mkv",
            cause_stays=True,
        )
