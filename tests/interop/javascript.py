"""N3.js and Comunica, from npm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from interop import batch
from interop.tool import CACHE, HERE, NotInstalled, Question, Tool, command

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT: Final = {
    "jiqun.ttl": "text/turtle",
    "jiqun-1.2.ttl": "text/turtle",
    "evidence.ttl": "text/turtle",
    "jiqun.nt": "application/n-triples",
    "jiqun.nq": "application/n-quads",
    "jiqun.trig": "application/trig",
}
_FOLDER: Final = CACHE / "node"


def node(program: str, *arguments: str | Path) -> str:
    """Run a program of node/ with the installed packages; return what it printed."""
    source = HERE / "node" / program
    copy = _FOLDER / program  # Node.js looks for packages beside the program
    copy.write_bytes(source.read_bytes())
    return command("node", copy, *arguments)


def version(package: str) -> str:
    """Return the version of an installed package; raises `NotInstalled`."""
    path = _FOLDER / "node_modules" / package / "package.json"
    if not path.exists():
        raise NotInstalled(f"{package} is not in .interop/node: make interop-tools")
    return str(json.loads(path.read_text("utf-8"))["version"])


def _count(file: Path) -> int:
    return int(node("count.mjs", file, _FORMAT[file.name]))


def comunica(source: str | Path, kind: str, questions: list[Question]) -> batch.Answers:
    """Let Comunica answer from a dump (its media type as kind) or an endpoint (sparql)."""
    folder = batch.write(CACHE / "scratch" / "comunica", questions)
    node("ask.mjs", source, kind, folder)
    return batch.read(folder, questions)


TOOLS: Final = (
    Tool(
        "N3.js",
        "npm",
        "n3",
        lambda: version("n3"),
        counts=dict.fromkeys(_FORMAT, _count),
    ),
    Tool(
        "Comunica",
        "npm",
        "@comunica/query-sparql",
        lambda: version("@comunica/query-sparql"),
        answers={"jiqun.nq": lambda file, questions: comunica(file, _FORMAT[file.name], questions)},
        few=True,
    ),
)
