"""The element before-after is moved by mouse, touch and keys; it shows differences."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.browser
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, FloatRect, Page, expect  # noqa: E402

from tests.browsers import browser_of_system, opened_page, slider_page  # noqa: E402

WIDE, HIGH = 1600, 900
"""Larger at 1:1 than the stage in a window of 1000 pixels."""
_CLIP = "e => e.style.clipPath"


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browser_of_system() as browser:
        yield browser


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    dark, light = (Image.new("RGB", (WIDE, HIGH), (v, v, v)) for v in (40, 50))
    light.paste((40, 40, 40), (0, 0, WIDE // 2, HIGH))  # alike in the left half
    return slider_page(tmp_path / "two.html", dark, light)


@pytest.fixture(name="page")
def _page(browser: Browser, file: Path) -> Iterator[Page]:
    with opened_page(browser, file) as page:
        expect(page.get_by_role("slider")).to_be_visible()
        page.wait_for_selector(".layer img[src]")
        yield page


def _share(page: Page) -> int:
    return int(page.get_by_role("slider").get_attribute("aria-valuenow") or -1)


def _box(page: Page) -> FloatRect:
    box = page.locator(".stage").bounding_box()
    assert box
    return box


def test_the_mouse_moves_the_slider(page: Page) -> None:
    box = _box(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 120)
    page.mouse.up()
    assert _share(page) == 25
    assert "75%" in page.locator(".layer").nth(1).evaluate(_CLIP)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    assert _share(page) == 25


def test_a_finger_moves_the_slider(browser: Browser, file: Path) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector(".layer img[src]")
    box = _box(page)
    page.touchscreen.tap(box["x"] + box["width"] * 0.8, box["y"] + 30)
    assert _share(page) == 80
    context.close()


def test_keys_move_the_slider(page: Page) -> None:
    slider = page.get_by_role("slider")
    for key, share in {
        "ArrowLeft": 48,
        "Shift+ArrowRight": 58,
        "PageDown": 48,
        "End": 100,
        "Home": 0,
        "ArrowUp": 2,
    }.items():
        slider.press(key)
        assert _share(page) == share
    assert slider.get_attribute("aria-valuetext") == "2 % base"
    bounds = [slider.get_attribute(f"aria-value{end}") for end in ("min", "max")]
    assert bounds == ["0", "100"]


def test_a_key_flips_between_the_pictures(page: Page) -> None:
    page.get_by_role("slider").press("f")
    expect(page.get_by_text("sharp")).to_be_visible()
    expect(page.get_by_text("base")).to_be_hidden()
    page.keyboard.press("f")  # the slider is gone, its focus is not lost
    expect(page.get_by_text("base")).to_be_visible()
    expect(page.get_by_text("sharp")).to_be_hidden()


def test_at_actual_size_a_pixel_is_a_pixel_and_the_picture_moves(page: Page) -> None:
    picture = page.locator(".layer img").first
    assert picture.evaluate("e => e.getBoundingClientRect().width") < WIDE
    page.get_by_role("button", name="1:1").click()
    assert picture.evaluate("e => e.getBoundingClientRect().width") == WIDE
    left = "e => e.getBoundingClientRect().x"
    before, box = picture.evaluate(left), _box(page)
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 50)
    page.mouse.up()
    assert picture.evaluate(left) == before - 40
    assert _share(page) == 50
    page.locator(".stage").press("ArrowLeft")
    assert picture.evaluate(left) == before + 20


def test_a_difference_is_shown_to_its_own_range(page: Page) -> None:
    page.get_by_role("button", name="Difference").click()
    expect(page.get_by_role("status")).to_contain_text("25 times")
    pixel = "(e, x) => [...e.getContext('2d').getImageData(x, 9, 1, 1).data]"
    canvas = page.locator(".layer canvas")
    assert canvas.evaluate(pixel, 10) == [0, 0, 0, 255]
    assert canvas.evaluate(pixel, WIDE - 10) == [250, 250, 250, 255]


def test_equal_pictures_have_no_difference(browser: Browser, tmp_path: Path) -> None:
    grey = Image.new("RGB", (64, 64), (9, 90, 200))
    with opened_page(browser, slider_page(tmp_path / "e.html", grey, grey)) as page:
        page.get_by_role("button", name="Difference").click()
        expect(page.get_by_role("status")).to_have_text("no difference")


def test_the_loupe_shows_both_pictures_enlarged(page: Page) -> None:
    page.get_by_role("button", name="Loupe").click()
    box = _box(page)
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 100)
    pixel = "e => [...e.getContext('2d').getImageData(5, 5, 1, 1).data]"
    seen = [page.locator(".loupe canvas").nth(n).evaluate(pixel) for n in (0, 1)]
    assert seen == [[40, 40, 40, 255], [50, 50, 50, 255]]
    page.mouse.move(box["x"] - 5, 5)
    expect(page.locator(".loupe")).to_be_hidden()


def test_an_address_may_change_and_the_place_stays(page: Page) -> None:
    page.get_by_role("button", name="1:1").click()
    page.get_by_role("slider").press("Home")
    page.evaluate(
        """() => new Promise((done) => {
          const element = document.querySelector("before-after");
          element.addEventListener("load", done, { once: true });
          element.setAttribute("after", element.getAttribute("before"));
        })"""
    )
    assert _share(page) == 0
    pressed = page.get_by_role("button", name="1:1").get_attribute("aria-pressed")
    assert pressed == "true"
