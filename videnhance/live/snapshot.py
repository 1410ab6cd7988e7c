"""Pictures of what is on the screen, before and after, as files named by the time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from videnhance.errors import VidenhanceError
from videnhance.frame import Frame, VideoInfo
from videnhance.live.engine import Result, plain
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.stills.picture_writer import StillWriter
from videnhance.system.latest import Outbox

__all__ = ["Snapshots"]

_QUEUE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Wanted:
    result: Result
    info: VideoInfo
    stem: str

    @property
    def nbytes(self) -> int:
        return self.result.nbytes


@dataclass(slots=True)
class Snapshots:
    """Writes pictures in a thread of its own; `close` waits for the last."""

    folder: Path
    said: list[str] = field(default_factory=list)
    """What was written or failed, in words, oldest first."""
    _outbox: Outbox[_Wanted] | None = None

    def take(self, result: Result, info: VideoInfo) -> None:
        """Writes the result's frame, before and after, at its full depth."""
        if self._outbox is None:
            self._outbox = Outbox(self._write, _QUEUE_BYTES, "snapshots")
        if not self._outbox.offer(_Wanted(result, info, stem_now())):
            self.said.append("that is faster than the disk: no snapshot")

    def close(self) -> None:
        """Completes what was asked for."""
        if self._outbox is not None:
            self._outbox.close()

    def _write(self, wishes: Iterator[_Wanted]) -> None:
        for wish in wishes:
            result = wish.result
            before = result.before or plain(result.shot.frame, result.scale)
            try:
                for name, frame in (("before", before), ("after", result.after)):
                    path = self.folder / f"{wish.stem}-{name}.png"
                    _write_picture(path, frame, wish.info)
            except VidenhanceError as error:
                self.said.append(f"no snapshot: {error}")
            else:
                self.said.append(f"saved {wish.stem}-before.png and -after.png")


def stem_now() -> str:
    """A file name for this moment, to the millisecond."""
    now = time.time()
    return time.strftime("videnhance-%Y%m%d-%H%M%S", time.localtime(now)) + (
        f"-{int(now * 1000) % 1000:03}"
    )


def _write_picture(path: Path, frame: Frame, info: VideoInfo) -> None:
    info = replace(info, frames=1)
    with StillWriter(path, info, frame.size, Encoding(), None) as writer:
        writer.write(frame)
