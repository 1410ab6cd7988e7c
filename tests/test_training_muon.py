"""The optimizer turns kernels, and goes on where it was."""

import copy

import torch
from torch import nn

from videnhance.training.muon import Muon, orthogonal


def _network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1)
    )


def _steps(network: nn.Sequential, optimizer: Muon, count: int) -> float:
    x = torch.linspace(0, 1, 2 * 8 * 8).reshape(2, 1, 8, 8)
    wanted = torch.cat([x.square(), x.sqrt(), 1 - x, x * 0.3], dim=1)
    for _ in range(count):
        optimizer.zero_grad()
        loss = (network(x) - wanted).square().mean()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def test_a_matrix_becomes_near_orthogonal() -> None:
    for shape in ((32, 288), (288, 32), (4, 4)):
        matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        values = torch.linalg.svdvals(orthogonal(matrix))
        # The turns make haste and stop near 1, not at it.
        assert values.min() > 0.5
        assert values.max() < 1.3
        assert orthogonal(matrix).shape == matrix.shape


def test_a_loss_falls() -> None:
    network = _network()
    optimizer = Muon(network, 1e-3)
    first = _steps(network, optimizer, 1)
    assert _steps(network, optimizer, 300) < 0.1 * first


def test_kernels_with_many_inputs_take_steps_of_one_size() -> None:
    network = _network()
    kernel = list(network.parameters())[2]
    before = kernel.detach().clone()
    _steps(network, Muon(network, 1e-3), 1)
    change = (kernel.detach() - before).flatten(1)
    values = torch.linalg.svdvals(change)
    assert values.min() > 0.4 * 5e-3
    assert values.max() < 1.4 * 5e-3


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    whole = _network()
    _steps(whole, Muon(whole, 1e-3), 6)
    first = _network()
    optimizer = Muon(first, 1e-3)
    _steps(first, optimizer, 3)
    state = copy.deepcopy(optimizer.state_dict())
    second = copy.deepcopy(first)
    resumed = Muon(second, 1e-3)
    resumed.load_state_dict(state)
    _steps(second, resumed, 3)
    for ours, theirs in zip(second.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
