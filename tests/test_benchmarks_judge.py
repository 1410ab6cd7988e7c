"""The judge of looks: clips with a known original, its tables, and its blind page."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.films import Film, write_film
from tests.sources import ROOT

pytestmark = pytest.mark.opencv

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="needs the program chromium"
)
FILM = Film(shown=range(9), width=134, height=98, codec="libx264")


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("judge")


@pytest.fixture
def halved(judge: ModuleType) -> ModuleType:
    """The clips that it judges."""
    return importlib.import_module("halved")


def test_a_clip_is_cut_and_halved(halved: ModuleType, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "a.mp4", FILM)
    plain = halved.known_clip(clip, "none", frames=5)
    assert plain.originals[0].planes[0].shape == (96, 132)
    assert [plane.shape for plane in plain.halves[4].planes] == [
        (48, 66),
        (24, 33),
        (24, 33),
    ]
    whole = plain.originals[3].planes[0].astype(float)
    means = whole.reshape(48, 2, 66, 2).mean(axis=(1, 3))
    assert np.abs(means - plain.halves[3].planes[0]).max() <= 1
    coded = halved.known_clip(clip, "28", frames=5)
    assert not np.array_equal(coded.halves[3].planes[0], plain.halves[3].planes[0])


def test_looks_are_named_by_words(judge: ModuleType) -> None:
    assert judge.look_of("bicubic").name == "bicubic"
    assert judge.look_of("plain=lanczos").name == "plain"
    assert judge.look_of("run/crisp.json,strength=0.8").name == "crisp,strength=0.8"
    assert judge.look_of("half=clean=0.5,fuse=0").name == "half"


def test_looks_are_judged_and_told(
    judge: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip = write_film(tmp_path / "a.mp4", FILM)
    words = f"{clip} --looks bicubic lanczos --codings none 33 --frames 5 --metrics"
    places = {name: tmp_path / f"told.{name}" for name in ("json", "page")}
    files = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    monkeypatch.setattr(sys, "argv", ["judge.py", *words.split(), *files])
    judge.main()
    told = capsys.readouterr().out
    assert re.search(
        r"^\| coded: x264, CRF 33 \| PSNR-Y \| SSIM \|", told, re.MULTILINE
    )
    assert told.count("| bicubic |") == 2
    rows = json.loads(places["json"].read_text())
    assert {(row["look"], row["coding"]) for row in rows} == {
        (look, coding) for look in ("bicubic", "lanczos") for coding in ("none", "33")
    }
    by = {(row["look"], row["coding"]): row for row in rows}
    assert by["lanczos", "none"]["psnr"] > by["lanczos", "33"]["psnr"] > 20
    assert places["page"].exists()


def made_page(judge: ModuleType) -> str:
    """A page of three crops by two looks."""
    pages = importlib.import_module("blind_page")
    crops = []
    for n in range(3):
        looks = {
            "first": np.full((40, 60, 3), 90 + n, np.uint8),
            "second": np.full((40, 60, 3), 150 + n, np.uint8),
        }
        whole = np.full((40, 60, 3), 120, np.uint8)
        crops.append(pages.Crop("street", "CRF 28", n, 0, 0, whole, looks))
    made: str = pages.page(crops)
    return made


def test_the_page_hides_names_and_asks_no_network(judge: ModuleType) -> None:
    text = made_page(judge)
    assert 'first"' not in text
    assert "street" not in text
    assert re.findall(r"https?://", text) == []
    assert re.findall(r"(?:src|href)=", text) == []


def driven(text: str, script: str, folder: Path) -> dict[str, Any]:
    """What a script finds on the page, in Chromium."""
    end = f"<script>document.body.dataset.found = JSON.stringify(({script})())</script>"
    (folder / "page.html").write_text(text.replace("</body>", f"{end}</body>"))
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    place = (folder / "page.html").as_uri()
    done = subprocess.run(
        [*words, f"--user-data-dir={folder / 'profile'}", place],
        check=True,
        capture_output=True,
        text=True,
    )
    [found] = re.findall(r'data-found="([^"]*)"', done.stdout)
    values: dict[str, Any] = json.loads(found.replace("&quot;", '"'))
    return values


@needs_chromium
def test_the_page_counts_right(judge: ModuleType, tmp_path: Path) -> None:
    # Left by key, then nothing, then one taken back and the right one by mouse.
    script = """() => {
      const press = (key) => dispatchEvent(new KeyboardEvent("keydown", { key }));
      const before = { asked: !$("ask").hidden, sides: trials.map((t) => t.sides) };
      press("ArrowLeft"); press("ArrowDown"); press("ArrowLeft");
      const done = $("ask").hidden;
      answers.pop(); $("ask").hidden = false; $("told").hidden = true; show();
      press("Backspace"); press("ArrowDown"); $("right").click();
      return { before, done, answers, counts: counts(answers),
               told: $("tables").textContent };
    }"""
    found = driven(made_page(judge), script, tmp_path)
    sides = found["before"]["sides"]
    assert found["before"]["asked"]
    assert found["done"]
    assert len(sides) == 3
    better = [answer["better"] for answer in found["answers"]]
    assert better == [sides[0][0], None, sides[2][1]]
    [(name, counts)] = found["counts"].items()
    assert name == "first against second"
    assert counts["wins"] == better.count("first")
    assert counts["losses"] == better.count("second")
    assert counts["ties"] == 1
    assert "first against second" in found["told"]
