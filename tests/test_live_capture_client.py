"""Cameras and streams that fail in every way, and come back."""

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.captures import PATIENCE, FakeCamera, awaited
from tests.clips import Clip, write_clip
from videnhance.errors import InputError
from videnhance.live.capture import serve
from videnhance.live.capture_client import CaptureClient, Patience
from videnhance.live.captured import (
    CapturedFrame,
    CaptureKind,
    CaptureOrder,
    Picture,
    Trouble,
)
from videnhance.media.addresses import is_address
from videnhance.media.sandbox.messages import Failed, decoded, encoded
from videnhance.system.latest import Latest

pytestmark = [pytest.mark.opencv]


def is_shot(item: CapturedFrame | Trouble) -> bool:
    """Whether it is a picture."""
    return isinstance(item, CapturedFrame)


def is_trouble(item: CapturedFrame | Trouble) -> bool:
    """Whether it is none."""
    return isinstance(item, Trouble)


def test_pictures_come_with_growing_times_and_numbers(tmp_path: Path) -> None:
    with Latest(FakeCamera(tmp_path).feed().captures, "test") as slot:
        captures = [awaited(slot, is_shot) for _ in range(3)]
    numbers = [s.number for s in captures if isinstance(s, CapturedFrame)]
    times = [s.frame.pts for s in captures if isinstance(s, CapturedFrame)]
    assert numbers == sorted(set(numbers))
    assert times == sorted(set(times))


def test_a_slow_taker_gets_the_newest_picture(tmp_path: Path) -> None:
    feed = FakeCamera(tmp_path).feed(Patience(*[PATIENCE] * 4))
    with Latest(feed.captures, "test") as slot:
        awaited(slot, is_shot)
        while slot.dropped <= 5:
            time.sleep(0.01)
        given = slot.given
        capture = slot.take(PATIENCE)
        assert isinstance(capture, CapturedFrame)
        assert capture.number >= given - 1


@pytest.mark.parametrize(
    ("mode", "words"),
    [("absent", "absent"), ("busy", "busy"), ("crash", "SIGABRT"), ("huge", "size")],
)
def test_a_camera_that_never_works_is_an_error(
    tmp_path: Path, mode: str, words: str
) -> None:
    with (
        Latest(FakeCamera(tmp_path, mode).feed().captures, "test") as slot,
        pytest.raises(InputError, match=f"fake camera .*{words}"),
    ):
        slot.take(PATIENCE)


def test_a_camera_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    feed = FakeCamera(tmp_path, "stall").feed(Patience(opening=0.3))
    with (
        Latest(feed.captures, "test") as slot,
        pytest.raises(InputError, match=r"no picture for 0\.3 s|unplugged"),
    ):
        slot.take(PATIENCE)


@pytest.mark.parametrize(
    "mode", ["absent", "stall", "crash", "nonsense", "cut", "huge", "silent end"]
)
def test_a_lost_camera_is_told_of_and_comes_back(tmp_path: Path, mode: str) -> None:
    camera = FakeCamera(tmp_path)
    with Latest(camera.feed().captures, "test") as slot:
        before = awaited(slot, is_shot)
        camera.becomes(mode)
        trouble = awaited(slot, is_trouble)
        assert isinstance(trouble, Trouble)
        assert trouble.words.startswith("fake camera ")
        assert trouble.words.endswith("trying again")
        camera.becomes("ok")
        capture = awaited(slot, is_shot)
        assert isinstance(before, CapturedFrame)
        assert isinstance(capture, CapturedFrame)
        assert capture.run > before.run


def test_a_camera_that_needs_long_gets_more_time_with_each_attempt() -> None:
    patience = Patience(opening=12.0, reopening=2.0)
    waits = [patience.for_attempt(number) for number in range(8)]
    assert waits == [12.0, 2.0, 3.0, 4.5, 6.75, 10.125, 12.0, 12.0]


def test_a_size_that_changes_is_a_picture_of_another_size(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)
    with Latest(camera.feed().captures, "test") as slot:
        awaited(slot, is_shot)
        camera.becomes("wide")
        wide = awaited(
            slot, lambda s: isinstance(s, CapturedFrame) and s.frame.size.width == 12
        )
        assert isinstance(wide, CapturedFrame)
        assert [p.shape for p in wide.frame.planes] == [(6, 12), (3, 6), (3, 6)]


def test_no_picture_comes_from_the_future(tmp_path: Path) -> None:
    with Latest(FakeCamera(tmp_path, "future").feed().captures, "test") as slot:
        capture = awaited(slot, is_shot)
        assert isinstance(capture, CapturedFrame)
        assert capture.captured <= time.monotonic()


@pytest.mark.parametrize("mode", ["ok", "stall", "absent", "cut"])
def test_closing_waits_for_nothing_whatever_the_camera_does(
    tmp_path: Path, mode: str
) -> None:
    camera = FakeCamera(tmp_path)
    with Latest(camera.feed(Patience(*[3600.0] * 4)).captures, "test") as slot:
        awaited(slot, is_shot)
        camera.becomes(mode)


# The child's own program.


class Grabbed:
    """OpenCV's camera with pictures that are known."""

    def __init__(self, pictures: list[np.ndarray]) -> None:
        self.pictures, self.released = iter(pictures), False

    def read(self) -> tuple[bool, np.ndarray | None]:
        """The next picture, or none."""
        picture = next(self.pictures, None)
        return picture is not None, picture

    def get(self, number: int) -> float:
        """Every property is 29.97."""
        return 29.97

    def release(self) -> None:
        """Notes it."""
        self.released = True


def served(camera: Grabbed, monkeypatch: pytest.MonkeyPatch) -> BytesIO:
    """What the child says of a camera."""
    monkeypatch.setattr("videnhance.live.capture.confine", lambda _: None)
    order = encoded(CaptureOrder(CaptureKind.CAMERA, "0"))
    out = BytesIO()
    serve(BytesIO(order), out, lambda _: camera)
    out.seek(0)
    return out


def test_the_child_sends_even_planes_of_each_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = Grabbed([np.full((7, 9, 3), 255, np.uint8)])
    out = served(camera, monkeypatch)
    told = decoded(out.readline(), Picture)
    assert isinstance(told, Picture)
    assert (told.width, told.height, told.tags.range) == (8, 6, 1)
    planes = out.read(8 * 6 * 3 // 2)
    assert planes[:48] == bytes([235]) * 48
    ended = decoded(out.readline(), Picture)
    assert isinstance(ended, Failed)
    assert "plugged in" in ended.words
    assert camera.released


@pytest.mark.parametrize("shape", [(6, 8), (1, 1, 3), (6, 8, 4)])
def test_the_child_refuses_strange_pictures(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = served(Grabbed([np.zeros(shape, np.uint8)]), monkeypatch)
    told = decoded(out.readline(), Picture)
    assert isinstance(told, Failed)
    assert "strange shape" in told.words


# Streams, from a server of this machine.


class Files(BaseHTTPRequestHandler):
    """Gives one file, and connects to nothing else."""

    def __init__(self, *args: object, file: Path, times: list[int]) -> None:
        self.file, self.times = file, times
        super().__init__(*args)  # type: ignore[arg-type]  # as the server gives them

    def do_GET(self) -> None:
        """The whole file, as long as there are times left."""
        if not self.times:
            self.send_error(404)
            return
        self.times.pop()
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(self.file.read_bytes())

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def served_clip(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a transport stream, and the times that it will still be given."""
    file, times = write_clip(tmp_path / "clip.ts", Clip(width=64, height=48)), [1] * 99
    handler = partial(Files, file=file, times=times)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/clip.ts", times
        server.shutdown()
        thread.join()


def test_a_stream_is_shown_and_taken_up_again(
    served_clip: tuple[str, list[int]],
) -> None:
    address, times = served_clip
    patience = Patience(20, 20, 5, 0.1)
    feed = CaptureClient(CaptureOrder(CaptureKind.STREAM, address), address, patience)
    with Latest(feed.captures, "test") as slot:
        capture = awaited(slot, is_shot)
        assert isinstance(capture, CapturedFrame)
        assert (capture.frame.size.width, capture.frame.size.height) == (64, 48)
        assert feed.info is not None
        times.clear()
        awaited(slot, is_trouble)
        times.extend([1] * 99)
        awaited(slot, is_shot)


def test_a_stream_that_is_not_there_is_an_error() -> None:
    address = "http://127.0.0.1:9/none"
    feed = CaptureClient(CaptureOrder(CaptureKind.STREAM, address), address)
    with (
        Latest(feed.captures, "test") as slot,
        pytest.raises(InputError, match=r"cannot be opened: .*check the address"),
    ):
        slot.take(PATIENCE)


def test_a_stream_leads_to_no_file_of_this_machine(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "secret.ts")
    playlist = tmp_path / "list.m3u8"
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", f"file://{clip}"]
    playlist.write_text("\n".join([*lines, "#EXT-X-ENDLIST"]))
    handler = partial(Files, file=playlist, times=[1] * 9)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/list.m3u8"
        feed = CaptureClient(CaptureOrder(CaptureKind.STREAM, address), address)
        try:
            with Latest(feed.captures, "test") as slot, pytest.raises(InputError):
                slot.take(25)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("rtsp://host/1", True),
        ("HTTP://host", True),
        ("file:///etc/passwd", False),
        ("concat:a|b", False),
        ("clip.mp4", False),
        ("http://", False),
    ],
)
def test_only_network_addresses_are_streams(word: str, wanted: bool) -> None:
    assert is_address(word) is wanted
