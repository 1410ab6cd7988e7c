#!/usr/bin/env python3
"""Makes docs/gallery.md: clips of several kinds, enlarged by us and by others, with
pictures, figures and times.

    benchmarks/gallery.py CLIPS TEACHERS --machine "PROCESSOR, CORES, DATE" [--work DIR]

CLIPS is the folder of the clips that CHOSEN names, TEACHERS that of Real-ESRGAN's
weights. Some frames of each clip are halved by area, coded by x264 (CRF 23, medium),
decoded, and enlarged by conversions of this program, losslessly; what others' networks
make is run by it, too. `compare` measures them beside the original. Pictures are parts
of one frame at 1:1. What is in --work is not made again.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from halved import KnownClip, known_clip, picture_of_frame
from PIL import Image, ImageDraw

import videnhance
from videnhance.frame import Frame
from videnhance.media.display import Displayer
from videnhance.media.reader.video_reader import VideoReader

Rgb = npt.NDArray[np.uint8]
Row = dict[str, Any]

ROOT = Path(__file__).parents[1]
TILE = 240, 184
"""Pixels of a part, across and down: four beside each other are as wide as a page."""
COLUMNS = 4
CODING = "23"
README_CLIP = "face_webcam_480p30_fullrange"
README_AT, README_TILE = (160, 90), (320, 220)
README_WAYS = ("bicubic", "natural", "crisp")
METRICS = ("psnr", "ssim", "vmaf", "vmaf_neg", "tof")
HEADS = {
    "psnr": ("PSNR-Y", 2),
    "ssim": ("SSIM", 4),
    "vmaf": ("VMAF", 1),
    "vmaf_neg": ("NEG", 1),
    "tof": ("tOF", 3),
    "milliseconds": ("CPU-ms a frame", 0),
}
COLOURS = ("#6b7280", "#1d4ed8", "#15803d", "#c2410c", "#7e22ce", "#a16207", "#0e7490")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A clip of the gallery, and the part of it that is shown."""

    title: str
    file: str
    licence: str
    start: float
    """Seconds."""
    at: tuple[int, int]
    """Corner of the part in the original, left and top."""
    look: str = "crisp"
    """Beside the default and `natural`."""


CHOSEN = (
    Chosen(
        "Animation, rendered",
        "anim_bbb_720p25.mp4",
        "Big Buck Bunny, (c) Blender Foundation, CC-BY-3.0",
        *(3.0, (520, 180), "drawn"),
    ),
    Chosen(
        "A face before a webcam",
        "face_webcam_480p30_fullrange.mkv",
        "Intel, sample-videos, CC-BY-4.0",
        *(1.0, (190, 70)),
    ),
    Chosen(
        "Walking, a camera in the hand",
        "handheld_gopro_480p30_fullrange.mp4",
        "GoPro, gpmf-parser, Apache-2.0 or MIT",
        *(2.0, (600, 130)),
    ),
    Chosen(
        "A road through a windscreen",
        "road_dashcam_540p25.mp4",
        "Udacity, CarND-LaneLines-P1, MIT",
        *(1.0, (0, 255)),
    ),
    Chosen(
        "A film of the 1910s",
        "oldfilm_chaplin_360p25.mp4",
        "a Charlie Chaplin film, public domain",
        *(1.0, (110, 10)),
    ),
    Chosen(
        "A street from above",
        "static_cctv_cars_432p12.mp4",
        "Intel, sample-videos, CC-BY-4.0",
        *(9.0, (300, 140)),
    ),
    Chosen(
        "A flower, by a phone",
        "phone_flower_720p30_raw.264",
        "Cisco, openh264, BSD-2-Clause",
        *(1.0, (760, 180)),
    ),
    Chosen(
        "Interlaced video of a disc, its fields made whole",
        "interlaced_bbb_480i_tff.mpg",
        "Big Buck Bunny, (c) Blender Foundation, CC-BY-3.0",
        *(0.2, (30, 290), "drawn"),
    ),
)


def ways(clip: Chosen, teachers: Path) -> dict[str, dict[str, Any]]:
    """By name the options of a conversion."""
    peers = {
        f"{name} (Real-ESRGAN)": {
            "model": teachers / f"realesr-{name}.safetensors",
            "trust_model": True,
        }
        for name in ("animevideov3", "general-x4v3")
    }
    return {
        "bicubic": {"strength": 0.0},
        "faithful (default)": {},
        "natural": {"look": "natural"},
        clip.look: {"look": clip.look},
        **peers,
    }


def write_lossless(frames: Sequence[Frame], rate: Fraction, path: Path) -> None:
    """FFV1 in Matroska."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=rate)
        size = frames[0].size
        stream.width, stream.height = size.width, size.height
        stream.pix_fmt = "yuv420p"
        for n, frame in enumerate(frames):
            picture = picture_of_frame(frame)
            picture.pts, picture.time_base = n, 1 / rate
            picture.color_range = 1
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def made(clip: Chosen, options: argparse.Namespace) -> Iterator[Row]:
    """A row of figures for each way; pictures stay in the folder of the clip."""
    folder = options.work / Path(clip.file).stem
    folder.mkdir(parents=True, exist_ok=True)
    original, small = folder / "original.mkv", folder / "small.mkv"
    if not small.exists():
        known: KnownClip = known_clip(
            options.clips / clip.file, CODING, frames=options.frames, start=clip.start
        )
        write_lossless(known.originals, known.rate, original)
        write_lossless(known.halves, known.rate, small)
    for name, chosen in ways(clip, options.teachers).items():
        stem = name.partition(" ")[0]
        told = folder / f"{stem}.json"
        if not told.exists():
            row = measured(original, small, folder / f"{stem}.mkv", options=chosen)
            told.write_text(json.dumps({"way": name, **row}), encoding="utf-8")
        yield json.loads(told.read_text(encoding="utf-8")) | {"clip": clip.file}


def measured(
    original: Path, small: Path, target: Path, *, options: dict[str, Any]
) -> Row:
    """Enlarges, and measures what comes of it."""
    report = videnhance.convert(
        *(small, target), codec="ffv1", scale=2, overwrite=True, discard=True, **options
    )
    found = videnhance.compare(original, target, metrics=METRICS)
    [ours] = found.ours
    figures = {name: figure.mean for name, figure in ours.figures.items()}
    each = 1000 * report.seconds["processor"] / report.frames_out
    return {**figures, "milliseconds": each}


def shown(path: Path, number: int) -> Rgb:
    """One frame of a video, H x W x 3."""
    with VideoReader(path) as reader:
        frame = next(islice(reader, number, None))
        return np.ascontiguousarray(Displayer()(frame)[..., ::-1])


def sheet(clip: Chosen, options: argparse.Namespace) -> Image.Image:
    """The same part of a frame in every way."""
    folder, number = options.work / Path(clip.file).stem, options.frames // 2
    (x, y), (width, height) = clip.at, TILE
    small = shown(folder / "small.mkv", number)
    doubled = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    tiles = {"the source, each pixel doubled": doubled}
    for name in ways(clip, options.teachers):
        stem = name.partition(" ")[0]
        tiles[name] = shown(folder / f"{stem}.mkv", number)
    tiles["the original"] = shown(folder / "original.mkv", number)
    rows = -(-len(tiles) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    for n, (name, whole) in enumerate(tiles.items()):
        part = Image.fromarray(whole[y : y + height, x : x + width])
        label(part, name)
        image.paste(part, (n % COLUMNS * width, n // COLUMNS * height))
    return image


def readme_picture(options: argparse.Namespace) -> Image.Image:
    """The picture of README: a part of one frame by bicubic and by two looks."""
    (x, y), (width, height) = README_AT, README_TILE
    folder, number = options.work / README_CLIP, options.frames // 2
    image = Image.new("RGB", (len(README_WAYS) * width, height))
    for n, name in enumerate(README_WAYS):
        whole = shown(folder / f"{name}.mkv", number)
        part = Image.fromarray(whole[y : y + height, x : x + width])
        label(part, name)
        image.paste(part, (n * width, 0))
    return image


def label(image: Image.Image, words: str) -> None:
    """Writes the words into the lower left corner."""
    draw, size = ImageDraw.Draw(image), 12
    place = (4, image.height - size - 6)
    box = draw.textbbox(place, words, font_size=size)
    draw.rectangle((0, box[1] - 3, box[2] + 4, image.height), fill=(0, 0, 0))
    draw.text(place, words, font_size=size, fill=(255, 255, 255))


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Markdown; a mean over the clips where a way has several rows."""
    yield "| | " + " | ".join(head for head, _ in HEADS.values()) + " |"
    yield "|---|" + "---:|" * len(HEADS)
    for way in dict.fromkeys(row["way"] for row in rows):
        same = [row for row in rows if row["way"] == way]
        cells = (
            f"{fmean(row[name] for row in same):.{digits}f}"
            for name, (_, digits) in HEADS.items()
        )
        yield f"| {way} | {' | '.join(cells)} |"


def plot(rows: Sequence[Row], metric: str) -> str:
    """Quality over time a frame, means over the clips, as SVG."""
    ways = list(dict.fromkeys(row["way"] for row in rows))
    points = []
    for way in ways:
        same = [row for row in rows if row["way"] == way]
        points.append(
            [fmean(row[name] for row in same) for name in ("milliseconds", metric)]
        )
    times, values = np.log10([p[0] for p in points]), np.array([p[1] for p in points])
    low, high = np.floor(times.min()), np.ceil(times.max())
    least, most = values.min() - 1, values.max() + 1
    across = 70 + 690 * (times - low) / (high - low)
    down = 300 - 260 * (values - least) / (most - least)
    words = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 350" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="860" height="350" fill="white"/>',
        '<path d="M70 30V300H800" fill="none" stroke="#222"/>',
        f'<text x="70" y="20">{HEADS[metric][0]}, mean of the clips</text>',
        '<text x="800" y="340" text-anchor="end">processor ms a frame</text>',
    ]
    for power in range(int(low), int(high) + 1):
        x = 70 + 690 * (power - low) / (high - low)
        words.append(f'<path d="M{x:.0f} 300v5" stroke="#222"/>')
        words.append(
            f'<text x="{x:.0f}" y="320" text-anchor="middle">{10**power:g}</text>'
        )
    for value in range(int(np.ceil(least)), int(most) + 1, 2):
        y = 300 - 260 * (value - least) / (most - least)
        words.append(f'<path d="M70 {y:.0f}H800" stroke="#ddd"/>')
        words.append(f'<text x="62" y="{y + 4:.0f}" text-anchor="end">{value}</text>')
    for way, x, y, colour in zip(ways, across, down, COLOURS, strict=False):
        words.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{colour}"/>')
        end = x > 600
        place = f'x="{x + (-10 if end else 10):.0f}" y="{y + 4:.0f}"'
        anchor = ' text-anchor="end"' if end else ""
        words.append(f"<text {place}{anchor}>{way}</text>")
    return "\n".join([*words, "</svg>\n"])


HEAD = """# Gallery

{count} clips of different kinds, enlarged to twice their size. {frames} frames of each
are halved by area, coded by x264 (CRF 23, medium) and enlarged again, so that the
original is known. The pictures are parts of one frame, number {middle}, at 1:1: look
at them in a large window. The figures are means over the frames, beside the original
([what they are](compare.md#metrics)).

`faithful` is the default look, `natural`, `crisp` and `drawn` are the others
([looks](convert.md)). animevideov3 and general-x4v3 are networks of Real-ESRGAN for
four times the size, run by this program in colour and halved. FSRCNN is not there:
the OpenCV that pip installs has no `dnn_superres`, and no weights were at hand.

Figures reward what is near to the original. What is invented looks sharp and counts
as an error: the networks with the highest VMAF are not those with the highest NEG.
Look, then decide.

Times are of the processor, all cores together, for a whole frame through the program,
reading and lossless writing included; on two cores the clock shows about half.
{machine}. Made by `benchmarks/gallery.py`.

![Quality over time a frame](gallery/time.svg)

Means over the clips:

"""


def page(rows: Sequence[Row], options: argparse.Namespace) -> Iterator[str]:
    """The page, in Markdown."""
    middle = options.frames // 2 + 1
    count = len({row["clip"] for row in rows})
    yield HEAD.format(
        count=count, frames=options.frames, middle=middle, machine=options.machine
    )
    common = [dict(row, way=common_name(row["way"])) for row in rows]
    yield "\n".join(table(common)) + "\n"
    for clip in CHOSEN:
        stem = Path(clip.file).stem
        same = [row for row in rows if row["clip"] == clip.file]
        if not same:
            continue
        yield f"## {clip.title}\n"
        yield f"`{clip.file}`, from {clip.start:g} s on; {clip.licence}.\n"
        alt = f"{clip.title}: a part of a frame in eight ways"
        yield f"![{alt}](gallery/{stem}.webp)\n"
        yield "\n".join(table(same)) + "\n"


def common_name(way: str) -> str:
    """Of the looks that differ from clip to clip."""
    return "crisp or drawn" if way in ("crisp", "drawn") else way


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("teachers", type=Path)
    parser.add_argument("--machine", required=True, help="processor, cores, date")
    parser.add_argument("--work", type=Path, required=True, help="a folder")
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[""], help="names begin so")
    options = parser.parse_args()
    chosen = [c for c in CHOSEN if c.file.startswith(tuple(options.only))]
    pictures = ROOT / "docs" / "gallery"
    pictures.mkdir(exist_ok=True)
    rows: list[Row] = []
    for clip in chosen:
        rows += made(clip, options)
        name = f"{Path(clip.file).stem}.webp"
        sheet(clip, options).save(pictures / name, quality=90, method=6)
        print(clip.file, flush=True)
    name = ROOT / "samples" / "before_after.webp"
    readme_picture(options).save(name, quality=90, method=6)
    common = [dict(row, way=common_name(row["way"])) for row in rows]
    (pictures / "time.svg").write_text(plot(common, "vmaf_neg"), encoding="utf-8")
    text = "\n".join(page(rows, options))
    (ROOT / "docs" / "gallery.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
