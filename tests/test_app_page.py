"""The app's page shows its rows, and does what is asked by mouse, touch and keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from tests.app_pages import ADDRESS, StandIn, apply, made_row, shown_page  # noqa: E402
from tests.browsers import browser_of_system  # noqa: E402
from tests.clips import Clip, write_clip  # noqa: E402

NARROW = {"viewport": {"width": 390, "height": 844}}
ZOOMED = {"viewport": {"width": 700, "height": 450}, "device_scale_factor": 2}
"""A window of 1400 x 900 at 200 %."""


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browser_of_system() as browser:
        yield browser


@pytest.fixture(name="server")
def _server() -> StandIn:
    return StandIn([made_row(f"{letter}.mp4") for letter in "abc"])


@pytest.fixture(name="page")
def _page(browser: Browser, server: StandIn) -> Iterator[Page]:
    with shown_page(browser, server) as page:
        expect(page.locator(".row")).to_have_count(len(server.state["rows"]))
        yield page


def _names(page: Page) -> list[str]:
    return page.locator(".row h3").all_inner_texts()


def _changes(page: Page, server: StandIn, path: str, count: int) -> list[Any]:
    """What the page has asked of a path, once there are so many."""

    def found() -> list[Any]:
        return [body for _, asked, body in server.asked if asked == path]

    while len(found()) < count:
        page.wait_for_timeout(10)  # lets the driver hear of requests
    return found()


def test_a_row_tells_what_is_expected(page: Page) -> None:
    row = page.locator(".row").first
    expect(row).to_contain_text(
        "→ 1280 \N{MULTIPLICATION SIGN} 720 · 0:10 · 25 frames/s · 2.5 MB"
    )
    expect(row).to_contain_text("About 1 min, 6.1 MB → a-2x.mp4")
    expect(page.locator("#queue-summary")).to_have_text("3 files to do")


def test_a_row_follows_its_events(page: Page) -> None:
    progress = {"frames": 50, "total": 250, "frames_per_second": 21.44}
    running = {**progress, "seconds_left": 130.0}
    apply(page, "row", made_row(state="running", progress=running))
    row = page.locator(".row").first
    expect(row).to_contain_text("50 of 250 frames · 21.4 frames/s · 2 min left")
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "20")
    expect(page).to_have_title("6% · videnhance")
    apply(page, "row", made_row(state="failed", error="the disk is full"))
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text("the disk is full")
    apply(page, "removed", {"ids": ["a.mp4"]})
    assert _names(page) == ["b.mp4", "c.mp4"]


def test_an_event_touches_what_changed_and_nothing_else(page: Page) -> None:
    progress = {"frames": 50, "total": 250, "frames_per_second": 21.0}
    first = made_row(state="running", progress={**progress, "seconds_left": 9.0})
    apply(page, "row", first)
    page.evaluate(
        """() => {
            window.touched = new Set();
            const watch = new MutationObserver((found) => found.forEach(({ target }) =>
                touched.add(target.dataset?.part ?? target.className ?? "?")));
            watch.observe(document.getElementById("rows"),
                { subtree: true, childList: true, attributes: true });
        }"""
    )
    # Too little for another percent, but another count of frames.
    later = {**progress, "frames": 51, "seconds_left": 9.0}
    apply(page, "row", made_row(state="running", progress=later))
    touched = page.evaluate("() => [...touched].sort()")
    assert set(touched) <= {"progressed", "bar", ""}, touched
    assert "progressed" in touched


def test_thousands_of_events_leave_nothing_behind(browser: Browser) -> None:
    rows = [made_row(f"{n}.mp4", state="running") for n in range(200)]
    with shown_page(browser, StandIn(rows)) as page:
        expect(page.locator(".row")).to_have_count(200)
        session = page.context.new_cdp_session(page)

        def held() -> tuple[int, float]:
            session.send("HeapProfiler.collectGarbage")
            counts = session.send("Memory.getDOMCounters")
            heap = session.send("Runtime.getHeapUsage")["usedSize"]
            return counts["nodes"] + counts["jsEventListeners"], heap

        _storm(page, rows, 1000)  # loads what is loaded once
        nodes, heap = held()
        _storm(page, rows, 9000)
        more_nodes, more_heap = held()
        assert more_nodes <= nodes + 50
        assert more_heap <= heap + 500_000


def _storm(page: Page, rows: list[dict[str, Any]], count: int) -> None:
    page.evaluate(
        """async ([rows, count]) => {
            const { apply, flush } = await import("/page/store.js");
            for (let n = 0; n < count; n++) {
                const progress = { frames: n % 250, total: 250,
                    frames_per_second: n % 30, seconds_left: n % 900 };
                apply("row", { ...rows[n % rows.length], progress });
                flush();
            }
        }""",
        [rows, count],
    )


def test_names_with_markup_are_words(browser: Browser) -> None:
    name = '<img src=x onerror="document.title=1">.mp4'
    with shown_page(browser, StandIn([made_row(name, error="<b>bad</b>")])) as page:
        expect(page.locator(".row h3")).to_have_text(name)
        expect(page.locator(".row .bad")).to_have_text("<b>bad</b>")
        assert page.locator(".row h3 img, .row b").count() == 0


def test_keys_select_move_and_remove(page: Page, server: StandIn) -> None:
    page.locator(".row .pick").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".row").nth(1)).to_have_class("row selected")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".row.selected")).to_have_count(2)
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#said")).to_have_text("c.mp4 is now 2 of 3")
    assert _names(page) == ["a.mp4", "c.mp4", "b.mp4"]
    page.keyboard.press("Delete")
    expect(page.locator(".row")).to_have_count(2)
    acted = _changes(page, server, "/api/rows/action", 2)
    asked = [(body["action"], body["ids"]) for body in acted]
    assert asked == [("move", ["c.mp4"]), ("remove", ["c.mp4"])]
    expect(page.locator(".row .pick").nth(1)).to_be_focused()


def test_one_row_is_on_the_way_of_the_tab_key(page: Page) -> None:
    inside = "tabIndex >= 0 && e.checkVisibility()"
    rows = page.locator(".row").all()
    counts = [
        row.locator("button, input, summary").evaluate_all(
            f"all => all.filter(e => e.{inside}).length"
        )
        for row in rows
    ]
    assert counts[0] >= 4
    assert counts[1:] == [0, 0]


def test_rows_are_dragged(page: Page, server: StandIn) -> None:
    grip = page.locator(".handle").first.bounding_box()
    last = page.locator(".row").nth(2).bounding_box()
    assert grip
    assert last
    page.mouse.move(grip["x"] + 10, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + 10, last["y"] + 10, steps=4)
    page.mouse.up()
    expect(page.locator(".row h3").nth(1)).to_have_text("a.mp4")
    (asked,) = _changes(page, server, "/api/rows/action", 1)
    assert asked == {"ids": ["a.mp4"], "action": "move", "before": "c.mp4"}


def test_a_setting_is_for_all_rows_or_the_selected(page: Page, server: StandIn) -> None:
    expect(page.locator("#settings-for")).to_have_text("for all 3 files")
    page.get_by_role("radio", name="Natural").check()
    page.locator(".row").nth(1).click()
    expect(page.locator("#settings-for")).to_have_text("for b.mp4")
    page.get_by_label("1080p").check(force=True)
    assert _changes(page, server, "/api/rows", 2) == [
        {"ids": ["a.mp4", "b.mp4", "c.mp4"], "options": {"look": "natural"}},
        {"ids": ["b.mp4"], "options": {"scale": None, "size": "1080p"}},
    ]
    page.keyboard.press("Escape")
    page.locator(".row").nth(1).click()
    expect(page.locator("[data-differs=size]")).to_be_visible()
    expect(page.locator("[data-differs=look]")).to_be_hidden()


def test_a_file_that_is_added_takes_the_settings(page: Page, server: StandIn) -> None:
    page.get_by_role("radio", name="Crisp").check()
    # As a clipboard gives it.
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text", "/films/d.mp4\\nno path\\nfile:///films/e%20f.mp4");
            document.body.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }"""
    )
    expect(page.locator(".row")).to_have_count(5)
    assert _changes(page, server, "/api/rows", 2)[-1] == {
        "paths": ["/films/d.mp4", "/films/e f.mp4"],
        "options": {"look": "crisp"},
    }


def test_a_file_that_is_dropped_is_sent(page: Page, server: StandIn) -> None:
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["film"], "d.mp4"));
            for (const kind of ["dragenter", "drop"])
                document.body.dispatchEvent(
                    new DragEvent(kind, { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.locator(".row h3").nth(3)).to_have_text("d.mp4")
    expect(page.locator("#uploads")).to_be_empty()
    assert _changes(page, server, "/api/rows", 1)[0]["paths"] == ["/sent/d.mp4"]


def test_what_is_not_taken_is_said_until_it_is_closed(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { report } = await import("/page/add.js");
            report(new Error("notes.txt is no video or picture"));
        }"""
    )
    notice = page.locator("#notices")
    expect(notice).to_contain_text("notes.txt is no video or picture")
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_be_empty()


def test_a_row_is_paused_by_its_menu(page: Page, server: StandIn) -> None:
    apply(page, "row", made_row("b.mp4", state="running"))
    page.get_by_role("button", name="More for b.mp4").click()
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Preview")).to_be_focused()
    page.keyboard.press("End")
    expect(menu.get_by_role("menuitem", name="Remove")).to_be_focused()
    menu.get_by_role("menuitem", name="Pause").click()
    (asked,) = _changes(page, server, "/api/rows/action", 1)
    assert asked == {"ids": ["b.mp4"], "action": "pause"}
    page.get_by_role("button", name="More for b.mp4").click()
    menu.get_by_role("menuitem", name="Remove").click()
    expect(page.locator("#ask")).to_contain_text("b.mp4 is being worked on")
    page.locator("#ask").get_by_role("button", name="Cancel").click()
    expect(page.locator(".row")).to_have_count(3)


def test_own_values_and_the_rest(page: Page, server: StandIn) -> None:
    page.get_by_label("Be done in…").check(force=True)
    page.get_by_label("Done in, or at").fill("2h")
    page.keyboard.press("Enter")
    page.get_by_text("More settings").click()
    page.get_by_label("Strength").fill("0.5")
    page.get_by_label("Keep the sound").uncheck()
    options = [body["options"] for body in _changes(page, server, "/api/rows", 3)]
    none = {"skip": None, "realtime": None, "target_fps": None}
    assert options == [{**none, "deadline": "2h"}, {"strength": 0.5}, {"audio": False}]


def test_the_quality_goes_with_its_word_to_another_encoder(
    page: Page, server: StandIn
) -> None:
    page.get_by_label("Small file").check(force=True)
    page.get_by_label("Encoding").select_option("libsvtav1")
    options = [body["options"] for body in _changes(page, server, "/api/rows", 2)]
    assert options == [{"crf": 28}, {"codec": "libsvtav1", "crf": 42}]


def test_what_is_refused_is_said(page: Page, server: StandIn) -> None:
    server.refusal = "--look crisp and --model say two things"
    page.get_by_role("radio", name="Crisp").check()
    expect(page.locator("#settings-error")).to_have_text(server.refusal)
    expect(page.get_by_role("radio", name="Faithful")).to_be_checked()
    server.errors.clear()  # Chromium tells of each answer that is an error.


def test_the_preview_shows_any_moment_before_and_after(
    page: Page, server: StandIn
) -> None:
    page.locator(".row .pick").first.focus()
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Share of the picture on the left")
    expect(slider).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#time-words")).to_have_text("0:04.37 / 0:10.00")
    expect(page.locator("#said")).to_have_text("Picture at 0:04.37")
    sides = [side for path, side in server.pictures if path.endswith("frame")]
    # What was asked for between two keys may have been given up.
    assert sorted(sides[-2:]) == ["result", "source"]
    assert len(sides) >= 4
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_be_hidden()
    expect(page.locator("#settings-place #settings")).to_be_visible()


def test_two_settings_stand_beside_each_other(page: Page, server: StandIn) -> None:
    page.locator(".thumb").first.click()
    expect(page.locator("#said")).to_contain_text("Picture at")
    page.get_by_text("Hold these settings on the left").click()
    with page.expect_response(lambda answer: "crisp" in answer.url):
        page.get_by_role("radio", name="Crisp").check()
    expect(page.locator("before-after .name.left")).to_have_text("Held settings")
    expect(page.locator("#preview-busy")).to_be_hidden()
    looks = {query.get("options", "") for query in server.queries}
    assert any('"look":"crisp"' in look for look in looks)
    assert any('"look":"faithful"' in look for look in looks)


def test_two_seconds_are_played_in_step(
    page: Page, server: StandIn, tmp_path: Path
) -> None:
    clip = Clip(pts=tuple(range(0, 50 * 512, 512)))
    server.clip = write_clip(tmp_path / "two.mp4", clip).read_bytes()
    page.locator(".thumb").first.click()
    page.get_by_role("button", name="Play two seconds").click()
    videos = page.locator("#clip video")
    expect(videos).to_have_count(2)
    play = page.locator("#clip").get_by_role("button", name="Play")
    expect(play).to_have_attribute("aria-pressed", "true")
    ended = "all => all[0].currentTime > 0.5"
    while not videos.evaluate_all(ended):
        page.wait_for_timeout(20)  # the film goes on meanwhile
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false")
    moved = page.locator("#clip").get_by_role("slider", name="Share of the picture")
    moved.fill("25")
    assert "75%" in videos.nth(1).evaluate("e => e.style.clipPath")
    asked = _changes(page, server, "/api/rows/a.mp4/clip", 1)[0]
    assert asked["seconds"] == 2
    page.keyboard.press("Escape")
    expect(videos).to_have_count(0)


def test_the_folders_are_looked_through(browser: Browser) -> None:
    entries = [
        {"name": "old", "path": "/films/old", "kind": "folder"},
        {"name": "x.mp4", "path": "/films/x.mp4", "kind": "video", "bytes": 5_000_000},
    ]
    roots = [{"name": "Home", "path": "/"}]
    place = {"path": "/films", "parent": None, "roots": roots, "entries": entries}
    server = StandIn([], browse=place)
    with shown_page(browser, server) as page:
        page.get_by_text("Choose files…").click()
        page.get_by_label("x.mp4").check()
        page.get_by_role("button", name="Add 1 file").click()
        expect(page.locator(".row h3")).to_have_text("x.mp4")
        (added,) = _changes(page, server, "/api/rows", 1)
    assert added["paths"] == ["/films/x.mp4"]


def test_the_language_is_the_browsers_or_the_chosen_one(browser: Browser) -> None:
    with shown_page(browser, StandIn([made_row()]), locale="de-AT") as page:
        expect(page.locator("#settings-title")).to_have_text("Einstellungen")
        expect(page.locator(".row")).to_contain_text("2,5 MB")
        page.get_by_text("Voreinstellungen").first.click()
        page.get_by_label("Sprache").select_option("en")
        expect(page.locator("#settings-title")).to_have_text("Settings")


@pytest.mark.parametrize("context", [NARROW, ZOOMED], ids=["phone", "zoomed"])
def test_a_narrow_page_needs_no_scrolling_sideways(
    browser: Browser, context: dict[str, Any]
) -> None:
    long = "a_name_that_a_camera_gave_and_nobody_has_changed_in_all_the_years_since.mp4"
    with shown_page(browser, StandIn([made_row(long)]), **context) as page:
        expect(page.locator(".row")).to_be_visible()
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0
        page.get_by_role("button", name="Settings").click()
        page.get_by_role("radio", name="Natural").check()
        page.get_by_role("button", name="Close").click()
        page.locator(".thumb").click()
        expect(page.locator("#said")).to_contain_text("Picture at")
        fits = "e => e.scrollWidth - e.clientWidth"
        assert page.locator("#preview").evaluate(fits) <= 0


def test_what_the_server_says_is_said_in_german(browser: Browser) -> None:
    gone = (
        "/films/a.mp4: no frame of its h264 video can be decoded; it is damaged, cut "
    )
    kept = "the disk hangs; 250 frames are kept: the same command goes on after them, "
    rows = [
        made_row("a.mp4", state="refused", error=f"{gone}off or encrypted"),
        made_row("b.mp4", state="failed", error=f"{kept}--discard starts over"),
        made_row("c.mp4", state="failed", error="nobody knows (why) {this}"),
    ]
    rows[0]["plan"]["kept"] = ["stream 1 (audio, aac) is kept", "8 bits, yuv420p"]
    with shown_page(browser, StandIn(rows), locale="de-DE") as page:
        errors = page.locator(".row .bad[data-part=error]")
        expect(errors).to_have_text(
            [
                "kein Bild des Films (h264) ist lesbar; die Datei ist beschädigt, "
                "unvollständig oder verschlüsselt",
                "the disk hangs; 250 Bilder sind fertig: „Nochmals versuchen“ macht "
                "danach weiter",
                "nobody knows (why) {this}",
            ]
        )
        assert [node.get_attribute("lang") for node in errors.all()] == [
            "de",
            "de",
            "en",
        ]
        expect(page.locator("dd").first).to_have_text("Spur 1 (Ton, aac) bleibt")


def test_a_row_that_is_done_shows_its_folder(browser: Browser) -> None:
    server = StandIn([made_row("a.mp4", state="done")])
    with shown_page(browser, server) as page:
        page.get_by_role("button", name="Open folder").click()
        page.get_by_role("button", name="More for a.mp4").click()
        expect(page.get_by_role("menuitem", name="Do it again")).to_be_visible()
    assert [path for _, path, _ in server.asked] == ["/api/open"]


def test_a_window_of_its_own_tells_the_paths(browser: Browser) -> None:
    server = StandIn([])
    with shown_page(browser, server) as page:
        page.evaluate(
            """() => {
                window.pywebview = { api: { choose: async () => ["/films/a.mp4"] } };
                window.dispatchEvent(new CustomEvent("pywebviewready"));
            }"""
        )
        page.get_by_role("button", name="dialog…").click()
        expect(page.get_by_role("heading", name="a.mp4")).to_be_visible()
        page.evaluate(
            """window.dispatchEvent(
                new CustomEvent("paths", { detail: ["/films/b.mp4"] }))"""
        )
        expect(page.get_by_role("heading", name="b.mp4")).to_be_visible()
    assert [body["paths"] for _, _, body in server.asked] == [
        ["/films/a.mp4"],
        ["/films/b.mp4"],
    ]


def test_a_browser_without_a_memory_shows_the_page(browser: Browser) -> None:
    server = StandIn([made_row("a.mp4")])
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get: () => null });"
        "window.EventSource = class extends EventTarget {};"
    )
    page.route("**/*", server.answer)
    page.goto(f"{ADDRESS}/")
    expect(page.get_by_role("heading", name="a.mp4")).to_be_visible()
    context.close()


def test_keys_of_the_slider_work_in_all_of_the_preview(browser: Browser) -> None:
    with shown_page(browser, StandIn([made_row("a.mp4")])) as page:
        page.locator(".thumb").first.click()
        expect(page.get_by_label("Moment of the film")).to_be_focused()
        expect(page.locator("#said")).to_contain_text("Picture at")
        page.keyboard.press("d")
        difference = page.get_by_role("button", name="Difference")
        expect(difference).to_have_attribute("aria-pressed", "true")


_ENDING = """() => {
    localStorage.setItem("sound", "yes");
    localStorage.setItem("notification", "yes");
    window.told = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title, { body }) { window.told.push(`${title}: ${body}`); }
    };
    const { OscillatorNode } = window;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
        window.told.push(`${Math.round(this.frequency.value)} Hz`);
        return start.call(this, at);
    };
}"""


def test_the_end_of_all_is_heard_and_notified(browser: Browser) -> None:
    rows = [made_row("a.mp4", state="running"), made_row("b.mp4", state="waiting")]
    with shown_page(browser, StandIn(rows)) as page:
        page.evaluate(_ENDING)
        apply(page, "row", {**rows[0], "state": "done"})
        assert page.evaluate("window.told") == []
        apply(page, "row", {**rows[1], "state": "running"})
        apply(page, "row", {**rows[1], "state": "failed", "error": "the disk is full"})
        assert page.evaluate("window.told") == [
            "523 Hz",
            "659 Hz",
            "784 Hz",
            "videnhance: 1 file is done · 1 could not be done",
        ]


def test_a_notification_is_asked_for_where_it_is_wanted(browser: Browser) -> None:
    server = StandIn([])
    with shown_page(browser, server, permissions=["notifications"]) as page:
        page.get_by_role("button", name="Preferences").click()
        wanted = page.get_by_label("A notification when all is done")
        wanted.check()
        expect(wanted).to_be_checked()
        assert page.evaluate("Notification.permission") == "granted"
        assert page.evaluate("localStorage.getItem('notification')") == "yes"
