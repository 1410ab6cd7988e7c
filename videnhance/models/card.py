"""A model's card: all that the scheduler and a reader must know of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videnhance.errors import ModelError, counted, nearest, printable

__all__ = [
    "ASSETS",
    "Card",
    "Precision",
    "card_files",
    "card_names",
    "find_card",
    "read_card",
    "write_card",
]

ASSETS = Path(__file__).parents[1] / "assets"
"""Where the package keeps the models that it ships."""

_NO_CARD = OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError

Precision = str
"""`int8` or `float32`."""


@dataclass(frozen=True, slots=True)
class Card:
    """One model. Weights are TorchScript files beside the card."""

    name: str
    path: Path
    """The card's own file."""
    channels: int
    """1 (luma) or 3 (RGB)."""
    scale: int
    """The factor that it enlarges by by itself."""
    halo: int
    """Receptive field to each side, in input pixels."""
    multiple_of: int
    """Patch sides must be a multiple of this."""
    residual_step: float
    """Grey levels (of 8 bits) for one residual code."""
    files: Mapping[Precision, tuple[str, str]]
    """For each precision the file's name and its sha256."""
    features: int = 0
    """Channels of its inner layers; 0 if unknown."""
    resizes: bool = False
    """Whether its programs take a factor, 1, 2 or 4, that they bring pictures to."""
    notes: tuple[str, ...] = ()
    """What who uses it should know."""

    @property
    def shipped(self) -> bool:
        """Whether the package itself brings it; others are programs of strangers."""
        return self.path.parent == ASSETS

    def weights(self, precision: Precision) -> bytes:
        """The file of a precision, checked against its hash before anything runs it."""
        name, sha256 = self.files[precision]
        path = self.path.parent / Path(name).name
        try:
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ModelError(
                f"model {self.name}: cannot read {printable(path)}: {reason}; "
                "put the file beside its card, or reinstall videnhance"
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise ModelError(
                f"model {self.name}: {printable(path)} is damaged or was exchanged "
                f"(sha256 {found[:12]}..., not {sha256[:12]}...); get it again"
            )
        return data


def card_files() -> list[Path]:
    """The cards of the models that the package ships, by name."""
    return sorted(ASSETS.glob("*.json"), key=lambda path: path.stem)


def card_names() -> list[str]:
    """Names of the models that the package ships."""
    return [path.stem for path in card_files()]


def find_card(name_or_path: str) -> Card:
    """The card of a shipped model, or of a `.json` card file by path."""
    if name_or_path in card_names():
        return read_card(ASSETS / f"{name_or_path}.json")
    path = Path(name_or_path)
    if path.suffix == ".json" and path.is_file():
        return read_card(path.resolve())
    raise ModelError(
        f"model {printable(name_or_path)!r} is unknown"
        f"{nearest(name_or_path, card_names())}; available: "
        f"{', '.join(card_names())}, or the path of a model's card (a .json file) "
        "or of weights (.pth, .safetensors)"
    )


def read_card(path: Path) -> Card:
    """Reads a card; ModelError names the field that is missing or wrong."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        card = _card_of(path, fields)
    except _NO_CARD as error:
        raise ModelError(
            f"{printable(path)} is not a model card: {type(error).__name__} {error}; "
            "models/README.md describes the fields"
        ) from error
    _check(card)
    return card


def _card_of(path: Path, fields: Mapping[str, Any]) -> Card:
    files = fields["files"].items()
    return Card(
        name=printable(fields["name"]),
        path=path,
        channels={"luma": 1, "rgb": 3}[fields["channels"]],
        scale=int(fields["scale"]),
        halo=int(fields["halo"]),
        multiple_of=int(fields["multiple_of"]),
        residual_step=float(fields["residual_step"]),
        files={str(k): (str(v["file"]), str(v["sha256"])) for k, v in files},
        features=int(fields.get("features", 0)),
        resizes=bool(fields.get("resizes", False)),
        notes=tuple(map(printable, fields.get("notes", ()))),
    )


def _check(card: Card) -> None:
    scales = (1, 2, 4) if card.resizes else (2,)
    if card.scale not in scales or card.multiple_of != 1:
        raise ModelError(
            f"model {card.name}: scale {card.scale} and multiple_of {card.multiple_of} "
            "do not fit; this version runs models of scale 2 for patches of any size"
        )
    if card.halo < 0 or not 0 < card.residual_step <= 4 or not card.files:
        raise ModelError(
            f"model {card.name}: {card.halo = }, {card.residual_step = } and "
            f"{counted(len(card.files), 'file makes', 'files make')} no model; correct "
            f"{printable(card.path)}"
        )


def write_card(
    folder: Path,
    name: str,
    *,
    programs: Mapping[Precision, bytes],
    facts: Mapping[str, Any],
) -> Path:
    """Writes NAME.PRECISION.pt for each program and NAME.json; gives the card's path.

    `facts` are the card's other fields, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for precision, data in programs.items():
        path = folder / f"{name}.{precision}.pt"
        path.write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        files[precision] = {"file": path.name, "sha256": sha256}
    card = folder / f"{name}.json"
    fields = {"name": name, "files": files, **facts}
    card.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
    return card
