"""The keys of the window: one table for what they do and what help says."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["KEYS", "Action", "Key", "action_of", "help_keys"]


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
    MODEL = "next model"
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


def help_keys(preview: bool) -> list[Key]:
    """The keys that work there, in the order of help."""
    return [k for k in KEYS if not (k.live_only if preview else k.preview_only)]


def action_of(code: int, preview: bool) -> Action | None:
    """What the key of this code does; None if nothing."""
    keys = help_keys(preview)
    return next((key.action for key in keys if code in key.codes), None)
