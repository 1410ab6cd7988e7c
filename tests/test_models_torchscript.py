"""The seam: programs are made and read, and the announcements stay behind it."""

import sys
import warnings
from types import SimpleNamespace

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


def test_nothing_is_announced_on_pythons_that_torchscript_was_not_made_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # torch warns at each call from 3.14 on; warnings are errors here.
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    # A module of that Python, which torch asks.
    forms = SimpleNamespace(FORWARDREF=0)
    asked = SimpleNamespace(Format=forms, get_annotations=lambda *_, **__: {})
    monkeypatch.setitem(sys.modules, "annotationlib", asked)
    with pytest.warns(DeprecationWarning, match="not supported in Python 3.14"):
        torch.jit.script(nn.ReLU())
    assert loaded(saved(scripted(nn.ReLU())))(torch.tensor([-1.0])).item() == 0
