"""Profiles: options under a name, in a TOML file in the user's config folder.

A profile is a table whose keys are options without their dashes. Some come along.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from videnhance.errors import UsageError, nearest, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "RIVALS",
    "Profile",
    "parsed_profiles",
    "profile_in",
    "profiles_file",
    "read_profile",
    "read_profiles",
    "remove_profile",
    "shipped_profiles",
    "toml_lines",
    "write_profile",
]

Profile = dict[str, Any]
_SHIPPED = Path(__file__).parent.parent / "assets" / "profiles.toml"
_TIMES = ("target_fps", "realtime", "deadline", "skip")
RIVALS: Mapping[str, tuple[str, ...]] = {
    "clean": ("model", "look"),
    "cleans": ("models", "look"),
    "look": ("model", "models", "clean", "cleans"),
    "model": ("clean", "look"),
    "models": ("cleans", "look"),
    "scale": ("size", "fit"),
    "size": ("scale",),
    **{one: tuple(other for other in _TIMES if other != one) for one in _TIMES},
}
"""Options that say the same thing: who gives one does not want the profile's other."""


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
    """This user's profiles by name. Raises UsageError, which names the file."""
    return parsed_profiles(_text(profiles_file()), profiles_file())


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """Those that come with the package."""
    return parsed_profiles(_SHIPPED.read_text(encoding="utf-8"), _SHIPPED)


def read_profile(name: str) -> Profile:
    """The user's profile of this name, or one that comes along. Raises UsageError."""
    profiles = {**shipped_profiles(), **read_profiles()}
    if name not in profiles:
        raise UsageError(
            f"{printable(profiles_file())} has no profile {printable(name)}"
            f"{nearest(name, profiles)}; it has: {', '.join(read_profiles()) or 'none'}"
            f"; {', '.join(shipped_profiles())} come along; `videnhance profile save "
            "NAME` makes one"
        )
    return profiles[name]


def profile_in(file: Path, name: str | None) -> tuple[str, Profile]:
    """A profile of another file and its name: without one, the only one there.

    Raises UsageError.
    """
    if not file.is_file():
        raise UsageError(f"{printable(file)} is no file of profiles: check the name")
    profiles = parsed_profiles(_text(file), file)
    if name is None and len(profiles) == 1:
        return next(iter(profiles.items()))
    if name is None or name not in profiles:
        raise UsageError(
            f"{printable(file)} has the profiles {', '.join(profiles) or 'none'}: name "
            "one of them by --profile"
        )
    return name, profiles[name]


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


def parsed_profiles(text: str, file: Path) -> dict[str, Profile]:
    """The profiles in the text of a file. Raises UsageError, which names the file."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{printable(file)} is not TOML: {error}; correct it there"
        ) from error
    for name, table in found.items():
        if not isinstance(table, dict):
            raise UsageError(
                f"{printable(file)}: {printable(name)} is in no profile; write [NAME] "
                "above it"
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
    before = read_profiles()
    if name in before and not replace:
        raise UsageError(
            f"{printable(file)} has a profile {name} already: add --replace, or choose "
            "another name"
        )
    lines = ["", f"[{name}]", *toml_lines(profile), ""]
    text = "\n".join([_without(name, _text(file)), *lines]).lstrip("\n")
    return _written(text, {**before, name: profile})


def remove_profile(name: str) -> Path:
    """Forgets a profile of this user; the rest of the file stays. Raises UsageError."""
    before = read_profiles()
    if name not in before:
        raise UsageError(
            f"{printable(profiles_file())} has no profile {printable(name)}"
            f"{nearest(name, before)}"
        )
    del before[name]
    return _written(f"{_without(name, _text(profiles_file()))}\n", before)


def _without(name: str, text: str) -> str:
    # Up to the next table: what others wrote, comments too, stays.
    table = re.compile(rf"^\[{re.escape(name)}\][^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.M)
    return table.sub("", text).rstrip("\n")


def _written(text: str, profiles: dict[str, Profile]) -> Path:
    """Writes the file, if its text means these profiles. Raises UsageError."""
    file = profiles_file()
    if parsed_profiles(text, file) != profiles:
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
