"""`sample` on the command line: the page, what is said, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.films import Film, write_film
from tests.models import write_model
from videnhance.cli import app

pytestmark = pytest.mark.opencv


@pytest.fixture(name="film")
def _film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "in.mp4", Film(range(30), codec="libx264"))


def test_it_writes_a_page_and_says_what_each_way_takes(film: Path) -> None:
    card = write_model(film.parent)
    network = ["-m", str(card), "--trust-model", "--device", "cpu", "--workers", "0"]
    tries = ["--try", "skip=2 c=libx265", "--try", "--crf 30 no-audio"]
    run = CliRunner().invoke(app, ["sample", str(film), *network, *tries])
    assert run.exit_code == 0, run.output
    assert film.with_name("in-sample.html").stat().st_size > 10_000
    ways = [line for line in run.stdout.splitlines() if line.startswith("  ")]
    assert "--skip 2" in ways[0]
    assert "--codec libx265" in ways[0]
    assert "--crf 30" in ways[1]
    assert "--no-audio" in ways[1]
    again = CliRunner().invoke(app, ["sample", str(film), *network])
    assert again.exit_code == 1
    assert "use -y to replace it" in again.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lok=crisp", "No such option '--lok'"),
        ("look=shiny", "'shiny' is not one of"),
        ("skip=2 other.mp4", "is no option of a conversion"),
        ("model='a", "quote as in a shell"),
        ("look=crisp clean=1", "say two things"),
    ],
)
def test_a_way_that_cannot_be_is_refused(film: Path, text: str, words: str) -> None:
    run = CliRunner().invoke(app, ["sample", str(film), "--try", text])
    assert run.exit_code == 2
    assert words in run.output
    assert "--try" in run.output or "--clean" in run.output
    assert [path.name for path in film.parent.iterdir()] == ["in.mp4"]
