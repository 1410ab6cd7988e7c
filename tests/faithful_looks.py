"""Rows of the table: every property of the picture."""

from tests.faithful_boxes import with_aperture, with_dolby, with_mirror
from tests.faithful_checks import (
    alpha,
    every_time,
    field,
    fields_kept,
    frames,
    light,
    pictures,
    says,
    size,
    tags,
    turned,
    unfielded,
)
from tests.faithful_row import Row
from tests.faithful_times import H264, scene

__all__ = ["LOOKS"]

FFV1 = "-c:v ffv1 -level 3"
TINY = "-c:v ffv1 -level 1"
LARGER = "96x66"
KEPT = (frames(), every_time(), pictures())
FADE = "geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='127+120*sin(X/7+Y/5+N)'"
SEEN = f'-vf "format=yuva444p,{FADE}"'
QUIET = "log-level=none"


def _deep(name: str, pix_fmt: str, coder: str, options: str, ends: str = ".mkv") -> Row:
    """A format that must come out as it went in."""
    source = f"in{ends}"
    make = (f"{scene(size=LARGER)} -pix_fmt {pix_fmt} {coder} {source}",)
    checks = (field("pix_fmt"), *KEPT)
    return Row(name, source, make, f"out{ends}", checks, options)


def _playable(name: str, coder: str, codec: str, pix_fmt: str, *words: str) -> Row:
    """A source that mp4 gets in a form which every player shows; that is said."""
    checks = (
        field("codec_name", codec), field("pix_fmt", pix_fmt), frames(), every_time(),
        says(*words),
    )  # fmt: skip
    make = (f"{scene(size=LARGER)} {coder} in.mkv",)
    return Row(f"{name} to mp4, for every player", "in.mkv", make, "out.mp4", checks)


def _tagged(name: str, *words: str) -> Row:
    span, matrix, primaries, transfer = words
    params = f"-color_range {span} -colorspace {matrix} -color_primaries {primaries}"
    format_ = "yuvj420p" if span == "pc" else "yuv420p"
    make = (
        f"{scene()} -c:v libx264 -pix_fmt {format_} {params} -color_trc {transfer} "
        "in.mp4",
    )
    return Row(name, "in.mp4", make, "out.mp4", (tags(), *KEPT))


def _limited(name: str, target: str, codec: str) -> Row:
    """Full range where it cannot be said."""
    make = (
        f"{scene()} -vf scale=out_range=full -c:v libx264 -pix_fmt yuvj420p "
        "-color_range pc -colorspace smpte170m in.mp4",
    )
    limited = pictures(levels=0.6)  # FFmpeg 8 rounds chroma up where it limits it
    checks = (says("to the limited range"), frames(), every_time(), limited)
    return Row(name, "in.mp4", make, target, checks, f"-c {codec}")


def _turned(degrees: int, source: str, target: str) -> Row:
    make = (
        f"{scene()} {H264} flat.mp4",
        f"-i flat.mp4 -c copy -metadata:s:v rotate={degrees} {source}",
    )
    checks = (turned(), size(96, 68), *KEPT)
    return Row(f"turned by {degrees}°, in {target[4:]}", source, make, target, checks)


SHAPES = (
    _turned(90, "in.mp4", "out.mp4"),
    _turned(180, "in.mov", "out.mov"),
    _turned(270, "in.mp4", "out.mkv"),
    Row(
        "seen in a mirror",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (turned(), *KEPT),
        spoil=with_mirror,
    ),
    Row(
        "pixels of 16:11, mp4",
        "in.mp4",
        (f"{scene()} -vf setsar=16/11 {H264} in.mp4",),
        "out.mp4",
        (field("sample_aspect_ratio", "16:11"), *KEPT),
    ),
    Row(
        "pixels of 4:3, Matroska, VP9",
        "in.mkv",
        (f"{scene()} -vf setsar=4/3 -c:v libvpx-vp9 in.mkv",),
        "out.mkv",
        (field("sample_aspect_ratio", "4:3"), *KEPT),
    ),
    Row(
        "pixels of 64:45, transport stream of MPEG-2 to mp4",
        "in.ts",
        (f"{scene(size='72x58')} -vf setdar=16/9 -c:v mpeg2video -q:v 2 in.ts",),
        "out.mp4",
        (field("display_aspect_ratio", "16:9"), frames(), every_time()),
    ),
    Row(
        "one pixel",
        "in.mkv",
        (f"{scene()} -vf scale=1:1 -pix_fmt yuv444p {TINY} in.mkv",),
        "out.mkv",
        (size(2, 2), field("pix_fmt"), *KEPT),
        options="-c ffv1",
    ),
    Row(
        "3x5 pixels, 4:2:0",
        "in.mkv",
        (f"{scene()} -vf scale=3:5,format=yuv420p {TINY} in.mkv",),
        "out.mp4",
        (size(6, 10), frames(), every_time()),
    ),
    Row(
        "odd sizes, 4:2:0",
        "in.mkv",
        (f"{scene()} -vf scale=47:33,format=yuv420p {FFV1} in.mkv",),
        "out.mkv",
        (size(94, 66), frames(), every_time(), pictures(32, levels=1)),
    ),
    Row(
        "odd sizes, the same size out",
        "in.mkv",
        (f"{scene()} -vf scale=47:33,format=yuv444p {FFV1} in.mkv",),
        "out.mkv",
        (size(47, 33), *KEPT),
        options="--scale 1",
    ),
    Row(
        "four times the size",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (size(192, 136), *KEPT),
        options="--scale 4",
    ),
    Row(
        "a clean aperture",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (size(80, 60), frames(), every_time()),
        spoil=with_aperture,
    ),
    Row(
        "the size changes in mid-stream",
        "in.ts",
        (
            f"{scene()} {H264} a.ts",
            f"{scene(size='64x48')} {H264} -output_ts_offset 0.48 b.ts",
            "-i concat:a.ts|b.ts -c copy in.ts",
        ),
        "out.mp4",
        (frames(24), size(96, 68), says("the size changes")),
    ),
    Row(
        "--size fits inside",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (size(80, 56), frames(), every_time()),
        options="--size 80x80",
    ),
    Row(
        "--size with --fit pad",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (size(80, 80), frames(), every_time()),
        options="--size 80x80 --fit pad",
    ),
    Row(
        "--size with --fit cover",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (size(64, 64), frames(), every_time()),
        options="--size 64x64 --fit cover",
    ),
)

LESS = "plays everywhere; --pix-fmt source"
HLG = (
    f"-c:v libx265 -x265-params {QUIET}:colorprim=bt2020:transfer=arib-std-b67:"
    "colormatrix=bt2020nc:range=limited"
)
PLAYABLE = {
    "8 bit 4:2:2": (f"-pix_fmt yuv422p {FFV1}", "h264", "yuv420p", "yuv422p", LESS),
    "8 bit 4:1:1": (f"-pix_fmt yuv411p {FFV1}", "h264", "yuv420p", "yuv411p", LESS),
    "RGB": ("-pix_fmt bgr0 -c:v ffv1", "h264", "yuv420p", "RGB", LESS),
    "10 bit 4:2:0": (f"-pix_fmt yuv420p10le {FFV1}", "h264", "yuv420p", "10 bits as 8",
                     LESS, "-c libx265 keeps 10 bits"),
    "16 bit RGB": (f"-pix_fmt gbrp16le {FFV1}", "h264", "yuv420p", "16 bits as 8",
                   LESS),
    "HDR (HLG)": (f"-pix_fmt yuv420p10le {HLG}", "hevc", "yuv420p10le",
                  "HDR is encoded by libx265"),
    "HDR (HLG) of 4:2:2": (f"-pix_fmt yuv422p10le {HLG}", "hevc", "yuv420p10le",
                           "HDR is encoded by libx265", LESS),
}  # fmt: skip
DEPTHS = (
    _deep("10 bit 4:2:0, H.265", "yuv420p10le",
          f"-c:v libx265 -x265-params {QUIET}", "-c libx265", ".mp4"),
    _deep("10 bit 4:2:2, H.264", "yuv422p10le", "-c:v libx264", "--pix-fmt source",
          ".mp4"),
    _deep("8 bit 4:2:2, H.264", "yuv422p", "-c:v libx264", "--pix-fmt source", ".mp4"),
    _deep("8 bit 4:2:2, H.264 in Matroska", "yuv422p", "-c:v libx264", ""),
    *(_playable(name, *how) for name, how in PLAYABLE.items()),
    _deep("8 bit 4:4:4, H.264", "yuv444p", "-c:v libx264", ""),
    _deep("10 bit, VP9 to H.265", "yuv420p10le", "-c:v libvpx-vp9", "-c libx265"),
    _deep("10 bit, AV1", "yuv420p10le", "-c:v libsvtav1", "-c libsvtav1", ".mp4"),
    _deep("12 bit 4:4:4, FFV1", "yuv444p12le", FFV1, "-c ffv1"),
    _deep("16 bit 4:2:0, FFV1", "yuv420p16le", FFV1, "-c ffv1"),
    _deep("gray", "gray", FFV1, "-c ffv1"),
    _deep("gray of 16 bit", "gray16le", FFV1, "-c ffv1"),
    _deep("gray, H.264", "gray", "-c:v libx264", ""),
    _deep("RGB, H.264", "gbrp", "-c:v libx264rgb", "-c libx264rgb", ".mp4"),
    _deep("RGB of 12 bit, FFV1", "gbrp12le", FFV1, "-c ffv1"),
    _deep("ProRes 422", "yuv422p10le", "-c:v prores_ks", "-c prores_ks", ".mov"),
)  # fmt: skip

HDR = (
    "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=none:colorprim=bt2020:"
    "transfer=smpte2084:colormatrix=bt2020nc:range=limited:hdr10=1:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
    "L(10000000,50):max-cll=1000,400"
)

COLOURS = (
    _tagged("BT.601, 525 lines", "tv", "smpte170m", "smpte170m", "smpte170m"),
    _tagged("BT.601, 625 lines", "tv", "bt470bg", "bt470bg", "gamma28"),
    _tagged("BT.709", "tv", "bt709", "bt709", "bt709"),
    _tagged("BT.709, full range", "pc", "bt709", "bt709", "bt709"),
    _tagged("BT.2020", "tv", "bt2020nc", "bt2020", "bt2020-10"),
    _tagged("sRGB's curve", "tv", "bt709", "bt709", "iec61966-2-1"),
    Row(
        "full range, Motion JPEG",
        "in.mov",
        (f"{scene()} -c:v mjpeg -q:v 2 -pix_fmt yuvj420p in.mov",),
        "out.mp4",
        (tags("color_range"), *KEPT),
    ),
    _limited("full range to ProRes: limited, said", "out.mov", "prores_ks"),
    _limited("full range to FFV1 in AVI: limited, said", "out.avi", "ffv1"),
    Row(
        "untagged SD to HD: stays BT.601",
        "in.mkv",
        (f"{scene(size='360x290')} -c:v ffv1 -pix_fmt yuv420p in.mkv",),
        "out.mp4",
        (field("color_space", "smpte170m"), says("tagged BT.601"), frames()),
    ),
    Row(
        "reserved colour tags: none, said",
        "in.mkv",
        (
            f"{scene(size=LARGER)} -pix_fmt yuv420p -c:v libsvtav1 a.mkv",
            "-i a.mkv -c copy -bsf:v av1_metadata=color_primaries=179:"
            "transfer_characteristics=179:matrix_coefficients=179 in.mkv",
        ),
        "out.mov",
        (says("mean nothing", "primaries 179"), frames(), every_time()),
        options="-c prores_ks",
    ),
    Row(
        "Dolby Vision of profile 5: warned of",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (says("Dolby Vision of profile 5", "green and purple"), frames()),
        spoil=lambda path: with_dolby(path, 5, 0),
    ),
    Row(
        "HDR10 (PQ), H.265, mp4",
        "in.mp4",
        (f"{scene(size=LARGER)} {HDR} in.mp4",),
        "out.mp4",
        (tags(), light(), field("pix_fmt", "yuv420p10le"), *KEPT),
        options="-c libx265",
    ),
    Row(
        "HDR10 (PQ), H.265, Matroska",
        "in.mkv",
        (f"{scene(size=LARGER)} {HDR} in.mkv",),
        "out.mkv",
        (tags(), light(), field("pix_fmt", "yuv420p10le"), *KEPT),
        options="-c libx265",
    ),
    Row(
        "HDR10 (PQ) to AV1",
        "in.mp4",
        (f"{scene(size=LARGER)} {HDR} in.mp4",),
        "out.mkv",
        (tags(), light(), field("pix_fmt", "yuv420p10le"), *KEPT),
        options="-c libsvtav1",
    ),
    Row(
        "HLG",
        "in.mp4",
        (
            f"{scene(size=LARGER)} -c:v libx265 -pix_fmt yuv420p10le "
            f"-x265-params {QUIET}:colorprim=bt2020:"
            "transfer=arib-std-b67:colormatrix=bt2020nc:range=limited"
            " in.mp4",
        ),
        "out.mp4",
        (tags(), field("pix_fmt", "yuv420p10le"), *KEPT),
        options="-c libx265",
    ),
)

ALPHAS = (
    Row(
        "transparency, VP9 in WebM",
        "in.webm",
        (f"{scene()} {SEEN} -pix_fmt yuva420p -c:v libvpx-vp9 -crf 10 in.webm",),
        "out.webm",
        (frames(), every_time(), field("codec_name", "vp9"), alpha()),
    ),
    Row(
        "transparency, ProRes 4444",
        "in.mov",
        (f"{scene()} {SEEN} -c:v prores_ks -pix_fmt yuva444p10le in.mov",),
        "out.mov",
        (*KEPT, alpha()),
        options="-c prores_ks",
    ),
    Row(
        "transparency, QuickTime Animation",
        "in.mov",
        (f"{scene()} {SEEN} -pix_fmt argb -c:v qtrle in.mov",),
        "out.mov",
        (*KEPT, alpha(), field("pix_fmt", "argb")),
        options="-c qtrle",
    ),
    Row(
        "transparency, FFV1 4:2:0",
        "in.mkv",
        (f"{scene()} {SEEN} -pix_fmt yuva420p {FFV1} in.mkv",),
        "out.mkv",
        (*KEPT, alpha(), field("pix_fmt")),
        options="-c ffv1",
    ),
    Row(
        "transparency into H.264, which has none: said",
        "in.mov",
        (f"{scene()} {SEEN} -pix_fmt argb -c:v qtrle in.mov",),
        "out.mp4",
        (frames(), every_time(), says("transparency", "is left out")),
    ),
)

BARS = (
    '-f lavfi -i "nullsrc=s=96x66:r=50,trim=end_frame=24,format=yuv420p,'
    "geq=lum='128+80*sin((X+N*5)/4)':cb=128:cr=128,"
    'tinterlace=interleave_top,fieldorder=tff"'
)
LONG_BARS = BARS.replace("end_frame=24", "end_frame=64")
"""As many as must agree where nothing is marked."""

FIELDS = (
    Row(
        "interlaced MPEG-2: made progressive",
        "in.ts",
        (f"{BARS} -c:v mpeg2video -flags +ildct+ilme -top 1 -q:v 2 -bf 2 in.ts",),
        "out.mp4",
        (frames(), every_time(), unfielded(), says("interlaced")),
    ),
    Row(
        "interlaced H.264: made progressive",
        "in.mkv",
        (f"{BARS} -c:v libx264 -qp 12 -x264-params tff=1 in.mkv",),
        "out.mkv",
        (frames(), every_time(), unfielded()),
    ),
    Row(
        "a film marked as interlaced: stays whole",
        "in.ts",
        (
            f"{scene(size=LARGER)} -c:v mpeg2video -flags +ildct+ilme -top 1 -q:v 2 "
            "-bf 2 in.ts",
        ),
        "out.mp4",
        (*KEPT, says("its pictures are whole")),
    ),
    Row(
        "interlaced without a mark: made progressive, said",
        "in.mkv",
        (f"{LONG_BARS} -vf setfield=prog {FFV1} in.mkv",),
        "out.mkv",
        (frames(), every_time(), unfielded(), says("not marked as interlaced")),
    ),
    Row(
        "marked with the wrong field first",
        "in.ts",
        (
            f"{BARS} -vf setfield=bff -c:v mpeg2video -flags +ildct+ilme -top 0 "
            "-q:v 2 -bf 2 in.ts",
        ),
        "out.mp4",
        (frames(), every_time(), unfielded(), says("show the top one first")),
    ),
    Row(
        "telecine (3:2): told of, every frame kept",
        "in.mkv",
        (
            f"{scene('24000/1001', 24, LARGER)} -vf telecine=pattern=23 "
            f"-r 30000/1001 {FFV1} in.mkv",
        ),
        "out.mkv",
        (frames(), every_time(), says("telecine, 3:2", "fieldmatch,decimate")),
    ),
    Row(
        "interlaced, --deinterlace off",
        "in.mkv",
        (f"{BARS} -c:v libx264 -qp 12 -x264-params tff=1 in.mkv",),
        "out.mkv",
        (frames(), every_time(), fields_kept(), says("interlaced")),
        options="--deinterlace off",
    ),
)

LOOKS = (*SHAPES, *DEPTHS, *COLOURS, *ALPHAS, *FIELDS)
