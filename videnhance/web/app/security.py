"""Who may talk to the app: this machine's user, by a page of the app, and nobody else.

A request must name this server in its Host header (a name that was turned to this
address by DNS does not), carry the session's cookie, and, where it changes something,
come from a page of the app itself and in a form that no other site's page can send
without being asked for leave (OWASP's cheat sheet on cross-site request forgery).
"""

import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Door", "Guard"]

_MOST_TRIES = 20
"""Wrong passwords, after which no more are taken until the app starts anew."""
_SAFE = ("GET", "HEAD")
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_EVAL = "; script-src 'self' 'unsafe-eval'"
_TYPES = {
    "/api/upload": "application/octet-stream",
    "/api/presets/import": "application/toml",
}
"""What a body must be said to be; elsewhere JSON. A form of another site is neither."""
_HELLO = (
    "This is the app of videnhance. Open the address that `videnhance app` has printed."
)


@dataclass(slots=True)
class Door:
    """What opens the app."""

    port: int
    address: str = "127.0.0.1"
    """That it listens on."""
    password: str | None = None
    """For who comes from elsewhere; None: only the token opens it."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    tries: int = 0
    has_window: bool = False
    """Whether the app's own window comes, which talks to its page by `eval`."""
    tickets: set[str] = field(default_factory=set)
    """Tokens that open it once."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can come."""
        return ip_address(self.address).is_loopback

    @property
    def url(self) -> str:
        """The address to open, with the token in it."""
        return self._url(self.token)

    def url_once(self) -> str:
        """One that opens it once: a browser's command line shows it to all users."""
        ticket = secrets.token_urlsafe(24)
        self.tickets.add(ticket)
        return self._url(ticket)

    def takes_token(self, words: str) -> bool:
        """Whether it is the token, or a ticket that nobody has used."""
        if words in self.tickets:
            self.tickets.discard(words)
            return True
        return _equal(words, self.token)

    def _url(self, token: str) -> str:
        shown = self.address
        if ip_address(shown).is_unspecified:
            shown = socket.gethostname()
        host = f"[{shown}]" if ":" in shown else shown
        return f"http://{host}:{self.port}/?token={token}"

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies of all ports of a machine lie together."""
        return f"session-{self.port}"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server, and no name that leads here."""
        name, _, port = host.rpartition(":")
        if not name or port != str(self.port):
            return False
        name = name.removeprefix("[").removesuffix("]").lower()
        if name == "localhost":
            return True
        try:
            address = ip_address(name)
        except ValueError:
            own = socket.gethostname().lower()
            return not self.is_local and name in (own, f"{own}.local")
        # Nobody can have an address, as it stands, lead elsewhere.
        return not self.is_local or address.is_loopback

    def opens(self, headers: Headers) -> bool:
        """Whether the request carries this session's cookie."""
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self.cookie)
        return found is not None and _equal(found.value, self.session)

    def takes_password(self, words: object) -> bool:
        """Whether it is the password. Too many wrong ones close the door."""
        if self.password is None or self.tries >= _MOST_TRIES:
            return False
        right = isinstance(words, str) and _equal(words, self.password)
        self.tries = 0 if right else self.tries + 1
        return right

    def let_in(self, response: Response) -> Response:
        """The response with the cookie."""
        response.set_cookie(
            self.cookie, self.session, httponly=True, samesite="strict", path="/"
        )
        return response


def _equal(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())


class Guard:
    """Lets requests through to an app that may come, and adds the safe headers."""

    def __init__(self, app: ASGIApp, door: Door, open_to_all: tuple[str, ...]) -> None:
        """`open_to_all` are paths, or, with a slash at the end, beginnings of paths,
        that need no cookie: what asks for the password.
        """
        self._app, self._door, self._open = app, door, open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls an application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                safe = dict(_HEADERS)
                if self._door.has_window:
                    safe["Content-Security-Policy"] += _EVAL
                named = [(k.lower().encode(), v.encode()) for k, v in safe.items()]
                message["headers"] = [*message["headers"], *named]
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _is_open(self, path: str) -> bool:
        folders = tuple(one for one in self._open if one.endswith("/"))
        return path in self._open or path.startswith(folders)

    def _refused(self, scope: Scope) -> ASGIApp | None:
        headers, door = Headers(scope=scope), self._door
        path, method = scope["path"], scope["method"]
        host = headers.get("host", "")
        if not door.knows_host(host):
            return _error(421, "this server has another name: open its own address")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return _error(403, "a page of another site may not use this app")
        if headers.get("sec-fetch-site") == "cross-site" and path.startswith("/api/"):
            return _error(403, "a page of another site may not use this app")
        if method in ("POST", "PATCH") and not _fits(path, headers):
            kind = _TYPES.get(path, "application/json")
            return _error(415, f"send {kind}, with its Content-Type")
        if self._is_open(path) or door.opens(headers):
            return None
        if path == "/":
            words = dict(
                pair.partition("=")[::2]
                for pair in scope["query_string"].decode("latin-1").split("&")
            )
            if door.takes_token(words.get("token", "")):
                return door.let_in(RedirectResponse("/", 303))
            if door.password is not None:
                return RedirectResponse("/login", 303)
            return PlainTextResponse(_HELLO, 401)
        return _error(401, "no session: open the address that the app has printed")


def _fits(path: str, headers: Headers) -> bool:
    words: str = headers.get("content-type", "")
    kind = words.partition(";")[0].strip().lower()
    return kind == _TYPES.get(path, "application/json")


def _error(status: int, words: str) -> JSONResponse:
    return JSONResponse({"error": words}, status)
