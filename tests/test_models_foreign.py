"""Networks of other families: run as what they do to a grey picture, in tiles too."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.models import TINY, network, noise
from videnhance.errors import MissingLibraryError, ModelError
from videnhance.models import foreign
from videnhance.models.foreign import (
    Grey,
    OverBase,
    as_luma,
    halo_of,
    read_foreign,
    read_residual,
    traced,
)
from videnhance.models.imported import calibration_chart, import_model
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.runtime import Choice, load
from videnhance.models.weights import write_network
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips

STEP = 1.0


class _Sharp(nn.Module):
    """Enlarges by nearest pixels and sharpens: looks two pixels far."""

    def __init__(self, scale: int, channels: int = 3) -> None:
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(channels, channels, 5, padding=2, bias=False)
        torch.manual_seed(scale)
        nn.init.normal_(self.conv.weight, std=0.05)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.conv(x) + x
        return functional.interpolate(made, scale_factor=self.scale, mode="nearest")


class _Global(nn.Module):
    """Looks at the mean of the whole picture, and knows one size."""

    def forward(self, x: Tensor) -> Tensor:
        large = functional.interpolate(x, scale_factor=2, mode="nearest")
        return large + torch.ones(1, 1, int(large.shape[2]), 1)


def _spandrel(
    model: nn.Module, scale: int, channels: int = 3, any_size: bool = True
) -> SimpleNamespace:
    """What the library gives for a file."""
    descriptor = SimpleNamespace(
        model=model,
        scale=scale,
        input_channels=channels,
        output_channels=channels,
        size_requirements=SimpleNamespace(none=any_size),
    )
    loader = SimpleNamespace(load_from_file=lambda path: descriptor)
    return SimpleNamespace(ModelLoader=lambda device: loader)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_base_and_residual_are_the_networks_picture(scale: int) -> None:
    model = _Sharp(scale)
    grey = Grey(model, channels=3, scale=scale, step=STEP).eval()
    x = torch.rand(1, 1, 14, 18)
    with torch.inference_mode():
        picture = model(x.expand(-1, 3, -1, -1))
        weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
        luma = (picture * weights).sum(1, keepdim=True)
        if scale == 4:
            luma = functional.avg_pool2d(luma, 2)
        got = grey._doubled(x) + grey.residual(x)
        wanted = grey._doubled(luma) if scale == 1 else luma
    assert got.shape == (1, 1, 28, 36)
    assert torch.allclose(got, wanted, atol=1e-5)


def test_codes_are_residuals_in_steps() -> None:
    grey = Grey(_Sharp(2), channels=3, scale=2, step=STEP).eval()
    pixels = torch.randint(0, 256, (2, 1, 9, 11), dtype=torch.uint8)
    with torch.inference_mode():
        levels = grey.residual(pixels / 255) * 255
        codes = grey(pixels).int() - 128
    assert float((codes - levels.clamp(-128, 127)).abs().max()) <= 0.51


def test_the_halo_is_how_far_it_looks() -> None:
    assert halo_of(Grey(_Sharp(2), channels=3, scale=2, step=STEP)) == 2
    # The base, which enlarges what it made, looks two pixels further.
    assert halo_of(Grey(_Sharp(1), channels=3, scale=1, step=STEP)) in (3, 4)


def test_a_program_is_the_network_at_every_size() -> None:
    grey = Grey(_Sharp(2), channels=3, scale=2, step=STEP).eval()
    pixels = torch.randint(0, 256, (1, 1, 23, 31), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(traced(grey, "a.pth")(pixels), grey(pixels))


def test_what_depends_on_the_size_is_refused() -> None:
    with pytest.raises(ModelError, match="pictures of other sizes, so it cannot"):
        traced(Grey(_Global(), channels=3, scale=2, step=STEP).eval(), "a.pth")


def test_it_is_imported_in_float(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _Sharp(2)
    monkeypatch.setattr(foreign, "optional", lambda name, extra: _spandrel(model, 2))
    torch.save(model.state_dict(), tmp_path / "a.pth")
    card = import_model(
        str(tmp_path / "a.pth"), calibration_chart(), folder=tmp_path / "cache"
    )
    ready = load(Choice(str(card), device="cpu", trusted=True))
    assert (ready.precision, ready.halo) == ("float32", 2)
    pixels = calibration_chart()[2][None, :20, :24]
    with torch.inference_mode():
        grey = Grey(model, channels=3, scale=2, step=STEP).eval()
        wanted = grey(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    error = ready(pixels)[0, ..., 0].astype(int) - wanted[0, 0].numpy()
    assert np.abs(error).max() <= 1


@pytest.mark.parametrize(
    ("scale", "channels", "any_size"), [(3, 3, True), (2, 4, True), (2, 3, False)]
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, scale: int, channels: int, any_size: bool
) -> None:
    library = _spandrel(_Sharp(2), scale, channels, any_size)
    monkeypatch.setattr(foreign, "optional", lambda name, extra: library)
    with pytest.raises(ModelError, match="1, 2 or 4 times, 1 or 3 channels and any"):
        read_foreign(Path("a.pth"), STEP)


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(MissingLibraryError, match=r"pip install '\.\[models\]'"):
        read_foreign(Path("a.pth"), STEP)


def test_what_the_library_does_not_know_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: str) -> None:
        raise ValueError("unsupported architecture")

    loader = SimpleNamespace(load_from_file=refuse)
    library = SimpleNamespace(ModelLoader=lambda device: loader)
    monkeypatch.setattr(foreign, "optional", lambda name, extra: library)
    with pytest.raises(ModelError, match="nor to spandrel: unsupported architecture"):
        read_foreign(Path("a.pth"), STEP)


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
