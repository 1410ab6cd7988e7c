"""Routes that show: small pictures, moments of a film, short films, whole files."""

import asyncio
from secrets import token_hex

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from videnhance.errors import InputError, UsageError
from videnhance.web.app.requests import (
    Routes,
    changed,
    desk_of,
    json_of,
    number_of,
    row_of,
)

__all__ = ["PICTURE_ROUTES"]

_LONGEST_CLIP = 5.0
"""Seconds."""
_WIDTHS = range(16, 1025)
_KEPT = {"Cache-Control": "private, max-age=3600"}
_FILMS = {
    ".avi": "video/x-msvideo",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""What is sent for a browser to play; all else is a file to keep."""


async def _thumbnail(request: Request) -> Response:
    desk, row = desk_of(request), row_of(request)
    at, width = number_of(request, "at", 0.0), int(number_of(request, "width", 320.0))
    if row.kind == "folder":
        raise UsageError("a folder has no picture")
    width = min(max(width, _WIDTHS.start), _WIDTHS.stop - 1)
    asked = row.source, row.options.get("video_track"), at, width
    picture = await desk.looker.ask("thumbnail", *asked, wanted=_is_waited_for(request))
    if picture is None:
        return _unwanted()
    return Response(picture, media_type="image/jpeg", headers=_KEPT)


async def _frame(request: Request) -> Response:
    desk, row = desk_of(request), row_of(request)
    at, side = number_of(request, "at", 0.0), request.query_params.get("side", "result")
    if side not in ("source", "result") or row.kind == "folder":
        raise UsageError("side is source or result, of a file")
    options = changed(row, request.query_params.get("options"))
    asked = row.source, row.target, options, at, side == "source"
    with desk.planner.held(), desk.looker.held():
        found = await desk.previewer.ask(
            "frame", *asked, wanted=_is_waited_for(request)
        )
    if found is None:
        return _unwanted()
    picture, seconds = found
    headers = {**_KEPT, "X-Frame-Time": f"{seconds:.6f}"}
    return Response(picture, media_type="image/png", headers=headers)


async def _clip(request: Request) -> Response:
    values, desk, row = await json_of(request), desk_of(request), row_of(request)
    at, seconds = values.get("at", 0.0), values.get("seconds", 2.0)
    if not isinstance(at, int | float) or not isinstance(seconds, int | float):
        raise UsageError("at and seconds are numbers")
    if not (0 <= at < 1e7 and 0 < seconds <= _LONGEST_CLIP) or row.kind == "folder":
        raise UsageError(f"a clip has up to {_LONGEST_CLIP:g} seconds, of a file")
    options = row.with_options(values.get("options") or {}).chosen
    name = f"{row.id}-{token_hex(6)}"
    folder = desk.pictures / name
    folder.mkdir()
    asked = row.source, str(folder), options, float(at), float(seconds)
    names = await desk.clipper.ask("clip", *asked)
    source, result = (f"/api/clips/{name}/{one}" for one in names)
    return JSONResponse({"source": source, "result": result})


async def _clip_file(request: Request) -> Response:
    desk, named = desk_of(request), request.path_params
    files = {
        f"{path.parent.name}/{path.name}": path
        for path in desk.pictures.glob("*/*.mp4")
    }
    path = files.get(f"{named['clip']}/{named['name']}")
    if path is None:
        raise InputError("there is no such clip any more")
    return FileResponse(path, media_type="video/mp4", headers=_KEPT)


async def _last(request: Request) -> Response:
    picture = desk_of(request).converter.picture(row_of(request))
    if not picture.is_file():
        raise InputError("there is no frame yet")
    return FileResponse(picture, media_type="image/jpeg")


async def _media(request: Request) -> Response:
    desk, row = desk_of(request), row_of(request)
    which = request.query_params.get("which", "source")
    if which not in ("source", "result") or row.kind == "folder":
        raise UsageError("which is source or result, of a file")
    words = row.target if which == "result" else row.source
    if which == "result" and row.state != "done":
        raise UsageError("the result is not done yet")
    path = await asyncio.to_thread(desk.roots.inside, words)
    kind = _FILMS.get(path.suffix.lower())
    return FileResponse(
        path,
        media_type=kind or "application/octet-stream",
        filename=path.name,
        content_disposition_type="inline" if kind else "attachment",
    )


def _is_waited_for(request: Request) -> "_Waited":
    return _Waited(request)


class _Waited:
    """Whether the page that asked is still there for the answer."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def __call__(self) -> bool:
        return not await self._request.is_disconnected()


def _unwanted() -> Response:
    """What nobody reads."""
    return Response(status_code=499)


PICTURE_ROUTES: Routes = (
    ("GET", "/api/rows/{id}/thumbnail", _thumbnail),
    ("GET", "/api/rows/{id}/frame", _frame),
    ("POST", "/api/rows/{id}/clip", _clip),
    ("GET", "/api/clips/{clip}/{name}", _clip_file),
    ("GET", "/api/rows/{id}/last", _last),
    ("GET", "/api/rows/{id}/media", _media),
)
