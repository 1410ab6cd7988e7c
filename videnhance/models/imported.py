"""Networks that no card describes as models of ours: quantized at first use, and kept.

They are other people's files of weights, and mixtures of our own sets. Neither is a
program, so nothing has to be trusted. What is kept lies in the user's cache under the
hash of the weights and of what they were calibrated with; the same weights and the same
clip give the same model.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from videnhance.errors import ModelError, printable
from videnhance.frame import Pixels
from videnhance.models.between import network_between
from videnhance.models.card import find_card, read_card, write_card
from videnhance.models.choice import Choice, is_weights, needs_import
from videnhance.models.looks import SETS, is_between
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.pictures import (
    RESIZING_REACH,
    Compact,
    Sized,
    float32_program,
    int8_program,
    reach_of,
    read_foreign,
    traced,
)
from videnhance.models.program import (
    calibration_crops,
    card_facts,
    float32_script,
    int8_script,
    prefer_int8_engine,
)
from videnhance.models.torchscript import saved
from videnhance.models.weights import (
    Tensors,
    is_srvgg,
    network_of,
    read_network,
    read_tensors,
    sha256_of,
    shape_of,
)
from videnhance.system.startup import complete

__all__ = [
    "cache_folder",
    "calibration_chart",
    "channels_of",
    "import_model",
    "sources_of",
    "with_card",
]

_STEP, _OWN_STEP = 1.0, 0.5
"""Grey levels a residual code: what restores moves a pixel further than 64 levels."""
_BATCHES = 4
"""Of eight crops, for a network of ours."""
_SIDE = 64
"""Of the crops for a Compact network, which takes a second for each."""
_FORMAT = 3
"""Counted up when the same file would give another model."""
_ALIKE_DB = 40.0
"""PSNR to its own float32 from which int8 is used: less is seen."""

Programs = dict[str, torch.jit.ScriptModule]
"""By precision."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A model, not yet written."""

    programs: Programs
    facts: dict[str, Any] = field(default_factory=dict)
    """What its card says."""


def sources_of(model: str) -> dict[str, str]:
    """Names and hashes of the files that it is made of; empty if it has a card.

    Raises ModelError if one cannot be read.
    """
    if is_between(model):
        cards = [find_card(name) for name in SETS.values()]
        return dict(card.files["float32"] for card in cards)
    return {Path(model).name: sha256_of(Path(model))} if is_weights(model) else {}


def cache_folder() -> Path:
    """Where this user's programs keep what can be made again.

    Raises ModelError where there is no such place: a user of a container, say.
    """
    is_windows = sys.platform == "win32"
    variable = "LOCALAPPDATA" if is_windows else "XDG_CACHE_HOME"
    named, own = os.environ.get(variable), "AppData/Local" if is_windows else ".cache"
    try:
        place = Path(named) if named else Path.home() / own
    except RuntimeError:
        raise ModelError(
            "this user has no home, so that a model that is made has no place: set "
            f"{variable} to a folder that can be written"
        ) from None
    return place / "videnhance" / "models"


def channels_of(model: str) -> int:
    """How many channels what `needs_import` is calibrated with. Raises ModelError."""
    if is_between(model):
        return 1
    tensors, _ = read_tensors(Path(model))
    return shape_of(tensors, Path(model)).channels if is_srvgg(tensors) else 3


def calibration_chart(channels: int = 1) -> list[Pixels]:
    """What is calibrated with where nothing of the input can be seen before.

    Pictures, H x W x C; with three channels, in colours and in grey.
    """
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(0)
    waves = 128 + 120 * np.sin(x * y / 900)
    boards = ((y // 8 + x // 8) % 2) * 255 + rng.normal(0, 4, y.shape)
    soft = x * 0.9 + rng.normal(0, 8, y.shape)
    grey = [
        np.clip(np.rint(p), 0, 255).astype(np.uint8)[..., None]
        for p in (waves, boards, soft)
    ]
    if channels == 1:
        return grey
    colours = [np.concatenate([*grey[n:], *grey[:n]], axis=2) for n in range(3)]
    return [*colours, *(picture.repeat(3, axis=2) for picture in grey)]


def import_model(
    model: str, seen: Sequence[Pixels], *, folder: Path | None = None
) -> Path:
    """The card of what `needs_import`, made now or kept from before.

    `seen` holds pictures as the network will see them, H x W x C with the channels of
    `channels_of`. Raises ModelError.
    """
    sources = sources_of(model)
    named = f"{_FORMAT} {model if is_between(model) else ''} {[*sources.values()]}"
    digest = hashlib.sha256(f"{named} {torch.__version__}".encode())
    for picture in seen:
        digest.update(picture.tobytes())
    folder = (folder or cache_folder()) / digest.hexdigest()[:32]
    name = model.replace(":", "-") if is_between(model) else Path(model).stem
    card = folder / f"{name}.json"
    if not card.exists():
        try:
            _make(model, sources, seen, card)
        except OSError as error:
            raise ModelError(
                f"{printable(folder)} cannot be written: {error.strerror}; set "
                "XDG_CACHE_HOME to a folder that can"
            ) from error
    return card


def with_card(choice: Choice, seen: Sequence[Pixels] | None = None) -> Choice:
    """The choice with the card of what `needs_import`; others as they are.

    Calibrated with `seen`, or with a chart: many inputs share one model.
    """
    if not needs_import(choice.model):
        return choice
    if seen is None:
        seen = calibration_chart(channels_of(choice.model))
    card = import_model(choice.model, seen)
    return replace(choice, model=str(card), trusted=True)


def _made(model: str, seen: Sequence[Pixels]) -> _Made:
    """The programs of what has no card, and what their card says."""
    if is_between(model):
        return _ours(network_between(model), seen, step=_OWN_STEP)
    path = Path(model)
    tensors, about = read_tensors(path)
    if not is_srvgg(tensors):
        return _of_another_family(path)
    if about.get("adds_to") != "bicubic":
        return _compact(path, tensors, seen)
    network = read_network(model)
    if network.shape.channels != 1:
        raise ModelError(
            f"{printable(path)} is one of our RGB networks; quantize it by "
            "`videnhance model quantize`, and give the card"
        )
    return _ours(network, seen, step=_STEP)


def _ours(
    network: SRVGGNetLightweight, seen: Sequence[Pixels], *, step: float
) -> _Made:
    prefer_int8_engine()
    programs = {
        "float32": float32_script(network, step),
        "int8": int8_script(network, calibration_crops(seen)[:_BATCHES], step=step),
    }
    return _Made(programs, card_facts(network, step))


def _compact(path: Path, tensors: Tensors, seen: Sequence[Pixels]) -> _Made:
    """Somebody's Compact network, in int8 only if that cannot be seen."""
    compact = Compact(network_of(tensors, shape_of(tensors, path)), printable(path))
    channels, own = compact.shape.channels, compact.shape.scale
    sized = Sized(channels=channels, own=own, step=_STEP)
    facts = _facts(channels, own, compact.shape.halo)
    facts["features"] = compact.shape.features
    programs = {"float32": float32_program(compact.eval(), sized)}
    prefer_int8_engine()
    crops, others = (c[..., :_SIDE, :_SIDE] for c in calibration_crops(seen)[:2])
    int8 = int8_program(compact, sized, [crops])
    alike = _psnr(programs["float32"], int8, others, own)
    if alike >= _ALIKE_DB:
        return _Made({**programs, "int8": int8}, facts)
    facts["notes"] = [f"int8 would be {alike:.0f} dB from its float32 and is left out"]
    return _Made(programs, facts)


def _of_another_family(path: Path) -> _Made:
    foreign = read_foreign(path)
    sized = Sized(channels=foreign.channels, own=foreign.factor, step=_STEP)
    facts = _facts(foreign.channels, foreign.factor, reach_of(foreign))
    network = traced(foreign, path.name)
    return _Made({"float32": float32_program(network, sized)}, facts)


def _facts(channels: int, own: int, reach: int) -> dict[str, Any]:
    return {
        "channels": {1: "luma", 3: "rgb"}[channels],
        "scale": own,
        "resizes": True,
        "halo": reach + RESIZING_REACH,
        "multiple_of": 1,
        "residual_step": _STEP,
    }


def _psnr(
    one: torch.jit.ScriptModule,
    other: torch.jit.ScriptModule,
    crops: torch.Tensor,
    factor: int,
) -> float:
    """Between what two programs make of the crops, in dB."""
    pixels = (crops * 255).round().to(torch.uint8)
    with torch.inference_mode():
        apart = one(pixels, factor).float() - other(pixels, factor).float()
        error = float((apart * _STEP).square().mean())
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def _make(
    model: str, sources: dict[str, str], seen: Sequence[Pixels], card: Path
) -> None:
    """Writes beside, then renames: two programs may do it at once."""
    complete()  # torch, for others' networks may need any part
    found = _made(model, seen)
    facts = {**found.facts, "made_of": sources}
    card.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=card.parent.parent) as scratch:
        made = Path(scratch) / "made"
        programs = {name: saved(script) for name, script in found.programs.items()}
        read_card(write_card(made, card.stem, programs=programs, facts=facts))
        if not card.exists():
            made.rename(card.parent)
