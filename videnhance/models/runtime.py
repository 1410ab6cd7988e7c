"""Loaded models: where an engine is not known to be the fastest, it is measured.

TorchScript files are programs, so only files whose hash the package knows are loaded
without being asked for. Starts no threads; sets torch to one thread a caller.
"""

import logging
import time
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock

import numpy as np
import torch

from videnhance.errors import ModelError, UsageError
from videnhance.frame import Pixels
from videnhance.models.card import Card, find_card
from videnhance.models.choice import Choice, check_trust
from videnhance.models.torchscript import (
    has_int8_instructions,
    int8_engine,
    loaded,
    optimized,
)
from videnhance.pipeline.tiles import ANY_WIDTH
from videnhance.system.threads import serialized

__all__ = ["Copies", "Network", "load", "measured", "shuffled"]

logger = logging.getLogger(__name__)

_COPIED_ENGINES, _COPIES = ("onednn", "x86"), 16
"""Narrow patches of one frame size come in ten shapes, half of them in fours, too."""
_NOT_RUN = (torch.jit.Error, RuntimeError, ValueError, AttributeError, TypeError)
"""What a TorchScript file that is not a model raises."""
_SAMPLE_AREA, _SAMPLE_WIDTH = 192 * 160, 320
_NARROW, _NARROW_FROM = 160, 24
"""Input pixels, and features. In int8 a row of 160 pixels with 32 features, its sums
and the weights fill a core's nearest cache (32 KiB on many). Beyond 204 it is two
thirds as fast, and some of its codes differ by one: other kernels, other sums."""
_FAR, _WIDEST = 16, 200
"""Input pixels: who looks further spends more on the halo than the cache gives."""
_RUNS = 5
_kept: list[tuple[Card, Choice, "Network"]] = []
"""The last one loaded: in a folder of pictures each asks for it."""


class Copies:
    """Copies of one program, each for one shape of input; for several threads.

    torch keeps the kernel of a quantized convolution at hand for the first shape that
    the program sees, and for that one alone (`ConvPrimitiveCache` in its qconv.cpp);
    for each other shape it describes all layers to oneDNN anew in each call, which
    takes up to half as long as computing a small patch.
    """

    def __init__(self, first: torch.jit.ScriptModule) -> None:
        """`first` serves what comes when the others are taken."""
        self._first = first
        self._free: list[torch.jit.ScriptModule] = []
        self._taken: dict[tuple[int, ...], torch.jit.ScriptModule] = {}
        self._lock = Lock()

    def add(self, copy: torch.jit.ScriptModule) -> None:
        """Adds one that has not seen any input yet."""
        self._free.append(copy)

    def of(self, shape: tuple[int, ...]) -> torch.jit.ScriptModule:
        """The copy for this shape."""
        found = self._taken.get(shape)
        if found is not None:
            return found
        with self._lock:
            if shape not in self._taken and self._free:
                self._taken[shape] = self._free.pop()
            return self._taken.get(shape, self._first)


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model: an Upscaler, callable from several threads at once."""

    card: Card
    precision: str
    engine: str
    """What computes: an int8 engine of torch, `torch` for float32, or `cuda`."""
    script: torch.jit.ScriptModule
    megapixels_per_second: float
    """As `measured` on one thread; 0 if nothing was."""
    copies: Copies | None = field(default=None, repr=False)
    """Of `script`, for an engine that needs one for each shape."""
    factor: int = 0
    """What pictures are brought to by a network that resizes; 0: its own factor."""

    @property
    def channels(self) -> int:
        """1 (luma) or 3 (RGB)."""
        return self.card.channels

    @property
    def scale(self) -> int:
        """How many times larger its codes are."""
        return self.factor or self.card.scale

    def at(self, factor: int) -> "Network":
        """The same for pictures of `factor` times the size, if it knows several."""
        return replace(self, factor=factor) if self.card.resizes else self

    @property
    def halo(self) -> int:
        """Receptive field to each side, in input pixels."""
        return self.card.halo

    @property
    def step(self) -> float:
        """Grey levels for one residual code."""
        return self.card.residual_step

    @property
    def max_row_width(self) -> int:
        """Input pixels of a row up to which it computes fast."""
        # Not measured: what comes out must not depend on what else the machine does.
        features = self.card.features or _NARROW_FROM  # rather slow than not exact
        narrow = features >= _NARROW_FROM and self.precision == "int8"
        if not narrow:
            return ANY_WIDTH
        return _NARROW if self.halo <= _FAR else _WIDEST

    def __str__(self) -> str:
        named = f"{self.card.name} {self.precision} on {self.engine}"
        if not self.megapixels_per_second:
            return named
        speed = f"{self.megapixels_per_second:.1f} million pixels a second"
        return f"{named}, {speed} on each thread"

    def __call__(self, pixels: Pixels) -> Pixels:
        """N x H x W x C uint8 to residual codes N x sH x sW x C uint8."""
        # An N x H x W x C array, permuted, is channels-last already: nothing is copied,
        # unless it is read-only, which torch does not take.
        writable = np.require(pixels, requirements="W")
        batch = torch.from_numpy(writable).permute(0, 3, 1, 2)
        factor = (self.scale,) if self.card.resizes else ()
        with torch.inference_mode():
            if self.engine == "cuda":
                codes = self.script(batch.cuda(), *factor).cpu()
            else:
                copies = self.copies
                script = copies.of(batch.shape) if copies else self.script
                codes = script(batch, *factor)
        found: Pixels = codes.permute(0, 2, 3, 1).numpy()
        return np.ascontiguousarray(found) if factor else shuffled(found, self.channels)


def shuffled(codes: Pixels, channels: int) -> Pixels:
    """The pixel shuffle: N x H x W x 4C codes to N x 2H x 2W x C.

    Channel 4c + 2i + j goes to row 2y + i and column 2x + j, as in torch. Codes that
    are N x 2H x 2W x C already pass through.
    """
    count, height, width, depth = codes.shape
    codes = np.ascontiguousarray(codes)
    if depth != 4 * channels:
        return codes
    if channels == 1:
        # Two neighbours of a row lie side by side: 16-bit pairs move, not single bytes.
        pairs = codes.view(np.uint16).transpose(0, 1, 3, 2)
        rows = np.ascontiguousarray(pairs).view(np.uint8)
        return rows.reshape(count, 2 * height, 2 * width, 1)
    blocks = codes.reshape(count, height, width, channels, 2, 2)
    spread = blocks.transpose(0, 1, 4, 2, 5, 3)
    return spread.reshape(count, 2 * height, 2 * width, channels)


@serialized
def load(choice: Choice) -> Network:
    """Loads the model and picks the fastest engine that the choice allows.

    Raises ModelError if the model is unknown, damaged, untrusted or of the wrong shape,
    and UsageError if the device or the precision is not there. One thread at a
    time: it measures, and sets filters of warnings and an engine for the whole process.
    """
    card = find_card(choice.model)
    check_trust(card, choice)
    if not _kept or _kept[0][:2] != (card, choice):
        _kept[:] = [(card, choice, _loaded(card, choice))]
    return _kept[0][2]


def _loaded(card: Card, choice: Choice) -> Network:
    # Worker threads share the cores; torch's own on top would only fight for them.
    torch.set_num_threads(1)
    networks = _candidates(card, choice)
    if len(networks) == 1:
        return _copied(_checked(networks[0]))
    found = [measured(_checked(network)) for network in networks]
    for network in found:
        logger.debug("candidate: %s", network)
    if not found:
        raise UsageError(
            f"--precision {choice.precision}: this torch has no engine for it; "
            "use float32"
        )
    return _copied(max(found, key=lambda network: network.megapixels_per_second))


def _copied(network: Network) -> Network:
    """With copies for as many shapes as are usual, if the engine needs them."""
    if network.engine not in _COPIED_ENGINES:
        return network
    copies = Copies(network.script)
    torch.backends.quantized.engine = network.engine  # which packs the weights
    data = network.card.weights(network.precision)
    for _ in range(_COPIES):
        copies.add(loaded(data))
    return replace(network, copies=copies)


def _candidates(card: Card, choice: Choice) -> list[Network]:
    if choice.device == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "--device cuda: torch finds no CUDA device; use --device cpu, or install a "
            "CUDA build of torch"
        )
    found = []
    cuda = choice.device == "cuda" or (
        choice.device == "auto" and torch.cuda.is_available()
    )
    precisions = _precisions(card, choice.precision, cuda=cuda)
    if cuda and "float32" in precisions:
        script = _script(card, "float32", device="cuda")
        found.append(Network(card, "float32", "cuda", script, 0))
    if choice.device == "cuda" and not found:
        raise UsageError("--device cuda runs float32 only; leave --precision out")
    if choice.device != "cuda":
        for precision in precisions:
            engine = int8_engine() if precision == "int8" else "torch"
            if not engine:
                continue
            if precision == "int8":
                torch.backends.quantized.engine = engine
            script = _script(card, precision, device="cpu")
            found.append(Network(card, precision, engine, script, 0))
    return found


def _precisions(card: Card, wanted: str, *, cuda: bool) -> list[str]:
    if wanted == "auto":
        # Several times as fast as float32: nothing has to be measured.
        sure = "int8" in card.files and has_int8_instructions() and not cuda
        return ["int8"] if sure else list(card.files)
    if wanted not in card.files:
        raise UsageError(
            f"--precision {wanted}: model {card.name} comes as "
            f"{'; '.join([', '.join(card.files), *card.notes])}"
        )
    return [wanted]


def _script(card: Card, precision: str, *, device: str) -> torch.jit.ScriptModule:
    try:
        script = loaded(card.weights(precision), device)
        if precision == "float32" and device == "cpu":
            script = optimized(script)
    except _NOT_RUN as error:
        raise ModelError(
            f"model {card.name}: {card.files[precision][0]} is not TorchScript "
            f"for this torch ({torch.__version__}): {str(error).splitlines()[0]}"
        ) from error
    return script.eval()


def _checked(network: Network) -> Network:
    """Runs one small patch: a model of the wrong shape fails here, not in mid-film."""
    pixels = np.zeros((1, 24, 40, network.channels), np.uint8)
    wanted = (1, 24 * network.scale, 40 * network.scale, network.channels)
    try:
        got = network(pixels)
    except _NOT_RUN as error:
        raise ModelError(
            f"model {network.card.name} does not run on {pixels.shape} pixels: "
            f"{str(error).strip().splitlines()[-1]}; its card may not fit its file"
        ) from error
    if got.shape != wanted or got.dtype != np.uint8:
        raise ModelError(
            f"model {network.card.name} gives {got.shape} {got.dtype}, its card "
            f"promises {wanted} uint8; correct the card or the model"
        )
    return network


def measured(network: Network) -> Network:
    """The same, with its speed on this machine, which takes a tenth of a second."""
    width = min(network.max_row_width, _SAMPLE_WIDTH)
    shape = (1, _SAMPLE_AREA // width, width, network.channels)
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    run = partial(network, noise)
    run()  # the first run compiles
    best = min(_seconds(run) for _ in range(_RUNS))
    return replace(network, megapixels_per_second=_SAMPLE_AREA / best / 1e6)


def _seconds(run: "partial[Pixels]") -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
