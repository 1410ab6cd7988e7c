"""Modules and functions stay small."""

import ast
from collections import Counter
from collections.abc import Iterator
from statistics import median, quantiles

from tests.sources import ROOT, Function, Source, importers, sources

MOST_IMPORTS = 15
"""Modules of the package that one imports: more is too far for a reader to go."""
ONE_IMPORTER = 0.2
"""Of the modules, how many may be of use to one other alone: more are parts of it."""
MOST_LINES = {
    "media": 16_750,
    "live": 4_200,
    "cli": 4_300,
    "conversion": 3_700,
    "pipeline": 3_300,
    "models": 2_800,
    "batch": 2_350,
    "cluster": 1_400,
    "system": 1_300,
}
"""Of a room: what comes in takes the place of something, or the bound is moved on
purpose."""
ROOTS = {
    # Each puts a command, a conversion, an output or a reader together from its parts.
    *("api", "cli", "cli.batch", "cli.convert", "cli.model"),
    *("conversion.resolve", "conversion.run", "cluster.executor", "cluster.worker"),
    *("media.reader.video_reader", "media.stills.animation_writer"),
    *("media.output.header", "web.app.previews"),
    # It looks at everything that may be missing on a machine.
    "cli.doctor",
}
EMPTY_NAMES = {"base", "common", "core", "helpers", "manager", "misc", "utils"}


def _functions() -> list[tuple[Source, Function]]:
    return [(source, node) for source in sources() for node in source.functions()]


def _where(source: Source, node: Function) -> str:
    return f"{source.name}:{node.lineno} {node.name}"


def _lines(node: Function) -> int:
    """Lines of the body, without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _parameters(node: Function) -> Iterator[ast.arg]:
    """All but a method's own object."""
    listed = node.args
    given = (*listed.posonlyargs, *listed.args, *listed.kwonlyargs)
    yield from (arg for arg in given if arg.arg not in {"self", "cls"})
    yield from (arg for arg in (listed.vararg, listed.kwarg) if arg)


def _is_annotated(node: Function) -> bool:
    return bool(node.returns) and all(arg.annotation for arg in _parameters(node))


def test_modules_are_short() -> None:
    lines = {source.name: source.text.count("\n") for source in sources()}
    assert {name: n for name, n in lines.items() if n > 350} == {}
    # A module that one other module needs is a part of it; merging these costs some.
    assert median(lines.values()) <= 165


def test_rooms_do_not_grow_by_themselves() -> None:
    lines: Counter[str] = Counter()
    for source in sources():
        room = source.name.removeprefix("videnhance.").partition(".")[0]
        lines[room] += source.text.count("\n")
    assert {n: lines[n] for n, most in MOST_LINES.items() if lines[n] > most} == {}


def test_modules_are_named_for_what_they_own() -> None:
    named = {part for source in sources() for part in source.name.split(".")}
    assert named & EMPTY_NAMES == set()


def test_few_entries_stand_at_the_top() -> None:
    names = {path.name for path in (ROOT / "videnhance").iterdir()}
    entries = {n for n in names if not n.startswith("_")} - {"assets", "py.typed"}
    assert len(entries) <= 16, sorted(entries)


def test_modules_import_few_others() -> None:
    imports = {s.name.removeprefix("videnhance."): s.imports() for s in sources()}
    many = {name for name, to in imports.items() if len(to) > MOST_IMPORTS}
    assert many - ROOTS == set()


def test_few_modules_serve_one_other() -> None:
    # What is run, not imported, is not counted: the package itself and __main__.
    by = {
        name: modules
        for name, modules in importers().items()
        if name != "videnhance" and not name.endswith("__main__")
    }
    single = sorted(name for name, modules in by.items() if len(modules) == 1)
    assert len(single) <= ONE_IMPORTER * len(by), single


def test_functions_are_short() -> None:
    lines = {_where(source, node): _lines(node) for source, node in _functions()}
    assert {name: n for name, n in lines.items() if n > 60} == {}
    assert quantiles(lines.values(), n=20)[-1] <= 35


def test_functions_take_few_parameters() -> None:
    # A command's parameters are its options.
    functions = [(s, f) for s, f in _functions() if s.name != "videnhance.cli"]
    many = [_where(s, f) for s, f in functions if len([*_parameters(f)]) > 6]
    assert many == []


def test_functions_are_annotated() -> None:
    assert [_where(s, f) for s, f in _functions() if not _is_annotated(f)] == []


def test_errors_are_caught_by_name() -> None:
    bare = [
        f"{source.name}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and not node.type
    ]
    assert bare == []
