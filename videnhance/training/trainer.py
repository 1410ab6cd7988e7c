"""Training of the network on stored samples, with checkpoints that resume bit for bit.

An exponential moving average of the weights is what is kept. Starts no threads of its
own.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from videnhance.errors import ModelError, UsageError, printable
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.training.data import Batch, Samples
from videnhance.training.losses import base_of, loss_of
from videnhance.training.muon import Muon
from videnhance.training.recipe import Draw, Loss, Method, Recipe

__all__ = [
    "Progress",
    "Trainer",
    "batch_of",
    "epoch_steps",
    "stable_path",
    "trained",
]


@dataclass(frozen=True, slots=True)
class Progress:
    """What `trained` yields now and then."""

    step: int
    loss: float
    """Mean since the last one."""
    network: SRVGGNetLightweight
    """The averaged weights, folded."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """All that a run is made of but its length."""

    shape: NetworkShape
    samples: Samples
    recipe: Recipe
    start: SRVGGNetLightweight | None = None
    """Weights to begin with; their shape is the run's. None: random ones."""
    device: str = "cpu"

    def same_run(self) -> dict[str, Any]:
        """What may not change between a checkpoint and the run that goes on."""
        recipe = {k: str(v) for k, v in asdict(self.recipe).items() if k != "steps"}
        share = str(self.samples.share)
        about = {"samples": len(self.samples), "teacher's share": share}
        return {**asdict(self.shape), **recipe, **about}


class _State:
    """Network, average and optimizer: what a checkpoint holds."""

    def __init__(self, trainer: Trainer) -> None:
        recipe = trainer.recipe
        torch.manual_seed(recipe.seed)
        self.run = trainer.same_run()
        self.network = SRVGGNetLightweight(trainer.shape, recipe.collapsible)
        if trainer.start is not None:
            self.network = trainer.start.unfolded(recipe.collapsible)
        self.network.to(trainer.device)
        # Kernels laid out as what they meet: half the time of a step in bfloat16.
        convert_conv2d_weight_memory_format(self.network, torch.channels_last)
        self.average = SRVGGNetLightweight(trainer.shape, recipe.collapsible)
        self.average.to(trainer.device)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = _optimizer(self.network, recipe)
        self.step = 0

    def save(self, path: Path, steps: int) -> None:
        """Replaces the checkpoint in one rename: a kill leaves the old or the new."""
        state = {
            "run": self.run,
            "steps": steps,
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.method is Method.MUON:
        return Muon(network, recipe.learning_rate)
    return torch.optim.Adam(network.parameters(), recipe.learning_rate)


def stable_path(checkpoint: Path) -> Path:
    """Where the state lies from before the rate began to fall."""
    return checkpoint.with_name(f"{checkpoint.stem}.stable{checkpoint.suffix}")


def _resumed(state: _State, checkpoint: Path, *, recipe: Recipe) -> None:
    """Takes the state of the checkpoint, or of the stable one if there is more to do.

    Raises UsageError if another run made it.
    """
    found = _read(checkpoint)
    if found["steps"] != recipe.steps:
        if found["step"] > round(found["steps"] * recipe.settle_from):
            found = _read(stable_path(checkpoint))
        if found["step"] > recipe.settles_at:
            raise UsageError(
                f"{printable(checkpoint)} is at step {found['step']}, after the rate "
                f"of a run of {recipe.steps} steps falls; give more steps, or another "
                "folder"
            )
    differs = {k for k, v in state.run.items() if found["run"].get(k) != v}
    if differs:
        raise UsageError(
            f"{printable(checkpoint)} was made with another "
            f"{', '.join(sorted(differs))}; use the same, or another folder"
        )
    state.load(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, "cpu", weights_only=True)
        return state | {"steps": int(state["steps"]), "step": int(state["step"])}
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{printable(path)} is no checkpoint: {error}; remove it to start over"
        ) from error


def trained(
    trainer: Trainer, checkpoint: Path, every: int = 1000
) -> Iterator[Progress]:
    """Trains, or goes on from `checkpoint` if it exists; saves and yields now and then.

    Step n draws its crops from a generator seeded with (seed, n), so a resumed run sees
    exactly the batches that an uninterrupted one would.
    """
    recipe = trainer.recipe
    state = _State(trainer)
    if checkpoint.exists():
        _resumed(state, checkpoint, recipe=recipe)
    losses: list[float] = []
    while state.step < recipe.steps:
        losses.append(_train_step(state, trainer))
        state.step += 1
        if state.step == recipe.settles_at:
            state.save(stable_path(checkpoint), recipe.steps)
        if state.step % every == 0 or state.step == recipe.steps:
            state.save(checkpoint, recipe.steps)
            yield Progress(state.step, float(np.mean(losses)), state.average.folded())
            losses.clear()


def batch_of(trainer: Trainer, step: int) -> Batch:
    """What a step is shown: the same for the same seed and step."""
    recipe, samples = trainer.recipe, trainer.samples
    usable = samples.of_side(recipe.crop)
    rng = np.random.default_rng((recipe.seed, step))
    if recipe.draw is Draw.BUSY:
        chosen = rng.choice(usable, recipe.batch, p=samples.weights(usable))
        paired = recipe.loss is Loss.LOOK
        return samples.batch(chosen, recipe.crop, rng, paired=paired)
    epoch, at = divmod(step, epoch_steps(samples, recipe))
    order = np.random.default_rng((recipe.seed, epoch)).permutation(usable)
    chosen = order[at * recipe.batch : (at + 1) * recipe.batch]
    return samples.batch(chosen, recipe.crop, rng, busy=False)


def epoch_steps(samples: Samples, recipe: Recipe) -> int:
    """Steps in which each sample is seen once; the last batch may be smaller."""
    return -(-len(samples.of_side(recipe.crop)) // recipe.batch)


def _train_step(state: _State, trainer: Trainer) -> float:
    recipe, kind = trainer.recipe, trainer.device.partition(":")[0]
    inputs, wanted = (
        torch.from_numpy(a).to(trainer.device) for a in batch_of(trainer, state.step)
    )
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    for group in state.optimizer.param_groups:
        group["lr"] = recipe.rate(state.step)
    state.optimizer.zero_grad()
    coarse = state.step < recipe.steps * recipe.float32_from
    with torch.autocast(kind, torch.bfloat16, enabled=coarse):
        predicted = state.network(inputs)
    loss = loss_of(
        predicted.float(),
        wanted,
        recipe=recipe,
        base=base_of(inputs),
        step=state.step,
    )
    loss.backward()
    if recipe.loss is not Loss.ABSOLUTE:
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 0.5)
    state.optimizer.step()
    with torch.no_grad():
        pairs = zip(state.average.parameters(), state.network.parameters(), strict=True)
        for mean, now in pairs:
            mean.lerp_(now, 1 - min(recipe.average, state.step / (state.step + 10)))
    return float(loss.detach())
