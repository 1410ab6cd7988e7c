"""Rows of the table: what a file carries beside pictures, sound and subtitles."""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av

from tests.faithful_boxes import box, tagged_in_entry
from tests.faithful_checks import every_time, frames, says
from tests.faithful_reader import Media
from tests.faithful_row import Case, Check, Row
from tests.faithful_streams import file_tags, languages
from tests.faithful_times import H264, scene, tone
from tests.faithful_units import captioned, marked, pair

__all__ = ["CARRIED"]

BOTH = (frames(), every_time())
APPLE = "com.apple.quicktime."
PHONE = {
    f"{APPLE}make": "Maker",
    f"{APPLE}model": "Model 1",
    f"{APPLE}location.ISO6709": "+48.8577+002.2950+035.000/",
    f"{APPLE}creationdate": "2024-05-06T09:08:09+0200",
    "creation_time": "2024-05-06T07:08:09.000000Z",
}
ANDROID = {
    "location": "+48.8577+002.2950/",
    "com.android.version": "13",
    "com.android.capture.fps": "30.000000",
    "title": "Weg",
}
FILM = {"title": "Weg", "artist": "Wer", "director": "Sie", "FILMED": "früher"}


def _tags(wanted: Mapping[str, str]) -> Check:
    """The tags of the file: in Matroska most have names in capitals, Apple's never."""

    def test(case: Case) -> None:
        read = case.after.tags
        assert {key: read.get(key.lower()) for key in wanted} == wanted
        if case.target.suffix in (".mov", ".mp4"):
            made = case.target.read_bytes()
            assert all(k.encode() in made for k in wanted if k.startswith(APPLE))

    return Check(f"file's {', '.join(wanted)}", test)


def _given(wanted: Mapping[str, str]) -> str:
    return " ".join(f'-metadata "{key}={value}"' for key, value in wanted.items())


def _tagged(
    name: str, source: str, target: str, tags: Mapping[str, str], check: Check
) -> Row:
    flag = "-movflags use_metadata_tags " if source[3:] in ("mov", "mp4") else ""
    make = (f"{scene()} {H264} {flag}{_given(tags)} {source}",)
    return Row(name, source, make, target, (*BOTH, check))


TAGS = (
    _tagged("a phone's place, maker and time, mov", "in.mov", "out.mov", PHONE,
            _tags(PHONE)),
    _tagged("a phone's place, maker and time, mov to mp4", "in.mov", "out.mp4", PHONE,
            _tags(PHONE)),
    _tagged("a phone's place, maker and time, mov to Matroska", "in.mov", "out.mkv",
            PHONE, _tags(PHONE)),
    _tagged("Apple's names from Matroska to mov", "in.mkv", "out.mov", PHONE,
            _tags(PHONE)),
    _tagged("an Android phone's, mp4", "in.mp4", "out.mp4", ANDROID,
            file_tags(**{k: v for k, v in ANDROID.items() if k != "location"})),
    _tagged("tags of one's own from Matroska to mp4", "in.mkv", "out.mp4", FILM,
            _tags(FILM)),
    _tagged("tags of one's own from nut to mov", "in.nut", "out.mov", FILM,
            _tags(FILM)),
    _tagged("a phone's, to a transport stream: said", "in.mov", "out.ts", PHONE,
            says(f"mpegts does not hold these tags of the file: {APPLE}creationdate")),
)  # fmt: skip


def _sound_matroska() -> Check:
    """The checksum of the tracks, and that no cue points elsewhere."""

    def test(case: Case) -> None:
        data = case.target.read_bytes()
        at = data.rindex(b"\x16\x54\xae\x6b", 0, 2048) + 4
        length = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + length], "big") - (1 << 7 * length)
        body = data[at + length : at + length + size]
        assert body[:2] == b"\xbf\x84"
        assert body[2:6] == zlib.crc32(body[6:]).to_bytes(4, "little")
        assert data[at + length + size :][:4] == b"\x12\x54\xc3\x67"

    return Check("Matroska's checksum, and what stands behind its tracks", test)


def _sides(case: Case, kind: str) -> Iterator[tuple[Any, Any]]:
    pairs = zip(case.before.frames, case.after.frames, strict=True)
    yield from ((old.side(kind), new.side(kind)) for old, new in pairs)


def _messages(kind: str) -> Check:
    """Each frame has, or lacks, the same side data, as ffprobe names it."""

    def test(case: Case) -> None:
        every = [*_sides(case, kind)]
        assert any(old is not None for old, _ in every), "the source has none"
        assert [new for _, new in every] == [old for old, _ in every]

    return Check(f"each frame's “{kind}”", test)


def _in_packets(case: Case, pattern: bytes) -> list[list[bytes]]:
    """What matches in each packet of the video, in the order of showing."""
    with av.open(str(case.target)) as made:
        packets = [p for p in made.demux(video=0) if p.size]
        packets.sort(key=lambda packet: packet.pts or 0)
        return [re.findall(pattern, bytes(packet), re.DOTALL) for packet in packets]


def _captions(first: int = 0) -> Check:
    """Each frame's two letters of CTA-608, in the packet that shows it."""

    def test(case: Case) -> None:
        found = _in_packets(case, rb"GA94\x03\x41\xff\xfc(..)\xff")
        count = len(case.before.frames)
        assert found == [[pair(n)] * (n >= first) for n in range(count)]

    return Check("each frame's captions, to the byte", test)


def _aspect_and_camera() -> Check:
    """Which part is picture, and the data of a camera, frame by frame."""

    def test(case: Case) -> None:
        parts = _in_packets(case, rb"DTG1\x41(.)")
        assert parts == [[b"\xfa"]] * len(case.before.frames)
        own = _in_packets(case, bytes(range(3, 16)) + rb"\0\0\x03?\x01(.)")
        assert own == [[bytes([n])] for n in range(len(case.before.frames))]

    return Check("active part, a camera's data of each frame", test)


def _captioned(name: str, target: str, *checks: Check, options: str = "") -> Row:
    make = (f"{scene()} {H264} -bf 0 in.mp4",)
    known = (*BOTH, *checks)
    return Row(name, "in.mp4", make, target, known, options, spoil=captioned)


LATE = partial(captioned, first=8)
WORDS = "closed captions (CTA-608, CTA-708): left out"
MESSAGES = (
    _captioned("captions, H.264 in mp4", "out.mp4", _captions(),
               _messages("ATSC A53 Part 4 Closed Captions")),
    _captioned("captions, to a transport stream", "out.ts", _captions(),
               _messages("ATSC A53 Part 4 Closed Captions")),
    _captioned("captions, to H.265 in Matroska", "out.mkv", _captions(),
               _messages("ATSC A53 Part 4 Closed Captions"), options="-c libx265"),
    _captioned("captions, to MPEG-2", "out.ts", _captions(),
               _messages("ATSC A53 Part 4 Closed Captions"), options="-c mpeg2video"),
    _captioned("captions, to AV1 in mp4", "out.mp4", _captions(),
               options="-c libsvtav1"),
    _captioned("captions, through the network, with --skip 2", "out.mp4", _captions(),
               options="--strength 1 --skip 2"),
    _captioned("captions, to VP9: said", "out.webm", says(WORDS, "libvpx-vp9")),
    Row("captions that come late, to VP9: said", "in.mp4",
        (f"{scene()} {H264} -bf 0 in.mp4",), "out.webm", (*BOTH, says(WORDS)),
        spoil=LATE),
    Row("captions that come late, mp4", "in.mp4",
        (f"{scene()} {H264} -bf 0 in.mp4",), "out.mp4", (*BOTH, _captions(8)),
        spoil=LATE),
    Row("the active part, a camera's data, mov", "in.mp4",
        (f"{scene()} {H264} -bf 0 in.mp4",), "out.mov", (*BOTH, _aspect_and_camera()),
        spoil=marked),
)  # fmt: skip


def _sphere(*laid: bytes, pose: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """The boxes of Spherical Video V2."""
    posed = box(b"prhd", bytes(4), struct.pack(">3i", *(n << 16 for n in pose)))
    return box(b"sv3d", box(b"svhd", bytes(5)), box(b"proj", posed, *laid))


EQUIRECTANGULAR = _sphere(box(b"equi", bytes(20)))
EYES = box(b"st3d", bytes(4), b"\x01")
QUARTER = 1 << 30
PART = struct.pack(">4x4I", QUARTER // 2, QUARTER // 2, QUARTER, QUARTER)
TURNED = _sphere(box(b"equi", PART), pose=(90, -30, 15))
CUBE = _sphere(box(b"cbmp", struct.pack(">4xII", 0, 2)))
V1 = box(
    b"uuid",
    bytes.fromhex("ffcc8263f8554a938814587a02521fdd"),
    b'<?xml version="1.0"?><rdf:SphericalVideo xmlns:rdf="x" xmlns:GSpherical="y">'
    b"<GSpherical:Spherical>true</GSpherical:Spherical>"
    b"<GSpherical:Stitched>true</GSpherical:Stitched>"
    b"<GSpherical:StitchingSoftware>z</GSpherical:StitchingSoftware>"
    b"<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>"
    b"<GSpherical:StereoMode>left-right</GSpherical:StereoMode></rdf:SphericalVideo>",
)


def _in_track(path: Path) -> None:
    """Google's first way: a description in XML in the track itself."""
    data = path.read_bytes()
    for kind in (b"trak", b"moov"):
        at = data.index(kind) - 4
        size = struct.unpack(">I", data[at : at + 4])[0]
        grown = struct.pack(">I", size + len(V1)) + data[at + 4 : at + size]
        end = data[at + size :]
        data = data[:at] + grown + (V1 if kind == b"trak" else b"") + end
    path.write_bytes(data)


def _told(*, doubled: tuple[str, ...] = ()) -> Check:
    """Sphere and eyes as ffprobe tells them of the stream; pixels are enlarged."""

    def test(case: Case) -> None:
        old, new = (_listed(media) for media in (case.before, case.after))
        for kind, name in ((k, n) for k in old for n in doubled if n in old[k]):
            old[kind][name] = 2 * int(old[kind][name])
            assert abs(int(new[kind][name]) - old[kind][name]) <= 1
            new[kind][name] = old[kind][name]
        assert old
        assert new == old

    return Check("sphere and eyes of the stream", test)


def _every_eye() -> Check:
    """Each frame says that it is for two eyes: a part of the file must, too."""

    def test(case: Case) -> None:
        assert case.before.frames[0].side("Stereo 3D") is not None
        assert all(frame.side("Stereo 3D") for frame in case.after.frames)

    return Check("each frame's “Stereo 3D”", test)


def _listed(media: Media) -> dict[str, dict[str, Any]]:
    listed = media.video.values.get("side_data_list", [])
    kinds = ("Spherical Mapping", "Stereo 3D")
    return {s["side_data_type"]: s for s in listed if s["side_data_type"] in kinds}


def _round(name: str, target: str, boxes: bytes, *checks: Check) -> Row:
    make = (f"{scene()} {H264} in.mp4",)
    spoil = partial(tagged_in_entry, new=boxes)
    return Row(name, "in.mp4", make, target, (*BOTH, *checks), spoil=spoil)


BOUNDS = ("bound_left", "bound_top", "bound_right", "bound_bottom")
AROUND = (
    _round("360 degrees for two eyes, mp4", "out.mp4", EQUIRECTANGULAR + EYES, _told()),
    _round("360 degrees for two eyes, mp4 to mov", "out.mov", EQUIRECTANGULAR + EYES,
           _told()),
    _round("360 degrees for two eyes, mp4 to Matroska", "out.mkv",
           EQUIRECTANGULAR + EYES, _told(), _sound_matroska()),
    _round("360 degrees for two eyes, mp4 to WebM", "out.webm", EQUIRECTANGULAR + EYES,
           _told()),
    _round("a part of a sphere, turned, mp4", "out.mp4", TURNED, _told(doubled=BOUNDS)),
    _round("a part of a sphere, turned, mp4 to Matroska", "out.mkv", TURNED,
           _told(doubled=BOUNDS), _sound_matroska()),
    _round("a cube map, mp4 to Matroska", "out.mkv", CUBE, _told(doubled=("padding",))),
    Row("360 degrees in XML (Spherical Video V1), mp4", "in.mp4",
        (f"{scene()} {H264} in.mp4",), "out.mp4", (*BOTH, _told()), spoil=_in_track),
    _round("360 degrees, to a transport stream: said", "out.ts", EQUIRECTANGULAR,
           says("the picture is a sphere (equirectangular): mpegts cannot say so")),
    Row("two eyes, the right one first, Matroska", "in.mkv",
        (f"{scene()} {H264} -metadata:s:v stereo_mode=right_left in.mkv",), "out.mkv",
        (*BOTH, _told())),
    Row("two eyes by H.264's own word, transport stream", "in.ts",
        (f"{scene()} {H264} -x264-params frame-packing=3 in.ts",), "out.ts",
        (*BOTH, _every_eye())),
    Row("two eyes by H.264's own word, to H.265", "in.ts",
        (f"{scene()} {H264} -x264-params frame-packing=4 in.ts",), "out.mp4",
        (*BOTH, _every_eye()), "-c libx265"),
    Row("two eyes line by line: said", "in.mkv",
        (f"{scene()} {H264} -metadata:s:v stereo_mode=row_interleaved_lr in.mkv",),
        "out.mkv", (*BOTH, says("line by line", "not marked as 3D"))),
    _round("a layer for each eye (MV-HEVC's mark): said", "out.mp4",
           box(b"vexu", box(b"eyes", box(b"stri", b"\0\0\0\0\3"))),
           says("a view for each eye (3D): only the first is kept")),
)  # fmt: skip
LATE_CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=120
END=240
title=eins
[CHAPTER]
TIMEBASE=1/1000
START=240
END=360
[CHAPTER]
TIMEBASE=1/1000
START=360
END=480
title=drei
"""


def _chapters_at(*wanted: tuple[str, str]) -> Check:
    """When each chapter begins, and its title."""

    def test(case: Case) -> None:
        found = [(start, title) for start, _, title in case.after.chapters]
        assert found == [(Fraction(start), title) for start, title in wanted]

    return Check("start and title of every chapter", test)


TWO = f"{scene()} {tone()} {tone(hertz=600)} -map 0 -map 1 -map 2 {H264} -c:a ac3"
TAGGED = f"{TWO} -metadata:s:a:0 language=en -metadata:s:a:1 language=pt-BR in.mkv"
SERVICE = {"service_name": "Erstes", "service_provider": "ARD"}
NAMES = (
    Row("languages by two letters (BCP 47) to mp4", "in.mkv", (TAGGED,), "out.mp4",
        (*BOTH, languages("eng", "por"), says("what pt-BR says beyond por is lost"))),
    Row("languages by two letters (BCP 47) to a transport stream", "in.mkv", (TAGGED,),
        "out.ts", (*BOTH, languages("eng", "por"))),
    Row("languages by two letters (BCP 47), Matroska", "in.mkv", (TAGGED,), "out.mkv",
        (*BOTH, languages("en", "pt-BR"))),
    *(
        Row(f"a late first chapter, one without a title, to {form}", "in.mkv",
            (f"{scene()} -i a.txt -map_metadata 1 {H264} in.mkv",), f"out.{form}",
            (*BOTH, _chapters_at(("0", " "), ("0.12", "eins"), ("0.24", " "),
                                 ("0.36", "drei"))),
            files={"a.txt": LATE_CHAPTERS})
        for form in ("mp4", "mov")
    ),
    Row("a late first chapter, Matroska", "in.mkv",
        (f"{scene()} -i a.txt -map_metadata 1 {H264} in.mkv",), "out.mkv",
        (*BOTH, _chapters_at(("0.12", "eins"), ("0.24", ""), ("0.36", "drei"))),
        files={"a.txt": LATE_CHAPTERS}),
    _tagged("a programme's name and provider, to mp4", "in.ts", "out.mp4", SERVICE,
            _tags(SERVICE)),
    _tagged("a programme's name and provider, transport stream", "in.ts", "out.ts",
            SERVICE, Check("service_name in the file", lambda case: _has(case, "ARD"))),
)  # fmt: skip


def _has(case: Case, word: str) -> None:
    assert word.encode() in case.target.read_bytes()


CARRIED = (*TAGS, *MESSAGES, *AROUND, *NAMES)
