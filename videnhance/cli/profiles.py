"""Profiles: options under a name, in a TOML file in the user's config folder.

A profile is a table whose keys are options without their dashes. What the command line
says wins over the profile, and the profile over the defaults.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from videnhance.cli.help import Command
from videnhance.errors import UsageError, VidenhanceError, nearest, printable

__all__ = [
    "COMMANDS",
    "ProfileCommand",
    "kept_options",
    "profiles_file",
    "read_profile",
    "read_profiles",
    "root_command",
    "toml_lines",
    "write_profile",
]

Profile = dict[str, Any]
_NAME = "videnhance.profile"
_RIVALS = {
    "clean": ("model", "look"),
    "cleans": ("models", "look"),
    "look": ("model", "models", "clean", "cleans"),
    "model": ("clean", "look"),
    "models": ("cleans", "look"),
    "scale": ("size", "fit"),
    "size": ("scale",),
}
"""Options that say the same thing: who gives one does not want the profile's other."""
COMMANDS = ("convert", "batch", "live", "preview")
"""Those that a profile is for."""
_NOT_KEPT = ("profile", "source", "target")


def profiles_file() -> Path:
    """Where this user's profiles are. Raises UsageError for a user without a home."""
    variable, own = {
        "win32": ("APPDATA", "AppData/Roaming"),
        "darwin": ("", "Library/Application Support"),
    }.get(sys.platform, ("XDG_CONFIG_HOME", ".config"))
    named = Path(os.environ.get(variable, ""))
    try:
        place = named if named.is_absolute() else Path.home() / own
    except RuntimeError:
        raise UsageError(
            f"this user has no home, and so no profiles: set {variable or 'HOME'}"
        ) from None
    return place / "videnhance" / "profiles.toml"


def read_profiles() -> dict[str, Profile]:
    """All profiles by name. Raises UsageError, which names the file."""
    return _parsed(_text(profiles_file()))


def read_profile(name: str) -> Profile:
    """The profile of this name. Raises UsageError."""
    profiles = read_profiles()
    if name not in profiles:
        raise UsageError(
            f"{printable(profiles_file())} has no profile {printable(name)}"
            f"{nearest(name, profiles)}; it has: {', '.join(profiles) or 'none'}; "
            "`videnhance profile save NAME` makes one"
        )
    return profiles[name]


def toml_lines(profile: Profile) -> list[str]:
    """As it stands in the file, without its name."""
    # TOML's strings are JSON's, but for the escapes of what is not ASCII.
    return [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in profile.items()
    ]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(
            f"{printable(file)} cannot be read: {error.strerror}; correct its rights"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{printable(file)} is not UTF-8: write it anew") from error


def _parsed(text: str) -> dict[str, Profile]:
    # Loaded here: only few commands need it.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    file = printable(profiles_file())
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}; correct it there") from error
    for name, table in found.items():
        if not isinstance(table, dict):
            raise UsageError(
                f"{file}: {printable(name)} is in no profile; write [NAME] above it"
            )
    return found


def write_profile(name: str, profile: Profile, *, replace: bool) -> Path:
    """Keeps a profile, and the rest of the file as it is; gives the file.

    Raises UsageError.
    """
    file = profiles_file()
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UsageError(
            f"{printable(name)!r} is no name; use letters, digits, - and _"
        )
    text, before = _text(file), read_profiles()
    if name in before and not replace:
        raise UsageError(
            f"{printable(file)} has a profile {name} already: add --replace, or choose "
            "another name"
        )
    # Up to the next table: what others wrote, comments too, stays.
    table = re.compile(rf"^\[{re.escape(name)}\][^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.M)
    rest = table.sub("", text).rstrip("\n")
    lines = [f"[{name}]", *toml_lines(profile)]
    text = "\n".join([rest, "", *lines, ""]).lstrip("\n")
    if _parsed(text) != {**before, name: profile}:
        raise UsageError(f"{printable(file)} has a form of its own: edit it by hand")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise UsageError(
            f"{printable(file)} cannot be written: {error.strerror}; correct its rights"
        ) from error
    return file


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
        self.params.insert(0, option)

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
    name = given.get("profile")
    asks = {p.name for p in ctx.command.get_params(ctx) if p.is_eager}
    if not isinstance(name, str) or given.keys() & asks:
        return
    profile, file = read_profile(name), printable(profiles_file())
    own = kept_options(ctx.command)
    dropped = {rival for word in given for rival in _RIVALS.get(word, ())}
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
    ctx.meta[_NAME] = name
    ctx.default_map = {k: v for k, v in defaults.items() if k not in dropped}


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
        place = f"{printable(profiles_file())}: [{name}] {', '.join(told)}"
        error.args = (f"{error} (in force: {place})",)


def _complete(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    del ctx, param
    try:
        names = read_profiles()
    except UsageError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
