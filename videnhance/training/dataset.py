"""What is learnt from: which stills and videos train, and which are held out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from videnhance.errors import InputError, UsageError, printable
from videnhance.training.clips import (
    Job,
    Part,
    clip_jobs,
    footage_jobs,
    still_jobs,
    video_paths,
)
from videnhance.training.data import Samples, make_samples
from videnhance.training.degrade import Mix
from videnhance.training.stills import still_paths

__all__ = ["CLIPS", "Material", "held_samples", "mix_of", "training_samples"]

CLIPS = 14_000
"""How many degraded clips a full training is given."""
_HELD_STILLS = 8
"""Stills that are kept out of training and measured instead."""
_HELD_CLIPS = 48
_ABOUT = "about.json"
_SEEN: Part = (0.0, 0.8)
_HELD: Part = (0.8, 1.0)
"""Of each video the end is held out: its neighbours in time are not."""


@dataclass(frozen=True, slots=True)
class Material:
    """Where it lies and what is done to it."""

    places: tuple[Path, ...]
    """Folders of stills or videos, or videos."""
    mix: Mix = Mix.REAL
    clips: int = CLIPS
    """Degraded clips to make; of stills that stay clean all is used."""
    valid: tuple[Path, ...] = ()
    """Places to measure; empty: a part of the others is held out."""
    channels: int = 1
    seed: int = 0

    @property
    def stills(self) -> tuple[list[Path], list[Path]]:
        """Stills to train on, and stills to measure."""
        found = still_paths(self.places)
        if self.valid:
            return found, still_paths(self.valid)
        step = max(len(found) // _HELD_STILLS, 2)
        held = found[step // 2 :: step][:_HELD_STILLS]
        return [path for path in found if path not in held], held

    @property
    def about(self) -> dict[str, object]:
        """What decides the samples, beside the files themselves."""
        return {
            "places": [str(place) for place in self.places],
            "valid": [str(place) for place in self.valid],
            "mix": self.mix.value,
            "clips": self.clips,
            "channels": self.channels,
            "seed": self.seed,
        }


def training_samples(material: Material, folder: Path) -> Samples:
    """Makes the samples to train on, or maps those that are there.

    Raises InputError if there are none to make, UsageError if others are there.
    """
    videos = video_paths(material.places)
    part = (0.0, 1.0) if material.valid else _SEEN
    stills = material.stills[0]
    jobs = partial(_jobs, material, stills, videos, part)
    return _samples(material, jobs, folder=folder)


def mix_of(folder: Path) -> Mix:
    """What the pictures of these samples went through. Raises InputError."""
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        return Mix(about["mix"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{printable(folder)} holds no samples ({error}); name the folder "
            "`samples` of a training run"
        ) from error


def held_samples(material: Material, folder: Path) -> Samples:
    """Makes the samples to measure, or maps those that are there; raises the same."""
    videos = video_paths(material.valid or material.places)
    part = (0.0, 1.0) if material.valid else _HELD
    clips = min(_HELD_CLIPS, material.clips)
    # Other draws than those that are trained on.
    few = replace(material, clips=clips, seed=material.seed + 1_000_003)
    return _samples(
        few, partial(_jobs, few, material.stills[1], videos, part), folder=folder
    )


def _jobs(
    material: Material, stills: Sequence[Path], videos: Sequence[Path], part: Part
) -> list[Job]:
    mix, channels = material.mix, material.channels
    if channels != 1 and (videos or mix is not Mix.FIDELITY):
        raise UsageError(
            "RGB networks are trained on stills and --mix fidelity only; "
            "choose a luma preset, or leave the videos out"
        )
    filmed = material.clips * len(videos) // max(len(stills) + len(videos), 1)
    jobs = (
        footage_jobs(videos, filmed, mix=mix, part=part, seed=material.seed)
        if videos
        else []
    )
    if mix is Mix.FIDELITY:
        return still_jobs(stills, channels) + jobs
    rest = material.clips - filmed
    return jobs + (
        clip_jobs(stills, rest, mix=mix, seed=material.seed) if stills else []
    )


def _samples(
    material: Material, wanted: Callable[[], list[Job]], *, folder: Path
) -> Samples:
    about = folder / _ABOUT
    if not (folder / "places.npy").exists():
        jobs = wanted()
        if not jobs:
            names = ", ".join(printable(p) for p in material.valid or material.places)
            raise InputError(
                f"{names}: no stills or videos to train on or to measure with; "
                "name folders of some, and others by --valid"
            )
        make_samples(jobs, folder)
        about.write_text(json.dumps(material.about), encoding="utf-8")
    elif json.loads(about.read_text(encoding="utf-8")) != material.about:
        raise UsageError(
            f"{printable(folder)} was made of other material; name the same places, "
            "--mix and --clips, or another folder"
        )
    return Samples.load(folder)
