"""Outputs of a live session: recordings, snapshots and a virtual camera."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from videnhance.errors import MissingLibraryError, VidenhanceError, counted
from videnhance.frame import Pixels, VideoInfo
from videnhance.live.engine import Result, plain
from videnhance.live.recorder import Recorder, Recording, live_encoding
from videnhance.media.display import frame_of_screen
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.source import Source
from videnhance.media.stills.picture_writer import StillWriter
from videnhance.system.latest import Outbox
from videnhance.system.optional import optional

__all__ = ["Outputs", "VirtualCamera"]

_DRIVERS = (
    "on Linux load v4l2loopback (modprobe v4l2loopback), on Windows and macOS install "
    "OBS, which brings one"
)


class VirtualCamera:
    """A camera that shows what it is sent; opens with the first picture."""

    def __init__(self, rate: float) -> None:
        """`rate` in pictures a second. Raises MissingLibraryError."""
        failure = "--virtual-camera needs the package pyvirtualcam"
        self._module = optional("pyvirtualcam", extra="virtualcam", failure=failure)
        self._rate = rate
        self._camera: Any = None

    def __enter__(self) -> "VirtualCamera":
        return self

    def __exit__(self, *error: object) -> None:
        if self._camera is not None:
            self._camera.close()

    @property
    def device(self) -> str:
        """What other programs know it by; empty before the first picture."""
        return "" if self._camera is None else str(self._camera.device)

    def send(self, pixels: Pixels) -> None:
        """Shows H x W x 3 uint8, B G R. Raises MissingLibraryError without a driver."""
        if self._camera is None:
            self._camera = self._opened(pixels)
        wanted = self._camera.width, self._camera.height
        if (pixels.shape[1], pixels.shape[0]) != wanted:
            pixels = np.asarray(cv2.resize(pixels, wanted))
        self._camera.send(np.ascontiguousarray(pixels))

    def _opened(self, pixels: Pixels) -> Any:  # noqa: ANN401 - has no types
        height, width = pixels.shape[:2]
        module = self._module
        try:
            return module.Camera(
                width=width, height=height, fps=self._rate, fmt=module.PixelFormat.BGR
            )
        except (RuntimeError, OSError, ValueError) as error:
            lines = str(error).strip().splitlines() or ["no reason given"]
            raise MissingLibraryError(
                f"--virtual-camera: this system has no driver for one ({lines[-1]}): "
                f"{_DRIVERS}"
            ) from error


_QUEUE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Snapshot:
    result: Result
    info: VideoInfo
    stem: str

    @property
    def nbytes(self) -> int:
        return self.result.nbytes

    def write(self, folder: Path) -> None:
        result, info = self.result, replace(self.info, frames=1)
        before = result.before or plain(result.capture.frame, result.scale)
        for name, frame in (("before", before), ("after", result.after)):
            path = folder / f"{self.stem}-{name}.png"
            with StillWriter(path, info, frame.size, Encoding(), None) as writer:
                writer.write(frame)


def stem_now() -> str:
    """A file name for this moment, to the millisecond."""
    now = time.time()
    stem = time.strftime("videnhance-%Y%m%d-%H%M%S", time.localtime(now))
    return f"{stem}-{int(now * 1000) % 1000:03}"


class Outputs:
    """What is open to be written to; leaving the `with` block completes all of it."""

    def __init__(
        self,
        folder: Path,
        recording: Recording | None = None,
        camera: VirtualCamera | None = None,
        *,
        sound: Source | None = None,
        silence: str = "",
    ) -> None:
        """`folder` takes snapshots and the recordings that have no name of their own.

        `recording` begins with the first picture; those that begin later show what it
        does, with `sound`. `silence` says why there is none.
        """
        self.camera = camera
        self.recorder: Recorder | None = None
        self._notices: list[str] = []
        """What was done or failed, in words, oldest first; other threads add to it."""
        self._folder, self._sound, self._silence = folder, sound, silence
        self._view = recording is not None and recording.view
        self._wanted = recording
        self._asked = recording.target if recording else None
        self._ending: list[Recorder] = []
        """Recordings that are being completed."""
        self._snapshots: Outbox[_Snapshot] | None = None
        self._open = ExitStack()

    def __enter__(self) -> "Outputs":
        self._open.callback(self._close_snapshots)
        if self.camera is not None:
            self._open.enter_context(self.camera)
        self._open.callback(self._close_recorders)
        return self

    def __exit__(self, *error: object) -> None:
        # What is recorded cannot be had again: it is completed whatever happened.
        self._open.close()

    def take(
        self,
        result: Result,
        info: VideoInfo,
        picture: Pixels | None,
        view: Pixels | None,
    ) -> None:
        """Takes in what is shown: the enhanced `picture`, and the window as a `view`.

        Both are B G R, and None where nobody needs them.
        """
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._begin(wanted, info)
        recorder = self.recorder
        if recorder is not None and not result.capture.again:
            frame = result.after
            if recorder.records_view and view is not None:
                frame = frame_of_screen(view, frame)
            recorder.offer(result.capture, frame)
            if not recorder.is_running:
                self.recorder = None
                self._ending.append(recorder)
        if self.camera is not None and picture is not None:
            self.camera.send(picture)

    def snapshot(self, result: Result, info: VideoInfo) -> None:
        """Saves the picture, before and after, at its full depth."""
        if self._snapshots is None:
            self._snapshots = Outbox(self._write_snapshots, _QUEUE_BYTES, "snapshots")
        if not self._snapshots.offer(_Snapshot(result, info, stem_now())):
            self._notices.append("that is faster than the disk: no snapshot")

    def _write_snapshots(self, snapshots: Iterator[_Snapshot]) -> None:
        for snapshot in snapshots:
            try:
                snapshot.write(self._folder)
            except VidenhanceError as error:
                self._notices.append(f"no snapshot: {error}")
            else:
                stem = snapshot.stem
                self._notices.append(f"saved {stem}-before.png and -after.png")

    def _close_snapshots(self) -> None:
        if self._snapshots is not None:
            self._snapshots.close()

    def toggle_recording(self, info: VideoInfo) -> None:
        """Begins a recording named by the time, or ends the one that runs."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            # To complete it takes longer than there is between two pictures.
            recorder.end()
            self._ending.append(recorder)
            return
        target = self._folder / f"{stem_now()}.mkv"
        sound, view = self._sound, self._view
        try:
            encoding = live_encoding(target)
            self._begin(Recording(target, encoding, False, sound, view), info)
        except VidenhanceError as error:
            self._notices.append(f"no recording: {error}")

    def take_notices(self) -> list[str]:
        """What was done or failed since the last call, in words.

        Raises OutputError if the recording that was asked for at the start has failed.
        """
        for recorder in [r for r in self._ending if not r.is_running]:
            self._ending.remove(recorder)
            self._complete(recorder)
        return [self._notices.pop(0) for _ in range(len(self._notices))]

    @property
    def has_size(self) -> bool:
        """Whether an output is open that keeps the size of its first picture."""
        recorder = self.recorder
        recorded = recorder is not None and not recorder.records_view
        return recorded or self.camera is not None

    @property
    def recording_words(self) -> str:
        """How the recording goes; empty if there is none."""
        if (recorder := self.recorder) is None:
            return ""
        lost = f", {recorder.left_out} left out" if recorder.left_out else ""
        return f"{recorder.target.name}: {counted(recorder.frames, 'frame')}{lost}"

    def _complete(self, recorder: Recorder) -> None:
        """Waits for it; one that the user began by a key may fail in words."""
        try:
            recorder.close()
        except VidenhanceError as error:
            if recorder.target == self._asked:
                raise
            self._notices.append(f"recording failed: {error}")
            return
        words = f"recorded {counted(recorder.frames, 'frame')}: {recorder.target.name}"
        if recorder.left_out:
            words += f"; the encoder had no time for {recorder.left_out} more"
        self._notices += [*recorder.notices, words]

    def _close_recorders(self) -> None:
        recorders = [*self._ending, *([self.recorder] if self.recorder else [])]
        self._ending, self.recorder = [], None
        for recorder in recorders:
            recorder.end()
        with ExitStack() as all_of_them:
            for recorder in recorders:
                all_of_them.callback(self._complete, recorder)

    def _begin(self, recording: Recording, info: VideoInfo) -> None:
        self.recorder = Recorder(recording, info)
        silence = f" without sound: {self._silence}" if self._silence else ""
        self._notices.append(f"recording {recording.target.name}{silence}")
