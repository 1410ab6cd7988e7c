"""Rows of the table: containers and codecs in and out, pictures, pipes, names."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

from PIL import ImageCms

from tests.faithful_boxes import gif_loops, png_chunk, with_chunk
from tests.faithful_checks import (
    alpha,
    every_time,
    field,
    frames,
    pictures,
    says,
    size,
    synchronous,
)
from tests.faithful_row import Case, Check, Row
from tests.faithful_streams import nothing_left, streams
from tests.faithful_times import H264, scene, tone

__all__ = ["FORMATS"]

BOTH = (frames(), every_time())
CODED = {
    "MPEG-2 programme stream": ("in.mpg", "-c:v mpeg2video -c:a mp2 -bf 2 -q:v 3"),
    "MPEG-1": ("in.mpg", "-c:v mpeg1video -c:a mp2 -q:v 3"),
    "MPEG-4 ASP in AVI": ("in.avi", "-c:v mpeg4 -c:a libmp3lame -q:v 3"),
    "H.264 in FLV": ("in.flv", f"{H264} -c:a aac"),
    "VP8 and Vorbis in WebM": ("in.webm", "-c:v libvpx -c:a libvorbis"),
    "AV1 and Opus in WebM": ("in.webm", "-c:v libsvtav1 -c:a libopus"),
    "AV1 in mp4": ("in.mp4", "-c:v libsvtav1 -c:a aac"),
    "Theora and Vorbis in Ogg": ("in.ogv", "-c:v libtheora -q:v 8 -c:a libvorbis"),
    "WMV in ASF": ("in.wmv", "-c:v wmv2 -c:a wmav2 -q:v 3"),
    "Motion JPEG in QuickTime": ("in.mov", "-c:v mjpeg -q:v 2 -c:a pcm_s16be"),
    "DNxHR in MXF": ("in.mxf", "-s 256x120 -pix_fmt yuv422p -c:v dnxhd "
                     "-profile:v dnxhr_sq -c:a pcm_s16le"),
    "DV in AVI": ("in.avi", "-s 720x576 -pix_fmt yuv420p -c:v dvvideo -c:a pcm_s16le"),
    "UT Video in AVI": ("in.avi", "-c:v utvideo -pix_fmt yuv422p -c:a pcm_s16le"),
    "H.263 in 3GP": ("in.3gp", "-s 128x96 -c:v h263 -c:a aac -ar 16000"),
}  # fmt: skip


def _into_matroska(name: str) -> Row:
    source, coder = CODED[name]
    larger = "96x66" if "libsvtav1" in coder else "48x34"
    make = (f"{scene(count=6, size=larger)} {tone(0.24)} {coder} {source}",)
    # WMA tells of two packets before the first that is heard.
    times = _same_sound() if "wma" in coder else synchronous("0.065", "0.1")
    checks = (frames(), every_time(), pictures(), times)
    return Row(f"{name}, to Matroska", source, make, "out.mkv", checks)


def _same_sound() -> Check:
    """Every sample, at the time at which it was, through a codec without loss."""

    def test(case: Case) -> None:
        (first, old), (start, new) = case.before.sound(), case.after.sound()
        assert start - case.after.times[0] == first - case.before.times[0]
        assert len(new) == len(old) > 0
        assert float(abs(new - old).max()) <= 1  # of 32768: rounded once more
        assert float(abs(old).max()) > 3000

    return Check("every sample of the sound at its time", test)


def _out_of_mp4(target: str, *wanted: str, options: str = "") -> Row:
    make = (f"{scene()} {tone()} {H264} -c:a aac in.mp4",)
    checks = (*BOTH, pictures(), streams(*wanted), synchronous("0.03"))
    return Row(f"mp4 to {target[3:]}", "in.mp4", make, target, checks, options)


CONTAINERS = (
    *(_into_matroska(name) for name in CODED),
    _out_of_mp4("out.avi", "video h264", "audio aac"),
    _out_of_mp4("out.flv", "video h264", "audio aac"),
    _out_of_mp4("out.webm", "video vp9", "audio opus"),
    _out_of_mp4("out.nut", "video h264", "audio aac"),
    _out_of_mp4("out.m2ts", "video h264", "audio aac"),
    _out_of_mp4("out.mov", "video prores", "audio aac", options="-c prores_ks"),
    _out_of_mp4("out.mkv", "video av1", "audio aac", options="-c libsvtav1"),
    Row(
        "an encoder that loses nothing gives the plain enlargement to the bit",
        "in.mkv",
        (f"{scene()} -c:v ffv1 -pix_fmt yuv420p in.mkv",),
        "out.mkv",
        (*BOTH, pictures()),
        options="-c ffv1",
    ),
)

ICC = b"\0\0\x02\x0cvide" + bytes(516)
EXIF = (
    b"II*\0\x08\0\0\0\x02\0"
    + struct.pack("<HHI4s", 0x010F, 2, 4, b"abc\0")
    + struct.pack("<HHII", 0x0112, 3, 1, 6)
    + bytes(4)
)


def _icc_of(path: Path) -> bytes | None:
    chunk = png_chunk(path.read_bytes(), b"iCCP")
    return None if chunk is None else zlib.decompress(chunk.split(b"\0", 1)[1][1:])


def _keeps_profile() -> Check:
    def test(case: Case) -> None:
        assert _icc_of(case.source) is not None
        assert _icc_of(case.target) == _icc_of(case.source)

    return Check("bytes of the ICC profile", test)


def _keeps_camera() -> Check:
    def test(case: Case) -> None:
        exif = png_chunk(case.target.read_bytes(), b"eXIf")
        assert exif is not None
        assert b"abc\0" in exif

    return Check("the camera's name of the EXIF block", test)


def _with_profile(path: Path) -> None:
    profile = b"own\0\0" + zlib.compress(_srgb())
    path.write_bytes(with_chunk(path.read_bytes(), b"iCCP", profile))


def _srgb() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def _with_camera(path: Path) -> None:
    path.write_bytes(with_chunk(path.read_bytes(), b"eXIf", EXIF))


def delays(*hundredths: int, loops: int) -> Check:
    """How long each picture is shown, and how often the whole is repeated."""

    def test(case: Case) -> None:
        packets = case.after.video.packets
        base = case.after.video.base
        found = [int(p["duration"]) * base for p in packets]
        assert found == [Fraction(n, 100) for n in hundredths]
        assert gif_loops(case.target.read_bytes()) == loops

    return Check(f"every delay; repeats {loops}", test)


def _pngs(count: int) -> Check:
    def test(case: Case) -> None:
        made = sorted(case.target.parent.glob("*.png"))
        assert len(made) == count, [p.name for p in made]

    return Check(f"{count} files", test)


RGB = "-vf format=rgb24"
PART = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='127+99*sin(X/7+Y/5)'"
GIF = (
    f"{scene(count=4, rate='100')} -vf \"setpts='(N*10+N*N*3)/TB/100'\" "
    "-fps_mode passthrough -loop 3 -final_delay 50 in.gif"
)

PICTURES = (
    Row("a PNG", "in.png", (f"{scene(count=1)} {RGB} in.png",), "out.png",
        (frames(1), size(96, 68), field("pix_fmt", "rgb24"), pictures())),
    Row("a PNG of 16 bit", "in.png",
        (f"{scene(count=1)} -vf format=rgb48be in.png",), "out.png",
        (frames(1), field("pix_fmt", "rgb48be"), size(96, 68))),
    Row("a gray PNG", "in.png", (f"{scene(count=1)} -vf format=gray in.png",),
        "out.png", (frames(1), field("pix_fmt", "gray"), pictures())),
    Row("a PNG with transparency", "in.png",
        (f"{scene(count=1)} -vf \"{PART}\" in.png",), "out.png",
        (frames(1), field("pix_fmt", "rgba"), alpha())),
    Row("a PNG's ICC profile", "in.png", (f"{scene(count=1)} {RGB} in.png",),
        "out.png", (frames(1), _keeps_profile()), spoil=_with_profile),
    Row("a PNG's EXIF block", "in.png", (f"{scene(count=1)} {RGB} in.png",),
        "out.png", (frames(1), _keeps_camera()), spoil=_with_camera),
    Row("a JPEG", "in.jpg",
        (f"{scene(count=1)} -pix_fmt yuvj420p -q:v 2 in.jpg",), "out.jpg",
        (frames(1), size(96, 68), pictures(36, levels=0.6))),
    Row("a JPEG of 4:4:4 to PNG", "in.jpg",
        (f"{scene(count=1)} -pix_fmt yuvj444p -q:v 2 in.jpg",), "out.png",
        (frames(1), size(96, 68), pictures())),
    Row("a WebP", "in.webp", (f"{scene(count=1)} -c:v libwebp -q:v 95 in.webp",),
        "out.webp", (frames(1), size(96, 68), pictures(34, levels=1))),
    Row("a BMP of odd size to PNG", "in.bmp",
        (f"{scene(count=1)} -vf scale=3:5 in.bmp",), "out.png",
        (frames(1), size(6, 10))),
    Row("a GIF: delays and repeats", "in.gif", (GIF,), "out.gif",
        (frames(4), size(96, 68), delays(13, 19, 25, 50, loops=3))),
    Row("an endless GIF to mp4", "in.gif",
        (GIF.replace("-loop 3", "-loop 0"),), "out.mp4",
        (frames(4), every_time(), size(96, 68))),
    Row("an animated PNG", "in.apng",
        (f"{scene(count=5)} {RGB} -plays 2 in.apng",), "out.apng",
        (frames(5), every_time(), pictures())),
    Row("a sequence of PNGs to mp4", "frames",
        (f"{scene(count=6)} {RGB} f%03d.png",), "out.mp4",
        (frames(6), every_time(*(f"{n}/30" for n in range(6)))),
        options="--rate 30", words=("f%03d.png", "out.mp4")),
    Row("mp4 to a sequence of PNGs", "in.mp4", (f"{scene(count=6)} {H264} in.mp4",),
        "f%03d.png", (_pngs(6),)),
)  # fmt: skip

PIPES = (
    Row("y4m in through a pipe", "in.mkv",
        (f"{scene()} -c:v ffv1 -pix_fmt yuv422p in.mkv",), "out.mkv",
        (frames(), every_time(), field("pix_fmt"), pictures()),
        through=("-i in.mkv -strict -1 -f yuv4mpegpipe -", "videnhance"),
        words=("-", "out.mkv")),
    Row("y4m out through a pipe", "in.mkv",
        (f"{scene()} -c:v ffv1 -pix_fmt yuv422p in.mkv",), "out.mkv",
        (frames(), every_time(), field("pix_fmt"), pictures()),
        through=("videnhance", "-i - -c:v ffv1 out.mkv"), words=("in.mkv", "-")),
    Row("bare samples in through a pipe", "in.mkv",
        (f"{scene()} -c:v ffv1 -pix_fmt yuv420p in.mkv",), "out.mkv",
        (frames(), every_time(*(f"{n}/25" for n in range(12))), pictures()),
        options="--raw-size 48x34 --raw-format yuv420p --rate 25",
        through=("-i in.mkv -f rawvideo -", "videnhance"), words=("-", "out.mkv")),
)  # fmt: skip

HARD = {
    "a colon": "a:b.mp4",
    "a protocol": "http:x.mp4",
    "a list of files": "concat:a|b.mp4",
    "a pattern": "%d.mp4",
    "an escape and a newline": "a\x1b[31m\nb.mp4",
    "quotes and blanks": " 'a' \"b\" $(touch PWNED).mp4",
    "letters of everywhere": "äöü 漢字 🎬 \u202eabc.mp4",
    "two hundred characters": "n" * 196 + ".mp4",
    "a dash in front": "./-x.mp4",
}


def _clean(case: Case) -> None:
    assert not (case.target.parent / "PWNED").exists()
    raw = [c for c in case.said if ord(c) < 32 and c not in "\n\r\t"]
    assert not raw, f"control characters in: {case.said!r}"


def _renamed(path: Path) -> None:
    """ffmpeg itself cannot write to some of the names."""
    path.write_bytes((path.parent / "plain.mp4").read_bytes())


def _named(what: str) -> Row:
    name = HARD[what]
    target = name.removesuffix(".mp4") + "-out.mkv"
    return Row(
        f"a name with {what}",
        name,
        (f"{scene()} {H264} plain.mp4",),
        target,
        (*BOTH, Check("nothing run, no raw control character", _clean)),
        words=(name, target),
        spoil=_renamed,
    )


REFUSED = (
    Row("a text is no video", "in.mp4", (), "out.mp4",
        (says("in.mp4"), nothing_left()), code=1, files={"in.mp4": "no video\n" * 99}),
    Row("an empty file", "in.mp4", (), "out.mp4",
        (says("in.mp4"), nothing_left()), code=1, files={"in.mp4": b""}),
    Row("a list of other files is not followed", "in.mp4",
        (f"{scene()} {H264} other.mp4",), "out.mp4",
        (says("in.mp4"), nothing_left()), code=1,
        files={"in.mp4": "ffconcat version 1.0\nfile other.mp4\n"}),
    Row("a codec that the container does not hold", "in.mp4",
        (f"{scene()} {H264} in.mp4",), "out.webm",
        (says("libx264", "libvpx-vp9"), nothing_left()), options="-c libx264", code=2),
)  # fmt: skip

NAMES = tuple(_named(what) for what in HARD)
FORMATS = (*CONTAINERS, *PICTURES, *PIPES, *NAMES, *REFUSED)
