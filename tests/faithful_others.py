"""Rows of the table: the streams beside the video, and everything around them."""

from tests.faithful_boxes import picture_subtitles
from tests.faithful_checks import every_time, frames, says, synchronous
from tests.faithful_row import Row
from tests.faithful_streams import (
    attachments,
    chapters,
    copied,
    covers,
    file_tags,
    languages,
    roles,
    streams,
    texts,
    titles,
    tracks_alike,
)
from tests.faithful_times import H264, scene, tone

__all__ = ["OTHERS"]

BOTH = (frames(), every_time())
SRT = (
    "1\n00:00:00,040 --> 00:00:00,200\n<i>Grüße</i> & 漢字\n\n"
    "2\n00:00:00,240 --> 00:00:00,400\nzwei\nZeilen\n"
)
ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 48
PlayResY: 34

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, \
BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, \
BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.04,0:00:00.20,Default,,0,0,0,,{\\b1}fett{\\b0} Grüße
Dialogue: 0,0:00:00.24,0:00:00.40,Default,,0,0,0,,zwei\\NZeilen
"""
CHAPTERS = """;FFMETADATA1
title=Ein Film
artist=Jemand
comment=so; und = so
[CHAPTER]
TIMEBASE=1/1000
START=0
END=200
title=Anfang
[CHAPTER]
TIMEBASE=1/1000
START=200
END=480
title=Ende äöü
"""
FONT = bytes(range(256)) * 5
SUP = picture_subtitles((0.04, 0.2), (0.24, 0.4))


def _sound(codec: str, source: str, target: str, *wanted: str, video: str = "") -> Row:
    """A sound that the container holds: copied to the byte."""
    extra = " -strict -2" if "libvorbis" not in codec else ""
    make = (f"{scene()} {tone()} {video or H264} -c:a {codec}{extra} {source}",)
    checks = (*BOTH, streams(*wanted), copied(), synchronous("0.03"))
    name = f"{codec.removeprefix('lib')} from {source[3:]} to {target[4:]}, copied"
    return Row(name, source, make, target, checks)


def _converted(codec: str, source: str, target: str, *wanted: str) -> Row:
    """A sound that the container does not hold: converted, and said."""
    make = (f"{scene()} {tone()} {H264} -bf 0 -c:a {codec} {source}",)
    checks = (*BOTH, streams(*wanted), synchronous("0.03"), says("is converted"))
    name = f"{codec.removeprefix('lib')} from {source[3:]} to {target[4:]}, converted"
    return Row(name, source, make, target, checks)


THREE = (
    f"{scene(count=40)} {tone(1.6, 300)} -itsoffset 0.25 {tone(1, 500)} "
    f"-itsoffset 0.6 {tone(0.8, 700)} -map 0 -map 1 -map 2 -map 3 {H264} "
    "-metadata:s:a:0 language=deu -metadata:s:a:1 language=eng "
    "-metadata:s:a:2 language=jpn -metadata:s:a:0 title=Ton "
    "-metadata:s:a:1 title=Sound -metadata:s:a:2 title=音 "
    "-disposition:a:0 0 -disposition:a:1 default -disposition:a:2 comment"
)

SOUNDS = (
    Row(
        "three sounds with delays, languages, titles, dispositions",
        "in.mkv",
        (f"{THREE} -c:a:0 aac -c:a:1 ac3 -c:a:2 flac in.mkv",),
        "out.mkv",
        (
            *BOTH,
            streams("video h264", "audio aac", "audio ac3", "audio flac"),
            copied(),
            tracks_alike(),
            languages("deu", "eng", "jpn"),
            titles("Ton", "Sound", "音"),
            roles("", "default", "comment"),
        ),
    ),
    Row(
        "three sounds with delays, languages, from Matroska to mp4",
        "in.mkv",
        (f"{THREE} -c:a:0 aac -c:a:1 ac3 -c:a:2 libmp3lame in.mkv",),
        "out.mp4",
        (
            *BOTH,
            copied(),
            tracks_alike("0.03"),
            languages("deu", "eng", "jpn"),
            titles("Ton", "Sound", "音"),
        ),
    ),
    _sound("ac3", "in.mp4", "out.mp4", "video h264", "audio ac3"),
    _sound("ac3", "in.ts", "out.mkv", "video h264", "audio ac3"),
    _sound("libopus", "in.mkv", "out.mp4", "video h264", "audio opus"),
    _sound("libopus", "in.mkv", "out.mkv", "video h264", "audio opus"),
    _sound("libopus", "in.webm", "out.webm", "video vp9", "audio opus",
           video="-c:v libvpx-vp9 -pix_fmt yuv420p"),
    _sound("libvorbis", "in.webm", "out.webm", "video vp9", "audio vorbis",
           video="-c:v libvpx -pix_fmt yuv420p"),
    _sound("flac", "in.mkv", "out.mp4", "video h264", "audio flac"),
    _sound("libmp3lame", "in.avi", "out.avi", "video h264", "audio mp3",
           video="-c:v mpeg4 -q:v 3"),
    _sound("libmp3lame", "in.flv", "out.flv", "video h264", "audio mp3"),
    _sound("pcm_s16le", "in.mov", "out.mov", "video h264", "audio pcm_s16le"),
    _sound("pcm_s24le", "in.mov", "out.mkv", "video h264", "audio pcm_s24le"),
    _sound("aac", "in.ts", "out.ts", "video h264", "audio aac"),
    _converted("pcm_s16le", "in.avi", "out.ts", "video h264", "audio aac"),
    _converted("libvorbis", "in.mkv", "out.mov", "video h264", "audio aac"),
)  # fmt: skip

SUBTITLES = (
    Row(
        "SubRip kept in Matroska, forced, in German",
        "in.mkv",
        (
            f"{scene()} -i a.srt -map 0 -map 1 {H264} -c:s srt "
            "-metadata:s:s language=ger -metadata:s:s title=Untertitel "
            "-disposition:s default+forced in.mkv",
        ),
        "out.mkv",
        (*BOTH, streams("video h264", "subtitle subrip"), copied("subtitle"), texts(),
         languages("ger"), titles("Untertitel"), roles("default+forced")),
        files={"a.srt": SRT},
    ),
    Row(
        "SubRip into mp4",
        "in.mkv",
        (f"{scene()} -i a.srt -map 0 -map 1 {H264} -c:s srt "
         "-metadata:s:s language=ger in.mkv",),
        "out.mp4",
        (*BOTH, streams("video h264", "subtitle mov_text"), texts(plain=True),
         languages("ger"), says("mov_text")),
        files={"a.srt": SRT},
    ),
    Row(
        "mov_text kept in mp4",
        "in.mp4",
        (f"{scene()} -i a.srt -map 0 -map 1 {H264} -c:s mov_text in.mp4",),
        "out.mp4",
        (*BOTH, streams("video h264", "subtitle mov_text"), texts()),
        files={"a.srt": SRT},
    ),
    Row(
        "mov_text into Matroska",
        "in.mp4",
        (f"{scene()} -i a.srt -map 0 -map 1 {H264} -c:s mov_text in.mp4",),
        "out.mkv",
        (*BOTH, texts(plain=True)),
        files={"a.srt": SRT},
    ),
    Row(
        "ASS and its font kept in Matroska",
        "in.mkv",
        (
            f"{scene()} -i a.ass -map 0 -map 1 {H264} -c:s ass -attach a.ttf "
            "-metadata:s:t mimetype=font/ttf in.mkv",
        ),
        "out.mkv",
        (*BOTH, copied("subtitle"), texts(), attachments(a_ttf=FONT)),
        files={"a.ass": ASS, "a.ttf": FONT},
    ),
    Row(
        "ASS into mp4: text and times kept, the loss said",
        "in.mkv",
        (
            f"{scene()} -i a.ass -map 0 -map 1 {H264} -c:s ass -attach a.ttf "
            "-metadata:s:t mimetype=font/ttf in.mkv",
        ),
        "out.mp4",
        (*BOTH, streams("video h264", "subtitle mov_text"), texts(plain=True),
         says("mov_text", "attachment", ".mkv")),
        files={"a.ass": ASS, "a.ttf": FONT},
    ),
    Row(
        "WebVTT kept in WebM",
        "in.webm",
        (f"{scene()} -i a.srt -map 0 -map 1 -c:v libvpx-vp9 -c:s webvtt in.webm",),
        "out.webm",
        (*BOTH, streams("video vp9", "subtitle webvtt"), texts()),
        files={"a.srt": SRT},
    ),
    Row(
        "SubRip into WebM",
        "in.mkv",
        (f"{scene()} -i a.srt -map 0 -map 1 {H264} -c:s srt in.mkv",),
        "out.webm",
        (*BOTH, streams("video vp9", "subtitle webvtt"), texts(plain=True)),
        files={"a.srt": SRT},
    ),
    Row(
        "Blu-ray's subtitles kept in Matroska",
        "in.mkv",
        (f"{scene()} -i a.sup -map 0 -map 1 {H264} -c:s copy in.mkv",),
        "out.mkv",
        (*BOTH, streams("video h264", "subtitle hdmv_pgs_subtitle"),
         copied("subtitle")),
        files={"a.sup": SUP},
    ),
    Row(
        "a DVD's subtitles kept in Matroska",
        "in.mkv",
        (f"{scene()} -i a.sup -map 0 -map 1 {H264} -c:s dvdsub -s 48x34 in.mkv",),
        "out.mkv",
        (*BOTH, streams("video h264", "subtitle dvd_subtitle"), copied("subtitle")),
        files={"a.sup": SUP},
    ),
    Row(
        "subtitles as pictures into WebM: lost, and said",
        "in.mkv",
        (f"{scene()} -i a.sup -map 0 -map 1 {H264} -c:s copy in.mkv",),
        "out.webm",
        (*BOTH, streams("video vp9"), says("is lost", ".mkv")),
        files={"a.sup": SUP},
    ),
)  # fmt: skip

AROUND = (
    Row(
        "chapters and tags, Matroska",
        "in.mkv",
        (f"{scene()} -i a.txt -map_metadata 1 {H264} in.mkv",),
        "out.mkv",
        (
            *BOTH,
            chapters(),
            file_tags(title="Ein Film", artist="Jemand", comment="so; und = so"),
        ),
        files={"a.txt": CHAPTERS.replace("so; und = so", "so\\; und \\= so")},
    ),
    Row(
        "chapters and tags, mp4",
        "in.mp4",
        (f"{scene()} -i a.txt -map_metadata 1 {H264} in.mp4",),
        "out.mp4",
        (*BOTH, chapters(), file_tags(title="Ein Film", artist="Jemand")),
        files={"a.txt": CHAPTERS},
    ),
    Row(
        "chapters from Matroska to mp4",
        "in.mkv",
        (f"{scene()} -i a.txt -map_metadata 1 {H264} in.mkv",),
        "out.mp4",
        (*BOTH, chapters(), file_tags(title="Ein Film")),
        files={"a.txt": CHAPTERS},
    ),
    Row(
        "attachments of Matroska",
        "in.mkv",
        (
            f"{scene()} {H264} -attach a.ttf -metadata:s:t:0 mimetype=font/ttf "
            "-attach b.bin -metadata:s:t:1 mimetype=application/octet-stream in.mkv",
        ),
        "out.mkv",
        (*BOTH, attachments(a_ttf=FONT, b_bin=b"\0\1\2")),
        files={"a.ttf": FONT, "b.bin": b"\0\1\2"},
    ),
    Row(
        "a cover, mp4",
        "in.mp4",
        (
            f"{scene(count=1)} cover.png",
            f"{scene()} -i cover.png -map 0 -map 1 {H264} -c:v:1 copy "
            "-disposition:v:1 attached_pic in.mp4",
        ),
        "out.mp4",
        (*BOTH, covers()),
    ),
    Row(
        "a cover from mp4 to Matroska",
        "in.mp4",
        (
            f"{scene(count=1)} -pix_fmt yuvj420p cover.jpg",
            f"{scene()} -i cover.jpg -map 0 -map 1 {H264} -c:v:1 copy "
            "-disposition:v:1 attached_pic in.mp4",
        ),
        "out.mkv",
        (*BOTH, covers()),
    ),
    Row(
        "a cover from Matroska to mp4",
        "in.mkv",
        (
            f"{scene(count=1)} cover.png",
            f"{scene()} {H264} -attach cover.png "
            "-metadata:s:t mimetype=image/png in.mkv",
        ),
        "out.mp4",
        (*BOTH, covers()),
    ),
    Row(
        "a timecode of QuickTime",
        "in.mov",
        (f"{scene()} {H264} -timecode 01:02:03:04 in.mov",),
        "out.mov",
        (*BOTH, streams("video h264", "data tmcd")),
    ),
    Row(
        "a second video track",
        "in.mkv",
        (
            f"{scene()} {scene(size='32x24')} -map 0 -map 1 {H264} "
            "-metadata:s:v:1 title=Zwei in.mkv",
        ),
        "out.mkv",
        (*BOTH, streams("video h264", "video h264"), titles("Zwei")),
    ),
    Row(
        "twenty streams",
        "in.mkv",
        (
            f"{scene()} {tone()} -i a.srt -map 0 {'-map 1 ' * 12}{'-map 2 ' * 7}"
            f"{H264} -c:a aac -c:s srt in.mkv",
        ),
        "out.mkv",
        (
            *BOTH,
            streams("video h264", *["audio aac"] * 12, *["subtitle subrip"] * 7),
            copied(),
            texts(),
        ),
        files={"a.srt": SRT},
    ),
    Row(
        "data packets of a transport stream (KLV)",
        "in.ts",
        (f"{scene()} -f data -i a.klv -map 0 -map 1 {H264} -c:d copy in.ts",),
        "out.ts",
        (*BOTH, streams("video h264", "data bin_data"), copied("data")),
        files={"a.klv": b"\x06\x0e\x2b\x34" + bytes(60)},
    ),
)

OTHERS = (*SOUNDS, *SUBTITLES, *AROUND)
