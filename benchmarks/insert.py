#!/usr/bin/env python3
"""Puts what it reads between the marks of a Markdown file: generated numbers only.

videnhance bench | benchmarks/insert.py README.md bench
"""

import argparse
import sys
from pathlib import Path


def inserted(text: str, name: str, lines: str) -> str:
    """The text with `lines` between `<!-- name -->` and `<!-- /name -->`."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"no {start} ... {end} in the file; add the marks")
    return f"{before}{start}\n{lines.strip()}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("name", help="Of the marks.")
    options = parser.parse_args()
    text = options.file.read_text()
    options.file.write_text(inserted(text, options.name, sys.stdin.read()))


if __name__ == "__main__":
    main()
