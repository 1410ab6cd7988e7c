"""A model's files and the card beside them, written so that the card fits."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from videnhance.models.compact import OverBase
from videnhance.models.program import Residual
from videnhance.models.torchscript import saved

__all__ = ["facts_of", "packed"]


def facts_of(residual: Residual, step: float) -> dict[str, Any]:
    """What the card says of a network of scale 2: `step` grey levels a code."""
    halo = residual.halo if isinstance(residual, OverBase) else residual.shape.halo
    return {
        "channels": {1: "luma", 3: "rgb"}[residual.shape.channels],
        "scale": 2,
        "halo": halo,
        "features": residual.shape.features,
        "multiple_of": 1,
        "residual_step": step,
    }


def packed(
    folder: Path,
    name: str,
    scripts: Mapping[str, torch.jit.ScriptModule],
    facts: Mapping[str, Any],
) -> Path:
    """Writes NAME.PRECISION.pt for each program and NAME.json; gives the card's path.

    `facts` are the card's other fields, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for precision, script in scripts.items():
        path, data = folder / f"{name}.{precision}.pt", saved(script)
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        files[precision] = {"file": path.name, "sha256": digest}
    card = folder / f"{name}.json"
    fields = {"name": name, "files": files, **facts}
    card.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return card
