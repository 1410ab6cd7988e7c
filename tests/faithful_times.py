"""Rows of the table: every time, whatever the source's clock."""

from pathlib import Path

from tests.faithful_checks import (
    ends,
    every_time,
    field,
    frames,
    heard,
    pictures,
    says,
    synchronous,
)
from tests.faithful_row import Row
from tests.faithful_streams import copied

__all__ = ["TIMES", "scene", "tone"]


def scene(rate: str = "25", count: int = 12, size: str = "48x34") -> str:
    """Words that make a moving test pattern of ffmpeg's."""
    mild = "eq=contrast=0.6:saturation=0.5"
    chain = f"testsrc2=s={size}:r={rate},trim=end_frame={count},{mild}"
    return f"-f lavfi -i {chain}"


def tone(seconds: float = 0.48, hertz: int = 440) -> str:
    """Words that make a tone that rises, so that each moment sounds otherwise."""
    wave = f"0.5*sin(2*PI*({hertz}+900*t)*t)"
    return f"-f lavfi -i aevalsrc={wave}:s=48000:d={seconds}"


H264 = "-c:v libx264 -pix_fmt yuv420p -bf 2 -g 6"
UNEVEN = "setpts='(N*640+mod(N*N*97,353))/12800/TB'"
VFR = f'-vf "{UNEVEN}" -enc_time_base 1/12800 -fps_mode passthrough'
BOTH = (frames(), every_time())


def _rate(name: str, rate: str, source: str, target: str) -> Row:
    make = (f"{scene(rate)} {H264} {source}",)
    return Row(name, source, make, target, (*BOTH, field("avg_frame_rate")))


def _cut_short(path: Path) -> None:
    """Without the last quarter of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])


def _spoilt_middle(path: Path) -> None:
    """The payload of some packets of a transport stream turned round."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 188 * 188
    for start in range(middle, middle + 2 * 188, 188):
        for place in range(start + 60, start + 180):
            data[place] ^= 0xFF
    path.write_bytes(data)


def _behead(path: Path) -> None:
    """Without the first quarter of a transport stream's packets."""
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 188 // 4 * 188 :])


def _turn_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)


RATES = (
    Row(
        "25 frames/s, B-frames",
        "in.mp4",
        (f"{scene()} {H264} in.mp4",),
        "out.mp4",
        (*BOTH, ends(), field("r_frame_rate"), pictures()),
    ),
    _rate("24000/1001 frames/s", "24000/1001", "in.mp4", "out.mp4"),
    _rate("30000/1001 frames/s", "30000/1001", "in.mkv", "out.mkv"),
    _rate("60000/1001 frames/s", "60000/1001", "in.mp4", "out.mov"),
    _rate("240 frames/s", "240", "in.mp4", "out.mp4"),
    _rate("one frame a second", "1", "in.mp4", "out.mkv"),
    Row(
        "variable rate in mp4",
        "in.mp4",
        (f"{scene(count=17)} {VFR} {H264} in.mp4",),
        "out.mp4",
        (*BOTH, ends("0.05"), pictures()),
    ),
    Row(
        "variable rate from mp4 to Matroska",
        "in.mp4",
        (f"{scene(count=17)} {VFR} {H264} in.mp4",),
        "out.mkv",
        BOTH,
    ),
    Row(
        "variable rate from Matroska to mp4",
        "in.mkv",
        (f"{scene(count=17)} {VFR} {H264} in.mkv",),
        "out.mp4",
        BOTH,
    ),
    Row(
        "variable rate to a transport stream",
        "in.mp4",
        (f"{scene(count=17)} {VFR} {H264} in.mp4",),
        "out.ts",
        BOTH,
    ),
    Row(
        "variable rate through the network, with --skip 2",
        "in.mp4",
        (f"{scene(count=13)} {VFR} {H264} in.mp4",),
        "out.mp4",
        (*BOTH, ends("0.05"), pictures(18, levels=3)),
        speed="--segment 5 --workers 1 --precision int8 --skip 2",
    ),
    Row(
        "a time base of 1/30011",
        "in.mp4",
        (f"{scene()} {H264} -video_track_timescale 30011 in.mp4",),
        "out.mp4",
        (*BOTH, ends("0.0001")),
    ),
    Row(
        "a time base of 1/90000 in nut",
        "in.ts",
        (f"{scene()} {H264} in.ts",),
        "out.nut",
        (frames(), every_time()),
    ),
)

STARTS = (
    Row(
        "the video starts 1.5 s after the sound, in mp4",
        "in.mp4",
        (f"-itsoffset 1.5 {scene()} {tone(2)} -map 0 -map 1 {H264} -c:a aac in.mp4",),
        "out.mp4",
        (*BOTH, synchronous(), copied()),
    ),
    Row(
        "the video starts 1.5 s after the sound, in Matroska",
        "in.mkv",
        (f"-itsoffset 1.5 {scene()} {tone(2)} -map 0 -map 1 {H264} -c:a ac3 in.mkv",),
        "out.mkv",
        (*BOTH, synchronous(), copied()),
    ),
    Row(
        "the sound starts 0.7 s after the video",
        "in.mp4",
        (
            f"{scene(count=40)} -itsoffset 0.7 {tone(0.9)} -map 0 -map 1 {H264} "
            "-c:a aac in.mp4",
        ),
        "out.mp4",
        (*BOTH, synchronous(), copied(), heard()),
    ),
    Row(
        "the sound starts 0.7 s after the video, mp4 to Matroska",
        "in.mp4",
        (
            f"{scene(count=40)} -itsoffset 0.7 {tone(0.9)} -map 0 -map 1 {H264} "
            "-c:a aac in.mp4",
        ),
        "out.mkv",
        (*BOTH, synchronous("0.022"), copied(), heard()),
    ),
    Row(
        "the video alone starts at 3 s",
        "in.mkv",
        (f"{scene()} {H264} -output_ts_offset 3 in.mkv",),
        "out.mp4",
        BOTH,
    ),
    Row(
        "times before zero in Matroska",
        "in.mkv",
        (
            f"{scene()} {tone()} {H264} -bf 0 -c:a libopus -output_ts_offset -0.1 "
            "-avoid_negative_ts disabled in.mkv",
        ),
        "out.mkv",
        (frames(), copied()),
    ),
    Row(
        "an edit list that cuts the front off",
        "in.mp4",
        (
            f"{scene(count=30)} {tone(1.2)} {H264} -c:a aac whole.mp4",
            "-ss 0.4 -i whole.mp4 -c copy in.mp4",
        ),
        "out.mp4",
        (*BOTH, synchronous("0.025"), heard(), pictures()),
    ),
    Row(
        "an edit list that cuts the front off, to Matroska",
        "in.mov",
        (
            f"{scene(count=30)} {tone(1.2)} {H264} -c:a aac whole.mp4",
            "-ss 0.4 -i whole.mp4 -c copy in.mov",
        ),
        "out.mkv",
        (*BOTH, synchronous("0.1"), heard()),
    ),
    Row(
        "times start at 10 h in a transport stream",
        "in.ts",
        (f"{scene()} {tone()} {H264} -c:a ac3 -output_ts_offset 36000 in.ts",),
        "out.ts",
        (*BOTH, synchronous(), copied()),
    ),
    Row(
        "a part, by --start and --end",
        "in.mp4",
        (f"{scene(count=30)} {tone(1.2)} {H264} -c:a aac in.mp4",),
        "out.mp4",
        (
            frames(15),
            every_time(*(f"{n}/25" for n in range(15))),
            heard("0.4"),
        ),
        options="--start 0.4 --end 1",
    ),
    Row(
        "the first frames, by --max-frames",
        "in.mkv",
        (f"{scene(count=30)} {VFR} {H264} in.mkv",),
        "out.mkv",
        (frames(7),),
        options="--max-frames 7",
    ),
)

GROUPS = (
    Row(
        "one frame only",
        "in.mp4",
        (f"{scene(count=1)} {H264} in.mp4",),
        "out.mp4",
        (frames(1), every_time(), ends(), pictures()),
    ),
    Row(
        "open groups of pictures, H.264",
        "in.mp4",
        (f"{scene(count=25)} {H264} -x264-params open-gop=1:b-pyramid=2 in.mp4",),
        "out.mp4",
        (*BOTH, ends(), pictures()),
    ),
    Row(
        "open groups of pictures, H.265",
        "in.mkv",
        (
            f"{scene(count=25, size='96x66')} -c:v libx265 -pix_fmt yuv420p "
            "-x265-params log-level=none:open-gop=1:keyint=6:bframes=3 in.mkv",
        ),
        "out.mkv",
        (*BOTH, pictures()),
    ),
    Row(
        "no times at all: H.264 without a container",
        "in.264",
        (f"{scene()} {H264} in.264",),
        "out.mp4",
        (frames(), every_time(*(f"{n}/25" for n in range(12))), pictures()),
    ),
    Row(
        "no times at all: H.265 without a container",
        "in.265",
        (
            f"{scene(size='96x66')} -c:v libx265 -pix_fmt yuv420p "
            "-x265-params log-level=none:keyint=6 in.265",
        ),
        "out.mkv",
        (frames(), every_time(*(f"{n}/25" for n in range(12)))),
    ),
    Row(
        "no times at all: MPEG-2 without a container",
        "in.m2v",
        (f"{scene()} -c:v mpeg2video -bf 2 -g 6 in.m2v",),
        "out.mp4",
        (frames(), every_time(*(f"{n}/25" for n in range(12)), off="1/25")),
    ),
    Row(
        "fragments of an mp4",
        "in.mp4",
        (
            f"{scene()} {tone()} {H264} -c:a aac "
            "-movflags frag_keyframe+empty_moov+default_base_moof in.mp4",
        ),
        "out.mp4",
        (*BOTH, synchronous("0.022"), copied()),
    ),
    Row(
        "the index at the front of an mp4",
        "in.mp4",
        (f"{scene()} {tone()} {H264} -c:a aac -movflags faststart in.mp4",),
        "out.mp4",
        (*BOTH, synchronous(), copied()),
    ),
    Row(
        "a file cut off in the middle",
        "in.mkv",
        (f"{scene(count=30)} {H264} -g 5 in.mkv",),
        "out.mkv",
        (*BOTH, says("cut off")),
        spoil=_cut_short,
    ),
    Row(
        "an mp4 cut off in the middle, its index at the front",
        "in.mp4",
        (f"{scene(count=30)} {H264} -g 5 -movflags faststart in.mp4",),
        "out.mp4",
        (*BOTH, says("cut off")),
        spoil=_cut_short,
    ),
    Row(
        "damage in the middle",
        "in.ts",
        (f"{scene(count=12, size='320x240')} {H264} -g 5 -qp 4 in.ts",),
        "out.mp4",
        (says("damaged"),),
        spoil=_spoilt_middle,
    ),
    Row(
        "a recording that begins between two key frames",
        "in.ts",
        (f"{scene(count=30)} {tone()} {H264} -g 15 -c:a ac3 in.ts",),
        "out.mp4",
        (frames(), synchronous("0.035"), says("frames before the first whole")),
        spoil=_behead,
    ),
    Row(
        "a slice of FFV1 whose checksum is wrong",
        "in.mkv",
        (f"{scene()} -c:v ffv1 -level 3 -slices 4 -slicecrc 1 in.mkv",),
        "out.mkv",
        (*BOTH, says("damaged")),
        spoil=_turn_a_byte,
    ),
    Row(
        "a y4m that ends in a picture",
        "in.y4m",
        (f"{scene(count=30)} in.y4m",),
        "out.mkv",
        (frames(), says("ends in the middle of a frame", "damaged")),
        spoil=_cut_short,
    ),
)

TIMES = (*RATES, *STARTS, *GROUPS)
