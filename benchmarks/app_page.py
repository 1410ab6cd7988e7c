"""What an event costs the app's page with 200 rows, and whether its memory grows.

For example: python -m benchmarks.app_page --rows 200 --events 5000
"""

import argparse
from statistics import quantiles
from typing import Any

from playwright.sync_api import Page

from tests.app_pages import StandIn, made_row, shown_page
from tests.browsers import browser_of_system

_ONE_AT_A_TIME = """async ([rows, count]) => {
    const { apply, flush } = await import("/page/store.js");
    const frame = () => new Promise(requestAnimationFrame);
    const costs = [];
    for (let n = 0; n < count; n++) {
        const progress = { frames: n % 250, total: 250, frames_per_second: 20 + n % 7,
            seconds_left: 900 - n % 900 };
        await frame();
        const start = performance.now();
        apply("row", { ...rows[n % rows.length], progress });
        flush();
        document.body.offsetHeight;  // the layout belongs to the cost
        costs.push(performance.now() - start);
    }
    return costs;
}"""
_MANY = """async ([rows, count]) => {
    const { apply, flush } = await import("/page/store.js");
    for (let n = 0; n < count; n++) {
        const progress = { frames: n % 250, total: 250, frames_per_second: n % 30,
            seconds_left: n % 900 };
        apply("row", { ...rows[n % rows.length], progress });
        flush();
    }
}"""


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--events", type=int, default=5000)
    given = parser.parse_args()
    rows = [made_row(f"{n}.mp4", state="running") for n in range(given.rows)]
    with (
        browser_of_system() as browser,
        shown_page(browser, StandIn(rows)) as page,
    ):
        print(f"{browser.browser_type.name} {browser.version}, {given.rows} rows")
        _costs(page, rows)
        _traced(page, rows)
        _memory(page, rows, given.events)


def _costs(page: Page, rows: list[dict[str, Any]]) -> None:
    costs = page.evaluate(_ONE_AT_A_TIME, [rows, 400])
    median, most = quantiles(costs, n=100)[49], quantiles(costs, n=100)[98]
    print(f"an event, script and layout: median {median:.2f} ms, 99 % {most:.2f} ms")
    print(f"                             most {max(costs):.2f} ms")


def _traced(page: Page, rows: list[dict[str, Any]]) -> None:
    """All that the main thread does, as Chromium's tracing tells."""
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    ended: list[bool] = []
    session.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    session.on("Tracing.tracingComplete", lambda _: ended.append(True))
    session.send("Tracing.start", {"categories": "devtools.timeline,toplevel"})
    count = 200
    page.evaluate(_ONE_AT_A_TIME, [rows, count])
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    names = ["FunctionCall", "UpdateLayoutTree", "Layout", "PrePaint", "Paint"]
    names += ["Layerize", "Commit", "FireAnimationFrame", "RunMicrotasks"]
    spent = {
        name: sum(e.get("dur", 0) for e in events if e["name"] == name) / 1000 / count
        for name in names
    }
    for name, each in sorted(spent.items(), key=lambda pair: -pair[1])[:6]:
        print(f"  traced, an event: {name} {each:.2f} ms")


def _memory(page: Page, rows: list[dict[str, Any]], events: int) -> None:
    session = page.context.new_cdp_session(page)
    for _ in range(4):
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        nodes = session.send("Memory.getDOMCounters")["nodes"]
        print(f"memory: {heap:.2f} MB of JavaScript, {nodes} nodes")
        page.evaluate(_MANY, [rows, events])


if __name__ == "__main__":
    main()
