"""The app's page in a browser, with a stand-in for its server: rows are made up."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.sources import ROOT

__all__ = ["ADDRESS", "PAGE", "StandIn", "apply", "made_row", "shown_page"]

WEB = ROOT / "videnhance/web"
PAGE = WEB / "app/page"
ADDRESS = "http://localhost:9"
"""Nothing listens there: each request is answered by the test."""
_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'"
)
_KINDS = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# A stream that stays open and says nothing: what there is to say, `apply` says.
_SILENT = """window.EventSource = class extends EventTarget {
    constructor() { super(); setTimeout(() => this.onopen?.()); }
};"""
_LOOKS = ("faithful", "natural", "crisp", "drawn", "clean")
Option = dict[str, Any]
_CHOSEN: list[tuple[str, str, str, object, dict[str, object]]] = [
    ("look", "look", "choice", "faithful", {"choices": _LOOKS}),
    ("strength", "look", "number", 1.0, {"least": 0, "most": 1.5}),
    ("scale", "size", "choice", None, {"choices": [1, 2, 4]}),
    ("size", "size", "text", None, {}),
    ("skip", "speed", "number", 1, {"least": 1, "most": 100}),
    ("target_fps", "speed", "number", None, {}),
    ("realtime", "speed", "bool", False, {}),
    ("deadline", "speed", "text", None, {}),
    ("to", "format", "choice", None, {"choices": ["mp4", "mkv"]}),
    ("codec", "format", "text", None, {}),
    ("crf", "format", "number", None, {}),
    ("audio", "format", "bool", True, {}),
]
OPTIONS: list[Option] = [
    {"name": name, "group": group, "kind": kind, "default": default, **more}
    for name, group, kind, default, more in _CHOSEN
]


def made_row(name: str = "a.mp4", *, state: str = "ready", **more: object) -> Option:
    """A row as the server tells it."""
    return {
        "id": name,
        "kind": "file",
        "source": f"/films/{name}",
        "name": name,
        "target": f"/films/{name.replace('.', '-2x.')}",
        "state": state,
        "options": {},
        "preset": None,
        "command": f"videnhance /films/{name} /films/{name.replace('.', '-2x.')}",
        "info": {
            "width": 640,
            "height": 360,
            "frames": 250,
            "rate": 25.0,
            "seconds": 10.0,
            "bytes": 2_500_000,
            "codec": "h264",
        },
        "plan": {
            "width": 1280,
            "height": 720,
            "seconds": 75.0,
            "bytes": 6_100_000,
            "kept": ["sound", "8 bits, yuv420p"],
            "changed": [],
            "lost": [],
        },
        "progress": None,
        "error": None,
        "notices": [],
        "keep_watching": False,
        **more,
    }


class StandIn:
    """Answers the page's requests, and remembers those that change something."""

    def __init__(self, rows: list[Option], **state: object) -> None:
        """`state` replaces parts of what /api/state says."""
        idle = {"state": "idle", "cores": None, "seconds_left": None}
        self.state: Option = {
            "version": "0",
            "rows": rows,
            "queue": {**idle, "done": 0, "failed": 0, "waiting": 0},
            "presets": [{"name": "quick", "options": {"skip": 2}, "ships": True}],
            "options": OPTIONS,
            "looks": [{"name": name, "for": ""} for name in _LOOKS],
            "can": {"open_folder": True, "live": True},
            **state,
        }
        self.asked: list[tuple[str, str, Any]] = []
        self.picture: Callable[[str, dict[str, str]], bytes] = _picture
        self.clip = b""
        """What both sides of two seconds are."""
        self.errors: list[str] = []
        self.refusal = ""
        """What each change of a row is refused with."""
        self.pictures: list[tuple[str, str]] = []
        """Paths and sides of those that were asked for."""
        self.queries: list[dict[str, str]] = []

    def answer(self, route: Route) -> None:
        """One request."""
        url = urlsplit(route.request.url)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if not url.path.startswith("/api/"):
            self._file(route, url.path)
        elif url.path.endswith("made.mp4"):
            route.fulfill(content_type="video/mp4", body=self.clip)
        elif url.path.startswith("/api/rows/") and route.request.method == "GET":
            self.pictures.append((url.path, query.get("side", "")))
            self.queries.append(query)
            route.fulfill(
                content_type="image/png",
                headers={"X-Frame-Time": query.get("at", "0")},
                body=self.picture(url.path, query),
            )
        else:
            self._call(route, url.path, query)

    def _file(self, route: Route, path: str) -> None:
        places = {"": PAGE / "index.html"}
        for head, folder in (("page/", PAGE), ("static/", WEB / "static")):
            if path[1:].startswith(head):
                places[path[1:]] = folder / path[1:].removeprefix(head)
        file = places.get(path[1:], Path("/nowhere"))
        if not file.is_file():
            route.fulfill(status=404)
            return
        headers = {"Content-Security-Policy": _POLICY}
        kind = _KINDS[file.suffix]
        route.fulfill(headers=headers, content_type=kind, body=file.read_bytes())

    def _call(self, route: Route, path: str, query: dict[str, str]) -> None:
        request = route.request
        body: Any = query
        if request.method != "GET":
            body = (
                None if path == "/api/upload" else json.loads(request.post_data or "{}")
            )
        if request.method != "GET":
            self.asked.append((request.method, path, body))
        answers: dict[str, Callable[[Any], Any]] = {
            "/api/state": lambda _: self.state,
            "/api/rows": self._rows,
            "/api/rows/action": lambda _: {"rows": []},
            "/api/queue": lambda _: self.state["queue"],
            "/api/upload": lambda _: {"path": f"/sent/{query['name']}"},
            "/api/browse": lambda _: self.state.get("browse", {}),
        }
        answer = answers.get(path)
        if path.endswith("/clip"):
            answer = _clips
        said = answer(body) if answer else {}
        status = 400 if "error" in said else 200
        text = json.dumps(said)
        route.fulfill(status=status, content_type="application/json", body=text)

    def _rows(self, body: Option) -> Option:
        if self.refusal:
            return {"error": self.refusal}
        if "paths" in body:
            new = [made_row(Path(path).name) for path in body["paths"]]
            self.state["rows"] += new
            return {"rows": new, "refused": []}
        rows = [row for row in self.state["rows"] if row["id"] in body["ids"]]
        for row in rows:
            merged = {**row["options"], **body["options"]}
            row["options"] = {k: v for k, v in merged.items() if v is not None}
        return {"rows": rows}


def _clips(asked: object) -> dict[str, str]:
    del asked
    return {"source": "/api/rows/a/made.mp4", "result": "/api/rows/b/made.mp4"}


def _picture(path: str, query: dict[str, str]) -> bytes:
    del path
    shade = 80 if query.get("side") == "source" else 120
    file = BytesIO()
    Image.new("RGB", (320, 180), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


@contextmanager
def shown_page(browser: Browser, server: StandIn, **context: object) -> Iterator[Page]:
    """The page with the server's rows; at the block's end it must have had no error,
    and have asked nobody else.
    """
    settings: Option = {"viewport": {"width": 1400, "height": 900}, "locale": "en-GB"}
    opened: BrowserContext = browser.new_context(**{**settings, **context})
    page, others = opened.new_page(), list[str]()
    opened.on("request", lambda r: others.append(r.url))
    page.on("pageerror", lambda error: server.errors.append(str(error)))
    page.on("console", lambda said: server.errors.append(said.text))
    opened.add_init_script(_SILENT)
    opened.route("**/*", server.answer)
    page.goto(f"{ADDRESS}/")
    expect(page.locator("body.ready")).to_be_attached()
    yield page
    inside = (f"{ADDRESS}/", "data:", "blob:")
    assert [url for url in others if not url.startswith(inside)] == []
    assert server.errors == [], server.errors
    opened.close()


def apply(page: Page, event: str, data: object) -> None:
    """Tells the page an event of the server, and waits until it is seen."""
    page.evaluate(
        """async ([event, data]) => {
            const { apply, flush } = await import("/page/store.js");
            apply(event, data);
            flush();
        }""",
        [event, data],
    )
