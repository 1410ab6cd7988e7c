"""Files of weights: read by their shapes, and refused with the reason."""

import json
import pickle
import struct
from mmap import mmap
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from tests.models import TINY, network, write_model
from videnhance.errors import ModelError
from videnhance.models import weights
from videnhance.models.choice import Choice
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.runtime import load
from videnhance.models.weights import (
    network_of,
    read_network,
    read_tensors,
    sha256_of,
    shape_of,
    write_network,
)
from videnhance.training.measure import by_network

SHAPES = [
    TINY,
    NetworkShape(channels=3, features=5, convs=2, scale=4, activation="prelu"),
    NetworkShape(channels=3, features=6, convs=3, scale=1, activation="prelu"),
]


class _Code:
    """What a pickle with code in it does."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> Path:
    """The format by its definition."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    kinds = {torch.float32: "F32", torch.float16: "F16"}
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def _same(ours: SRVGGNetLightweight, theirs: SRVGGNetLightweight) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return ours.shape == theirs.shape and all(torch.equal(*pair) for pair in pairs)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = network(TINY, collapsible=True)
    write_network(made, tmp_path / "a.pth")
    assert _same(read_network(str(tmp_path / "a.pth")), made.folded())
    assert [p.name for p in tmp_path.iterdir()] == ["a.pth"]


def test_the_shipped_weights_are_read_out_of_their_program() -> None:
    made = read_network("default")
    assert made.shape == NetworkShape()
    pixels = torch.randint(0, 256, (1, 40, 48, 1), dtype=torch.uint8).numpy()
    shipped = load(Choice(precision="float32", device="cpu"))
    with torch.no_grad():
        residual = made(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    codes = (residual[0, 0] * 255 / shipped.step + 128).clamp(0, 255).numpy()
    assert abs(codes - shipped(pixels)[0, ..., 0]).max() <= 0.51
    assert by_network(made)(pixels[0]).shape == (80, 96, 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("key", ["params_ema", "params", "state_dict", ""])
def test_the_shape_is_read_off_the_tensors(
    tmp_path: Path, shape: NetworkShape, key: str
) -> None:
    made = network(shape)
    state = made.state_dict()
    torch.save({key: state, "step": 7} if key else state, tmp_path / "a.pth")
    tensors, about = read_tensors(tmp_path / "a.pth")
    assert not about
    assert shape_of(tensors, tmp_path / "a.pth") == shape
    assert _same(network_of(tensors, shape), made)


@pytest.mark.parametrize("kind", [torch.float32, torch.float16])
def test_safetensors_are_read(tmp_path: Path, kind: torch.dtype) -> None:
    made = network(SHAPES[1])
    state = {k: v.to(kind) for k, v in made.state_dict().items()}
    path = write_safetensors(tmp_path / "a.safetensors", state)
    tensors, _ = read_tensors(path)
    assert shape_of(tensors, path) == SHAPES[1]
    assert all(torch.equal(v, state[k].float()) for k, v in tensors.items())


class CountedMap(mmap):
    """A memory map that counts the bytes that are asked of it."""

    taken: ClassVar[list[int]] = []

    def __getitem__(self, part: slice) -> bytes:  # type: ignore[override]  # no index
        data: bytes = super().__getitem__(part)
        self.taken.append(len(data))
        return data


def test_no_byte_of_safetensors_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {f"{n}.weight": torch.full((8, 4), float(n)) for n in range(100)}
    path = write_safetensors(tmp_path / "a.safetensors", state)
    monkeypatch.setattr(weights, "mmap", CountedMap)
    tensors, _ = read_tensors(path)
    assert torch.equal(tensors["99.weight"], torch.full((8, 4), 99.0))
    assert sum(CountedMap.taken) == path.stat().st_size
    assert len(CountedMap.taken) == 102


@pytest.mark.parametrize("data", [b"", b"\x09" * 30, b"\x02\0\0\0\0\0\0\0{}", b"half"])
def test_damaged_safetensors_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"a\.safetensors"):
        shape_of(read_tensors(path)[0], path)


def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path: Path) -> None:
    code = {"params": _Code(tmp_path / "run")}
    torch.save(code, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(code))
    with pytest.raises(ModelError, match=r"pickle that would run code .* refused"):
        read_tensors(tmp_path / "a.pth")
    with pytest.raises(ModelError, match="damaged, or a pickle that holds more"):
        read_tensors(tmp_path / "b.pth")
    assert not (tmp_path / "run").exists()


def test_torchscript_is_no_file_of_weights(tmp_path: Path) -> None:
    write_model(tmp_path)
    with pytest.raises(ModelError, match=r"is TorchScript, a program, .*--trust-model"):
        read_tensors(tmp_path / "tiny.float32.pt")


@pytest.mark.parametrize("data", [b"", b"no archive"])
def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(ModelError, match=r"a\.pth cannot be read as weights"):
        read_tensors(tmp_path / "a.pth")
    with pytest.raises(ModelError, match="is not there; name a model's file"):
        read_tensors(tmp_path / "b.pth")


@pytest.mark.parametrize("thing", [{}, {"params": {}}, {"params": 3}, [1], {"a": "b"}])
def test_files_without_tensors_are_refused(tmp_path: Path, thing: object) -> None:
    torch.save(thing, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="holds no network's weights under params_ema"):
        read_tensors(tmp_path / "a.pth")


def test_other_families_are_named(tmp_path: Path) -> None:
    torch.save({"conv_first.weight": torch.zeros(8, 3, 3, 3)}, tmp_path / "a.pth")
    tensors, _ = read_tensors(tmp_path / "a.pth")
    with pytest.raises(ModelError, match=r"not of the SRVGG .*such as conv_first"):
        shape_of(tensors, tmp_path / "a.pth")


def test_weights_that_do_not_fit_are_refused() -> None:
    state = dict(network(TINY).state_dict())
    state.pop("body.2.bias")
    with pytest.raises(ModelError, match=r"do not make a network of .*body.2.bias"):
        network_of(state, TINY)


def test_a_network_of_others_is_not_trained_on(tmp_path: Path) -> None:
    torch.save({"params": network(TINY).state_dict()}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="was not made by `videnhance model train`"):
        read_network(str(tmp_path / "a.pth"))


def test_a_program_of_others_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is TorchScript, a program; name the"):
        read_network(str(write_model(tmp_path)))


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert sha256_of(tmp_path / "a").startswith("e3b0c44298fc1c14")
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        sha256_of(tmp_path / "b")
