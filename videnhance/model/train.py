"""Training of the network on stored samples, with checkpoints that resume bit for bit.

Charbonnier loss first, mean squared error at the end; Adam with warm-up and cosine; an
exponential moving average of the weights is what is kept. Starts no threads of its own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from videnhance.model.data import Samples
from videnhance.model.network import NetworkShape, SRVGGNetLightweight

__all__ = ["Progress", "Recipe", "trained"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast."""

    steps: int = 70_000
    batch: int = 16
    crop: int = 48
    learning_rate: float = 1e-3
    warm_up: int = 500
    squared_from: float = 0.75
    """Share of the steps after which the loss is the squared error."""
    float32_from: float = 0.93
    """Share of the steps after which bfloat16 is too coarse for the small updates."""
    average: float = 0.999
    """Decay of the moving average of the weights."""
    seed: int = 0

    def rate(self, step: int) -> float:
        """The learning rate at a step: linear warm-up, then cosine to 1e-6."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        share = (step - self.warm_up) / max(self.steps - self.warm_up, 1)
        return 1e-6 + (self.learning_rate - 1e-6) * 0.5 * (
            1 + math.cos(math.pi * share)
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """What `trained` yields now and then."""

    step: int
    loss: float
    network: SRVGGNetLightweight
    """The averaged weights, folded."""


class _State:
    """Network, average and optimizer: what a checkpoint holds."""

    def __init__(self, shape: NetworkShape, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.network = SRVGGNetLightweight(shape, collapsible=True)
        self.average = SRVGGNetLightweight(shape, collapsible=True)
        self.average.load_state_dict(self.network.state_dict())
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), recipe.learning_rate
        )
        self.step = 0

    def save(self, path: Path) -> None:
        """Replaces the checkpoint in one rename: a kill leaves the old or the new."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])


def trained(
    shape: NetworkShape,
    samples: Samples,
    recipe: Recipe,
    checkpoint: Path,
    every: int = 1000,
) -> Iterator[Progress]:
    """Trains, or goes on from `checkpoint` if it exists; saves and yields now and then.

    Step n draws its crops from a generator seeded with (seed, n), so a resumed run sees
    exactly the batches that an uninterrupted one would.
    """
    state = _State(shape, recipe)
    if checkpoint.exists():
        state.load(checkpoint)
    losses: list[float] = []
    while state.step < recipe.steps:
        losses.append(_train_step(state, samples, recipe))
        state.step += 1
        if state.step % every == 0 or state.step == recipe.steps:
            state.save(checkpoint)
            yield Progress(state.step, float(np.mean(losses)), state.average.folded())
            losses.clear()


def _train_step(state: _State, samples: Samples, recipe: Recipe) -> float:
    rng = np.random.default_rng((recipe.seed, state.step))
    inputs, wanted = map(
        torch.from_numpy, samples.batch(recipe.batch, recipe.crop, rng)
    )
    share = state.step / recipe.steps
    squared = share >= recipe.squared_from
    for group in state.optimizer.param_groups:
        group["lr"] = recipe.rate(state.step)
    state.optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=share < recipe.float32_from):
        predicted = state.network(inputs.contiguous(memory_format=torch.channels_last))
    loss = _loss(predicted.float() - wanted, squared)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), 0.5)
    state.optimizer.step()
    with torch.no_grad():
        pairs = zip(state.average.parameters(), state.network.parameters(), strict=True)
        for mean, now in pairs:
            mean.lerp_(now, 1 - min(recipe.average, state.step / (state.step + 10)))
    return float(loss.detach())


def _loss(error: Tensor, squared: bool) -> Tensor:
    # Scaled to about one at the start, so that the gradient clip fits both losses.
    if squared:
        return error.square().mean() * 1000
    return (error.square() + 1e-6).sqrt().mean() * 30
