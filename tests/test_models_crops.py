"""Crops: of all pictures, the same each time."""

import numpy as np
import pytest
import torch

from videnhance.errors import InputError
from videnhance.models.crops import crops


def test_crops_are_of_every_picture_and_the_same_each_time() -> None:
    pictures = [np.full((20 + n, 30, 3), 40 * n, np.uint8) for n in range(1, 5)]
    batches = crops(pictures)
    assert [batch.shape for batch in batches] == [(8, 3, 21, 21)] * 24
    levels = torch.cat([batch[:, 0, 0, 0] for batch in batches])
    assert sorted({round(float(v) * 255) for v in levels}) == [40, 80, 120, 160]
    assert all(map(torch.equal, batches, crops(pictures)))


def test_pictures_that_are_too_small_are_left_out() -> None:
    small, large = (np.zeros((side, 40, 1), np.uint8) for side in (12, 18))
    assert crops([small, large])[0].shape == (8, 1, 18, 18)
    with pytest.raises(InputError, match="is 16 x 16 pixels large"):
        crops([small])
