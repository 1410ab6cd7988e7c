"""The network's size, reach, and the exact folding of its training blocks."""

import pytest
import torch
from torch import nn

from tests.models import REPORT, TINY, network
from videnhance.models.network import CollapsibleConv, NetworkShape, SRVGGNetLightweight

DEFAULT = NetworkShape()


def _parameters(made: nn.Module) -> int:
    return sum(p.numel() for p in made.parameters())


@pytest.mark.parametrize(("shape", "count"), [(REPORT, 41_516), (DEFAULT, 38_468)])
def test_the_parameters_are_those_of_the_papers(
    shape: NetworkShape, count: int
) -> None:
    assert _parameters(SRVGGNetLightweight(shape)) == count


def test_the_default_costs_less_than_39_000_operations_a_pixel() -> None:
    made = SRVGGNetLightweight(DEFAULT)
    weights = sum(
        layer.weight.numel() for layer in made.body if isinstance(layer, nn.Conv2d)
    )
    assert DEFAULT.macs_per_pixel == weights <= 39_000


@pytest.mark.parametrize("shape", [TINY, DEFAULT, REPORT])
def test_folding_keeps_the_map(shape: NetworkShape) -> None:
    made = network(shape, seed=3, collapsible=True)
    for block in made.body:
        if isinstance(block, CollapsibleConv):
            nn.init.normal_(block.bias, std=0.1)
    pictures = torch.rand(2, shape.channels, 19, 23)
    with torch.no_grad():
        wanted, got = made(pictures), made.folded()(pictures)
    assert wanted.shape == (2, shape.channels, 38, 46)
    assert float((wanted - got).abs().max()) < 1e-5
    assert float(wanted.abs().max()) > 1e-2


def test_folding_leaves_plain_convolutions_of_the_same_size() -> None:
    folded = network(DEFAULT, collapsible=True).folded()
    assert not any(isinstance(block, CollapsibleConv) for block in folded.body)
    assert _parameters(folded) == _parameters(SRVGGNetLightweight(DEFAULT))


def test_a_folded_network_is_a_copy() -> None:
    made = network(TINY)
    folded = made.folded()
    with torch.no_grad():
        for weights in folded.parameters():
            weights.zero_()
    assert all(bool(weights.any()) for weights in made.body[0].parameters())


@pytest.mark.parametrize("convs", [0, 1, 4])
@pytest.mark.parametrize("collapsible", [False, True])
def test_the_halo_is_exactly_how_far_a_pixel_sees(
    convs: int, collapsible: bool
) -> None:
    shape = NetworkShape(features=4, convs=convs)
    made = network(shape, collapsible=collapsible)
    with torch.no_grad():
        # Nothing is negative, so no ReLU and no sum hides a way through the network.
        for weights in made.parameters():
            weights.abs_()
    side = 2 * shape.halo + 5
    pixels = torch.ones(1, 1, side, side, requires_grad=True)
    y, x = shape.halo + 2, shape.halo + 1
    made(pixels)[0, 0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].sum().backward()
    assert pixels.grad is not None
    reached = pixels.grad[0, 0] != 0
    wanted = torch.zeros_like(reached)
    wanted[y - shape.halo : y + shape.halo + 1, x - shape.halo : x + shape.halo + 1] = 1
    assert torch.equal(reached, wanted)


def test_a_block_between_equal_widths_begins_near_the_identity() -> None:
    torch.manual_seed(0)
    block, pictures = CollapsibleConv(8, 8), torch.rand(1, 8, 9, 11)
    with torch.no_grad():
        change = block(pictures) - pictures
    assert float(change.std()) < float(pictures.std())
    assert "identity" not in block.state_dict()


def test_the_activation_is_a_known_one() -> None:
    assert isinstance(SRVGGNetLightweight(REPORT).body[1], nn.PReLU)
    with pytest.raises(ValueError, match="'gelu' is unknown; use one of"):
        SRVGGNetLightweight(NetworkShape(activation="gelu"))
