"""One conversion as a call: who is told what, and that threads change nothing."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import Clip, Sound, write_clip
from tests.models import network, write_model
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job, default_workers, job_of
from videnhance.conversion.run import convert
from videnhance.errors import InputError, ModelError, OutputError, UsageError
from videnhance.frame import Frame, VideoInfo
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.choice import Choice
from videnhance.models.network import NetworkShape
from videnhance.models.weights import sha256_of
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.report import Report
from videnhance.quality import compare as measuring

pytestmark = pytest.mark.opencv

LOSSLESS = Encoding(codec="ffv1")


@dataclass
class Log:
    """What a watcher was told."""

    begun: list[tuple[VideoInfo, str, int]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    @property
    def watcher(self) -> Watcher:
        """Writes it down."""
        return Watcher(
            lambda info, report: self.begun.append(
                (info, report.engine, report.frames_out)
            ),
            lambda report: self.steps.append(report.frames_out),
        )


@pytest.fixture(scope="module")
def choice(tmp_path_factory: pytest.TempPathFactory) -> Choice:
    """A model that loads at once."""
    card = write_model(tmp_path_factory.mktemp("model"))
    return Choice(str(card), device="cpu", trusted=True)


@pytest.fixture
def job(tmp_path: Path, choice: Choice) -> Job:
    """Seven frames, lossless."""
    clip = Clip(width=70, height=50, pts=range(0, 7 * 512, 512), sounds=(Sound(),))
    source = write_clip(tmp_path / "in.mp4", clip)
    settings = Settings(workers=0)
    return Job(source, tmp_path / "out.mkv", choice, settings, LOSSLESS)


def _frames(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader)


def _same(ours: Path, theirs: Path) -> bool:
    pairs = zip(_frames(ours), _frames(theirs), strict=True)
    return all(
        np.array_equal(*planes)
        for one, other in pairs
        for planes in zip(one.planes, other.planes, strict=True)
    )


def test_the_watcher_hears_of_the_start_and_of_each_frame(job: Job) -> None:
    log = Log()
    report = convert(job, log.watcher)
    ((info, engine, done),) = log.begun
    assert (info.size.width, engine, done) == (70, "tiny float32 on torch", 0)
    # Without threads nothing runs ahead.
    assert log.steps == [1, 2, 3, 4, 5, 6, 7]
    assert (report.frames_in, report.frames_out) == (7, 7)
    assert sum(report.cells.values()) == 7 * 2
    assert [stream["kind"] for stream in report.streams] == ["audio"]
    assert report.seconds["total"] >= report.seconds["writing"] > 0


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("skip", [1, 3])
def test_workers_change_no_sample(job: Job, workers: int, skip: int) -> None:
    inline = replace(job, settings=replace(job.settings, skip=skip))
    convert(inline, Log().watcher)
    settings = replace(inline.settings, workers=workers)
    threaded = replace(job, target=job.target.with_name("b.mkv"), settings=settings)
    log = Log()
    convert(threaded, log.watcher)
    assert len(log.steps) == 7
    assert _same(job.target, threaded.target)


@pytest.mark.parametrize("area", [33 * 33, 48 * 48])
def test_patches_change_no_sample(job: Job, area: int) -> None:
    convert(job, Log().watcher)
    cut = replace(
        job,
        target=job.target.with_name("b.mkv"),
        settings=replace(job.settings, patch_area=area),
    )
    convert(cut, Log().watcher)
    assert _same(job.target, cut.target)


def test_four_times_is_two_times_twice(job: Job) -> None:
    step = replace(job, target=job.target.with_name("half.mkv"))
    convert(step, Log().watcher)
    convert(replace(job, source=step.target), Log().watcher)
    whole = replace(
        job,
        target=job.target.with_name("b.mkv"),
        settings=replace(job.settings, scale=4),
    )
    convert(whole, Log().watcher)
    assert _same(job.target, whole.target)


def test_strength_zero_loads_no_model(job: Job) -> None:
    settings = replace(job.settings, strength=0)
    plain = replace(job, choice=Choice("nosuch"), settings=settings)
    report = convert(plain, Log().watcher)
    assert report.engine == "none: strength is 0"
    assert report.cells == {"network": 0, "reused": 0, "moved": 0, "base": 14}


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_in_the_watcher_leaves_nothing(job: Job, workers: int) -> None:
    def failing(report: Report) -> None:
        raise RuntimeError(f"stopped at {report.frames_out}")

    settings = replace(job.settings, workers=workers)
    watcher = Watcher(lambda info, report: None, failing)
    before = set(job.target.parent.iterdir())
    with pytest.raises(RuntimeError, match="stopped at"):
        convert(replace(job, settings=settings), watcher)
    assert set(job.target.parent.iterdir()) == before


def test_what_cannot_be_is_said_before_the_first_frame(job: Job) -> None:
    log = Log()
    before = set(job.target.parent.iterdir())
    wrong = {
        InputError: replace(job, source=job.source.with_name("none.mp4")),
        OutputError: replace(job, target=job.target.parent / "none" / "out.mkv"),
        ModelError: replace(job, choice=Choice("nosuch")),
    }
    for error, bad in wrong.items():
        with pytest.raises(error):
            convert(bad, log.watcher)
    assert log == Log()
    assert set(job.target.parent.iterdir()) == before


def test_there_is_a_worker_for_each_core() -> None:
    assert default_workers() >= 1


def test_what_is_found_on_the_way_is_told_at_the_end(job: Job) -> None:
    clip = Clip(pts=range(0, 60 * 512, 512), container={"movflags": "faststart"})
    source = write_clip(job.source.with_name("cut.mp4"), clip)
    os.truncate(source, source.stat().st_size * 2 // 3)
    report = convert(replace(job, source=source), Log().watcher)
    assert not any("cut off" in words for words in report.notices)
    assert any("cut off" in words for words in report.later_notices)
    assert report.damaged_packets > 0


def test_a_file_of_weights_is_a_model_and_its_hash_is_reported(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights = tmp_path / "other.pth"
    shape = NetworkShape(3, 4, 1, 2, "prelu")
    torch.save({"params": network(shape).state_dict()}, weights)
    choice = Choice(str(weights), "int8", "cpu")
    log = Log()
    report = convert(replace(job, choice=choice), log.watcher)
    assert report.frames_out == 7
    assert report.engine.startswith("other int8")
    assert set(report.model_files) == {"other.pth", "other.int8.pt"}
    assert report.model_files["other.pth"] == sha256_of(weights)
    assert "model_files" in report.as_json()


# Beside the source.


def test_the_output_is_measured_beside_its_source(job: Job) -> None:
    part = replace(job, options=ConvertOptions(compare=True, max_frames=5))
    report = convert(part, Log().watcher)
    assert report.comparison["frames"] == 5
    assert report.comparison["size"] == "70x50"
    [made] = report.comparison["compared"]
    assert made["metrics"]["psnr"]["mean"] > 20
    [words] = [w for w in report.later_notices if "beside the source" in w]
    assert words.startswith("beside the source, 70x50: PSNR-Y")
    assert report.as_json()["comparison"] == report.comparison


def test_what_cannot_be_measured_is_no_failure(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object, **named: object) -> None:
        raise InputError("it is gone")

    monkeypatch.setattr(measuring, "compared", fails)
    report = convert(replace(job, options=ConvertOptions(compare=True)), Log().watcher)
    assert report.comparison == {}
    assert "not compared with the source: it is gone" in report.later_notices
    assert job.target.exists()


def test_an_interrupted_measuring_leaves_the_output(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    said: list[str] = []
    monkeypatch.setattr(measuring, "compared", interrupted)
    watcher = replace(Log().watcher, says=said.append)
    with pytest.raises(KeyboardInterrupt):
        convert(replace(job, options=ConvertOptions(compare=True)), watcher)
    assert said[-1] == "the output is whole; it is not measured"
    assert job.target.exists()


@pytest.mark.parametrize("names", [("-", "out.mp4"), ("in.mp4", "-")])
def test_a_pipe_is_not_measured(names: tuple[str, str]) -> None:
    source, target = map(Path, names)
    with pytest.raises(UsageError, match="--compare reads both"):
        job_of(source, target, options=ConvertOptions(compare=True))
