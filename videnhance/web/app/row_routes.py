"""Routes that change the queue, its rows and presets, add to it, and open windows."""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from videnhance.errors import UsageError, printable
from videnhance.system.threads import available_cores
from videnhance.web.app import presets
from videnhance.web.app.desk import Desk
from videnhance.web.app.files import TooLargeError
from videnhance.web.app.opening import open_folder, start_live
from videnhance.web.app.requests import (
    Routes,
    body_of,
    desk_of,
    json_of,
    list_of,
    options_of,
    rows_as_json,
)
from videnhance.web.app.rows import Row

__all__ = ["ROW_ROUTES"]


async def _add(request: Request) -> Response:
    values, queue = await json_of(request), desk_of(request).queue
    rows, refused = queue.add(list_of(values, "paths"), options_of(values))
    await queue.keep()
    return rows_as_json(rows, refused=refused)


async def _upload(request: Request) -> Response:
    uploads, name = desk_of(request).uploads, request.query_params.get("name", "")
    words = request.headers.get("content-length", "")
    length = int(words) if words.isdecimal() else None
    if length is not None and length > uploads.most_bytes:
        raise TooLargeError(uploads.too_large(name))
    path = await uploads.take(name, length, request.stream())
    return JSONResponse({"path": str(path)})


async def _browse(request: Request) -> Response:
    listing = desk_of(request).roots.listing
    words = request.query_params.get("path")
    return JSONResponse(await asyncio.to_thread(listing, words))


async def _change(request: Request) -> Response:
    values, queue = await json_of(request), desk_of(request).queue
    rows = queue.named(list_of(values, "ids"))
    preset, options = values.get("preset"), options_of(values)
    if preset is not None:
        options = {**await asyncio.to_thread(presets.preset, preset), **options}
    if options or preset is not None:
        queue.change(rows, options, preset=preset)
    if "target" in values:
        if len(rows) != 1:
            raise UsageError("a target is for one row: name its id alone")
        queue.move_target(rows[0], values["target"])
    if "keep_watching" in values:
        queue.watch(rows, bool(values["keep_watching"]))
    await queue.keep()
    return rows_as_json(rows)


async def _act(request: Request) -> Response:
    values, desk = await json_of(request), desk_of(request)
    rows = desk.queue.named(list_of(values, "ids"))
    action, before = values.get("action"), values.get("before")
    if action == "move":
        if before is not None:
            desk.queue.named([before])
        desk.queue.move(rows, before)
    elif action == "remove":
        await desk.remove(rows)
    elif action in _ACTIONS:
        _ACTIONS[action](desk, rows)
    else:
        raise UsageError(f"{printable(action)} is nothing that can be done to rows")
    await desk.queue.keep()
    return rows_as_json([row for row in rows if row.id in desk.queue.rows])


def _retry(desk: Desk, rows: list[Row]) -> None:
    desk.queue.retry([r for r in rows if r.state in ("done", "failed", "refused")])


def _pause(desk: Desk, rows: list[Row]) -> None:
    for row in rows:
        desk.converter.pause(row, "paused")
        if row.state == "waiting":
            row.state = "paused"
    desk.queue.show(*rows)


def _resume(desk: Desk, rows: list[Row]) -> None:
    for row in rows:
        if row.state in ("paused", "ready"):
            row.state = "waiting"
    desk.queue.state = "running"
    desk.queue.show(*rows)


_ACTIONS = {"retry": _retry, "pause": _pause, "resume": _resume}


async def _whole(request: Request) -> Response:
    values, desk = await json_of(request), desk_of(request)
    queue, action = desk.queue, values.get("action")
    if "cores" in values:
        queue.cores = _cores(values["cores"])
    if action == "start":
        queue.start()
    elif action == "pause":
        queue.state = "idle"
        for row in queue.rows.values():
            desk.converter.pause(row, "waiting")
    elif action == "stop_after":
        queue.state = "idle" if queue.state == "idle" else "stopping"
    elif action == "clear_done":
        await desk.remove([r for r in queue.rows.values() if r.state == "done"])
    elif action not in (None, "cores"):
        raise UsageError(f"{printable(action)} is nothing that the queue can do")
    queue.show()
    await queue.keep()
    return JSONResponse(queue.as_json())


def _cores(value: object) -> int | None:
    if value is None:
        return None
    most = available_cores()
    if not isinstance(value, int) or not 1 <= value <= most:
        raise UsageError(f"cores {printable(value)} is not possible: use 1 to {most}")
    return int(value)


async def _save_preset(request: Request) -> Response:
    values, desk = await json_of(request), desk_of(request)
    name, options = values.get("name"), options_of(values)
    await asyncio.to_thread(presets.save, name, options)
    return _presets(desk)


async def _remove_preset(request: Request) -> Response:
    name = request.query_params.get("name", "")
    await asyncio.to_thread(presets.remove, name)
    return _presets(desk_of(request))


async def _export_presets(request: Request) -> Response:
    del request
    text = await asyncio.to_thread(presets.as_toml)
    name = {"Content-Disposition": 'attachment; filename="videnhance-presets.toml"'}
    return Response(text, media_type="application/toml", headers=name)


async def _import_presets(request: Request) -> Response:
    try:
        text = (await body_of(request)).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("that is no UTF-8: send a file of presets") from None
    await asyncio.to_thread(presets.from_toml, text)
    return _presets(desk_of(request))


def _presets(desk: Desk) -> Response:
    desk.hub.tell("presets")
    return JSONResponse({"presets": presets.as_json()})


async def _open(request: Request) -> Response:
    values, desk = await json_of(request), desk_of(request)
    (row,) = desk.queue.named([values.get("id")])
    _check_local(desk)
    await open_folder(Path(row.target).parent)
    return JSONResponse({})


async def _live(request: Request) -> Response:
    values = await json_of(request)
    _check_local(desk_of(request))
    await start_live(values.get("look"), values.get("camera"))
    return JSONResponse({})


def _check_local(desk: Desk) -> None:
    """Raises UsageError where a window would open in another room."""
    if not desk.door.is_local:
        raise UsageError("that opens a window on the machine of the app: go there")


ROW_ROUTES: Routes = (
    ("POST", "/api/rows", _add),
    ("PATCH", "/api/rows", _change),
    ("POST", "/api/rows/action", _act),
    ("POST", "/api/queue", _whole),
    ("POST", "/api/upload", _upload),
    ("GET", "/api/browse", _browse),
    ("POST", "/api/presets", _save_preset),
    ("DELETE", "/api/presets", _remove_preset),
    ("GET", "/api/presets/export", _export_presets),
    ("POST", "/api/presets/import", _import_presets),
    ("POST", "/api/open", _open),
    ("POST", "/api/live", _live),
)
