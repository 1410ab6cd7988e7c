"""`videnhance live` and `preview` as a user types them, without a screen."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.clips import Clip, Sound, write_clip
from tests.windows import FakeWindow
from videnhance.cli import app
from videnhance.frame.geometry import Size
from videnhance.live import app as watching
from videnhance.live.capture_client import CaptureClient
from videnhance.live.captured import CaptureKind, CaptureOrder
from videnhance.live.player import Player
from videnhance.media.display import Displayer
from videnhance.media.reader.video_reader import VideoReader

pytestmark = [pytest.mark.opencv]


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def said(*words: str) -> tuple[int, str]:
    """Exit code, and standard error in one."""
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stderr


def test_a_file_is_recorded_without_a_window(tmp_path: Path) -> None:
    clip = Clip(96, 66, pts=tuple(range(0, 25 * 512, 512)), sounds=(Sound(seconds=1),))
    source = write_clip(tmp_path / "in.mp4", clip)
    target, report = tmp_path / "out.mp4", tmp_path / "report.json"
    code, err = said(
        *("live", str(source), "--headless", "--record", str(target)),
        *("--report", str(report), "--workers", "1"),
    )
    assert code == 0, err
    assert "frames shown" in err
    measured = json.loads(report.read_text())
    with VideoReader(target) as reader:
        frames = list(reader)
        assert len(reader.info.streams) == 2
    assert len(frames) == measured["shown"]
    assert f"recorded {len(frames)} frames: out.mp4" in err
    assert measured["taken"] == measured["shown"] + measured["dropped"]
    assert measured["model"].startswith(("default", "fast"))
    sizes = [measured[name] for name in ("source_size", "worked_on")]
    assert sizes == ["96x66", "96x66"]
    assert measured["output_size"] == "192x132"
    assert measured["output_size_because"] == "twice the size: there is time for it"
    assert measured["scales"] == {"2": measured["shown"]}
    assert sum(measured["cells"].values()) >= measured["shown"]
    assert frames[0].size.width == 192
    assert frames[-1].pts * frames[-1].time_base <= 1


@pytest.mark.parametrize(
    ("more", "stored"), [((), "yuv420p"), (("--pix-fmt", "source"), "yuv422p")]
)
def test_recordings_in_mp4_play_unless_told_otherwise(
    tmp_path: Path, more: tuple[str, ...], stored: str
) -> None:
    clip = Clip(pix_fmt="yuv422p", codec="ffv1", pts=range(0, 400, 40), options={})
    source = write_clip(tmp_path / "in.mkv", clip)
    target = tmp_path / "out.mp4"
    code, err = said(
        *("live", str(source), "--headless", "--record", str(target)),
        *("--workers", "1", "--preset", "ultrafast", *more),
    )
    assert code == 0, err
    with VideoReader(target) as reader:
        assert reader.info.source_format == stored


class Seen(FakeWindow):
    """A window of another shape than the picture, instead of OpenCV's."""

    made: "Seen"

    def __init__(self, *_: object) -> None:
        super().__init__(size=Size(320, 200))
        type(self).made = self

    def __enter__(self) -> "Seen":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False


def test_what_the_window_shows_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "OpenCVWindow", Seen)
    monkeypatch.setattr(watching, "check_screen", lambda _: None)
    target = tmp_path / "a.mkv"
    code, err = said(
        *("live", "--test-pattern", "--size", "96x64", "--fps", "20", "--workers", "1"),
        *("--view", "before", "--record", str(target), "--record-view"),
        *("--seconds", "1.5", "--crf", "1"),
    )
    assert code == 0, err
    display = Displayer()
    with VideoReader(target) as reader:
        assert reader.info.size == Size(320, 200)
        recorded = [display(frame).astype(int) for frame in reader]
    assert len(recorded) > 1
    for picture in recorded:
        differences = [np.abs(picture - shown).mean() for shown in Seen.made.shown]
        assert min(differences) < 6  # 4:2:0 blurs the colours of letters


def test_why_a_recording_has_no_sound_is_said(tmp_path: Path) -> None:
    clip = Clip(96, 66, pts=tuple(range(0, 5 * 512, 512)), sounds=(Sound(seconds=1),))
    source = write_clip(tmp_path / "in.mp4", clip)
    code, err = said(
        *("live", str(source), "--loop", "--headless", "--seconds", "1"),
        *("--record", str(tmp_path / "a.mkv"), "--workers", "1"),
    )
    assert code == 0, err
    assert "a.mkv without sound: that of a repeated file is left out" in err
    assert watching._silence(Player(source)) == ""
    stream = CaptureClient(CaptureOrder(CaptureKind.STREAM, "rtsp://host/"), "stream")
    assert watching._silence(stream) == "only the pictures of a stream are read"
    camera = CaptureClient(CaptureOrder(CaptureKind.CAMERA, "0"), "camera")
    assert watching._silence(camera) == ""


def test_models_without_a_card_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    code, err = said(
        *("live", "--test-pattern", "--size", "96x64", "--headless", "--seconds", "1"),
        *("--record", str(tmp_path / "out.mkv"), "--preset", "ultrafast"),
        *("--clean", "0.7", "--precision", "int8"),
    )
    assert code == 0, err
    assert [*tmp_path.glob("cache/**/clean-0.7.json")]


def test_the_pattern_stops_after_some_seconds(tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    code, err = said(
        *("live", "--test-pattern", "--size", "96x64", "--fps", "20", "--headless"),
        *("--record", str(target), "--seconds", "1", "--preset", "ultrafast"),
    )
    assert code == 0, err
    with VideoReader(target) as reader:
        assert 1 < len(list(reader)) <= 22


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["live", "--headless", "--test-pattern"], 2, "shows nothing"),
        (["live", "--test-pattern", "--record-view"], 2, "add --record FILE"),
        (
            ["live", "--headless", "--record", "a.mkv", "--record-view"],
            2,
            "--record-view needs the window",
        ),
        (["live", "--test-pattern", "--size", "big"], 2, "--size big is no size"),
        (["live", "--test-pattern", "--strength", "3"], 2, "--strength 3"),
        (["live", "--test-pattern", "--record", "a.xyz"], 2, "suffix"),
        (["live", "--test-pattern", "--snapshots", "none"], 2, "is no folder"),
        (["live", "--test-pattern"], 1, "there is no screen"),
        (["live", "nothing.mp4"], 1, "nothing.mp4 does not exist"),
        (["preview", "nothing.mp4"], 1, "videnhance convert IN OUT --max-frames"),
        (
            ["live", "77", "--headless", "--record", "a.mkv"],
            1,
            "camera 77 does not open",
        ),
        (["live", "no such camera"], 1, "no file or camera called"),
        (["live", "--test-pattern", "-m", "x"], 1, "no screen"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    words: list[str], code: int, message: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "videnhance", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    target = tmp_path / "a.mkv"
    target.write_bytes(b"dear")
    words = "live", "--test-pattern", "--headless", "--record", str(target)
    code, err = said(*words, "--seconds", "1")
    assert code == 1
    assert "exists already" in err
    assert target.read_bytes() == b"dear"


def test_the_virtual_camera_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    code, err = said("live", "--test-pattern", "--headless", "--virtual-camera")
    assert code == 1
    assert "pip install '.[virtualcam]'" in err


def test_cameras_are_listed() -> None:
    done = CliRunner().invoke(app, ["live", "--list-cameras"])
    assert done.exit_code == 0
    assert done.stdout.strip()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
    ids=["interrupt", "terminate"],
)
def test_a_signal_completes_the_recording(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    target = tmp_path / "a.mkv"
    words = "live", "--test-pattern", "--headless", "--record", str(target)
    with subprocess.Popen(
        [sys.executable, "-m", "videnhance", *words], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "recording" not in process.stderr.readline():
            assert process.poll() is None
        # The file is begun when the encoder has given a packet.
        while not any(p.stat().st_size for p in tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(300) == code
        rest = process.stderr.read()
    assert "Traceback" not in rest
    with VideoReader(target) as reader:
        assert len(list(reader)) > 1
    assert os.listdir(tmp_path) == ["a.mkv"]
