"""The page with the real app: files go in, films come out, and a kill loses nothing."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
pytest.importorskip("playwright.sync_api")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402

from tests.browsers import browser_of_system  # noqa: E402
from tests.clips import Clip, write_clip  # noqa: E402

FRAMES = 450
PATIENCE_MS = 240_000
"""For what takes as long as a busy machine needs: a look, a picture, a film."""


@pytest.fixture(name="browser")
def _browser() -> Iterator[Browser]:
    with browser_of_system() as browser:
        yield browser


@pytest.fixture(name="films")
def _films(tmp_path: Path) -> Path:
    films = tmp_path / "films"
    films.mkdir()
    pts = tuple(range(0, FRAMES * 512, 512))
    options = {"bf": "2", "g": "25"}
    long = Clip(width=320, height=240, pts=pts, options=options)
    write_clip(films / "long.mp4", long)
    write_clip(films / "short.mp4")
    whole = (films / "long.mp4").read_bytes()
    (films / "broken.mp4").write_bytes(whole[: len(whole) // 3])
    return films


@contextmanager
def _app(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The app with a user's folder of its own, and its address."""
    own = {name: str(home / name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    words = [sys.executable, "-m", "videnhance", "app", "--no-open"]
    with subprocess.Popen(
        words,
        env={**os.environ, "HOME": str(home), **own},
        stdout=subprocess.PIPE,
        text=True,
    ) as app:
        assert app.stdout
        address = app.stdout.readline().split()[-1]
        try:
            yield app, address
        finally:
            app.terminate()


@contextmanager
def _opened(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert errors == []


def _row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has=page.get_by_role("heading", name=name))


def _reaches(row: Locator, state: str) -> None:
    expect(row).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def _makes_frames(row: Locator) -> None:
    some = re.compile(rf"\b[1-9]\d* of {FRAMES} frames")
    expect(row).to_contain_text(some, timeout=PATIENCE_MS)


def _add(page: Page, films: Path) -> None:
    page.get_by_text("Choose files…").click()
    page.get_by_label("Folder", exact=True).fill(str(films))
    page.keyboard.press("Enter")
    expect(page.locator("#browser-list input")).to_have_count(3, timeout=PATIENCE_MS)
    for box in page.locator("#browser-list input").all():
        box.check()
    page.get_by_role("button", name="Add 3 files").click()
    _reaches(_row(page, "long.mp4"), "ready")
    _reaches(_row(page, "broken.mp4"), "refused")
    expect(_row(page, "broken.mp4").locator(".bad")).not_to_be_empty()


def _look_before(page: Page) -> None:
    """Any moment, in another look that the row then has."""
    _row(page, "long.mp4").locator(".thumb").click()
    slider = page.locator("before-after")
    expect(slider).to_have_attribute("after", re.compile("blob:"), timeout=PATIENCE_MS)
    expect(slider).not_to_have_attribute("aria-busy", "true")
    first = slider.get_attribute("after") or ""
    page.get_by_label("Moment of the film").press("ArrowRight")
    expect(slider).not_to_have_attribute("after", first, timeout=PATIENCE_MS)
    second = slider.get_attribute("after") or ""
    page.get_by_role("radio", name="Natural").check()
    expect(slider).not_to_have_attribute("after", second, timeout=PATIENCE_MS)
    expect(page.locator("#preview-error")).to_be_hidden()
    page.keyboard.press("Escape")
    _reaches(_row(page, "long.mp4"), "ready")
    expect(page.locator("#preview")).to_be_hidden()


def _command(page: Page, name: str) -> list[str]:
    """The command line that is told for a row."""
    _row(page, name).get_by_role("heading").click()
    expect(page.locator("#settings-for")).to_have_text(f"for {name}")
    return shlex.split(page.locator("#command").inner_text())


def _same_by_command(command: list[str], folder: Path) -> tuple[bytes, bytes]:
    """What the app made, and what its command line makes under another name."""
    source, target, *options = command[1:]
    folder.mkdir(exist_ok=True)
    own = folder / Path(target).name
    words = [sys.executable, "-m", "videnhance", source, str(own), *options]
    subprocess.run(words, check=True, capture_output=True)
    return Path(target).read_bytes(), own.read_bytes()


def test_films_are_made_whatever_happens(
    browser: Browser, films: Path, tmp_path: Path
) -> None:
    with _app(tmp_path) as (app, address):
        with _opened(browser, address) as page:
            _add(page, films)
            _look_before(page)
            page.get_by_role("button", name="Start").click()
            _makes_frames(_row(page, "long.mp4"))
            page.get_by_role("button", name="Pause").last.click()
            _reaches(_row(page, "long.mp4"), "waiting")
            page.get_by_role("button", name="Go on").last.click()
            _reaches(_row(page, "long.mp4"), "running")
        app.kill()
        app.wait()
    with _app(tmp_path) as (app, address), _opened(browser, address) as page:
        for name in ("long.mp4", "short.mp4"):
            _reaches(_row(page, name), "done")
        _reaches(_row(page, "broken.mp4"), "refused")
        expect(_row(page, "broken.mp4").locator(".bad")).not_to_be_empty()
        commands = [_command(page, name) for name in ("long.mp4", "short.mp4")]
    assert commands[0][-2:] == ["--look", "natural"]
    for command in commands:
        made, by_command = _same_by_command(command, tmp_path / "by_command")
        assert made == by_command
