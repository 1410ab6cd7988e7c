"""The metadata of a stream that stays true, and readable, in another file."""

from av.stream import Stream
from av.video.stream import VideoStream

from videnhance.media.stream_choice import rate_of
from videnhance.media.streams.languages import three_letters
from videnhance.media.streams.timecode import is_counted

__all__ = ["carried_metadata"]

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
_BY_THREE_LETTERS = ("avi", "mov", "mp4", "mpegts")
_WITH_TIMECODE_TRACK = ("mov", "mp4")


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
    if container in _WITH_TIMECODE_TRACK and not _counts(stream):
        carried.pop("timecode", None)
    if container in _BY_THREE_LETTERS and "language" in carried:
        language = three_letters(carried["language"])
        if container == "mov":
            language = _OLD_LANGUAGES.get(language, language)
        carried["language"] = language
    return carried


def _counts(stream: Stream) -> bool:
    return isinstance(stream, VideoStream) and is_counted(rate_of(stream))
