"""Training: it learns, and goes on after a stop as if there had been none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models import network
from videnhance.errors import ModelError, UsageError
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.training.data import RESIDUAL_UNIT, Samples
from videnhance.training.losses import loss_of
from videnhance.training.recipe import RECIPES, Draw, Loss, Method, Recipe
from videnhance.training.trainer import (
    Progress,
    Trainer,
    batch_of,
    epoch_steps,
    stable_path,
    trained,
)

SHAPE = NetworkShape(features=4, convs=1)
RECIPE = Recipe(steps=6, batch=2, crop=12, warm_up=2, settle_from=0.6, float32_from=0.8)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    # Two would wait for each other at every tiny layer.
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Grain, whose residual is a share of the grain itself: easy to learn."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (3, 32, 32), np.uint8)
    twice = (small.repeat(2, axis=1).repeat(2, axis=2).astype(np.int16) - 128) * 16
    return Samples.of(
        [(a[..., None], b[..., None]) for a, b in zip(small, twice, strict=True)]
    )


def _run(samples: Samples, recipe: Recipe, path: Path, every: int) -> list[Progress]:
    return list(trained(Trainer(SHAPE, samples, recipe), path, every))


def _same(ours: nn.Module, theirs: nn.Module) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize(
    ("loss", "ratio"), [(Loss.LOGARITHM, 1), (Loss.ROOT, 10), (Loss.SQUARED, 100)]
)
def test_how_much_more_a_bad_crop_counts_at_the_end(loss: Loss, ratio: int) -> None:
    """Of two crops, one ten times as wrong as the other, one gets a tenth better."""
    recipe = replace(RECIPE, loss=loss)
    crops = torch.tensor([0.02, 0.2]).reshape(2, 1, 1, 1).expand(2, 1, 4, 4)
    better = torch.tensor([[0.9, 1.0], [1.0, 0.9]]).reshape(2, 2, 1, 1, 1)
    zero = torch.zeros_like(crops)
    before, *after = (
        loss_of(crops * b, zero, recipe=recipe, base=zero, step=recipe.steps)
        for b in (torch.ones(1), *better)
    )
    gains = [float(before - loss) for loss in after]
    assert min(gains) > 0
    assert gains[1] / gains[0] == pytest.approx(ratio, rel=0.05)


def test_a_short_run_gives_finite_losses(samples: Samples, tmp_path: Path) -> None:
    found = _run(samples, RECIPE, tmp_path / "a.pt", every=2)
    assert [progress.step for progress in found] == [2, 4, 6]
    assert all(np.isfinite(progress.loss) for progress in found)
    assert isinstance(found[-1].network.body[0], nn.Conv2d)


def test_training_learns(samples: Samples, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=80, warm_up=5, settle_from=1, average=0.9)
    found = _run(samples, recipe, tmp_path / "a.pt", every=20)
    assert found[-1].loss < 0.8 * found[0].loss


def test_what_is_kept_is_the_average(samples: Samples, tmp_path: Path) -> None:
    recipe = replace(RECIPE, collapsible=True)
    last = _run(samples, recipe, tmp_path / "a.pt", every=6)[-1]
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    wide = SRVGGNetLightweight(SHAPE, collapsible=True)
    wide.load_state_dict(state["average"])
    assert _same(wide.folded(), last.network)
    wide.load_state_dict(state["network"])
    assert not _same(wide.folded(), last.network)


@pytest.mark.parametrize("method", Method)
def test_a_resumed_run_ends_as_one_that_never_stopped(
    method: Method, samples: Samples, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, method=method)
    whole = _run(samples, recipe, tmp_path / "whole.pt", every=3)
    stopped = trained(Trainer(SHAPE, samples, recipe), tmp_path / "parts.pt", every=3)
    assert next(stopped).step == 3
    stopped.close()  # type: ignore[attr-defined]  # a generator
    rest = _run(samples, recipe, tmp_path / "parts.pt", every=3)
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
    run = trained(Trainer(SHAPE, samples, RECIPE), path, every=2)
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
    assert {p.name for p in tmp_path.iterdir()} == {"a.pt", "a.stable.pt"}


def test_more_steps_go_on_from_before_the_rate_fell(
    samples: Samples, tmp_path: Path
) -> None:
    longer = replace(RECIPE, steps=12, float32_from=1.0)
    whole = _run(samples, longer, tmp_path / "whole.pt", every=12)
    shorter = replace(longer, steps=8)
    _run(samples, shorter, tmp_path / "parts.pt", every=8)
    assert stable_path(tmp_path / "parts.pt").name == "parts.stable.pt"
    rest = _run(samples, longer, tmp_path / "parts.pt", every=12)
    assert _same(rest[-1].network, whole[-1].network)


def test_fewer_steps_than_are_done_are_refused(
    samples: Samples, tmp_path: Path
) -> None:
    _run(samples, RECIPE, tmp_path / "a.pt", every=6)
    with pytest.raises(UsageError, match=r"is at step 4, .* give more steps"):
        _run(samples, replace(RECIPE, steps=4), tmp_path / "a.pt", every=2)


@pytest.mark.parametrize("change", [{"batch": 3}, {"seed": 9}, {"crop": 10}])
def test_another_run_does_not_go_on(
    samples: Samples, tmp_path: Path, change: dict[str, int]
) -> None:
    next(trained(Trainer(SHAPE, samples, RECIPE), tmp_path / "a.pt", every=2))
    other = replace(RECIPE, **change)  # type: ignore[arg-type]  # whole numbers
    with pytest.raises(UsageError, match=f"another {next(iter(change))}; use the same"):
        _run(samples, other, tmp_path / "a.pt", every=2)


def test_what_is_no_checkpoint_is_named(samples: Samples, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"half a checkpoint")
    with pytest.raises(ModelError, match=r"a\.pt is no checkpoint: .* start over"):
        _run(samples, RECIPE, tmp_path / "a.pt", every=2)


def test_an_epoch_sees_each_sample_once(samples: Samples) -> None:
    recipe = replace(RECIPE, draw=Draw.EPOCHS, batch=2)
    assert epoch_steps(samples, recipe) == 2
    trainer = Trainer(SHAPE, samples, recipe)
    sizes = [len(batch_of(trainer, step)[0]) for step in range(4)]
    assert sizes == [2, 1, 2, 1]
    # Flat samples would do: what is drawn is told by its mean alone.
    one, two = ([batch_of(trainer, 2 * n + m)[0] for m in (0, 1)] for n in (0, 1))
    assert not np.array_equal(one[0], two[0])


def test_the_recipe_of_the_report_learns(samples: Samples, tmp_path: Path) -> None:
    report = replace(RECIPES["report"], steps=40, crop=12, batch=2, learning_rate=1e-3)
    assert report.loss is Loss.ABSOLUTE
    found = _run(samples, report, tmp_path / "a.pt", every=10)
    assert found[-1].loss < found[0].loss
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    # No average: what is kept is what was trained.
    assert all(torch.equal(v, state["average"][k]) for k, v in state["network"].items())


def test_a_teacher_pulls_the_student(samples: Samples, tmp_path: Path) -> None:
    flat = np.full_like(samples.residual, round(0.25 * 255 / RESIDUAL_UNIT))
    recipe = replace(RECIPE, steps=200, average=0.5, float32_from=0)
    trainer = Trainer(SHAPE, replace(samples, taught=flat, share=1.0), recipe)
    last = list(trained(trainer, tmp_path / "a.pt", 200))[-1].network
    with torch.no_grad():
        given = last(torch.rand(1, 1, 12, 12))
    assert float(given.mean()) == pytest.approx(0.25, abs=0.05)
    with pytest.raises(UsageError, match="another teacher's share"):
        _run(samples, recipe, tmp_path / "a.pt", every=200)


def test_a_run_begins_with_the_weights_that_it_is_given(
    samples: Samples, tmp_path: Path
) -> None:
    start = network(SHAPE, seed=3)
    recipe = replace(RECIPE, steps=1, learning_rate=0.0)
    trainer = Trainer(SHAPE, samples, recipe, start=start)
    found = list(trained(trainer, tmp_path / "a.pt", 1))[-1].network
    kernels = zip(found.folded().parameters(), start.folded().parameters(), strict=True)
    with torch.no_grad():
        assert max(float((one - two).abs().max()) for one, two in kernels) < 1e-5
        pictures = torch.rand(1, 1, 9, 11, dtype=torch.float64)
        error = found.double()(pictures) - start.double()(pictures)
        assert float(error.abs().max()) < 1e-5
