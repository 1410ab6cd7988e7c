"""Tags of a file: what a container takes is found out, the rest gets a place."""

from pathlib import Path

import av
import pytest

from tests.clips import write_clip
from videnhance.errors import OutputError
from videnhance.media.output.boxes import keys_box, with_boxes
from videnhance.media.output.file_tags import (
    carried_tags,
    lost_notice,
    missing_tags,
    untaken,
)

TAGS = {"title": "Weg", "FREE": "frei", "creation_time": "2024-05-06T07:08:09.000000Z"}


@pytest.mark.parametrize(
    ("container", "lost"),
    [
        ("mp4", {"FREE"}),
        ("mov", {"FREE"}),
        ("matroska", set()),
        ("webm", set()),
        ("nut", set()),
        ("avi", {"FREE", "creation_time"}),
        ("mpegts", {"title", "FREE", "creation_time"}),
    ],
)
def test_what_a_muxer_leaves_out_is_known(container: str, lost: set[str]) -> None:
    assert {*untaken(TAGS, container)} == lost
    assert untaken({}, container) == {}


def test_a_place_is_the_same_in_other_digits() -> None:
    place = {"location": "+48.8577+002.2950+035.000/"}
    assert missing_tags(place, {"location": "+48.8577+002.2950+35.000000/"}) == {}
    assert missing_tags(place, {"location": "+48.8577+002.2951/"}) == place
    assert missing_tags({"a": "x"}, {"a": "y"}) == {"a": "x"}


def test_what_the_muxer_writes_itself_is_not_carried() -> None:
    made = {"encoder": "Lavf", "DURATION": "1", "major_brand": "qt  "}
    assert carried_tags(made, "mov") == {}
    told_twice = {"title-eng": "Weg", "title": "Weg", "comment-deu": "so"}
    assert carried_tags(told_twice, "mp4") == {"title": "Weg", "comment-deu": "so"}


def test_apples_names_are_not_in_capitals() -> None:
    given = {"COM.APPLE.QUICKTIME.LOCATION.ISO6709": "+1+2/", "MAKE": "x"}
    carried = carried_tags(given, "mov")
    assert carried == {"com.apple.quicktime.location.ISO6709": "+1+2/", "MAKE": "x"}
    assert carried_tags(given, "matroska") == given


def test_many_tags_are_named_in_few_words() -> None:
    assert lost_notice([], "avi") is None
    words = lost_notice([f"t{n}" for n in range(10)], "avi")
    assert words is not None
    assert words.endswith("t0, t1, t2, t3, t4, t5, t6, t7 and 2 more")


def test_keys_are_read_and_nothing_moves(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    with av.open(str(path)) as before:
        packets = [bytes(p) for p in before.demux()]
    with_boxes(path, movie=keys_box({"FREE": "frei äöü", "two": "2"}))
    with av.open(str(path)) as after:
        assert after.metadata["FREE"] == "frei äöü"
        assert after.metadata["two"] == "2"
        assert [bytes(p) for p in after.demux()] == packets


def test_an_index_in_front_is_not_touched(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    with path.open("ab") as file:
        file.write(b"\0\0\0\x08free")
    whole = path.read_bytes()
    with pytest.raises(OutputError, match="no index at its end"):
        with_boxes(path, movie=b"\0\0\0\x08free")
    assert path.read_bytes() == whole
