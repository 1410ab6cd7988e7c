#!/usr/bin/env python3
"""Whether a network that sees its last residual, moved, does better than fusing.

The moved residual of the last frame is four more input channels of the network (space
to depth), trained through eight frames of moving crops: pans, zooms and turns of stills
with sub-pixel motion, degraded as real video; the flow is the pipeline's. Then both are
run over clips with a known original. Prints Markdown.

    scripts/recurrent.py train STILLS --start default --to RUN [--steps 3000] [--resume]
    scripts/recurrent.py test CLIP... --start default --from RUN [--frames 33]
"""

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.memory import keep_freed_memory
from videnhance.model.degrade import Luma, Mix, degraded, drawn
from videnhance.model.network import SRVGGNetLightweight
from videnhance.model.stills import luma_of, still_paths
from videnhance.model.weights import read_network
from videnhance.motion import FULL_TRUST, analysed
from videnhance.resize import FRACTION_BITS, doubled_strips
from videnhance.video.coding.recode import recoded
from videnhance.video.reading.reader import VideoReader

FRAMES, SIDE, BATCH = 8, 128, 4
"""Of a sequence; its large side in pixels; sequences a step."""
BOUND = 32 / 255
"""What comes back is held within this: errors cannot grow without end."""
GAIN = 4.0
"""Residuals are small; the network sees them as large as pictures."""
FUSE = 0.3
CELL = 16

Sequence_ = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], Tensor]


def base_of(small: Luma) -> npt.NDArray[np.float32]:
    """The base, twice the size, in grey levels."""
    out = np.empty((2 * small.shape[0], 2 * small.shape[1]), np.float32)
    for rows, fixed in doubled_strips(small):
        out[rows] = fixed * np.float32(1 / (1 << FRACTION_BITS))
    return out


def moving(luma: Luma, rng: np.random.Generator) -> list[Luma]:
    """A crop that pans, zooms and turns over a still; every fourth stands."""
    moves = rng.random() < 0.75
    zoom = 1 + rng.uniform(-0.01, 0.01) * moves
    turn = rng.uniform(-0.6, 0.6) * moves
    pan = rng.uniform(-4, 4, 2) * moves
    margin = SIDE
    height, width = luma.shape
    x, y = (rng.uniform(margin, n - margin) for n in (width, height))
    frames = []
    for t in range(FRAMES):
        matrix = cv2.getRotationMatrix2D((x, y), turn * t, zoom**t)
        matrix[:, 2] += np.array([SIDE / 2 - x, SIDE / 2 - y]) + pan * t
        frame = cv2.warpAffine(
            luma, matrix, (SIDE, SIDE), None, cv2.INTER_CUBIC, cv2.BORDER_REFLECT
        )
        frames.append(np.asarray(frame, np.uint8))
    return frames


def flows_of(small: Sequence[Luma]) -> Tensor:
    """T x 3 x H x W: where each pixel was, in pixels, and the trust in it, 0 to 1."""
    found = [np.zeros((3, *small[0].shape), np.float32)]
    for last, seen in pairwise(small):
        motion = analysed(last[..., None], seen[..., None], CELL, fine=False)
        trust = motion.trust[None].astype(np.float32) / FULL_TRUST
        if motion.cut:
            trust *= 0
        found.append(np.concatenate([motion.flow.transpose(2, 0, 1), trust]))
    return torch.from_numpy(np.stack(found))


def sequences(path: Path, count: int, seed: int) -> list[Sequence_]:
    """Small frames T x H x W, residuals T x 2H x 2W in [-1, 1], flows."""
    rng, made = np.random.default_rng(seed), []
    planes = [luma_of(path, full_range) for full_range in (False, True)]
    # What is smooth at its full size has detail at a half of it.
    planes += [
        np.asarray(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        for p in planes
        if min(p.shape) > 6 * SIDE
    ]
    if min(planes[0].shape) < 3 * SIDE:
        return []
    for _ in range(count):
        frames = moving(planes[int(rng.integers(len(planes)))], rng)
        small, large = degraded(frames, drawn(rng, Mix.REAL), rng)
        wanted = [(b - base_of(a)) / 255 for a, b in zip(small, large, strict=True)]
        made.append((np.stack(small), np.float32(wanted), flows_of(small).half()))
    return made


class Recurrent(nn.Module):
    """The network with four more inputs; without use of them at the start."""

    def __init__(self, start: SRVGGNetLightweight) -> None:
        super().__init__()
        self.body = start.folded().body
        first = self.body[0]
        assert isinstance(first, nn.Conv2d)
        wider = nn.Conv2d(5, first.out_channels, 3, padding=1)
        with torch.no_grad():
            wider.weight.zero_()
            wider.weight[:, :1] = first.weight
            wider.bias.copy_(first.bias)  # type: ignore[union-attr, arg-type]
        self.body[0] = wider

    def forward(self, small: Tensor, back: Tensor) -> Tensor:
        seen = functional.pixel_unshuffle(back.clamp(-BOUND, BOUND), 2) * GAIN
        residual: Tensor = self.body(torch.cat([small, seen], dim=1))
        return functional.pixel_shuffle(residual, 2)


def moved_along(residual: Tensor, flow: Tensor) -> Tensor:
    """N x 1 x 2H x 2W moved by N x 3 x H x W, as the pipeline moves it, times trust."""
    wide = functional.interpolate(flow, scale_factor=2, mode="nearest")
    height, width = residual.shape[2:]
    rows, columns = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing="ij"
    )
    x = (columns + 2 * wide[:, 0]) * 2 / (width - 1) - 1
    y = (rows + 2 * wide[:, 1]) * 2 / (height - 1) - 1
    there = functional.grid_sample(
        residual, torch.stack([x, y], dim=-1), "bilinear", "border", align_corners=True
    )
    return there * wide[:, 2:]


def run_through(network: Recurrent, small: Tensor, flows: Tensor) -> Tensor:
    """N x T x H x W and N x T x 3 x H x W to residuals N x T x 2H x 2W."""
    height, width = small.shape[2:]
    last = torch.zeros(len(small), 1, 2 * height, 2 * width)
    out = []
    for t in range(small.shape[1]):
        back = moved_along(last, flows[:, t])
        with torch.autocast("cpu", torch.bfloat16):
            last = network(small[:, t : t + 1], back)
        last = last.float()
        out.append(last)
    return torch.cat(out, dim=1)


def material(places: Path, count: int) -> list[Sequence_]:
    """Sequences of all stills, made by all cores."""
    paths = still_paths([places])
    each = -(-count // len(paths))
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(sequences, path, each, n) for n, path in enumerate(paths)]
        return [one for job in jobs for one in job.result()]


def train(options: argparse.Namespace) -> None:
    """Trains from the start's weights; the moving average is kept."""
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    options.run.mkdir(parents=True, exist_ok=True)
    network = Recurrent(read_network(options.start))
    average = Recurrent(read_network(options.start))
    optimizer = torch.optim.Adam(network.parameters(), 3e-4)
    rate = partial(rated, steps=options.steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    checkpoint, begun = options.run / "checkpoint.pt", 0
    if options.resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        begun = state["step"]
    found = material(options.places, options.sequences)
    print(f"{len(found)} sequences", flush=True)
    for step in range(begun, options.steps):
        rng = np.random.default_rng((1, step))
        chosen = [found[n] for n in rng.integers(0, len(found), BATCH)]
        small = torch.from_numpy(np.stack([c[0] for c in chosen])).float() / 255
        wanted = torch.from_numpy(np.stack([c[1] for c in chosen]))
        flows = torch.stack([c[2] for c in chosen]).float()
        error = run_through(network, small, flows) - wanted
        loss = (error.square() + 1e-6).sqrt().mean() * 30
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for mean, now in zip(
                average.parameters(), network.parameters(), strict=True
            ):
                mean.lerp_(now, 1 - min(0.998, step / (step + 10)))
        if (step + 1) % 200 == 0 or step + 1 == options.steps:
            print(f"{step + 1}: loss {float(loss.detach()):.4f}", flush=True)
            parts = {"network": network, "average": average, "optimizer": optimizer}
            state = {name: part.state_dict() for name, part in parts.items()}
            state |= {"schedule": schedule.state_dict(), "step": step + 1}
            torch.save(state, checkpoint)


def rated(step: int, steps: int) -> float:
    """The share of the learning rate: warm-up, constant, then a cosine to nothing."""
    if step < 200:
        return (step + 1) / 200
    late = max(step - steps / 2, 0) / (steps / 2)
    return 0.5 + 0.5 * float(np.cos(np.pi * late))


def small_frames(path: Path, count: int) -> tuple[list[Luma], list[Luma]]:
    """Originals and their halves by area."""
    with VideoReader(path) as reader:
        planes = [frame.planes[0] for frame in islice(reader, count)]
    height, width = (n // 4 * 4 for n in planes[0].shape)
    large = [np.ascontiguousarray(p[:height, :width]) for p in planes]
    size = width // 2, height // 2
    return large, [
        np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.uint8)
        for p in large
    ]


def psnrs(
    plain: SRVGGNetLightweight,
    recurrent: Recurrent,
    large: list[Luma],
    small: list[Luma],
) -> Iterator[tuple[float, float, float, float]]:
    """For each frame: the base, the network, fused, and the recurrent network."""
    flows = flows_of(small)
    fused = back = torch.zeros(1, 1, *large[0].shape)
    for t, (little, wanted) in enumerate(zip(small, large, strict=True)):
        x = torch.from_numpy(little)[None, None].float() / 255
        alone = plain(x)
        trusted = functional.interpolate(flows[t][None, 2:], scale_factor=2)
        moved = moved_along(fused, flows[t][None])
        fused = alone * (1 - FUSE * trusted) + FUSE * moved
        back = recurrent(x, moved_along(back, flows[t][None]))
        base = base_of(little)
        made = [base, *(base + 255 * r[0, 0].numpy() for r in (alone, fused, back))]
        yield tuple(psnr(m, wanted) for m in made)  # type: ignore[misc]


def psnr(made: npt.NDArray[np.float32], wanted: Luma) -> float:
    """dB, with two pixels of border left out."""
    error = (np.clip(np.rint(made), 0, 255) - wanted)[2:-2, 2:-2]
    return float(10 * np.log10(255**2 / max(float(np.square(error).mean()), 1e-9)))


def test(options: argparse.Namespace) -> None:
    """Prints the gains over the base, of all frames and of the last tenth."""
    torch.set_num_threads(options.threads)
    plain = read_network(options.start).eval()
    recurrent = Recurrent(plain)
    state = torch.load(options.run / "checkpoint.pt", weights_only=True)
    recurrent.load_state_dict(state["average"])
    print("| clip | coding | base | network | fused | recurrent | its last tenth |")
    print("|---|---|---:|---:|---:|---:|---:|")
    sums: dict[str, list[list[float]]] = {}
    for path in options.clips:
        large, small = small_frames(path, options.frames)
        for coding in options.codings:
            clip = small
            if coding != "none":
                clip = recoded(small, "libx264", {"crf": coding})
            with torch.inference_mode():
                found = np.array([*psnrs(plain, recurrent, large, clip)])
            means = found.mean(axis=0)
            late = found[-max(len(found) // 10, 1) :].mean(axis=0)
            row = [*(means[1:] - means[0]), late[3] - late[0]]
            sums.setdefault(coding, []).append(row)
            cells = " | ".join(f"{value:+.2f}" for value in row)
            print(f"| {path.stem} | {coding} | {means[0]:.2f} | {cells} |", flush=True)
    for coding, rows in sums.items():
        cells = " | ".join(f"{fmean(c):+.2f}" for c in zip(*rows, strict=True))
        print(f"| **mean** | {coding} | | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(required=True)
    for work, run in ((train, "--to"), (test, "--from")):
        part = parts.add_parser(work.__name__)
        part.add_argument(run, dest="run", type=Path, required=True)
        part.add_argument("--start", default="default")
        part.add_argument("--threads", type=int, default=1)
        part.set_defaults(work=work)
        if work is train:
            part.add_argument("places", type=Path)
            part.add_argument("--steps", type=int, default=3000)
            part.add_argument("--sequences", type=int, default=2500)
            part.add_argument("--resume", action="store_true")
        else:
            part.add_argument("clips", type=Path, nargs="+")
            part.add_argument("--frames", type=int, default=33)
            part.add_argument("--codings", nargs="+", default=["none", "23"])
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
