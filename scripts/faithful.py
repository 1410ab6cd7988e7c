#!/usr/bin/env python3
"""Runs the table of faithfulness, and writes it as docs/faithful.md.

Usage: scripts/faithful.py [-o FILE] [--jobs N] [--only WORDS] [CLIP...]

Every CLIP is converted, too: number of frames, times, sound and colour are compared.
Exits 1 if a row does not hold.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.faithful_checks import TICKS, field, frames  # noqa: E402
from tests.faithful_reader import run_tool  # noqa: E402
from tests.faithful_row import Case, Check, Row  # noqa: E402
from tests.faithful_table import PARTS  # noqa: E402
from videnhance.media.reader.side_data import SILENT, UNKEPT  # noqa: E402

TABLE = ROOT / "docs" / "faithful.md"


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    row: Row
    fault: str
    """Empty where all holds."""
    seconds: float


def judged(part: str, number: int) -> tuple[str, float]:
    """The fault of a row, empty if it holds, and the seconds that it took."""
    row = clip_row(Path(part)) if part not in PARTS else PARTS[part][number]
    begun, fault = time.perf_counter(), ""
    with tempfile.TemporaryDirectory(prefix="faithful-") as folder:
        try:
            case = row.run(Path(folder))
            for check in row.checks:
                fault = fault or _fault(check, case)
        except Exception as error:
            fault = f"{type(error).__name__} {error}"
        fault = fault.replace(folder, "…")
    return fault, time.perf_counter() - begun


def _fault(check: Check, case: Case) -> str:
    try:
        check.test(case)
    except Exception as error:
        return f"{check.words}: {type(error).__name__} {error}"
    return ""


def clip_row(path: Path) -> Row:
    """The row of a real clip: its first 30 frames."""
    source, target = f"in{path.suffix}", "out.mkv"

    def copied(place: Path) -> None:
        place.write_bytes(path.read_bytes())

    checks = (frames(30), Check("first 30 pts", _first_times), field("pix_fmt"))
    options = "--max-frames 30 --deinterlace off"
    return Row(path.name, source, (), target, checks, options, spoil=copied)


def _first_times(case: Case) -> None:
    old, new = case.before.times[:30], case.after.times
    moved = new[0] - old[0]
    off = [abs(b - a - moved) for a, b in zip(old, new, strict=True)]
    assert max(off) <= TICKS["mkv"], float(max(off))


def lines(parts: dict[str, list[Outcome]]) -> list[str]:
    """The table as Markdown."""
    every = [one for outcomes in parts.values() for one in outcomes]
    version = run_tool("ffprobe", "-version").decode().split()[2]
    good = sum(not one.fault for one in every)
    text = [
        "# Nothing lost: the table",
        "",
        f"{good} of {len(every)} rows hold ({date.today().isoformat()}). Each source "
        f"is made by `ffmpeg`, converted by `videnhance IN OUT`, and compared with the "
        f"result by ffprobe and ffmpeg {version}; no code of the package reads either. "
        "Where pixels are compared, the encoder is told to lose nothing, if it can. "
        "Made by `scripts/faithful.py`; the rows stand in `tests/faithful_*.py`, and "
        "`tests/test_faithful.py` runs them.",
    ]
    for part, outcomes in parts.items():
        text += ["", f"## {part}", "", "| property | in | out | checked | result |"]
        text += ["|---|---|---|---|---|", *(_line(one) for one in outcomes)]
    return [*text, *_side_data()]


def _side_data() -> list[str]:
    """What becomes of each kind of side data that a decoder can give with a picture."""
    fates = {**SILENT, **{n: f"{name}: named" for n, name in UNKEPT.items()}}
    return [
        "",
        "## What can come with a picture",
        "",
        "By FFmpeg's numbers (`AVFrameSideDataType`). What is not in the list is "
        "named, too; `tests/test_media_side_data.py` compares the list with PyAV's.",
        "",
        "| number | what it is, and what becomes of it |",
        "|---|---|",
        *(f"| {number} | {_cell(fates[number])} |" for number in sorted(fates)),
    ]


def _line(one: Outcome) -> str:
    row = one.row
    asked = f" `{row.options}`" if row.options else ""
    name, source = _cell(row.name), _cell(row.source)
    target = _cell(row.target) + asked.replace("|", "\\|")
    result = f"**differs**: {_cell(one.fault)[:120]}" if one.fault else "holds"
    return f"| {name} | {source} | {target} | {_cell(row.checked)} | {result} |"


def _cell(words: str) -> str:
    plain = re.sub(r"[\x00-\x1f\u202e]", "·", words)
    plain = plain if len(plain) < 160 else f"{plain[:80]}…{plain[-12:]}"
    return plain.replace("|", "\\|")


def main(words: Sequence[str]) -> int:
    """Runs all rows, tells of each, and writes the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("-o", "--output", type=Path, default=TABLE)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--only", help="rows with this in their name; nothing written")
    options.add_argument("clips", type=Path, nargs="*")
    given = options.parse_args(words)
    places = [(part, n, row) for part, rows in PARTS.items()
              for n, row in enumerate(rows)]  # fmt: skip
    places += [(str(clip), 0, clip_row(clip)) for clip in given.clips]
    places = [p for p in places if not given.only or given.only in p[2].name]
    done: dict[str, list[Outcome]] = {}
    with ProcessPoolExecutor(given.jobs) as pool:
        waiting = [pool.submit(judged, part, number) for part, number, _ in places]
        for (part, _, row), future in zip(places, waiting, strict=True):
            fault, seconds = future.result()
            name = part if part in PARTS else "Real clips"
            done.setdefault(name, []).append(Outcome(row, fault, seconds))
            if fault:
                print(f"DIFFERS {_cell(row.name)}: {fault[-600:]}", flush=True)
    every = [one for outcomes in done.values() for one in outcomes]
    faults = sum(bool(one.fault) for one in every)
    spent = sum(one.seconds for one in every)
    print(f"{len(every) - faults} of {len(every)} rows hold; {spent:.0f} s")
    if not given.only:
        given.output.write_text("\n".join(lines(done)) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
