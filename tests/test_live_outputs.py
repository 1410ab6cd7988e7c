"""Recordings, snapshots and the virtual camera."""

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, write_clip
from tests.frames import YUV420, Weave, noise
from videnhance.errors import (
    MissingLibraryError,
    OutputError,
    UsageError,
)
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.live import models as models_module
from videnhance.live import recorder as recorder_module
from videnhance.live.captured import CapturedFrame, live_info
from videnhance.live.engine import Engine, Result
from videnhance.live.models import Models
from videnhance.live.outputs import Outputs, VirtualCamera
from videnhance.live.player import Player
from videnhance.live.recorder import Recorder, Recording, live_encoding
from videnhance.media.display import Displayer, frame_of_screen
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import Settings

pytestmark = [pytest.mark.opencv]
SIZE = Size(96, 66)
INFO = live_info(SIZE, Fraction(30))
TIMES = (100.0, 100.04, 100.05, 100.5, 100.51)
"""When pictures were taken: as unevenly as a camera does it in the dark."""


def capture_at(captured: float, number: int, size: Size = SIZE) -> CapturedFrame:
    """A picture that was taken then."""
    frame = replace(
        noise(size, YUV420, number), pts=number, time_base=Fraction(1, 1000)
    )
    return CapturedFrame(frame, captured, number)


def recorded(target: Path, captures: list[CapturedFrame]) -> list[Frame]:
    """What a recording of them holds."""
    recorder = Recorder(Recording(target, live_encoding(target)), INFO)
    for capture in captures:
        recorder.offer(capture, capture.frame)
    recorder.close()
    assert recorder.left_out == 0
    with VideoReader(target) as reader:
        return list(reader)


@pytest.mark.parametrize(("suffix", "grain"), [(".mkv", 0.0006), (".mp4", 0.0001)])
def test_a_recording_has_the_times_of_the_capture(
    tmp_path: Path, suffix: str, grain: float
) -> None:
    captures = [capture_at(time, number) for number, time in enumerate(TIMES)]
    frames = recorded(tmp_path / f"a{suffix}", captures)
    times = [float(f.pts * f.time_base) for f in frames]
    wanted = [time - TIMES[0] for time in TIMES]
    assert times == pytest.approx(wanted, abs=grain)


def test_a_size_that_changes_is_brought_into_the_first(tmp_path: Path) -> None:
    captures = [
        capture_at(1.0, 0),
        capture_at(1.1, 1, Size(40, 80)),
        capture_at(1.2, 2),
    ]
    frames = recorded(tmp_path / "a.mkv", captures)
    assert [f.size for f in frames] == [SIZE] * 3
    assert frames[1].planes[0][:, :8].max() < 40  # black beside the narrow picture


def test_nothing_shown_is_no_file(tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    Recorder(Recording(target, live_encoding(target)), INFO).close()
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_replaced_unless_asked(tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    target.write_bytes(b"dear")
    with pytest.raises(OutputError, match="exists already"):
        Recorder(Recording(target, live_encoding(target)), INFO)
    recording = Recording(target, live_encoding(target), overwrite=True)
    recorder = Recorder(recording, INFO)
    recorder.offer(capture_at(1.0, 0), capture_at(1.0, 0).frame)
    assert target.read_bytes() == b"dear"
    recorder.close()
    assert target.read_bytes() != b"dear"


def held(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Has every encoder wait until this is set."""
    go = Event()

    class Held(VideoWriter):
        def write(self, frame: Frame) -> None:
            assert go.wait(240)
            super().write(frame)

    monkeypatch.setattr(recorder_module, "VideoWriter", Held)
    return go


def test_what_the_encoder_has_no_time_for_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch)
    monkeypatch.setattr(recorder_module, "_QUEUE_BYTES", 3 * SIZE.area)
    target = tmp_path / "a.mkv"
    recorder = Recorder(Recording(target, live_encoding(target)), INFO)
    for number in range(200):  # would not end if it waited
        capture = capture_at(number / 30, number)
        recorder.offer(capture, capture.frame)
    assert recorder.left_out > 0
    go.set()
    recorder.close()
    with VideoReader(target) as reader:
        assert len(list(reader)) == recorder.frames
    assert recorder.frames + recorder.left_out == 200
    assert recorder.left_out > 0


def test_an_encoder_that_fails_is_told_of(tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    recorder = Recorder(Recording(target, Encoding(crf=18, preset="no such")), INFO)
    capture = capture_at(1.0, 0)
    recorder.offer(capture, capture.frame)
    with pytest.raises((OutputError, UsageError)):
        recorder.close()
    assert not recorder.is_running
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_quick_to_encode_unless_the_user_chose() -> None:
    assert live_encoding(Path("a.mkv")).preset == "superfast"
    assert live_encoding(Path("a.webm")).codec == "libvpx-vp9"
    slow = Encoding(preset="slow")
    assert live_encoding(Path("a.mkv"), slow) == slow
    with pytest.raises(UsageError, match="suffix"):
        live_encoding(Path("a.xyz"))


@pytest.mark.parametrize("begins", [0, 20])
def test_the_sound_of_a_file_comes_along_from_there(
    tmp_path: Path, begins: int
) -> None:
    clip = Clip(96, 66, pts=tuple(range(0, 50 * 512, 512)), sounds=(Sound(seconds=2),))
    source = write_clip(tmp_path / "clip.mp4", clip)
    target = tmp_path / "a.mkv"
    player = Player(source)
    recorder = Recorder(
        Recording(target, live_encoding(target), sound=player.source), player.info
    )
    with VideoReader(source) as reader:
        for number, frame in enumerate(reader):
            if number >= begins:
                recorder.offer(CapturedFrame(frame, 1.0, number), frame)
            if number == 39:
                break
    recorder.close()
    with av.open(str(target)) as made:
        video, audio = made.streams.video[0].index, made.streams.audio[0].index
        ends = {video: 0.0, audio: 0.0}
        for packet in made.demux():
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                ends[packet.stream.index] = max(ends[packet.stream.index], end)
    wanted = (40 - begins) / 25
    assert ends[video] == pytest.approx(wanted, abs=0.05)
    assert ends[audio] == pytest.approx(wanted, abs=0.1)


# Snapshots.


@pytest.fixture
def result(monkeypatch: pytest.MonkeyPatch) -> Result:
    """A picture, enhanced, without its plain enlargement."""
    monkeypatch.setattr(models_module, "_loaded", lambda _: (Weave(), "weave"))
    engine = Engine(Models([Choice()], None), Settings(workers=1))
    engine.with_base = False
    return engine.result(capture_at(1.0, 0))


def test_a_snapshot_is_two_pictures_named_by_the_time(
    result: Result, tmp_path: Path
) -> None:
    with Outputs(tmp_path) as outputs:
        outputs.snapshot(result, INFO)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 2
    assert names[0].startswith(time.strftime("videnhance-%Y"))
    assert [name.rpartition("-")[2] for name in names] == ["after.png", "before.png"]
    assert outputs.take_notices() == [f"saved {names[1]} and -after.png"]
    pictures = [av.open(str(tmp_path / name)).streams.video[0] for name in names]
    assert [(p.width, p.height) for p in pictures] == [(192, 132)] * 2
    assert (tmp_path / names[0]).read_bytes() != (tmp_path / names[1]).read_bytes()


def test_a_snapshot_that_fails_is_said(result: Result, tmp_path: Path) -> None:
    with Outputs(tmp_path / "none") as outputs:
        outputs.snapshot(result, INFO)
    (words,) = outputs.take_notices()
    assert words.startswith("no snapshot: ")


def test_a_key_begins_and_ends_a_recording(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = held(monkeypatch)
    with Outputs(tmp_path) as outputs:
        outputs.toggle_recording(INFO)
        assert "0 frames" in outputs.recording_words
        outputs.take(result, INFO, None, None)
        outputs.toggle_recording(INFO)  # the file is completed meanwhile
        assert outputs.recording_words == ""
        go.set()
        time.sleep(0.01)  # names are by the millisecond
        outputs.toggle_recording(INFO)
        outputs.take(result, INFO, None, None)
    assert len(list(tmp_path.glob("videnhance-*.mkv"))) == 2
    assert sum("recorded 1 frame" in words for words in outputs.take_notices()) == 2


def test_the_view_is_recorded_with_its_own_size(result: Result, tmp_path: Path) -> None:
    target, turned = tmp_path / "a.mkv", replace(INFO, rotation_degrees=90)
    recording = Recording(target, live_encoding(target), view=True)
    with Outputs(tmp_path, recording) as outputs:
        outputs.take(result, turned, None, np.full((101, 160, 3), 90, np.uint8))
    with VideoReader(target) as reader:
        (frame,) = reader
        assert reader.info.rotation_degrees == 0
    assert frame.size == Size(160, 100)
    assert frame.tags.matrix == 1


def test_a_recording_has_a_size_and_a_view_has_the_windows(
    result: Result, tmp_path: Path
) -> None:
    for view in (False, True):
        target = tmp_path / f"{view}.mkv"
        with Outputs(
            tmp_path, Recording(target, live_encoding(target), view=view)
        ) as outputs:
            assert not outputs.has_size
            outputs.take(result, INFO, None, np.zeros((48, 64, 3), np.uint8))
            assert outputs.has_size is not view


def test_a_recording_by_a_key_that_fails_is_said(
    result: Result, tmp_path: Path
) -> None:
    with Outputs(tmp_path / "none") as outputs:
        outputs.toggle_recording(INFO)
    assert outputs.take_notices()[0].startswith("no recording: ")


def test_an_interrupted_recording_is_complete(result: Result, tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    recording = Recording(target, live_encoding(target))
    outputs = Outputs(tmp_path, recording)
    with suppress(KeyboardInterrupt), outputs:
        outputs.take(result, INFO, None, None)
        raise KeyboardInterrupt
    with VideoReader(target) as reader:
        assert len(list(reader)) == 1


# The virtual camera.


class Driver:
    """pyvirtualcam with a driver, or without."""

    def __init__(self, works: bool = True) -> None:
        self.works, self.closed = works, False
        self.sent: list[np.ndarray] = []
        self.PixelFormat = SimpleNamespace(BGR="bgr")

    def Camera(self, **told: object) -> SimpleNamespace:
        """A camera that keeps what it is sent."""
        if not self.works:
            raise RuntimeError("'v4l2loopback' backend: No v4l2 loopback device found")

        def close() -> None:
            self.closed = True

        return SimpleNamespace(
            **told, device="/dev/video7", send=self.sent.append, close=close
        )


def installed(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    """Puts the driver where the package would be."""
    module = ModuleType("pyvirtualcam")
    vars(module).update(Camera=driver.Camera, PixelFormat=driver.PixelFormat)
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)


def test_a_virtual_camera_is_sent_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    installed(monkeypatch, driver)
    with VirtualCamera(30.0) as camera:
        assert camera.device == ""
        camera.send(np.full((12, 16, 3), 7, np.uint8))
        camera.send(np.full((24, 8, 3), 7, np.uint8))
        assert camera.device == "/dev/video7"
    assert [picture.shape for picture in driver.sent] == [(12, 16, 3)] * 2
    assert driver.closed


def test_without_a_driver_there_is_a_way_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, Driver(works=False))
    with (
        VirtualCamera(30.0) as camera,
        pytest.raises(MissingLibraryError, match=r"No v4l2 .*modprobe"),
    ):
        camera.send(np.zeros((12, 16, 3), np.uint8))


def test_without_the_package_there_is_a_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingLibraryError, match=r"pip install '\.\[virtualcam"):
        VirtualCamera(30.0)


# Screens and frames.


@pytest.mark.parametrize(("turn", "shape"), [(0, (66, 96)), (90, (96, 66))])
def test_a_picture_is_shown_upright(turn: int, shape: tuple[int, int]) -> None:
    pixels = Displayer(turn)(noise(SIZE, YUV420))
    assert pixels.shape == (*shape, 3)


def test_a_turn_is_clockwise_and_a_mirror_comes_after_it() -> None:
    frame = noise(SIZE, YUV420)
    plain = Displayer()(frame)
    assert (Displayer(90)(frame) == np.rot90(plain, -1)).all()
    assert (Displayer(270, True)(frame) == np.rot90(plain, 1)[:, ::-1]).all()


def test_a_screen_becomes_a_frame_and_a_screen_again() -> None:
    grey = np.full((9, 17, 3), 120, np.uint8)
    frame = frame_of_screen(grey, noise(SIZE, YUV420, 3))
    assert (frame.layout, frame.index, frame.size) == (YUV420, 3, Size(16, 8))
    assert np.abs(Displayer()(frame).astype(int) - 120).max() <= 3


def test_a_window_after_pyav_is_refused_and_does_not_hang() -> None:
    code = (
        "import av; from videnhance.live.window import OpenCVWindow; "
        "from videnhance.frame.geometry import Size\n"
        "with OpenCVWindow('a', Size(64, 64)): pass"
    )
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has this trouble")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=300, check=False
    )
    assert b"import videnhance.live before it" in done.stderr
