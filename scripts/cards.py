#!/usr/bin/env python3
"""Prints the figures of the shipped models' cards as a Markdown table."""

import json

from videnhance.model.card import ASSETS, card_names


def main() -> None:
    print("| model | parameters | MAC a pixel | figure | value |")
    print("|---|---:|---:|---|---:|")
    for name in card_names():
        card = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))
        for figure, value in (card["quality"] | card["speed"]).items():
            head = f"| {name} | {card['parameters']} | {card['macs_per_pixel']} "
            print(f"{head}| {figure} | {value} |")


if __name__ == "__main__":
    main()
