"""Commands with --profile: what the command line says wins over the profile, and the
profile over the defaults.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from videnhance.cli.help import Command
from videnhance.errors import UsageError, VidenhanceError, nearest, printable
from videnhance.options.profiles import (
    RIVALS,
    Profile,
    profile_in,
    profiles_file,
    read_profile,
    read_profiles,
    shipped_profiles,
)

__all__ = ["COMMANDS", "ProfileCommand", "kept_options", "root_command"]

_NAME = "videnhance.profile"
COMMANDS = ("convert", "batch", "live", "preview")
"""Those that a profile is for."""
_NOT_KEPT = ("preset_file", "profile", "source", "target")


def kept_options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that a profile may hold, by their keys there."""
    options = [p for p in command.params if isinstance(p, click.Option)]
    return {_key(o): o for o in options if not (o.is_eager or o.name in _NOT_KEPT)}


def _key(option: click.Option) -> str:
    words = [word for word in option.opts if word.startswith("--")]
    return max(words, key=len).removeprefix("--") if words else str(option.name)


def root_command(ctx: click.Context, name: str) -> click.Command:
    """The command of this name, from wherever the context is."""
    root = ctx.find_root()
    assert isinstance(root.command, click.Group)
    command = root.command.get_command(root, name)
    assert command is not None
    return command


class ProfileCommand(Command):
    """A command with --profile, which makes a profile its defaults."""

    def __init__(
        self, *given: Any, check: Callable[[dict[str, Any]], object], **named: Any
    ) -> None:
        """`check` raises UsageError for words that the command would refuse."""
        super().__init__(*given, **named)
        self.check = check
        option = click.Option(
            ["--profile"],
            metavar="NAME",
            help="Take the options of a profile; those that are given here win.",
            expose_value=False,
            shell_complete=_complete,
        )
        file = click.Option(
            ["--preset-file"],
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Take the profile from this file: the one that --profile names, or "
            "its only one.",
            expose_value=False,
        )
        self.params[:0] = [option, file]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click, with a profile for the defaults if one is named."""
        if not ctx.resilient_parsing:
            given, _, _ = self.make_parser(ctx).parse_args(list(args))
            _use_profile(ctx, given)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click; an error by a profile names it."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _blame(ctx, error)
            raise


def _use_profile(ctx: click.Context, given: Mapping[str, Any]) -> None:
    """Makes the profile that a command line names its defaults, but where it says more.

    `given` is what the command line says, by parameters. Raises UsageError.
    """
    name, place = given.get("profile"), given.get("preset_file")
    asks = {p.name for p in ctx.command.get_params(ctx) if p.is_eager}
    if (name is None and place is None) or given.keys() & asks:
        return
    name, profile, file = _named(name, place)
    own = kept_options(ctx.command)
    dropped = {rival for word in given for rival in RIVALS.get(word, ())}
    defaults = {}
    for key, value in profile.items():
        where = f"{file}: [{name}] {printable(key)}"
        if key in own:
            defaults[str(own[key].name)] = _checked(
                ctx, own[key], value=value, where=where
            )
        elif key not in _keys_elsewhere(ctx):
            raise UsageError(
                f"{where} is no option{nearest(key, own)}; see `videnhance "
                f"{ctx.command.name} --help-all`"
            )
        else:
            words = f"{where} is not for {ctx.command.name}, and left out"
            click.echo(f"videnhance: {words}", err=True)
    ctx.meta[_NAME] = f"{file}: [{name}]"
    ctx.default_map = {k: v for k, v in defaults.items() if k not in dropped}


def _named(name: object, place: object) -> tuple[str, Profile, str]:
    """A profile's name, what it holds, and where it stands. Raises UsageError."""
    if place is not None:
        path = Path(str(place))
        found, profile = profile_in(path, None if name is None else str(name))
        return found, profile, printable(path)
    return str(name), read_profile(str(name)), printable(profiles_file())


def _keys_elsewhere(ctx: click.Context) -> Iterator[str]:
    for name in COMMANDS:
        yield from kept_options(root_command(ctx, name))


def _checked(
    ctx: click.Context, option: click.Option, *, value: Any, where: str
) -> Any:
    """The value as the option takes it. Raises UsageError."""
    values = value if isinstance(value, list) else [value]
    kinds = (bool,) if option.is_flag else (str, int, float)
    one = isinstance(value, list) and not option.multiple
    if one or not all(isinstance(v, kinds) for v in values):
        wanted = "true or false" if option.is_flag else "a word or a number"
        raise UsageError(f"{where} = {printable(value)} is not possible: use {wanted}")
    if not option.is_flag and any(isinstance(v, bool) for v in values):
        raise UsageError(f"{where} = {printable(value)} is not possible: use a value")
    made = value if option.is_flag else [str(v) for v in values]
    made = made if option.is_flag or option.multiple else made[0]
    try:
        option.process_value(ctx, made)
    except click.UsageError as error:
        raise UsageError(f"{where}: {error.message}") from error
    return made


def _blame(ctx: click.Context, error: VidenhanceError) -> None:
    """Has an error say that what is wrong stands in the profile, if it may be so."""
    name = ctx.meta.get(_NAME)
    if name is None or not ctx.default_map:
        return
    kept = kept_options(ctx.command).items()
    words, told = set(re.split(r"[\s,;:()]+", str(error))), []
    for key, option in kept:
        values = ctx.default_map.get(str(option.name), [])
        values = values if isinstance(values, list) else [values]
        names = {str(value).partition("=")[0] for value in values}
        if values and words & {f"--{key}", *names}:
            told.append(key)
    if told:
        error.args = (f"{error} (in force: {name} {', '.join(told)})",)


def _complete(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    del ctx, param
    try:
        names = [*read_profiles(), *shipped_profiles()]
    except UsageError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
