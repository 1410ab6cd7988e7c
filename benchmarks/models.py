#!/usr/bin/env python3
"""Makes the shipped models again: trains, quantizes, measures, writes cards.

Runs lie under --runs and go on where they stopped. `fidelity` comes first: `default`
and `restore` begin with its weights at an early step, so that what lies between the
three is a network, too. The looks begin with the weights that are shipped, and learn
from Real-ESRGAN's networks in --teachers, too.

    benchmarks/models.py STILLS EVAL --runs RUNS [--to videnhance/assets] [NAME...]

What training went on from lies in models/NAME: the network before it was rounded.
"""

import argparse
import json
import platform
import shutil
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from videnhance.models.card import ASSETS
from videnhance.models.program import prefer_int8_engine
from videnhance.models.torchscript import loaded, optimized
from videnhance.models.weights import sha256_of
from videnhance.system.memory import keep_freed_memory
from videnhance.training.dataset import CLIPS, Material
from videnhance.training.degrade import Mix
from videnhance.training.measure import (
    a_frame,
    best_milliseconds,
    by_script,
    known_stills,
    mean_scores,
)
from videnhance.training.qat import Rounding
from videnhance.training.quantize import STEP, Kind, Quantizing, quantized
from videnhance.training.recipe import RECIPES, ROUNDED, Loss, Recipe, suited
from videnhance.training.teacher import Lesson
from videnhance.training.train import Course, run

SETS = ("Set5", "Set14", "B100")
WORDS = {
    Mix.FIDELITY: "halved by MATLAB's antialiased bicubic, nothing else",
    Mix.REAL: "20 % clean; the rest blurred, noisy, coded by x264, x265, VP9, MPEG-4 "
    "and JPEG as videos are, on panning clips of 6 frames",
    Mix.RESTORE: "noise sigma 1-8 on half, all coded at low rates, on panning clips",
    Mix.LOOK: "10 % as `restore`, 90 % as `default`; wanted is the picture before "
    "coding, with an unsharp mask of 0.4 at sigma 1; half of the clips stand still",
}

ENDS = {
    Loss.SQUARED: "squared error",
    Loss.LOGARITHM: "logarithm of each crop's squared error",
    Loss.ROOT: "root of each crop's squared error",
}
ADAM = "Muon 5e-3 (Adam 1e-3 for the first layer and biases)"
TRAINED = {
    "default": f"residual over the bicubic base; {ADAM} with warm-up, constant, cosine "
    "at the end; Charbonnier, then the {end}; moving average 0.999; bfloat16, float32 "
    "for the last 7 %",
    "look": "residual over the bicubic base; Muon 2e-3 (Adam 4e-4), constant, then "
    "cosine; Charbonnier, differences of neighbours, halved result, visual information "
    "fidelity, what changes where two frames of a clip stand still; moving average "
    "0.999; bfloat16, float32 for the last 7 %",
}
FOR = {
    "fidelity": "clean sources; true to them (`--clean 0`)",
    "default": "video as it is: a little soft, noisy, coded (`--clean 0.5`)",
    "restore": "bad sources: noise, blocks (`--clean 1`)",
    "fast": "as default, in a third of the work",
    "fast-fidelity": "clean sources, in a third of the work",
    "quality-fidelity": "clean sources, in nearly three times the work",
    "natural": "video as people like to see it: clear and true",
    "natural-fast": "as natural, in a third of the work",
    "crisp": "the clean sharp lines of Real-ESRGAN at first sight",
    "drawn": "animation and drawings",
}
KEPT = Path(__file__).parents[1] / "models"
GENERAL, ANIME = "realesr-general-x4v3", "realesr-animevideov3"
ATTRIBUTION = (
    "Real-ESRGAN, (c) 2021 Xintao Wang, BSD-3-Clause; what it made of the samples was "
    "learnt from, none of its weights are in here"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look is learnt from, beside the stills."""

    begins_with: str
    """A shipped model."""
    teacher: str
    share: float
    sharpened: float = 0.0
    kept: float = 0.0
    """Share of the weights it began with that is mixed into what was trained."""
    drawn: bool = False
    """From drawings alone."""


@dataclass(frozen=True, slots=True)
class Making:
    """How one model is trained."""

    preset: str
    mix: Mix
    steps: int
    clips: int = CLIPS
    begins_at: int | None = None
    """With the weights of `fidelity` at this step."""
    look: Look | None = None

    @property
    def recipe(self) -> Recipe:
        """Ours, of this length, and with the loss that suits the mix."""
        recipe = RECIPES["look" if self.look else "default"]
        return suited(replace(recipe, steps=self.steps), self.mix)

    def lesson(self, teachers: Path) -> Lesson | None:
        """Who teaches it."""
        if self.look is None:
            return None
        teacher = teachers / f"{self.look.teacher}.safetensors"
        return Lesson(teacher, self.look.share, self.look.sharpened)

    def places(self, stills: Path) -> tuple[Path, ...]:
        """Where its stills lie: all of them, or the drawings."""
        if self.look is None or not self.look.drawn:
            return (stills,)
        return tuple(p for name in DRAWINGS for p in sorted(stills.rglob(f"{name}*")))


MODELS = {
    "fidelity": Making("default", Mix.FIDELITY, 60_000),
    "default": Making("default", Mix.REAL, 50_000, begins_at=11_000),
    "restore": Making("default", Mix.RESTORE, 12_000, 6_000, begins_at=11_000),
    "fast": Making("fast", Mix.REAL, 30_000),
    "fast-fidelity": Making("fast", Mix.FIDELITY, 30_000),
    "quality-fidelity": Making("quality", Mix.FIDELITY, 36_000),
    "natural": Making(
        "default", Mix.LOOK, 6_500, 900, look=Look("default", GENERAL, 0.08, kept=0.15)
    ),
    "natural-fast": Making(
        "fast", Mix.LOOK, 3_500, 900, look=Look("fast", GENERAL, 0.08, kept=0.5)
    ),
    "crisp": Making(
        "default", Mix.LOOK, 1_500, 900, look=Look("default", GENERAL, 0.6, 0.3)
    ),
    "drawn": Making(
        "default", Mix.LOOK, 3_000, 350, look=Look("default", ANIME, 0.5, drawn=True)
    ),
}
# fmt: off
DRAWINGS = (
    "art_", "1129482", "1536017106", "21169144185", "3DPie", "962312", "Abstract",
    "Agility", "Beam", "Boxplot", "EPICA", "Lungs", "No-inter", "Performance", "StockQ",
    "Temper", "Verkehr", "adrian", "akfcrc", "klepas", "newplot", "nicubunu", "ularapi",
)
# fmt: on
"""How the names of the stills begin that are drawn, or diagrams."""


def trained(name: str, options: argparse.Namespace) -> Path:
    """The network of a finished run; early weights are kept beside it."""
    making, work = MODELS[name], options.runs / name
    start = making.look.begins_with if making.look else None
    if making.begins_at is not None:
        start = str(options.runs / "fidelity" / f"step-{making.begins_at}.pth")
    material = Material(making.places(options.stills), making.mix, making.clips)
    course = Course(
        material,
        work,
        making.preset,
        making.recipe,
        start,
        making.lesson(options.teachers),
        resume=True,
        threads=options.threads,
    )
    kept = {m.begins_at for m in MODELS.values()}
    for point, steps in run(course):
        print(f"{name}: {point.step} of {steps}, {point.psnr:.3f} dB", flush=True)
        if name == "fidelity" and point.step in kept:
            shutil.copy(work / "network.pth", work / f"step-{point.step}.pth")
    return work / "network.pth"


def made(name: str, network: Path, options: argparse.Namespace) -> None:
    """Quantizes the network, and writes its files and its card."""
    keep_freed_memory()
    torch.set_num_threads(1)
    making, steps = MODELS[name], options.rounding_steps
    # Read before the default's own card is written anew.
    about = json.loads((ASSETS / "default.json").read_text(encoding="utf-8"))
    job = Quantizing(
        str(network),
        Kind.QAT if steps else Kind.STATIC,
        options.to,
        name,
        samples=options.runs / name / "samples",
        mix_with=making.look.begins_with if making.look else None,
        share=making.look.kept if making.look else 0.0,
        rounding=Rounding(steps=steps, loss=ROUNDED[making.mix]),
        lesson=making.lesson(options.teachers),
    )
    result = quantized(job)
    card = json.loads(result.card.read_text(encoding="utf-8"))
    card["quality"] = measured(result.card.parent, card, options.eval)
    card["recipe"] = {
        "what": described(making),
        "command": "benchmarks/models.py STILLS EVAL --runs RUNS "
        f"{'--teachers TEACHERS ' if making.look else ''}{name} "
        f"--rounding-steps {steps}",
        "steps": making.steps,
        "begins with": begun(making),
        "degradation": WORDS[making.mix],
        "machine": options.machine or platform.processor() or platform.machine(),
        "date": time.strftime("%Y-%m-%d"),
        "int8": f"trained with its rounding for {steps} steps, then static: weights "
        "per channel within +-64, 8-bit activations",
    }
    card["data"] = about["data"]
    card |= {"for": FOR[name], "licence": "MIT"}
    if making.look is None:
        card["speed"] = speeds(result.card.parent, card)
    else:
        # The same program with other numbers.
        like = ASSETS / f"{making.look.begins_with}.json"
        card["speed"] = json.loads(like.read_text(encoding="utf-8"))["speed"]
        card |= taught_by(making, options.teachers)
        kept = KEPT / name
        kept.mkdir(exist_ok=True)
        shutil.copy(network, kept / "network.pth")
        written(kept / "card.json", card)
    written(result.card, card)


def described(making: Making) -> str:
    """How it was trained, for the card."""
    kind = "look" if making.look else "default"
    words = TRAINED[kind].format(end=ENDS.get(making.recipe.loss))
    if making.look and making.look.kept:
        words += f"; then {making.look.kept:g} of the weights it began with mixed in"
    return words


def begun(making: Making) -> str:
    """What it began with."""
    if making.look is not None:
        return making.look.begins_with
    return f"fidelity at step {making.begins_at}" if making.begins_at else "nothing"


def taught_by(making: Making, teachers: Path) -> dict[str, Any]:
    """Of its teacher, for the card."""
    lesson = making.lesson(teachers)
    assert lesson is not None
    return {
        "teacher": {
            "file": lesson.teacher.name,
            "sha256": sha256_of(lesson.teacher),
            "share": lesson.share,
            "sharpened": lesson.sharpened,
            "by": ATTRIBUTION,
        }
    }


def written(path: Path, card: dict[str, Any]) -> None:
    """Writes a card."""
    words = json.dumps(card, indent=1, ensure_ascii=False)
    path.write_text(words + "\n", encoding="utf-8")


def speeds(folder: Path, card: dict[str, Any]) -> dict[str, float]:
    """Milliseconds a frame, not cut, on one thread of an otherwise idle machine."""
    keep_freed_memory()  # as conversions do
    prefer_int8_engine()
    torch.set_num_threads(1)
    found = {}
    for precision, file in card["files"].items():
        script = loaded((folder / file["file"]).read_bytes())
        if precision == "float32":
            script = optimized(script)
        # The best of ten times five: other guests of a virtual machine come and go.
        run = partial(script, a_frame(1))
        spent = min(best_milliseconds(run) for _ in range(10))
        found[f"ms a 640x360 frame, uncut, on one thread, {precision}"] = round(
            spent, 1
        )
    return found


def measured(folder: Path, card: dict[str, Any], sets: Path) -> dict[str, float]:
    """PSNR of the files as they are, on the usual sets."""
    found = {}
    for name in SETS:
        stills = known_stills(sets / name / "HR")
        for precision, file in card["files"].items():
            script = loaded((folder / file["file"]).read_bytes())
            scores = mean_scores(
                stills, by_script(script, STEP), channels=1, full=False
            )
            found[f"{name} x2 PSNR-Y, {precision}"] = round(scores.psnr, 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stills", type=Path)
    parser.add_argument("eval", type=Path)
    parser.add_argument("names", nargs="*", default=[*MODELS])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, default=Path("teachers"))
    parser.add_argument("--to", type=Path, default=ASSETS)
    parser.add_argument("--rounding-steps", type=int, default=400)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--machine", help="For the card.")
    parser.add_argument("--speed", action="store_true", help="Only time what is there.")
    options = parser.parse_intermixed_args()  # names may stand last, too
    for name in options.names:
        path = options.to / f"{name}.json"
        if options.speed:
            card = json.loads(path.read_text(encoding="utf-8"))
            written(path, card | {"speed": speeds(options.to, card)})
        else:
            made(name, trained(name, options), options)


if __name__ == "__main__":
    main()
