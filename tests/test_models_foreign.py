"""Compact networks as luma networks: what teaches, and what is exported."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.models import TINY, network, noise
from videnhance.errors import ModelError
from videnhance.models.foreign import OverBase, as_luma, read_residual
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.weights import write_network
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips

LUMA = torch.tensor([0.299, 0.587, 0.114])[:, None, None]


def _compact(scale: int, channels: int = 3) -> SRVGGNetLightweight:
    return network(NetworkShape(channels, 6, 2, scale, "prelu"), seed=scale)


def _picture(made: SRVGGNetLightweight, grey: Tensor) -> Tensor:
    """Luma of the picture, as the network's authors make it."""
    rgb = grey.expand(-1, made.shape.channels, -1, -1)
    large = functional.interpolate(rgb, scale_factor=made.shape.scale, mode="nearest")
    picture = made(rgb) + large
    if made.shape.channels == 3:
        picture = (picture * LUMA).sum(1, keepdim=True)
    return functional.avg_pool2d(picture, 2) if made.shape.scale == 4 else picture


def _base(luma: np.ndarray) -> np.ndarray:
    out = np.empty((2 * luma.shape[0], 2 * luma.shape[1]))
    for rows, fixed in doubled_strips(luma):
        out[rows] = fixed / (1 << FRACTION_BITS)
    return out


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 4])
def test_base_and_residual_make_the_picture(scale: int, channels: int) -> None:
    made = _compact(scale, channels)
    pixels = noise(19, 23, seed=3)
    grey = torch.from_numpy(pixels)[None, None] / 255
    with torch.no_grad():
        wanted = _picture(made, grey)[0, 0].numpy()
        residual = functional.pixel_shuffle(OverBase(as_luma(made))(grey), 2)
    got = residual[0, 0].numpy() + _base(pixels) / 255
    assert np.abs(got - wanted).max() < 1e-5
    assert np.abs(residual.numpy()).max() > 1e-2


def test_a_network_that_only_cleans_is_enlarged_by_the_base() -> None:
    made = _compact(1)
    pixels = noise(19, 23, seed=3)
    grey = torch.from_numpy(pixels)[None, None] / 255
    with torch.no_grad():
        cleaned = _picture(made, grey)[0, 0].numpy()
        residual = functional.pixel_shuffle(OverBase(as_luma(made))(grey), 2)
    # The base is linear: in 16 bits the cleaned picture is close to exact.
    deep = np.rint((cleaned + 2) * 4096).astype(np.uint16)
    got = residual[0, 0].numpy() + _base(pixels) / 255
    assert np.abs(got - (_base(deep) / 4096 - 2)).max() < 1e-3


@pytest.mark.parametrize(("scale", "more"), [(1, 2), (2, 0), (4, 0)])
def test_the_halo_holds_the_base_too(scale: int, more: int) -> None:
    made = _compact(scale)
    assert OverBase(as_luma(made)).halo == made.shape.halo + more


def test_other_scales_are_refused() -> None:
    with pytest.raises(ModelError, match="enlarges by 3; 1 or 3 channels and a scale"):
        as_luma(_compact(3))


def test_ours_are_read_as_they_are(tmp_path: Path) -> None:
    made = network(TINY)
    write_network(made, tmp_path / "a.pth")
    torch.save({"params": _compact(2).state_dict()}, tmp_path / "b.pth")
    grey = torch.rand(1, 1, 9, 11)
    with torch.no_grad():
        ours = read_residual(str(tmp_path / "a.pth"))(grey)
    assert torch.equal(ours, made.body(grey))
    assert isinstance(read_residual(str(tmp_path / "b.pth")), OverBase)
