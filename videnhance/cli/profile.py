"""The words `profile ...`: list, show and save options under a name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from videnhance.cli.help import Command, in_section, with_options
from videnhance.cli.profiles import COMMANDS, ProfileCommand, kept_options, root_command
from videnhance.errors import UsageError, printable
from videnhance.options.profiles import (
    profiles_file,
    read_profile,
    read_profiles,
    shipped_profiles,
    toml_lines,
    write_profile,
)

__all__ = ["profile"]

_FOR = "videnhance.profile_for"
_option = in_section("Profile")


@click.group()
def profile() -> None:
    """Keeps options under a name, for --profile NAME.

    A profile is a table in a TOML file; what the command line says wins over it.
    """


@profile.command("list", cls=Command)
def list_profiles() -> None:
    """Says which profiles there are, and the file that holds them."""
    file, profiles = printable(profiles_file()), read_profiles()
    shipped = {k: v for k, v in shipped_profiles().items() if k not in profiles}
    for name, table in {**profiles, **shipped}.items():
        click.echo(f"{printable(name)}: {printable(', '.join(toml_lines(table)))}")
    words = f"in {file}" if profiles else f"{file} has no profile yet"
    words += f"; {', '.join(shipped)} come along"
    click.echo(f"videnhance: {words}", err=True)


@profile.command(cls=Command)
@click.argument("name")
def show(name: str) -> None:
    """Writes the profile NAME, as it stands in its file."""
    table = read_profile(name)
    click.echo("\n".join([f"[{name}]", *toml_lines(table)]))


class _SaveCommand(Command):
    """Knows the options of the command that --for names, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click; --for is looked for first."""
        after = [args[n + 1] for n, word in enumerate(args[:-1]) if word == "--for"]
        joined = [word[6:] for word in args if word.startswith("--for=")]
        for name in (*after, *joined):
            option = next(p for p in self.params if p.name == "command")
            ctx.meta[_FOR] = option.type.convert(name, option, ctx)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own, and those that the profile may hold."""
        command = root_command(ctx, ctx.meta.get(_FOR, COMMANDS[0]))
        return [*super().get_params(ctx), *kept_options(command).values()]


@profile.command(
    cls=_SaveCommand,
    short_help="Keeps options as a profile.",
    common=("replace", "command", "scale", "size", "skip", "model", "codec", "crf"),
    examples=(
        "videnhance profile save web --size 1080p --crf 23",
        "videnhance in.mp4 out.mp4 --profile web",
        "videnhance batch films large --profile web --skip 2",
        "videnhance profile save two --for batch --jobs 2 --to mkv",
    ),
)
@with_options(
    # `batch` has an option --name.
    click.argument("profile_name", metavar="NAME"),
    _option(
        "--replace", "Replace a profile of this name; else an error.", is_flag=True
    ),
    _option(
        "--for",
        "Whose options are kept; other commands take those that they know.",
        name="command",
        default=COMMANDS[0],
        type=click.Choice(COMMANDS),
    ),
)
def save(profile_name: str, replace: bool, command: str, **options: Any) -> None:
    """Keeps the options that are given as the profile NAME.

    All options of `convert` can be kept, and with --for those of `batch`, `live` and
    `preview`.
    """
    ctx = click.get_current_context()
    chosen = root_command(ctx, command)
    given = {
        key: _plain(ctx.params[str(option.name)])
        for key, option in kept_options(chosen).items()
        if ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    }
    if not given:
        raise UsageError(
            "profile save: no option is given that the profile could hold; write for "
            f"example: videnhance profile save {printable(profile_name)} --skip 2"
        )
    assert isinstance(chosen, ProfileCommand)
    chosen.check(options)
    file = write_profile(profile_name, given, replace=replace)
    click.echo(f"videnhance: profile {profile_name} is in {printable(file)}", err=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{key}={word}" for key, word in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value
