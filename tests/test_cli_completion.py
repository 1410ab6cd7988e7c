"""What Tab completes, asked as the shells ask, and in bash itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from videnhance.cli import app

BASH = """
eval "$("$PYTHON" -m videnhance completion bash)"
compopt() { echo "option:$2"; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_videnhance_completion videnhance
printf '%s\\n' "${COMPREPLY[@]}"
"""


def _asked(*words: str) -> list[tuple[str, str]]:
    """Type and value of each completion of the last word, as bash asks."""
    env = {
        "_VIDENHANCE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("videnhance", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = CliRunner().invoke(
        app, prog_name="videnhance", env=env, complete_var="_VIDENHANCE_COMPLETE"
    )
    lines = [line.partition(",") for line in done.output.splitlines()]
    return [(kind, value) for kind, _, value in lines]


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("conv", ["convert"]),
        ("model li", ["list"]),
        ("convert in.mp4 out.mp4 --sk", ["--skip"]),
        ("in.mp4 out.mp4 --sk", ["--skip"]),
        ("--skip 2 in.mp4 --max-c", ["--max-cpu"]),
        ("in.mp4 out.mp4 --fit c", ["cover"]),
        ("in.mp4 -m fa", ["fast", "fast-fidelity"]),
        ("live -m rest", ["restore"]),
        ("nothing --sk", []),
    ],
)
def test_a_word_is_completed(line: str, completions: list[str]) -> None:
    found = [value for kind, value in _asked(*line.split()) if kind == "plain"]
    assert found == completions


@pytest.mark.parametrize("line", ["fil", "convert fil", "batch fil", "-m fil"])
def test_files_are_left_to_the_shell(line: str) -> None:
    kinds = {kind for kind, _ in _asked(*line.split())}
    assert kinds <= {"file", "dir"}
    assert kinds


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    done = CliRunner().invoke(app, ["completion", shell])
    assert done.exit_code == 0, done.output
    assert "_VIDENHANCE_COMPLETE=" in done.stdout
    assert f"{shell}_complete" in done.stdout
    shells = shutil.which(shell)
    if shells:
        read = subprocess.run([shells, "-n"], input=done.stdout.encode(), check=False)
        assert read.returncode == 0


def test_another_shell_is_refused() -> None:
    done = CliRunner().invoke(app, ["completion", "tcsh"])
    assert done.exit_code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("prev",), ["preview"]),
        (("in.mp4", "out.mp4", "--dein"), ["--deinterlace"]),
        (("in.mp4", "--verify", "f"), ["fast", "full"]),
        (("film.m",), []),
    ],
)
def test_bash_completes(
    words: tuple[str, ...], reply: list[str], tmp_path: Path
) -> None:
    # What completes asks by `env`, which runs programs alone, no functions.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "videnhance", "videnhance", *words],
        env={**os.environ, "PYTHON": sys.executable, "PATH": path},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if line]
    # Without an own word bash completes files.
    assert ("option:default" in lines) or reply
    assert [line for line in lines if not line.startswith("option:")] == reply
