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
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from videnhance.errors import ModelError, printable
from videnhance.frame import Pixels
from videnhance.models.card import find_card, read_card, write_card
from videnhance.models.clean import SETS, is_between, network_between
from videnhance.models.foreign import (
    OverBase,
    halo_of,
    read_foreign,
    read_residual,
    traced,
)
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import (
    calibration_crops,
    card_facts,
    float32_script,
    int8_script,
    prefer_int8_engine,
)
from videnhance.models.runtime import Choice
from videnhance.models.torchscript import saved
from videnhance.models.weights import (
    SUFFIXES,
    is_srvgg,
    read_network,
    read_tensors,
    sha256_of,
)

__all__ = [
    "cache_folder",
    "calibration_chart",
    "import_model",
    "needs_import",
    "sources_of",
    "with_card",
]

_STEP, _OWN_STEP = 1.0, 0.5
"""Grey levels a residual code: what restores moves a pixel further than 64 levels."""
_FOREIGN = {"channels": "luma", "scale": 2, "multiple_of": 1}
_BATCHES = 4
"""Of eight crops: large networks take a second for each."""
_FORMAT = 2
"""Counted up when the same file would give another model."""


Programs = dict[str, torch.jit.ScriptModule]
"""By precision."""


def needs_import(model: str) -> bool:
    """Whether `--model` names no card, but what a model is made of at first use."""
    return _is_weights(model) or is_between(model)


def _is_weights(model: str) -> bool:
    return Path(model).suffix.lower() in SUFFIXES and not is_between(model)


def sources_of(model: str) -> dict[str, str]:
    """Names and hashes of the files that it is made of; empty if it has a card.

    Raises ModelError if one cannot be read.
    """
    if is_between(model):
        cards = [find_card(name) for name in SETS.values()]
        return dict(card.files["float32"] for card in cards)
    return {Path(model).name: sha256_of(Path(model))} if _is_weights(model) else {}


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


def calibration_chart() -> list[Pixels]:
    """What is calibrated with where nothing of the input can be seen before."""
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(0)
    waves = 128 + 120 * np.sin(x * y / 900)
    boards = ((y // 8 + x // 8) % 2) * 255 + rng.normal(0, 4, y.shape)
    soft = x * 0.9 + rng.normal(0, 8, y.shape)
    return [
        np.clip(np.rint(p), 0, 255).astype(np.uint8)[..., None]
        for p in (waves, boards, soft)
    ]


def import_model(
    model: str, seen: Sequence[Pixels], *, folder: Path | None = None
) -> Path:
    """The card of what `needs_import`, made now or kept from before.

    `seen` holds pictures as the network will see them, H x W x 1. Raises ModelError.
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
    card = import_model(choice.model, calibration_chart() if seen is None else seen)
    return replace(choice, model=str(card), trusted=True)


def _programs(model: str, seen: Sequence[Pixels]) -> tuple[Programs, dict[str, Any]]:
    """The programs of what has no card, and what their card says."""
    if is_between(model):
        return _quantized(network_between(model), seen, step=_OWN_STEP)
    path = Path(model)
    if not is_srvgg(read_tensors(path)[0]):
        grey = read_foreign(path, _STEP)
        facts = {**_FOREIGN, "halo": halo_of(grey), "residual_step": _STEP}
        return {"float32": traced(grey, path.name)}, facts
    found = read_residual(model)
    residual = found if isinstance(found, OverBase) else read_network(model)
    if residual.shape.channels != 1:
        raise ModelError(
            f"{printable(path)} is one of our RGB networks; quantize it by "
            "`videnhance model quantize`, and give the card"
        )
    return _quantized(residual, seen, step=_STEP)


def _quantized(
    residual: SRVGGNetLightweight | OverBase, seen: Sequence[Pixels], *, step: float
) -> tuple[Programs, dict[str, Any]]:
    prefer_int8_engine()
    scripts = {
        "float32": float32_script(residual, step),
        "int8": int8_script(residual, calibration_crops(seen)[:_BATCHES], step=step),
    }
    return scripts, card_facts(residual, step)


def _make(
    model: str, sources: dict[str, str], seen: Sequence[Pixels], card: Path
) -> None:
    """Writes beside, then renames: two programs may do it at once."""
    scripts, facts = _programs(model, seen)
    facts["made_of"] = sources
    card.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=card.parent.parent) as scratch:
        made = Path(scratch) / "made"
        programs = {precision: saved(script) for precision, script in scripts.items()}
        read_card(write_card(made, card.stem, programs=programs, facts=facts))
        if not card.exists():
            made.rename(card.parent)
