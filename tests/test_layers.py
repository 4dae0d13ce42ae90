"""Imports go one way, and the two halves of the program share nothing but a release and `rdf`."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "server" / "jiqun"
BASICS = {"errors", "settings", "names", "compression", "rdf"}
READING = BASICS | {"saved_queries", "release", "language", "outbound"}
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "settings": {"errors"},
    "compression": set(),
    "names": set(),
    "rdf": {"errors"},
    "saved_queries": BASICS,
    "language": BASICS,
    "release": BASICS | {"saved_queries"},
    "outbound": BASICS,
    "query": READING,
    "search": READING,
    "difference": READING,
    "reconciliation": READING | {"query", "search"},
    "writing": READING | {"query"},
    "answers": set(),
    "operator_commands": READING | {"ask", "publishing", "terminal", "writing"},
    "publishing": READING | {"query", "answers"},
    "run_query": READING | {"query", "web", "terminal"},
    "web": READING | {"query", "search", "reconciliation", "writing", "difference"},
    "agents": READING | {"query", "search", "web"},
    "knowledge": BASICS | {"saved_queries", "outbound"},
    "terminal": set(),
    "ask": READING | {"query", "search", "web", "agents", "run_query", "terminal"},
    "cli": READING
    | {"knowledge", "query", "writing", "difference", "run_query", "web", "agents", "terminal"}
    | {"ask", "operator_commands"},
    "__main__": {"cli"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def layer(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path, *, at_start: bool = False) -> set[str]:
    """Return the modules of ours that a file imports; `at_start` leaves out lazy imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body if at_start else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in MODULES else node.module or "")
    return {name for name in found if name in MODULES}


def test_every_module_has_its_layer() -> None:
    assert {layer(module) for module in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    own = layer(module)
    for imported in imports(MODULES[module]):
        assert layer(imported) in ALLOWED[own] | {own}, f"{module} imports {imported}"


def test_no_modules_import_each_other() -> None:
    graph = {
        name: imports(path, at_start=True) - {name, "jiqun.__init__"}
        for name, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_no_import_is_for_types_only() -> None:
    for path in MODULES.values():
        assert "TYPE_CHECKING" not in path.read_text(encoding="utf-8"), path


def test_file_names_are_unique() -> None:
    names = [path.name for path in MODULES.values() if path.name != "__init__.py"]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("folder", ["ontology", "data", "queries"])
def test_only_the_knowledge_side_reads_the_sources(folder: str) -> None:
    for module, path in MODULES.items():
        if layer(module) == "knowledge":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right = node.right
                assert not (isinstance(right, ast.Constant) and right.value == folder), path
