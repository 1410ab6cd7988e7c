#!/usr/bin/env python3
"""Damages small real files and converts them: no crash, hang, traceback or half file.

scripts/fuzz.py [--cases 2000] [--seed 1] [--only N] [--json FILE] [-- OPTIONS]

Exits with 1 if a case went wrong; --only runs one again, and keeps its files.
"""

import argparse
import json
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fuzzing import Run, case_of, fuzzed, summary
from tests.seeds import write_seeds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="Keep the files of bad cases here.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("options", nargs="*", help="Further options of convert.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = options.folder or Path(place)
        (folder / "seeds").mkdir(parents=True, exist_ok=True)
        seeds = tuple(write_seeds(folder / "seeds"))
        run = Run(seeds, folder, options.seed, tuple(options.options))
        if options.only is not None:
            case = case_of(run, options.only)
            print(case.seed, case.damage, case.suffix, len(case.data), "bytes")
        one = None if options.only is None else iter([options.only])
        numbers = one or islice(count(), options.cases)
        start, done = time.perf_counter(), []
        for outcome in fuzzed(run, numbers, options.workers):
            done.append(outcome)
            if outcome.bad or options.only is not None:
                print(f"{outcome.number} {outcome.seed} {outcome.damage}", flush=True)
                print(f"    {outcome.end}: {outcome.words.strip()[-1500:]}", flush=True)
        result = summary(run, done)
        result["seconds"] = round(time.perf_counter() - start, 1)
        print(json.dumps({k: result[k] for k in ("cases", "ends", "seconds")}))
        if options.json:
            options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if result["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
