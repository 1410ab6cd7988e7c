"""The loop, with a window that is none: keys, troubles, ends, what is said."""

import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.captures import FakeCamera
from tests.clips import Clip, write_clip
from tests.frames import YUV420, Weave, noise
from tests.windows import FakeWindow, ReadySource
from videnhance.cli import app
from videnhance.cli.job import job_of
from videnhance.enhance import Bicubic, Upscaler
from videnhance.errors import InputError, OutputError
from videnhance.frame import Frame
from videnhance.live import models as models_module
from videnhance.live.command import convert_command
from videnhance.live.engine import Look
from videnhance.live.face import Face
from videnhance.live.outputs import Outputs
from videnhance.live.pattern import TestPattern
from videnhance.live.player import Player, WhenLate
from videnhance.live.recorder import Recording, live_encoding
from videnhance.live.session import Session
from videnhance.live.shots import LiveSource, Trouble
from videnhance.live.sizes import Reduced
from videnhance.live.stage import preview_stage, stage
from videnhance.live.views import View
from videnhance.live.window import Mouse, Pressed
from videnhance.model.runtime import Choice
from videnhance.region import Size
from videnhance.video.source import Source

pytestmark = [pytest.mark.opencv, pytest.mark.timeout(60)]
SIZE = Size(96, 66)
CLIP = Clip(96, 66, pts=tuple(range(0, 50 * 512, 512)))


@pytest.fixture(autouse=True)
def _quick_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand-ins for networks; and no thread outlives a session."""
    made: dict[str, tuple[Upscaler, str]] = {
        "default": (Weave(), "weave"),
        "other": (Bicubic(), "flat"),
    }
    monkeypatch.setattr(models_module, "_loaded", lambda choice: made[choice.model])
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def keys(words: str) -> list[list[Pressed | Mouse]]:
    """Each word at one showing: a letter, or the name of a key; `.` is none."""
    named = {"space": 32, "esc": 27, "left": 0xFF51, "right": 0xFF53, "f11": 0xFFC8}
    return [
        [] if word == "..." else [Pressed(named.get(word) or ord(word))]
        for word in words.split()
    ]


@dataclass
class Ran:
    """What came of a session."""

    window: FakeWindow
    face: Face
    said: list[str] = field(default_factory=list)
    look: Look = field(default_factory=Look)
    session: Session | None = None


def ran(
    source: LiveSource,
    window: FakeWindow,
    folder: Path,
    preview: bool = False,
    seconds: float = 20.0,
) -> Ran:
    """Runs a session until the script quits, or for so many seconds."""
    run = Ran(window, Face())
    choices, look = [Choice(), Choice("other")], Look()
    if preview:
        assert isinstance(source, Player)
        staged = preview_stage(source, choices, look, 1)
    else:
        staged = stage(source, choices, look, 1, 1 << 20)
    with Outputs(folder) as outputs, staged as running:
        run.session = Session(
            running, window, outputs, run.face, run.said.append, seconds
        )
        run.session.run()
        run.look = running.look
    run.said += outputs.told()
    return run


def ready(count: int = 40, **ends: bool) -> ReadySource:
    """Pictures that differ."""
    frames = [noise(SIZE, YUV420, n) for n in range(count)]
    return ReadySource(frames, time.monotonic, **ends)


def test_keys_change_what_is_seen(tmp_path: Path) -> None:
    run = ran(ready(), FakeWindow(keys("h v s z 1 x f11 - - + q")), tmp_path)
    state = run.face.state
    assert run.face.help
    assert not run.face.overlay
    assert (state.view, state.swapped, state.loupe) == (View.BESIDE, True, True)
    assert state.natural
    assert run.window.full
    assert run.look.strength == pytest.approx(0.9)


def test_views_go_round_and_the_difference_comes_back(tmp_path: Path) -> None:
    run = ran(ready(), FakeWindow(keys("v v v v v 0 q")), tmp_path)
    assert run.face.state.view is View.DIFFERENCE
    run = ran(ready(), FakeWindow(keys("v 0 0 q")), tmp_path)
    assert run.face.state.view is View.BESIDE


def test_the_mouse_moves_the_split(tmp_path: Path) -> None:
    script: list[list[Pressed | Mouse]] = [[Mouse(80, 50, held=False)], *keys("... q")]
    run = ran(ready(), FakeWindow(script), tmp_path)
    assert run.face.state.mouse == (0.25, 0.25)


@pytest.mark.parametrize("key", ["q", "esc"])
def test_both_keys_quit(tmp_path: Path, key: str) -> None:
    began = time.monotonic()
    ran(ready(), FakeWindow(keys(f"... {key}")), tmp_path)
    assert time.monotonic() - began < 5


def test_closing_the_window_quits(tmp_path: Path) -> None:
    class Closed(FakeWindow):
        def show(self, canvas: np.ndarray | None) -> list[Pressed | Mouse]:
            self.is_open = len(self.shown) < 3
            return super().show(canvas)

    assert len(ran(ready(), Closed(), tmp_path).window.shown) < 10


def test_the_plain_picture_is_made_only_where_it_is_seen(tmp_path: Path) -> None:
    assert ran(ready(), FakeWindow(keys("q")), tmp_path).look.base
    assert not ran(ready(), FakeWindow(keys("v v q")), tmp_path).look.base
    assert ran(ready(), FakeWindow(keys("v v z q")), tmp_path).look.base


def test_a_pause_keeps_the_picture_of_a_camera(tmp_path: Path) -> None:
    run = ran(ready(60), FakeWindow(keys("space ... ... - ... ... q")), tmp_path)
    assert run.session is not None
    assert run.session.gauge.shown < 4
    last = run.session._last
    assert last is not None
    assert last.shot.again  # the strength changes what stands


def test_models_are_changed_by_a_key(tmp_path: Path) -> None:
    waits = " ..." * 8
    run = ran(ready(), FakeWindow(keys(f"m{waits} q")), tmp_path)
    last = run.session._last if run.session else None  # what the figures tell
    assert last is not None
    assert last.model == "flat"


def test_trouble_dims_the_picture_and_is_said(tmp_path: Path) -> None:
    bright = noise(SIZE, YUV420)
    bright = bright.with_planes(tuple(np.full_like(p, 200) for p in bright.planes))
    trouble, window = Trouble("lost; trying again"), FakeWindow(keys("x"))
    parts: Sequence[Frame | Trouble] = [*[bright] * 9, *[trouble] * 9, *[bright] * 9]
    run = ran(ReadySource(parts, time.monotonic, ends=True), window, tmp_path, False, 1)
    assert run.said == ["lost; trying again"]
    levels = [int(canvas[20, 300].mean()) for canvas in window.shown[2:]]
    assert min(levels) < 0.7 * max(levels)
    assert levels[0] == levels[-1] == max(levels)


def test_a_picture_that_grows_old_is_not_shown_as_live(tmp_path: Path) -> None:
    window = FakeWindow()
    ran(ready(1), window, tmp_path, seconds=2.0)
    assert window.shown[-1].mean() < 0.8 * window.shown[1].mean()


def test_a_camera_that_repeats_itself_is_noticed(tmp_path: Path) -> None:
    same, window = noise(SIZE, YUV420), FakeWindow()
    ran(ReadySource([same] * 90, time.monotonic), window, tmp_path, seconds=1.6)
    assert window.shown[-1].mean() < 0.8 * window.shown[1].mean()


def test_a_camera_goes_and_comes_back(tmp_path: Path) -> None:
    camera, window = FakeCamera(tmp_path), FakeWindow()

    def change() -> None:
        time.sleep(1.0)
        camera.becomes("absent")
        time.sleep(1.0)
        camera.becomes("wide")

    changing = threading.Thread(target=change)
    changing.start()
    run = ran(camera.feed(), window, tmp_path, seconds=3.5)
    changing.join()
    assert any("fake camera does not open" in words for words in run.said)
    last = run.session._last if run.session else None
    assert last is not None
    assert last.after.size == Size(24, 12)


def test_without_a_camera_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fake camera does not open"):
        ran(FakeCamera(tmp_path, "absent").feed(), FakeWindow(), tmp_path)


def test_the_window_answers_while_the_camera_is_silent(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)

    class Timed(FakeWindow):
        def __init__(self) -> None:
            super().__init__()
            self.times: list[float] = []

        def show(self, canvas: np.ndarray | None) -> list[Pressed | Mouse]:
            self.times.append(time.monotonic())
            if len(self.shown) == 3:
                camera.becomes("stall")
            return super().show(canvas)

    ran(camera.feed(), window := Timed(), tmp_path, seconds=2.0)
    assert max(np.diff(window.times)) < 0.5


# Files.


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds."""
    return write_clip(tmp_path / "clip.mp4", CLIP)


def test_a_file_stays_on_its_last_frame(clip: Path, tmp_path: Path) -> None:
    run = ran(Player(clip, stays=True), FakeWindow(), tmp_path, seconds=3.5)
    assert run.session is not None
    last = run.session._last
    assert last is not None
    assert last.shot.seconds == pytest.approx(49 / 25)


def test_settings_change_the_last_frame_of_a_file(clip: Path, tmp_path: Path) -> None:
    short = write_clip(tmp_path / "short.mp4", Clip(96, 66))
    script = keys(f"{'... ' * 16} - v v v m {'... ' * 8} q")
    run = ran(Player(short, stays=True), FakeWindow(script), tmp_path)
    last = run.session._last if run.session else None
    assert last is not None
    assert (last.shot.again, last.before is not None) == (True, True)
    assert last.model == "flat"


def test_a_file_is_repeated(clip: Path, tmp_path: Path) -> None:
    run = ran(Player(clip, loop=True), FakeWindow(), tmp_path, seconds=3.0)
    assert run.session is not None
    last = run.session._last
    assert last is not None
    assert last.shot.seconds < 1.5
    assert last.shot.number > 50


def test_a_file_plays_at_its_own_rate(clip: Path) -> None:
    times = []
    for shot in Player(clip).shots(waiting()):
        times.append(time.monotonic())
        assert not isinstance(shot, Trouble)
        assert shot.captured <= times[-1]
    assert times[-1] - times[0] == pytest.approx(49 / 25, abs=0.3)


def waiting() -> Callable[[float], bool]:
    """Waits, and never closes."""
    return threading.Event().wait


def test_space_stops_a_file_where_it_is(clip: Path, tmp_path: Path) -> None:
    script = keys("... ... space " + "... " * 8 + "q")
    run = ran(Player(clip), FakeWindow(script), tmp_path)
    last = run.session._last if run.session else None
    assert last is not None
    assert last.shot.seconds < 1


def preview_player(clip: Path) -> Player:
    """As the command makes it."""
    return Player(clip, when_late=WhenLate.WAIT, stays=True)


def test_a_preview_seeks_by_keys_and_by_mouse(clip: Path, tmp_path: Path) -> None:
    script = [*keys("space right"), *[[]] * 6, *keys("q")]
    run = ran(preview_player(clip), FakeWindow(script), tmp_path, preview=True)
    last = run.session._last if run.session else None
    assert last is not None
    assert last.shot.seconds > 1.5
    script = [*keys("space"), [Mouse(91, 190, True, True)], *[[]] * 6, *keys("q")]
    run = ran(preview_player(clip), FakeWindow(script), tmp_path, preview=True)
    last = run.session._last if run.session else None
    assert last is not None
    assert last.shot.seconds == pytest.approx(1.0, abs=0.05)


def test_settings_change_a_picture_that_stands(clip: Path, tmp_path: Path) -> None:
    script = keys("space ... ... - - - - - ... ... ... ... q")
    window = FakeWindow(script)
    run = ran(preview_player(clip), window, tmp_path, preview=True)
    last = run.session._last if run.session else None
    assert last is not None
    assert last.shot.again
    assert run.look.strength == pytest.approx(0.5)


def test_a_preview_says_the_command(clip: Path, tmp_path: Path) -> None:
    run = ran(
        preview_player(clip), FakeWindow(keys("- n u c q")), tmp_path, preview=True
    )
    words = [w for w in run.said if w.startswith("videnhance convert ")]
    assert words == [
        f"videnhance convert {clip} {tmp_path / 'clip-enhanced.mp4'} "
        "--strength 0.9 --skip 2 --fuse 0"
    ]


@pytest.mark.parametrize(
    ("look", "choice", "track"),
    [
        (Look(), Choice(), None),
        (Look(4, 0.3, 0.0, 4), Choice("x.json", "float32", "cpu", True), 0),
        (Look(1), None, 2),
    ],
)
def test_the_command_means_what_the_preview_shows(
    look: Look, choice: Choice | None, track: int | None
) -> None:
    command = convert_command(
        Source(Path("-a b'c.mkv"), video_track=track), look, choice
    )
    words = shlex.split(command)
    assert words[:2] == ["videnhance", "convert"]
    convert = app.get_command(None, "convert")  # type: ignore[arg-type]  # not needed
    assert convert is not None
    with convert.make_context("convert", words[2:]) as ctx:
        job = job_of(ctx.params)
    assert job.source == Path("-a b'c.mkv")
    assert job.reading.video_track == track
    assert (job.settings.scale, job.settings.skip) == (look.scale, look.skip)
    assert job.settings.strength == (look.strength if choice else 0)
    assert choice is None or job.choice == choice
    assert not job.settings.strength or job.settings.fuse == look.fuse


def test_a_jump_that_comes_late_is_no_delay(clip: Path, tmp_path: Path) -> None:
    player = preview_player(clip)
    player.go_to(99)
    shots = player.shots(waiting())
    first = next(shots)
    while not isinstance(first, Trouble) and first.seconds < 1.5:
        first = next(shots)
    shots.close()  # type: ignore[attr-defined]  # a generator


# The size that is worked on.


def test_large_frames_are_reduced_and_keep_their_shape() -> None:
    source = Reduced(TestPattern(Size(640, 360), Fraction(30)), 320 * 180)
    shot = next(iter(source.shots(waiting())))
    assert not isinstance(shot, Trouble)
    assert shot.frame.size == Size(320, 180)
    assert source.info is not None
    assert source.info.size == Size(320, 180)


def test_the_pattern_keeps_time_and_moves() -> None:
    pattern = TestPattern(Size(97, 55), Fraction(50))
    shots = pattern.shots(waiting())
    pictures = [next(shots) for _ in range(4)]
    frames = [p.frame for p in pictures if not isinstance(p, Trouble)]
    assert [f.pts for f in frames] == sorted({f.pts for f in frames})
    assert frames[0].size == Size(96, 54)
    assert (frames[0].planes[0] != frames[-1].planes[0]).any()


def test_a_recording_that_fails_ends_the_session(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    recording = Recording(gone / "a.mkv", live_encoding(gone / "a.mkv"))
    outputs = Outputs(tmp_path, recording)

    @contextmanager
    def torn() -> Iterator[None]:
        gone.rmdir()
        yield

    with (
        pytest.raises(OutputError, match="no folder"),
        torn(),
        outputs,
        stage(ready(), [Choice()], Look(), 1, 1 << 20) as running,
    ):
        Session(running, None, outputs, Face(), print, 5).run()


def test_look_is_replaced_whole() -> None:
    assert replace(Look(), strength=0.5) == Look(strength=0.5)
