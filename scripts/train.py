#!/usr/bin/env python3
"""Trains the default model from a folder of stills and writes it with its card.

    scripts/train.py WORK STILLS... --test Set5/HR [--steps 70000] [--clips 14000]

WORK keeps samples and a checkpoint: the same command again goes on where it stopped.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from tqdm import tqdm

from videnhance.model.card import ASSETS
from videnhance.model.data import Samples, make_samples, still_paths
from videnhance.model.degrade import bicubic_halved
from videnhance.model.network import NetworkShape, SRVGGNetLightweight
from videnhance.model.quantize import ZERO_CODE, float32_script, int8_script
from videnhance.model.runtime import shuffled
from videnhance.model.train import Recipe, trained
from videnhance.resize import FRACTION_BITS, doubled_strips

STEP = 0.5
"""Grey levels a residual code. Finer steps gain 0.04 dB on soft video and cost up to
1 dB on text, whose residuals do not fit into fewer than +-64 levels."""
EARLY = 26_000
"""The step whose network is averaged with the last: late training gains on sharp
pictures and loses on soft ones, and the mean of the two keeps most of both."""
FIXED = "recipe", "data", "speed"
"""Fields of the card that this script does not know: kept from the card before."""


def luma(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """BT.601 studio luma as MATLAB's rgb2ycbcr gives it, not rounded."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    found: npt.NDArray[np.float64] = 16 + rgb.astype(np.float64) @ weights
    return found


def set_psnr(script: torch.jit.ScriptModule, folder: Path) -> float:
    """Mean PSNR of luma over a test set halved by MATLAB's bicubic, cropped by 2."""
    found = []
    for path in still_paths([folder]):
        with Image.open(path) as image:
            large = np.asarray(image.convert("RGB"))
        channels = [bicubic_halved(large[..., n]) for n in range(3)]
        small = np.rint(luma(np.stack(channels, axis=-1))).astype(np.uint8)
        error = (enlarged(script, small) - luma(large))[2:-2, 2:-2]
        found.append(10 * np.log10(255**2 / np.mean(error**2)))
    return fmean(found)


def enlarged(
    script: torch.jit.ScriptModule, small: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Base plus residual, rounded, for one luma plane."""
    with torch.inference_mode():
        codes = script(torch.from_numpy(small)[None, None])
    residual = shuffled(codes.permute(0, 2, 3, 1).numpy(), 1)[0, ..., 0]
    out = (residual.astype(np.float64) - ZERO_CODE) * STEP
    for rows, fixed in doubled_strips(small):
        out[rows] += fixed / (1 << FRACTION_BITS)
    return np.clip(np.rint(out), 0, 255)


def calibration(samples: Samples) -> Iterable[torch.Tensor]:
    """What the activations' ranges are taken from: 192 crops of the samples."""
    rng = np.random.default_rng(5)
    for _ in range(24):
        yield torch.from_numpy(samples.batch(8, 96, rng)[0])


def network_of(samples: Samples, work: Path, steps: int) -> SRVGGNetLightweight:
    """Trains, or goes on; the mean of the early and the last network."""
    recipe = Recipe(steps=steps)
    with tqdm(total=steps, unit="step") as bar:
        for state in trained(NetworkShape(), samples, recipe, work / "checkpoint.pt"):
            bar.update(state.step - bar.n)
            bar.set_postfix(loss=f"{state.loss:.4f}")
            for name, at in (("early.pt", min(EARLY, steps)), ("last.pt", steps)):
                if state.step == at:
                    torch.save(state.network.state_dict(), work / name)
    early, last = (
        torch.load(work / name, weights_only=True) for name in ("early.pt", "last.pt")
    )
    network = SRVGGNetLightweight(NetworkShape())
    network.load_state_dict({k: (early[k] + last[k]) / 2 for k in last})
    return network


def write(network: SRVGGNetLightweight, samples: Samples, tests: Path) -> None:
    """Quantizes, measures, and writes weights and card."""
    torch.backends.quantized.engine = "onednn"
    network.eval()
    scripts = {
        "int8": int8_script(network, calibration(samples), STEP),
        "float32": float32_script(network, STEP),
    }
    card = {
        "name": "default",
        "channels": "luma",
        "scale": 2,
        "halo": network.shape.halo,
        "multiple_of": 1,
        "residual_step": STEP,
        "files": {},
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs_per_pixel": network.shape.macs_per_pixel,
        "quality": {},
    }
    for precision, script in scripts.items():
        path = ASSETS / f"default.{precision}.pt"
        torch.jit.save(script, str(path))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        card["files"][precision] = {"file": path.name, "sha256": digest}
        found = round(set_psnr(script, tests), 3)
        card["quality"][f"{tests.parent.name} x2 PSNR-Y, {precision}"] = found
        print(precision, found)
    path = ASSETS / "default.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    card |= {name: before[name] for name in FIXED if name in before}
    path.write_text(json.dumps(card, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("stills", nargs="+", type=Path)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--clips", type=int, default=14_000)
    options = parser.parse_args()
    stored = options.work / "samples"
    if not stored.exists():
        make_samples(still_paths(options.stills), options.clips, stored)
    samples = Samples.load(stored)
    write(network_of(samples, options.work, options.steps), samples, options.test)


if __name__ == "__main__":
    main()
