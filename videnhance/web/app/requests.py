"""What pages send, taken apart: bodies, numbers, options and rows."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from videnhance.errors import UsageError, printable
from videnhance.options import ConvertOptions
from videnhance.web.app.desk import Desk
from videnhance.web.app.files import TooLargeError
from videnhance.web.app.rows import Row

__all__ = [
    "Answer",
    "Routes",
    "body_of",
    "changed",
    "desk_of",
    "json_of",
    "list_of",
    "number_of",
    "options_of",
    "row_of",
    "rows_as_json",
]

Answer = Callable[[Request], Awaitable[Response]]
Routes = tuple[tuple[str, str, Answer], ...]
"""Method, path and who answers."""
_MOST_BYTES = 1 << 20
"""Of a body that is no upload."""


def desk_of(request: Request) -> Desk:
    """The desk of the app."""
    desk: Desk = request.app.state.desk
    return desk


async def body_of(request: Request) -> bytes:
    """The whole body. Raises TooLargeError."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MOST_BYTES:
            raise TooLargeError(f"more than {_MOST_BYTES >> 20} MB: send less at once")
    return bytes(data)


async def json_of(request: Request) -> dict[str, Any]:
    """The object that a body is. Raises UsageError for anything else."""
    try:
        values = json.loads(await body_of(request) or b"{}")
    except (ValueError, RecursionError):
        raise UsageError("that is no JSON: send an object") from None
    if not isinstance(values, dict):
        raise UsageError("that is no object: send one")
    return values


def list_of(values: dict[str, Any], name: str) -> list[object]:
    """A list in an object. Raises UsageError if it is none, or not there."""
    found = values.get(name)
    if not isinstance(found, list):
        raise UsageError(f"{name} is missing: send a list")
    return found


def options_of(values: dict[str, Any]) -> dict[str, Any]:
    """The options in an object; none if there are none. Raises UsageError."""
    found = values.get("options")
    if found is not None and not isinstance(found, dict):
        raise UsageError("options are no object: send their names and values")
    return found or {}


def row_of(request: Request) -> Row:
    """The row that the path names. Raises UsageError."""
    return desk_of(request).queue.named([request.path_params["id"]])[0]


def changed(row: Row, words: str | None) -> ConvertOptions:
    """The options of a row, or, to try them, others as JSON. Raises UsageError."""
    if not words:
        return row.chosen
    try:
        options = json.loads(words)
    except (ValueError, RecursionError):
        raise UsageError("options are no JSON: send an object") from None
    if not isinstance(options, dict):
        raise UsageError("options are no object: send their names and values")
    return row.with_options(options).chosen


def number_of(request: Request, name: str, default: float) -> float:
    """A number of the query, 0 or more. Raises UsageError."""
    words = request.query_params.get(name)
    try:
        number = default if words is None else float(words)
        if not 0 <= number < 1e7:
            raise ValueError(words)
    except ValueError:
        raise UsageError(f"{name} {printable(words)} is no number from 0 on") from None
    return number


def rows_as_json(rows: list[Row], **more: object) -> Response:
    """Rows as an answer."""
    return JSONResponse({"rows": [row.as_json() for row in rows], **more})
