"""What a container cannot hold is said, and by which file."""

from fractions import Fraction

import av
import pytest

from videnhance.errors import OutputError
from videnhance.media.containers import (
    CONTAINERS,
    ROWS,
    Container,
    check_length,
    container_named,
)

DAY = Fraction(86400)


def test_a_day_fits_everywhere() -> None:
    for container in ("mpegts", "mp4", "matroska", "unknown"):
        check_length("a", container, DAY)


def test_more_than_a_transport_stream_counts_is_refused_by_name() -> None:
    with pytest.raises(
        OutputError, match=r"a\.ts: mpegts holds 26 hours.*over 48.*mkv"
    ):
        check_length("a.ts", "mpegts", 2 * DAY)
    check_length("a.mkv", "matroska", 1000 * DAY)


def test_nothing_is_known_of_an_unknown_container() -> None:
    row = container_named("unknown")
    assert row == Container(name="unknown")
    told = ("frames", "times", "start", "end", "aspect", "colour", "rotation")
    assert not any(getattr(row, fact) for fact in told)


def test_rows_and_their_suffixes_are_there_once() -> None:
    suffixes = [suffix for row in ROWS for suffix in row.suffixes]
    assert sorted(suffixes) == [*CONTAINERS]
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(name in av.formats_available for name in CONTAINERS.values())
