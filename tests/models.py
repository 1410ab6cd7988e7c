"""Small networks with random weights, written as cards with their files."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from videnhance.frame import Pixels
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.program import float32_script, int8_script

__all__ = [
    "REPORT",
    "STEP",
    "TINY",
    "WRONG_SHAPES",
    "calibration",
    "edit_card",
    "network",
    "noise",
    "quantized",
    "write_card",
    "write_model",
    "write_wrong",
]

# As the runtime does; more would wait for each other at every tiny layer.
torch.set_num_threads(1)

TINY = NetworkShape(features=4, convs=1)
REPORT = NetworkShape(channels=3, activation="prelu")
"""The published network: RGB, PReLU, 32 features, 4 convolutions between two."""
STEP = 0.5


def network(
    shape: NetworkShape, seed: int = 0, collapsible: bool = False
) -> SRVGGNetLightweight:
    """A network with random weights whose residual is a few grey levels."""
    torch.manual_seed(seed)
    made = SRVGGNetLightweight(shape, collapsible)
    last = made.body[-1]
    with torch.no_grad():
        if isinstance(last, nn.Conv2d):
            last.weight.mul_(0.2)
            assert last.bias is not None
            last.bias.zero_()
    return made.eval()


def noise(*shape: int, seed: int = 0) -> Pixels:
    """Random pixels: the worst that a network can be shown."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def calibration(channels: int) -> list[Tensor]:
    """Two small batches to quantize with."""
    pixels = noise(2, 2, channels, 24, 24).astype(np.float32) / 255
    return list(torch.from_numpy(pixels))


def quantized(made: SRVGGNetLightweight) -> torch.jit.ScriptModule:
    """The network in int8."""
    with warnings.catch_warnings():
        # torch warns of its quantized tensors once a process, from C++.
        warnings.simplefilter("ignore", UserWarning)
        return int8_script(made, calibration(made.shape.channels), step=STEP)


def write_model(
    folder: Path,
    shape: NetworkShape = TINY,
    precisions: Iterable[str] = ("float32",),
    name: str = "tiny",
) -> Path:
    """A model with random weights, good in all respects; gives its card's path."""
    folder.mkdir(parents=True, exist_ok=True)
    made = network(shape)
    scripts: dict[str, torch.jit.ScriptModule] = {}
    for precision in precisions:
        is_int8 = precision == "int8"
        scripts[precision] = quantized(made) if is_int8 else float32_script(made, STEP)
    return write_card(folder / f"{name}.json", scripts, shape.channels, shape.halo)


def write_card(
    card: Path,
    scripts: dict[str, torch.jit.ScriptModule],
    channels: int = 1,
    halo: int = 3,
) -> Path:
    """Saves the scripts beside a card that fits them."""
    files = {}
    for precision, script in scripts.items():
        path = card.with_name(f"{card.stem}.{precision}.pt")
        script.save(str(path))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        files[precision] = {"file": path.name, "sha256": sha256}
    fields = {
        "name": card.stem,
        "channels": {1: "luma", 3: "rgb"}[channels],
        "scale": 2,
        "halo": halo,
        "multiple_of": 1,
        "residual_step": STEP,
        "files": files,
    }
    card.write_text(json.dumps(fields), encoding="utf-8")
    return card


def edit_card(card: Path, fields: Mapping[str, object], without: str = "") -> Path:
    """Changes fields of a card, or takes one out."""
    found = {**json.loads(card.read_text(encoding="utf-8")), **fields}
    found.pop(without, None)
    card.write_text(json.dumps(found), encoding="utf-8")
    return card


class _Same(nn.Module):
    """Gives what it gets: no enlargement."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels


class _Floats(nn.Module):
    """Enlarges, but gives no codes."""

    def forward(self, pixels: Tensor) -> Tensor:
        return nn.functional.pixel_shuffle(pixels.float().repeat(1, 4, 1, 1), 2)


class _Flat(nn.Module):
    """Gives one number."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.sum()


class _Picky(nn.Module):
    """Takes the patches of one size only."""

    def forward(self, pixels: Tensor) -> Tensor:
        assert pixels.shape[2] == 7, "only 7 rows"
        return pixels.repeat(1, 4, 1, 1)


class _Silent(nn.Module):
    """Is a program, but not one that takes pixels."""

    @torch.jit.export
    def other(self, pixels: Tensor) -> Tensor:
        return pixels


WRONG_SHAPES: dict[str, Callable[[], nn.Module]] = {
    "same": _Same,
    "floats": _Floats,
    "flat": _Flat,
    "picky": _Picky,
    "silent": _Silent,
}
"""Programs that are no model of scale 2."""


def write_wrong(folder: Path, kind: str) -> Path:
    """A card that promises a luma model, and a file that is none."""
    with warnings.catch_warnings():
        # torch.jit announces its end; the range of torch versions is pinned.
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(WRONG_SHAPES[kind]().eval())
    assert isinstance(script, torch.jit.ScriptModule)
    return write_card(folder / f"{kind}.json", {"float32": script})
