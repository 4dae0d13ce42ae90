"""A release is all that crosses between the two halves of the program."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "server" / "jiqun"
FOUNDATION = {"errors", "vocabulary", "settings", "binding", "names"}
ALLOWED = {
    "errors": set(),
    "vocabulary": set(),
    "settings": set(),
    "binding": set(),
    "names": set(),
    "knowledge": FOUNDATION,
    "endpoint": FOUNDATION,
    "link_commands": FOUNDATION | {"knowledge"},
    "diff_command": {"endpoint"},
    "cli": FOUNDATION | {"knowledge", "endpoint", "link_commands", "diff_command"},
    "__main__": {"cli"},
    "__init__": set(),
}


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_layers(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "jiqun":
            found |= {f"jiqun.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            found.add(node.module or "")
    return {name.split(".")[1] for name in found if name.startswith("jiqun.")}


@pytest.mark.parametrize("name", ALLOWED)
def test_imports_go_one_way(name: str) -> None:
    for path in PACKAGE.rglob("*.py"):
        if layer(path) == name:
            assert imported_layers(path) <= ALLOWED[name] | {name}, path


def imported_at_run_time(path: Path) -> set[str]:
    """Return the modules that a file imports, without those that only its types need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in set(ast.walk(tree)) - guarded:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("half", ["knowledge", "endpoint"])
def test_no_packages_import_each_other(half: str) -> None:
    imports: dict[str, set[str]] = {}
    for path in (PACKAGE / half).rglob("*.py"):
        name = path.relative_to(PACKAGE / half).parts[0].removesuffix(".py")
        below = {
            module.split(".")[2]
            for module in imported_at_run_time(path)
            if module.startswith(f"jiqun.{half}.")
        }
        imports.setdefault(name, set()).update(below - {name})
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the packages


def test_every_module_has_its_layer() -> None:
    assert {layer(path) for path in PACKAGE.rglob("*.py")} == set(ALLOWED)


@pytest.mark.parametrize("folder", ["ontology", "data", "queries"])
def test_the_endpoint_never_reads_the_sources(folder: str) -> None:
    for path in (PACKAGE / "endpoint").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right = node.right
                assert not (isinstance(right, ast.Constant) and right.value == folder), path
