"""The metrics that a comparison knows: what each is called, means and needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

from videnhance.errors import UsageError, nearest, printable
from videnhance.quality.vmaf import ffmpeg_with_vmaf, has_xpsnr

__all__ = ["METRICS", "Kind", "Metric", "chosen_metrics", "is_there", "limits_of"]


class Kind(Enum):
    """What a metric is asked about."""

    NEAR = "near"
    """A frame beside its original."""
    TIME = "time"
    """Two frames beside their originals."""
    WHOLE = "whole"
    """The whole video beside its original."""
    ALONE = "alone"
    """Frames without an original: an alarm, and no judge."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    """As options call it."""
    title: str
    kind: Kind
    digits: int
    unit: str = ""
    less_is_better: bool = False
    package: str = ""
    """What must be installed; "" if it comes with this package."""
    is_slow: bool = False
    """Not measured unless it is named."""
    is_decibel: bool = False
    """Its mean is that of the errors, as FFmpeg's filters have it."""
    for_hdr: bool = True


_ALL = (
    Metric("psnr", "PSNR-Y", Kind.NEAR, 2, "dB", is_decibel=True),
    Metric("ssim", "SSIM", Kind.NEAR, 4),
    Metric("xpsnr", "XPSNR", Kind.NEAR, 2, "dB", package="ffmpeg", is_decibel=True),
    Metric("vmaf", "VMAF", Kind.NEAR, 2, package="ffmpeg", for_hdr=False),
    Metric("vmaf_neg", "VMAF-NEG", Kind.NEAR, 2, package="ffmpeg", for_hdr=False),
    Metric(
        *("ssimulacra2", "SSIMULACRA2", Kind.NEAR, 2),
        package="ssimulacra2",
        is_slow=True,
        for_hdr=False,
    ),
    Metric("erqa", "ERQA", Kind.NEAR, 3, package="erqa", is_slow=True, for_hdr=False),
    Metric(
        *("cvvdp", "ColorVideoVDP", Kind.WHOLE, 3, "JOD"),
        package="pycvvdp",
        is_slow=True,
        for_hdr=False,
    ),
    Metric("tof", "tOF", Kind.TIME, 3, "px", less_is_better=True),
    Metric("flicker", "flicker", Kind.TIME, 3, "levels", less_is_better=True),
    Metric("sharpness", "sharpness", Kind.ALONE, 3, "levels"),
    Metric("blockiness", "blockiness", Kind.ALONE, 3, less_is_better=True),
    Metric("shimmer", "shimmer", Kind.ALONE, 3, "levels", less_is_better=True),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}


def is_there(metric: Metric) -> bool:
    """Whether this machine can measure it."""
    if metric.package != "ffmpeg":
        return not metric.package or find_spec(metric.package) is not None
    return has_xpsnr() if metric.name == "xpsnr" else ffmpeg_with_vmaf() is not None


def chosen_metrics(
    names: Iterable[str] | None, also: Iterable[str] = ()
) -> tuple[Metric, ...]:
    """Those that are named, in a fixed order; None: all quick ones that are there.

    `all` stands for everything that is there. Raises UsageError for a name that is
    none, or one that this machine cannot measure.
    """
    if names is None:
        names = (m.name for m in _ALL if not m.is_slow and is_there(m))
    asked = {*names, *also}
    if "all" in asked:
        asked = (asked - {"all"}) | {m.name for m in _ALL if is_there(m)}
    for name in sorted(asked):
        _check_name(name)
        if not is_there(METRICS[name]):
            raise UsageError(_missing_words(METRICS[name]))
    return tuple(m for m in _ALL if m.name in asked)


def _check_name(name: str) -> None:
    if name not in METRICS:
        raise UsageError(
            f"{printable(name)} is no metric{nearest(name, METRICS)}; there are "
            f"{', '.join(METRICS)}, and all"
        )


def _missing_words(metric: Metric) -> str:
    """What to install."""
    if metric.package == "ffmpeg":
        need = "an FFmpeg with libvmaf" if "vmaf" in metric.name else "FFmpeg 7.1"
        how = "pip install '.[metrics]' in the folder of videnhance's source brings one"
    elif metric.package == "pycvvdp":
        need = "the package cvvdp"
        how = "docs/compare.md tells how to install it without a CUDA build of torch"
    else:
        need = f"the package {metric.package}"
        how = "run pip install '.[metrics]' in the folder of videnhance's source"
    return f"{metric.title} needs {need}, which is not on this machine: {how}"


def limits_of(words: Iterable[str], option: str) -> dict[str, float]:
    """Bounds by metric, from `psnr=38`. Raises UsageError, which names the option."""
    found = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            bound = float(value)
        except ValueError:
            raise UsageError(
                f"{option} {printable(word)} is no bound; write {option} psnr=38"
            ) from None
        _check_name(name)
        found[name] = bound
    return found
