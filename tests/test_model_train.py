"""Training: it learns, and goes on after a stop as if there had been none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from videnhance.model.data import Samples
from videnhance.model.network import NetworkShape, SRVGGNetLightweight
from videnhance.model.train import Progress, Recipe, trained

SHAPE = NetworkShape(features=4, convs=1)
RECIPE = Recipe(
    steps=6, batch=2, crop=12, warm_up=2, squared_from=0.6, float32_from=0.8
)


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Grain, whose residual is a share of the grain itself: easy to learn."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (3, 32, 32), np.uint8)
    twice = small.repeat(2, axis=1).repeat(2, axis=2)
    return Samples(small, ((twice.astype(np.int16) - 128) * 16))


def _run(samples: Samples, recipe: Recipe, path: Path, every: int) -> list[Progress]:
    return list(trained(SHAPE, samples, recipe, path, every))


def _same(ours: nn.Module, theirs: nn.Module) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


def test_a_short_run_gives_finite_losses(samples: Samples, tmp_path: Path) -> None:
    found = _run(samples, RECIPE, tmp_path / "a.pt", every=2)
    assert [progress.step for progress in found] == [2, 4, 6]
    assert all(np.isfinite(progress.loss) and progress.loss > 0 for progress in found)
    assert isinstance(found[-1].network.body[0], nn.Conv2d)


def test_training_learns(samples: Samples, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=80, warm_up=5, squared_from=1, average=0.9)
    found = _run(samples, recipe, tmp_path / "a.pt", every=20)
    assert found[-1].loss < 0.8 * found[0].loss


def test_what_is_kept_is_the_average(samples: Samples, tmp_path: Path) -> None:
    last = _run(samples, RECIPE, tmp_path / "a.pt", every=6)[-1]
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    wide = SRVGGNetLightweight(SHAPE, collapsible=True)
    wide.load_state_dict(state["average"])
    assert _same(wide.folded(), last.network)
    wide.load_state_dict(state["network"])
    assert not _same(wide.folded(), last.network)


def test_a_resumed_run_ends_as_one_that_never_stopped(
    samples: Samples, tmp_path: Path
) -> None:
    whole = _run(samples, RECIPE, tmp_path / "whole.pt", every=3)
    stopped = trained(SHAPE, samples, RECIPE, tmp_path / "parts.pt", every=3)
    assert next(stopped).step == 3
    stopped.close()  # type: ignore[attr-defined]  # a generator
    rest = _run(samples, RECIPE, tmp_path / "parts.pt", every=3)
    assert [progress.step for progress in rest] == [6]
    assert rest[0].loss == whole[1].loss
    assert _same(rest[0].network, whole[1].network)
    states = [
        torch.load(tmp_path / name, weights_only=True)
        for name in ("whole.pt", "parts.pt")
    ]
    assert str(states[0]) == str(states[1])


def test_a_finished_run_does_nothing(samples: Samples, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    _run(samples, RECIPE, path, every=6)
    before = path.read_bytes()
    assert _run(samples, RECIPE, path, every=6) == []
    assert path.read_bytes() == before


def test_the_seed_decides(samples: Samples, tmp_path: Path) -> None:
    one, same, other = (
        _run(samples, replace(RECIPE, seed=seed), tmp_path / f"{n}.pt", 6)[-1]
        for n, seed in enumerate((1, 1, 2))
    )
    assert one.loss == same.loss
    assert _same(one.network, same.network)
    assert not _same(one.network, other.network)


def test_a_checkpoint_is_whole_or_the_old_one(
    samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    run = trained(SHAPE, samples, RECIPE, path, every=2)
    next(run)
    before = path.read_bytes()

    def torn(state: object, file: Path) -> None:
        Path(file).write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(OSError, match="disk is full"):
        next(run)
    assert path.read_bytes() == before
    monkeypatch.undo()
    assert _run(samples, RECIPE, path, every=2)[0].step == 4
    assert {p.name for p in tmp_path.iterdir()} == {"a.pt"}


def test_the_rate_warms_up_and_dies_away() -> None:
    recipe = Recipe(steps=1000, warm_up=100)
    rates = [recipe.rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(recipe.learning_rate / 100)
    assert max(rates) == rates[99] == recipe.learning_rate
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert rates[-1] < 2e-6
