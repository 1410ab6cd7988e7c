"""Networks of other people as models of ours: quantized at first use, and kept.

A file of weights is no program, so nothing has to be trusted. What is kept lies in the
user's cache under the hash of the file and of what it was calibrated with; the same
file and the same clip give the same model.
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
from videnhance.model.card import read_card
from videnhance.model.compact import OverBase, read_residual
from videnhance.model.crops import crops
from videnhance.model.foreign import halo_of, read_foreign, traced
from videnhance.model.packing import facts_of, packed
from videnhance.model.program import (
    Residual,
    float32_script,
    int8_script,
    prefer_int8_engine,
)
from videnhance.model.runtime import Choice
from videnhance.model.weights import (
    SUFFIXES,
    is_srvgg,
    read_network,
    read_tensors,
    sha256_of,
)

__all__ = ["adopted", "cache_folder", "chart", "is_weights", "settled"]

_STEP = 1.0
"""Grey levels a residual code: what restores moves a pixel further than 64 levels."""
_FOREIGN = {"channels": "luma", "scale": 2, "multiple_of": 1}
_BATCHES = 4
"""Of eight crops: large networks take a second for each."""
_FORMAT = 1
"""Counted up when the same file would give another model."""


def is_weights(model: str) -> bool:
    """Whether `--model` names a file of weights, and not a name or a card."""
    return Path(model).suffix.lower() in SUFFIXES


def cache_folder() -> Path:
    """Where this user's programs keep what can be made again."""
    if sys.platform == "win32":
        place = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        place = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(place) / "videnhance" / "models"


def chart() -> list[Pixels]:
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


def adopted(model: str, seen: Sequence[Pixels], folder: Path | None = None) -> Path:
    """The card of a file of weights, made now or kept from before.

    `seen` holds pictures as the network will see them, H x W x 1. Raises ModelError.
    """
    path = Path(model)
    source = sha256_of(path)
    digest = hashlib.sha256(f"{_FORMAT} {source} {torch.__version__}".encode())
    for picture in seen:
        digest.update(picture.tobytes())
    folder = (folder or cache_folder()) / digest.hexdigest()[:32]
    card = folder / f"{path.stem}.json"
    if not card.exists():
        try:
            _make(path, source, seen, card)
        except OSError as error:
            raise ModelError(
                f"{printable(folder)} cannot be written: {error.strerror}; set "
                "XDG_CACHE_HOME to a folder that can"
            ) from error
    return card


def settled(choice: Choice, seen: Sequence[Pixels] | None = None) -> Choice:
    """The choice with the card of its file of weights; others as they are.

    Calibrated with `seen`, or with a chart: many inputs share one model.
    """
    if not is_weights(choice.model):
        return choice
    card = adopted(choice.model, chart() if seen is None else seen)
    return replace(choice, model=str(card), trusted=True)


def _residual(path: Path) -> Residual:
    """A network of our family. Raises ModelError."""
    found = read_residual(str(path))
    return found if isinstance(found, OverBase) else read_network(str(path))


def _programs(
    path: Path, seen: Sequence[Pixels]
) -> tuple[dict[str, torch.jit.ScriptModule], dict[str, Any]]:
    """The programs of a file of weights, and what its card says."""
    if not is_srvgg(read_tensors(path)[0]):
        grey = read_foreign(path, _STEP)
        facts = {**_FOREIGN, "halo": halo_of(grey), "residual_step": _STEP}
        return {"float32": traced(grey, path.name)}, facts
    residual = _residual(path)
    if residual.shape.channels != 1:
        raise ModelError(
            f"{printable(path)} is one of our RGB networks; quantize it by "
            "`videnhance model quantize`, and give the card"
        )
    prefer_int8_engine()
    scripts = {
        "float32": float32_script(residual, _STEP),
        "int8": int8_script(residual, crops(seen)[:_BATCHES], _STEP),
    }
    return scripts, facts_of(residual, _STEP)


def _make(path: Path, source: str, seen: Sequence[Pixels], card: Path) -> None:
    """Writes beside, then renames: two programs may do it at once."""
    scripts, facts = _programs(path, seen)
    facts["made_of"] = {"file": path.name, "sha256": source}
    card.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=card.parent.parent) as scratch:
        made = Path(scratch) / "made"
        packed(made, card.stem, scripts, facts)
        read_card(made / card.name)
        if not card.exists():
            made.rename(card.parent)
