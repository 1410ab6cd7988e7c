"""Which source a word means, and which cameras there are."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import write_clip
from videnhance.errors import InputError, UsageError
from videnhance.frame.geometry import Size
from videnhance.live.capture_client import CaptureClient
from videnhance.live.player import Player
from videnhance.live.sources import (
    Camera,
    TestPattern,
    camera_for,
    cameras,
    listed,
    source_for,
)

pytestmark = pytest.mark.opencv
FOUND = [
    Camera("0", "Integrated Webcam"),
    Camera("2", "USB Webcam"),
    Camera("4", "Pro"),
]


def system(folder: Path, *devices: tuple[str, str, str]) -> Path:
    """A folder as Linux keeps it: number, name and index of each device."""
    for number, name, index in devices:
        device = folder / f"video{number}"
        device.mkdir()
        (device / "name").write_text(f"{name}\n")
        (device / "index").write_text(f"{index}\n")
    return folder


def test_cameras_are_listed_by_number_without_their_side_devices(
    tmp_path: Path,
) -> None:
    known = system(tmp_path, ("10", "B", "0"), ("1", "A\x1b", "1"), ("0", "A", "0"))
    assert cameras(known) == [Camera("0", "A"), Camera("10", "B")]


def test_without_cameras_the_list_is_empty(tmp_path: Path) -> None:
    assert cameras(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("0", FOUND[0]),
        ("7", Camera("7", "camera 7")),
        ("/dev/video2", Camera("/dev/video2", "/dev/video2")),
        ("pro", FOUND[2]),
        ("usb webcam", FOUND[1]),
    ],
)
def test_a_camera_has_a_number_a_path_or_a_name(word: str, wanted: Camera) -> None:
    assert camera_for(word, FOUND) == wanted


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("webcam", r"more than one .*0  Integrated.*2  USB"),
        ("nikon", "no file or camera"),
    ],
)
def test_a_name_of_none_or_of_several_is_an_error(word: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        camera_for(word, FOUND)


def test_a_list_without_cameras_says_what_to_do() -> None:
    assert "--test-pattern" in listed([])


def test_a_file_is_played(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "0.mp4")
    source = source_for(str(clip), loop=True)
    assert isinstance(source, Player)
    assert source.loop
    assert source.name == "0.mp4"


def test_an_address_is_received_and_the_rest_captured() -> None:
    stream = source_for("rtsp://host/1")
    assert isinstance(stream, CaptureClient)
    assert stream.name == "rtsp://host/1"
    camera = source_for(None, size=Size(1280, 720), rate=60)
    assert isinstance(camera, CaptureClient)
    assert (camera.order.place, camera.order.width, camera.order.rate) == (
        *("0", 1280),
        60,
    )


def test_the_pattern_has_the_size_and_rate_that_are_asked_for() -> None:
    pattern = source_for(None, size=Size(100, 60), rate=12.5, pattern=True)
    assert isinstance(pattern, TestPattern)
    assert (pattern.size, pattern.rate) == (Size(100, 60), Fraction(25, 2))


@pytest.mark.parametrize("word", ["nothing.mp4", "folder/none", "/dev/video99"])
def test_what_is_not_there_is_an_error(word: str) -> None:
    with pytest.raises(InputError, match=r"does not exist|no device"):
        source_for(word)


def test_two_sources_are_one_too_many(tmp_path: Path) -> None:
    clip = str(write_clip(tmp_path / "a.mp4"))
    with pytest.raises(UsageError, match="two sources"):
        source_for(clip, pattern=True)
    with pytest.raises(UsageError, match="--fps"):
        source_for(clip, rate=30)
    for word in ("rtsp://host/1", "0"):
        with pytest.raises(UsageError, match="--video-track is for files"):
            source_for(word, video_track=1)
    with pytest.raises(UsageError, match="--video-track is for files"):
        source_for(None, video_track=1, pattern=True)
    with pytest.raises(UsageError, match="--fps 0"):
        source_for(None, rate=0)
