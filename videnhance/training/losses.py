"""Losses: what a step of training makes small, of residuals N x C x H x W in [0, 1].

For looks: differences of neighbours (edges), the halved result (tones), what changes
where two frames of a clip stand still, and visual information fidelity (Sheikh and
Bovik, 2006, "Image information and visual quality") of small windows at four sizes:
detail that is there but faint counts as lost, where squares would have it fainter
still. More contrast than the original's gains nothing.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from videnhance.models.foreign import base_phases, convolved
from videnhance.training.recipe import Loss, Recipe

__all__ = [
    "base_of",
    "fidelity_loss",
    "flicker_loss",
    "look_loss",
    "loss_of",
    "settled_loss",
]

_LEAST_ERROR = 2e-6
"""A third of a grey level, squared: what is more exact than that counts no more."""
_EDGES, _TONES, _FIDELITY, _FLICKER = 0.5, 0.25, 0.1, 2.0
_EYE_NOISE = 2.0 / 255**2
"""Variance of what the eye adds itself."""
_SQUARE, _STILL = 4, 2.5 / 255
"""Sides of the squares that stand still or move, and how much those change at most
that stand still: what a teacher makes of two frames differs a little."""
_WINDOWS = 17, 9, 5, 3
_TINY = 1e-10


def base_of(inputs: Tensor) -> Tensor:
    """What the residuals are added to: N x C x H x W to N x C x 2H x 2W."""
    phases, flat = base_phases().to(inputs), inputs.reshape(-1, 1, *inputs.shape[2:])
    large: Tensor = functional.pixel_shuffle(convolved(flat, phases), 2)
    return large.reshape(*inputs.shape[:2], *large.shape[2:])


def loss_of(
    predicted: Tensor, wanted: Tensor, *, recipe: Recipe, base: Tensor, step: int
) -> Tensor:
    """What a step makes small; `base` is what the residuals are added to.

    Losses are scaled to about one at the start, so that the gradient clip fits all.
    """
    if recipe.loss is Loss.ABSOLUTE:
        return (predicted - wanted).abs().mean()
    if recipe.loss is Loss.LOOK or step >= recipe.settles_at:
        return settled_loss(predicted, wanted, loss=recipe.loss, base=base)
    return _charbonnier(predicted - wanted) * 30


def settled_loss(
    predicted: Tensor, wanted: Tensor, *, loss: Loss, base: Tensor
) -> Tensor:
    """What is made small at the end of training, and by training with the rounding."""
    if loss is Loss.LOOK:
        return look_loss(predicted, wanted, base=base)
    squares = (predicted - wanted).square()
    if loss is Loss.SQUARED:
        return squares.mean() * 1000
    roots = (squares.mean(dim=(1, 2, 3)) + _LEAST_ERROR).sqrt()
    if loss is Loss.ROOT:
        return roots.mean() * 40
    return torch.log(roots / _LEAST_ERROR**0.5).mean() * 0.8


def _charbonnier(error: Tensor) -> Tensor:
    return (error.square() + 1e-6).sqrt().mean()


def look_loss(predicted: Tensor, wanted: Tensor, *, base: Tensor) -> Tensor:
    """Charbonnier, edges, tones, flicker and what of the detail is lost to the eye."""
    error = predicted - wanted
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    tones = functional.avg_pool2d(error, 2).abs().mean()
    plain = _charbonnier(error) + _EDGES * edges + _TONES * tones
    both = base + predicted, base + wanted
    seen = _FIDELITY * fidelity_loss(*both) + _FLICKER * flicker_loss(*both)
    return 30 * (plain + seen)


def flicker_loss(picture: Tensor, original: Tensor) -> Tensor:
    """Mean change of what stands still from each even to the next odd of a batch.

    `Samples.batch` pairs frames of one clip so.
    """
    changes = (
        functional.avg_pool2d((x[: len(x) // 2 * 2 : 2] - x[1::2]).abs(), _SQUARE)
        for x in (picture, original)
    )
    changed, moved = changes
    still = (moved <= _STILL).to(changed)
    return (still * changed).sum() / (still.sum() + 1)


def fidelity_loss(picture: Tensor, original: Tensor) -> Tensor:
    """1 - visual information fidelity of N x C x H x W, with its gain limited to 1."""
    both = torch.stack([picture, original])
    shares: list[Tensor] = []
    for side in _WINDOWS:
        if shares:
            both = _blurred(both, side, every=2)
        shares.append(_kept(both[0], both[1], side=side))
    return 1 - torch.stack(shares).mean()


def _kept(picture: Tensor, original: Tensor, *, side: int) -> Tensor:
    """The share of the original's information that the picture has, at one size."""
    products = picture, original, picture**2, original**2, picture * original
    a, b, aa, bb, ab = _blurred(torch.stack(products), side)
    varies, wanted = (aa - a * a).clamp_min(0), (bb - b * b).clamp_min(0)
    gain = ((ab - a * b) / (wanted + _TINY)).clamp(0, 1)
    noise = (varies - gain * (ab - a * b)).clamp_min(0) + _EYE_NOISE
    found = torch.log1p(gain**2 * wanted / noise)
    there = torch.log1p(wanted / _EYE_NOISE)
    return found.sum() / (there.sum() + _TINY)


def _blurred(x: Tensor, side: int, *, every: int = 1) -> Tensor:
    """By a Gaussian window, whole windows only, as products of matrices.

    They are many times as fast as convolutions of one channel.
    """
    rows, columns = (_window(n, side, every=every).to(x) for n in x.shape[-2:])
    return rows @ x @ columns.T


@cache
def _window(length: int, side: int, *, every: int) -> Tensor:
    """A row for each whole window of `side` values out of `length`."""
    at = torch.arange(length)
    centres = at[side // 2 : length - side // 2 : every, None]
    weights = torch.exp(-((at - centres) ** 2) / (2 * (side / 5) ** 2))
    weights[(at - centres).abs() > side // 2] = 0
    return weights / weights.sum(dim=1, keepdim=True)
