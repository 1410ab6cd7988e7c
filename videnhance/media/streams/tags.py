"""What is said of a stream in another file: language, title, roles and other tags.

Each container holds less of it or more, and says it in its own way.
"""

from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.errors import printable
from videnhance.media.containers import container_named
from videnhance.media.stream_choice import rate_of
from videnhance.media.streams.languages import three_letters
from videnhance.media.streams.timecode import is_counted

__all__ = ["carried_metadata", "lost_description"]

_UNTOLD_ROLES = ("captions", "default", "metadata", "dependent", "multilayer")
"""What players do without, or what the way of storing it decides."""
_MADE_ANEW = ("duration", "vendor_id", "number_of_", "bps", "_statistics")
"""What the muxer writes itself, or what the copy would make wrong."""
_NAMELESS_HANDLERS = (
    "datahandler",
    "soundhandler",
    "subtitlehandler",
    "timecodehandler",
    "videohandler",
)
"""What muxers write for a track that nobody gave a name."""
_OLD_LANGUAGES = {
    "ces": "cze",
    "deu": "ger",
    "ell": "gre",
    "fas": "per",
    "isl": "ice",
    "mkd": "mac",
    "nld": "dut",
    "sqi": "alb",
    "zho": "chi",
}
"""Languages that mov's list from before ISO 639-2 knows by their other code."""


def carried_metadata(
    stream: Stream, container: str, encoded_anew: bool = False
) -> dict[str, str]:
    """The stream's metadata for its copy in an FFmpeg container of this name.

    Of a stream that is encoded anew the encoder is not carried.
    """
    made_anew = (*_MADE_ANEW, "encoder") if encoded_anew else _MADE_ANEW
    carried = {
        key: value
        for key, value in stream.metadata.items()
        if not key.lower().startswith(made_anew)
        and not (key.lower() == "handler_name" and value.lower() in _NAMELESS_HANDLERS)
    }
    # FFmpeg reads the title of an mp4 track as "name", but writes it from "title".
    title = carried.pop("name", None)
    if title is not None:
        carried.setdefault("title", title)
    row = container_named(container)
    if row.boxes and not _has_counted_rate(stream):
        carried.pop("timecode", None)
    if row.short_languages and "language" in carried:
        language = three_letters(carried["language"])
        if container == "mov":
            language = _OLD_LANGUAGES.get(language, language)
        carried["language"] = language
    return carried


def _has_counted_rate(stream: Stream) -> bool:
    return isinstance(stream, VideoStream) and is_counted(rate_of(stream))


def lost_description(stream: Stream, container: str) -> str:
    """What an FFmpeg container of this name does not hold of the track; "" if all."""
    row = container_named(container)
    lost = [
        (role.name or "").replace("_", " ")
        for role in Disposition
        if role & stream.disposition
        and not role & row.roles
        and role.name not in _UNTOLD_ROLES
    ]
    roles = "roles" if len(lost) > 1 else "role"
    parts = [f"its {roles} ({', '.join(lost)})"] if lost else []
    titled = any(stream.metadata.get(key) for key in ("title", "name"))
    if titled and not row.titles:
        parts.insert(0, "its title")
    language = stream.language or ""
    # An avi holds no language at all.
    if row.short_languages and container != "avi" and "-" in language:
        parts.append(
            f"what {printable(language)} says beyond {three_letters(language)}"
        )
    if not parts:
        return ""
    are = "are" if len(parts) > 1 or len(lost) > 1 else "is"
    return f"{' and '.join(parts)} {are} lost"
