"""Calibration: crops of what will be seen, the same each time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import Clip, write_clip
from tests.stills import write_still
from videnhance.errors import InputError
from videnhance.training.calibration import calibration_of
from videnhance.training.data import Samples, residual_of


def test_stills_are_halved_and_cut(tmp_path: Path) -> None:
    write_still(tmp_path / "a.png", 300, 200, 1)
    write_still(tmp_path / "b.png", 220, 260, 2)
    batches = calibration_of([tmp_path], 1, None)
    assert [batch.shape for batch in batches] == [(8, 1, 96, 96)] * 24
    assert 0 <= float(batches[0].min()) < float(batches[0].max()) <= 1
    again = calibration_of([tmp_path], 1, None)
    assert all(map(torch.equal, batches, again))


def test_the_users_clip_is_taken_as_it_is(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(pts=range(0, 8 * 512, 512)))
    batches = calibration_of([clip], 1, None)
    assert batches[0].shape == (8, 1, 48, 48)


def test_samples_do_if_nothing_is_named() -> None:
    small = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    samples = Samples.of([(small, residual_of(small, large))])
    assert calibration_of([], 3, samples)[0].shape == (8, 3, 30, 30)


def test_nothing_to_calibrate_with_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name stills or a clip by --calibrate"):
        calibration_of([tmp_path], 1, None)
