"""Options of a live session, and the `convert` command that does the same to a file."""

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from videnhance.errors import UsageError
from videnhance.live.recorder import Recording
from videnhance.live.views import View
from videnhance.media.containers import CONTAINERS
from videnhance.media.picture_formats import PICTURES
from videnhance.media.source import Source
from videnhance.models.choice import Choice
from videnhance.models.looks import look_of
from videnhance.options import DEFAULT_LOOK
from videnhance.pipeline.enhance import Settings

__all__ = ["LiveOptions", "convert_command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """What a user chooses, in addition to the source."""

    choices: tuple[Choice, ...] = (Choice(), Choice("fast"))
    lightens: bool = False
    """Nobody chose the first model: the second takes over where the first is too slow
    for whole frames."""
    settings: Settings = field(default_factory=Settings)
    area: int | None = None
    """The most pixels of a frame; None: as many as it has."""
    by_time: bool = False
    """Pictures keep their size where there is no time for the scale of the settings."""
    view: View = View.SPLIT
    figures: bool = True
    full_screen: bool = False
    headless: bool = False
    recording: Recording | None = None
    folder: Path = Path()
    """Of snapshots, and of recordings begun by a key."""
    virtual_camera: bool = False
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.headless and not (self.recording or self.virtual_camera):
            raise UsageError(
                "--headless shows nothing: add --record FILE or --virtual-camera"
            )
        if self.headless and self.recording and self.recording.view:
            raise UsageError("--record-view needs the window: leave --headless out")


def convert_command(
    source: Source, settings: Settings, *, choice: Choice | None
) -> str:
    """The command, quoted for a shell; only what differs from its defaults is named.

    Without a `choice` the picture is plainly enlarged.
    """
    path = source.path
    known = path.suffix.lower() in {*CONTAINERS, *PICTURES}
    suffix = path.suffix if known else ".mkv"
    target = path.with_name(f"{path.stem}-enhanced{suffix}")
    # A name that begins with a dash would be taken for an option.
    names = [f"./{p}" if str(p).startswith("-") else str(p) for p in (path, target)]
    words = ["videnhance", "convert", *names]
    chosen = settings if choice else replace(settings, strength=0.0)
    for option in ("scale", "strength", "grain", "skip", "fuse"):
        if (value := getattr(chosen, option)) != getattr(Settings(), option):
            words += [f"--{option}", f"{value:g}"]
    if source.video_track is not None:
        words += ["--video-track", str(source.video_track)]
    if choice is not None:
        look = look_of(choice.model)
        if look is not None and look != DEFAULT_LOOK:
            words += ["--look", look]
        for option in ("model", "precision", "device"):
            value = getattr(choice, option)
            if option == "model" and look is not None:
                continue
            if value != getattr(Choice(), option):
                words += [f"--{option}", value]
        words += ["--trust-model"] * choice.trusted
    return shlex.join(words)
