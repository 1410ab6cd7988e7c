#!/usr/bin/env python3
"""Judges looks: measures ways to enlarge over clips and codings, original known.

Each clip's first frames are cut to multiples of 4, halved (`scale=flags=area+
accurate_rnd`), coded by x264 (medium) at each CRF, and enlarged again by each look.
Luma is judged, every 4th frame; SSIMULACRA2 and ERQA see every 8th in colour, with the
coded clip's chroma for all; tOF and flicker all frames. Prints Markdown: means
over the clips.

    benchmarks/judge.py CLIP... --looks bicubic default crisp=new/crisp.json,strength=.8

A look is `bicubic`, `lanczos`, a model by name, card or weights, or options of a
conversion; `NAME=` before it names it in the tables:

    restore     other=weights.safetensors,precision=float32     half=clean=0.5,fuse=0

`--metrics` names what takes long: vmaf (with VMAF-NEG and XPSNR, of the judged frames
as a sequence), ssimulacra2, erqa, and cvvdp (ColorVideoVDP, all frames, seconds for
each), which is not measured unless it is named. `--page` writes a page on which people
judge crops blind, each look beside each other.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any
from zlib import crc32

import cv2
import numpy as np
import numpy.typing as npt
from blind_page import SIDE, Crop, busy_places, page
from halved import KnownClip, known_clip

import videnhance
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.display import Displayer
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.resize import doubled
from videnhance.quality.fidelity import gradient, mean_square, psnr_of, ssim
from videnhance.quality.perceptual import PERCEPTUAL, is_there, picture_metric
from videnhance.quality.temporal import OverTime
from videnhance.quality.vdp import colour_video_vdp
from videnhance.quality.vmaf import Vmaf, ffmpeg_with_vmaf

Luma = npt.NDArray[np.uint8]
Enlarge = Callable[[list[Luma]], Iterator[Luma]]
Scores = dict[str, float]

COLUMNS = {
    "psnr": ("PSNR-Y", 2),
    "ssim": ("SSIM", 4),
    "vmaf": ("VMAF", 1),
    "vmaf_neg": ("NEG", 1),
    "xpsnr": ("XPSNR", 2),
    "ssimulacra2": ("SSIMULACRA2", 1),
    "erqa": ("ERQA", 3),
    "cvvdp": ("CVVDP", 2),
    "gradient": ("gradient", 2),
    "tof": ("tOF", 3),
    "flicker": ("flicker", 3),
    "milliseconds": ("ms", 1),
    "processor_ms": ("CPU-ms", 1),
}
"""Of each figure its head and its digits."""
SLOW = ("vmaf", *PERCEPTUAL, "cvvdp")
SEED = 7


@dataclass(frozen=True, slots=True)
class Look:
    """A way to enlarge."""

    name: str
    enlarge: Enlarge


def look_of(words: str) -> Look:
    """From `[NAME=]WHAT[,OPTION=VALUE...]`."""
    first, *rest = words.split(",")
    known = ("bicubic", "lanczos")
    options = dict(part.partition("=")[::2] for part in rest)
    name, given, what = first.partition("=")
    if not given:
        name = what = first
    option, is_option, value = what.partition("=")
    if is_option:
        options[option] = value
    elif what not in known:
        options["model"] = what
    if what in known:
        plain = (lambda p: doubled(p, 8)) if what == "bicubic" else lanczos
        return Look(name, lambda pictures: map(plain, pictures))
    if not given:
        name = ",".join([Path(what).stem, *rest])
    return Look(name, by_options(options))


def lanczos(luma: Luma) -> Luma:
    """Twice the size by OpenCV's Lanczos, four lobes."""
    size = (2 * luma.shape[1], 2 * luma.shape[0])
    return cv2.resize(luma, size, interpolation=cv2.INTER_LANCZOS4)


def by_options(words: dict[str, str]) -> Enlarge:
    """Through the pipeline as a conversion of these options would; int8 by default."""
    given: dict[str, Any] = {"precision": "int8", "trust_model": True, "scale": 2}
    for name, value in words.items():
        try:
            given[name] = json.loads(value)
        except ValueError:
            given[name] = value
    return lambda pictures: videnhance.enhance(pictures, **given)


def timed(look: Look, small: list[Luma]) -> tuple[list[Luma], Scores]:
    """What a look makes, and what it takes, without loading it."""
    list(look.enlarge(small[:2]))  # what is made at first use is made
    made = look.enlarge(small)
    begun = time.perf_counter(), time.process_time()
    large = list(made)
    spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
    each = [1000 * seconds / len(small) for seconds in spent]
    return large, {"milliseconds": each[0], "processor_ms": each[1]}


def scored(clip: KnownClip, made: list[Luma], options: argparse.Namespace) -> Scores:
    """All figures of one look on one clip."""
    wanted = [frame.planes[0] for frame in clip.originals]
    found = near(made[:: options.every], wanted[:: options.every])
    found |= in_time(made, wanted)
    if "vmaf" in options.metrics and ffmpeg_with_vmaf():
        found |= by_ffmpeg(clip, made, every=options.every)
    step = 2 * options.every
    for name in set(PERCEPTUAL) & set(options.metrics):
        if is_there(name):
            pairs = coloured(clip, made, step=step)
            found[name] = float(np.nanmean([picture_metric(name)(*p) for p in pairs]))
    if "cvvdp" in options.metrics:
        size = Size(made[0].shape[1], made[0].shape[0])
        pairs = coloured(clip, made, step=1)
        found["cvvdp"] = colour_video_vdp(
            pairs, count=len(made), size=size, rate=clip.rate
        )
    return found


def near(made: Sequence[Luma], wanted: Sequence[Luma]) -> Scores:
    """Means over the frames of PSNR and SSIM; gradient over that of the originals."""
    pairs = list(zip(made, wanted, strict=True))
    edges = fmean(map(gradient, made)) / fmean(map(gradient, wanted))
    return {
        "psnr": fmean(psnr_of(mean_square(*pair)) for pair in pairs),
        "ssim": fmean(ssim(*pair) for pair in pairs),
        "gradient": edges,
    }


def in_time(made: list[Luma], wanted: list[Luma]) -> Scores:
    """tOF and flicker."""
    watch = OverTime()
    moves = [watch(y, [x])[0] for x, y in zip(made, wanted, strict=True)]
    tof, flicker = np.nanmean(moves[1:], axis=0)
    return {"tof": float(tof), "flicker": float(flicker)}


def by_ffmpeg(clip: KnownClip, made: list[Luma], *, every: int) -> Scores:
    """VMAF, VMAF-NEG and XPSNR, where this FFmpeg has it."""
    size = Size(made[0].shape[1], made[0].shape[0])
    with Vmaf(size, rate=clip.rate) as vmaf:
        for frame, luma in list(zip(clip.originals, made, strict=True))[::every]:
            vmaf.write(luma, frame.planes[0])
        return {k: fmean(v.values()) for k, v in vmaf.scores().items() if v}


def coloured(
    clip: KnownClip, made: list[Luma], *, step: int
) -> Iterator[tuple[Luma, Luma]]:
    """Pairs in RGB: made luma with the coded clip's chroma, and the original."""
    for n in range(0, len(made), step):
        half, whole = clip.halves[n], clip.originals[n]
        yield (
            model_input(3, with_chroma(made[n], half, whole)),
            model_input(3, whole),
        )


def with_chroma(luma: Luma, half: Frame, whole: Frame) -> Frame:
    """Made luma as a frame, with the chroma of the coded half."""
    chroma = (doubled(plane, 8) for plane in half.planes[1:])
    return whole.with_planes((luma, *chroma))


def crops_of(
    clip: KnownClip, coding: str, made: dict[str, list[Luma]], *, count: int
) -> Iterator[Crop]:
    """Places for the page, each of another frame of the clip."""
    luma = clip.originals[len(clip.originals) // 2].planes[0]
    seed = SEED + crc32(clip.name.encode())
    places = busy_places(luma, count, seed=seed)
    show = Displayer()
    for turn, (x, y) in enumerate(places):
        n = (2 * turn + 1) * len(clip.originals) // (2 * len(places))
        inner = slice(y, y + SIDE), slice(x, x + SIDE)
        half, whole = clip.halves[n], clip.originals[n]
        looks = {
            name: show(with_chroma(lumas[n], half, whole))[inner][..., ::-1]
            for name, lumas in made.items()
        }
        original = show(whole)[inner][..., ::-1]
        yield Crop(clip.name, coding, n, x, y, original, looks)


def table(rows: list[dict[str, Any]], coding: str, clip: str | None) -> Iterator[str]:
    """Markdown of one coding: means over the clips, or one clip alone."""
    rows = [r for r in rows if r["coding"] == coding and clip in (None, r["clip"])]
    columns = [c for c in COLUMNS if any(c in row for row in rows)]
    words = "none" if coding == "none" else f"x264, CRF {coding}"
    yield (
        f"\n| coded: {words}{f'; {clip}' if clip else ''} | "
        + " | ".join(COLUMNS[c][0] for c in columns)
        + " |"
    )
    yield "|---|" + "---:|" * len(columns)
    for look in dict.fromkeys(row["look"] for row in rows):
        same = [row for row in rows if row["look"] == look]
        cells = (
            f"{np.nanmean([r[c] for r in same if c in r]):.{COLUMNS[c][1]}f}"
            for c in columns
        )
        yield f"| {look} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--looks", nargs="+", default=["bicubic", "default"])
    parser.add_argument("--codings", nargs="+", default=["20", "28"], help="CRF, none")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--every", type=int, default=4, help="frame that is judged")
    parser.add_argument(
        "--metrics", nargs="*", default=SLOW[:-1], choices=SLOW, metavar="NAME"
    )
    parser.add_argument("--each", action="store_true", help="a table for each clip")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path, help="HTML, to judge blind")
    parser.add_argument("--crops", type=int, default=4, help="of each clip and coding")
    options = parser.parse_args()
    looks = [look_of(words) for words in options.looks]
    rows: list[dict[str, Any]] = []
    crops: list[Crop] = []
    for coding in options.codings:
        for path in options.clips:
            clip = known_clip(path, coding, frames=options.frames)
            small = [frame.planes[0] for frame in clip.halves]
            made: dict[str, list[Luma]] = {}
            for look in looks:
                made[look.name], spent = timed(look, small)
                row = {"look": look.name, "clip": clip.name, "coding": coding}
                rows.append(row | scored(clip, made[look.name], options) | spent)
            if options.page:
                crops += crops_of(clip, coding, made, count=options.crops)
            if options.each:
                print("\n".join(table(rows, coding, clip.name)), flush=True)
        print("\n".join(table(rows, coding, None)), flush=True)
    if options.page:
        options.page.write_text(page(crops), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
