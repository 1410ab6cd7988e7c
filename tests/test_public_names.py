"""Each module says what it offers, and documents it."""

import ast
import importlib

import pytest

from tests.sources import Source, sources

LIBRARY = [s for s in sources() if not s.name.endswith(".__main__")]
"""What is imported rather than run."""


def _order(name: str) -> tuple[bool, bool, str]:
    """Constants, then types, then functions: the order that ruff's RUF022 makes."""
    return not name.isupper(), not name[0].isupper(), name


@pytest.mark.opencv
@pytest.mark.parametrize("source", LIBRARY, ids=lambda s: s.name)
def test_public_names_exist_and_are_sorted(source: Source) -> None:
    module = importlib.import_module(source.name)
    names: list[str] = module.__all__
    assert names == sorted(set(names), key=_order)
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("source", sources(), ids=lambda s: s.name)
def test_modules_and_public_definitions_have_docstrings(source: Source) -> None:
    assert ast.get_docstring(source.tree)
    bare = [
        node.name
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_each_name_has_one_home() -> None:
    homes: dict[str, set[str]] = {}
    for source in LIBRARY:
        taken = {
            alias.asname or alias.name
            for node in source.tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        offered: set[str] = set(importlib.import_module(source.name).__all__)
        if passed_on := offered & taken:
            homes[source.name] = passed_on
    assert homes == {}
