"""Budgets: what is refused before it is allocated, and the memory estimate."""

from dataclasses import replace

import pytest

from videnhance.errors import InputError, UsageError
from videnhance.frame import Family, Layout
from videnhance.frame.geometry import Size
from videnhance.system.limits import (
    Demand,
    Limits,
    check_pixels,
    estimated_memory_mb,
    queue_bytes_for,
)

SD, HD, UHD = Size(640, 360), Size(1920, 1080), Size(3840, 2160)
EIGHT = Layout("yuv420p", Family.YUV, 8, (1, 1))
TEN = Layout("yuv420p10le", Family.YUV, 10, (1, 1))
ENLARGED = Demand(HD, HD.scaled(2), EIGHT)


def _plain(size: Size, scale: int, layout: Layout = EIGHT) -> Demand:
    return Demand(size, size.scaled(scale), layout, network=False, moves=False)


def _whole(size: Size, scale: int, layout: Layout = EIGHT) -> Demand:
    return Demand(size, size.scaled(scale), layout)


# The largest resident size of conversions by libx264 veryfast, two workers, two cores.
MEASURED = [
    (_plain(SD, 2), 401),
    (_whole(SD, 2), 494),
    (_plain(SD, 4), 680),
    (_whole(Size(1280, 720), 2), 880),
    (_plain(HD, 2), 1231),
    (replace(_plain(HD, 2), coder_threads=1), 977),
    (_whole(HD, 2), 1515),
    (replace(_whole(HD, 2), workers=4), 1489),
    (_whole(HD, 1), 979),
    (_plain(HD, 4), 3432),
    (_whole(HD, 2, TEN), 2332),
    (_plain(HD, 4, TEN), 6277),
    (_plain(UHD, 2), 3841),
]


@pytest.mark.parametrize(("demand", "megabytes"), MEASURED)
def test_the_estimate_is_near_what_was_measured(
    demand: Demand, megabytes: float
) -> None:
    assert 0.85 * megabytes < estimated_memory_mb(demand) < 1.3 * megabytes


def test_queues_shrink_to_what_is_left() -> None:
    most = estimated_memory_mb(ENLARGED)
    assert queue_bytes_for(ENLARGED, most) == ENLARGED.queue_bytes
    assert queue_bytes_for(ENLARGED, 10 * most) == ENLARGED.queue_bytes
    less = queue_bytes_for(ENLARGED, most - 20)
    assert 0 < less < ENLARGED.queue_bytes
    within = replace(ENLARGED, queue_bytes=less)
    assert estimated_memory_mb(within) <= most - 20 + 1


def test_too_little_memory_is_said_with_what_would_do() -> None:
    with pytest.raises(UsageError, match=r"--max-memory 300 is .* about \d+ MB; allow"):
        queue_bytes_for(ENLARGED, 300)


def test_a_picture_above_the_limit_names_the_limit_that_lets_it_in() -> None:
    check_pixels("a.png", Size(8192, 8192), limit=8192 * 8192)
    with pytest.raises(
        InputError, match=r"a\\n.png.*67108864 .*--limit-pixels 67117056"
    ):
        check_pixels("a\n.png", Size(8193, 8192), limit=8192 * 8192)


def test_memory_of_a_child_grows_with_its_frames() -> None:
    limits = Limits(memory_bytes=1000)
    assert limits.memory_for(0, 8) == 1000
    assert limits.memory_for(3, 2) == 1150
