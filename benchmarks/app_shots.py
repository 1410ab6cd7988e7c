"""Takes pictures of the app's page in every state, wide and narrow, light and dark.

For example: python -m benchmarks.app_shots /tmp/shots --only preview
"""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.app_pages import ADDRESS, StandIn, apply, made_row, shown_page
from tests.browsers import browser_of_system
from tests.clips import Clip, write_clip
from tests.test_app_page_access import BROWSED

_WIDTHS = {"wide": (1400, 900), "narrow": (390, 844)}
_SCHEMES = ("light", "dark")
_PROGRESS = {"frames": 95, "total": 250, "frames_per_second": 21.4, "seconds_left": 9}
_LONG = "A film with quite a long name, as phones and cameras make them 2026-11-30.mkv"
_GONE = "no frame of its h264 video can be decoded; it is damaged, cut off or encrypted"


def _rows() -> list[dict[str, Any]]:
    plan = made_row()["plan"]
    lost = ["stream 2 (subtitle, dvb_subtitle) is lost: mp4 holds none; .mkv keeps it"]
    return [
        made_row("holiday.mp4", state="done"),
        made_row("party.mov", state="running", progress=_PROGRESS),
        made_row("garden.mp4", state="paused", progress=_PROGRESS),
        made_row(_LONG, state="waiting", plan={**plan, "lost": lost}),
        made_row("new.mp4", state="looking", plan=None),
        made_row("tape.mpg", state="failed", error="/films/tape.mpg: the disk is full"),
        made_row("broken.mp4", state="refused", info=None, plan=None, error=_GONE),
        made_row("films", kind="folder", info=None, plan=None, progress=None),
    ]


def _rest(page: Page) -> None:
    """Nothing to do."""


def _open_sheet(page: Page) -> None:
    if page.viewport_size and page.viewport_size["width"] < 1000:
        page.locator("#open-settings").click()


def _one(page: Page) -> None:
    page.locator(".row").nth(2).get_by_role("heading").click()
    _open_sheet(page)


def _several(page: Page) -> None:
    for number in (3, 4):
        page.locator(".pick").nth(number).check()
    _open_sheet(page)


def _more(page: Page) -> None:
    _open_sheet(page)
    page.locator("details.more summary").click()
    page.locator("#more fieldset").nth(1).scroll_into_view_if_needed()


def _preset(page: Page) -> None:
    _open_sheet(page)
    page.locator("label.look").nth(2).click()
    page.locator("#preset-save").click()


def _preview(page: Page) -> None:
    page.locator(".thumb").first.click()
    expect(page.locator("#said")).not_to_be_empty()


def _difference(page: Page) -> None:
    _preview(page)
    page.keyboard.press("d")


def _loupe(page: Page) -> None:
    _preview(page)
    page.keyboard.press("l")
    page.locator("before-after").hover()


def _play(page: Page) -> None:
    _preview(page)
    page.locator("#play-clip").click()
    expect(page.locator("#clip")).to_be_visible()


def _menu(page: Page) -> None:
    page.locator("button[data-do=menu]").first.click()


def _details(page: Page) -> None:
    page.locator("details[data-part=details] summary").first.click()


def _browse(page: Page) -> None:
    page.locator("#browse").click()
    page.locator("#browser-list input").first.check()


def _preferences(page: Page) -> None:
    page.locator("#open-preferences").click()


def _live(page: Page) -> None:
    page.locator("#open-live").click()


def _player(page: Page) -> None:
    page.locator(".row button[data-do=play]").first.click()
    expect(page.locator("#player video").first).to_be_visible()


def _remove(page: Page) -> None:
    page.locator(".row").nth(1).locator("button[data-do=menu]").click()
    page.locator("#row-menu [data-do=remove]").click()


def _offline(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { store, tell } = await import("/page/store.js");
            store.online = false;
            tell("online");
        }"""
    )
    expect(page.locator("#offline")).to_be_visible()


def _notice(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { report } = await import("/page/add.js");
            report(new Error("/etc/passwd is no video or picture"));
        }"""
    )


def _login(page: Page) -> None:
    page.goto(f"{ADDRESS}/page/login.html")
    expect(page.locator("button")).not_to_be_empty()


def _focus(page: Page) -> None:
    page.locator("#all").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")


def _idle(page: Page) -> None:
    idle = {"state": "idle", "cores": None, "seconds_left": None}
    apply(page, "queue", {**idle, "done": 1, "failed": 2, "waiting": 0})


_STATES: dict[str, Callable[[Page], None]] = {
    "empty": _rest,
    "rows": _rest,
    "idle": _idle,
    "details": _details,
    "settings-one": _one,
    "settings-several": _several,
    "settings-all": _open_sheet,
    "more": _more,
    "preset": _preset,
    "preview": _preview,
    "difference": _difference,
    "loupe": _loupe,
    "play": _play,
    "menu": _menu,
    "browse": _browse,
    "preferences": _preferences,
    "live": _live,
    "player": _player,
    "remove": _remove,
    "notice": _notice,
    "offline": _offline,
    "login": _login,
    "focus": _focus,
    "german": _rest,
    "german-settings": _open_sheet,
    "german-preview": _preview,
    "zoomed": _rest,
    "zoomed-preview": _preview,
}


def main() -> None:
    """Writes STATE-WIDTH-SCHEME.png for each into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[""], help="states that begin so")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with browser_of_system() as browser, TemporaryDirectory() as made:
        clip = Clip(width=320, height=180, pts=tuple(range(0, 50 * 512, 512)))
        film = write_clip(Path(made) / "clip.mp4", clip).read_bytes()
        for state in _STATES:
            for width in _WIDTHS:
                for scheme in _SCHEMES:
                    if state.startswith(tuple(given.only)):
                        path = given.folder / f"{state}-{width}-{scheme}.png"
                        _take(browser, path, film)


def _take(browser: Browser, path: Path, film: bytes) -> None:
    *parts, width, scheme = path.stem.split("-")
    state, (across, down) = "-".join(parts), _WIDTHS[width]
    scale = 2 if state.startswith("zoomed") else 1
    server = StandIn(
        [] if state == "empty" else _rows(),
        queue={"state": "running", "cores": None, "seconds_left": 190}
        | {"done": 1, "failed": 2, "waiting": 1},
        browse=BROWSED,
    )
    server.clip, server.picture = film, _picture
    context = {
        "viewport": {"width": across // scale, "height": down // scale},
        "device_scale_factor": scale,
        "color_scheme": scheme,
        "locale": "de-DE" if state.startswith("german") else "en-GB",
        "reduced_motion": "reduce",
    }
    with shown_page(browser, server, **context) as page:
        _STATES[state](page)
        page.wait_for_timeout(300)  # for pictures to be there
        page.screenshot(path=path)


def _picture(path: str, query: dict[str, str]) -> bytes:
    """A moment of no film; small ones are those of the list."""
    del path
    size = 256 if "width" in query else 1280
    made = Image.effect_mandelbrot((size, size * 9 // 16), (-2.2, -1.1, 1.2, 1.1), 60)
    if query.get("side") == "source":
        made = made.reduce(4).resize(made.size)
    file = BytesIO()
    Image.merge("RGB", (made, made.transpose(Image.Transpose.ROTATE_180), made)).save(
        file, "PNG", compress_level=1
    )
    return file.getvalue()


if __name__ == "__main__":
    main()
