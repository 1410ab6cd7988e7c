"""The app's routes: what each address answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from videnhance import __version__
from videnhance.errors import BusyError, VidenhanceError
from videnhance.web.app.desk import Desk
from videnhance.web.app.files import TooLargeError
from videnhance.web.app.picture_routes import PICTURE_ROUTES
from videnhance.web.app.requests import (
    Answer,
    Routes,
    desk_of,
    json_of,
)
from videnhance.web.app.row_routes import ROW_ROUTES
from videnhance.web.app.security import Guard

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
_OPEN = ("/login", "/api/login", "/page/", "/static/")
"""Needs no session: the files of the page are in every copy of the package."""
_WRONG_SECONDS = 1.0
"""What a wrong password costs."""


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
        Route("/login", _login_page),
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
        except VidenhanceError as error:
            return JSONResponse({"error": str(error)}, _status(error))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answered


def _status(error: VidenhanceError) -> int:
    if isinstance(error, TooLargeError):
        return 413
    return 429 if isinstance(error, BusyError) else 400


async def _page(request: Request) -> Response:
    del request
    return _listed(_PAGES, "index.html")


async def _login_page(request: Request) -> Response:
    del request
    return _listed(_PAGES, "login.html")


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
    return JSONResponse({"version": __version__, **desk_of(request).state()})


async def _events(request: Request) -> Response:
    stream = desk_of(request).hub.stream()
    return StreamingResponse(stream, media_type="text/event-stream")


async def _login(request: Request) -> Response:
    values, door = await json_of(request), desk_of(request).door
    if not door.takes_password(values.get("password")):
        await asyncio.sleep(_WRONG_SECONDS)
        return JSONResponse({"error": "that is not the password"}, 403)
    return door.let_in(Response(status_code=204))


_ROUTES: Routes = (
    ("GET", "/api/state", _state),
    ("GET", "/api/events", _events),
    ("POST", "/api/login", _login),
    *ROW_ROUTES,
    *PICTURE_ROUTES,
)
