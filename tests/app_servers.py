"""The app as a user starts it, in a process of its own, and who talks to it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

__all__ = ["Answer", "RunningApp", "running_app"]

_PATIENCE = 240.0
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body as values."""
        return json.loads(self.data)


class RunningApp:
    """A running app, and a page's session with it."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process, self.url = process, url
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.cookie = ""
        opened = self.ask("GET", f"/?{parts.query}")
        assert opened.status == 303, opened
        self.cookie = opened.headers["set-cookie"].partition(";")[0]

    def connection(self) -> HTTPConnection:
        """A fresh connection."""
        return HTTPConnection(self.host, self.port, timeout=_PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """An answer; a body that is no bytes is sent as JSON, as a page does."""
        sent = {"Cookie": self.cookie} if self.cookie else {}
        data = body
        if body is not None and not isinstance(body, bytes):
            data, sent = json.dumps(body).encode(), {**sent, **JSON}
        connection = self.connection()
        try:
            connection.request(method, path, data, {**sent, **(headers or {})})  # type: ignore[arg-type]
            got = connection.getresponse()
            named = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, named, got.read())
        finally:
            connection.close()

    def add(self, *paths: Path, **options: object) -> list[str]:
        """The ids of rows for these files."""
        words = {"paths": [str(path) for path in paths], "options": options}
        answer = self.ask("POST", "/api/rows", words)
        assert answer.status == 200, answer
        assert answer.json["refused"] == []
        return [row["id"] for row in answer.json["rows"]]

    def rows(self) -> list[dict[str, Any]]:
        """All rows as they stand."""
        rows: list[dict[str, Any]] = self.ask("GET", "/api/state").json["rows"]
        return rows

    def until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The state as soon as something holds of it."""
        last, state = time.monotonic() + _PATIENCE, dict[str, Any]()
        while time.monotonic() < last:
            state.update(self.ask("GET", "/api/state").json)
            if holds(state):
                return state
            time.sleep(0.05)
        raise AssertionError(state)

    def frame(self, row: str, at: float, side: str = "result") -> Answer:
        """A moment of a row as PNG."""
        where = f"/api/rows/{row}/frame?at={at}&side={quote(side)}"
        return self.ask("GET", where)


@contextmanager
def running_app(home: Path, *words: str) -> Iterator[RunningApp]:
    """The app with a home, and so a queue, of its own; it is killed at the end."""
    home.mkdir(exist_ok=True)
    places = {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "videnhance", "app", "--no-open", "--port", "0", *words],
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://"), process.wait()
            yield RunningApp(process, url)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
