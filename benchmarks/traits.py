#!/usr/bin/env python3
"""Makes clips of known kinds, and tells how many `videnhance probe --look` knows.

    benchmarks/traits.py CLIPS [--art PICTURE...] [--work DIR]

Each kind is made by ffmpeg from four clips, halved by area first so that they are
sharp, and coded by x264 at CRF 20. Drawings are pans over the pictures of --art. Prints
Markdown: what was found of each kind, then what the clips of the folder are found to
be. What is in --work is not made again.
"""

import argparse
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from videnhance.quality.advice import advice_of
from videnhance.quality.clip_traits import clip_traits
from videnhance.quality.traits import ClipTraits, Trait

BASES = (
    "anim_bbb_720p25.mp4",
    "handheld_gopro_480p30_fullrange.mp4",
    "face_webcam_480p30_fullrange.mkv",
    "road_dashcam_540p25.mp4",
)
HALVED = "scale=trunc(iw/4)*2:trunc(ih/4)*2:flags=area"
GRAIN = (
    "split[a][b];[b]lutyuv=y=128:u=128:v=128,noise=c0s=60:c0f=t,gblur=sigma=0.8[g];"
    "[a][g]blend=c0_mode=grainmerge:c1_opacity=0:c2_opacity=0"
)
KINDS: dict[str, tuple[str, Trait | None]] = {
    "as it is": ("null", None),
    "enlarged by 2, bicubic": ("scale=iw*2:ih*2:flags=bicubic", Trait.ENLARGED),
    "enlarged by 1.5, lanczos": (
        "scale=trunc(iw*3/4)*2:trunc(ih*3/4)*2:flags=lanczos",
        Trait.ENLARGED,
    ),
    "noisy, about 4 levels": ("noise=alls=8:allf=t", Trait.NOISY),
    "noisy, about 8 levels": ("noise=alls=16:allf=t", Trait.NOISY),
    "grainy": (GRAIN, Trait.GRAINY),
    "blocky, MPEG-4 at 20": ("null", Trait.BLOCKY),
    "banded, steps of 8": ("lutyuv=y=trunc(val/8)*8+4", Trait.BANDED),
    "telecined": ("fps=24000/1001,telecine", Trait.TELECINED),
    "interlaced, not marked": (
        "interlace=scan=tff:lowpass=0,setfield=prog",
        Trait.INTERLACED,
    ),
    "every second frame repeated": ("fps=12.5,fps=25", Trait.REPEATING),
    "every fifth frame repeated": ("fps=24,fps=30", Trait.REPEATING),
    "with black borders": ("pad=iw:trunc(ih*5/8)*2:0:(oh-ih)/2", Trait.BORDERED),
    "dark, a fifth of the light": ("lutyuv=y=16+(val-16)/5", Trait.DARK),
}
CODED = "-an -frames:v 96 -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p"


def ffmpeg(words: str, target: Path) -> Path:
    """Runs FFmpeg, unless the target is there."""
    if not target.exists():
        part = target.with_name(f"part_{target.name}")
        command = ["ffmpeg", "-v", "error", "-y", *shlex.split(words), str(part)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        part.rename(target)
    return target


def made(base: Path, kind: str, folder: Path) -> Path:
    """A clip of the kind."""
    steps, trait = KINDS[kind]
    stem = f"{kind.replace(' ', '_').replace(',', '')}_{base.stem}"
    source, chain = shlex.quote(str(base)), f"{HALVED},{steps}"
    if trait is Trait.BLOCKY:
        how = f"-i {source} -an -frames:v 96 -vf {HALVED} -c:v mpeg4 -q:v 20"
        coarse = ffmpeg(how, folder / f"{stem}.avi")
        source, chain = shlex.quote(str(coarse)), "null"
    return ffmpeg(f"-i {source} -vf '{chain}' {CODED}", folder / f"{stem}.mkv")


def drawing(art: Path, folder: Path) -> Path:
    """A pan over a drawing, half as large."""
    pan = "scale=1280:-2:flags=area,crop=640:360:x=2*n:y=n"
    source = f"-loop 1 -r 25 -i {shlex.quote(str(art))} -vf {pan}"
    return ffmpeg(f"{source} {CODED.replace('96', '60')}", folder / f"{art.stem}.mkv")


def row(kind: str, clips: Sequence[Path], wanted: Trait | None) -> str:
    """How many of a kind are known, and what else is said of them."""
    found = [clip_traits(clip) for clip in clips]
    right = sum(wanted in f.found if wanted else not f.found for f in found)
    others = [t.value for f in found for t in f.found if t is not wanted]
    also = ", ".join(f"{others.count(t)} {t}" for t in dict.fromkeys(others))
    return f"| {kind} | {right} of {len(clips)} | {also or '-'} |"


def real(clip: Path) -> str:
    """What a clip is found to be, and what is suggested."""
    found: ClipTraits = clip_traits(clip)
    advice = advice_of(found)
    traits = ", ".join(trait.value for trait in found.found) or "-"
    options = " ".join(advice.command(clip).split()[3:])
    return f"| {clip.name} | {found.detail:.2f} | {traits} | `{options}` |"


def report(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Both tables."""
    yield "| kind | known | and also said |"
    yield "|---|---:|---|"
    for kind, (_, wanted) in KINDS.items():
        clips = [made(options.clips / base, kind, folder) for base in BASES]
        yield row(kind, clips, wanted)
    if options.art:
        clips = [drawing(art, folder) for art in options.art]
        yield row("drawn", clips, Trait.DRAWN)
    yield "\n| clip | detail | found | suggested |"
    yield "|---|---:|---|---|"
    for clip in sorted(options.clips.iterdir()):
        yield real(clip)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--art", nargs="*", type=Path, default=[])
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work: Path = options.work or Path(folder)
        work.mkdir(exist_ok=True, parents=True)
        for line in report(options, work):
            print(line, flush=True)


if __name__ == "__main__":
    main()
