#!/usr/bin/env python3
"""Writes the table of the shipped models into models/README.md, from their cards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from videnhance.models.card import ASSETS, card_names

README = Path(__file__).parents[1] / "models" / "README.md"
BEGIN, END = "<!-- table -->\n", "<!-- /table -->\n"
SETS = "Set5", "Set14", "B100"


def cards() -> Iterator[dict[str, Any]]:
    """Of all shipped models."""
    for name in card_names():
        yield json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))


def models() -> Iterator[str]:
    """A row for each model: what it is for, its size, its quality."""
    yield "| model | for | parameters | MAC a pixel | halo | int8, KB | sha256 (int8) |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for card in cards():
        file = card["files"]["int8"]
        kilobytes = (ASSETS / file["file"]).stat().st_size / 1024
        yield (
            f"| `{card['name']}` | {card['for']} | {card['parameters']} | "
            f"{card['macs_per_pixel']} | {card['halo']} | {kilobytes:.0f} | "
            f"`{file['sha256'][:16]}` |"
        )


def quality() -> Iterator[str]:
    """PSNR on the usual sets."""
    yield f"| model | precision | {' | '.join(SETS)} |"
    yield "|---|---|---:|---:|---:|"
    for card in cards():
        for precision in card["files"]:
            found = [card["quality"].get(f"{s} x2 PSNR-Y, {precision}") for s in SETS]
            cells = " | ".join("-" if v is None else f"{v:.2f}" for v in found)
            yield f"| `{card['name']}` | {precision} | {cells} |"


def written(readme: str) -> str:
    """The README with the tables of today's cards."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    tables = "\n".join([*models(), "", *quality()])
    return f"{before}{BEGIN}{tables}\n{END}{after}"


def main() -> None:
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
