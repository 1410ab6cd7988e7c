"""The words `profile ...`: list, show and save options under a name."""

from typing import Any

import click

from videnhance.cli.job_from_words import options_from
from videnhance.cli.options import KEPT
from videnhance.cli.profiles import (
    given_options,
    profiles_file,
    read_profile,
    read_profiles,
    toml_lines,
    write_profile,
)
from videnhance.cli.sections import Command, in_section, with_options
from videnhance.errors import UsageError, printable
from videnhance.options import ConvertOptions

__all__ = ["profile"]


@click.group()
def profile() -> None:
    """Keeps options under a name, for --profile NAME.

    A profile is a table in a TOML file; what the command line says wins over it.
    """


@profile.command("list", cls=Command)
def list_profiles() -> None:
    """Says which profiles there are, and the file that holds them."""
    file, profiles = printable(profiles_file()), read_profiles()
    for name, table in profiles.items():
        click.echo(f"{printable(name)}: {printable(', '.join(toml_lines(table)))}")
    words = f"in {file}" if profiles else f"{file} has no profile yet"
    click.echo(f"videnhance: {words}", err=True)


@profile.command(cls=Command)
@click.argument("name")
def show(name: str) -> None:
    """Writes the profile NAME, as it stands in its file."""
    table = read_profile(name)
    click.echo("\n".join([f"[{name}]", *toml_lines(table)]))


@profile.command(
    cls=Command,
    short_help="Keeps options as a profile.",
    common=("replace", "scale", "size", "skip", "model", "codec", "crf"),
    examples=(
        "videnhance profile save web --size 1080p --crf 23",
        "videnhance in.mp4 out.mp4 --profile web",
        "videnhance batch films large --profile web --skip 2",
    ),
)
@with_options(
    click.argument("name"),
    in_section("Profile")(
        "--replace", "Replace a profile of this name; else an error.", is_flag=True
    ),
    *KEPT,
)
def save(name: str, replace: bool, **options: Any) -> None:
    """Keeps the options that are given as the profile NAME.

    All options of `convert` can be kept; those of `batch`, `live` and `preview` can be
    written into the file by hand.
    """
    given = given_options(click.get_current_context())
    if not given:
        raise UsageError(
            "profile save: no option is given that the profile could hold; write for "
            f"example: videnhance profile save {printable(name)} --skip 2"
        )
    options_from(options, ConvertOptions)
    file = write_profile(name, given, replace)
    click.echo(f"videnhance: profile {name} is in {printable(file)}", err=True)
