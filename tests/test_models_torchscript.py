"""The seam: programs are made and read, and the announcements stay behind it."""

import warnings

import pytest
import torch
from torch import nn

from videnhance.models.torchscript import deprecated, loaded, saved, scripted


def test_a_program_is_made_and_read() -> None:
    made = scripted(nn.Conv2d(1, 2, 3))
    pixels = torch.rand(1, 1, 5, 7)
    assert torch.equal(loaded(saved(made))(pixels), made(pixels))


def test_what_is_no_program_raises_what_torch_raises() -> None:
    with pytest.raises(RuntimeError):
        loaded(b"no program")


def test_only_what_is_within_is_silenced() -> None:
    with deprecated():
        warnings.warn("its end is near", DeprecationWarning, stacklevel=1)
    with pytest.warns(DeprecationWarning, match="its end"):
        warnings.warn("its end is near", DeprecationWarning, stacklevel=1)
