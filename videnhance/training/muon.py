"""Muon, an optimizer that turns the momentum of a weight matrix into a rotation.

All directions of a matrix are learnt at one speed, where Adam follows the few that have
large gradients. Source: Jordan et al., 2024, "Muon: an optimizer for hidden layers in
neural networks". The matrix of a convolution has a row for each output channel.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Muon", "orthogonal"]

_MOMENTUM = 0.95
_TURNS = 5
_FIRST, _THIRD, _FIFTH = 3.4445, -4.7750, 2.0315
"""Of the odd polynomial that brings all singular values near 1 in five turns."""


def orthogonal(matrix: Tensor) -> Tensor:
    """Near the closest matrix (rows x columns) with singular values of 1, by Newton and
    Schulz: products alone, no decomposition.
    """
    upright = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if upright else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(_TURNS):
        square = x @ x.T
        x = _FIRST * x + (_THIRD * square + _FIFTH * square @ square) @ x
    return x.T if upright else x


class Muon(torch.optim.Optimizer):
    """Muon for the kernels that have many inputs, Adam for all other parameters.

    `lr` is Adam's. Muon's is `muon_rate` times that: its steps are of the size of the
    kernels, whatever the gradients are.
    """

    def __init__(self, network: nn.Module, lr: float, muon_rate: float = 5.0) -> None:
        weights = list(network.parameters())
        kernels = [w for w in weights if w.ndim == 4 and w.shape[1] > 3]
        chosen = {id(w) for w in kernels}
        self._adam = torch.optim.Adam([w for w in weights if id(w) not in chosen], lr)
        super().__init__(kernels, {"lr": lr, "muon_rate": muon_rate})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of both."""
        super().zero_grad(set_to_none)
        self._adam.zero_grad(set_to_none)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of both; `closure` is not called."""
        group = self.param_groups[0]
        for kernel in group["params"]:
            if kernel.grad is None:
                continue
            state = self.state[kernel]
            if not state:
                state["momentum"] = torch.zeros_like(kernel)
            state["momentum"].lerp_(kernel.grad, 1 - _MOMENTUM)
            ahead = kernel.grad.lerp(state["momentum"], _MOMENTUM).flatten(1)
            size = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
            turned = orthogonal(ahead).reshape(kernel.shape)
            kernel.add_(turned, alpha=-group["lr"] * group["muon_rate"] * size)
        for other in self._adam.param_groups:
            other["lr"] = group["lr"]
        self._adam.step()

    def state_dict(self) -> dict[str, Any]:
        """Of both."""
        return {**super().state_dict(), "adam": self._adam.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what `state_dict` gave."""
        own = {key: value for key, value in state_dict.items() if key != "adam"}
        super().load_state_dict(own)
        self._adam.load_state_dict(state_dict["adam"])
