"""The loop, with a window that is none: keys, troubles, ends, what is said."""

import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.captures import FakeCamera
from tests.clips import Clip, write_clip
from tests.frames import YUV420, Weave, noise
from tests.windows import FakeWindow, ReadySource
from videnhance.cli import app
from videnhance.cli.convert import job_from
from videnhance.errors import InputError, OutputError
from videnhance.frame import Frame, Pixels
from videnhance.frame.geometry import Size
from videnhance.live import models as models_module
from videnhance.live.budget import Reduced
from videnhance.live.capture_client import Patience
from videnhance.live.captured import CapturedFrame, LiveSource, Trouble
from videnhance.live.engine import Result
from videnhance.live.options import LiveOptions, convert_command
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Overlay
from videnhance.live.pipeline import live_pipeline, preview_pipeline
from videnhance.live.player import Player, WhenLate
from videnhance.live.recorder import Recording, live_encoding
from videnhance.live.session import Session
from videnhance.live.sources import TestPattern
from videnhance.live.views import View
from videnhance.live.window import Mouse, Pressed
from videnhance.media.display import Displayer
from videnhance.media.source import Source
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.system.latest import Wait

pytestmark = [pytest.mark.opencv]
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
    overlay: Overlay
    said: list[str] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    with_base: bool = False
    session: Session | None = None

    @property
    def last(self) -> Result | None:
        """The newest picture."""
        return self.session._last if self.session else None


def ran(
    source: LiveSource,
    window: FakeWindow,
    folder: Path,
    preview: bool = False,
    until: Callable[[Ran], bool] = lambda run: False,
) -> Ran:
    """Runs a session until the script quits, or until something is so."""
    run = Ran(window, Overlay())
    window.until = lambda: until(run)
    choices = Choice(), Choice("other")
    options = LiveOptions(choices=choices, settings=Settings(workers=1), area=1 << 20)
    if preview:
        assert isinstance(source, Player)
        pipeline = preview_pipeline(source, options)
    else:
        pipeline = live_pipeline(source, options)
    with Outputs(folder) as outputs, pipeline as running:
        run.session = Session(running, window, outputs, run.overlay, run.said.append)
        run.session.run()
        run.settings, run.with_base = running.settings, running.engine.with_base
    run.said += outputs.take_notices()
    return run


def ready(count: int = 40, **ends: bool) -> ReadySource:
    """Pictures that differ."""
    frames = [noise(SIZE, YUV420, n) for n in range(count)]
    return ReadySource(frames, time.monotonic, **ends)


def test_keys_change_what_is_seen(tmp_path: Path) -> None:
    run = ran(ready(), FakeWindow(keys("h v s z 1 x f11 - - + q")), tmp_path)
    state = run.overlay.state
    assert run.overlay.help
    assert not run.overlay.figures
    assert (state.view, state.swapped, state.loupe) == (View.BESIDE, True, True)
    assert state.natural
    assert run.window.full
    assert run.settings.strength == pytest.approx(0.9)


def test_views_go_round_and_the_difference_comes_back(tmp_path: Path) -> None:
    run = ran(ready(), FakeWindow(keys("v v v v v 0 q")), tmp_path)
    assert run.overlay.state.view is View.DIFFERENCE
    run = ran(ready(), FakeWindow(keys("v 0 0 q")), tmp_path)
    assert run.overlay.state.view is View.BESIDE


def test_the_mouse_moves_the_split(tmp_path: Path) -> None:
    script: list[list[Pressed | Mouse]] = [[Mouse(80, 50, held=False)], *keys("... q")]
    run = ran(ready(), FakeWindow(script), tmp_path)
    assert run.overlay.state.mouse == (0.25, 0.25)


def test_held_the_mouse_moves_the_picture_and_not_the_split(tmp_path: Path) -> None:
    window = FakeWindow(
        [
            [Mouse(20, 30, held=False)],
            [Pressed(ord("1"))],
            [Mouse(60, 30, held=True, pressed=True), Mouse(14, 0, held=True)],
            [Mouse(24, 30, held=False)],
            [Mouse(25, 30, held=False)],
            *keys("q"),
        ],
        Size(100, 60),
    )
    state = ran(ready(), window, tmp_path).overlay.state
    assert state.natural
    assert state.mouse == (0.25, 0.5)
    # Pictures of 192 x 132: 92 and 72 pixels do not fit.
    assert state.pan == pytest.approx((0.5 + 46 / 92, 0.5 + 30 / 72))


def test_the_model_that_is_asked_for_is_named() -> None:
    models = models_module.Models([Choice(), Choice("other")], None)
    names = []
    for _ in range(3):
        models.next()
        names.append(models.wanted)
    assert names == [
        "model: other",
        "no network: plain enlargement",
        "look: faithful",
    ]


def test_one_goes_through_the_looks_and_the_light_model() -> None:
    found = [choice.model for choice in models_module.round_of(Choice(device="cpu"))]
    assert found[:2] == ["default", "fast"]  # which takes over where that is too slow
    assert "restore" in found
    assert len(found) == len(set(found))
    again = models_module.round_of(Choice("restore"))
    assert again[0].model == "restore"
    assert sorted(choice.model for choice in again) == sorted(found)


@pytest.mark.parametrize("key", ["q", "esc"])
def test_both_keys_quit(tmp_path: Path, key: str) -> None:
    window = ran(ready(), FakeWindow(keys(f"... {key}")), tmp_path).window
    assert window.is_open
    assert window.script == []


def test_closing_the_window_quits(tmp_path: Path) -> None:
    class Closed(FakeWindow):
        def show(self, canvas: np.ndarray | None) -> list[Pressed | Mouse]:
            self.is_open = len(self.shown) < 3
            return super().show(canvas)

    assert len(ran(ready(), Closed(), tmp_path).window.shown) < 10


def test_the_plain_picture_is_made_only_where_it_is_seen(tmp_path: Path) -> None:
    assert ran(ready(), FakeWindow(keys("q")), tmp_path).with_base
    assert not ran(ready(), FakeWindow(keys("v v q")), tmp_path).with_base
    assert ran(ready(), FakeWindow(keys("v v z q")), tmp_path).with_base


def test_a_pause_keeps_the_picture_of_a_camera(tmp_path: Path) -> None:
    run = ran(ready(60), FakeWindow(keys("space ... ... - ... ... q")), tmp_path)
    assert run.session is not None
    assert run.session.stats.shown < 4
    last = run.session._last
    assert last is not None
    assert last.capture.again  # the strength changes what stands


def test_models_are_changed_by_a_key(tmp_path: Path) -> None:
    ran(ready(), FakeWindow(keys("m")), tmp_path, until=lambda run: _is_flat(run.last))


def _is_flat(last: Result | None) -> bool:
    """Whether another model was at work, as the figures tell."""
    return last is not None and last.model == "flat"


def _level(canvas: Pixels) -> int:
    """How bright the picture is, where nothing is written."""
    return int(canvas[20, 300].mean())


class Turns(ReadySource):
    """Gives each thing again and again, until the next one's turn has come."""

    def __init__(
        self, turns: Sequence[tuple[Frame | Trouble, Callable[[], bool]]]
    ) -> None:
        super().__init__([item for item, _ in turns], time.monotonic)
        self._turns, self.is_over = turns, False

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """One every 20 ms."""
        for item, is_over in self._turns:
            while not is_over():
                if isinstance(item, Trouble):
                    yield item
                else:
                    yield CapturedFrame(item, time.monotonic(), 0)
                if wait(0.02):
                    return
        self.is_over = True


def test_trouble_dims_the_picture_and_is_said(tmp_path: Path) -> None:
    bright = noise(SIZE, YUV420)
    bright = bright.with_planes(tuple(np.full_like(p, 200) for p in bright.planes))
    window = FakeWindow(keys("x"))

    def dimmed() -> bool:
        levels = [*map(_level, window.shown[2:])]
        return bool(levels) and levels[-1] < 0.7 * max(levels)

    def bright_again() -> bool:
        return _level(window.shown[-1]) == _level(window.shown[2])

    turns = (
        (bright, lambda: len(window.shown) > 5),
        (Trouble("lost; trying again"), dimmed),
        (bright, bright_again),
    )
    source = Turns(turns)
    run = ran(source, window, tmp_path, until=lambda run: source.is_over)
    assert run.said == ["lost; trying again"]


def _is_dim(run: Ran) -> bool:
    shown = run.window.shown
    return len(shown) > 2 and bool(shown[-1].mean() < 0.8 * shown[1].mean())


def test_a_picture_that_grows_old_is_not_shown_as_live(tmp_path: Path) -> None:
    ran(ready(1), FakeWindow(), tmp_path, until=_is_dim)


def test_a_camera_that_repeats_itself_is_noticed(tmp_path: Path) -> None:
    same = Turns([(noise(SIZE, YUV420), lambda: False)])
    ran(same, FakeWindow(), tmp_path, until=_is_dim)


def test_a_camera_goes_and_comes_back(tmp_path: Path) -> None:
    camera = FakeCamera(tmp_path)

    def is_back(run: Ran) -> bool:
        if run.last is None:
            return False
        gone = any("fake camera does not open" in words for words in run.said)
        camera.becomes("wide" if gone else "absent")
        return run.last.after.size == Size(24, 12)

    assert ran(camera.feed(), FakeWindow(), tmp_path, until=is_back).last is not None


def test_without_a_camera_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fake camera does not open"):
        ran(FakeCamera(tmp_path, "absent").feed(), FakeWindow(), tmp_path)


def test_the_window_answers_while_the_camera_is_silent(tmp_path: Path) -> None:
    camera, turns = FakeCamera(tmp_path), []

    def answers(run: Ran) -> bool:
        if len(run.window.shown) < 3:
            return False
        camera.becomes("stall")
        turns.append(run.last)
        # The same picture: the loop goes round without another one.
        return turns[-20:] == [run.last] * 20

    ran(camera.feed(Patience(*[3600.0] * 4)), FakeWindow(), tmp_path, until=answers)


# Files.


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds."""
    return write_clip(tmp_path / "clip.mp4", CLIP)


def test_a_file_stays_on_its_last_frame(clip: Path, tmp_path: Path) -> None:
    player, turns = Player(clip, stays=True), []

    def stays(run: Ran) -> bool:
        if player.at_end:
            turns.append(run.last)
        return len(turns) > 100 and run.last is turns[-50]

    last = ran(player, FakeWindow(), tmp_path, until=stays).last
    assert last is not None
    assert last.capture.seconds == pytest.approx(49 / 25)


def test_settings_change_the_last_frame_of_a_file(clip: Path, tmp_path: Path) -> None:
    short = write_clip(tmp_path / "short.mp4", Clip(96, 66))
    window = FakeWindow(keys(f"{'... ' * 16} - v v v m"))

    def changed(run: Ran) -> bool:
        last = run.last
        seen = last is not None and last.capture.again and last.before is not None
        return seen and _is_flat(last)

    ran(Player(short, stays=True), window, tmp_path, until=changed)


def test_a_file_is_repeated(clip: Path, tmp_path: Path) -> None:
    def begun_again(run: Ran) -> bool:
        return run.last is not None and run.last.capture.number > 50

    last = ran(Player(clip, loop=True), FakeWindow(), tmp_path, until=begun_again).last
    assert last is not None
    assert last.capture.seconds == pytest.approx(last.capture.number % 50 / 25)


def test_a_file_plays_at_its_own_rate(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, times = [7.0], []

    def wait(seconds: float) -> bool:
        now[0] += seconds
        return False

    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("videnhance.live.player.time", clock)
    for capture in Player(clip).captures(wait):
        times.append(now[0])
        assert not isinstance(capture, Trouble)
        assert capture.captured == pytest.approx(now[0])
    assert np.diff(times) == pytest.approx([1 / 25] * 49)


def waiting() -> Callable[[float], bool]:
    """Waits, and never closes."""
    return threading.Event().wait


def test_space_stops_a_file_where_it_is(clip: Path, tmp_path: Path) -> None:
    script = keys("... ... space " + "... " * 8 + "q")
    run = ran(Player(clip), FakeWindow(script), tmp_path)
    assert run.last is not None
    assert run.last.capture.seconds < 1.9


def preview_player(clip: Path) -> Player:
    """As the command makes it."""
    return Player(clip, when_late=WhenLate.WAIT, stays=True)


def test_a_preview_seeks_by_keys_and_by_mouse(clip: Path, tmp_path: Path) -> None:
    clicked: list[list[Pressed | Mouse]] = [*keys("space")]
    clicked.append([Mouse(91, 190, True, True)])
    for script, low, high in ((keys("space right"), 1.5, 2.0), (clicked, 0.95, 1.05)):

        def is_there(run: Ran, low: float = low, high: float = high) -> bool:
            return run.last is not None and low < run.last.capture.seconds < high

        ran(preview_player(clip), FakeWindow(script), tmp_path, True, is_there)


def test_settings_change_a_picture_that_stands(clip: Path, tmp_path: Path) -> None:
    def changed(run: Ran) -> bool:
        return run.last is not None and run.last.capture.again and not window.script

    window = FakeWindow(keys("space ... ... - - - - -"))
    run = ran(preview_player(clip), window, tmp_path, True, changed)
    assert run.settings.strength == pytest.approx(0.5)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_a_preview_shows_a_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (96, 66), (200, 40, 40)).save(path)
    run = ran(
        preview_player(path), FakeWindow(keys("... - c q")), tmp_path, preview=True
    )
    assert run.last is not None
    assert run.last.after.size == Size(192, 132)
    assert run.last.before is not None
    middle = Displayer()(run.last.before)[60, 60].astype(int)
    assert np.abs(middle - (40, 40, 200)).max() < 8
    (words,) = [w for w in run.said if w.startswith("videnhance convert ")]
    assert f"a-enhanced.{suffix} --strength 0.9" in words


def test_a_preview_tells_the_rate_of_the_source(clip: Path, tmp_path: Path) -> None:
    run = ran(preview_player(clip), FakeWindow(keys("... q")), tmp_path, preview=True)
    assert run.session is not None
    assert run.last is not None
    assert run.session._facts(run.last).rate == 25


def test_a_preview_says_the_command(clip: Path, tmp_path: Path) -> None:
    run = ran(
        preview_player(clip), FakeWindow(keys("- n u c q")), tmp_path, preview=True
    )
    words = [w for w in run.said if w.startswith("videnhance convert ")]
    assert words == [
        f"videnhance convert {clip} {tmp_path / 'clip-enhanced.mp4'} "
        "--strength 0.9 --skip 2 --fuse 0.3"
    ]


@pytest.mark.parametrize(
    ("settings", "choice", "track"),
    [
        (Settings(), Choice(), None),
        (Settings(4, 0.3, 4, 0.0), Choice("x.json", "float32", "cpu", True), 0),
        (Settings(1, 1.4), Choice("restore"), None),
        (Settings(1), None, 2),
    ],
)
def test_the_command_means_what_the_preview_shows(
    settings: Settings, choice: Choice | None, track: int | None
) -> None:
    command = convert_command(
        Source(Path("-a b'c.mkv"), video_track=track), settings, choice=choice
    )
    words = shlex.split(command)
    assert words[:2] == ["videnhance", "convert"]
    convert = app.get_command(None, "convert")  # type: ignore[arg-type]  # not needed
    assert convert is not None
    with convert.make_context("convert", words[2:]) as ctx:
        job = job_from(ctx.params)
    assert job.source == Path("-a b'c.mkv")
    assert job.reading.video_track == track
    assert (job.settings.scale, job.settings.skip) == (settings.scale, settings.skip)
    assert job.settings.strength == (settings.strength if choice else 0)
    assert choice is None or job.choice == choice
    assert not job.settings.strength or job.settings.fuse == settings.fuse


def test_a_jump_that_comes_late_is_no_delay(clip: Path, tmp_path: Path) -> None:
    player = preview_player(clip)
    player.go_to(99)
    captures = player.captures(waiting())
    first = next(captures)
    while not isinstance(first, Trouble) and first.seconds < 1.5:
        first = next(captures)
    captures.close()  # type: ignore[attr-defined]  # a generator


# The size that is worked on.


def test_large_frames_are_reduced_and_keep_their_shape() -> None:
    source = Reduced(TestPattern(Size(640, 360), Fraction(30)), 320 * 180)
    capture = next(iter(source.captures(waiting())))
    assert not isinstance(capture, Trouble)
    assert capture.frame.size == Size(320, 180)
    assert source.info is not None
    assert source.info.size == Size(320, 180)


def test_the_pattern_keeps_time_and_moves() -> None:
    pattern = TestPattern(Size(97, 55), Fraction(50))
    captures = pattern.captures(waiting())
    pictures = [next(captures) for _ in range(4)]
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
        live_pipeline(ready(), LiveOptions(area=1 << 20)) as running,
    ):
        Session(running, None, outputs, Overlay(), print, seconds=5).run()
