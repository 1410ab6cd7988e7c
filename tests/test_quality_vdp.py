"""ColorVideoVDP, where its package is, and what is said where it is not."""

import sys
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from tests.films import texture
from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.quality import vdp
from videnhance.quality.vdp import colour_video_vdp

needs_cvvdp = pytest.mark.skipif(
    find_spec("pycvvdp") is None, reason="needs the package cvvdp"
)
SIZE = Size(96, 64)


def colour(index: int) -> Pixels:
    """A picture that moves."""
    return np.repeat(texture(index, SIZE.width, SIZE.height)[..., None], 3, axis=2)


def score(ours: list[Pixels], originals: list[Pixels]) -> float:
    """Of a short video."""
    pairs = zip(ours, originals, strict=True)
    count = len(ours)
    return colour_video_vdp(pairs, count=count, size=SIZE, rate=Fraction(25))


@needs_cvvdp
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_the_original_is_ten_and_flicker_costs() -> None:
    originals = [colour(4)] * 6
    calm = [np.clip(p.astype(int) + 3, 0, 255).astype(np.uint8) for p in originals]
    wild = [
        p if n % 2 else q for n, (p, q) in enumerate(zip(originals, calm, strict=True))
    ]
    assert score(originals, originals) == pytest.approx(10, abs=1e-3)
    assert score(wild, originals) < score(calm, originals) < 10
    assert score(calm[:1], originals[:1]) < 10
    # Nothing that fetches weights was loaded, and nothing stands in for others.
    assert not {"huggingface_hub", "torchvision"} & {*sys.modules}
    assert getattr(sys.modules.get("pycvvdp"), "__file__", "") is not None


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    vdp._loaded.cache_clear()
    monkeypatch.setattr(vdp, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"docs/compare\.md"):
        score([colour(0)], [colour(0)])
    vdp._loaded.cache_clear()
