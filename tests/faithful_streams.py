"""Checks of the streams beside the video: what is kept, and to the byte."""

import re
from fractions import Fraction

from tests.faithful_checks import TICKS
from tests.faithful_reader import Media, Track, run_tool
from tests.faithful_row import Case, Check

__all__ = [
    "attachments",
    "chapters",
    "copied",
    "covers",
    "file_tags",
    "languages",
    "nothing_left",
    "roles",
    "streams",
    "texts",
    "titles",
    "tracks_alike",
]


def streams(*wanted: str) -> Check:
    """The list of streams, as "kind codec"; covers and attachments are in it."""

    def test(case: Case) -> None:
        found = tuple(f"{t.kind} {t.codec}" for t in case.after.tracks)
        assert found == wanted

    return Check(f"streams: {', '.join(w.split()[-1] for w in wanted)}", test)


def _pairs(case: Case, kind: str) -> list[tuple[Track, Track]]:
    return [*zip(case.before.of(kind), case.after.of(kind), strict=True)]


def copied(kind: str = "audio", *, first: int = 0) -> Check:
    """Every packet of the streams of a kind, by MD5."""

    def test(case: Case) -> None:
        pairs = _pairs(case, kind)[first:]
        assert pairs
        for old, new in pairs:
            assert old.codec == new.codec
            assert old.hashes == new.hashes
            assert old.hashes

    return Check(f"{kind} packets' MD5", test)


def tracks_alike(within: str = "0") -> Check:
    """Start of every track against the first one's, whatever its kind."""

    def test(case: Case) -> None:
        limit = Fraction(within) + TICKS.get(case.target.suffix[1:], Fraction(0))
        old, new = _starts(case.before), _starts(case.after)
        assert len(old) == len(new) > 1
        wrong = [(float(a), float(b)) for a, b in zip(old, new, strict=True)
                 if abs(a - b) > limit]  # fmt: skip
        assert not wrong, wrong

    return Check("every track's delay", test)


def _starts(media: Media) -> list[Fraction]:
    tracks = [*media.of("video"), *media.of("audio")]
    starts = [int(t.values["start_pts"]) * t.base for t in tracks]
    return [start - starts[0] for start in starts]


def languages(*wanted: str) -> Check:
    """Language of each stream beside the video."""

    def test(case: Case) -> None:
        found = tuple(t.tags.get("language", "") for t in case.after.tracks[1:])
        assert found == wanted

    return Check(f"languages {', '.join(wanted)}", test)


def titles(*wanted: str) -> Check:
    """Title of each stream beside the video."""

    def test(case: Case) -> None:
        found = tuple(t.tags.get("title", "") for t in case.after.tracks[1:])
        if case.target.suffix == ".mp4":  # ffprobe does not tell of these
            data = case.target.read_bytes()
            found = tuple(t for t in wanted if b"name" + t.encode() in data)
        assert found == wanted

    return Check(f"titles {', '.join(wanted)}", test)


def roles(*wanted: str) -> Check:
    """Dispositions of each stream beside the video, as "default+forced"."""

    def test(case: Case) -> None:
        found = tuple("+".join(sorted(t.roles)) for t in case.after.tracks[1:])
        assert found == wanted

    return Check("dispositions", test)


def file_tags(**wanted: str) -> Check:
    """Tags of the file."""

    def test(case: Case) -> None:
        found = {name: case.after.tags.get(name) for name in wanted}
        assert found == wanted

    return Check(f"file's {', '.join(wanted)}", test)


def chapters() -> Check:
    """Start, end and title of every chapter."""

    def test(case: Case) -> None:
        assert len(case.before.chapters) > 1
        assert len(case.after.chapters) == len(case.before.chapters)
        for old, new in zip(case.before.chapters, case.after.chapters, strict=True):
            assert new[2] == old[2]
            assert all(abs(a - b) <= Fraction(1, 1000)
                       for a, b in zip(old[:2], new[:2], strict=True))  # fmt: skip

    return Check("chapters' times and titles", test)


def attachments(**wanted: bytes) -> Check:
    """Bytes of every attachment; the names stand with `_` for the dot."""

    def test(case: Case) -> None:
        found = {}
        for track in case.after.tracks:
            if track.kind == "attachment":
                name = track.tags["filename"]
                index = track.values["index"]
                words = f"-v quiet -y -dump_attachment:{index} out.bin -i"
                folder = case.target.parent
                _dump(words.split(), case.after.name, case)
                found[name.replace(".", "_")] = (folder / "out.bin").read_bytes()
        assert found == wanted

    return Check(f"bytes of {len(wanted)} attachments", test)


def _dump(words: list[str], name: str, case: Case) -> None:
    words = [*words, name, "-t", "0", "-f", "null", "-"]
    run_tool("ffmpeg", "-nostdin", *words, folder=case.target.parent)


def covers(count: int = 1) -> Check:
    """The covers' pictures, by MD5."""

    def test(case: Case) -> None:
        old, new = case.before.covers, case.after.covers
        assert len(old) == len(new) == count
        assert [t.hashes for t in old] == [t.hashes for t in new]

    return Check("cover's bytes", test)


def texts(*, plain: bool = False) -> Check:
    """Texts and times of every subtitle, turned into SubRip by ffmpeg."""

    def test(case: Case) -> None:
        count = len(case.before.of("subtitle"))
        assert count == len(case.after.of("subtitle")) > 0
        for number in range(count):
            old = _subtitles(case.before, number, plain)
            assert old
            assert _subtitles(case.after, number, plain) == old

    return Check("subtitles' texts and times", test)


def _subtitles(media: Media, number: int, plain: bool) -> list[tuple[str, ...]]:
    words = f"-map 0:s:{number} -c:s srt -f srt -".split()
    text = run_tool(
        *["ffmpeg", "-nostdin", "-v", "quiet", "-i"], media.name, *words
    ).decode()
    if plain:
        text = re.sub(r"<[^>]*>|\{\\[^}]*\}", "", text)
    blocks = [block.strip().split("\n") for block in text.strip().split("\n\n")]
    return [tuple(line.strip() for line in block[1:]) for block in blocks if block[1:]]


def nothing_left() -> Check:
    """No target, and nothing that was begun."""

    def test(case: Case) -> None:
        assert not case.target.exists()

    return Check("no file under the target's name", test)
