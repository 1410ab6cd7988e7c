"""`model train`: a run from stills to a network; kill -9; the held-out comparison."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tests.stills import write_still
from videnhance.cli import app
from videnhance.errors import UsageError
from videnhance.models.network import PRESETS, NetworkShape, SRVGGNetLightweight
from videnhance.models.weights import read_network
from videnhance.training import data
from videnhance.training.data import Samples
from videnhance.training.dataset import Material
from videnhance.training.degrade import Mix
from videnhance.training.recipe import RECIPES, Recipe, suited
from videnhance.training.teacher import Lesson
from videnhance.training.train import (
    Course,
    Difference,
    base_psnr,
    compared,
    held_psnr,
    run,
)

SHORT = Recipe(steps=6, batch=2, crop=16, warm_up=2)


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[None]:
    torch.set_num_threads(1)
    # A fork of a process in which OpenCV has run threads hangs at OpenCV's first call.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            data, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(2)
        )
        yield


@pytest.fixture(scope="module")
def stills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six stills."""
    folder = tmp_path_factory.mktemp("stills")
    for n in range(6):
        write_still(folder / f"{n}.png", 140 + 2 * n, 130, n)
    return folder


@pytest.fixture
def course(stills: Path, tmp_path: Path) -> Course:
    """A short run of the fast network."""
    material = Material((stills,), Mix.FIDELITY)
    return Course(material, tmp_path / "run", "fast", SHORT, every=2)


def test_a_run_leaves_network_log_and_picture(course: Course) -> None:
    points = list(run(course))
    assert [(point.step, steps) for point, steps in points] == [(2, 6), (4, 6), (6, 6)]
    names = {path.name for path in course.work.iterdir() if path.is_file()}
    kept = {"checkpoint.pt", "checkpoint.stable.pt"}
    assert names == kept | {"network.pth", "log.csv", "curve.png"}
    made = read_network(str(course.work / "network.pth"))
    assert made.shape == PRESETS["fast"]
    held = Samples.load(course.work / "held")
    assert held_psnr(made, held) == points[-1][0].psnr


def test_a_run_is_not_taken_for_another(course: Course) -> None:
    next(run(course))
    with pytest.raises(UsageError, match=r"holds an unfinished .*add --resume"):
        next(run(course))
    again = replace(course, resume=True)
    assert [point.step for point, _ in run(again)] == [4, 6]


def test_the_report_runs_for_epochs_and_keeps_each(course: Course) -> None:
    recipe = replace(RECIPES["report"], crop=16)
    reported = replace(course, recipe=recipe, epochs=3)
    steps = [point.step for point, _ in run(reported)]
    assert steps == [1, 2, 3]
    names = sorted(path.name for path in course.work.glob("epoch-*.pth"))
    assert names == ["epoch-01.pth", "epoch-02.pth", "epoch-03.pth"]


def test_a_network_of_no_effect_is_the_base(course: Course) -> None:
    next(run(course))
    flat = SRVGGNetLightweight(PRESETS["fast"])
    with torch.no_grad():
        for weights in flat.parameters():
            weights.zero_()
    held = Samples.load(course.work / "held")
    assert held_psnr(flat, held) == pytest.approx(base_psnr(held), abs=1e-4)


def test_another_start_is_refused(course: Course) -> None:
    with pytest.raises(UsageError, match=r"--start default is .*choose the preset"):
        next(run(replace(course, start="default")))


def test_a_teacher_is_asked_once_for_each_sample(
    course: Course, tmp_path: Path
) -> None:
    teacher = NetworkShape(channels=3, features=4, convs=1, scale=4, activation="prelu")
    state = SRVGGNetLightweight(teacher).state_dict()
    torch.save({"params": state}, tmp_path / "large.pth")
    taught = replace(course, lesson=Lesson(tmp_path / "large.pth", 0.5))
    list(run(taught))
    [made] = (course.work / "samples").glob("taught.*.raw")
    assert made.stat().st_size == (course.work / "samples/residual.raw").stat().st_size
    with pytest.raises(UsageError, match="another teacher's share"):
        list(run(replace(course, resume=True)))


def test_adapting_to_noise_helps_on_noise_that_was_not_seen(
    tmp_path: Path, stills: Path
) -> None:
    material = Material((stills,), Mix.RESTORE, clips=12)
    recipe = replace(
        SHORT, steps=40, batch=4, crop=32, learning_rate=4e-4, settle_from=0.3
    )
    recipe = suited(recipe, material.mix)
    course = Course(
        material, tmp_path / "run", "default", recipe, start="default", every=40
    )
    list(run(course))
    found = compared(course)
    # These stills are half grain, which the strong mix codes away.
    assert found.after > found.before + 0.1, found
    assert found.is_better
    assert "better: use it" in found.lines()[-1]
    unchanged = replace(found, after=found.before)
    assert "not better: keep the one before" in unchanged.lines()[-1]
    with pytest.raises(UsageError, match="nothing to compare with"):
        compared(replace(course, start=None))


def test_the_command_trains_and_goes_on(stills: Path, tmp_path: Path) -> None:
    work = tmp_path / "run"
    line = _line(stills, work)[:-1]
    done = CliRunner().invoke(app, [*line, "3"])
    assert done.exit_code == 0, done.output
    assert "network.pth" in done.stderr
    assert CliRunner().invoke(app, [*line, "3"]).exit_code == 2
    assert CliRunner().invoke(app, [*line, "5", "--resume"]).exit_code == 0
    assert _rows(work)[-1]["step"] == "5"


@pytest.mark.parametrize("more", [["--steps", "5"], ["--finetune"]])
def test_the_report_takes_no_other_length(
    stills: Path, tmp_path: Path, more: list[str]
) -> None:
    line = ["model", "train", str(stills), "--to", str(tmp_path), "--recipe", "report"]
    done = CliRunner().invoke(app, [*line, *more])
    assert done.exit_code == 2
    assert "runs ten epochs" in done.stderr


def _rows(work: Path) -> list[dict[str, str]]:
    if not (work / "log.csv").exists():
        return []
    with (work / "log.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _line(stills: Path, work: Path, *more: str) -> list[str]:
    line = ["model", "train", str(stills), "--to", str(work), "--preset", "fast"]
    line += ["--mix", "fidelity", "--threads", "1", "--every", "2", "--steps", "12"]
    return [*line, *more]


def _killed(line: list[str], work: Path) -> None:
    """Runs the line in a process that is killed after its first point."""
    command = [sys.executable, "-m", "videnhance", *line]
    process = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and not _rows(work):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_a_killed_run_ends_with_the_same_digits(stills: Path, tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    assert CliRunner().invoke(app, _line(stills, alone)).exit_code == 0
    for name in ("samples", "held"):
        shutil.copytree(alone / name, killed / name)
    _killed(_line(stills, killed), killed)
    assert 0 < len(_rows(killed)) < 6
    done = CliRunner().invoke(app, _line(stills, killed, "--resume"))
    assert done.exit_code == 0
    ends = [_rows(work)[-1] for work in (alone, killed)]
    assert [end["step"] for end in ends] == ["12", "12"]
    assert (ends[0]["loss"], ends[0]["psnr"]) == (ends[1]["loss"], ends[1]["psnr"])
    weights = [
        read_network(str(work / "network.pth")).state_dict() for work in (alone, killed)
    ]
    assert all(torch.equal(v, weights[1][k]) for k, v in weights[0].items())
    assert np.isfinite(float(ends[0]["loss"]))


@pytest.mark.parametrize(
    ("after", "better"), [(33.5, True), (33.02, True), (33.01, False), (32.9, False)]
)
def test_less_than_another_seed_would_change_is_not_better(
    after: float, better: bool
) -> None:
    found = Difference(base=31.0, before=33.0, after=after, samples=8)
    assert found.is_better is better
    assert found.lines()[2] == "  before  33.000 dB (+2.000)"
