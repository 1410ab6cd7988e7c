"""A batch on its way: what is begun, what is left, and what happens to the rest."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Clip, pts_of, write_clip
from tests.models import write_model
from tests.trees import filled, job_for, order_for
from videnhance.batch.batch_options import BatchOptions
from videnhance.batch.inputs import Kind
from videnhance.batch.outcome import (
    Event,
    Finished,
    Looked,
    Moved,
    Outcome,
    PutBack,
    Ticked,
)
from videnhance.batch.pool import Advanced, Began, Ended, Failed, Said, WorkerPool
from videnhance.batch.records import Records
from videnhance.batch.run import Batch, rehearsed
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.errors import (
    InputError,
    ModelError,
    UsageError,
    VidenhanceError,
)
from videnhance.models.choice import Choice
from videnhance.options import FolderOptions

FEW = Clip(pts=range(0, 5 * 512, 512))
WATCHER = Watcher(lambda info, report: None, lambda report: None)


class _Inline(WorkerPool):
    """Converts in this process when it is asked what it has to say."""

    def __init__(
        self, jobs: int = 2, meanwhile: Callable[[Job], None] | None = None
    ) -> None:
        super().__init__(jobs)
        self.begun: list[Job] = []
        self._tasks: list[tuple[int, Job]] = []
        self._meanwhile = meanwhile

    @property
    def free(self) -> int:
        return self.jobs - len(self._tasks)

    def start(self, number: int, job: Job) -> None:
        self.begun.append(job)
        self._tasks.append((number, job))

    def hear(self, seconds: float) -> list[Said]:
        del seconds
        number, job = self._tasks.pop(0)
        if self._meanwhile is not None:
            self._meanwhile(job)
        try:
            report = convert(job, WATCHER)
        except VidenhanceError as error:
            return [Said(number, Failed(str(error)))]
        words = Began(report.frames_out, 0), Advanced(report.frames_out), Ended(report)
        return [Said(number, word) for word in words]


def _tree(folder: Path, *names: str) -> Path:
    """Clips under these names, and a folder for outputs."""
    for name in names:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, FEW)
    (folder / "in").mkdir(exist_ok=True)
    return folder


def _events(order: BatchOptions, pool: WorkerPool | None = None) -> list[Event]:
    with Records(order.target) as records:
        return [*Batch(order, records, pool or _Inline()).events()]


def _outcomes(
    order: BatchOptions, pool: WorkerPool | None = None
) -> dict[str, Outcome]:
    found = [e.outcome for e in _events(order, pool) if isinstance(e, Finished)]
    assert len({outcome.source for outcome in found}) == len(found)
    return {outcome.source: outcome for outcome in found}


def _said(order: BatchOptions, pool: WorkerPool | None = None) -> dict[str, str]:
    return {name: o.status.value for name, o in _outcomes(order, pool).items()}


def test_a_tree_is_mirrored(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b/c d.mkv", "b/e/f.mp4"))
    assert set(_said(order).values()) == {"done"}
    for name in ("a.mp4", "b/c d.mkv", "b/e/f.mp4"):
        assert pts_of(order.target / name) == pts_of(order.source / name)


def test_events_tell_of_all_that_happens(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"))
    filled(order.source, "note.txt")
    events = _events(order, _Inline(jobs=1))
    looked, *rest = events
    assert isinstance(looked, Looked)
    assert (len(looked.found.inputs), looked.found.others) == (2, 1)
    kinds = [type(event) for event in rest if not isinstance(event, Ticked)]
    assert kinds == [Moved, Moved, Moved, Finished] * 2
    ticks = [event for event in rest if isinstance(event, Ticked)]
    assert all(tick.waiting + tick.running <= 1 for tick in ticks)
    moved = [event.item for event in rest if isinstance(event, Moved)]
    assert moved[0].share == 1.0


def test_a_second_run_begins_nothing(tmp_path: Path) -> None:
    order, pool = order_for(_tree(tmp_path, "a.mp4", "b.mp4")), _Inline()
    _said(order)
    assert set(_said(order, pool).values()) == {"skipped"}
    assert pool.begun == []


def test_exactly_what_is_not_current_is_made_anew(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"))
    _said(order)
    cut = order.target / "a.mp4"
    cut.write_bytes(cut.read_bytes()[:-50])
    write_clip(order.source / "b.mp4", Clip(pts=range(0, 7 * 512, 512)))
    (order.target / "c.mp4").unlink()
    found = _outcomes(order)
    reasons = {name: o.reason for name, o in found.items() if o.status.value == "done"}
    assert reasons == {
        "a.mp4": "it is shorter than it was made",
        "b.mp4": "the input has changed",
        "c.mp4": "",
    }
    assert len(pts_of(order.target / "b.mp4")) == 7
    assert set(_said(order).values()) == {"skipped"}


def test_other_options_make_anew_what_depends_on_them(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    shutil.copy(Path("samples/before_after.png"), order.source / "p.png")

    def coarser(source: Path, target: Path, kind: Kind) -> Job:
        job = job_for(source, target)
        if kind is Kind.PICTURE:
            return job
        return replace(job, encoding=replace(job.encoding, crf=40))

    _said(order)
    again = _said(replace(order, job_for=coarser))
    assert again == {"a.mp4": "done", "p.png": "skipped"}


def test_one_failure_stops_nothing(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "c.mp4"))
    filled(order.source, "b.mp4")
    found = _outcomes(order)
    assert {n: o.status.value for n, o in found.items()} == {
        "a.mp4": "done",
        "b.mp4": "failed",
        "c.mp4": "done",
    }
    assert "b.mp4 is not a video of a known kind" in found["b.mp4"].reason
    assert not (order.target / "b.mp4").exists()


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"))
    filled(order.target, "a.mp4")
    found = _outcomes(order)
    assert found["a.mp4"].reason == (
        "a.mp4 is in the way: it was not made by this program; -y replaces it"
    )
    assert (order.target / "a.mp4").read_bytes() == b"a.mp4"
    assert _said(replace(order, options=replace(order.options, overwrite=True))) == {
        "a.mp4": "done",
        "b.mp4": "skipped",
    }


def test_all_can_be_made_anew(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    _said(order)
    assert _said(replace(order, options=replace(order.options, again=True))) == {
        "a.mp4": "done"
    }


def test_outputs_whose_record_is_lost_are_known_by_their_stamp(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mkv"))
    _said(order)
    shutil.rmtree(order.target / ".videnhance")
    assert set(_said(order).values()) == {"skipped"}


def test_inputs_that_share_a_name_have_outputs_of_their_own(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mkv"))
    shutil.copy(order.source / "a.mkv", order.source / "a.asf")
    looked = _events(order)[0]
    assert isinstance(looked, Looked)
    assert len(looked.notices) == 1
    assert {p.name for p in order.target.glob("*.mkv")} == {"a.mkv", "a-2.mkv"}
    assert set(_said(order).values()) == {"skipped"}


def test_a_sequence_is_one_input(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path))
    for number in range(3, 14):
        shutil.copy("samples/before_after.png", order.source / f"f{number:03d}.png")
    assert _said(order) == {"f%03d.png": "done"}
    made = sorted(path.name for path in order.target.glob("*.png"))
    assert made == [f"f{number:03d}.png" for number in range(3, 14)]
    assert _said(order) == {"f%03d.png": "skipped"}
    (order.target / "f005.png").write_bytes(b"")
    assert _said(order) == {"f%03d.png": "done"}


def test_the_shortest_may_come_first(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path))
    for name, size in (("a.mp4", 30), ("b.mp4", 10), ("c.mp4", 20)):
        (order.source / name).write_bytes(b"x" * size)
    found = [
        *_outcomes(
            replace(order, options=replace(order.options, order="shortest")),
            _Inline(jobs=1),
        )
    ]
    assert found == ["b.mp4", "c.mp4", "a.mp4"]
    assert [*_outcomes(order, _Inline(jobs=1))] == ["a.mp4", "b.mp4", "c.mp4"]


def test_an_input_that_changes_under_the_work_is_made_again(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    changes = iter([7, 9])

    def change(job: Job) -> None:
        count = next(changes, None)
        if count:
            write_clip(job.source, Clip(pts=range(0, count * 512, 512)))

    assert _said(order, _Inline(1, change)) == {"a.mp4": "done"}
    assert len(pts_of(order.target / "a.mp4")) == 9
    assert _said(order) == {"a.mp4": "skipped"}


def test_an_input_that_keeps_changing_fails(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    lengths = iter(range(6, 100))

    def change(job: Job) -> None:
        write_clip(job.source, Clip(pts=range(0, next(lengths) * 512, 512)))

    pool = _Inline(1, change)
    found = _outcomes(order, pool)
    assert found["a.mp4"].reason == "it keeps changing: run again when it rests"
    assert len(pool.begun) == 3


def test_an_input_that_is_being_copied_waits(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"), options=FolderOptions(settle=0.6))
    events = _events(order)
    waiting = [e.unsettled for e in events if isinstance(e, Ticked)]
    assert waiting[0] == 1
    assert waiting[-1] == 0
    assert isinstance(events[-2], Finished)


def test_a_folder_that_cannot_be_entered_fails(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b/c.mp4"))
    filled(order.target, "b")
    found = _outcomes(order)
    assert found["a.mp4"].status.value == "done"
    assert "cannot be looked at: Not a directory" in found["b/c.mp4"].reason


@pytest.fixture
def network(tmp_path: Path) -> Choice:
    """A network in two precisions."""
    card = write_model(tmp_path / "model", precisions=("float32", "int8"))
    return Choice(str(card), "auto", "cpu", trusted=True)


def test_all_inputs_have_one_precision_in_all_runs(
    tmp_path: Path, network: Choice
) -> None:
    def make(source: Path, target: Path, kind: Kind) -> Job:
        job = job_for(source, target, kind)
        settings = replace(job.settings, strength=1.0)
        return replace(job, settings=settings, choice=network)

    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"), make)
    first, second = _Inline(), _Inline()
    _said(order, first)
    used = {job.choice.precision for job in first.begun}
    assert len(used) == 1
    assert used < {"int8", "float32"}
    write_clip(order.source / "c.mp4", FEW)
    assert _said(order, second)["c.mp4"] == "done"
    assert {job.choice.precision for job in second.begun} == used


def test_what_is_wrong_for_all_ends_the_run(tmp_path: Path) -> None:
    def make(source: Path, target: Path, kind: Kind) -> Job:
        job = job_for(source, target, kind)
        settings = replace(job.settings, strength=1.0)
        return replace(job, settings=settings, choice=Choice(model="nosuch"))

    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"), make)
    with pytest.raises(ModelError, match="nosuch"):
        _events(order)


@pytest.mark.parametrize("target", ["in", ".", "in/../in"])
def test_outputs_among_or_above_the_inputs_are_refused(
    tmp_path: Path, target: str
) -> None:
    _tree(tmp_path)
    with pytest.raises(UsageError, match="is or holds the folder of the inputs"):
        order_for(tmp_path, target=tmp_path / target)


def test_outputs_below_the_inputs_are_no_inputs(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"), target=tmp_path / "in/large")
    assert _said(order) == {"a.mp4": "done"}
    assert _said(order) == {"a.mp4": "skipped"}


def test_a_file_as_folder_of_outputs_is_refused(tmp_path: Path) -> None:
    filled(_tree(tmp_path), "file")
    with pytest.raises(UsageError, match="file is a file: name a folder"):
        order_for(tmp_path, target=tmp_path / "file")


def test_a_folder_of_inputs_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in cannot be read"):
        _events(order_for(tmp_path))


def test_a_rehearsal_says_all_and_does_nothing(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4", "c.mp4"))
    filled(order.target, "b.mp4")
    with Records(order.target, keeps=False) as records:
        found = sorted(rehearsed(order, records))
    places = [line.split(": ")[:2] for line in found if "->" in line]
    assert places == [
        ["a.mp4 -> a.mp4", "to be made"],
        ["b.mp4 -> b.mp4", "failed"],
        ["c.mp4 -> c.mp4", "to be made"],
    ]
    assert [path.name for path in order.target.iterdir()] == ["b.mp4"]


def test_a_watched_folder_is_looked_at_again(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    looks = iter([True, False, True])

    def look() -> bool:
        found = next(looks)
        if found and not (order.source / "b.mp4").exists():
            write_clip(order.source / "b.mp4", FEW)
        return found

    def seen() -> Iterator[str]:
        with Records(order.target) as records:
            events = Batch(order, records, _Inline(), look).events()
            for event in events:
                if isinstance(event, Finished):
                    yield event.outcome.source
                    if event.outcome.source == "b.mp4":
                        events.close()

    assert [*seen()] == ["a.mp4", "b.mp4"]


def test_names_are_as_wished(tmp_path: Path) -> None:
    order = order_for(
        _tree(tmp_path, "a.mp4", "b.mp4"),
        options=FolderOptions(name="{stem}-x2", to=".mkv", exclude=("b*",), settle=0),
    )
    _said(order)
    assert [path.name for path in order.target.glob("*.*v")] == ["a-x2.mkv"]


def test_an_input_that_is_gone_fails_alone(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4", "c.mp4"))

    def lose(job: Job) -> None:
        if job.source.name == "a.mp4":
            for name in ("a.mp4", "b.mp4"):
                (order.source / name).unlink()

    found = _outcomes(order, _Inline(1, lose))
    reasons = {name: outcome.reason for name, outcome in found.items()}
    gone = "the input is gone"
    assert reasons == {"a.mp4": gone, "b.mp4": gone, "c.mp4": ""}


class _Afterwards(_Inline):
    """Does something when a conversion has ended."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__(1)
        self._then = then

    def hear(self, seconds: float) -> list[Said]:
        said = super().hear(seconds)
        self._then()
        return said


def test_an_input_that_goes_when_it_is_read_has_its_output(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    pool = _Afterwards((order.source / "a.mp4").unlink)
    assert _said(order, pool) == {"a.mp4": "done"}


def test_an_output_that_is_moved_away_at_once_fails_alone(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"))
    pool = _Afterwards(lambda: (order.target / "a.mp4").unlink(missing_ok=True))
    assert _said(order, pool) == {"a.mp4": "failed", "b.mp4": "done"}


def test_an_input_that_changes_in_a_redo_is_made_again(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    _said(order)
    write_clip(order.source / "a.mp4", Clip(pts=range(0, 6 * 512, 512)))
    lengths = iter([8])

    def change(job: Job) -> None:
        for count in lengths:
            write_clip(job.source, Clip(pts=range(0, count * 512, 512)))

    assert _said(order, _Inline(1, change)) == {"a.mp4": "done"}
    assert len(pts_of(order.target / "a.mp4")) == 8


def test_a_touched_input_is_not_made_again(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.ts"))
    pool = _Inline(1, lambda job: os.utime(job.source, ns=(0, 7)))
    assert _said(order, pool) == {"a.ts": "done"}
    assert len(pool.begun) == 1


def test_an_input_that_changes_before_its_turn_waits_first(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4"))

    def change(job: Job) -> None:
        if job.source.name == "a.mp4":
            write_clip(order.source / "b.mp4", Clip(pts=range(0, 8 * 512, 512)))

    pool = _Inline(1, change)
    events = _events(order, pool)
    assert [e.item.one.relative for e in events if isinstance(e, PutBack)] == ["b.mp4"]
    assert len(pool.begun) == 2
    assert len(pts_of(order.target / "b.mp4")) == 8


@pytest.mark.parametrize("what", ["folder", "fifo", "link"])
def test_what_is_no_file_is_in_the_way_and_stops_nothing(
    tmp_path: Path, what: str
) -> None:
    order = order_for(
        _tree(tmp_path, "a.mp4", "b.mp4"),
        options=FolderOptions(overwrite=True, settle=0),
    )
    order.target.mkdir()
    place = order.target / "a.mp4"
    if what == "folder":
        place.mkdir()
    elif what == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to("nowhere")
    found = _outcomes(order)
    assert found["a.mp4"].reason == (
        "a.mp4 is in the way: it is a folder, a link or no regular file; remove it"
    )
    assert found["b.mp4"].status.value == "done"


def _shots(order: BatchOptions, count: int) -> None:
    for number in range(count):
        shutil.copy("samples/before_after.png", order.source / f"f{number:03d}.png")


def test_a_sequence_that_has_become_shorter_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    order = order_for(_tree(tmp_path))
    _shots(order, 12)
    _said(order)
    for number in (10, 11):
        (order.source / f"f{number:03d}.png").unlink()
    assert _said(order) == {"f%03d.png": "done"}
    assert len([*order.target.glob("*.png")]) == 10
    assert _said(order) == {"f%03d.png": "skipped"}


def test_pictures_that_become_a_sequence_are_made_as_one(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path))
    _shots(order, 9)
    assert len(_said(order)) == 9
    _shots(order, 10)
    assert _said(order) == {"f%03d.png": "done"}


def test_two_folders_into_one_do_not_replace_each_other(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    _said(order)
    second = replace(order, source=tmp_path / "second")
    second.source.mkdir()
    write_clip(second.source / "a.mp4", Clip(pts=range(0, 7 * 512, 512)))
    found = _outcomes(second)
    assert "it was made of another folder's input" in found["a.mp4"].reason
    assert len(pts_of(order.target / "a.mp4")) == 5


def test_a_folder_that_is_away_for_a_while_ends_no_watch(tmp_path: Path) -> None:
    order = order_for(_tree(tmp_path, "a.mp4"))
    looks = iter(["away", "back", "end"])

    def look() -> bool:
        step = next(looks)
        if step == "away":
            order.source.rename(tmp_path / "away")
        elif step == "back":
            (tmp_path / "away").rename(order.source)
            write_clip(order.source / "b.mp4", FEW)
        return True

    told: list[str] = []
    with Records(order.target) as records:
        events = Batch(order, records, _Inline(), look).events()
        for event in events:
            if isinstance(event, Looked):
                told += event.notices
            if isinstance(event, Finished) and event.outcome.source == "b.mp4":
                break
        events.close()
    assert len(told) == 1
    assert "in cannot be read" in told[0]


def test_files_are_begun_one_after_the_other_without_a_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_for(_tree(tmp_path, "a.mp4", "b.mp4", "c.mp4"))
    rests: list[float] = []
    monkeypatch.setattr(time, "sleep", rests.append)
    _said(order, _Inline(1))
    assert len(rests) <= 1
