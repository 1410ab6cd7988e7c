"""Where the pictures go beside the window: a recording, snapshots, a virtual camera."""

from contextlib import ExitStack
from pathlib import Path

from videnhance.errors import VidenhanceError, counted
from videnhance.frame import Pixels, VideoInfo
from videnhance.live.engine import Result
from videnhance.live.recorder import Recorder, Recording, live_encoding
from videnhance.live.snapshot import Snapshots, stem_now
from videnhance.live.virtual import VirtualCamera
from videnhance.media.display import frame_of_screen
from videnhance.media.source import Source

__all__ = ["Outputs"]


class Outputs:
    """What is open to be written to; leaving the `with` block completes all of it."""

    def __init__(
        self,
        folder: Path,
        recording: Recording | None = None,
        camera: VirtualCamera | None = None,
        sound: Source | None = None,
        silence: str = "",
    ) -> None:
        """`folder` takes snapshots and the recordings that have no name of their own.

        `recording` begins with the first picture; those that begin later show what it
        does, with `sound`. `silence` says why there is none.
        """
        self.camera = camera
        self.recorder: Recorder | None = None
        self.said: list[str] = []
        """What was done or failed, in words, for the window."""
        self._folder, self._sound, self._silence = folder, sound, silence
        self._view = recording is not None and recording.view
        self._wanted = recording
        self._asked = recording.target if recording else None
        self._ending: list[Recorder] = []
        """Recordings that are being completed."""
        self._snapshots = Snapshots(folder, self.said)
        self._open = ExitStack()

    def __enter__(self) -> "Outputs":
        self._open.callback(self._snapshots.close)
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
        """A result is shown; `picture` is the enhanced one, `view` the whole window.

        Both are B G R, and None where nobody needs them.
        """
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._begin(wanted, info)
        recorder = self.recorder
        if recorder is not None and not result.shot.again:
            frame = result.after
            if recorder.records_view and view is not None:
                frame = frame_of_screen(view, frame)
            recorder.offer(result.shot, frame)
            if not recorder.is_running:
                self.recorder = None
                self._ending.append(recorder)
        if self.camera is not None and picture is not None:
            self.camera.send(picture)

    def snapshot(self, result: Result, info: VideoInfo) -> None:
        """Saves the picture, before and after."""
        self._snapshots.take(result, info)

    def toggle_recording(self, info: VideoInfo) -> None:
        """Begins a recording named by the time, or ends the one that runs."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            # To complete it takes longer than there is between two pictures.
            recorder.end()
            self._ending.append(recorder)
            return
        target = self._folder / f"{stem_now()}.mkv"
        encoding = live_encoding(target)
        recording = Recording(target, encoding, False, self._sound, self._view)
        try:
            self._begin(recording, info)
        except VidenhanceError as error:
            self.said.append(f"no recording: {error}")

    def told(self) -> list[str]:
        """What was done or failed since the last question, in words.

        Raises OutputError if the recording that was asked for at the start has failed.
        """
        for recorder in [r for r in self._ending if not r.is_running]:
            self._ending.remove(recorder)
            self._complete(recorder)
        # Another thread may add to it meanwhile.
        return [self.said.pop(0) for _ in range(len(self.said))]

    @property
    def recording_words(self) -> str:
        """How the recording goes; empty if there is none."""
        recorder = self.recorder
        if recorder is None:
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
            self.said.append(f"recording failed: {error}")
            return
        words = f"recorded {counted(recorder.frames, 'frame')}: {recorder.target.name}"
        if recorder.left_out:
            words += f"; the encoder had no time for {recorder.left_out} more"
        self.said += [*recorder.notices, words]

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
        self.said.append(f"recording {recording.target.name}{silence}")
