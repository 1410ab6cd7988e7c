"""Serves the app: binds its port, keeps its queue's file, and runs until it ends."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from videnhance.errors import UsageError, printable
from videnhance.system.processes import WorkerProcess, readable
from videnhance.web.app.desk import Desk
from videnhance.web.app.files import Roots, Uploads
from videnhance.web.app.queue_file import QueueFile, state_folder
from videnhance.web.app.rows import OPEN
from videnhance.web.app.security import Door
from videnhance.web.app.server import application
from videnhance.web.app.window import show_window

__all__ = ["Serving", "serve"]

_PORT = 8420
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 2
"""For answers on their way when the app ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the app is served."""

    files: Sequence[Path] = ()
    """That it begins with; folders are looked into, too."""
    address: str = "127.0.0.1"
    port: int | None = None
    """None: the usual one, or, if that is taken, one that is free."""
    password: str | None = None
    most_upload_bytes: int = 8 << 30
    window: bool = False
    """Show a window of its own, which ends the app when it is closed."""

    def __post_init__(self) -> None:
        try:
            is_local = ip_address(self.address).is_loopback
        except ValueError:
            raise UsageError(
                f"--listen {printable(self.address)} is no address: use 0.0.0.0 for "
                "all of this machine's, or one of them"
            ) from None
        if not is_local and self.password is None:
            raise UsageError(
                f"--listen {self.address} lets others come: add --password-file FILE"
            )


def serve(chosen: Serving, opened: Callable[[Door], None]) -> None:
    """Serves the app until a signal ends it; `opened` is told when pages may come.

    What works then goes on when the app is started again. Raises UsageError for an
    address that cannot be had, BusyError if the app runs already, OutputError.
    """
    folder = state_folder()
    with QueueFile(folder) as file, _bound(chosen) as listening:
        door = Door(listening.getsockname()[1], chosen.address, chosen.password)
        uploads = Uploads((folder / "uploads").resolve(), chosen.most_upload_bytes)
        uploads.folder.mkdir(mode=0o700, exist_ok=True)
        named = [
            path if path.is_dir() else path.absolute().parent for path in chosen.files
        ]
        roots = Roots([*named, *_home()], hidden=[uploads.folder])
        door.has_window = chosen.window
        desk = Desk(file, roots, uploads, door)
        _add(desk, chosen.files)
        file.opened_at(door.url)
        tasks: list[asyncio.Task[None]] = []

        def begun() -> None:
            opened(door)
            loop = asyncio.get_running_loop()
            tasks.append(loop.create_task(_closed(desk, server)))
            if chosen.window:
                tasks.append(loop.create_task(_shown(door.url_once(), server)))

        server = uvicorn.Server(
            uvicorn.Config(
                application(desk, begun),
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            ),
        )
        server.run(sockets=[listening])


def _add(desk: Desk, files: Sequence[Path]) -> None:
    """Adds what is not in the queue already. Raises UsageError."""
    known = {row.source for row in desk.queue.rows.values() if row.state in OPEN}
    names = [str(path.resolve()) for path in files]
    _, refused = desk.queue.add([name for name in names if name not in known], {})
    if refused:
        raise UsageError(refused[0]["error"])


async def _closed(desk: Desk, server: uvicorn.Server) -> None:
    """Ends the streams of events when the app ends: it waits for open answers."""
    while not server.should_exit:
        await asyncio.sleep(_LOOK_SECONDS)
    desk.hub.close()


async def _shown(url: str, server: uvicorn.Server) -> None:
    """Shows a window, and ends the app when it is closed."""
    process = WorkerProcess(partial(show_window, url=url))
    try:
        while not await asyncio.to_thread(readable, [process], _LOOK_SECONDS):
            pass
        server.should_exit = True
    finally:
        process.stop()
        await asyncio.to_thread(process.end, time.monotonic() + _GRACE_SECONDS)


def _home() -> list[Path]:
    try:
        home = Path.home()
    except RuntimeError:
        return []
    return [home] if home.is_dir() else []


def _bound(chosen: Serving) -> socket.socket:
    """The socket that listens. Raises UsageError."""
    family = socket.AF_INET6 if ":" in chosen.address else socket.AF_INET
    ports = [_PORT, 0] if chosen.port is None else [chosen.port]
    for port in ports:
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((chosen.address, port))
            bound.listen()  # who comes before all is there waits
            return bound
        except OSError as error:
            bound.close()
            failure = error
    raise UsageError(
        f"port {ports[-1]} of {chosen.address} cannot be had: {failure.strerror}; name "
        "another one by --port"
    )
