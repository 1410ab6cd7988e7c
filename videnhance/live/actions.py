"""Keys and mouse of the window, and what they do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Size
from videnhance.live.engine import Result
from videnhance.live.options import convert_command
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Overlay, timeline_place
from videnhance.live.pipeline import LivePipeline
from videnhance.live.views import View
from videnhance.live.window import Mouse, Pressed, Window

__all__ = ["KEYS", "Action", "Actions", "Key", "action_of", "help_of", "keys_of"]


class Action(Enum):
    """What a key does, in the words of help."""

    HELP = "this help"
    PAUSE = "pause"
    SWAP = "swap before and after"
    VIEW = "next view"
    DIFFERENCE = "difference, made strong"
    LOUPE = "loupe"
    NATURAL = "pixel for pixel, or fit"
    STRONGER = "more strength"
    WEAKER = "less strength"
    MODEL = "next look or model"
    RECORD = "record, or stop"
    SNAPSHOT = "snapshot of both"
    OVERLAY = "figures"
    FULL = "full screen"
    QUIT = "quit"
    SKIP = "network on every 1st, 2nd, 4th frame"
    FUSE = "fuse with the last frame, or not"
    BACK = "5 seconds back"
    FORTH = "5 seconds forth"
    FAR_BACK = "a minute back"
    FAR_FORTH = "a minute forth"
    STEP = "next frame"
    COMMAND = "print the convert command"


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does."""

    name: str
    """As help shows it."""
    codes: tuple[int, ...]
    action: Action
    preview_only: bool = False
    live_only: bool = False


def _letter(letter: str) -> tuple[int, ...]:
    return ord(letter), ord(letter.upper())


# Arrows and function keys: X11 keysyms (Qt, GTK on Linux), Windows, macOS.
_LEFT, _UP = (0xFF51, 0x250000, 0xF702), (0xFF52, 0x260000, 0xF700)
_RIGHT, _DOWN = (0xFF53, 0x270000, 0xF703), (0xFF54, 0x280000, 0xF701)
_F11 = (0xFFC8, 0x7A0000, 0xF70E)

KEYS = (
    Key("H", _letter("h"), Action.HELP),
    Key("Space", (32,), Action.PAUSE),
    Key("V", _letter("v"), Action.VIEW),
    Key("S", _letter("s"), Action.SWAP),
    Key("0", (ord("0"),), Action.DIFFERENCE),
    Key("Z", _letter("z"), Action.LOUPE),
    Key("1", (ord("1"),), Action.NATURAL),
    Key("+", (ord("+"), ord("=")), Action.STRONGER),
    Key("-", (ord("-"), ord("_")), Action.WEAKER),
    Key("M", _letter("m"), Action.MODEL),
    Key("N", _letter("n"), Action.SKIP, preview_only=True),
    Key("U", _letter("u"), Action.FUSE, preview_only=True),
    Key("R", _letter("r"), Action.RECORD, live_only=True),
    Key("F", _letter("f"), Action.SNAPSHOT),
    Key("X", _letter("x"), Action.OVERLAY),
    Key("Left", _LEFT, Action.BACK, preview_only=True),
    Key("Right", _RIGHT, Action.FORTH, preview_only=True),
    Key("Down", _DOWN, Action.FAR_BACK, preview_only=True),
    Key("Up", _UP, Action.FAR_FORTH, preview_only=True),
    Key(".", (ord("."),), Action.STEP, preview_only=True),
    Key("C", _letter("c"), Action.COMMAND, preview_only=True),
    Key("F11", (*_F11, 10, 13), Action.FULL),
    Key("Q, Esc", (*_letter("q"), 27), Action.QUIT),
)


def keys_of(preview: bool) -> list[Key]:
    """The keys that work there, in the order of help."""
    return [k for k in KEYS if not (k.live_only if preview else k.preview_only)]


def help_of(preview: bool) -> tuple[list[tuple[str, str]], str]:
    """Keys with what they do, and what the mouse does."""
    mouse = "moves the split and the loupe; held, a picture pixel for pixel"
    if preview:
        mouse = "moves the split; on the bar below, the place"
    keys = [(key.name, key.action.value) for key in keys_of(preview)]
    return keys, f"mouse: {mouse}"


def action_of(code: int, preview: bool) -> Action | None:
    """What the key of this code does; None if nothing."""
    keys = keys_of(preview)
    return next((key.action for key in keys if code in key.codes), None)


_VIEW_ROUND = (View.SPLIT, View.BESIDE, View.AFTER, View.BEFORE)
_STRENGTH_STEP, _STRONGEST = 0.1, 1.5
_FUSED = 0.3
"""What the key turns on: more costs sharp video, less gains other video less."""
_SKIPS = (1, 2, 4)
_SECONDS = {
    Action.BACK: -5.0,
    Action.FORTH: 5.0,
    Action.FAR_BACK: -60.0,
    Action.FAR_FORTH: 60.0,
}


class Actions:
    """Carries out what the user does, and says in words what came of it."""

    def __init__(
        self,
        pipeline: LivePipeline,
        window: Window | None,
        outputs: Outputs,
        overlay: Overlay,
        say: Callable[[str], None],
    ) -> None:
        self.quits = False
        self.changed = True
        """Whether the window must be drawn anew."""
        self.jumped = False
        """Whether the next picture is from elsewhere: rates start afresh."""
        self.result: Result | None = None
        """What is on the window."""
        self.info: VideoInfo | None = None
        self._pipeline, self._window, self._outputs = pipeline, window, outputs
        self._overlay, self._say = overlay, say
        self._held: tuple[float, float] | None = None
        """Where the mouse was last while it takes the picture along."""
        self._back = View.SPLIT
        """The view before the difference."""
        self._make_base()
        self._table: dict[Action, Callable[[], str | None]] = {
            Action.HELP: self._toggle_help,
            Action.PAUSE: self._pause,
            Action.VIEW: self._next_view,
            Action.SWAP: lambda: self._see(swapped=not overlay.state.swapped),
            Action.DIFFERENCE: self._difference,
            Action.LOUPE: lambda: self._see(loupe=not overlay.state.loupe),
            Action.NATURAL: self._natural,
            Action.STRONGER: lambda: self._strength(_STRENGTH_STEP),
            Action.WEAKER: lambda: self._strength(-_STRENGTH_STEP),
            Action.MODEL: self._model,
            Action.SKIP: self._skip,
            Action.FUSE: self._fuse,
            Action.RECORD: self._record,
            Action.SNAPSHOT: self._snapshot,
            Action.OVERLAY: self._toggle_figures,
            Action.FULL: self._full_screen,
            Action.QUIT: self._quit,
            Action.STEP: self._step,
            Action.COMMAND: self._command,
        }

    def obey(self, event: Pressed | Mouse) -> str:
        """Does what an event asks for; returns what to tell of it, if anything."""
        self.changed = True
        if isinstance(event, Mouse):
            self._mouse(event)
            return ""
        action = action_of(event.code, self._pipeline.in_order)
        if action is None:
            return ""
        if action in _SECONDS:
            here = self.result.capture.seconds if self.result is not None else 0.0
            self._go_to(here + _SECONDS[action])
            return ""
        words = self._table[action]()
        self._make_base()
        return words or ""

    @property
    def settings_words(self) -> str:
        """What is set, for the figures."""
        settings, state = self._pipeline.settings, self._overlay.state
        words = [f"strength {settings.strength:.0%}", f"view {state.view.value}"]
        if self._pipeline.in_order:
            words[1:1] = [f"skip {settings.skip}", f"fuse {settings.fuse:g}"]
        return ", ".join(words + ["swapped"] * state.swapped)

    def _make_base(self) -> None:
        """Has the plain enlargement made only where it is seen."""
        needed = self._overlay.needs_base and self._window is not None
        self._pipeline.make_base(needed)

    def _see(self, **changes: object) -> None:
        state = self._overlay.state
        self._overlay.state = replace(state, **changes)  # type: ignore[arg-type]  # any

    # The mouse.

    def _mouse(self, mouse: Mouse) -> None:
        assert self._window is not None
        size = self._window.size
        info = self._pipeline.source.info
        if self._pipeline.in_order and mouse.held and info is not None:
            place = timeline_place(size, mouse.x, y=mouse.y)
            if place is not None and info.duration_seconds:
                self._go_to(place * info.duration_seconds)
                return
        at = mouse.x / size.width, mouse.y / size.height
        if self._overlay.state.natural and mouse.held:
            # The split stays where it is: held, the mouse takes the picture along.
            held, self._held = self._held, at
            if held is not None and not mouse.pressed:
                self._see(pan=self._panned(held, at, window=size))
            return
        self._held = None
        self._see(mouse=at)

    def _panned(
        self, held: tuple[float, float], at: tuple[float, float], *, window: Size
    ) -> tuple[float, float]:
        """The part of the picture that is seen once the mouse has moved to `at`."""
        state, result, info = self._overlay.state, self.result, self.info
        if result is None or info is None:
            return state.pan
        picture = result.after.size
        if info.rotation_degrees % 180 == 90:
            picture = Size(picture.height, picture.width)
        columns = window.width // (2 if state.view is View.BESIDE else 1)
        hidden = picture.width - columns, picture.height - window.height
        moved = ((at[0] - held[0]) * window.width, (at[1] - held[1]) * window.height)
        x, y = (
            min(max(pan - pixels / max(beyond, 1), 0.0), 1.0)
            for pan, pixels, beyond in zip(state.pan, moved, hidden, strict=True)
        )
        return x, y

    # The keys.

    def _toggle_help(self) -> None:
        self._overlay.help = not self._overlay.help

    def _toggle_figures(self) -> None:
        self._overlay.figures = not self._overlay.figures

    def _pause(self) -> None:
        self._pipeline.toggle_pause()
        self.jumped = True

    def _next_view(self) -> None:
        view = self._overlay.state.view
        here = view if view in _VIEW_ROUND else self._back
        self._see(view=_VIEW_ROUND[(_VIEW_ROUND.index(here) + 1) % len(_VIEW_ROUND)])

    def _difference(self) -> None:
        view = self._overlay.state.view
        if view is View.DIFFERENCE:
            self._see(view=self._back)
        else:
            self._back = view
            self._see(view=View.DIFFERENCE)

    def _natural(self) -> str:
        natural = not self._overlay.state.natural
        self._see(natural=natural)
        return "pixel for pixel; hold the mouse to move it" if natural else "fitted"

    def _choose(self, **changes: float) -> None:
        settings = self._pipeline.settings
        self._pipeline.choose(replace(settings, **changes))  # type: ignore[arg-type]

    def _strength(self, step: float) -> str:
        strength = self._pipeline.settings.strength + step
        strength = round(min(max(strength, 0.0), _STRONGEST), 2)
        self._choose(strength=strength)
        return f"strength {strength:.0%}"

    def _model(self) -> str:
        self._pipeline.next_model()
        return self._pipeline.models.wanted

    def _skip(self) -> str:
        now = self._pipeline.settings.skip
        skip = next((skip for skip in _SKIPS if skip > now), _SKIPS[0])
        self._choose(skip=skip)
        frames = "every frame" if skip == 1 else f"one frame of {skip}"
        return f"skip {skip}: the network on {frames}"

    def _fuse(self) -> str:
        fuse = 0.0 if self._pipeline.settings.fuse else _FUSED
        self._choose(fuse=fuse)
        return f"fuse {fuse:g}"

    def _record(self) -> None:
        if self.info is not None:
            self._outputs.toggle_recording(self.info)

    def _snapshot(self) -> None:
        if self.result is not None and self.info is not None:
            self._outputs.snapshot(self.result, self.info)

    def _full_screen(self) -> None:
        if self._window is not None:
            self._window.toggle_full_screen()

    def _quit(self) -> None:
        self.quits = True

    def _step(self) -> None:
        player = self._pipeline.player
        if player is not None:
            player.paused = True
            player.step()
            self.jumped = True

    def _go_to(self, seconds: float) -> None:
        player = self._pipeline.player
        if player is not None:
            player.go_to(seconds)
            self.jumped = True

    def _command(self) -> str:
        """Says the conversion that makes what is on the window."""
        pipeline = self._pipeline
        assert pipeline.player is not None
        source, choice = pipeline.player.source, pipeline.models.choice
        words = convert_command(source, pipeline.settings, choice=choice)
        self._say(words)
        return words
