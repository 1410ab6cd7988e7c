"""A sample page of a real clip: what is in it, and how it behaves in a browser."""

import base64
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

import videnhance
from tests.clips import Clip, write_clip
from tests.films import Film, write_film
from tests.models import write_model
from videnhance import Cancelled, ConvertOptions, OutputError, Progress, UsageError

pytestmark = [pytest.mark.browser, pytest.mark.opencv]
pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from tests.browsers import browser_of_system, opened_page  # noqa: E402

FRAMES = 75
"""Three seconds."""
_FRAME_SECONDS = 1 / 25
_NAMES = ["plain", "tiny", "tiny, skip 2"]


@pytest.fixture(scope="module", name="tiny")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options of a model that loads at once."""
    card = write_model(tmp_path_factory.mktemp("model"))
    named = card.rename(card.with_name("tiny.json"))
    return {"model": str(named), "trust_model": True, "device": "cpu", "workers": 1}


@pytest.fixture(scope="module", name="film")
def _film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    film = Film(range(FRAMES), width=128, height=72, codec="libx264")
    return write_film(tmp_path_factory.mktemp("film") / "<b>it's.mp4", film)


@pytest.fixture(scope="module", name="made")
def _made(film: Path, tiny: dict[str, Any]) -> videnhance.Sample:
    return videnhance.sample(film, None, tries=[{}, {"skip": 2}], **tiny)


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    with browser_of_system() as browser:
        yield browser


@pytest.fixture(name="page")
def _page(browser: Browser, made: videnhance.Sample) -> Iterator[Page]:
    with opened_page(browser, made.page, width=1400) as page:
        page.wait_for_selector(".layer img[src]")
        yield page


def _data(made: videnhance.Sample) -> dict[str, Any]:
    _, _, rest = made.page.read_text(encoding="utf-8").partition('id="data">')
    found: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return found


# What is made.


def test_each_way_has_its_time_size_and_command(made: videnhance.Sample) -> None:
    assert [way.name for way in made.tried] == _NAMES[1:]
    for way in made.tried:
        assert way.estimate.frames == FRAMES
        assert way.estimate.bytes
        assert way.estimate.seconds
    assert made.tried[1].command.endswith("--trust-model --device cpu --workers 1")
    assert "--skip 2" in made.tried[1].command


def test_the_page_lies_beside_the_film(made: videnhance.Sample, film: Path) -> None:
    assert made.page == film.with_name("<b>it's-sample.html")
    assert [path.name for path in film.parent.glob("*.html")] == [made.page.name]
    with pytest.raises(OutputError, match="-y"):
        videnhance.sample(film)


def test_a_clip_is_what_every_browser_plays(
    page: Page, made: videnhance.Sample, tmp_path: Path
) -> None:
    text = page.evaluate("() => document.getElementById('clip-0-1').textContent")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(base64.b64decode(text))
    with av.open(str(clip)) as opened:
        [video] = opened.streams
        assert (video.codec_context.name, video.frames) == ("h264", 25)
        first = next(opened.decode(video=0))
        assert (first.width, first.height) == (256, 144)
        assert first.format.name == "yuv420p"
        assert first.pts == 0
    assert made.moments


def test_progress_is_told_up_to_the_end(
    film: Path, tiny: dict[str, Any], tmp_path: Path
) -> None:
    told: list[Progress] = []
    videnhance.sample(
        film, tmp_path / "p.html", tries=[{}], on_progress=told.append, **tiny
    )
    assert [progress.frames for progress in told] == sorted(p.frames for p in told)
    assert told[-1].total
    assert told[-1].frames > told[-1].total / 2


def test_what_progress_raises_ends_it_and_leaves_nothing(
    film: Path, tiny: dict[str, Any], tmp_path: Path
) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled(f"at {progress.frames}")

    with pytest.raises(Cancelled, match="at 1"):
        videnhance.sample(
            film, tmp_path / "p.html", tries=[{}], on_progress=stop, **tiny
        )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("-", ConvertOptions(), "a pipe is read once"),
        ("film", ConvertOptions(cluster="tcp://a:1"), "leave --cluster out"),
        ("still", ConvertOptions(strength=0.0), "is one picture"),
    ],
)
def test_what_has_no_sample_is_refused(
    given: str, options: ConvertOptions, words: str, film: Path, tmp_path: Path
) -> None:
    still = write_clip(tmp_path / "still.mp4", Clip(pts=[0]))
    source = {"film": film, "still": still}.get(given, Path(given))
    with pytest.raises(UsageError, match=words):
        videnhance.sample(source, tmp_path / "p.html", options, tries=[{}])


def test_the_page_must_be_writable_html(film: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"call it \.html"):
        videnhance.sample(film, tmp_path / "page.mp4")
    with pytest.raises(OutputError, match="folder"):
        videnhance.sample(film, tmp_path / "none" / "page.html")


# In a browser. `opened_page` fails if anything but the file is asked for.


def test_names_with_markup_are_shown_as_they_are(page: Page) -> None:
    title = page.get_by_role("heading", level=1)
    assert title.inner_text() == "Sample of <b>it's.mp4"
    assert page.locator("h1 b").count() == 0


def test_two_ways_are_chosen_and_slid_over(page: Page) -> None:
    page.get_by_label("Left", exact=True).select_option("tiny")
    page.get_by_label("Right", exact=True).select_option("tiny, skip 2")
    names = page.locator("before-after .name")
    expect(names.nth(0)).to_have_text("tiny")
    expect(names.nth(1)).to_have_text("tiny, skip 2")
    slider = page.get_by_role("slider")
    slider.press("End")
    assert slider.get_attribute("aria-valuenow") == "100"
    box = page.locator("before-after .stage").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + 40)
    assert slider.get_attribute("aria-valuenow") == "25"


def test_keys_choose_moment_and_kind(page: Page, made: videnhance.Sample) -> None:
    last = len(made.moments)
    page.keyboard.press(str(last))
    chosen = page.locator("#moments button").nth(last - 1)
    expect(chosen).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    expect(page.locator("#stage clip-pair")).to_be_visible()


def _until(page: Page, condition: str) -> None:
    """Waits for something to be true of the two videos, a and b."""
    page.evaluate(
        f"""() => new Promise((done) => {{
          const look = () => {{
            const [a, b] = document.querySelectorAll("#stage video");
            if ({condition}) done(); else requestAnimationFrame(look);
          }};
          look();
        }})"""
    )


def test_clips_loop_in_step(page: Page) -> None:
    page.get_by_role("button", name="Clip", exact=True).click()
    near = f"Math.abs(a.currentTime - b.currentTime) < {_FRAME_SECONDS}"
    _until(page, f"!a.paused && !b.paused && a.currentTime > 0.2 && {near}")
    # One falls behind, and is brought back.
    page.evaluate(
        "() => { const [, b] = document.querySelectorAll('#stage video');"
        " b.currentTime = Math.max(b.currentTime - 0.5, 0); }"
    )
    _until(page, f"!b.seeking && a.currentTime > 0.2 && {near}")
    # They begin again.
    _until(page, "a.currentTime > 0.6")
    _until(page, f"a.currentTime < 0.4 && !a.ended && {near}")


def test_a_key_pauses_and_flips_the_clips(page: Page) -> None:
    page.keyboard.press("c")
    _until(page, "!a.paused && !b.paused")
    page.keyboard.press("Space")
    _until(page, "a.paused && b.paused")
    page.keyboard.press("f")
    names = page.locator("#stage clip-pair .name")
    expect(names.nth(1)).to_be_visible()
    expect(names.nth(0)).to_be_hidden()
    page.keyboard.press("f")
    expect(names.nth(0)).to_be_visible()


def test_the_command_is_copied(browser: Browser, made: videnhance.Sample) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(made.page.as_uri())
    page.get_by_role("button", name="Copy the command of tiny, skip 2").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    read = page.evaluate("() => navigator.clipboard.readText()")
    assert read == made.tried[1].command
    context.close()


def test_blind_judging_counts_what_was_hidden(
    page: Page, made: videnhance.Sample
) -> None:
    page.get_by_role("button", name="Begin").click()
    trials = len(made.moments) * 3
    shown = page.locator("#blind clip-pair .name").all_inner_texts()
    assert shown == ["A", "B"]
    keys = ["ArrowLeft", "ArrowRight", "ArrowDown"]
    for number in range(trials):
        words = f"Pair {number + 1} of {trials}"
        expect(page.get_by_text(words, exact=True)).to_be_visible()
        page.keyboard.press(keys[number % 3])
    expect(page.get_by_text(f"{trials} of {trials} pairs judged")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    _check_counts(saved, trials)
    rows = page.locator("#blind table").get_by_role("row")
    for number, row in enumerate(saved["counts"], start=1):
        cells = rows.nth(number).locator("td").all_inner_texts()
        assert cells[0] == f"{row['one']} against {row['two']}"
        counts = row["one_better"], row["same"], row["two_better"]
        assert cells[1:4] == [*map(str, counts)]


def _check_counts(saved: dict[str, Any], trials: int) -> None:
    """The sums are those of the answers, and the answers those of the keys."""
    answers = saved["answers"]
    sides: list[Callable[[dict[str, Any]], Any]] = [
        lambda answer: answer["left"],
        lambda answer: answer["right"],
        lambda answer: None,
    ]
    assert len(answers) == trials
    for number, answer in enumerate(answers):
        assert answer["better"] == sides[number % 3](answer)
    for row in saved["counts"]:
        names = {row["one"], row["two"]}
        pair = [a for a in answers if {a["left"], a["right"]} == names]
        better = [answer["better"] for answer in pair]
        assert row["one_better"] == better.count(row["one"])
        assert row["two_better"] == better.count(row["two"])
        assert row["same"] == better.count(None)
    kinds = "one_better", "same", "two_better"
    assert sum(row[kind] for row in saved["counts"] for kind in kinds) == trials


def test_a_phone_needs_no_scrolling_sideways(
    browser: Browser, made: videnhance.Sample
) -> None:
    with opened_page(browser, made.page, width=390) as page:
        page.wait_for_selector(".layer img[src]")
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide == 390


def test_the_time_of_a_still_is_that_of_its_frame(made: videnhance.Sample) -> None:
    for moment in _data(made)["moments"]:
        frames = Fraction(moment["still"]).limit_denominator(1000) * 25
        assert frames.denominator == 1
        assert 0 <= moment["still"] - moment["seconds"] <= 1
