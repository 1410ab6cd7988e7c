"""The commands `live` and `preview`: a stage, a window and outputs put together."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from videnhance.errors import UsageError
from videnhance.geometry import Size
from videnhance.live.capture_client import Feed
from videnhance.live.captured import LiveSource
from videnhance.live.command import convert_command
from videnhance.live.engine import Look
from videnhance.live.messages import CaptureKind
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Face
from videnhance.live.pipeline import Stage, preview_stage, stage
from videnhance.live.player import Player, WhenLate
from videnhance.live.recorder import Recording
from videnhance.live.screen import check_screen
from videnhance.live.session import Session
from videnhance.live.virtual import VirtualCamera
from videnhance.live.window import OpenCVWindow, Window
from videnhance.live.work_size import Reduced
from videnhance.media.output.output_file import check_target
from videnhance.media.source import Reading, Source
from videnhance.models.runtime import Choice
from videnhance.system.memory import peak_memory_mb

__all__ = ["Showing", "live", "preview"]

_LARGEST, _SMALLEST = Size(1280, 800), Size(480, 270)
"""Of a window as it opens."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What a user chooses, beside the source."""

    choices: tuple[Choice, ...] = (Choice(), Choice("fast"))
    lightens: bool = True
    """Nobody chose the first model; a live picture may take the second for it."""
    look: Look = field(default_factory=Look)
    workers: int = 2
    area: int | None = None
    """The most pixels of a frame; None: what the machine keeps up with."""
    face: Face = field(default_factory=Face)
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


def live(
    source: LiveSource, showing: Showing, say: Callable[[str], None]
) -> dict[str, Any]:
    """Shows a source, enhanced, until the user is done; what was measured.

    `say` is told lines for the terminal. Raises a VidenhanceError.
    """
    if not showing.headless:
        check_screen(
            "without a window, use --headless with --record FILE or --virtual-camera"
        )
    rate = float(source.info.rate) if source.info and source.info.rate else 30.0
    camera = VirtualCamera(rate) if showing.virtual_camera else None
    sound = source.source if isinstance(source, Player) and not source.loop else None
    if isinstance(source, Player):
        source.stays = not showing.headless
    recording = showing.recording
    if recording is not None:
        recording = replace(recording, sound=sound)
        played = sound.path if sound else None
        check_target(recording.target, played, recording.overwrite)
    with ExitStack() as stack:
        outputs = Outputs(showing.folder, recording, camera, sound, _silence(source))
        # Also of what is completed only when it is closed.
        stack.callback(_tell, outputs, say)
        stack.enter_context(outputs)
        running = stack.enter_context(
            stage(
                *(source, showing.choices, showing.look, showing.workers),
                *(showing.area, showing.lightens),
            )
        )
        return _shown(running, outputs, showing, say)


def preview(
    source: Source, start_seconds: float, showing: Showing, say: Callable[[str], None]
) -> str:
    """Shows a file as its conversion would be; the `convert` command for that.

    Raises a VidenhanceError.
    """
    check_screen("videnhance convert IN OUT --max-frames 100 makes a part to look at")
    reading = Reading(video_track=source.video_track)
    player = Player(
        *(source.path, reading, start_seconds), when_late=WhenLate.WAIT, stays=True
    )
    with (
        Outputs(showing.folder) as outputs,
        preview_stage(
            player, showing.choices, showing.look, showing.workers
        ) as running,
    ):
        _shown(running, outputs, showing, say)
        choice = running.models.choice
        return convert_command(source, running.look, choice)


def _tell(outputs: Outputs, say: Callable[[str], None]) -> None:
    for words in outputs.told():
        say(words)


def _silence(source: LiveSource) -> str:
    """Why recordings of it have no sound, although there may be some; or nothing."""
    if isinstance(source, Player):
        sounds = any(" audio " in words for words in source.info.streams)
        return "that of a repeated file is left out" if source.loop and sounds else ""
    if isinstance(source, Feed) and source.order.kind is CaptureKind.STREAM:
        return "only the pictures of a stream are read"
    return ""


def _shown(
    running: Stage, outputs: Outputs, showing: Showing, say: Callable[[str], None]
) -> dict[str, Any]:
    with ExitStack() as stack:
        window: Window | None = None
        if not showing.headless:
            title = f"videnhance: {running.source.name}"
            size = window_size(running.source, showing.look.scale)
            window = stack.enter_context(OpenCVWindow(title, size))
            if showing.full_screen:
                window.toggle_full_screen()
        session = Session(running, window, outputs, showing.face, say, showing.seconds)
        session.run()
        measured = session.as_json()
        return measured | {"peak_memory_mb": round(peak_memory_mb(), 1)}


def window_size(source: LiveSource, scale: int) -> Size:
    """The enlarged picture's, within what usual screens have room for."""
    info = source.info
    if info is None:
        return _LARGEST if not isinstance(source, Reduced) else Size(1280, 720)
    width = float(info.size.width * scale * (info.sample_aspect_ratio or 1))
    height = float(info.size.height * scale)
    if info.rotation_degrees % 180 == 90:
        width, height = height, width
    shrink = min(_LARGEST.width / width, _LARGEST.height / height, 1.0)
    grow = max(_SMALLEST.width / width, _SMALLEST.height / height, 1.0)
    factor = shrink if shrink < 1 else grow
    return Size(max(round(width * factor), 64), max(round(height * factor), 64))
