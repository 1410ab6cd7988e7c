"""The options that `live` and `preview` share, and what they choose."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import FILE, field_option
from videnhance.cli.help import complete_model
from videnhance.cli.options import AMOUNTS, DEVICE, FUSE, LOOK, PRECISION, TRUST_MODEL
from videnhance.errors import UsageError, printable
from videnhance.options import DEFAULT_LOOK, ConvertOptions

if TYPE_CHECKING:
    from videnhance.live.options import LiveOptions
    from videnhance.live.recorder import Recording
    from videnhance.models.choice import Choice

__all__ = ["WINDOW", "check_picture", "live_options"]

_COMMON = (
    *("codec", "crf", "device", "fuse", "look", "overwrite", "pix_fmt", "precision"),
    *("grain", "preset", "skip", "strength", "trust_model", "workers"),
)
"""Options that mean what they mean to `convert`."""
_SCALE = 2
_VIEWS = {
    "split": "SPLIT",
    "side": "BESIDE",
    "enhanced": "AFTER",
    "before": "BEFORE",
    "difference": "DIFFERENCE",
}
"""By the word that the user gives, the name of the view."""

_view, _picture = field_option("Window"), field_option("Picture")
_speed, _machine = field_option("Speed"), field_option("Machine")
WINDOW = (
    LOOK,
    _picture(
        "-m --model MODEL",
        "Network, instead of a look: a name (see `videnhance model list`), a card, or "
        "weights; more than one to change between by M.",
        name="models",
        shell_complete=complete_model,
        shown="the look's; M: the others'",
        multiple=True,
    ),
    _picture(
        "--clean SHARE",
        "Network, instead of a look: from 0, true to the source, to 1, cleaned; more "
        "than one as with --model.",
        name="cleans",
        multiple=True,
        type=click.FloatRange(0, 1),
    ),
    *AMOUNTS,
    FUSE,
    _view(
        "--view",
        "What the window shows at first; V changes it.",
        default="split",
        type=click.Choice(list(_VIEWS)),
    ),
    _view("--fullscreen", "Begin with the whole screen: F11.", is_flag=True),
    _view("--no-overlay", "Begin without figures: X.", is_flag=True),
    _view(
        "--snapshots FOLDER",
        "Folder of snapshots (F) and of recordings begun by R.",
        shown="the current one",
        type=FILE,
        default=Path(),
    ),
    PRECISION,
    DEVICE,
    _speed(
        "--workers N",
        "Threads that enhance.",
        shown="processor cores",
        type=click.IntRange(1, 256),
    ),
    _machine(*TRUST_MODEL),
)


def live_options(options: dict[str, Any], area: int | None = None) -> "LiveOptions":
    """What is asked of the window; `area` is the most pixels of a frame.

    Raises UsageError.
    """
    from videnhance.conversion.job import settings_of
    from videnhance.live.options import LiveOptions
    from videnhance.live.views import View

    if not options["snapshots"].is_dir():
        raise UsageError(
            f"--snapshots {printable(options['snapshots'])} is no folder; make it first"
        )
    settings = settings_of(picture_options(options))
    named = options["models"] or options["cleans"]
    return LiveOptions(
        choices=_choices(options),
        lightens=not named and options["look"] == DEFAULT_LOOK,
        settings=settings,
        area=area,
        by_time="test_pattern" in options and options["scale"] is None,
        view=View[_VIEWS[options["view"]]],
        figures=not options["no_overlay"],
        full_screen=options["fullscreen"],
        headless=options.get("headless", False),
        recording=_recording(options),
        folder=options["snapshots"],
        virtual_camera=options.get("virtual_camera", False),
        seconds=options.get("seconds"),
    )


def picture_options(words: dict[str, Any], **more: Any) -> ConvertOptions:
    """What the picture has in common with a conversion's. Raises UsageError."""
    common = {name: words[name] for name in _COMMON if name in words}
    scale = int(words["scale"] or _SCALE)  # unless the machine decides
    return ConvertOptions(scale=scale, **common, **more)


def check_picture(words: dict[str, Any]) -> None:
    """Raises UsageError for words that no run could do with."""
    picture_options(words, model=(*words["models"], None)[0])


def _choices(words: dict[str, Any]) -> "tuple[Choice, ...]":
    from videnhance.conversion.job import choice_of
    from videnhance.live.models import round_of

    if not (words["models"] or words["cleans"]):
        return round_of(choice_of(picture_options(words)))
    named = [
        choice_of(picture_options(words, model=model)) for model in words["models"]
    ]
    return *named, *(
        choice_of(picture_options(words, clean=c)) for c in words["cleans"]
    )


def _recording(words: dict[str, Any]) -> "Recording | None":
    from videnhance.conversion.job import encoding_of
    from videnhance.live.recorder import Recording, live_encoding

    target, view = words.get("record"), words.get("record_view", False)
    if target is None:
        if view:
            raise UsageError("--record-view records nothing alone: add --record FILE")
        return None
    # Another encoder than the usual one, as for HDR, would be too slow.
    encoding = replace(encoding_of(picture_options(words), target), by_default=False)
    encoding = live_encoding(target, encoding)
    return Recording(target, encoding, words["overwrite"], view=view)
