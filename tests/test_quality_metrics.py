"""Which metrics are measured, and what is said of those that cannot be."""

import pytest

from videnhance.errors import UsageError
from videnhance.quality import metrics
from videnhance.quality.metrics import METRICS, chosen_metrics, is_there, limits_of


def names(*asked: str, also: tuple[str, ...] = ()) -> list[str]:
    """The names of what is chosen."""
    return [metric.name for metric in chosen_metrics(asked or None, also)]


def test_quick_ones_are_measured_by_default() -> None:
    chosen = chosen_metrics(None)
    assert {"psnr", "ssim", "tof", "flicker"} <= {metric.name for metric in chosen}
    assert not any(metric.is_slow for metric in chosen)


def test_named_ones_come_in_their_order() -> None:
    assert names("tof", "psnr") == ["psnr", "tof"]
    assert names("tof", also=("ssim",)) == ["ssim", "tof"]


def test_all_stands_for_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    monkeypatch.setattr(metrics, "ffmpeg_with_vmaf", lambda: None)
    monkeypatch.setattr(metrics, "has_xpsnr", lambda: False)
    assert names("all") == [m.name for m in METRICS.values() if not m.package]
    for name, need in (
        ("vmaf", "libvmaf"),
        ("xpsnr", r"FFmpeg 7\.1"),
        ("erqa", "package erqa"),
        ("cvvdp", r"docs/compare\.md"),
    ):
        assert not is_there(METRICS[name])
        with pytest.raises(UsageError, match=need):
            chosen_metrics([name])


def test_a_wrong_name_is_refused_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"psmr is no metric \(did you mean psnr\?\)"):
        chosen_metrics(["psmr"])


def test_bounds_are_read() -> None:
    assert limits_of(["psnr=38", "vmaf=90.5"], "--min") == {"psnr": 38, "vmaf": 90.5}
    with pytest.raises(UsageError, match="--min psnr is no bound"):
        limits_of(["psnr"], "--min")
    with pytest.raises(UsageError, match="is no metric"):
        limits_of(["quality=1"], "--max")
