"""What is trained on and what is held out never meet."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Clip, write_clip
from tests.stills import write_still
from videnhance.errors import InputError, UsageError
from videnhance.training import data
from videnhance.training.dataset import Material, held_samples, mix_of, training_samples
from videnhance.training.degrade import Mix


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[None]:
    # A fork of a process in which OpenCV has run threads hangs at OpenCV's first call.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            data, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(2)
        )
        yield


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """Five small stills."""
    for n in range(5):
        write_still(tmp_path / "stills" / f"{n}.png", 90 + 2 * n, 74, n)
    return tmp_path / "stills"


def test_some_stills_are_held_out(stills: Path, tmp_path: Path) -> None:
    material = Material((stills,), Mix.FIDELITY)
    trained_on, held = material.stills
    assert len(trained_on) + len(held) == 5
    assert not set(trained_on) & set(held)
    assert len(training_samples(material, tmp_path / "a")) == len(trained_on) == 3
    assert len(held_samples(material, tmp_path / "b")) == len(held) == 2


def test_other_places_can_be_measured(stills: Path, tmp_path: Path) -> None:
    other = write_still(tmp_path / "valid" / "x.png", 80, 70, 1)
    material = Material((stills,), Mix.FIDELITY, valid=(other.parent,))
    assert [len(part) for part in material.stills] == [5, 1]
    assert len(held_samples(material, tmp_path / "b")) == 1


def test_samples_are_made_once(stills: Path, tmp_path: Path) -> None:
    material = Material((stills,), Mix.REAL, clips=3)
    made = training_samples(material, tmp_path / "a")
    assert len(made) == 6
    for still in stills.iterdir():
        still.write_bytes(b"gone")
    again = training_samples(material, tmp_path / "a")
    assert again.item(5)[0].tobytes() == made.item(5)[0].tobytes()
    assert mix_of(tmp_path / "a") is Mix.REAL
    with pytest.raises(InputError, match="holds no samples"):
        mix_of(tmp_path)


def test_samples_of_other_material_are_refused(stills: Path, tmp_path: Path) -> None:
    material = Material((stills,), Mix.REAL, clips=2)
    training_samples(material, tmp_path / "a")
    with pytest.raises(UsageError, match="made of other material; name the same"):
        training_samples(replace(material, mix=Mix.RESTORE), tmp_path / "a")


def test_the_end_of_a_video_is_held_out(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 40 * 512, 512)))
    material = Material((tmp_path / "a.mp4",), Mix.FIDELITY, clips=4)
    assert len(training_samples(material, tmp_path / "a")) == 8
    assert len(held_samples(material, tmp_path / "b")) == 8


def test_nothing_to_train_on_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no stills or videos to train on"):
        training_samples(Material((tmp_path,)), tmp_path / "a")


def test_rgb_networks_are_trained_on_clean_stills(stills: Path, tmp_path: Path) -> None:
    material = Material((stills,), Mix.REAL, channels=3)
    with pytest.raises(UsageError, match="stills and --mix fidelity only"):
        training_samples(material, tmp_path / "a")
