"""Networks as files of weights: ours, and other people's of the same family.

A file holds numbers only: pickles are read with `weights_only`, so that one with code
in it is refused. What a network looks like is read off the shapes of its tensors.
"""

import hashlib
import json
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from videnhance.errors import ModelError, printable
from videnhance.models.card import find_card
from videnhance.models.choice import SUFFIXES
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.torchscript import loaded

__all__ = [
    "is_srvgg",
    "network_of",
    "read_network",
    "read_tensors",
    "sha256_of",
    "shape_of",
    "write_network",
]

_INNER = ("params_ema", "params", "state_dict")
"""Where the tensors lie in files of several trainers, the better ones first."""
_NOT_READ = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
    AttributeError,
    pickle.UnpicklingError,
)
_NOT_TENSORS = (ValueError, KeyError, TypeError, AttributeError, RuntimeError)
_KINDS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
Tensors = Mapping[str, Tensor]
"""`body.0.weight` and so on."""


def sha256_of(path: Path) -> str:
    """The hash of a file. Raises ModelError if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"{printable(path)} cannot be read: {error.strerror}; name a model's file"
        ) from error


def write_network(network: SRVGGNetLightweight, path: Path) -> None:
    """Writes folded weights so that `read_network` gives the same network."""
    plain = network.folded()
    state = {k: v.detach().cpu() for k, v in plain.state_dict().items()}
    about = {"activation": network.shape.activation, "adds_to": "bicubic"}
    partial = path.with_suffix(".part")
    torch.save({"params": state, "about": about}, partial)
    partial.replace(path)


def read_network(name_or_path: str) -> SRVGGNetLightweight:
    """The float network of a shipped model, of a card, or of our own weights file.

    Raises ModelError; other people's networks are read by `videnhance.models.foreign`.
    """
    path = Path(name_or_path)
    if path.suffix in SUFFIXES:
        tensors, about = read_tensors(path)
        if about.get("adds_to") != "bicubic":
            raise ModelError(
                f"{printable(path)} was not made by `videnhance model train`; a "
                "network of others runs by --model, and may teach, but is not trained"
            )
        return network_of(tensors, shape_of(tensors, path, about["activation"]))
    card = find_card(name_or_path)
    if not card.shipped:
        raise ModelError(
            f"model {card.name} is TorchScript, a program; name the network's .pth "
            "file that `videnhance model train` wrote"
        )
    return _from_script(card.weights("float32"), card.residual_step)


def _from_script(data: bytes, step: float) -> SRVGGNetLightweight:
    """The weights of one of our own float32 scripts, in the order in which they run."""
    # Held: the graph owns the nodes.
    graph = loaded(data).inlined_graph
    nodes = list(graph.nodes())
    tensors: dict[str, Tensor] = {}
    convs = [node for node in nodes if node.kind() == "aten::conv2d"]
    for n, node in enumerate(convs):
        given = list(node.inputs())
        for name, value in (("weight", given[1]), ("bias", given[2])):
            found: Any = value.toIValue()
            tensors[f"body.{2 * n}.{name}"] = found.detach().clone()
    if [node.kind() for node in nodes].count("aten::mul") < 2:
        # Freezing has multiplied the codes for a unit into the last convolution.
        for name in ("weight", "bias"):
            tensors[f"body.{2 * len(convs) - 2}.{name}"] *= step / 255
    return network_of(tensors, shape_of(tensors, Path("a shipped model"), "relu"))


def read_tensors(path: Path) -> tuple[Tensors, Mapping[str, str]]:
    """The tensors of a file, and what its maker wrote about them.

    Raises ModelError; a pickle that would run code is one of the reasons.
    """
    if path.suffix == ".safetensors":
        return _read_safetensors(path), {}
    if _is_program(path):
        raise ModelError(
            f"{printable(path)} is TorchScript, a program, not weights; give it a card "
            "(models/README.md) and run it with --trust-model if you trust its maker"
        )
    try:
        with warnings.catch_warnings():
            # Old or odd pickles are announced; they are read, or refused below.
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except _NOT_READ as error:
        raise ModelError(_refusal(path, error)) from error
    about: Mapping[str, str] = {}
    if isinstance(found, Mapping):
        about = found.get("about", {})
        inner = next((found[k] for k in _INNER if k in found), found)
        if isinstance(inner, Mapping):
            named = {str(k).removeprefix("module."): v for k, v in inner.items()}
            if named and all(isinstance(v, Tensor) for v in named.values()):
                return named, about
    raise ModelError(
        f"{printable(path)} holds no network's weights under "
        f"{', '.join(_INNER)} or at its top"
    )


def _is_program(path: Path) -> bool:
    # torch.load would hand it on to torch.jit.load.
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _refusal(path: Path, error: BaseException) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "damaged"
    name = printable(path)
    if isinstance(error, FileNotFoundError):
        return f"{name} is not there; name a model's file"
    if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
        return (
            f"{name} is a pickle that would run code when read, so it is refused; "
            "ask its maker for .safetensors, or for a file of weights only"
        )
    if isinstance(error, pickle.UnpicklingError):
        # Not torch's own words: they advise to run it.
        reason = "it is damaged, or a pickle that holds more than weights"
    return f"{name} cannot be read as weights: {reason}; get it again"


def _read_safetensors(path: Path) -> Tensors:
    """The format is a length of 8 bytes, a header in JSON, and the numbers."""
    try:
        with (
            path.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as data,
        ):
            start = 8 + int.from_bytes(data[:8], "little")
            header = json.loads(data[8:start])
            header.pop("__metadata__", None)
            if not header:
                raise ValueError("it holds nothing")
            return {
                str(name): _tensor(data, start, about=about)
                for name, about in header.items()
            }
    except (OSError, *_NOT_TENSORS) as error:
        raise ModelError(
            f"{printable(path)} is no whole .safetensors file: {error}; get it again"
        ) from error


def _tensor(data: mmap, start: int, *, about: Mapping[str, Any]) -> Tensor:
    first, last = about["data_offsets"]
    kind = _KINDS[about["dtype"]]
    # Its own bytes alone: a file has a thousand tensors.
    part = bytearray(data[start + first : start + last])
    flat = torch.frombuffer(part, dtype=kind)
    return flat.reshape(about["shape"]).float()


def is_srvgg(tensors: Tensors) -> bool:
    """Whether they are of a row of convolutions, as ours and Compact networks are."""
    convs = {k for k, v in tensors.items() if v.ndim == 4}
    return len(convs) > 1 and convs == {
        f"body.{2 * n}.weight" for n in range(len(convs))
    }


def shape_of(tensors: Tensors, path: Path, activation: str = "") -> NetworkShape:
    """What the network looks like, read off its tensors. Raises ModelError."""
    convs = {k: v for k, v in tensors.items() if v.ndim == 4}
    slopes = [k for k, v in tensors.items() if v.ndim == 1 and k.endswith(".weight")]
    wanted = [f"body.{2 * n}.weight" for n in range(len(convs))]
    if not is_srvgg(tensors):
        raise ModelError(
            f"{printable(path)} is not of the SRVGG (Real-ESRGAN Compact) family: it "
            f"holds {len(tensors)} tensors such as {printable(next(iter(tensors)))}; "
            "other networks run by --model, if the package spandrel is installed"
        )
    first, last = convs[wanted[0]], convs[wanted[-1]]
    features, channels = first.shape[:2]
    squared = last.shape[0] // channels
    return NetworkShape(
        channels=channels,
        features=features,
        convs=len(convs) - 2,
        scale=round(squared**0.5),
        activation=activation or ("prelu" if slopes else "relu"),
    )


def network_of(tensors: Tensors, shape: NetworkShape) -> SRVGGNetLightweight:
    """A network with these weights. Raises ModelError if they do not fit it."""
    network = SRVGGNetLightweight(shape)
    try:
        network.load_state_dict({k: v.float() for k, v in tensors.items()})
    except RuntimeError as error:
        raise ModelError(
            f"the weights do not make a network of {shape}: "
            f"{str(error).strip().splitlines()[-1].strip()}"
        ) from error
    return network.eval()
