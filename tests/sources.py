"""The package's modules, parsed: what the house rules are checked on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import videnhance

ROOT = Path(videnhance.__file__).parent.parent

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One module of the package."""

    name: str
    """Dotted; a package stands for its `__init__.py`."""
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    def imports(self) -> frozenset[str]:
        """The modules of the package that it imports, wherever in it.

        `from a import b` is an import of `a.b` if that is a module, else of `a`.
        """
        known = _names()
        return frozenset(
            next(name for name in named if name in known)
            for named in imported(self.tree)
            if known & {*named}
        )

    def functions(self) -> Iterator[Function]:
        """Every function, however deep."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package, by name."""
    return tuple(map(_parsed, sorted((ROOT / "videnhance").rglob("*.py"))))


@cache
def _names() -> frozenset[str]:
    return frozenset(source.name for source in sources())


def imported(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """What may be a module in each import, from the longest name on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((f"{module}.{alias.name}", module) for alias in node.names)


def importers() -> dict[str, frozenset[str]]:
    """For each module of the package the modules that import it."""
    imports = {source.name: source.imports() for source in sources()}
    return {
        name: frozenset(by for by, to in imports.items() if name in to)
        for name in imports
    }


def _parsed(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return Source(name, text, ast.parse(text))
