"""Options under a name: kept, used, overruled, and refused where they are wrong."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from videnhance.cli import app
from videnhance.options.profiles import profiles_file


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of profiles of a user who has none yet."""
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "config"))
    return profiles_file()


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def _done(*words: str) -> Result:
    result = _run(*words)
    assert result.exit_code == 0, result.output
    return result


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _params(*words: str, command: str = "convert") -> dict[str, object]:
    """What a command would be called with."""
    with _context(command, words) as ctx:
        return ctx.params


def _context(name: str, words: Iterable[str]) -> click.Context:
    root = click.Context(app)
    command = app.get_command(root, name)
    assert command is not None
    return command.make_context(name, list(words), parent=root)


def test_the_file_is_where_the_system_keeps_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert profiles_file() == tmp_path / "config/videnhance/profiles.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    assert profiles_file() == Path.home() / ".config/videnhance/profiles.toml"
    monkeypatch.setattr(sys, "platform", "win32")
    assert profiles_file() == tmp_path / "config/videnhance/profiles.toml"
    monkeypatch.setattr(sys, "platform", "darwin")
    support = Path.home() / "Library/Application Support"
    assert profiles_file() == support / "videnhance/profiles.toml"


def test_what_is_saved_is_listed_shown_and_used(file: Path) -> None:
    given = ("--size", "1080p", "--crf", "23", "-e", "bf=0", "-e", "refs=2")
    told = _done("profile", "save", "web", *given, "--no-audio", "--start", "1:30")
    assert str(file) in told.stderr
    shown = _done("profile", "show", "web").stdout.splitlines()
    assert shown[0] == "[web]"
    assert set(shown[1:]) == {
        'size = "1080p"',
        "crf = 23",
        'extra = ["bf=0", "refs=2"]',
        "no-audio = true",
        "start = 90.0",
    }
    assert _done("profile", "list").stdout.startswith("web: ")
    used = _params("a", "b", "--profile", "web")
    assert (used["size"], used["crf"], used["no_audio"]) == ("1080p", 23, True)
    assert (used["extra"], used["start"]) == ({"bf": "0", "refs": "2"}, 90.0)
    assert used["skip"] == 1


@pytest.mark.parametrize(
    ("line", "lines", "param"),
    [
        (
            "batch --jobs 3 --to mkv --no-isolate --include *.mp4 --include *.mov",
            [
                "jobs = 3",
                'to = "mkv"',
                "isolate = false",
                'include = ["*.mp4", "*.mov"]',
            ],
            ("jobs", 3),
        ),
        (
            "live --size 640x360 -m fast -m default --fullscreen",
            ['size = "640x360"', 'model = ["fast", "default"]', "fullscreen = true"],
            ("models", ("fast", "default")),
        ),
        ("preview --start 4", ["start = 4.0"], ("start", 4.0)),
    ],
)
def test_options_of_other_commands_are_saved_for_them(
    tmp_path: Path, line: str, lines: list[str], param: tuple[str, object]
) -> None:
    command, *words = line.split()
    _done("profile", "save", "mine", "--for", command, *words)
    shown = _done("profile", "show", "mine").stdout.splitlines()
    assert shown[0] == "[mine]"
    assert set(shown[1:]) == set(lines)
    places = {"batch": [str(tmp_path), "out"]}.get(command, ["in.mp4"])
    with _context(command, [*places, "--profile", "mine"]) as ctx:
        assert ctx.params[param[0]] == param[1]


def test_the_command_line_wins_over_the_profile(file: Path) -> None:
    _write(file, '[web]\nskip = 4\ncrf = 30\nsize = "720p"\nfit = "pad"\nclean = 0\n')
    used = _params("a", "b", "--profile", "web", "--skip", "2")
    assert (used["skip"], used["crf"]) == (2, 30)
    # Who says a scale does not want the profile's size.
    used = _params("--scale", "4", "a", "b", "--profile", "web", "-m", "fast")
    assert (used["scale"], used["size"], used["fit"]) == (4, None, "inside")
    assert (used["model"], used["clean"]) == ("fast", None)


def test_each_command_takes_what_is_for_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(file, "[a]\nscale = 2\nisolate = false\njobs = 2\nfullscreen = true\n")
    (tmp_path / "in").mkdir()
    line = [str(tmp_path / "in"), "out", "--profile", "a"]
    with _context("batch", line) as ctx:
        assert ctx.params["scale"] == 2
        assert (ctx.params["isolate"], ctx.params["jobs"]) == (False, 2)
    assert "[a] fullscreen is not for batch" in capsys.readouterr().err
    for command in ("live", "preview"):
        with _context(command, ["in.mp4", "--profile", "a"]) as ctx:
            assert (ctx.params["scale"], ctx.params["fullscreen"]) == ("2", True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("skp = 2", "skp is no option (did you mean skip?)"),
        ("max_cpu = 50", "max_cpu is no option (did you mean max-cpu?)"),
        ('skip = "two"', "skip: 'two' is not a valid integer"),
        ("crf = true", "crf = True is not possible"),
        ("no-audio = 1", "no-audio = 1 is not possible: use true or false"),
        ('fit = "insde"', "fit: 'insde' is not one of"),
        ("size = [1, 2]", "size = [1, 2] is not possible"),
        ("start = 1979-05-27", "start = 1979-05-27 is not possible"),
        ('start = "1::2"', "start: '1::2' is no time"),
        ("skip = 0", "--skip 0 is not possible"),
        ("scale = 3", "--scale 3 is not possible"),
        ('clean = 0.2\nmodel = "fast"', "--clean and --model say two things"),
        ('profile = "b"', "profile is no option"),
    ],
)
def test_what_cannot_be_right_names_the_file_and_the_key(
    file: Path, line: str, words: str
) -> None:
    _write(file, f"[t]\n{line}\n")
    result = _run("a.mp4", "b.mp4", "--profile", "t")
    assert result.exit_code == 2
    assert words in result.stderr
    key = line.partition(" = ")[0]
    place = result.stderr.partition(f"{file}: [t] ")[2]
    assert key in place.replace(",", " ").replace(":", " ").replace(")", " ").split()
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[t\n", "is not TOML"),
        ("skip = 2\n", "skip is in no profile; write [NAME] above it"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(file: Path, text: str, words: str) -> None:
    _write(file, text)
    for line in (("a", "b", "--profile", "t"), ("profile", "list")):
        result = _run("convert", *line) if line[0] == "a" else _run(*line)
        assert result.exit_code == 2
        assert words in result.stderr
        assert str(file) in result.stderr


def test_a_name_that_is_nearly_one_is_suggested(file: Path) -> None:
    _write(file, "[web]\nskip = 2\n")
    told = _run("a.mp4", "b.mp4", "--profile", "wep").stderr
    assert "has no profile wep (did you mean web?); it has: web" in told
    assert "has no profile x" in _run("profile", "show", "x").stderr


def test_saving_keeps_what_others_wrote(file: Path) -> None:
    _write(file, "# mine\n[a]\nskip = 2 # why\n\n[b]\nskip = 3\n")
    _done("profile", "save", "c", "--skip", "4")
    refused = _run("profile", "save", "a", "--skip", "5")
    assert refused.exit_code == 2
    assert "add --replace" in refused.stderr
    _done("profile", "save", "b", "--skip", "5", "--replace")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# mine\n[a]\nskip = 2 # why\n\n[c]\nskip = 4\n")
    assert _params("x", "y", "--profile", "a")["skip"] == 2
    assert _params("x", "y", "--profile", "b")["skip"] == 5
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("save web", "no option is given"),
        ("save we/b --skip 2", "is no name"),
        ("save web --skip 0", "--skip 0 is not possible"),
        ("save web --scale 2 --size 4k", "say two things"),
        ("save web --jobs 2", "No such option"),
        ("save web --for=bach --jobs 2", "'bach' is not one of"),
        ("save web --for batch --jobs 0", "0 is not in the range"),
        ("save web --for batch --skip 0", "--skip 0 is not possible"),
        ("save web --for live --size 640", "--size 640 is no size"),
    ],
)
def test_what_cannot_be_used_is_not_saved(file: Path, line: str, words: str) -> None:
    result = _run("profile", *line.split())
    assert result.exit_code == 2
    assert words in result.stderr
    assert not file.exists()


def test_values_with_odd_letters_come_back(file: Path) -> None:
    odd = 'a "quoted" \\ \U0001f600 name\tof a model'
    _done("profile", "save", "odd", "--model", odd)
    assert _params("x", "y", "--profile", "odd")["model"] == odd
    assert file.exists()
