"""Networks of other families, as spandrel knows them, where it is installed.

They are run as what they do to a grey picture, in float32: traced, compared with
themselves at another size, and kept like other people's weights.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.errors import ModelError, optional, printable
from videnhance.frame import ZERO_CODE
from videnhance.models.compact import base_phases
from videnhance.models.torchscript import deprecated

__all__ = ["Grey", "halo_of", "read_foreign", "traced"]

_LUMA = (0.299, 0.587, 0.114)
_PROBE = 48
"""How far to each side it is looked for what a pixel depends on."""
_SEEN = 1e-4
"""Share of the largest influence below which a pixel counts as not seen."""
_EXAMPLE, _OTHER = (48, 64), (57, 43)
"""Heights and widths that are traced with, and compared at."""


class Grey(nn.Module):
    """uint8 N x 1 x H x W to residual codes over the base, N x 1 x 2H x 2W."""

    def __init__(
        self, network: nn.Module, channels: int, scale: int, step: float
    ) -> None:
        super().__init__()
        self.network = network
        self.channels = channels
        self.scale = scale
        self.codes_per_unit = 255.0 / step
        self.register_buffer("phases", base_phases())
        weights = torch.tensor(_LUMA if channels == 3 else (1.0,))
        self.register_buffer("luma", weights[:, None, None])

    def forward(self, pixels: Tensor) -> Tensor:
        codes = self.residual(pixels.float() / 255) * self.codes_per_unit
        return (codes.round() + ZERO_CODE).clamp(0, 255).to(torch.uint8)

    def residual(self, x: Tensor) -> Tensor:
        """N x 1 x H x W in [0, 1] to what is added to the base."""
        made = self.network(x.expand(-1, self.channels, -1, -1))
        luma = (made * self.luma).sum(1, keepdim=True)
        if self.scale == 1:
            return self._doubled(luma - x)
        large = functional.avg_pool2d(luma, 2) if self.scale == 4 else luma
        return large - self._doubled(x)

    def _doubled(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, [2, 2, 2, 2], mode="replicate")
        return functional.pixel_shuffle(functional.conv2d(padded, self.phases), 2)  # type: ignore[arg-type]


def read_foreign(path: Path, step: float) -> Grey:
    """A network that spandrel can read. Raises ModelError or MissingLibraryError."""
    spandrel = optional("spandrel", extra="models")
    try:
        found: Any = spandrel.ModelLoader(device="cpu").load_from_file(str(path))
    except Exception as error:
        # Whatever spandrel or a file that it does not know may raise.
        raise ModelError(
            f"{printable(path)} is of no family that is known here, nor to spandrel: "
            f"{error}"
        ) from error
    needs = found.size_requirements
    ways = found.input_channels, found.output_channels
    if found.scale not in (1, 2, 4) or ways not in ((1, 1), (3, 3)) or not needs.none:
        raise ModelError(
            f"{printable(path)} enlarges by {found.scale}, from {ways[0]} to {ways[1]} "
            f"channels, with {needs}; 1, 2 or 4 times, 1 or 3 channels and any size of "
            "picture can be used"
        )
    return Grey(found.model.eval().float(), ways[0], found.scale, step).eval()


def halo_of(grey: Grey) -> int:
    """How far to each side the network looks, in input pixels; 48 at most."""
    side = 2 * _PROBE + 1
    x = torch.rand(1, 1, side, side, requires_grad=True)
    middle = slice(2 * _PROBE, 2 * _PROBE + 2)
    grey.residual(x)[..., middle, middle].sum().backward()
    assert x.grad is not None
    influence = x.grad[0, 0].abs()
    rows, columns = torch.nonzero(influence > _SEEN * influence.max(), as_tuple=True)
    reach = max(int((n - _PROBE).abs().max()) for n in (rows, columns))
    return min(reach, _PROBE)


def traced(grey: Grey, name: str) -> torch.jit.ScriptModule:
    """The network as a program. Raises ModelError if it depends on the size."""
    with deprecated(), torch.inference_mode():
        example = torch.randint(0, 256, (1, 1, *_EXAMPLE), dtype=torch.uint8)
        other = torch.randint(0, 256, (1, 1, *_OTHER), dtype=torch.uint8)
        try:
            script: torch.jit.ScriptModule = torch.jit.trace(grey, example)
            same = bool((script(other).int() - grey(other).int()).abs().max() <= 1)
        except RuntimeError:
            same = False
    if not same:
        raise ModelError(
            f"{printable(name)} does other things to pictures of other sizes, so it "
            "cannot be run in tiles; use a network of convolutions"
        )
    return script
