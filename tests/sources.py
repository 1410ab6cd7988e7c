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

    def functions(self) -> Iterator[Function]:
        """Every function, however deep."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package, by name."""
    return tuple(map(_parsed, sorted((ROOT / "videnhance").rglob("*.py"))))


def _parsed(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return Source(name, text, ast.parse(text))
