"""Damaged files through whole conversions; `scripts/fuzz.py` runs many more."""

import json
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.fuzzing import Run, case_of, fuzzed, summary
from tests.mutations import MUTATIONS, Mutation, boxes, mutated
from tests.seeds import SEEDS, write_seeds

CASES = 60
WORKER = "import json, os, sys\nfor line in sys.stdin:\n    words = json.loads(line)\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All seeds, made once."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "seeds").mkdir()
    return Run(tuple(write_seeds(folder / "seeds")), folder)


def test_damaged_files_are_converted_or_refused(run: Run) -> None:
    outcomes = list(fuzzed(run, iter(range(CASES))))
    assert [o.number for o in outcomes] == list(range(CASES))
    assert summary(run, outcomes)["bad"] == []
    ends = {o.end for o in outcomes}
    assert ends == {"converted", "refused"}  # neither too tame nor too harsh


def test_whole_seeds_are_converted_or_known_as_no_video(run: Run) -> None:
    assert len(run.seeds) >= len(SEEDS) - 6
    assert sum(path.stat().st_size < 32 << 10 for path in run.seeds) == len(run.seeds)


def test_a_number_makes_the_same_case_again(run: Run) -> None:
    for number in range(20):
        assert case_of(run, number) == case_of(run, number)
    other = replace(run, master=2)
    cases = [(case_of(run, n), case_of(other, n)) for n in range(20)]
    assert any(ours != theirs for ours, theirs in cases)


@pytest.mark.parametrize("change", sorted(set(MUTATIONS), key=repr))
def test_every_kind_of_damage_takes_any_bytes(run: Run, change: Mutation) -> None:
    samples = [b"\0", b"ab", bytes(200), *(p.read_bytes() for p in run.seeds[:8])]
    for data in samples:
        for seed in range(5):
            assert isinstance(change(data, Random(seed)), bytes)


def test_damage_changes_a_file(run: Run) -> None:
    data = [path.read_bytes() for path in run.seeds]
    changed = [mutated(d, data[0], Random(7))[0] != d for d in data]
    assert sum(changed) > 0.9 * len(data)


def test_boxes_are_found_inside_their_parents(run: Run) -> None:
    seed = next(path for path in run.seeds if path.name == "start.mp4")
    data = seed.read_bytes()
    names = [data[box.start + 4 : box.start + 8] for box in boxes(data)]
    assert {b"ftyp", b"moov", b"trak", b"stsd", b"stco", b"mdat"} <= set(names)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("    os.abort()", "crash"),
        ("    import time; time.sleep(60)", "hang"),
        ("    answer(1, 'no', open(words[1], 'w'))", "half file"),
        ("    answer(1, 'no', open(words[1] + '.part', 'w'))", "left over"),
        ("    answer(0, '')", "bad output"),
        ("    answer(0, '', open(words[1], 'w').write('x'))", "bad output"),
        ("    answer(1, '')", "bad text"),
        (r"    answer(1, 'what \x1b[2J')", "bad text"),
        ("    answer(1, '', trace='Traceback')", "traceback"),
        ("    answer(1, 'videnhance: no')", "refused"),
    ],
)
def test_what_goes_wrong_is_found_and_kept(run: Run, code: str, end: str) -> None:
    answer = (
        "import json\n"
        "def answer(code, words, extra=None, trace=''):\n"
        "    told = {'code': code, 'words': words, 'trace': trace}\n"
        "    print(json.dumps(told), flush=True)\n"
    )
    command = (sys.executable, "-c", answer + WORKER + code)
    faulty = replace(run, command=command, limit_seconds=0.2)
    if end == "hang":
        # The parent waits a little longer than the worker's own alarm.
        faulty = replace(faulty, limit_seconds=-1.5)
    outcomes = list(fuzzed(faulty, islice(iter(range(9)), 2), workers=1))
    assert [o.end for o in outcomes] == [end, end]
    kept = {path.name for path in Path(run.folder).glob("case_*")}
    assert all(f"case_{o.number}_{o.seed}" in kept for o in outcomes if o.bad)
    assert json.dumps(summary(run, outcomes))
