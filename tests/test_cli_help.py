"""What help tells: sections, effects and defaults, in 80 columns; true examples."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from tests.sources import ROOT
from videnhance.cli import app, fields
from videnhance.cli.help import Command, SectionedOption
from videnhance.options.profiles import write_profile
from videnhance.system.limits import LIMIT_PIXELS

HEAVY = {"av", "cv2", "numpy", "torch", "tqdm"}
EXAMPLE_FILES = ("films", "in", "clips", "stills", "FOLDER")


def _commands(group: click.Group = app, *words: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *words, name)
        yield (*words, name)


def _command(words: tuple[str, ...]) -> click.Command:
    command: click.Command = app
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    return command


def _options(command: click.Command) -> list[click.Option]:
    return [p for p in command.params if isinstance(p, click.Option)]


def _help(*words: str, columns: int = 80) -> str:
    done = CliRunner().invoke(app, words, terminal_width=columns)
    assert done.exit_code == 0, done.output
    return done.output


ALL = [*_commands()]


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_each_option_says_what_it_does(words: tuple[str, ...]) -> None:
    for option in _options(_command(words)):
        told = option.help or ""
        assert len(told.split()) >= 3, option.opts
        assert told[0].isupper(), option.opts
        assert told.endswith("."), option.opts


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_each_value_has_a_unit_and_a_default(words: tuple[str, ...]) -> None:
    context = click.Context(_command(words))
    for option in _options(_command(words)):
        if not isinstance(option, SectionedOption) or option.is_flag:
            continue
        told = " ".join(option.get_help_record(context) or ())
        assert "INTEGER" not in told, option.opts
        assert "FLOAT" not in told, option.opts
        assert "TEXT" not in told, option.opts
        if not option.multiple and not isinstance(option.type, click.Path):
            is_new_part = option.metavar in ("MODEL",)
            known = ("[default", "[required", "; required")
            assert is_new_part or any(word in told for word in known), option.opts


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_fits_the_terminal(words: tuple[str, ...], columns: int) -> None:
    last = "--help-all" if getattr(_command(words), "common", ()) else "--help"
    text, _, examples = _help(*words, last, columns=columns).partition("Examples:")
    assert max(map(len, text.splitlines())) <= columns
    # What is typed is not wrapped.
    assert all(len(line) <= 80 for line in examples.splitlines())


@pytest.mark.parametrize("words", [(), ("model",), ("profile",)])
def test_each_command_has_a_whole_line(words: tuple[str, ...]) -> None:
    assert "..." not in _help(*words, "--help").partition("Commands:")[2]


def test_help_has_no_colours() -> None:
    words = [sys.executable, "-m", "videnhance", "convert", "--help-all"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize("name", ["convert", "batch", "live"])
def test_the_common_options_come_first_and_the_others_are_named(name: str) -> None:
    command = _command((name,))
    assert isinstance(command, Command)
    assert len(command.common) == 10
    short, everything = _help(name, "--help"), _help(name, "--help-all")
    head, _, names = short.partition("More, told by --help-all:")
    for option in _options(command):
        flag = max(option.opts, key=len)
        assert flag in everything
        if option.name in (*command.common, "profile", "preset_file", "help_all"):
            assert f"{flag} " in head
        else:
            assert f" {flag}" in names
            assert f"  {flag} " not in head


def test_the_sections_are_those_that_people_look_for() -> None:
    told = _help("convert", "--help-all")
    for title in ("Output", "Picture", "Speed", "Sound and streams", "Safety"):
        assert f"\n{title}:\n" in told
    assert "\nMachine:\n" in told
    assert told.index("Machine:") < told.index("Examples:")


def test_the_defaults_that_are_written_by_hand_are_true() -> None:
    width, height = map(int, ["8192", "8192"])
    assert "(8192 x 8192)" in _help("convert", "--help-all")
    assert width * height == LIMIT_PIXELS


def _examples() -> Iterator[str]:
    for words in ALL:
        for line in getattr(_command(words), "examples", ()):
            yield line.split("   ")[0]


@pytest.mark.parametrize("line", [*_examples()])
def test_examples_can_be_typed(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    write_profile("web", {"skip": 2}, replace=False)
    for name in EXAMPLE_FILES:
        (tmp_path / name).mkdir()
    in_shell = line.removeprefix('eval "$(').removesuffix(')"').partition(" | ")[0]
    program, *words = shlex.split(in_shell)
    assert program == "videnhance"
    named = [()] + [found for found in ALL if tuple(words[: len(found)]) == found]
    longest = max(named, key=len)
    command = _command(longest or ("convert",))
    root = click.Context(app)
    with command.make_context("example", words[len(longest) :], parent=root):
        pass


def test_help_is_there_at_once() -> None:
    code = (
        "import sys; from videnhance.cli import app\n"
        "for words in (['--help'], ['convert', '--help-all'], ['live', '--help']):\n"
        "    app(words, standalone_mode=False)\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(done.stdout.partition("MODULES")[2].split()) & HEAVY == set()


def test_a_default_of_zero_is_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    # 0 equals False, which a flag has as its default.
    monkeypatch.setitem(fields._FIELDS, "grain", SimpleNamespace(default=0.0))
    monkeypatch.setitem(fields._HINTS, "grain", float)
    assert fields._of_field("grain", False) == {"default": 0.0, "type": float}
