"""A teacher's pictures: what they are, made once, and gone on with after a stop."""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.models import network
from videnhance.errors import ModelError
from videnhance.frame import Pixels
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.weights import write_network
from videnhance.training import teacher as module
from videnhance.training.data import (
    RESIDUAL_UNIT,
    Item,
    Residuals,
    Samples,
    residual_of,
)
from videnhance.training.degrade import bicubic_halved
from videnhance.training.teacher import Lesson, Teacher, added_to, read_teacher, taught

ROUNDING = 0.02
"""What bfloat16 may change, of 1."""


def _compact(path: Path, scale: int, channels: int = 3) -> SRVGGNetLightweight:
    shape = NetworkShape(channels, 8, 2, scale, "prelu")
    made = network(shape, seed=1)
    torch.save({"params": made.state_dict()}, path)
    return made


def _items() -> list[Item]:
    rng = np.random.default_rng(0)
    sides = ((31, 24), (26, 40), (20, 22))
    smalls = [rng.integers(40, 200, (*side, 1), np.uint8) for side in sides]
    return [(s, np.zeros((2 * len(s), 2 * s.shape[1], 1), np.int16)) for s in smalls]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three samples whose originals are the base itself."""
    samples = Samples.of(_items())
    samples.small.tofile(tmp_path / "small.raw")
    samples.residual.tofile(tmp_path / "residual.raw")
    np.save(tmp_path / "places.npy", samples.places)
    return tmp_path


def _made(folder: Path, lesson: Lesson) -> Residuals:
    """All residuals of a teacher."""
    found = taught(Samples.load(folder), folder, lesson=lesson).taught
    assert found is not None
    return np.array(found)


@pytest.mark.parametrize(("scale", "channels"), [(2, 3), (4, 3), (4, 1)])
def test_it_is_the_teachers_picture_without_the_base(
    scale: int, channels: int, tmp_path: Path
) -> None:
    made = _compact(tmp_path / "a.pth", scale, channels)
    grey = torch.rand(1, 1, 15, 12) * 0.6 + 0.2
    with torch.no_grad():
        found = added_to(read_teacher(tmp_path / "a.pth"))(grey)
        nearest = functional.interpolate(grey, scale_factor=float(scale))
        colours = made(grey.expand(-1, channels, -1, -1)) + nearest
    weights = torch.tensor([0.299, 0.587, 0.114] if channels == 3 else [1.0])
    luma = (colours * weights[:, None, None]).sum(1)[0].numpy() * 255
    if scale == 4:
        luma = bicubic_halved(np.rint(luma).astype(np.uint8))
    small = grey[0, 0].numpy() * 255
    base = np.rint(small).astype(np.uint8)[..., None]
    wanted = residual_of(base, np.rint(luma).astype(np.uint8)[..., None])
    error = found[0, 0].numpy() - wanted[..., 0] * (RESIDUAL_UNIT / 255)
    assert np.abs(error).max() < ROUNDING


def test_others_do_not_teach(tmp_path: Path) -> None:
    write_network(network(NetworkShape(features=4, convs=1)), tmp_path / "ours.pth")
    _compact(tmp_path / "same.pth", 1)
    for name in ("ours.pth", "same.pth"):
        with pytest.raises(ModelError, match=f"{name} is no teacher: name weights"):
            read_teacher(tmp_path / name)


def test_a_share_of_what_is_wanted_is_the_teachers(folder: Path) -> None:
    samples = Samples.load(folder)
    _compact(folder / "a.pth", 4)
    whole, half = (
        taught(samples, folder, lesson=Lesson(folder / "a.pth", share))
        for share in (1.0, 0.5)
    )
    one, two, none = (
        made.batch([0, 2], 16, np.random.default_rng(0))[1]
        for made in (whole, half, samples)
    )
    assert np.abs(one).max() > 0.02
    assert np.allclose(two, one / 2, atol=1e-6)
    assert not none.any()
    assert np.array_equal(half.item(1)[1], samples.item(1)[1])


def test_strips_make_what_the_whole_makes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = Lesson(folder / "a.pth", 1.0)
    _compact(folder / "a.pth", 2)
    whole = _made(folder, lesson)
    [made] = folder.glob("taught.*.raw")
    made.unlink()
    monkeypatch.setattr(module, "_ROWS", 7)
    strips = _made(folder, lesson)
    assert np.abs(whole - strips).max() * RESIDUAL_UNIT < 255 * ROUNDING
    assert np.abs(whole).max() * RESIDUAL_UNIT > 5


def test_a_pass_is_made_once_and_goes_on_after_a_stop(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    samples, lesson = Samples.load(folder), Lesson(folder / "a.pth", 1.0)
    _compact(folder / "a.pth", 4)
    whole = _made(folder, lesson)
    assert "taught 3 of 3 samples" in caplog.text
    [made] = folder.glob("taught.*.raw")
    # Stopped within the second sample.
    data = made.read_bytes()
    made.write_bytes(data[: samples.residual[: 4 * 31 * 24].nbytes + 5])
    seen: list[tuple[int, ...]] = []
    lesson_of = module._lesson

    def noticed(small: Pixels, added: Teacher, *, halo: int) -> Residuals:
        seen.append(small.shape)
        return lesson_of(small, added, halo=halo)

    monkeypatch.setattr(module, "_lesson", noticed)
    assert np.array_equal(_made(folder, lesson), whole)
    assert seen == [(26, 40, 1), (20, 22, 1)]
    assert np.array_equal(_made(folder, lesson), whole)
    assert len(seen) == 2


def test_a_teacher_is_made_sharper(folder: Path) -> None:
    _compact(folder / "a.pth", 2)
    plain, sharp = (
        _made(folder, Lesson(folder / "a.pth", 1.0, amount)) for amount in (0.0, 0.5)
    )
    assert len(list(folder.glob("taught.*.raw"))) == 2
    assert np.abs(sharp.astype(int) - plain).max() * RESIDUAL_UNIT > 5
    # Of grain around a middle: more contrast.
    small, _ = Samples.load(folder).item(0)
    base = residual_of(small, np.zeros((62, 48, 1), np.uint8))[..., 0]
    pictures = [x[: base.size].reshape(base.shape) - base for x in (plain, sharp)]
    assert np.std(pictures[1]) > np.std(pictures[0])


def test_a_teacher_sees_the_full_range(folder: Path) -> None:
    """Studio luma is shown from black to white; its residual comes back in its own."""
    _compact(folder / "a.pth", 2)
    added = added_to(read_teacher(folder / "a.pth"))
    studio = np.full((20, 20, 1), 16, np.uint8)
    studio[:, 10:] = 235
    full = np.where(studio == 16, 0, 255).astype(np.uint8)
    ours, theirs = (module._lesson(x, added, halo=4) for x in (studio, full))
    assert np.abs(ours - theirs * (219 / 255)).max() <= 1
