"""A browser for a test, and pages that it opens from the disk."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from videnhance.web.inline import STATIC, joined_script, policy

__all__ = ["browser_of_system", "opened_page", "picture_address", "slider_page"]


@contextmanager
def browser_of_system() -> Iterator[Browser]:
    """Chromium as the system has it, without a window; it goes with the block."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        yield browser
        browser.close()


@contextmanager
def opened_page(browser: Browser, file: Path, width: int = 1000) -> Iterator[Page]:
    """The page of a file; at the block's end it must have asked for nothing else, and
    had no error.
    """
    context = browser.new_context(viewport={"width": width, "height": 800})
    page, asked, errors = context.new_page(), list[str](), list[str]()
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text))
    page.goto(file.as_uri())
    yield page
    inside = ("data:", "blob:")
    assert [url for url in asked if not url.startswith(inside)] == [file.as_uri()]
    assert errors == []
    context.close()


def picture_address(picture: Image.Image) -> str:
    """The picture in the words of a link."""
    file = BytesIO()
    picture.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def slider_page(path: Path, before: Image.Image, after: Image.Image) -> Path:
    """A page with nothing but two pictures under a slider."""
    styles = [(STATIC / name).read_text() for name in ("theme.css", "slider.css")]
    script = joined_script(STATIC / name for name in ("difference.js", "slider.js"))
    rule = policy(styles=styles, scripts=[script])
    path.write_text(
        f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Two</title>
<meta http-equiv="Content-Security-Policy" content="{rule}">
{"".join(f"<style>{style}</style>" for style in styles)}
<before-after before="{picture_address(before)}" before-name="base"
 after="{picture_address(after)}" after-name="sharp"></before-after>
<script type="module">{script}</script>"""
    )
    return path
