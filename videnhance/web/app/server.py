"""The app's routes: what each address answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from videnhance import __version__
from videnhance.errors import BusyError, UsageError, VidenhanceError
from videnhance.web.app.desk import Desk
from videnhance.web.app.rows import Row
from videnhance.web.app.security import MOST_JSON_BYTES, Guard

__all__ = ["application"]

_PAGES = Path(__file__).parent / "page"
_STATIC = Path(__file__).parent.parent / "static"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
"""Of files of the page; others are not sent."""
_OPEN = ("/login", "/api/login")
Answer = Callable[[Request], Awaitable[Response]]


def application(desk: Desk, opened: Callable[[], None]) -> ASGIApp:
    """The ASGI application of a desk, behind its guard; tells when it has begun."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.desk = desk
        async with desk.works():
            opened()
            yield

    routes = [
        Route("/", _page),
        Route("/page/{name:path}", _page_file),
        Route("/static/{name:path}", _static_file),
        *(
            Route(path, _told(answer), methods=[method])
            for method, path, answer in _ROUTES
        ),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    return Guard(app, desk.door, _OPEN)


def _told(answer: Answer) -> Answer:
    """The same; an error of the user's becomes words for people."""

    async def answered(request: Request) -> Response:
        try:
            response = await answer(request)
        except BusyError as error:
            return JSONResponse({"error": str(error)}, 429)
        except VidenhanceError as error:
            return JSONResponse({"error": str(error)}, 400)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answered


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _page(request: Request) -> Response:
    del request
    return _listed(_PAGES, "index.html")


async def _page_file(request: Request) -> Response:
    return _listed(_PAGES, request.path_params["name"])


async def _static_file(request: Request) -> Response:
    return _listed(_STATIC, request.path_params["name"])


def _listed(folder: Path, name: str) -> Response:
    """A file of the package, if it is one that a page asks for."""
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.suffix in _TYPES
    }
    path = found.get(name)
    if path is None:
        return JSONResponse({"error": "there is no such file"}, 404)
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)


async def _state(request: Request) -> Response:
    return JSONResponse({"version": __version__, **_desk(request).state()})


async def _events(request: Request) -> Response:
    stream = _desk(request).hub.stream()
    return StreamingResponse(stream, media_type="text/event-stream")


async def _body(request: Request) -> dict[str, Any]:
    """The JSON of a request. Raises UsageError for anything else."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_JSON_BYTES:
            raise UsageError("that is too much for one request")
    try:
        values = json.loads(bytes(data) or b"{}")
    except (ValueError, RecursionError):
        raise UsageError("that is no JSON") from None
    if not isinstance(values, dict):
        raise UsageError("send an object")
    return values


def _list(values: dict[str, Any], name: str) -> list[object]:
    found = values.get(name)
    if not isinstance(found, list):
        raise UsageError(f"{name} is missing: send a list")
    return found


def _options(values: dict[str, Any]) -> dict[str, Any]:
    found = values.get("options") or {}
    if not isinstance(found, dict):
        raise UsageError("options are an object")
    return found


def _rows(rows: list[Row], **more: object) -> Response:
    return JSONResponse({"rows": [row.as_json() for row in rows], **more})


async def _add(request: Request) -> Response:
    values, queue = await _body(request), _desk(request).queue
    rows, refused = queue.add(_list(values, "paths"), _options(values))
    await queue.keep()
    return _rows(rows, refused=refused)


async def _browse(request: Request) -> Response:
    listing = _desk(request).roots.listing
    words = request.query_params.get("path")
    return JSONResponse(await asyncio.to_thread(listing, words))


async def _thumbnail(request: Request) -> Response:
    desk, row = _desk(request), _row(request)
    at, width = _number(request, "at", 0.0), int(_number(request, "width", 320.0))
    track = row.options.get("video_track")
    picture = await desk.looker.ask(
        "thumbnail", row.source, track, at, min(max(width, 16), 1024)
    )
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(picture, media_type="image/jpeg", headers=headers)


def _row(request: Request) -> Row:
    return _desk(request).queue.named([request.path_params["id"]])[0]


def _number(request: Request, name: str, default: float) -> float:
    words = request.query_params.get(name)
    try:
        number = default if words is None else float(words)
        if not 0 <= number < 1e7:
            raise ValueError(words)
    except ValueError:
        raise UsageError(f"{name} is no number of that kind") from None
    return number


_ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/api/state", _state),
    ("GET", "/api/events", _events),
    ("POST", "/api/rows", _add),
    ("GET", "/api/browse", _browse),
    ("GET", "/api/rows/{id}/thumbnail", _thumbnail),
)
