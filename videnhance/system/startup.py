"""The start and the end of this program's own processes, which load large libraries.

A sixth of loading torch goes into collecting garbage that is none, another sixth into
parts that compilers and exporters need, and taking all down at the end takes a third of
that time once more. What shares a process with other code does none of this.
"""

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

__all__ = ["POSTPONED", "begin", "complete", "end", "ready"]

POSTPONED = ("torch.export", "torch._meta_registrations")
"""Of torch, what a program in TorchScript does without."""
_finders: list["_Finder"] = []
"""Those of this process: none, or one."""


class _Postponed(Loader):
    """Lets a module be imported, and runs it when something of it is asked for."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """The usual one."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Leaves a module that does not know its names yet (PEP 562)."""

        def asked(name: str) -> Any:  # noqa: ANN401
            if name.startswith("__"):  # by the import system
                raise AttributeError(name)
            complete()
            return getattr(module, name)

        module.__dict__["__getattr__"] = asked

    def run(self, module: ModuleType) -> None:
        """Runs it, once."""
        if module.__dict__.pop("__getattr__", None) is not None:
            self._loader.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules that are postponed."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.waiting: dict[str, _Postponed] = {}
        """In the order of their import."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The module's place, with a loader that waits."""
        if any(fullname.startswith(f"{name}.") for name in self.waiting):
            complete()  # what is in a package needs the whole
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = self.waiting[fullname] = _Postponed(spec.loader)
        return spec


def begin(postponed: Sequence[str] = POSTPONED) -> None:
    """Lets what is loaded until `ready` load quickly.

    The named modules wait until one of them is asked for a name, or `complete`.
    """
    gc.disable()
    _finders[:] = [_Finder(postponed)]
    sys.meta_path[:0] = _finders


def ready() -> None:
    """All is loaded: garbage is collected again, but not looked for in what is there.

    Does nothing in a process that has not begun so.
    """
    if _finders and not gc.isenabled():
        gc.freeze()
        gc.enable()


def complete() -> None:
    """Runs the modules that wait: all, in their order, for they need each other."""
    for finder in _finders:
        waiting, finder.waiting = finder.waiting, {}
        for name, loader in waiting.items():
            loader.run(sys.modules[name])


def end(code: int) -> NoReturn:
    """Ends the process, all threads done, without taking its libraries down."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # none, or closed
            stream.flush()
    os._exit(code)
