"""The page is open to all: axe finds no fault in any state, dark or light."""

from collections.abc import Callable, Iterator

import pytest

pytestmark = pytest.mark.browser
pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from tests.app_pages import StandIn, made_row, shown_page  # noqa: E402
from tests.browsers import browser_of_system  # noqa: E402

NARROW = 390
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_PROGRESS = {"frames": 50, "total": 250, "frames_per_second": 21.4, "seconds_left": 9}


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browser_of_system() as browser:
        yield browser


def _list(page: Page) -> None:
    page.locator(".row").nth(1).click()


def _more(page: Page) -> None:
    if page.viewport_size and page.viewport_size["width"] == NARROW:
        page.locator("#open-settings").click()  # comes with the first rows
    page.get_by_text("More settings").click()


def _preview(page: Page) -> None:
    page.locator(".thumb").nth(1).click()
    expect(page.locator("#said")).to_contain_text("Picture at")


def _menu(page: Page) -> None:
    page.locator("button[data-do=menu]").nth(1).click()


def _browse(page: Page) -> None:
    page.locator("#browse").click()
    expect(page.locator("#browser-list li")).to_have_count(2)


def _preferences(page: Page) -> None:
    page.locator("#open-preferences").click()


STATES: dict[str, Callable[[Page], None] | None] = {
    "empty": None,
    "list": _list,
    "more": _more,
    "preview": _preview,
    "menu": _menu,
    "browse": _browse,
    "preferences": _preferences,
}


def _rows() -> list[dict[str, object]]:
    return [
        made_row("a.mp4", state="done"),
        made_row("b.mp4", state="running", progress=_PROGRESS),
        made_row("c.mp4", state="paused", progress=_PROGRESS),
        made_row("d.mp4", state="failed", error="the disk is full"),
        made_row("e.mp4", state="refused", info=None, plan=None, error="damaged"),
        made_row("f.mp4", state="looking", plan=None),
        made_row("g", kind="folder", info=None),
    ]


BROWSED = {
    "path": "/films",
    "parent": "/",
    "roots": [{"name": "Home", "path": "/"}],
    "entries": [
        {"name": "old", "path": "/films/old", "kind": "folder"},
        {"name": "x.mp4", "path": "/films/x.mp4", "kind": "video", "bytes": 5_000_000},
    ],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, NARROW])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_fault(
    browser: Browser, state: str, width: int, scheme: str
) -> None:
    rows = [] if state == "empty" else _rows()
    running = {"state": "running", "cores": None, "seconds_left": 60}
    queue = {**running, "done": 1, "failed": 2, "waiting": 0}
    server = StandIn(rows, queue=queue, browse=BROWSED)
    context = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with shown_page(browser, server, reduced_motion="reduce", **context) as page:
        reach = STATES[state]
        if reach is not None:
            reach(page)
        options = {"runOnly": {"type": "tag", "values": RULES}}
        found = axe.Axe().run(page, options=options)
        faults = [
            (fault["id"], node["target"], node.get("failureSummary", "")[:300])
            for fault in found.response["violations"]
            for node in fault["nodes"]
        ]
        assert faults == []
