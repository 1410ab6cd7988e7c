"""The command `compare`: tables, files, bounds and failures as a user sees them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.films import Film, write_film
from tests.sources import ROOT
from tests.stills import write_still
from videnhance.cli import app

pytestmark = pytest.mark.opencv

OWN = ("--metrics", "psnr,tof")


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    """A film, and itself with noise."""
    one = write_film(tmp_path / "a.mkv")
    return one, write_film(tmp_path / "b.mkv", Film(noise=4))


def run(*words: object) -> Result:
    """What `videnhance compare` does."""
    return CliRunner().invoke(app, ["compare", *map(str, words)])


def test_a_table_is_written(films: tuple[Path, Path]) -> None:
    done = run(*films, *OWN)
    assert done.exit_code == 0, done.output
    assert "b.mkv beside a.mkv, 96x64, 16 frames measured" in done.stdout
    assert "PSNR-Y" in done.stdout
    assert done.stderr == ""


def test_both_are_measured_beside_a_reference(films: tuple[Path, Path]) -> None:
    done = run(films[1], films[0], "-r", films[0], *OWN, "--json")
    both = json.loads(done.stdout)["compared"]
    assert len(both) == 2
    assert both[0]["metrics"]["psnr"]["mean"] > 30
    assert both[1]["metrics"]["psnr"]["mean"] is None


def test_the_files_are_written(films: tuple[Path, Path], tmp_path: Path) -> None:
    names = {"csv": "f.csv", "plot": "p.png", "worst": "w.png", "video": "v.mp4"}
    words = [w for k, v in names.items() for w in (f"--{k}", tmp_path / v)]
    done = run(*films, *OWN, "-q", *words)
    assert done.exit_code == 0, done.output
    assert done.output == ""
    assert all((tmp_path / name).stat().st_size for name in names.values())
    assert len((tmp_path / "f.csv").read_text().splitlines()) == 17
    again = run(*films, *OWN, "-q", "--video", tmp_path / "v.mp4")
    assert again.exit_code == 1
    assert "exists" in again.stderr


def test_bounds_decide_the_exit_code(films: tuple[Path, Path]) -> None:
    assert run(*films, *OWN, "--min", "psnr=20", "--max", "tof=9").exit_code == 0
    missed = run(*films, *OWN, "--min", "psnr=60", "--min", "ssim=0.1")
    assert missed.exit_code == 5
    assert "PSNR-Y of b.mkv is 3" in missed.stderr
    assert "SSIM" in missed.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--min", "psnr"), "--min psnr is no bound; write --min psnr=38"),
        (("--metrics", "psmr"), "did you mean psnr?"),
        (("--plot", "none/p.png"), "--plot none/p.png cannot be written"),
    ],
)
def test_wrong_words_are_refused_in_a_line(
    films: tuple[Path, Path], words: tuple[str, ...], said: str
) -> None:
    done = run(*films, *words)
    assert done.exit_code == 2
    [line] = done.stderr.splitlines()
    assert said in line


def test_a_report_replaces_no_video(films: tuple[Path, Path]) -> None:
    done = run(*films, "--csv", films[1])
    assert done.exit_code == 2
    assert "is a video of this run" in done.stderr
    done = run(*films, "--video", films[1], "-y")
    assert done.exit_code != 0
    assert "Traceback" not in done.output


def test_what_cannot_be_compared_is_said_in_a_line(
    films: tuple[Path, Path], tmp_path: Path
) -> None:
    still = write_still(tmp_path / "s.png", 96, 64, 1)
    fast = write_film(tmp_path / "fast.mkv", Film(rate=50))
    (tmp_path / "cut.mkv").write_bytes(films[0].read_bytes()[:200])
    for other, code in ((still, 2), (fast, 2), (tmp_path / "cut.mkv", 1)):
        done = run(films[0], other)
        assert done.exit_code == code
        assert len(done.stderr.splitlines()) == 1
        assert other.name in done.stderr


def test_notices_are_said(films: tuple[Path, Path], tmp_path: Path) -> None:
    short = write_film(tmp_path / "short.mkv", Film(shown=range(9)))
    done = run(films[0], short, *OWN)
    assert done.exit_code == 0
    assert "goes on after the end of short.mkv" in done.stderr


def test_torch_is_not_loaded(films: tuple[Path, Path]) -> None:
    code = (
        "import sys; from videnhance.cli import app\n"
        f"app(['compare', *{[str(film) for film in films]!r}, '--metrics', 'psnr'], "
        "standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
