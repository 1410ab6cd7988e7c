"""Networks that make pictures: once, in colour, at their own factor, then resized."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from tests.models import network, noise
from videnhance.errors import MissingLibraryError, ModelError
from videnhance.models import pictures
from videnhance.models.choice import Choice
from videnhance.models.imported import calibration_chart, import_model
from videnhance.models.network import NetworkShape
from videnhance.models.pictures import (
    Compact,
    Foreign,
    Sized,
    float32_program,
    int8_program,
    reach_of,
    read_foreign,
    traced,
)
from videnhance.models.runtime import load
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips

STEP = 1.0
FACTORS = (1, 2, 4)


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


def _compact(scale: int, channels: int = 3) -> Compact:
    shape = NetworkShape(channels, 6, 2, scale, "prelu")
    return Compact(network(shape, seed=scale)).eval()


def _sized(own: int, channels: int = 3) -> Sized:
    return Sized(channels=channels, own=own, step=STEP)


def _base(x: Tensor, factor: int) -> Tensor:
    """The pipeline's own enlargement, of N x C x H x W in whole grey levels."""
    for _ in range(factor // 2):
        planes = []
        for plane in (x[0] * 255).round().numpy().astype(np.uint8):
            out = np.empty((2 * plane.shape[0], 2 * plane.shape[1]), np.float32)
            for rows, fixed in doubled_strips(plane):
                out[rows] = fixed / (1 << FRACTION_BITS) / 255
            planes.append(out)
        x = torch.from_numpy(np.stack(planes))[None]
    return x


def _soft(height: int, width: int) -> Tensor:
    """A smooth coloured picture, in whole grey levels."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 5 + n) * np.cos(y / (4 + n)) for n in range(3)]
    levels = np.rint(128 + 90 * np.stack(waves)).astype(np.float32)
    return torch.from_numpy(levels)[None] / 255


def _halved(picture: Tensor) -> Tensor:
    """Pillow's antialiased bicubic, in float."""
    planes = []
    for plane in picture[0].numpy():
        image = Image.fromarray(plane)
        size = image.width // 2, image.height // 2
        planes.append(np.asarray(image.resize(size, Image.Resampling.BICUBIC)))
    return torch.from_numpy(np.stack(planes))[None]


@pytest.mark.parametrize("own", FACTORS)
def test_at_its_own_factor_it_makes_its_own_picture(own: int) -> None:
    made, x = _compact(own), _soft(23, 31)
    with torch.inference_mode():
        large = functional.interpolate(x, scale_factor=own, mode="nearest")
        wanted = functional.pixel_shuffle(made.body(x), own) + large
        residual = _sized(own).residual(x, made(x), own)
    got = _base(x, own) + residual
    # Twice doubled, the base is rounded on the way here, and not there.
    assert float((got - wanted.clamp(0, 1)).abs().max()) < (
        2 / 255 if own > 2 else 1e-5
    )
    assert own == 1 or float(residual.abs().max()) > 4 / 255


@pytest.mark.parametrize(("own", "factor"), [(4, 2), (4, 1), (2, 1)])
def test_what_is_too_large_is_halved_without_aliases(own: int, factor: int) -> None:
    x = _soft(24, 32)
    picture = torch.rand(1, 3, own * 24, own * 32)
    wanted = picture
    for _ in range(own // factor // 2):
        wanted = _halved(wanted)
    got = _base(x, factor) + _sized(own).residual(x, picture, factor)
    inner = (..., slice(4, -4), slice(4, -4))
    assert float((got - wanted)[inner].abs().max()) < 1e-5


@pytest.mark.parametrize(("own", "factor"), [(1, 2), (1, 4), (2, 4)])
def test_what_is_too_small_is_enlarged_by_the_base(own: int, factor: int) -> None:
    x, picture = _soft(24, 32), _soft(24 * own, 32 * own)
    wanted = _base(picture, factor // own)
    got = _base(x, factor) + _sized(own).residual(x, picture, factor)
    assert float((got - wanted).abs().max()) < 3 / 255


def test_codes_are_residuals_in_steps() -> None:
    made, sized = _compact(4), _sized(4)
    pixels = torch.from_numpy(noise(2, 3, 9, 11))
    with torch.inference_mode():
        x = pixels / 255
        levels = sized.residual(x, made(x), 2) * 255
        codes = float32_program(made, sized)(pixels, 2).int() - 128
    assert codes.shape == (2, 3, 18, 22)
    assert float((codes - levels.clamp(-128, 127)).abs().max()) <= 0.51


@pytest.mark.parametrize("own", FACTORS)
def test_int8_is_near_and_has_no_grid(own: int) -> None:
    made, sized = _compact(own), _sized(own)
    pixels = torch.from_numpy(noise(4, 3, 33, 37, seed=5))
    exact = float32_program(made, sized)(pixels, own).float()
    found = int8_program(made, sized, [pixels / 255])(pixels, own).float()
    error = found - exact
    assert float(error.abs().max()) <= 4
    for y in range(own):
        for x in range(own):
            assert abs(float(error[..., y::own, x::own].mean())) < 0.1


def test_the_reach_is_how_far_it_looks() -> None:
    assert reach_of(Foreign(_Sharp(2), 3, 2)) == 2
    assert reach_of(Foreign(_Sharp(1), 3, 1)) == 2


def test_a_program_is_the_network_at_every_size() -> None:
    made = _Sharp(2)
    x = torch.rand(1, 3, 23, 31)
    with torch.inference_mode():
        wanted = made(x)
        assert torch.allclose(traced(Foreign(made, 3, 2), "a.pth")(x), wanted)


def test_what_depends_on_the_size_is_refused() -> None:
    with pytest.raises(ModelError, match="pictures of other sizes, so it cannot"):
        traced(Foreign(_Global(), 3, 2), "a.pth")


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


@pytest.mark.parametrize("scale", FACTORS)
def test_it_is_imported_in_float(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int
) -> None:
    model = _Sharp(scale)
    library = _spandrel(model, scale)
    monkeypatch.setattr(pictures, "optional", lambda name, extra: library)
    torch.save(model.state_dict(), tmp_path / "a.pth")
    card = import_model(
        str(tmp_path / "a.pth"), calibration_chart(3), folder=tmp_path / "cache"
    )
    ready = load(Choice(str(card), device="cpu", trusted=True))
    assert (ready.precision, ready.scale, ready.halo) == ("float32", scale, 5)
    pixels = calibration_chart(3)[2][None, :20, :24]
    planes = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    for factor in FACTORS:
        with torch.inference_mode():
            x = planes / 255
            wanted = _sized(scale)(x, model(x), factor)[0].permute(1, 2, 0).numpy()
        error = ready.at(factor)(pixels)[0].astype(int) - wanted
        assert np.abs(error).max() <= 1


@pytest.mark.parametrize(
    ("scale", "channels", "any_size", "words"),
    [
        (3, 3, True, "enlarges by 3, from 3 to 3 channels; 1, 2 or 4 times"),
        (2, 4, True, "from 4 to 4 channels"),
        (2, 3, False, "takes pictures of some sizes only"),
    ],
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch,
    scale: int,
    channels: int,
    any_size: bool,
    words: str,
) -> None:
    library = _spandrel(_Sharp(2), scale, channels, any_size)
    monkeypatch.setattr(pictures, "optional", lambda name, extra: library)
    with pytest.raises(ModelError, match=words):
        read_foreign(Path("a.pth"))


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(MissingLibraryError, match=r"pip install '\.\[models\]'"):
        read_foreign(Path("a.pth"))


def test_what_the_library_does_not_know_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: str) -> None:
        raise ValueError("unsupported architecture")

    loader = SimpleNamespace(load_from_file=refuse)
    library = SimpleNamespace(ModelLoader=lambda device: loader)
    monkeypatch.setattr(pictures, "optional", lambda name, extra: library)
    with pytest.raises(ModelError, match="nor to spandrel: unsupported architecture"):
        read_foreign(Path("a.pth"))


def test_compact_networks_of_other_scales_are_refused() -> None:
    with pytest.raises(ModelError, match="enlarges by 3, from 3 to 3 channels"):
        _compact(3)
