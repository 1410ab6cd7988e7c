"""Runs the commands `live` and `preview`: source, window and outputs."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Size
from videnhance.live.capture_client import CaptureClient
from videnhance.live.captured import CaptureKind, LiveSource
from videnhance.live.options import LiveOptions, convert_command
from videnhance.live.outputs import Outputs, VirtualCamera
from videnhance.live.overlay import Overlay
from videnhance.live.pipeline import LivePipeline, live_pipeline, preview_pipeline
from videnhance.live.player import Player, WhenLate
from videnhance.live.session import Session
from videnhance.live.views import ViewState
from videnhance.live.window import OpenCVWindow, Window, check_screen
from videnhance.media.output.output_file import check_target
from videnhance.media.source import Reading, Source
from videnhance.system.memory import peak_memory_mb

__all__ = ["live", "preview"]

_LARGEST, _SMALLEST = Size(1280, 800), Size(480, 270)
"""Of a window as it opens."""
Say = Callable[[str], None]
"""Takes lines for the terminal."""


def live(source: LiveSource, options: LiveOptions, say: Say) -> dict[str, Any]:
    """Shows a source, enhanced, until the user is done; returns what was measured.

    Raises a VidenhanceError.
    """
    if not options.headless:
        check_screen(
            "without a window, use --headless with --record FILE or --virtual-camera"
        )
    rate = float(source.info.rate) if source.info and source.info.rate else 30.0
    camera = VirtualCamera(rate) if options.virtual_camera else None
    sound = source.source if isinstance(source, Player) and not source.loop else None
    if isinstance(source, Player):
        source.stays = not options.headless
    recording = options.recording
    if recording is not None:
        recording = replace(recording, sound=sound)
        played = sound.path if sound else None
        check_target(recording.target, played, overwrite=recording.overwrite)
    with ExitStack() as stack:
        outputs = Outputs(
            options.folder, recording, camera, sound=sound, silence=_silence(source)
        )

        @stack.callback  # also for what is completed only when it is closed
        def _() -> None:
            for notice in outputs.take_notices():
                say(notice)

        stack.enter_context(outputs)
        pipeline = stack.enter_context(live_pipeline(source, options))
        return _shown(pipeline, outputs, options=options, say=say)


def preview(
    source: Source, start_seconds: float, *, options: LiveOptions, say: Say
) -> str:
    """Shows a file as its conversion would be; returns the `convert` command for that.

    Raises a VidenhanceError.
    """
    check_screen("videnhance convert IN OUT --max-frames 100 makes a part to look at")
    reading = Reading(video_track=source.video_track)
    player = Player(
        *(source.path, reading, start_seconds), when_late=WhenLate.WAIT, stays=True
    )
    with (
        Outputs(options.folder) as outputs,
        preview_pipeline(player, options) as pipeline,
    ):
        _shown(pipeline, outputs, options=options, say=say)
        return convert_command(source, pipeline.settings, choice=pipeline.models.choice)


def _silence(source: LiveSource) -> str:
    """Why recordings of it have no sound, although there may be some; or nothing."""
    if isinstance(source, Player):
        sounds = any(" audio " in words for words in source.info.streams)
        return "that of a repeated file is left out" if source.loop and sounds else ""
    if isinstance(source, CaptureClient) and source.order.kind is CaptureKind.STREAM:
        return "only the pictures of a stream are read"
    return ""


def _shown(
    pipeline: LivePipeline, outputs: Outputs, *, options: LiveOptions, say: Say
) -> dict[str, Any]:
    with ExitStack() as stack:
        window: Window | None = None
        if not options.headless:
            title = f"videnhance: {pipeline.source.name}"
            info, enlargement = pipeline.source.info, pipeline.engine.enlargement
            scale = enlargement.scale(info.size) if info else enlargement.wanted
            size = window_size(info, scale)
            window = stack.enter_context(OpenCVWindow(title, size))
            if options.full_screen:
                window.toggle_full_screen()
        overlay, seconds = (
            Overlay(ViewState(options.view), options.figures),
            options.seconds,
        )
        session = Session(pipeline, window, outputs, overlay, say, seconds=seconds)
        session.run()
        return session.as_json() | {"peak_memory_mb": round(peak_memory_mb(), 1)}


def window_size(info: VideoInfo | None, scale: int) -> Size:
    """The enlarged picture's, within what usual screens have room for."""
    if info is None:
        return Size(1280, 720)
    width = float(info.size.width * scale * (info.sample_aspect_ratio or 1))
    height = float(info.size.height * scale)
    if info.rotation_degrees % 180 == 90:
        width, height = height, width
    shrink = min(_LARGEST.width / width, _LARGEST.height / height, 1.0)
    grow = max(_SMALLEST.width / width, _SMALLEST.height / height, 1.0)
    factor = shrink if shrink < 1 else grow
    return Size(max(round(width * factor), 64), max(round(height * factor), 64))
