#!/usr/bin/env python3
"""Measures how the shape of a patch decides how fast the network is.

Two threads compute patches of one width after the other, all as tall as the frame:
megapixels a second of what is kept of a patch, its halo apart. Then, for one thread,
what the first and the later runs of a shape take, with a copy of the program for each
shape and with one copy for all.

    benchmarks/shapes.py [--models default fast] [--size 640x360] [--rounds 9]
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np

from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.models.choice import Choice
from videnhance.models.runtime import Network, load
from videnhance.system.memory import keep_freed_memory
from videnhance.system.processor import processor_name

THREADS = 2
WIDTHS = (76, 108, 140, 204, 268, 332)
SMALL = (Size(76, 76), Size(140, 140), Size(268, 140), Size(140, 360))
PIXELS = 400_000
"""Computed in a row, at the least, by each thread."""


def noise(network: Network, size: Size) -> Pixels:
    """A patch of nothing in particular."""
    shape = (1, size.height, size.width, network.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def speed(network: Network, size: Size) -> float:
    """Pixels a second of all threads."""
    runs = max(PIXELS // size.area, 1)
    rates = [0.0] * THREADS

    def work(number: int) -> None:
        pixels = noise(network, size)
        start = time.perf_counter()
        for _ in range(runs):
            network(pixels)
        rates[number] = runs * size.area / (time.perf_counter() - start)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def widths(network: Network, frame: Size, rounds: int) -> Iterator[str]:
    """A line for each width; rounds are interleaved, for the machine's speed drifts."""
    sizes = [Size(wide, frame.height) for wide in WIDTHS if wide < frame.width]
    sizes.append(frame)
    for size in sizes:
        network(noise(network, size))
    found = [[speed(network, size) for size in sizes] for _ in range(rounds)]
    for size, rates in zip(sizes, zip(*found, strict=True), strict=True):
        halo = 0 if size == frame else 2 * network.halo
        kept = median(rates) * (size.width - halo) / size.width / 1e6
        yield f"| {network.card.name} | {size.width} | {kept:.1f} |"


def milliseconds(run: Callable[[], object], times: int) -> float:
    """The median of some runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(1000 * (time.perf_counter() - start))
    return median(found)


def runs(network: Network, rounds: int) -> Iterator[str]:
    """A line for each small size."""
    shared = replace(network, copies=None)
    for size in SMALL:
        pixels = noise(network, size)
        first = milliseconds(partial(shared, pixels), 1)
        network(pixels)
        one = milliseconds(partial(shared, pixels), 5 * rounds)
        own = milliseconds(partial(network, pixels), 5 * rounds)
        yield f"| {network.card.name} | {size} | {first:.1f} | {one:.2f} | {own:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["default", "fast"])
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    frame = Size(*map(int, options.size.split("x")))
    keep_freed_memory()
    networks = [load(Choice(model, "int8")) for model in options.models]
    # Before the widths, which run one of these shapes as well.
    small = [line for network in networks for line in runs(network, options.rounds)]
    print(f"{processor_name()}\n\n| model | width | MP/s, {THREADS} threads |")
    print("|---|---:|---:|")
    for network in networks:
        print("\n".join(widths(network, frame, options.rounds)))
    print("\n| model | patch | first run, ms | one program, ms | its own copy, ms |")
    print("|---|---|---:|---:|---:|")
    print("\n".join(small))


if __name__ == "__main__":
    main()
