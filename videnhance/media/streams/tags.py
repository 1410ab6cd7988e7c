"""What is said in another file: a stream's language, title, roles and tags; chapters.

Each container holds less of it or more, and says it in its own way. A timecode, the
time of day by which tape and film name a frame, and chapters move with the span that
is converted.
"""

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.errors import printable
from videnhance.media.containers import container_named
from videnhance.media.source import Span
from videnhance.media.stream_choice import rate_of

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = [
    "as_texts",
    "carried_metadata",
    "is_counted",
    "lost_description",
    "moved_chapters",
    "moved_timecode",
    "three_letters",
]

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
_PARTS = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d\d?)")
_MINUTE, _DAY = 60, 24 * 60 * 60
"""Seconds."""
_MOST_FRAMES = 120
"""Frames a second; with a few more the muxer fails over the timecode in the end."""
_UNTITLED = " "
"""A chapter without any title gets no text, and the next one its place."""
_BY_TWO = """
aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak
bebel bgbul bhbih bibis bmbam bnben bobod brbre bsbos cacat ceche chcha cocos
crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe elell eneng eoepo
esspa etest eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg
gngrn guguj gvglv hahau heheb hihin hohmo hrhrv hthat huhun hyhye hzher iaina
idind ieile igibo iiiii ikipk ioido isisl itita iuiku jajpn jvjav kakat kgkon
kikik kjkua kkkaz klkal kmkhm knkan kokor krkau kskas kukur kvkom kwcor kykir
lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah mimri mkmkd
mlmal mnmon mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld nnnno
nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus
ptpor quque rmroh rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag sisin
skslk slslv smsmo snsna sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam
tetel tgtgk ththa titir tktuk tltgl tntsn toton trtur tstso tttat twtwi tytah
uguig ukukr ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid yoyor zazha
zhzho zuzul
"""
_LETTERS = {pair[:2]: pair[2:] for pair in _BY_TWO.split()}
_OLD = {"in": "ind", "iw": "heb", "ji": "yid"}
"""Codes that were withdrawn, and still stand in files."""


def carried_metadata(
    stream: Stream, container: str, *, encoded_anew: bool = False
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


def is_counted(rate: Fraction) -> bool:
    """Whether FFmpeg's muxers can count frames of this rate by a timecode."""
    return 1 <= rate <= _MOST_FRAMES


def moved_timecode(timecode: str, rate: Fraction, *, seconds: Fraction) -> str:
    """The timecode this much later, at `rate` frames a second; if it is none, itself.

    With a semicolon it leaves out numbers, two of 30 in each minute but the tenth, so
    that it follows the clock (SMPTE ST 12-1).
    """
    found = _PARTS.fullmatch(timecode)
    base = round(rate)
    if not found or base < 1:
        return timecode
    hours, minutes, whole, frame = (int(found[n]) for n in (1, 2, 3, 5))
    left_out = base // 15 if found[4] in ";." and base % 30 == 0 else 0
    all_minutes = hours * _MINUTE + minutes
    number = (all_minutes * _MINUTE + whole) * base + frame
    number -= left_out * (all_minutes - all_minutes // 10)
    day = _DAY * base - left_out * (24 * 6 * 9)
    number = (number + round(seconds * rate)) % day
    tens, rest = divmod(number, base * _MINUTE * 10 - left_out * 9)
    number += left_out * 9 * tens
    if rest >= base * _MINUTE:
        minute = base * _MINUTE - left_out
        number += left_out * ((rest - left_out) // minute)
    whole, frame = divmod(number, base)
    clock = whole // 3600, whole // _MINUTE % _MINUTE, whole % _MINUTE
    digits = len(found[5])
    return "{:02}:{:02}:{:02}".format(*clock) + f"{found[4]}{frame:0{digits}}"


def moved_chapters(
    chapters: "list[Chapter]", zero: Fraction, *, span: Span
) -> "list[Chapter]":
    """The chapters within the span, on a clock that has 0 at `zero` seconds."""
    moved = []
    for chapter in chapters:
        base = Fraction(chapter["time_base"] or 1)
        shift = round(zero / base)
        start, end = (max(chapter[edge] - shift, 0) for edge in ("start", "end"))
        if span.end is not None:
            last = round((span.end - span.start) / base)
            start, end = min(start, last), min(end, last)
        if end > start:
            chapter["start"], chapter["end"] = start, end
            moved.append(chapter)
    return moved


def as_texts(chapters: "list[Chapter]") -> "list[Chapter]":
    """The chapters for an mp4, which has them as a track of texts without gaps.

    Each has a title, if only a blank, and one of these stands before a late first one.
    """
    for chapter in chapters:
        chapter["metadata"] = {"title": _UNTITLED, **chapter["metadata"]}
    first = min(chapters, key=lambda c: c["start"] * Fraction(c["time_base"] or 1))
    if first["start"] <= 0:
        return chapters
    used = {chapter["id"] for chapter in chapters}
    number = next(n for n in range(len(used) + 1) if n not in used)
    blank: Chapter = {**first, "id": number, "start": 0, "end": first["start"]}
    blank["metadata"] = {"title": _UNTITLED}
    return [blank, *chapters]


def three_letters(language: str) -> str:
    """The language of a BCP 47 tag (`en`, `pt-BR`) by three letters; else as it is."""
    first, _, rest = language.lower().replace("_", "-").partition("-")
    found = _LETTERS.get(first) or _OLD.get(first)
    if found is None and rest and len(first) == 3 and first.isalpha():
        found = first
    return found or language
