"""ColorVideoVDP (Mantiuk et al., SIGGRAPH 2024) by the package `cvvdp`.

It models what a viewer sees in space and time, flicker among it, in JOD: 10 is no
visible difference. Only its classic metric is loaded, whose parameters come with the
package: the learned variants fetch their weights.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.system.optional import optional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DISPLAY", "colour_video_vdp"]

DISPLAY = "standard_fhd"
"""The viewer's screen: 24 inches, 1920 x 1080, 200 cd/m2, in an office."""
_PACKAGE = "pycvvdp"


def colour_video_vdp(
    pairs: Iterable[tuple[Pixels, Pixels]], *, count: int, size: Size, rate: Fraction
) -> float:
    """The score in JOD of `count` pictures beside their originals, all H x W x 3 RGB.

    They are taken one by one; one alone is judged as a still. Raises
    MissingLibraryError.
    """
    package = _loaded()
    torch = optional("torch")
    metric = package.cvvdp(display_name=DISPLAY, quiet=True, device=torch.device("cpu"))
    source = _source_of(package)(pairs, count, size, rate)
    with torch.inference_mode():
        score, _ = metric.predict_video_source(source)
    return float(score)


@cache
def _loaded() -> ModuleType:
    """The module of the metric, without what only its other parts need."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise MissingLibraryError(
            "ColorVideoVDP needs the package cvvdp: docs/compare.md tells how to "
            "install it without a CUDA build of torch"
        )
    # The package itself would load its learned variants, and with them libraries that
    # fetch weights; the metric needs nothing of these but a Gaussian blur.
    package = ModuleType(_PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    stands_for = {_PACKAGE: package, f"{_PACKAGE}.dump_channels": _no_dump()}
    if find_spec("torchvision") is None:
        transforms = ModuleType("torchvision.transforms")
        vars(transforms)["GaussianBlur"] = _Blur
        stands_for["torchvision"] = ModuleType("torchvision")
        stands_for["torchvision.transforms"] = transforms
    with _standing_in(stands_for):
        return optional(f"{_PACKAGE}.cvvdp_metric")


def _no_dump() -> ModuleType:
    """Its recorder of inner channels, which is for its makers."""
    module = ModuleType(f"{_PACKAGE}.dump_channels")
    vars(module)["DumpChannels"] = None
    return module


@contextmanager
def _standing_in(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Has these imported under their names, for a while."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


class _Blur:
    """torchvision's `GaussianBlur`: separable, the edge reflected."""

    def __init__(self, kernel_size: int, sigma: float) -> None:
        torch = optional("torch")
        reach = (kernel_size - 1) / 2
        places = torch.linspace(-reach, reach, kernel_size)
        weights = torch.exp(-0.5 * (places / sigma) ** 2)
        self._weights = weights / weights.sum()

    def forward(self, picture: "Tensor") -> "Tensor":
        """N x C x H x W, blurred."""
        functional = optional("torch.nn.functional")
        weights = self._weights.to(picture)
        count, channels = weights.numel(), picture.shape[1]
        edge = count // 2
        padded = functional.pad(picture, (edge, edge, edge, edge), mode="reflect")
        for shape in ((1, 1, 1, count), (1, 1, count, 1)):
            kernel = weights.reshape(shape).expand(channels, 1, *shape[2:])
            padded = functional.conv2d(padded, kernel, groups=channels)
        blurred: Tensor = padded
        return blurred


@cache
def _source_of(package: ModuleType) -> type:
    """A source of frames as the metric wants it, over an iterable of pairs."""
    torch = optional("torch")

    base = package.video_source_dm

    class Source(base):  # type: ignore[misc,valid-type]  # known when it is loaded
        def __init__(
            self,
            pairs: Iterable[tuple[Pixels, Pixels]],
            count: int,
            size: Size,
            rate: Fraction,
        ) -> None:
            super().__init__(display_photometry=DISPLAY)
            self._pairs, self._count, self._size = iter(pairs), count, size
            self._rate = float(rate) if count > 1 else 0.0
            self._index = -1
            self._pair: tuple[Pixels, ...] = ()

        def get_video_size(self) -> tuple[int, int, int]:
            return self._size.height, self._size.width, self._count

        def get_frames_per_second(self) -> float:
            return self._rate

        def get_test_frame(
            self, frame: int, device: object, colorspace: str
        ) -> "Tensor":
            return self._shown(frame, 0, colorspace)

        def get_reference_frame(
            self, frame: int, device: object, colorspace: str
        ) -> "Tensor":
            return self._shown(frame, 1, colorspace)

        def _shown(self, frame: int, which: int, colorspace: str) -> "Tensor":
            while self._index < frame:
                self._pair = next(self._pairs)
                self._index += 1
            picture = torch.from_numpy(self._pair[which].copy()).float() / 255
            shaped = picture.permute(2, 0, 1)[None, :, None]
            made: Tensor = self.apply_dm_and_color_transform(shaped, colorspace)
            return made

    return Source
