"""What is done already: only what is whole, current and ours is left as it is."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.clips import write_clip
from tests.models import write_model
from tests.trees import filled, job_for
from videnhance.batch.batch_options import options_digest
from videnhance.batch.inputs import Choosing, Input, found_in
from videnhance.batch.outputs import Case, Judge, State
from videnhance.batch.records import (
    Made,
    Records,
    identity_of,
    start_of,
)
from videnhance.conversion.job import Job
from videnhance.errors import InputError, ModelError, OutputError
from videnhance.media.output.provenance import stamp_of, stamped
from videnhance.models.choice import Choice
from videnhance.options import ConvertOptions

WISHES = "0" * 32
HERE = "1" * 32
JOB = job_for(Path("a.mp4"), Path("b.mp4"))


class _Setup:
    """One input and its output, recorded as made."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "in/a.mp4", folder / "out/a.mp4"
        filled(folder / "in", "a.mp4")
        self.records = Records(folder / "out")
        self.target.write_bytes(b"a whole output")

    @property
    def one(self) -> Input:
        return found_in(self.source.parent, Choosing(), without=Path("nowhere")).inputs[
            0
        ]

    def record(self) -> None:
        source, result = identity_of(self.source), identity_of(self.target)
        start = start_of(self.target)
        made = Made("a.mp4", "a.mp4", WISHES, source, result, 0, start=start, root=HERE)
        self.records.complete(made)

    def case(self, wishes: str = WISHES, root: str = HERE) -> Case:
        return Case(self.one, "a.mp4", self.target, wishes, root)

    def state(self, wishes: str = WISHES, **how: bool) -> State:
        return Judge(self.records, **how).state(self.case(wishes))

    def stamp(self, suffix: str, wishes: str = WISHES) -> None:
        """Makes the output a stamped video of which nothing is recorded."""
        self.target = write_clip(self.target.with_suffix(suffix))
        stamped(self.target, stamp_of(identity_of(self.source).digest, wishes))


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[_Setup]:
    """An input with an output that is not recorded."""
    made = _Setup(tmp_path)
    with made.records:
        yield made


def test_no_output_is_absent_whatever_is_recorded(setup: _Setup) -> None:
    setup.record()
    setup.target.unlink()
    assert setup.state() is State.ABSENT


def test_a_whole_output_of_this_input_and_these_wishes_is_current(
    setup: _Setup,
) -> None:
    setup.record()
    assert setup.state() is State.CURRENT
    assert setup.state(recheck=True) is State.CURRENT
    assert setup.state(again=True) is State.WANTED


def test_other_wishes_are_seen(setup: _Setup) -> None:
    setup.record()
    assert setup.state("1" * 32) is State.OTHER_WISHES


def test_a_changed_input_is_seen(setup: _Setup) -> None:
    setup.record()
    setup.source.write_bytes(b"another")
    assert setup.state() is State.OTHER_INPUT


def test_a_touched_input_is_the_same(setup: _Setup) -> None:
    setup.record()
    os.utime(setup.source, ns=(0, 7))
    assert setup.state() is State.CURRENT


def test_an_output_that_is_cut_off_is_seen(setup: _Setup) -> None:
    setup.record()
    setup.target.write_bytes(b"a who")
    assert setup.state() is State.CUT_OFF
    assert State.CUT_OFF.is_ours


@pytest.mark.parametrize("content", [b"A WHOLE OUTPUT", b"a whole output, and more"])
def test_an_output_that_somebody_changed_is_not_ours(
    setup: _Setup, content: bytes
) -> None:
    setup.record()
    setup.target.write_bytes(content)
    os.utime(setup.target, ns=(0, 7))
    assert setup.state() is State.ALTERED
    assert not State.ALTERED.is_ours


def test_content_that_changed_behind_size_and_time_is_seen_on_demand(
    setup: _Setup,
) -> None:
    setup.record()
    for path in (setup.source, setup.target):
        before = path.stat().st_mtime_ns
        path.write_bytes(path.read_bytes().upper())
        os.utime(path, ns=(0, before))
        assert setup.state() is State.CURRENT
    assert setup.state(recheck=True) is State.ALTERED
    setup.record()


def test_a_file_that_nobody_recorded_is_not_ours(setup: _Setup) -> None:
    assert setup.state() is State.FOREIGN
    assert not State.FOREIGN.is_ours


def test_what_was_begun_is_ours_where_there_is_no_stamp(setup: _Setup) -> None:
    setup.records.begin("a.mp4", "a.mp4")
    assert setup.state() is State.FOREIGN  # one of ours would have its stamp
    setup.target = setup.target.with_suffix(".avi")
    setup.target.write_bytes(b"whatever")
    assert setup.state() is State.BEGUN
    assert State.BEGUN.is_ours


def test_what_was_given_up_is_not_ours(setup: _Setup) -> None:
    setup.target = setup.target.with_suffix(".avi")
    setup.target.write_bytes(b"whatever")
    setup.records.begin("a.mp4", "a.mp4")
    setup.records.give_up("a.mp4")
    assert setup.state() is State.FOREIGN


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_redo_that_was_stopped_before_its_record_is_ours(
    setup: _Setup, suffix: str
) -> None:
    setup.target = setup.target.with_suffix(suffix)
    setup.target.write_bytes(b"the first one")
    setup.record()
    setup.records.begin("a.mp4", "a.mp4")
    if suffix == ".mp4":
        setup.stamp(suffix, "2" * 32)
        assert setup.state() is State.OTHER_WISHES
        setup.target.unlink()
        setup.stamp(suffix)
        assert setup.state() is State.CURRENT
    else:
        setup.target.write_bytes(b"the second one, longer")
        assert setup.state() is State.BEGUN


def test_a_shorter_file_of_somebody_else_is_not_ours(setup: _Setup) -> None:
    setup.record()
    setup.target.write_bytes(b"mine")
    assert setup.state() is State.ALTERED
    setup.target.write_bytes(b"")
    assert setup.state() is State.CUT_OFF


def test_the_output_of_another_folder_is_left(setup: _Setup) -> None:
    setup.record()
    judge = Judge(setup.records)
    assert judge.state(setup.case(root="2" * 32)) is State.CURRENT
    setup.source.write_bytes(b"another film of this name")
    assert judge.state(setup.case(root="2" * 32)) is State.OTHER_FOLDER
    assert not State.OTHER_FOLDER.is_ours


@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "gone"])
def test_what_is_no_file_is_in_the_way(setup: _Setup, kind: str) -> None:
    setup.target.unlink()
    if kind == "folder":
        setup.target.mkdir()
    elif kind == "fifo":
        os.mkfifo(setup.target)
    else:
        setup.target.symlink_to(setup.source if kind == "link" else "nowhere")
    assert setup.state() is State.NO_FILE
    assert not State.NO_FILE.is_ours


def test_an_output_that_cannot_be_looked_at_is_said(setup: _Setup) -> None:
    setup.target = setup.target.with_name("x" * 300)
    with pytest.raises(OutputError, match="cannot be looked at"):
        setup.state()


def test_a_stamped_output_is_recorded_anew(setup: _Setup) -> None:
    setup.stamp(".mp4")
    assert setup.state() is State.CURRENT
    assert setup.records.made("a.mp4") is not None


def test_a_stamped_output_of_other_wishes_is_ours(setup: _Setup) -> None:
    setup.stamp(".mp4", "1" * 32)
    assert setup.state() is State.OTHER_WISHES


def test_a_stamped_output_that_is_cut_off_is_not_taken_for_whole(setup: _Setup) -> None:
    setup.stamp(".mp4")
    setup.target.write_bytes(setup.target.read_bytes()[:-40])
    assert setup.state() is State.FOREIGN


def test_an_input_that_is_gone_is_said(setup: _Setup) -> None:
    setup.record()
    case, judge = setup.case(), Judge(setup.records, recheck=True)
    setup.source.unlink()
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read"):
        judge.state(case)


class _Shots(_Setup):
    """A sequence of ten pictures and its output."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.source.unlink()
        self.target.unlink()
        for number in range(10):
            for place in (self.source.parent, self.target.parent):
                Image.new("L", (9, 5), number).save(place / f"{number:03d}.png")
        self.target = self.target.with_name("%03d.png")
        self.source = self.source.with_name("%03d.png")

    def record(self) -> None:
        source, result = identity_of(self.source), identity_of(self.target)
        made = Made("a.mp4", "a.mp4", WISHES, source, result, 10)
        self.records.complete(made)


@pytest.fixture
def shots(tmp_path: Path) -> Iterator[_Shots]:
    """Pictures whose outputs have no stamps."""
    made = _Shots(tmp_path)
    with made.records:
        yield made


def test_a_whole_sequence_is_current(shots: _Shots) -> None:
    shots.record()
    assert shots.state() is State.CURRENT


def test_a_sequence_without_one_picture_is_not_whole(shots: _Shots) -> None:
    shots.record()
    (shots.target.parent / "004.png").unlink()
    assert shots.state() is State.CUT_OFF


def test_a_sequence_of_somebody_is_not_ours(shots: _Shots) -> None:
    assert shots.state() is State.FOREIGN
    shots.records.begin("a.mp4", "a.mp4")
    assert shots.state() is State.BEGUN


def test_a_stamped_sequence_without_a_record_is_ours(shots: _Shots) -> None:
    for file in shots.target.parent.glob("*.png"):
        stamped(file, stamp_of("3" * 32, WISHES))
    assert shots.state() is State.OTHER_WISHES


def test_a_copied_sequence_is_the_same(shots: _Shots) -> None:
    source = identity_of(shots.source).digest
    for file in shots.target.parent.glob("*.png"):
        stamped(file, stamp_of(source, WISHES))
    shots.record()
    for file in shots.target.parent.glob("*.png"):
        os.utime(file, ns=(0, 7))
    assert shots.state() is State.CURRENT


def _network(job: Job, choice: Choice) -> Job:
    return replace(job, settings=replace(job.settings, strength=1.0), choice=choice)


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, encoding=replace(JOB.encoding, crf=20)),
        replace(JOB, encoding=replace(JOB.encoding, audio=False)),
        replace(JOB, encoding=replace(JOB.encoding, options={"tune": "film"})),
        replace(JOB, settings=replace(JOB.settings, skip=2)),
        replace(JOB, options=ConvertOptions(start=1.0)),
        replace(JOB, options=ConvertOptions(rate=30)),
        _network(JOB, Choice()),
    ],
)
def test_what_shows_is_in_it(job: Job) -> None:
    assert options_digest(job) != options_digest(JOB)


@pytest.mark.parametrize(
    "job",
    [
        job_for(Path("other.mp4"), Path("elsewhere.mp4")),
        replace(JOB, settings=replace(JOB.settings, workers=5)),
        replace(JOB, options=ConvertOptions(nice=True)),
        replace(JOB, encoding=replace(JOB.encoding, stamp="x")),
        replace(JOB, options=ConvertOptions(overwrite=True), notices=("said",)),
        replace(JOB, choice=Choice(model="nosuch")),
    ],
)
def test_what_does_not_show_is_not(job: Job) -> None:
    assert options_digest(job) == options_digest(JOB)


def test_a_model_counts_by_its_content(tmp_path: Path) -> None:
    first = write_model(tmp_path / "a", name="one")
    found = {options_digest(_network(JOB, Choice(model=str(first))))}
    for file in (tmp_path / "a").iterdir():
        file.rename(tmp_path / file.name)
    found.add(options_digest(_network(JOB, Choice(model=str(tmp_path / first.name)))))
    assert len(found) == 1
    assert options_digest(_network(JOB, Choice())) not in found


def test_a_model_that_is_not_there_is_said() -> None:
    with pytest.raises(ModelError, match="nosuch"):
        options_digest(_network(JOB, Choice(model="nosuch")))
