"""Loads libraries that are no dependency, or says how to install them."""

from importlib import import_module
from types import ModuleType

from videnhance.errors import MissingLibraryError

__all__ = ["optional"]


def optional(
    name: str, *, extra: str = "", failure: str = "", remedy: str = ""
) -> ModuleType:
    """A library that not every run needs. Raises MissingLibraryError.

    `failure` says what needs it, `remedy` how to get what is in no extra of setup.cfg.
    """
    try:
        return import_module(name)
    except (ImportError, OSError) as error:
        # No index of packages has videnhance.
        install = f"run pip install '.[{extra}]' in the folder of videnhance's source"
        raise MissingLibraryError(
            f"{failure or f'{name} does not load'} ({error}): {remedy or install}"
        ) from error
