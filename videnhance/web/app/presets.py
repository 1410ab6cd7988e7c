"""Presets of the app: the profiles of the command line, by their options' fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videnhance.errors import UsageError, printable
from videnhance.options.bounds import option_name
from videnhance.options.profiles import (
    Profile,
    parsed_profiles,
    read_profiles,
    remove_profile,
    shipped_profiles,
    toml_lines,
    write_profile,
)
from videnhance.web.app.choices import OFFERED, merged

__all__ = ["as_json", "as_toml", "from_toml", "preset", "remove", "save"]

_KEYS = {name: option_name(name).removeprefix("--") for name in OFFERED}
_FIELDS = {key: name for name, key in _KEYS.items()}
_IMPORTED = Path("the file that is imported")


def as_json() -> list[dict[str, Any]]:
    """All presets; profiles with options that the app does not offer are left out.

    Raises UsageError for a damaged file.
    """
    own, shipped = read_profiles(), shipped_profiles()
    found = []
    for name, profile in {**shipped, **own}.items():
        options = _options(profile)
        if options is not None:
            ships = name in shipped and name not in own
            found.append({"name": name, "options": options, "ships": ships})
    return found


def preset(name: object) -> dict[str, Any]:
    """The options of a preset. Raises UsageError if there is none."""
    for one in as_json():
        if one["name"] == name:
            options: dict[str, Any] = one["options"]
            return options
    raise UsageError(f"there is no preset {printable(name)}")


def save(name: object, options: Mapping[str, Any]) -> None:
    """Keeps options as a preset, in place of one of this name. Raises UsageError."""
    table = {}
    for field, value in merged({}, options).items():
        table[_KEYS[field]] = not value if field == "audio" else value
    if not isinstance(name, str) or not table:
        raise UsageError("a preset has a name, and an option that is not the default")
    write_profile(name, table, replace=True)


def remove(name: str) -> None:
    """Forgets a preset of the user's own. Raises UsageError."""
    remove_profile(name)


def as_toml() -> str:
    """The user's own presets as a file, for another machine. Raises UsageError."""
    tables = [
        "\n".join([f"[{name}]", *toml_lines(profile), ""])
        for name, profile in read_profiles().items()
    ]
    return "\n".join(tables)


def from_toml(text: str) -> None:
    """Keeps the presets of such a file. Raises UsageError, and then keeps none."""
    found = {}
    for name, profile in parsed_profiles(text, _IMPORTED).items():
        options = _options(profile)
        if options is None:
            raise UsageError(
                f"{printable(name)} has options that the app does not offer: put it "
                "into the file of profiles by hand"
            )
        found[name] = options
    for name, options in found.items():
        save(name, options)


def _options(profile: Profile) -> dict[str, Any] | None:
    """A profile's options by their fields; None if the app lacks one, or a value."""
    options = {}
    for key, value in profile.items():
        if key not in _FIELDS:
            return None
        options[_FIELDS[key]] = not value if key == "no-audio" else value
    try:
        return merged({}, options)
    except UsageError:
        return None
