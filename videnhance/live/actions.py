"""What keys and mouse do."""

from collections.abc import Callable
from dataclasses import replace

from videnhance.frame import VideoInfo
from videnhance.geometry import Size
from videnhance.live.command import convert_command
from videnhance.live.engine import Result
from videnhance.live.keys import Action, action_of
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Face
from videnhance.live.panels import timeline_place
from videnhance.live.pipeline import Stage, with_base
from videnhance.live.views import View
from videnhance.live.window import Mouse, Pressed, Window

__all__ = ["Actions"]

_VIEWS = (View.SPLIT, View.BESIDE, View.AFTER, View.BEFORE)
_STRENGTH_STEP = 0.1
_SKIPS = (1, 2, 4)
_FUSE = 0.3
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
        stage: Stage,
        window: Window | None,
        outputs: Outputs,
        face: Face,
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
        self._stage, self._window, self._outputs = stage, window, outputs
        self._face, self._say = face, say
        self._held: tuple[float, float] | None = None
        """Where the mouse was last while it takes the picture along."""
        self._back = View.SPLIT
        """The view before the difference."""
        self._base()
        self._table: dict[Action, Callable[[], str]] = {
            Action.HELP: self._help,
            Action.PAUSE: self._pause,
            Action.VIEW: self._view,
            Action.SWAP: self._swap,
            Action.DIFFERENCE: self._difference,
            Action.LOUPE: self._loupe,
            Action.NATURAL: self._natural,
            Action.STRONGER: lambda: self._strength(_STRENGTH_STEP),
            Action.WEAKER: lambda: self._strength(-_STRENGTH_STEP),
            Action.MODEL: self._model,
            Action.SKIP: self._skip,
            Action.FUSE: self._fuse,
            Action.RECORD: self._record,
            Action.SNAPSHOT: self._snapshot,
            Action.OVERLAY: self._overlay,
            Action.FULL: self._full_screen,
            Action.QUIT: self._quit,
            Action.STEP: self._step,
            Action.COMMAND: self._command,
        }

    def obey(self, event: Pressed | Mouse) -> str:
        """Does what an event asks for; what to tell of it, if anything."""
        self.changed = True
        if isinstance(event, Mouse):
            return self._mouse(event)
        action = action_of(event.code, self._stage.in_order)
        if action is None:
            return ""
        if action in _SECONDS:
            return self._go(_SECONDS[action])
        words = self._table[action]()
        self._base()
        return words

    @property
    def settings_words(self) -> str:
        """What is set, for the figures."""
        look, state = self._stage.look, self._face.state
        words = [f"strength {look.strength:.0%}", f"view {state.view.value}"]
        if self._stage.in_order:
            words[1:1] = [f"skip {look.skip}", f"fuse {look.fuse:g}"]
        return ", ".join(words + ["swapped"] * state.swapped)

    def _base(self) -> None:
        """Has the plain enlargement made only where it is seen."""
        needed = self._face.needs_base and self._window is not None
        look = with_base(self._stage.look, needed)
        if look is not self._stage.look:
            self._stage.choose(look)

    def _mouse(self, mouse: Mouse) -> str:
        assert self._window is not None
        size = self._window.size
        info = self._stage.source.info
        if self._stage.in_order and mouse.held and info is not None:
            place = timeline_place(size, mouse.x, mouse.y)
            if place is not None and info.duration_seconds:
                return self._go_to(place * info.duration_seconds)
        state = self._face.state
        at = mouse.x / size.width, mouse.y / size.height
        if state.natural and mouse.held:
            # The split stays where it is: held, the mouse takes the picture along.
            held, self._held = self._held, at
            if held is not None and not mouse.pressed:
                self._face.state = replace(state, pan=self._panned(held, at, size))
            return ""
        self._held = None
        self._face.state = replace(state, mouse=at)
        return ""

    def _panned(
        self, held: tuple[float, float], at: tuple[float, float], window: Size
    ) -> tuple[float, float]:
        """The part of the picture that is seen once the mouse has moved to `at`."""
        state, result, info = self._face.state, self.result, self.info
        if result is None or info is None:
            return state.pan
        picture, beside = result.after.size, state.view is View.BESIDE
        if info.rotation_degrees % 180 == 90:
            picture = Size(picture.height, picture.width)
        x, y = (
            min(max(pan - (now - then) * whole / max(side - room, 1), 0.0), 1.0)
            for pan, now, then, whole, side, room in (
                (
                    state.pan[0],
                    at[0],
                    held[0],
                    window.width,
                    picture.width,
                    window.width // (2 if beside else 1),
                ),
                (
                    state.pan[1],
                    at[1],
                    held[1],
                    window.height,
                    picture.height,
                    window.height,
                ),
            )
        )
        return x, y

    def _help(self) -> str:
        self._face.help = not self._face.help
        return ""

    def _pause(self) -> str:
        self._stage.toggle_pause()
        self.jumped = True
        return ""

    def _view(self) -> str:
        state = self._face.state
        here = state.view if state.view in _VIEWS else self._back
        view = _VIEWS[(_VIEWS.index(here) + 1) % len(_VIEWS)]
        self._face.state = replace(state, view=view)
        return ""

    def _swap(self) -> str:
        state = self._face.state
        self._face.state = replace(state, swapped=not state.swapped)
        return ""

    def _difference(self) -> str:
        state = self._face.state
        view = View.DIFFERENCE
        if state.view is View.DIFFERENCE:
            view = self._back
        else:
            self._back = state.view
        self._face.state = replace(state, view=view)
        return ""

    def _loupe(self) -> str:
        state = self._face.state
        self._face.state = replace(state, loupe=not state.loupe)
        return ""

    def _natural(self) -> str:
        state = replace(self._face.state, natural=not self._face.state.natural)
        self._face.state = state
        return (
            "pixel for pixel; hold the mouse to move it" if state.natural else "fitted"
        )

    def _strength(self, step: float) -> str:
        look = self._stage.look
        strength = round(min(max(look.strength + step, 0.0), 1.0), 2)
        self._stage.choose(replace(look, strength=strength))
        return f"strength {strength:.0%}"

    def _model(self) -> str:
        self._stage.next_model()
        return f"model: {self._stage.models.wanted}"

    def _skip(self) -> str:
        look = self._stage.look
        later = [skip for skip in _SKIPS if skip > look.skip]
        skip = later[0] if later else _SKIPS[0]
        self._stage.choose(replace(look, skip=skip))
        return (
            f"skip {skip}: the network on every frame"
            if skip == 1
            else (f"skip {skip}: the network on one frame of {skip}")
        )

    def _fuse(self) -> str:
        look = self._stage.look
        fuse = 0.0 if look.fuse else _FUSE
        self._stage.choose(replace(look, fuse=fuse))
        return f"fuse {fuse:g}"

    def _record(self) -> str:
        if self.info is not None:
            self._outputs.toggle_recording(self.info)
        return ""

    def _snapshot(self) -> str:
        if self.result is not None and self.info is not None:
            self._outputs.snapshot(self.result, self.info)
        return ""

    def _overlay(self) -> str:
        self._face.overlay = not self._face.overlay
        return ""

    def _full_screen(self) -> str:
        if self._window is not None:
            self._window.toggle_full_screen()
        return ""

    def _quit(self) -> str:
        self.quits = True
        return ""

    def _step(self) -> str:
        player = self._stage.player
        if player is not None:
            player.paused = True
            player.step()
            self.jumped = True
        return ""

    def _go(self, seconds: float) -> str:
        here = self.result.shot.seconds if self.result is not None else 0.0
        return self._go_to(here + seconds)

    def _go_to(self, seconds: float) -> str:
        player = self._stage.player
        if player is not None:
            player.go_to(seconds)
            self.jumped = True
        return ""

    def _command(self) -> str:
        words = self.command()
        self._say(words)
        return words

    def command(self) -> str:
        """The conversion that makes what is on the window."""
        assert self._stage.player is not None
        choice = self._stage.models.choice
        return convert_command(self._stage.player.source, self._stage.look, choice)
