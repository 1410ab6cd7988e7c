"""A time budget of a file: what is chosen, said, kept in the journal, gone on with."""

import time
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.clips import Clip, write_clip
from tests.models import write_model
from videnhance.conversion import load_model, time_budget
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job, TimeBudget, job_of
from videnhance.conversion.preflight import preflight
from videnhance.conversion.resolve import LoadedModel, ResolvedJob, resolve
from videnhance.conversion.run import convert
from videnhance.conversion.time_budget import with_budget
from videnhance.conversion.workdir import journal_lines, kept_frames
from videnhance.errors import OtherWorkError, UsageError
from videnhance.frame import VideoInfo
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.card import find_card
from videnhance.models.runtime import Network
from videnhance.options import ConvertOptions
from videnhance.pipeline.pace import Schedule
from videnhance.pipeline.report import Report

pytestmark = pytest.mark.opencv
FRAMES = 12
SILENT = Watcher(lambda info, report: None, lambda report: None)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that loads at once."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A short clip."""
    clip = Clip(width=70, height=50, pts=range(0, FRAMES * 512, 512))
    return write_clip(tmp_path / "in.mp4", clip)


def _job(source: Path, card: Path | None, **chosen: Any) -> Job:  # noqa: ANN401
    if card is not None:
        chosen |= {"model": card, "trust_model": True, "precision": "float32"}
    chosen = {"workers": 0, "codec": "ffv1", "segment": 4, **chosen}
    target = source.with_name("out.mkv")
    return job_of(source, target, options=ConvertOptions(**chosen))


@pytest.mark.parametrize("workers", [0, 2])
def test_with_time_enough_the_network_sees_all(
    source: Path, card: Path, workers: int
) -> None:
    told: list[dict[str, Any]] = []
    job = _job(source, card, target_fps=0.01, workers=workers)
    watcher = Watcher(
        lambda info, report: told.append(dict(report.budget)), lambda report: None
    )
    report = convert(job, watcher)
    words = {
        "asked": "--target-fps 0.01, 0.01 frames a second",
        "chosen": "the network on all parts of every frame",
    }
    assert told == [words]
    assert report.budget["kept"]
    assert set(report.cells) - {k for k, n in report.cells.items() if not n} <= {
        "network",
        "reused",
    }
    assert report.frames_written == FRAMES


@pytest.mark.parametrize("workers", [0, 2])
def test_what_cannot_be_is_said_before_and_done_as_fast_as_it_goes(
    source: Path, card: Path, workers: int
) -> None:
    said: list[str] = []
    job = _job(source, card, deadline=0.001, workers=workers)
    report = convert(
        job, Watcher(lambda info, r: said.extend(r.notices), lambda r: None)
    )
    assert any("is more than this machine can do" in words for words in said)
    assert report.budget["kept"] is False
    assert report.budget["network"] == 0
    assert report.frames_written == FRAMES
    with VideoReader(job.target) as reader:
        assert sum(1 for _ in reader) == FRAMES


class _Killed(Exception):
    pass


def _killed_after(job: Job, frames: int) -> None:
    def advanced(report: Report) -> None:
        if report.frames_written == frames:
            raise _Killed

    with pytest.raises(_Killed):
        convert(job, Watcher(lambda info, report: None, advanced))


def test_a_run_goes_on_under_another_budget_with_what_was_chosen_kept(
    source: Path, card: Path
) -> None:
    job = _job(source, card, deadline="1h")
    _killed_after(job, 10)
    assert kept_frames(job.target) == 8
    segments = [line["segment"] for line in journal_lines(job.target)[1:]]
    for segment in segments:
        assert segment["chosen"]["seconds"] > 0
        assert segment["chosen"]["network"] > 0
    report = convert(_job(source, card, realtime=True), SILENT)
    assert (report.frames_kept, report.frames_out) == (8, 4)
    with VideoReader(job.target) as reader:
        assert sum(1 for _ in reader) == FRAMES


def test_what_earlier_runs_took_is_off_a_duration(
    source: Path, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    plain = time_budget._schedule

    def noted(budget: TimeBudget, info: VideoInfo, worked: float) -> Schedule:
        found.append(worked)
        return plain(budget, info, worked)

    job = _job(source, card, deadline="1h")
    _killed_after(job, 10)
    lines = journal_lines(job.target)[1:]
    spent = sum(line["segment"]["chosen"]["seconds"] for line in lines)
    monkeypatch.setattr(time_budget, "_schedule", noted)
    convert(job, SILENT)
    assert found[-1] > spent > 0


def test_a_budget_is_not_mixed_with_none(source: Path, card: Path) -> None:
    _killed_after(_job(source, card, realtime=True), 10)
    with pytest.raises(OtherWorkError, match="time budget: True then, None now"):
        convert(_job(source, card), SILENT)


def test_a_picture_gets_all_it_needs(source: Path, card: Path) -> None:
    job = _job(source, card, realtime=True, max_frames=1, codec=None)
    job = replace(job, target=source.with_name("out.png"))
    report = convert(job, SILENT)
    assert any("is for videos" in words for words in report.notices)
    assert report.budget == {}


def test_preflight_says_what_would_be_chosen(source: Path, card: Path) -> None:
    found = preflight(_job(source, card, target_fps=0.01))
    assert found.budget["chosen"] == "the network on all parts of every frame"
    line = next(line for line in found.lines() if line.startswith("budget "))
    assert "--target-fps 0.01" in line
    assert found.as_json()["budget"] == found.budget
    assert not preflight(_job(source, card)).budget


def test_a_source_must_say_what_a_budget_needs(source: Path, card: Path) -> None:
    with VideoReader(source) as reader:
        info = reader.info
    for budget, unknown, words in (
        (TimeBudget("--deadline 2h", seconds=7200), {"frames": None}, "how many"),
        (TimeBudget("--realtime", realtime=True), {"rate": Fraction(0)}, "its rate"),
    ):
        with pytest.raises(UsageError, match=words):
            time_budget._schedule(budget, replace(info, **unknown), 0.0)


def test_a_time_of_day_that_is_over_leaves_nothing(source: Path) -> None:
    with VideoReader(source) as reader:
        info = reader.info
    budget = TimeBudget("--deadline 18:30", until=time.time() - 60)
    assert time_budget._schedule(budget, info, 0.0).interval(0, 0.0) == 0
    budget = TimeBudget("--deadline 18:30", until=time.time() + 1000)
    interval = time_budget._schedule(budget, info, 500.0).interval(0, 0.0)
    assert interval == pytest.approx(1000 / FRAMES, rel=0.05)


# The model.


@pytest.fixture
def speed(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Millions of pixels a second of each model, which are not loaded."""
    speeds = {"default": 100.0, "fast": 300.0}

    def loaded(work: ResolvedJob) -> LoadedModel:
        name = work.job.choice.model
        script: Any = torch.nn.Identity()
        network = Network(find_card(name), "int8", "x86", script, speeds[name])
        return LoadedModel(network, name, {})

    monkeypatch.setattr(load_model, "loaded_model", loaded)
    return speeds


def _picked(job: Job) -> str:
    with VideoReader(job.source) as reader:
        work, model = with_budget(job, reader.info)
    assert work.job.choice.model == model.words
    return model.words


def test_a_lighter_model_is_taken_where_the_first_is_far_too_dear(
    source: Path, speed: dict[str, float]
) -> None:
    job = _job(source, None, target_fps=50.0, workers=1)
    assert _picked(job) == "default"
    speed["default"] = 0.1  # 0.14 are needed
    assert _picked(job) == "fast"
    assert _picked(_job(source, None, target_fps=20.0, workers=1)) == "default"
    assert _picked(_job(source, None, workers=1)) == "default"


def test_who_names_a_model_gets_it(source: Path, speed: dict[str, float]) -> None:
    speed["default"] = 0.01
    job = _job(source, None, target_fps=50.0, model="default")
    assert _picked(job) == "default"


def test_begun_work_keeps_its_model(
    source: Path, speed: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(source, None, target_fps=50.0)
    for model, pace in (("fast", 100.0), ("default", 0.01)):
        recorded = partial(replace, recorded={"model": model})
        monkeypatch.setattr(
            time_budget, "resolve", lambda *args, r=recorded: r(resolve(*args))
        )
        speed["default"] = pace
        assert _picked(job) == model
