"""Losses: what counts as lost detail, and what a look's loss pulls towards."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips
from videnhance.training.losses import (
    base_of,
    fidelity_loss,
    flicker_loss,
    look_loss,
    loss_of,
    settled_loss,
)
from videnhance.training.recipe import Loss, Recipe


@pytest.fixture
def picture() -> Tensor:
    """Two pictures of smooth grain, 2 x 1 x 70 x 66."""
    made = torch.Generator().manual_seed(0)
    grain = functional.avg_pool2d(torch.rand(2, 1, 74, 70, generator=made), 5, stride=1)
    return 0.5 + 2 * (grain - 0.5)


def _blurred(picture: Tensor) -> Tensor:
    padded = functional.pad(picture, [2, 2, 2, 2], mode="reflect")
    return functional.avg_pool2d(padded, 5, stride=1)


def test_the_base_is_the_pipelines(picture: Tensor) -> None:
    small = (picture[:1] * 255).round()
    plane = small[0, 0].numpy().astype(np.uint8)
    rows = [fixed / (1 << FRACTION_BITS) for _, fixed in doubled_strips(plane)]
    found = base_of(small / 255)[0, 0].numpy() * 255
    assert np.abs(found - np.concatenate(rows)).max() < 0.01


def test_the_base_of_colours_is_that_of_each() -> None:
    colours = torch.rand(2, 3, 12, 10)
    each = [base_of(colours[:, n : n + 1]) for n in range(3)]
    assert torch.allclose(base_of(colours), torch.cat(each, 1))


def test_nothing_is_lost_of_the_picture_itself(picture: Tensor) -> None:
    assert float(fidelity_loss(picture, picture)) == pytest.approx(0, abs=1e-3)


def test_fainter_detail_is_lost_and_stronger_gains_nothing(picture: Tensor) -> None:
    mean = picture.mean()
    faint, fainter, strong = (mean + c * (picture - mean) for c in (0.7, 0.4, 1.5))
    lost = [float(fidelity_loss(x, picture)) for x in (picture, faint, fainter)]
    assert lost[0] < lost[1] - 0.05 < lost[2] - 0.1
    assert float(fidelity_loss(strong, picture)) > lost[0] + 0.05


def test_blur_and_grain_are_losses(picture: Tensor) -> None:
    made = torch.Generator().manual_seed(1)
    grainy = picture + 0.05 * torch.randn(picture.shape, generator=made)
    for worse in (_blurred(picture), grainy):
        assert float(fidelity_loss(worse, picture)) > 0.1


def test_flat_pictures_have_a_gradient_that_is_finite() -> None:
    given = torch.zeros(1, 1, 64, 64, requires_grad=True)
    base = torch.full((1, 1, 64, 64), 0.5)
    look_loss(given, torch.zeros(1, 1, 64, 64), base=base).backward()
    assert given.grad is not None
    assert bool(given.grad.isfinite().all())


@pytest.mark.parametrize("loss", Loss)
def test_every_loss_is_less_of_what_is_nearer(loss: Loss, picture: Tensor) -> None:
    base = _blurred(picture)
    wanted = picture - base
    recipe = Recipe(steps=10, loss=loss)
    for step in (0, 9):
        near, far = (
            loss_of(share * wanted, wanted, recipe=recipe, base=base, step=step)
            for share in (0.9, 0.2)
        )
        assert float(near) < float(far)


def test_a_look_is_learnt_by_one_loss_from_beginning_to_end(picture: Tensor) -> None:
    recipe = Recipe(steps=10, loss=Loss.LOOK)
    zero = torch.zeros_like(picture)
    begin, end = (
        loss_of(zero, picture, recipe=recipe, base=picture, step=step)
        for step in (0, 9)
    )
    last = settled_loss(zero, picture, loss=Loss.LOOK, base=picture)
    assert begin == end == last


def test_what_stands_still_and_changes_is_flicker(picture: Tensor) -> None:
    still = picture[:1].repeat(2, 1, 1, 1)
    changed = still + torch.tensor([0, 4 / 255]).reshape(2, 1, 1, 1)
    assert float(flicker_loss(still, still)) == 0
    assert float(flicker_loss(changed, still)) == pytest.approx(4 / 255, rel=0.02)


def test_what_moves_is_no_flicker(picture: Tensor) -> None:
    assert float(flicker_loss(picture, 4 * picture)) == 0


def test_half_a_pair_is_no_flicker(picture: Tensor) -> None:
    assert float(flicker_loss(picture[:1], picture[:1])) == 0
