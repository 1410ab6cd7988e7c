"""Shipped int8 networks beside exact sums, layer by layer; `python -m tests.exact`.

The process prints a line of JSON for each model, and one for a layer that saturates
where it can. ONEDNN_MAX_CPU_ISA, which is read once, decides which kernels it sees.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from videnhance.conversion.fingerprint import arithmetic_of
from videnhance.frame import Pixels
from videnhance.models.card import card_names
from videnhance.models.choice import Choice
from videnhance.models.runtime import load
from videnhance.models.torchscript import deprecated

__all__ = ["Found", "Layer", "layers"]

_SIZE = (53, 75)
_SAMPLES = Path(__file__).parent.parent / "samples"


@dataclass(frozen=True, slots=True)
class Layer:
    """A quantized convolution: N x C x H x W codes to codes, with a ReLU or without."""

    packed: Any
    """Weights and bias, as torch keeps them for its engine."""
    relu: bool
    scale: float
    zero: int
    """Of what comes out."""

    def weights(self) -> Tensor:
        """Quantized, with one scale for each channel of what comes out."""
        found: Tensor = torch.ops.quantized.conv2d_unpack(self.packed)[0]
        return found

    def codes(self, seen: Pixels, scale: float, zero: int) -> Pixels:
        """What torch's kernels make of codes on this grid."""
        batch = torch.from_numpy(seen).contiguous(memory_format=torch.channels_last)
        operation = "conv2d_relu" if self.relu else "conv2d"
        run = getattr(torch.ops.quantized, operation)
        with deprecated(), torch.inference_mode():
            codes = torch._make_per_tensor_quantized_tensor(batch, scale, zero)
            made: Pixels = run(codes, self.packed, self.scale, self.zero).int_repr()
        return np.asarray(made)

    def exact(self, seen: Pixels, scale: float, zero: int) -> npt.NDArray[np.float64]:
        """The same before it is rounded. Sums are integers, which doubles hold."""
        weights, bias = torch.ops.quantized.conv2d_unpack(self.packed)
        codes = torch.from_numpy(seen).double() - zero
        sums = torch.conv2d(codes, weights.int_repr().double(), padding=1)
        found = sums * (weights.q_per_channel_scales() * scale)[:, None, None]
        found = (found + bias.detach().double()[:, None, None]) / self.scale
        values: npt.NDArray[np.float64] = found.numpy() + self.zero
        return np.maximum(values, self.zero) if self.relu else values


def layers(script: torch.jit.ScriptModule) -> Iterator[Layer]:
    """The convolutions of a program that has nothing else, in order."""
    graph: Any = script.inlined_graph  # held: it owns the nodes
    for node in graph.nodes():
        if node.kind().startswith("quantized::conv2d"):
            _, *rest = node.inputs()
            packed, scale, zero = (value.toIValue() for value in rest)
            yield Layer(packed, node.kind().endswith("relu"), scale, zero)


@dataclass(slots=True)
class Found:
    """How far the kernels of this process are from the exact sums, rounded."""

    model: str
    largest_weight: int = 0
    layer_codes: int = 0
    """Most that a layer differs by that is given the same as the exact one."""
    from_middle: float = 0.0
    """How far from the middle between two codes such a value lies at most, in codes."""
    film_codes: int = 0
    """Most that the network differs by on frames of films."""
    film_share: float = 0.0
    """How many codes do."""
    codes: str = ""
    """A hash of what the network makes of all pictures."""
    arithmetic: str = ""
    """The name that a journal has for the kernels."""


def _compared(found: Found, chain: list[Layer], seen: Pixels) -> Pixels:
    """Notes how each layer rounds; gives the codes of exact layers at the end."""
    scale, zero = 1.0 / 255.0, 0
    for layer in chain:
        exact = layer.exact(seen, scale, zero)
        wanted = np.clip(np.rint(exact), 0, 255).astype(np.uint8)
        far = np.abs(layer.codes(seen, scale, zero).astype(int) - wanted)
        middle = np.abs(exact - np.floor(exact) - 0.5)[far > 0]
        weight = layer.weights().int_repr().int().abs().max()
        found.layer_codes = max(found.layer_codes, int(far.max()))
        found.from_middle = max(found.from_middle, float(middle.max(initial=0.0)))
        found.largest_weight = max(found.largest_weight, int(weight))
        seen, scale, zero = wanted, layer.scale, layer.zero
    return seen


def _extremes() -> Pixels:
    """Pictures that drive the sums of products as high as they go."""
    y, x = np.mgrid[: _SIZE[0], : _SIZE[1]]
    boards = [((y // n + x // n) % 2) * 255 for n in (1, 2, 3, 5)]
    noise = np.random.default_rng(0).integers(0, 2, _SIZE) * 255
    return np.stack([noise, *boards, y * 0 + 255, y * 0]).astype(np.uint8)[:, None]


def _film() -> Pixels:
    """A part of a frame of each sample."""
    found: list[Pixels] = []
    for path in sorted(_SAMPLES.glob("*.m*[4v]")):
        with av.open(str(path)) as opened:
            frame = next(opened.decode(video=0)).to_ndarray(format="gray")
            found.append(frame[: _SIZE[0], : _SIZE[1]].astype(np.uint8))
    return np.stack(found)[:, None]


def _shipped(name: str) -> Found:
    """A model of the package in the kernels of this process."""
    network, found = load(Choice(name, "int8", "cpu")), Found(name)
    chain, digest = list(layers(network.script)), sha256()
    for pictures in (_extremes(), _film()):
        batch = torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            codes = network.script(batch).numpy()
        far = np.abs(codes.astype(int) - _compared(found, chain, pictures))
        found.film_codes, found.film_share = int(far.max()), float((far > 0).mean())
        digest.update(codes.tobytes())
    found.codes, found.arithmetic = digest.hexdigest(), arithmetic_of(network)
    return found


def _too_wide() -> Found:
    """Weights of all eight bits: products of bright pixels saturate sums of 16 bits."""
    weights = torch.full((4, 4, 3, 3), 127.0)
    with deprecated():
        codes = torch.quantize_per_channel(
            weights, torch.ones(4).double(), torch.zeros(4).long(), 0, torch.qint8
        )
        packed = torch.ops.quantized.conv2d_prepack(
            codes, torch.zeros(4), [1, 1], [1, 1], [1, 1], 1
        )
    found = Found("too wide")
    bright = np.full((1, 4, *_SIZE), 255, np.uint8)
    _compared(found, [Layer(packed, True, 127 * 36 / 250, 0)], bright)
    return found


if __name__ == "__main__":
    for found in (*map(_shipped, card_names()), _too_wide()):
        sys.stdout.write(f"{json.dumps(asdict(found))}\n")
