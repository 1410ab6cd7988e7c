"""Loaded models: which are refused, and that each engine gives the same codes."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models import (
    REPORT,
    STEP,
    TINY,
    WRONG_SHAPES,
    edit_card,
    noise,
    write_model,
    write_wrong,
)
from tests.test_pipeline_enhance import UpscalerContract
from videnhance.errors import ModelError, UsageError
from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.models import runtime
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.models.network import NetworkShape
from videnhance.models.runtime import Copies, Network, load, measured, shuffled
from videnhance.models.torchscript import scripted
from videnhance.pipeline.tiles import ANY_WIDTH, Tile, paste
from videnhance.pipeline.upscaler import Upscaler

CPU = Choice(device="cpu")
BOTH = ("int8", "float32")


@pytest.fixture(scope="module")
def candidates() -> list[Network]:
    """The default model on every engine of this processor."""
    torch.set_num_threads(1)
    card, choices = find_card("default"), [replace(CPU, precision=p) for p in BOTH]
    return [network for c in choices for network in runtime._candidates(card, c)]


@pytest.fixture(scope="module", params=BOTH)
def network(request: pytest.FixtureRequest) -> Network:
    """The default model in each precision."""
    return load(Choice(precision=request.param, device="cpu"))


def _picture(height: int, width: int) -> Pixels:
    """Waves of all lengths and an edge: bright, dark, smooth and fine."""
    y, x = np.mgrid[:height, :width]
    waves = 120 + 70 * np.sin(x * y / 97) + 50 * np.sign(np.sin(x / 19 + y / 31))
    picture: Pixels = np.rint(waves).astype(np.uint8)
    return picture[None, ..., None]


def _distance(ours: Pixels, theirs: Pixels) -> Pixels:
    wide = np.abs(ours.astype(np.int16) - theirs.astype(np.int16))
    return wide.astype(np.uint8)


def _tiles(frame: Size, side: int, halo: int) -> dict[Size, list[Tile]]:
    """The frame cut into squares, by the size of what the network sees of them."""
    found: dict[Size, list[Tile]] = {}
    for y in range(0, frame.height, side):
        for x in range(0, frame.width, side):
            core = Region(x, y, side, side).intersected(Region.of(frame))
            assert core is not None
            tile = Tile(0, core, core.grown(halo, frame))
            found.setdefault(tile.patch.size, []).append(tile)
    return found


def _in_patches(network: Network, picture: Pixels, side: int, count: int) -> Pixels:
    """The codes of a picture, computed in batches of `count` patches."""
    frame = Size(picture.shape[1], picture.shape[0])
    out = np.empty((2 * frame.height, 2 * frame.width, 1), np.uint8)
    for tiles in _tiles(frame, side, network.halo).values():
        for start in range(0, len(tiles), count):
            group = tiles[start : start + count]
            batch = np.stack([picture[tile.patch.slices] for tile in group])
            for tile, patch in zip(group, network(batch), strict=True):
                paste(tile, patch, scale=2, out=out)
    return out


# What comes out.


def test_every_int8_engine_gives_the_same_codes_within_one(
    candidates: list[Network],
) -> None:
    int8 = [network for network in candidates if network.precision == "int8"]
    assert len({network.engine for network in int8}) == len(int8) >= 1
    for pixels in (_picture(75, 91), noise(2, 41, 53, 1)):
        first = int8[0](pixels)
        assert first.std() > 1
        for other in int8[1:]:
            assert _distance(first, other(pixels)).max() <= 1


def test_int8_follows_float(candidates: list[Network]) -> None:
    exact = next(n for n in candidates if n.precision == "float32")
    pixels = _picture(75, 91)
    wanted = exact(pixels)
    for network in candidates:
        assert _distance(network(pixels), wanted).mean() < 0.15 * wanted.std()


@pytest.mark.parametrize(("side", "count"), [(16, 3), (40, 1), (64, 2), (75, 8)])
def test_patches_give_the_whole_frame_to_the_bit(
    network: Network, side: int, count: int
) -> None:
    whole = np.concatenate([_picture(101, 123), noise(1, 101, 30, 1)], axis=2)
    assert np.array_equal(
        _in_patches(network, whole[0], side, count), network(whole)[0]
    )


def test_threads_do_not_disturb_each_other(network: Network) -> None:
    pictures = [noise(1, 50, 70, 1, seed=seed) for seed in range(4)]
    alone = [network(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(network, pictures * 5))
    for index, codes in enumerate(together):
        assert np.array_equal(codes, alone[index % 4])


def test_a_call_leaves_the_pixels_as_they_were(network: Network) -> None:
    pixels = noise(1, 30, 50, 1)
    codes = network(pixels)
    assert np.array_equal(pixels, noise(1, 30, 50, 1))
    assert codes.shape == (1, 60, 100, 1)
    assert codes.dtype == np.uint8


def _operations(script: torch.jit.ScriptModule) -> Iterator[str]:
    graph = script.inlined_graph  # held: it owns the nodes
    yield from (node.kind() for node in graph.nodes())


def test_no_float_tensor_is_inside_int8(candidates: list[Network]) -> None:
    for network in candidates:
        if network.precision == "int8":
            operations = set(_operations(network.script))
            assert "quantized::conv2d_relu" in operations
            assert not {"aten::dequantize", "aten::quantize_per_tensor"} & operations
            assert not {"aten::to", "aten::float", "aten::conv2d"} & operations


@pytest.mark.parametrize("channels", [1, 3])
def test_shuffled_is_the_pixel_shuffle_of_torch(channels: int) -> None:
    codes = noise(2, 5, 7, 4 * channels)
    wanted = torch.pixel_shuffle(torch.from_numpy(codes).permute(0, 3, 1, 2), 2)
    got = shuffled(codes, channels)
    assert got.shape == (2, 10, 14, channels)
    assert np.array_equal(got, wanted.permute(0, 2, 3, 1).numpy())
    sliced = noise(2, 5, 9, 4 * channels)[:, :, 1:-1]
    assert np.array_equal(shuffled(sliced, channels), shuffled(sliced.copy(), channels))


def test_codes_that_are_shuffled_already_pass_through() -> None:
    codes = noise(1, 4, 6, 3)
    assert np.array_equal(shuffled(codes, 3), codes)


# What is chosen.


@pytest.mark.parametrize("precision", BOTH)
def test_the_default_model_loads(precision: str) -> None:
    network = load(Choice(precision=precision, device="cpu"))
    assert (network.precision, network.channels) == (precision, 1)
    assert network.halo == network.card.halo
    assert str(network).startswith(f"default {precision} on {network.engine}")


def test_the_fastest_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_int8_instructions", lambda: False)
    card = str(write_model(tmp_path, precisions=BOTH))
    network = load(Choice(card, device="auto", trusted=True))
    assert network.megapixels_per_second > 0
    assert "million pixels a second on each thread" in str(network)


def test_where_int8_is_known_to_be_faster_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "has_int8_instructions", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    card = str(write_model(tmp_path, precisions=BOTH))
    network = load(Choice(card, trusted=True))
    assert (network.precision, network.megapixels_per_second) == ("int8", 0)
    assert measured(network).megapixels_per_second > 0


def test_the_same_choice_is_loaded_once_as_long_as_its_card_stays(
    tmp_path: Path,
) -> None:
    card = write_model(tmp_path)
    choice = Choice(str(card), device="cpu", trusted=True)
    first = load(choice)
    assert load(choice) is first
    edit_card(card, {"residual_step": 2 * STEP})
    assert load(choice).step == 2 * STEP


@pytest.mark.parametrize(
    ("model", "precision", "narrow"),
    [("default", "int8", True), ("default", "float32", False), ("fast", "int8", False)],
)
def test_rows_are_short_where_long_ones_leave_the_cache(
    model: str, precision: str, narrow: bool
) -> None:
    network = load(Choice(model, precision, device="cpu"))
    assert network.card.features == (32 if model == "default" else 16)
    assert (network.max_row_width < 204) is narrow


def test_rows_are_short_where_a_card_does_not_tell_the_features() -> None:
    network = load(Choice("fast", "int8", device="cpu"))
    assert network.max_row_width == ANY_WIDTH
    untold = replace(network, card=replace(network.card, features=0))
    assert untold.max_row_width < 204
    assert replace(untold, precision="float32").max_row_width == ANY_WIDTH


def test_short_rows_give_the_same_codes_whatever_their_length() -> None:
    network = load(Choice("default", "int8", device="cpu"))
    picture = _picture(70, 360)
    wanted = _in_patches(network, picture[0], 32, 1)
    for side, count in ((64, 1), (64, 4), (128, 1), (128, 2)):
        got = _in_patches(network, picture[0], side, count)
        np.testing.assert_array_equal(got, wanted)


def test_shapes_have_their_own_copy_and_the_same_codes() -> None:
    network = load(Choice("fast", "int8"))
    assert network.copies is not None
    for height in range(20, 40):
        pixels = noise(1, height, 30, 1)
        alone = replace(network, copies=None)(pixels)
        np.testing.assert_array_equal(network(pixels), alone)


def test_one_candidate_is_not_measured(tmp_path: Path) -> None:
    card = str(write_model(tmp_path))
    network = load(Choice(card, device="cpu", trusted=True))
    assert (network.engine, network.megapixels_per_second) == ("torch", 0)
    assert network.step == STEP


@pytest.mark.parametrize("shape", [TINY, REPORT, NetworkShape(3, 4, 1)])
def test_luma_and_rgb_models_run(tmp_path: Path, shape: NetworkShape) -> None:
    card = str(write_model(tmp_path, shape))
    network = load(Choice(card, device="cpu", trusted=True))
    codes = network(noise(2, 20, 30, shape.channels))
    assert codes.shape == (2, 40, 60, shape.channels)
    assert codes.std() > 0


# What is refused.


def test_an_unknown_model_lists_the_known() -> None:
    with pytest.raises(ModelError, match=r"'none' is unknown; available: crisp"):
        load(Choice("none"))


@pytest.mark.parametrize("precision", BOTH)
def test_changed_weights_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    card = write_model(tmp_path, precisions=BOTH)
    weights = card.with_name(f"tiny.{precision}.pt")
    flipped = bytearray(weights.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    weights.write_bytes(flipped)
    monkeypatch.setattr(
        torch.jit, "load", lambda *_, **__: pytest.fail("changed weights were loaded")
    )
    with pytest.raises(ModelError, match=r"damaged or was exchanged .*get it again"):
        load(Choice(str(card), precision, "cpu", trusted=True))


def test_a_foreign_model_needs_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = write_model(tmp_path)
    monkeypatch.setattr(
        torch.jit, "load", lambda *_, **__: pytest.fail("a foreign model was loaded")
    )
    with pytest.raises(ModelError, match=r"is a program .*add --trust-model"):
        load(Choice(str(card), device="cpu"))


@pytest.mark.parametrize("kind", sorted(WRONG_SHAPES))
def test_a_model_of_the_wrong_shape_fails_at_the_start(
    tmp_path: Path, kind: str
) -> None:
    card = write_wrong(tmp_path, kind)
    with pytest.raises(ModelError, match=r"promises|may not fit|is not TorchScript"):
        load(Choice(str(card), device="cpu", trusted=True))


def test_channels_that_the_network_has_not_fail_at_the_start(tmp_path: Path) -> None:
    card = edit_card(write_model(tmp_path), {"channels": "rgb"})
    with pytest.raises(ModelError, match="its card may not fit its file"):
        load(Choice(str(card), device="cpu", trusted=True))


def test_a_file_that_is_no_torchscript_is_refused(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    weights = b"no program at all"
    card.with_name("tiny.float32.pt").write_bytes(weights)
    sha256 = hashlib.sha256(weights).hexdigest()
    edit_card(
        card, {"files": {"float32": {"file": "tiny.float32.pt", "sha256": sha256}}}
    )
    with pytest.raises(ModelError, match="is not TorchScript for this torch"):
        load(Choice(str(card), device="cpu", trusted=True))


def test_a_precision_that_the_model_has_not_is_refused(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    with pytest.raises(UsageError, match="--precision int8: model tiny comes as float"):
        load(Choice(str(card), "int8", "cpu", trusted=True))


def test_cuda_without_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"no CUDA device; use --device cpu"):
        load(Choice(device="cuda"))


def test_cuda_does_not_run_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(UsageError, match="runs float32 only"):
        load(Choice(precision="int8", device="cuda"))


@pytest.mark.gpu
def test_cuda_gives_the_codes_of_the_cpu_within_one() -> None:
    pixels = np.concatenate([_picture(75, 91), noise(1, 75, 91, 1)])
    cpu = load(Choice(precision="float32", device="cpu"))
    cuda = load(Choice(device="cuda"))
    assert cuda.engine == "cuda"
    assert _distance(cpu(pixels), cuda(pixels)).max() <= 1


class TestNetworkKeepsTheContract(UpscalerContract):
    @pytest.fixture
    def upscaler(self) -> Upscaler:
        """The shipped model, in int8."""
        return load(Choice(precision="int8", device="cpu"))


def _copies(count: int) -> tuple[torch.jit.ScriptModule, Copies]:
    first = scripted(nn.Identity())
    copies = Copies(first)
    for _ in range(count):
        copies.add(scripted(nn.Identity()))
    return first, copies


def test_each_shape_keeps_its_own_copy() -> None:
    first, copies = _copies(2)
    one, two = copies.of((1, 2)), copies.of((2, 1))
    assert len({id(first), id(one), id(two)}) == 3
    assert (copies.of((1, 2)), copies.of((2, 1))) == (one, two)


def test_what_comes_later_shares_the_first() -> None:
    first, copies = _copies(1)
    own = copies.of((1,))
    assert own is not first
    assert copies.of((2,)) is copies.of((3,)) is first
    assert copies.of((1,)) is own


def test_threads_that_ask_at_once_get_the_same() -> None:
    _, copies = _copies(4)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: copies.of((n % 4,)), range(400)))
    assert len({id(copy) for copy in found}) == 4
    for number, copy in enumerate(found):
        assert copy is found[number % 4]
