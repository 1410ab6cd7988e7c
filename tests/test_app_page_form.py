"""The page's files are well formed, safe and open to all; its messages are complete."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
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
_MADE = (
    "server",
    "details",
    "group",
    "look",
    "option",
    "preset",
    "said",
    "slider",
    "state",
)
"""Beginnings of keys that a script puts together."""

_PUT_TOGETHER = re.compile(
    r"camera \{\}|stream \{\}|the \{\} \(|\{\} \w+$|\{\}; \{\} frame|\{\} of \{\} file"
)
"""What the source puts together of parts."""
_NOT_FOR_PEOPLE = re.compile(
    r"--listen|port |this user|another app|of another|options are|side is|which is"
    r"|at and|that is no (JSON|object)|send |a clip|a page of|a target|this server"
    r"|\{\} (is missing|is nothing|\{\} is no number)"
)
"""What only a program hears that asks in a wrong way, or who starts the app."""


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


def _without_names(text: str) -> str:
    return re.sub(r"\{\w+\}", "{}", text)


def _written(node: ast.expr) -> str | None:
    """A string of the source with {} for what it is filled with."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return "".join(map(str, parts))


def _strings(folder: Path) -> Iterator[tuple[ast.AST, str]]:
    """Strings of a folder's source, and, each apart, what is called with them."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for one in ast.iter_child_nodes(node):
                text = _written(one) if isinstance(one, ast.expr) else None
                if text is not None:
                    yield node, text


def test_what_the_server_says_is_known_as_it_says_it() -> None:
    """English messages of the server are those of the source, and all of the app's."""
    source = {text for _, text in _strings(ROOT / "videnhance")}
    known = {
        _without_names(form)
        for key, message in MESSAGES["en"].items()
        if key.startswith("server.")
        for form in _forms(message)
    }
    assert {text for text in known - source if not _PUT_TOGETHER.match(text)} == set()
    raised = {
        text
        for node, text in _strings(ROOT / "videnhance/web/app")
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "").endswith(("Error", "_error"))
    }
    assert {text for text in raised - known if not _NOT_FOR_PEOPLE.match(text)} == set()


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
