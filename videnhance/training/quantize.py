"""`model quantize`: a trained network as a model that is ready to run, in int8.

TO/NAME.int8.pt, NAME.float32.pt, NAME.json   `--model TO/NAME.json --trust-model`
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.ao import quantization

from videnhance.errors import InputError, UsageError
from videnhance.frame import Pixels
from videnhance.models.between import mixed
from videnhance.models.card import write_card
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import (
    calibration_crops,
    card_facts,
    float32_script,
    grids_of,
    int8_script,
    prefer_int8_engine,
)
from videnhance.models.torchscript import deprecated, loaded, optimized, saved
from videnhance.models.weights import read_network
from videnhance.training.clips import luma_runs, still_jobs, video_paths
from videnhance.training.data import Samples
from videnhance.training.measure import (
    Figures,
    KnownStill,
    a_frame,
    best_milliseconds,
    by_network,
    by_script,
    psnr_of,
)
from videnhance.training.qat import Rounding, rounded, sensitivity
from videnhance.training.stills import still_paths
from videnhance.training.teacher import Lesson, taught

__all__ = [
    "STEP",
    "Kind",
    "Quantizing",
    "Result",
    "calibration_of",
    "dynamic",
    "quantized",
]

STEP = 0.5
"""Grey levels a residual code. Finer steps gain 0.04 dB on soft video and cost up to
1 dB on text, whose residuals do not fit into fewer than +-64 levels."""

_STILLS, _ITEMS = 48, 96
"""How many stills, or samples, are calibrated with."""
_RUNS = 8
"""Places in a video that are calibrated with."""


class Kind(Enum):
    """How it is quantized."""

    STATIC = "static"
    """Ranges from calibration; nothing is trained."""
    QAT = "qat"
    """Trained with the rounding first."""
    DYNAMIC = "dynamic"
    """torch's quantize_dynamic, as the project's report calls it."""


@dataclass(frozen=True, slots=True)
class Quantizing:
    """What to do."""

    model: str
    kind: Kind
    target: Path
    """The folder of the result."""
    name: str = "network"
    calibrate: tuple[Path, ...] = ()
    samples: Path | None = None
    """A folder of samples, as training leaves it."""
    tests: tuple[KnownStill, ...] = field(default=(), repr=False)
    float_layers: int = 0
    """How many of the most sensitive layers stay float."""
    mix_with: str | None = None
    """Another set of weights, trained from the same start."""
    share: float = 0.5
    """How far the way goes to it."""
    rounding: Rounding = field(default_factory=Rounding)
    step: float = STEP
    lesson: Lesson | None = None
    """That of the run, for training with the rounding."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came out."""

    before: Figures
    after: Figures
    sensitivity: tuple[float, ...]
    """PSNR in dB that each convolution alone in int8 has to all float; empty for a
    network with slopes, whose layers are not simulated."""
    kept: tuple[int, ...]
    """The convolutions that stay float."""
    card: Path

    def lines(self) -> list[str]:
        """Before and after, and what each layer alone does."""
        layers = [
            f"  convolution {n}: {psnr:.1f} dB{', kept in float' * (n in self.kept)}"
            for n, psnr in enumerate(self.sensitivity)
        ]
        head = "each convolution alone in int8, PSNR to float; the least matters most:"
        both = [self.before.line(), self.after.line()]
        return [*both, head, *layers] if layers else both


def calibration_of(
    places: Sequence[Path], channels: int, *, samples: Samples | None
) -> list[Tensor]:
    """Float batches, N x C x H x W in [0, 1]: of videos and stills, or of samples.

    Stills are halved first, videos are taken as they are. Raises InputError.
    """
    pictures = [*_of_places(places, channels)]
    if not pictures and samples is not None:
        chosen = np.linspace(0, len(samples) - 1, min(len(samples), _ITEMS))
        pictures = [samples.item(int(n))[0] for n in chosen]
    if not pictures:
        raise InputError(
            "there is nothing to calibrate with; name stills or a clip by --calibrate"
        )
    return calibration_crops(pictures)


def _of_places(places: Sequence[Path], channels: int) -> Iterator[Pixels]:
    stills = still_paths(places)
    # As many as crops are needed: each is read whole.
    every = max(len(stills) // _STILLS, 1)
    for job in still_jobs(stills[::every], channels):
        yield from (small for small, _ in job()[:1])
    for path in video_paths(places) if channels == 1 else ():
        for run in luma_runs(path, (0.0, 1.0), count=_RUNS):
            yield run[0][..., None]


def quantized(job: Quantizing) -> Result:
    """Quantizes, measures and writes. Raises UsageError, InputError or ModelError."""
    network = read_network(job.model)
    if job.mix_with is not None:
        network = mixed(network, read_network(job.mix_with), job.share)
    fused = network.shape.activation == "relu"
    if not fused and (job.kind is Kind.QAT or job.float_layers):
        raise UsageError(
            f"{job.model} has {network.shape.activation}: only networks with ReLU are "
            "trained with their rounding or mixed; --type static does without"
        )
    samples = Samples.load(job.samples) if job.samples is not None else None
    if samples is not None and job.samples is not None and job.lesson is not None:
        samples = taught(samples, job.samples, lesson=job.lesson)
    calibration = calibration_of(job.calibrate, network.shape.channels, samples=samples)
    prefer_int8_engine()
    if job.kind is Kind.QAT:
        network = _trained(job, network, samples=samples, calibration=calibration)
    grids = grids_of(network, calibration, step=job.step) if fused else []
    found = tuple(sensitivity(network, grids, calibration[:4])) if fused else ()
    kept = tuple(sorted(range(len(found)), key=found.__getitem__)[: job.float_layers])
    scripts = {
        "int8": int8_script(network, calibration, step=job.step, kept=kept),
        "float32": float32_script(network, job.step),
    }
    figures = {name: _figures(name, s, job, network) for name, s in scripts.items()}
    card = _written(job, network, scripts=scripts, figures=figures)
    return Result(figures["float32"], figures["int8"], found, kept, card)


def _trained(
    job: Quantizing,
    network: SRVGGNetLightweight,
    *,
    samples: Samples | None,
    calibration: Sequence[Tensor],
) -> SRVGGNetLightweight:
    if samples is None:
        raise UsageError(
            "--type qat trains: name the samples of a run by --samples RUN/samples"
        )
    run = rounded(
        network, samples, calibration=calibration, step=job.step, how=job.rounding
    )
    return [made for _, _, made in run][-1]


def _figures(
    name: str,
    script: torch.jit.ScriptModule,
    job: Quantizing,
    network: SRVGGNetLightweight,
) -> Figures:
    """Of a program as the runtime runs it."""
    channels = network.shape.channels
    psnr = psnr_of(by_script(script, job.step), job.tests, channels=channels)
    data = saved(script)
    ready = loaded(data)
    if name == "float32":
        ready = optimized(ready)  # not the script itself: it would lose its weights
    return Figures(
        name, len(data), psnr, best_milliseconds(partial(ready, a_frame(channels)))
    )


def _written(
    job: Quantizing,
    network: SRVGGNetLightweight,
    *,
    scripts: dict[str, torch.jit.ScriptModule],
    figures: dict[str, Figures],
) -> Path:
    facts = card_facts(network, job.step)
    facts["parameters"] = sum(p.numel() for p in network.parameters())
    facts["macs_per_pixel"] = network.shape.macs_per_pixel
    if job.tests:
        facts["quality"] = {
            f"x2 PSNR-Y of {len(job.tests)} test stills, {name}": round(found.psnr, 3)
            for name, found in figures.items()
        }
    programs = {name: saved(script) for name, script in scripts.items()}
    return write_card(job.target, job.name, programs=programs, facts=facts)


def dynamic(job: Quantizing) -> tuple[Figures, Figures, int]:
    """What `quantize_dynamic` does: before, after, and how many layers it changed.

    It has no convolution: a network of convolutions stays as it was.
    """
    network = read_network(job.model)
    with deprecated():
        after = quantization.quantize_dynamic(
            network, {nn.Conv2d, nn.Linear}, dtype=torch.qint8
        )
    pairs = zip(network.modules(), after.modules(), strict=True)
    changed = sum(type(ours) is not type(theirs) for ours, theirs in pairs)
    found = [
        _eager(name, n, job=job) for name, n in (("before", network), ("after", after))
    ]
    return found[0], found[1], changed


def _eager(name: str, network: SRVGGNetLightweight, *, job: Quantizing) -> Figures:
    channels, data = network.shape.channels, io.BytesIO()
    torch.save(network.state_dict(), data)
    psnr = psnr_of(by_network(network), job.tests, channels=channels)
    pixels = a_frame(channels).float() / 255
    return Figures(
        name, data.tell(), psnr, best_milliseconds(partial(network.eval(), pixels))
    )
