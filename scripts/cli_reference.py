#!/usr/bin/env python3
"""Writes docs/cli.md: the help of every command, as the command line prints it."""

from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from videnhance.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
WIDTH = 88
HEAD = """# The command line

Every command with all its options, made by `scripts/cli_reference.py`. A path in the
first place means `convert`: `videnhance in.mp4 out.mp4`.
"""


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Each command of the group and of the groups in it, as the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        elif not command.hidden:
            yield (*path, name)


def help_of(words: tuple[str, ...]) -> str:
    """All options of a command, as it prints them."""
    size = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    for option in ("--help-all", "--help"):
        done = CliRunner().invoke(app, [*words, option], prog_name="videnhance", **size)
        if done.exit_code == 0:
            return done.output.rstrip()
    raise SystemExit(f"videnhance {' '.join(words)} has no help: {done.output}")


def page() -> str:
    """The whole reference, in Markdown."""
    parts = [HEAD]
    for words in commands(app):
        parts.append(f"## `videnhance {' '.join(words)}`\n")
        parts.append(f"```text\n{help_of(words)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
