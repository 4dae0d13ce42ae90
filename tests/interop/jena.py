"""Apache Jena: riot counts, arq and the server Fuseki answer."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from interop import batch, java
from interop.server import serving
from interop.tool import CACHE, Question, Refused, Tool, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PORT: Final = 8161
SECONDS: Final = 60
"""Fuseki's own limit on a query; without one, it goes on with what was given up."""
_LEAST: Final = 21


def _count(file: Path) -> int:
    said = java.run("jena", "riotcmd.riot", "--count", file, least=_LEAST)
    found = re.search(r"= ([\d,]+)", said)
    if not found:
        raise Refused(said)
    return int(found[1].replace(",", ""))


def _arq(file: Path, questions: list[Question]) -> dict[str, bytes | Refused]:
    folder = batch.write(CACHE / "scratch" / "arq", questions)
    answers: dict[str, bytes | Refused] = {}
    for each in questions:
        results = "nt" if each.form == "CONSTRUCT" else "json"
        query = f"--query={folder / each.name}.rq"
        try:
            said = java.run(
                "jena", "arq.arq", f"--data={file}", query, f"--results={results}", least=_LEAST
            )
            answers[each.name] = said.encode()
        except Refused as reason:
            answers[each.name] = reason
    return answers


@contextmanager
def _fuseki(folder: str, *more: str) -> Iterator[str]:
    jar = next(java.jars("jena").glob("*.jar"))
    home = fresh(CACHE / "scratch" / folder)
    root = f"http://127.0.0.1:{_PORT}"
    limits = ["--localhost", f"--port={_PORT}", f"--timeout={1000 * SECONDS}"]
    words = [java.runtime(_LEAST), "-jar", str(jar), *limits]
    with serving([*words, *more], home, f"{root}/$/ping", FUSEKI_BASE=str(home / "run")):
        yield root


@contextmanager
def fuseki(file: Path) -> Iterator[str]:
    """Serve a file from memory; yield the address of its queries."""
    with _fuseki("fuseki", f"--file={file}", "/jiqun") as root:
        yield f"{root}/jiqun/sparql"


@contextmanager
def empty_fuseki() -> Iterator[str]:
    """Serve no dataset, with the administration that makes some on disk; yield the address."""
    with _fuseki("fuseki-empty") as root:
        yield root


def _served(file: Path, questions: list[Question]) -> batch.Answers:
    with fuseki(file) as url:
        return batch.over_http(url, questions)


def _version() -> str:
    java.runtime(_LEAST)
    return java.version("jena", "jena-fuseki-server")


_FILES: Final = (
    "jiqun.ttl",
    "jiqun.nt",
    "jiqun.nq",
    "jiqun.trig",
    "jiqun.rdf",
    "jiqun.jsonld",
    "jiqun-1.2.ttl",
    "evidence.ttl",
)
_PACKAGE: Final = "org.apache.jena:jena-fuseki-server"
TOOLS: Final = (
    Tool(
        "Apache Jena riot, arq",
        "Maven Central",
        _PACKAGE,
        _version,
        counts=dict.fromkeys(_FILES, _count),
        answers={"jiqun.trig": _arq},
        few=True,
    ),
    Tool(
        "Apache Jena Fuseki",
        "Maven Central",
        _PACKAGE,
        _version,
        answers={"jiqun.nq": _served, "jiqun.ttl": _served},
    ),
)
