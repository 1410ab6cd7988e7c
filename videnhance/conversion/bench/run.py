"""What this machine does: each stage alone, then whole conversions and other programs.

A whole conversion is the command as a user gives it, in a process of its own. Where the
original of a clip is known, what the network gains is compared with what it gains on
every frame.
"""

import json
import sys
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from videnhance.conversion.bench.clips import BenchClip, bench_clips
from videnhance.conversion.bench.programs import Peer, Taken, run_program
from videnhance.conversion.bench.stages import Stage, measured_stages
from videnhance.media.reader.video_reader import VideoReader
from videnhance.quality.compare import Order, compared
from videnhance.quality.pairs import Video
from videnhance.system.memory import keep_freed_memory

__all__ = ["SETTINGS", "BenchOrder", "Row", "benchmarked"]

SETTINGS = ("--fuse 0", "--fuse 0.3", "--skip 2", "--skip 4")
"""Options of `convert`, for each model. The first is the network on every frame,
alone; the others are compared with it."""
_BASE = "--strength 0"
_LONGEST = 4
"""Times the frames that are asked for: a peer is not run on more."""


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """What is measured."""

    source: Path | None = None
    """Measured without an original."""
    folder: Path | None = None
    """Its videos are originals. Without either there are generated scenes."""
    frames: int = 100
    models: tuple[str, ...] = ("default", "fast")
    settings: tuple[str, ...] = SETTINGS
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A clip with a setting, or by another program; None for what is not known."""

    clip: str
    name: str
    frames: int
    whole_per_second: float
    """Frames a second, all that comes before and after them counted."""
    frames_per_second: float | None = None
    """From the first frame to the last."""
    cpu_ms: float | None = None
    """Of a frame, meanwhile; of a peer, of its whole run."""
    network_ms: float | None = None
    """Of these, the network's."""
    cells: dict[str, float] = field(default_factory=dict)
    """Shares of cells by where their residual came from."""
    psnr: float | None = None
    """Of luma, in dB, to the original."""
    gain: float | None = None
    """Over the plain enlargement."""
    kept: float | None = None
    """Of the gain of the same model on every frame."""
    first_seconds: float | None = None
    """From the start of the command to its end, for one frame."""
    peak_memory_mb: float | None = None
    psnrs: "array[float]" = field(default_factory=lambda: array("d"), repr=False)
    """Of each frame."""
    times: "array[float]" = field(default_factory=lambda: array("d"), repr=False)
    """Of these, in seconds."""


def benchmarked(order: BenchOrder) -> Iterator[Stage | Row]:
    """Measures; yields the stages of the first clip, then rows, as they come.

    Raises what a conversion of the sources raises.
    """
    # As a conversion does: without it the bare model is a tenth slower.
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        scratch, is_first = Path(folder), True
        clips = bench_clips(
            order.source, order.folder, frames=order.frames, scratch=scratch
        )
        for clip in clips:
            if is_first:
                yield from measured_stages(clip.source, order.frames, folder=scratch)
            yield from _Measured(clip, order, scratch).rows(first=is_first)
            is_first = False


@dataclass(slots=True)
class _Measured:
    """A clip on its way through all settings and peers."""

    clip: BenchClip
    order: BenchOrder
    scratch: Path
    base: float | None = None
    """PSNR of the plain enlargement."""

    def rows(self, *, first: bool) -> Iterator[Row]:
        """All of the clip; with the seconds of the first frame if it is the first."""
        plain = self._converted(_BASE)
        self.base = plain.psnr
        yield replace(plain, gain=None)
        for model in self.order.models:
            every: float | None = None
            for setting in self.order.settings:
                row = self._converted(f"-m {model} {setting}".strip(), first=first)
                if setting == SETTINGS[0]:
                    every = row.gain
                kept = row.gain / every if row.gain and every else None
                yield replace(row, kept=kept)
        for peer in self.order.peers:
            yield from self._by(peer)

    def _converted(self, setting: str, *, first: bool = False) -> Row:
        target, told = self.scratch / "out.mkv", self.scratch / "report.json"
        words = [sys.executable, "-m", "videnhance", "convert", "-q", "--overwrite"]
        words += [str(self.clip.source), str(target), "--no-audio", *setting.split()]
        words += ["--report", str(told), "--max-frames"]
        alone = run_program([*words, "1"]).seconds if first else None
        taken = run_program([*words, str(self.order.frames)])
        report = json.loads(told.read_text(encoding="utf-8"))
        frames, seconds, cells = (report[k] for k in ("frames_out", "seconds", "cells"))
        row = Row(
            clip=self.clip.name,
            name=setting,
            frames=frames,
            whole_per_second=frames / taken.seconds,
            frames_per_second=frames / seconds["converting"],
            cpu_ms=1000 * seconds["processor"] / frames,
            network_ms=1000 * seconds.get("network", 0.0) / frames,
            cells={k: n / max(sum(cells.values()), 1) for k, n in cells.items()},
            first_seconds=alone,
            peak_memory_mb=report["peak_memory_mb"] or None,
        )
        return self._judged(row, target)

    def _by(self, peer: Peer) -> Iterator[Row]:
        """One row, or none: a peer has no option for a number of frames."""
        with VideoReader(self.clip.source) as reader:
            frames = reader.info.frames or 0
        if not 0 < frames <= _LONGEST * self.order.frames:
            return
        target = self.scratch / "peer.mkv"
        taken = run_program(peer.command(self.clip.source, target))
        yield self._judged(_peer_row(self.clip, peer, taken, frames=frames), target)

    def _judged(self, row: Row, target: Path) -> Row:
        """With its PSNR, frame by frame, where there is an original."""
        if self.clip.original is None:
            return row
        found = compared(
            Video(self.clip.original), [Video(target)], order=Order(("psnr",))
        )
        psnr = found.ours[0].figures["psnr"].mean
        gain = None if self.base is None else psnr - self.base
        values = found.ours[0].frames["psnr"]
        return replace(row, psnr=psnr, gain=gain, psnrs=values, times=found.seconds)


def _peer_row(clip: BenchClip, peer: Peer, taken: Taken, *, frames: int) -> Row:
    cpu, peak = taken.processor_seconds, taken.peak_memory_mb
    return Row(
        clip=clip.name,
        name=peer.name,
        frames=frames,
        whole_per_second=frames / taken.seconds,
        cpu_ms=1000 * cpu / frames if cpu else None,
        peak_memory_mb=peak or None,
    )
