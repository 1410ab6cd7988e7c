"""How a network is trained: ours, and the one of the project's report."""

import math
from dataclasses import dataclass, replace
from enum import Enum

from videnhance.training.degrade import Mix

__all__ = [
    "EPOCHS",
    "RECIPES",
    "ROUNDED",
    "Draw",
    "Loss",
    "Method",
    "Recipe",
    "suited",
]


class Draw(Enum):
    """Which samples a step takes."""

    BUSY = "busy"
    """Any, large ones more often, and of each rather the busy parts."""
    EPOCHS = "epochs"
    """Each once an epoch, in a new order; any part of it."""


class Method(Enum):
    """How weights follow their gradients."""

    MUON = "muon"
    """`videnhance.training.muon`."""
    ADAM = "adam"


class Loss(Enum):
    """What is made small."""

    LOGARITHM = "logarithm"
    """Charbonnier; at the end, when the rate falls, the logarithm of each crop's mean
    squared error, which is its PSNR. Where crops are coded well and badly, squares
    would follow the bad ones."""
    ROOT = "root"
    """Charbonnier; at the end its root, for crops that are all bad."""
    SQUARED = "squared"
    """Charbonnier; at the end the mean squared error."""
    LOOK = "look"
    """`videnhance.training.losses.look_loss`, from beginning to end."""
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long, how fast and with what.

    The rate stays until `settle_from` and then falls: a run that was planned to be
    shorter goes on, with more steps, from where its rate began to fall.
    """

    steps: int = 100_000
    batch: int = 16
    crop: int = 48
    method: Method = Method.MUON
    learning_rate: float = 1e-3
    warm_up: int = 500
    settle_from: float = 0.7
    """Share of the steps after which the rate falls to 1e-6 by a cosine, and the loss
    is another one."""
    float32_from: float = 0.93
    """Share of the steps after which bfloat16 is too coarse for the small updates."""
    average: float = 0.999
    """Decay of the moving average of the weights; 0: none."""
    collapsible: bool = False
    """Train wide linear blocks that fold into plain convolutions."""
    draw: Draw = Draw.BUSY
    loss: Loss = Loss.LOGARITHM
    seed: int = 0

    @property
    def settles_at(self) -> int:
        """The step from which the rate falls."""
        return round(self.steps * self.settle_from)

    def rate(self, step: int) -> float:
        """The learning rate at a step: linear warm-up, constant, cosine to 1e-6."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        if step < self.settles_at:
            return self.learning_rate
        share = (step - self.settles_at) / max(self.steps - self.settles_at, 1)
        return 1e-6 + (self.learning_rate - 1e-6) * 0.5 * (
            1 + math.cos(math.pi * share)
        )


_REPORT = Recipe(
    batch=4,
    crop=64,
    method=Method.ADAM,
    learning_rate=2e-4,
    warm_up=0,
    settle_from=1.0,
    float32_from=0.0,
    average=0.0,
    draw=Draw.EPOCHS,
    loss=Loss.ABSOLUTE,
)

_FINETUNE = Recipe(steps=3000, learning_rate=2e-4, warm_up=100, settle_from=0.3)

_LOOK = Recipe(
    steps=6000, learning_rate=4e-4, warm_up=50, settle_from=0.6, loss=Loss.LOOK
)

_SESR = Recipe(method=Method.ADAM, collapsible=True)

RECIPES = {
    "default": Recipe(),
    "sesr": _SESR,
    "report": _REPORT,
    "finetune": _FINETUNE,
    "look": _LOOK,
}
"""Ours, SESR's (Adam on collapsible blocks), the report's, and two of ours for weights
that are good already: to adapt them, and to give them a look."""
EPOCHS = 10
"""How long the report's recipe runs: each sample is seen so often."""


_SUITED = {
    Mix.FIDELITY: Loss.SQUARED,
    Mix.RESTORE: Loss.ROOT,
    Mix.LOOK: Loss.LOOK,
}
ROUNDED = {
    Mix.FIDELITY: Loss.ROOT,
    Mix.REAL: Loss.LOGARITHM,
    Mix.RESTORE: Loss.ROOT,
    Mix.LOOK: Loss.LOOK,
}
"""What is made small where a network is trained with its rounding, for each mix."""


def suited(recipe: Recipe, mix: Mix) -> Recipe:
    """The recipe with the loss for a mix: clean crops differ little, and bad ones."""
    if recipe.loss is Loss.LOGARITHM:
        return replace(recipe, loss=_SUITED.get(mix, recipe.loss))
    return recipe
