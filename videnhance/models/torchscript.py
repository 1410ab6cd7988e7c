"""TorchScript and torch's quantization, whose end is announced, behind one seam.

Both warn that they are deprecated; the range of torch versions is pinned in setup.cfg,
so the warnings are silenced here, and only here.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = [
    "deprecated",
    "has_int8_instructions",
    "instruction_set",
    "int8_engine",
    "loaded",
    "optimized",
    "quiet_tools",
    "saved",
    "scripted",
]

_INT8_ENGINES = ("onednn", "x86", "fbgemm", "qnnpack")


@contextmanager
def quiet_tools() -> Iterator[None]:
    """Silences what other tools log below an error, while they run."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def deprecated() -> Iterator[None]:
    """Silences the announcements of what is called within."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Quantized tensors announce their end once, from C++, past Python's filters
        # unless they are made here first.
        torch._make_per_tensor_quantized_tensor(torch.zeros(1, dtype=torch.uint8), 1, 0)
        yield


def instruction_set() -> str:
    """The widest instructions of this processor that torch uses."""
    return str(torch.backends.cpu.get_cpu_capability())


def has_int8_instructions() -> bool:
    """Whether torch's int8 engine is the one of oneDNN, on a processor with VNNI."""
    told = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(told and told()) and int8_engine() in _INT8_ENGINES[:2]


def int8_engine() -> str:
    """torch's engine for int8 on this machine; empty if it has none.

    Always the same: engines round apart, so which measures faster today must not tell.
    """
    supported = torch.backends.quantized.supported_engines
    return next((e for e in _INT8_ENGINES if e in supported), "")


def scripted(module: nn.Module) -> torch.jit.ScriptModule:
    """The module as a frozen program."""
    with deprecated():
        frozen: torch.jit.ScriptModule = torch.jit.freeze(
            torch.jit.script(module.eval())
        )
    return frozen


def loaded(data: bytes, device: str = "cpu") -> torch.jit.ScriptModule:
    """The program in a file; raises what torch raises for a file that is none."""
    with deprecated():
        script: torch.jit.ScriptModule = torch.jit.load(
            io.BytesIO(data), map_location=device
        )
    return script.eval()


def optimized(script: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """A float program as fast as torch makes it; it takes the weights of `script`."""
    with deprecated():
        fast: torch.jit.ScriptModule = torch.jit.optimize_for_inference(
            torch.jit.freeze(script)
        )
    return fast


def saved(script: torch.jit.ScriptModule) -> bytes:
    """The program as a file's content."""
    data = io.BytesIO()
    with deprecated():
        torch.jit.save(script, data)
    return data.getvalue()
