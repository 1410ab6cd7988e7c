"""The manual agrees with the program, and its links lead somewhere."""

import re
import runpy
from pathlib import Path

import pytest

from tests.sources import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]


def test_the_reference_is_what_the_command_line_says() -> None:
    written = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    # If this fails: scripts/cli_reference.py
    script = runpy.run_path(str(ROOT / "scripts/cli_reference.py"))
    assert written == script["page"]()


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_page_is_in_the_manual() -> None:
    nav = re.findall(r"(\w+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(nav) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=lambda p: p.name)
def test_named_files_are_there(page: Path) -> None:
    # `benchmarks/x.py`, `tests/x.py` ..., as they are named in running words.
    rooms = "benchmarks|docs|examples|models|samples|scripts|tests|videnhance"
    text = page.read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{rooms})/[\w./]*\w)[`\s]", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
