"""The programs of `examples/` and of the documentation run as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import Clip, pts_of, write_clip
from tests.models import write_model
from tests.sources import ROOT
from videnhance.media.probe import probe

FEW = Clip(pts=range(0, 5 * 512, 512))
PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
BLOCKS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.S
)


def _run(name: str, *words: object) -> str:
    """What an example says; it must end well and warn of nothing."""
    program = [sys.executable, ROOT / "examples" / name, *words]
    done = subprocess.run(
        [*map(str, program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Five frames."""
    return write_clip(tmp_path / "in.mp4", FEW)


@pytest.mark.opencv
def test_a_conversion_tells_its_progress(clip: Path, tmp_path: Path) -> None:
    said = _run("convert_with_progress.py", clip, tmp_path / "out.mp4")
    assert "100%" in said
    assert "5 frames by default " in said
    assert pts_of(tmp_path / "out.mp4") == pts_of(clip)


@pytest.mark.opencv
def test_a_folder_is_filtered(tmp_path: Path) -> None:
    (tmp_path / "in/drafts").mkdir(parents=True)
    for name in ("holiday 1.mp4", "work.mp4", "drafts/holiday 2.mp4"):
        write_clip(tmp_path / "in" / name, FEW)
    os.utime(tmp_path / "in/holiday 1.mp4", (1e9, 1e9))
    words = "folder_with_filter.py", tmp_path / "in", tmp_path / "out", "holiday"
    assert _run(*words) == "holiday 1.mp4: done\n"
    assert _run(*words).startswith("holiday 1.mp4: skipped")
    assert [path.name for path in (tmp_path / "out").glob("*.mp4")] == [
        "holiday 1-x2.mp4"
    ]


@pytest.mark.opencv
def test_arrays_are_enlarged(tmp_path: Path) -> None:
    said = _run("numpy_frames.py", tmp_path / "out.png")
    assert said.startswith("320x180")
    assert str(probe(tmp_path / "out.png").size) == "320x180"


@pytest.mark.opencv
def test_a_camera_may_be_a_file(clip: Path, tmp_path: Path) -> None:
    _run("camera_to_file.py", clip, tmp_path / "out.mkv", 3)
    assert len(pts_of(tmp_path / "out.mkv")) == 3
    assert str(probe(tmp_path / "out.mkv").size) == "128x96"


@pytest.mark.camera
@pytest.mark.opencv
def test_a_camera_is_written(tmp_path: Path) -> None:
    _run("camera_to_file.py", 0, tmp_path / "out.mkv", 3)
    assert len(pts_of(tmp_path / "out.mkv")) == 3


@pytest.mark.opencv
def test_a_model_of_ones_own_is_named(clip: Path, tmp_path: Path) -> None:
    card = write_model(tmp_path / "model")
    said = _run("own_model.py", clip, tmp_path / "out.mp4", card)
    name = json.loads(Path(card).read_text())["name"]
    assert said.startswith(f"{name} ")
    assert "sha256 " in said
    assert pts_of(tmp_path / "out.mp4") == pts_of(clip)


def test_every_example_has_a_test_and_a_place_in_the_documentation() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert len(PROGRAMS) == 5
    for path in PROGRAMS:
        assert f'"{path.name}"' in tests
        assert f"examples/{path.name}" in page


@pytest.mark.opencv
@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
@pytest.mark.usefixtures("clip")
def test_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if ".compare(" in code:
        shutil.copy("in.mp4", "out.mp4")
    exec(compile(code, "docs/api.md", "exec"), {"__name__": "docs"})


def test_the_documentation_has_programs() -> None:
    assert len(BLOCKS) == 6
