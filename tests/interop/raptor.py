"""Redland's Raptor (rapper) and Rasqal (roqet), from Debian."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from interop import batch
from interop.tool import CACHE, Question, Refused, Tool, command

if TYPE_CHECKING:
    from pathlib import Path

_SYNTAX: Final = {
    "jiqun.ttl": "turtle",
    "evidence.ttl": "turtle",
    "jiqun.nt": "ntriples",
    "jiqun.nq": "nquads",
    "jiqun.trig": "trig",
    "jiqun.rdf": "rdfxml",
}

_PATIENCE: Final = 60
"""Seconds for a query: roqet evaluates joins in the order they are written."""


def _count(file: Path) -> int:
    lines = command("rapper", "-q", "-i", _SYNTAX[file.name], "-o", "nquads", file)
    return lines.count("\n")


def _roqet(file: Path, questions: list[Question]) -> dict[str, bytes | Refused]:
    folder = batch.write(CACHE / "scratch" / "roqet", questions)
    answers: dict[str, bytes | Refused] = {}
    for each in questions:
        results = "turtle" if each.form == "CONSTRUCT" else "xml"
        words: list[str | Path] = [
            "-q",
            "-i",
            "sparql",
            "-F",
            _SYNTAX[file.name],
            "-D",
            file,
            "-r",
            results,
        ]
        try:
            said = command("roqet", *words, folder / f"{each.name}.rq", patience=_PATIENCE)
            answers[each.name] = said.encode()
        except Refused as reason:
            answers[each.name] = reason
    return answers


def _version(program: str) -> str:
    said = command(program, "--version").strip()
    return re.sub(r"[^\d.].*", "", said.splitlines()[0])


TOOLS: Final = (
    Tool(
        "Raptor rapper",
        "Debian",
        "raptor2-utils",
        lambda: _version("rapper"),
        counts=dict.fromkeys(_SYNTAX, _count),
    ),
    Tool(
        "Rasqal roqet",
        "Debian",
        "rasqal-utils",
        lambda: _version("roqet"),
        answers={"jiqun.nt": _roqet},
        few=True,
    ),
)
