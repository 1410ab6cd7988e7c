"""Attacks on the app, each by real requests to a real app, and what comes of them."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.app_servers import RunningApp, running_app
from tests.clips import write_clip

pytestmark = pytest.mark.app
TRICKS = (
    "/etc/passwd",
    "../../../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "/proc/self/environ",
    "/proc/self/root/etc/passwd",
    "//etc/passwd",
    "/etc/passwd\0.mp4",
    "/etc/\npasswd",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "~/.ssh/id_rsa",
    "",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the app may see, and, beside it, what it may not."""
    home = tmp_path_factory.mktemp("app") / "home"
    home.mkdir()
    write_clip(home / "film.mp4")
    write_clip(home.parent / "secret.mp4")
    (home / "out").symlink_to(home.parent)
    (home / "link.mp4").symlink_to(home.parent / "secret.mp4")
    return home


@pytest.fixture(scope="module")
def app(home: Path) -> Iterator[RunningApp]:
    with running_app(home) as app:
        yield app


@pytest.fixture(scope="module")
def row(app: RunningApp, home: Path) -> str:
    """A row that is whole."""
    (row,) = app.add(home / "film.mp4")
    return row


ALL = [
    ("GET", "/api/state"),
    ("GET", "/api/events"),
    ("GET", "/api/browse"),
    ("POST", "/api/rows"),
    ("PATCH", "/api/rows"),
    ("POST", "/api/rows/action"),
    ("POST", "/api/queue"),
    ("POST", "/api/presets"),
    ("DELETE", "/api/presets?name=x"),
    ("GET", "/api/presets/export"),
    ("POST", "/api/open"),
    ("POST", "/api/live"),
    ("GET", "/api/rows/0/thumbnail"),
    ("GET", "/api/rows/0/frame"),
    ("GET", "/api/rows/0/media"),
    ("GET", "/"),
]


@pytest.mark.parametrize(("method", "path"), ALL)
def test_without_the_session_nothing_is_told(
    app: RunningApp, method: str, path: str
) -> None:
    body = None if method in ("GET", "DELETE") else b"{}"
    for cookie in ("", "session=x", f"{app.cookie}x", f"x={app.cookie}", "a=b; ;="):
        headers = {"Cookie": cookie, "Content-Type": "application/json"}
        answer = app.ask(method, path, body, headers)
        assert answer.status == 401
        assert b"film" not in answer.data


def test_a_wrong_token_opens_nothing(app: RunningApp) -> None:
    for token in ("", "x", app.url.rpartition("=")[2][:-1], "%00", "é"):
        answer = app.ask("GET", f"/?token={quote(token)}", headers={"Cookie": ""})
        assert answer.status == 401
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "192.168.1.9:{port}",
        "[::ffff:8.8.8.8]:{port}",
        "",
    ],
)
def test_a_name_that_was_turned_to_this_address_is_refused(
    app: RunningApp, host: str
) -> None:
    headers = {"Host": host.format(port=app.port)}
    assert app.ask("GET", "/api/state", headers=headers).status == 421


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
    ],
)
def test_a_page_of_another_site_changes_nothing(app: RunningApp, origin: str) -> None:
    headers = {"Origin": origin.format(port=app.port)}
    for path in ("/api/queue", "/api/rows", "/api/upload?name=a.mp4"):
        assert app.ask("POST", path, {}, headers).status == 403
    assert app.ask("GET", "/api/state", headers=headers).status == 403


def test_its_own_page_may(app: RunningApp) -> None:
    headers = {"Origin": f"http://127.0.0.1:{app.port}"}
    assert app.ask("POST", "/api/queue", {}, headers).status == 200
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert app.ask("POST", "/api/queue", {}, cross).status == 403


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
)
def test_what_a_form_can_send_changes_nothing(app: RunningApp, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert app.ask("POST", "/api/queue", b'{"action":"start"}', headers).status == 415
    assert app.ask("POST", "/api/upload?name=a.mp4", b"x", headers).status == 415


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"ids":1}']
)
def test_nonsense_is_refused_in_words(app: RunningApp, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = app.ask("PATCH", "/api/rows", body, headers)
    assert answer.status == 400
    assert answer.json["error"]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_name_leads_out(app: RunningApp, row: str, trick: str) -> None:
    added = app.ask("POST", "/api/rows", {"paths": [trick]}).json
    assert added["rows"] == []
    assert added["refused"][0]["error"]
    if trick:
        browsed = app.ask("GET", f"/api/browse?path={quote(trick)}")
        assert browsed.status == 400
    target = {"ids": [row], "target": f"{trick}.mp4"}
    assert app.ask("PATCH", "/api/rows", target).status == 400
    for place in ("page", "static"):
        for name in (trick, quote(trick, safe=""), f"..{trick}"):
            if "\0" not in name and "\n" not in name:
                assert app.ask("GET", f"/{place}/{name}").status in (400, 404)
    for path in (
        f"/api/rows/{quote(trick, safe='')}/frame",
        f"/api/clips/{row}/{quote(trick, safe='')}",
    ):
        assert app.ask("GET", path).status in (400, 404)


def test_links_out_of_the_folders_are_not_followed(app: RunningApp, home: Path) -> None:
    names = [e["name"] for e in app.ask("GET", "/api/browse").json["entries"]]
    assert "film.mp4" in names
    assert not {"out", "link.mp4"} & {*names}
    paths = [str(home / "link.mp4"), str(home / "out" / "secret.mp4")]
    added = app.ask("POST", "/api/rows", {"paths": paths}).json
    assert added["rows"] == []
    assert len(added["refused"]) == 2
    where = quote(str(home / "out"))
    assert app.ask("GET", f"/api/browse?path={where}").status == 400


def test_an_output_that_becomes_a_link_out_is_refused(
    app: RunningApp, row: str, home: Path
) -> None:
    link = home / "made.mp4"
    link.symlink_to(home.parent / "secret.mp4")
    target = {"ids": [row], "target": str(link)}
    assert app.ask("PATCH", "/api/rows", target).status == 400
    assert app.ask("GET", f"/api/rows/{row}/media?which=result").status == 400


@pytest.mark.parametrize(
    "options",
    [
        {"model": "/tmp/evil.json"},
        {"trust_model": True},
        {"cluster": "tcp://evil.example:8786"},
        {"encoder_options": {"stats": "/tmp/x"}},
        {"codec": "libx264;rm -rf /"},
        {"preset": "$(reboot)"},
        {"pix_fmt": ["x"]},
        {"look": {"a": 1}},
        {"to": "../../x"},
        {"deadline": "<b>"},
        {"scale": 1e308},
        {"unknown": 1},
        {"__class__": "x"},
    ],
)
def test_options_that_reach_further_are_not_taken(
    app: RunningApp, row: str, options: dict[str, object]
) -> None:
    answer = app.ask("PATCH", "/api/rows", {"ids": [row], "options": options})
    assert answer.status == 400
    words = quote(json.dumps(options))
    tried = app.ask("GET", f"/api/rows/{row}/frame?at=0&options={words}")
    assert tried.status == 400


@pytest.mark.parametrize("at", ["nan", "inf", "-1", "1e99", "x", "0;"])
def test_numbers_are_numbers(app: RunningApp, row: str, at: str) -> None:
    for what in ("frame", "thumbnail"):
        assert app.ask("GET", f"/api/rows/{row}/{what}?at={at}").status == 400


def test_markup_in_a_name_stays_text(app: RunningApp, home: Path) -> None:
    name = "<img src=x onerror=alert(1)>&\"'.mp4"
    write_clip(home / name)
    (row,) = app.add(home / name)
    found = {r["id"]: r for r in app.rows()}[row]
    assert found["name"] == name
    state = app.ask("GET", "/api/state")
    assert state.headers["content-type"] == "application/json"
    assert state.headers["x-content-type-options"] == "nosniff"
    policy = state.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy


def test_a_name_that_is_no_text_is_not_shown(app: RunningApp, home: Path) -> None:
    try:
        path = os.fsencode(home) + b"/\xff.mp4"
        Path(os.fsdecode(path)).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk takes no such name")
    assert app.ask("GET", "/api/browse").status == 200


def test_every_answer_has_the_safe_headers(app: RunningApp) -> None:
    for path in ("/", "/api/state", "/nothing", "/page/nothing"):
        headers = app.ask("GET", path).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_too_much_json_is_cut_off(app: RunningApp) -> None:
    body = {"paths": ["x" * (2 << 20)]}
    assert app.ask("POST", "/api/rows", body).status == 413


def _upload(app: RunningApp, head: str, *, name: str = "a.mp4") -> socket.socket:
    """An upload whose head is sent, and nothing of its body."""
    opened = socket.create_connection((app.host, app.port), timeout=60)
    lines = [
        f"POST /api/upload?name={quote(name)} HTTP/1.1",
        f"Host: {app.host}:{app.port}",
        f"Cookie: {app.cookie}",
        "Content-Type: application/octet-stream",
        head,
    ]
    opened.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return opened


def _status(opened: socket.socket) -> int:
    return int(opened.makefile("rb").readline().split()[1])


def test_ten_gigabytes_are_refused_by_their_length(app: RunningApp) -> None:
    with _upload(app, f"Content-Length: {10 << 30}") as opened:
        assert _status(opened) == 413


@pytest.mark.parametrize(
    "name",
    [
        "../a.mp4",
        "/a.mp4",
        "a\\b.mp4",
        ".a.mp4",
        "-a.mp4",
        "a.sh",
        "a\n.mp4",
        "",
        "a" * 300 + ".mp4",
    ],
)
def test_an_upload_has_a_plain_name(app: RunningApp, name: str) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    path = f"/api/upload?name={quote(name, safe='')}"
    assert app.ask("POST", path, b"x", headers).status == 400


def test_an_upload_is_a_row_like_any_other(app: RunningApp, home: Path) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    data = (home / "film.mp4").read_bytes()
    answer = app.ask("POST", "/api/upload?name=sent.mp4", data, headers)
    path = Path(answer.json["path"])
    assert path.read_bytes() == data
    (row,) = app.add(path)
    found = {r["id"]: r for r in app.rows()}[row]
    assert Path(found["target"]).parent == home.resolve()
    app.ask("POST", "/api/rows/action", {"ids": [row], "action": "remove"})
    assert not path.exists()


def test_a_hundred_streams_are_not_a_hundred(app: RunningApp) -> None:
    opened, told = [], []
    try:
        for _ in range(100):
            connection = app.connection()
            opened.append(connection)
            connection.request("GET", "/api/events", headers={"Cookie": app.cookie})
            told.append(connection.getresponse().status)
        assert told == [200] * 16 + [429] * 84
        assert app.ask("GET", "/api/state").status == 200
    finally:
        for connection in opened:
            connection.close()


def test_an_upload_of_more_than_it_said_is_cut_off(tmp_path: Path) -> None:
    with running_app(tmp_path / "home", "--upload-limit", "1") as app:
        with _upload(app, "Transfer-Encoding: chunked") as opened:
            chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
            try:
                for _ in range(8):
                    opened.sendall(chunk)
                opened.sendall(b"0\r\n\r\n")
            except OSError:
                pass  # it does not wait for the rest
            assert _status(opened) == 413
        left = [*(tmp_path / "home/state/videnhance/app/uploads").rglob("*")]
        assert left == []


def test_another_room_needs_the_password(tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text("eight words or so\n")
    words = ("--listen", "127.0.0.2", "--password-file", str(key))
    with running_app(tmp_path / "home", *words) as app:
        nobody = {"Cookie": ""}
        assert app.ask("GET", "/", headers=nobody).headers["location"] == "/login"
        wrong = app.ask("POST", "/api/login", {"password": "eight"}, nobody)
        assert wrong.status == 403
        right = app.ask("POST", "/api/login", {"password": "eight words or so"}, nobody)
        assert right.status == 204
        assert right.headers["set-cookie"].startswith(app.cookie)
