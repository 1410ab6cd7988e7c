"""Imports point one way, and each library has one home."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator

from tests.sources import ROOT, Source, imported, sources

# A module imports from the rows below its own; a package is one entry, free inside.
ROWS = (
    ("__main__",),
    ("cli",),
    ("web",),
    ("api",),
    ("batch", "live"),
    ("cluster",),
    ("conversion",),
    ("training",),
    ("models",),
    ("quality",),
    ("media",),
    ("pipeline",),
    ("system",),
    ("options",),
    ("frame",),
    ("errors",),
    ("__init__",),
)
HOMES = {
    "av": ("media",),
    "click": ("cli",),
    "concurrent.futures": ("live.models", "system.threads", "training.data"),
    "cv2": (
        "live",
        "pipeline.motion",
        "quality",
        "training.clips",
        "training.data",
        "training.degrade",
    ),
    "distributed": ("cluster",),
    "queue": ("system.threads",),
    "threading": ("models.runtime", "system.latest", "system.threads"),
    "torch": ("models", "quality.vdp", "training"),
    "multiprocessing": ("batch.pool", "system.processes", "training.data", "web.app"),
    "starlette": ("web.app",),
    "uvicorn": ("web.app",),
    "tqdm": ("cli",),
    "watchdog": ("batch.timing",),
    "webview": ("web.app.window",),
}
LAZY = (
    "api",
    "cli",
    "cluster",
    "conversion.comparing",
    "conversion.time_budget",
    "live",
    "pipeline",
    "web.app.previews",
)
"""May import inside functions: they load what is heavy only when it is needed."""


def _short(name: str) -> str:
    return name.removeprefix("videnhance").removeprefix(".") or "__init__"


def _entry(name: str) -> str:
    return _short(name).partition(".")[0]


def _row(name: str) -> int:
    return {entry: i for i, row in enumerate(ROWS) for entry in row}[_entry(name)]


def _imported(tree: ast.AST) -> Iterator[str]:
    """Names that may be modules: `from a import b` gives both a and a.b."""
    for names in imported(tree):
        yield from names


def _optional(tree: ast.AST) -> Iterator[str]:
    """Names of libraries that are loaded by `optional`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "optional":
            yield from (ast.unparse(name).strip("'") for name in node.args)


def _arrows() -> dict[str, set[str]]:
    known = {source.name for source in sources()}
    # The package itself names its rooms for type checkers, and loads none.
    rooms = [s for s in sources() if s.name != "videnhance"]
    return {s.name: known & set(_imported(s.tree)) for s in rooms}


def _is_within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def _may_import(name: str, target: str) -> bool:
    return _row(name) < _row(target) or _entry(name) == _entry(target)


def test_every_module_has_a_row() -> None:
    placed = {entry for row in ROWS for entry in row}
    assert {_entry(source.name) for source in sources()} - placed == set()


def test_imports_point_down() -> None:
    arrows = [(name, target) for name, to in _arrows().items() for target in to]
    assert [arrow for arrow in arrows if not _may_import(*arrow)] == []


def test_imports_make_no_cycle() -> None:
    graphlib.TopologicalSorter(_arrows()).prepare()


def test_imports_are_absolute() -> None:
    relative = {s.name for s in sources() for i in _imported(s.tree) if i[0] == "."}
    assert relative == set()


def test_each_library_stays_at_home() -> None:
    names = {s.name: {*_imported(s.tree), *_optional(s.tree)} for s in sources()}
    strays = {
        (module, library)
        for module, imports in names.items()
        for library, homes in HOMES.items()
        if not _is_within(_short(module), homes)
        if any(_is_within(name, (library,)) for name in imports)
    }
    assert strays == set()


def _prints(source: Source) -> bool:
    nodes = (n.func for n in ast.walk(source.tree) if isinstance(n, ast.Call))
    return any(isinstance(func, ast.Name) and func.id == "print" for func in nodes)


def test_only_the_command_line_prints() -> None:
    assert {_entry(s.name) for s in sources() if _prints(s)} <= {"cli"}


def test_imports_stand_at_the_top() -> None:
    late = {
        source.name
        for source in sources()
        if not _is_within(_short(source.name), LAZY)
        for function in source.functions()
        for _ in _imported(function)
    }
    assert late == set()


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = "import sys, videnhance.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True
    ).stdout.decode()
    assert set(loaded.split()) & {"av", "cv2", "distributed", "numpy", "torch"} == set()


def test_a_conversion_does_not_load_opencv() -> None:
    code = "import sys, videnhance; videnhance.convert; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True
    ).stdout.decode()
    assert "cv2" not in loaded.split()
