"""What the app opens beside its page: folders, the live window, a window of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from videnhance.errors import UsageError
from videnhance.web.app import opening, window

posix = pytest.mark.skipif(sys.platform == "win32", reason="a program is a script")
NOTED = """#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
part = place.with_suffix(".part")
part.write_text(json.dumps(sys.argv[1:]))
part.rename(place)
"""


@pytest.fixture(name="noting")
def _noting(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a program of a name that notes its words, and gives where."""

    def made(name: str) -> Path:
        place = tmp_path / f"{name}.words"
        program = tmp_path / name
        words = NOTED.format(python=sys.executable, place=str(place))
        program.write_text(words, encoding="utf-8")
        program.chmod(0o755)
        return place

    return made


@posix
def test_a_folder_is_shown_by_the_system(
    noting: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = noting("open" if sys.platform == "darwin" else "xdg-open")
    monkeypatch.setenv("PATH", str(tmp_path))

    async def opened() -> int:
        process = await opening.open_folder(tmp_path / "films")
        return await process.wait()

    assert asyncio.run(opened()) == 0
    assert json.loads(place.read_text()) == [str(tmp_path / "films")]


@posix
def test_the_live_window_has_the_look_and_the_camera(
    noting: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = noting("python")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    asyncio.run(opening.start_live("natural", 1))
    words = json.loads(place.read_text())
    assert words == ["-m", "videnhance", "live", "1", "--look", "natural"]


@posix
def test_a_live_window_that_does_not_open_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho first >&2; echo no camera 1 >&2; exit 2\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(UsageError, match="no camera 1"):
        asyncio.run(opening.start_live("natural", 1))


@pytest.mark.parametrize(("look", "camera"), [("x", 0), (None, "0"), (None, 64)])
def test_no_other_words_reach_the_live_window(look: object, camera: object) -> None:
    with pytest.raises(UsageError):
        asyncio.run(opening.start_live(look, camera))


class _Event:
    """An event of pywebview, to which who listens is added."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def __iadd__(self, one: Any) -> "_Event":  # noqa: ANN401
        self.heard.append(one)
        return self


class _Webview:
    """Stands for pywebview: one window, which is loaded, dropped on, and closed."""

    FileDialog = SimpleNamespace(OPEN="open", FOLDER="folder")

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.started: dict[str, Any] = {}
        self.scripts: list[str] = []
        self.asked: list[tuple[str, bool]] = []
        drop = _Event()
        self.windows = [
            SimpleNamespace(
                events=SimpleNamespace(loaded=_Event()),
                dom=SimpleNamespace(
                    document=SimpleNamespace(events=SimpleNamespace(drop=drop))
                ),
                run_js=self.scripts.append,
                create_file_dialog=self._dialog,
            )
        ]
        self.dom = SimpleNamespace(DOMEventHandler=lambda does, prevent_default: does)
        self._drop = drop

    def create_window(self, title: str, url: str, **more: object) -> SimpleNamespace:
        self.made = {"title": title, "url": url, **more}
        return self.windows[0]

    def start(self, **more: object) -> None:
        self.started = more
        for listener in self.windows[0].events.loaded.heard:
            listener()
        files = [{"pywebviewFullPath": "/films/a.mp4"}, {"name": "text"}]
        for listener in self._drop.heard:
            listener({"dataTransfer": {"files": files}})

    def _dialog(self, kind: str, allow_multiple: bool) -> tuple[str, ...]:
        self.asked.append((kind, allow_multiple))
        return ("/films/b.mp4",)


def test_a_window_of_its_own_tells_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "webview", webview := _Webview())
    monkeypatch.setattr(signal, "signal", lambda number, does: None)
    ours, theirs = Pipe()
    window.show_window(theirs, "http://127.0.0.1:1/?token=x")
    assert webview.made["url"] == "http://127.0.0.1:1/?token=x"
    assert webview.started["private_mode"] is False
    (script,) = webview.scripts
    assert 'CustomEvent(\'paths\', {"detail": ["/films/a.mp4"]})' in script
    assert webview.made["js_api"].choose() == ["/films/b.mp4"]
    assert webview.made["js_api"].choose(True) == ["/films/b.mp4"]
    assert webview.asked == [("open", True), ("folder", True)]
    ours.close()


@pytest.mark.parametrize("has_window", [False, True])
def test_only_a_window_of_its_own_may_evaluate(has_window: bool) -> None:
    pytest.importorskip("starlette")
    from videnhance.web.app.security import Door, Guard

    async def app(*asked: object) -> None:
        raise AssertionError(asked)

    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    async def receive() -> Any:  # noqa: ANN401
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    guard = Guard(app, Door(1, has_window=has_window), ())
    headers = [(b"host", b"127.0.0.1:1")]
    asyncio.run(guard({**scope, "headers": headers}, receive, send))
    policy = dict(sent[0]["headers"])[b"content-security-policy"].decode()
    assert ("unsafe-eval" in policy) is has_window
    assert "unsafe-inline" not in policy
