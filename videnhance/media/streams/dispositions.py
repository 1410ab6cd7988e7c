"""What is said of a track, its title and its roles, and which containers hold it."""

from av.stream import Disposition, Stream

from videnhance.errors import printable
from videnhance.media.streams.languages import three_letters

__all__ = ["lost_words"]

_MP4 = (
    Disposition.dub
    | Disposition.comment
    | Disposition.forced
    | Disposition.hearing_impaired
    | Disposition.visual_impaired
    | Disposition.captions
    | Disposition.descriptions
)
_NONE = Disposition(0)
_ROLES = {
    "matroska": _MP4 & ~Disposition.captions | Disposition.original,
    "mp4": _MP4,
    "mpegts": Disposition.clean_effects
    | Disposition.hearing_impaired
    | Disposition.visual_impaired,
    "nut": Disposition.dub
    | Disposition.original
    | Disposition.comment
    | Disposition.lyrics
    | Disposition.karaoke,
    "webm": Disposition.forced | Disposition.descriptions,
}
"""Roles that FFmpeg's muxers write, and its demuxers read back."""
_UNTOLD = ("captions", "default", "metadata", "dependent", "multilayer")
"""What players do without, or what the way of storing it decides."""
_BY_THREE_LETTERS = ("mov", "mp4", "mpegts")
"""Containers whose languages have no country or script."""
_TITLED = ("matroska", "mov", "mp4", "nut", "webm")


def lost_words(stream: Stream, container: str) -> str:
    """What an FFmpeg container of this name does not hold of the track; "" if all."""
    held = _ROLES.get(container, _NONE)
    lost = [
        (role.name or "").replace("_", " ")
        for role in Disposition
        if role & stream.disposition and not role & held and role.name not in _UNTOLD
    ]
    roles = "roles" if len(lost) > 1 else "role"
    parts = [f"its {roles} ({', '.join(lost)})"] if lost else []
    titled = any(stream.metadata.get(key) for key in ("title", "name"))
    if titled and container not in _TITLED:
        parts.insert(0, "its title")
    language = stream.language or ""
    if container in _BY_THREE_LETTERS and "-" in language:
        parts.append(
            f"what {printable(language)} says beyond {three_letters(language)}"
        )
    if not parts:
        return ""
    are = "are" if len(parts) > 1 or len(lost) > 1 else "is"
    return f"{' and '.join(parts)} {are} lost"
