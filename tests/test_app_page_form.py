"""The page's files are well formed, safe and open to all; its messages are complete."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.sources import ROOT

PAGE = ROOT / "videnhance/web/app/page"
MESSAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((PAGE / "messages").glob("*.json"))
}
PAGES = sorted(PAGE.glob("*.html"))
SCRIPTS = sorted(PAGE.glob("*.js"))
_MADE = ("details", "group", "look", "option", "preset", "said", "slider", "state")
"""Beginnings of keys that a script puts together."""


def _forms(message: str | dict[str, str]) -> list[str]:
    return [message] if isinstance(message, str) else [*message.values()]


def _used() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in (*PAGES, *SCRIPTS)]
    found = {key for t in texts for key in re.findall(r'data-t[\w-]*="([\w.]+)"', t)}
    in_calls = [call for t in texts for call in re.findall(r"\bt\(([^)]*)", t)]
    return found | {
        k for call in in_calls for k in re.findall(r'"(\w+\.[\w.]+)"', call)
    }


def test_both_languages_have_all_messages() -> None:
    assert [*MESSAGES] == ["de", "en"]
    assert MESSAGES["de"].keys() == MESSAGES["en"].keys()
    for key, english in MESSAGES["en"].items():
        named = {n for form in _forms(english) for n in re.findall(r"\{\w+\}", form)}
        for form in _forms(MESSAGES["de"][key]):
            assert set(re.findall(r"\{\w+\}", form)) <= named, key


def test_each_message_is_there_and_needed() -> None:
    used, known = _used(), set(MESSAGES["en"])
    assert used - known == set()
    made = {key for key in known if key.startswith(_MADE)}
    quoted = {w for p in SCRIPTS for w in re.findall(r'"([\w.]+)"', p.read_text())}
    assert known - used - quoted - made == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_markup_is_right(page: Path) -> None:
    html5lib = pytest.importorskip("html5lib")
    text = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    ids = Counter(re.findall(r'\bid="([^"]+)"', text))
    assert [name for name, count in ids.items() if count > 1] == []
    for kind in ("for", "aria-labelledby", "aria-controls", "aria-describedby"):
        assert set(re.findall(rf'\b{kind}="([^"]+)"', text)) <= ids.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_code_stands_in_the_markup(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text) == []
    assert re.findall(r"<script(?![^>]* src=)", text) == []
    # Nothing comes from elsewhere.
    sources = re.findall(r'(?:src|href|action)="([^"]*)"', text)
    assert [
        s for s in sources if not s.startswith(("/page/", "/static/", "/api/", "#"))
    ] == []


def test_each_picture_is_in_the_sprite() -> None:
    sprite = (PAGE / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="(\w+)"', sprite))
    used = {
        name for page in PAGES for name in re.findall(r"#(\w+)\"/>", page.read_text())
    }
    assert used <= drawn


def test_scripts_are_short_and_make_no_markup_of_words() -> None:
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 350, path.name
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", text) == []
