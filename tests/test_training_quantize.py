"""`model quantize`: what is written runs, and what is said was measured."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tests.clips import Clip, write_clip
from tests.models import REPORT, TINY, network
from tests.stills import write_still
from videnhance.cli import app
from videnhance.errors import InputError, UsageError
from videnhance.models import program
from videnhance.models.choice import Choice
from videnhance.models.runtime import load
from videnhance.models.weights import write_network
from videnhance.training import measure
from videnhance.training.clips import still_jobs
from videnhance.training.data import Item, Samples, residual_of
from videnhance.training.measure import known_stills
from videnhance.training.qat import Rounding
from videnhance.training.quantize import (
    Kind,
    Quantizing,
    calibration_of,
    dynamic,
    quantized,
)


@pytest.fixture
def small_frames() -> Iterator[None]:
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "_HEIGHT", 24)
        patch.setattr(measure, "_WIDTH", 32)
        patch.setattr(program, "_BATCHES", 2)
        patch.setattr(program, "_SIDE", 32)
        yield


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """Two stills."""
    for n in range(2):
        write_still(tmp_path / "stills" / f"{n}.png", 120, 100, n)
    return tmp_path / "stills"


@pytest.fixture
def job(tmp_path: Path, stills: Path, small_frames: None) -> Quantizing:
    """A tiny network to be quantized on two stills."""
    write_network(network(TINY, seed=1), tmp_path / "a.pth")
    return Quantizing(
        str(tmp_path / "a.pth"),
        Kind.STATIC,
        tmp_path / "made",
        "tiny",
        (stills,),
        tests=tuple(known_stills(stills)),
    )


def test_static_makes_a_model_that_runs(job: Quantizing) -> None:
    result = quantized(job)
    assert result.card == job.target / "tiny.json"
    pixels = job.tests[0].seen(1)[None]
    codes = [
        load(Choice(str(result.card), precision, "cpu", trusted=True))(pixels)
        for precision in ("float32", "int8")
    ]
    error = np.abs(codes[0].astype(int) - codes[1])
    assert error.max() <= 2
    assert np.std(codes[0]) > 1
    assert abs(result.before.psnr - result.after.psnr) < 0.5
    assert len(result.sensitivity) == 3
    card = json.loads(result.card.read_text(encoding="utf-8"))
    assert card["quality"]["x2 PSNR-Y of 2 test stills, int8"] == pytest.approx(
        result.after.psnr, abs=1e-3
    )
    assert len(result.lines()) == 6


def test_mixed_keeps_the_most_sensitive_in_float(job: Quantizing) -> None:
    result = quantized(replace(job, float_layers=1))
    worst = min(range(3), key=result.sensitivity.__getitem__)
    assert result.kept == (worst,)
    assert ", kept in float" in result.lines()[3 + worst]
    assert load(Choice(str(result.card), "int8", "cpu", trusted=True)).halo == 3


def test_two_sets_of_weights_can_be_mixed(job: Quantizing, tmp_path: Path) -> None:
    other = tmp_path / "b.pth"
    write_network(network(TINY, seed=7), other)
    whole = quantized(replace(job, model=str(other)))
    mixed = quantized(replace(job, mix_with=str(other), share=1.0))
    assert mixed.before.psnr == pytest.approx(whole.before.psnr, abs=1e-6)
    assert quantized(job).before.psnr != pytest.approx(whole.before.psnr, abs=1e-3)


def test_qat_trains_on_the_samples_of_a_run(job: Quantizing, stills: Path) -> None:
    folder = job.target.parent / "samples"
    jobs = still_jobs(sorted(stills.iterdir()), 1)
    _store([item for run in jobs for item in run()], folder)
    trained = replace(
        job, kind=Kind.QAT, samples=folder, rounding=Rounding(3, 2, 16, 1e-3)
    )
    assert quantized(trained).after.psnr != quantized(job).after.psnr
    with pytest.raises(UsageError, match="--samples RUN/samples"):
        quantized(replace(trained, samples=None))


def _store(items: list[Item], folder: Path) -> None:
    held = Samples.of(items)
    folder.mkdir()
    held.small.tofile(folder / "small.raw")
    held.residual.tofile(folder / "residual.raw")
    np.save(folder / "places.npy", held.places)


def test_dynamic_changes_nothing_and_says_so(job: Quantizing) -> None:
    before, after, changed = dynamic(job)
    assert changed == 0
    assert (before.nbytes, before.psnr) == (after.nbytes, after.psnr)
    line = ["model", "quantize", job.model, "--type", "dynamic"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert "changed 0 layers: it knows no convolutions" in done.stdout


def test_the_command_says_what_it_measured(job: Quantizing, stills: Path) -> None:
    line = ["model", "quantize", job.model, "--calibrate", str(stills)]
    assert CliRunner().invoke(app, line).exit_code == 2
    done = CliRunner().invoke(app, [*line, "--to", str(job.target), "--name", "b"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].startswith("int8 ")
    assert (job.target / "b.int8.pt").exists()


def test_the_reports_network_is_quantized_by_calibration_alone(
    job: Quantizing,
) -> None:
    write_network(network(REPORT), Path(job.model))
    result = quantized(job)
    assert abs(result.before.psnr - result.after.psnr) < 0.5
    assert (result.sensitivity, len(result.lines())) == ((), 2)
    for more in ({"kind": Kind.QAT}, {"float_layers": 1}):
        with pytest.raises(UsageError, match="has prelu: only networks with ReLU"):
            quantized(replace(job, **more))


def test_stills_are_halved_and_cut(tmp_path: Path) -> None:
    write_still(tmp_path / "a.png", 300, 200, 1)
    write_still(tmp_path / "b.png", 220, 260, 2)
    batches = calibration_of([tmp_path], 1, samples=None)
    assert [batch.shape for batch in batches] == [(8, 1, 96, 96)] * 24
    assert 0 <= float(batches[0].min()) < float(batches[0].max()) <= 1
    again = calibration_of([tmp_path], 1, samples=None)
    assert all(map(torch.equal, batches, again))


def test_the_users_clip_is_taken_as_it_is(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 8 * 512, 512)))
    batches = calibration_of([clip], 1, samples=None)
    assert batches[0].shape == (8, 1, 48, 48)


def test_samples_do_if_nothing_is_named() -> None:
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    samples = Samples.of([(small, residual_of(small, large))])
    assert calibration_of([], 3, samples=samples)[0].shape == (8, 3, 30, 30)


def test_nothing_to_calibrate_with_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name stills or a clip by --calibrate"):
        calibration_of([tmp_path], 1, samples=None)
