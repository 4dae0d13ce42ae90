"""OpenLink Virtuoso, open source edition, from Debian."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from interop import batch
from interop.server import serving
from interop.tool import CACHE, NotInstalled, Question, Refused, Tool, command, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SQL: Final = "127.0.0.1:8164"
_HTTP: Final = "127.0.0.1:8165"
_GRAPH: Final = "https://w3id.org/jiqun/"
_SETTINGS: Final = f"""\
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort = {_SQL}
DirsAllowed = .
NumberOfBuffers = 20000
[HTTPServer]
ServerPort = {_HTTP}
ServerRoot = .
[SPARQL]
ResultSetMaxRows = 1000000
"""
_QUADS: Final = 512
_LOAD: Final = {
    "ttl": f"DB.DBA.TTLP(file_open('{{}}'), '', '{_GRAPH}', 0)",
    "nt": f"DB.DBA.TTLP(file_open('{{}}'), '', '{_GRAPH}', 0)",
    "nq": f"DB.DBA.TTLP(file_open('{{}}'), '', '{_GRAPH}', {_QUADS})",
    "trig": f"DB.DBA.TTLP(file_open('{{}}'), '', '{_GRAPH}', 256)",
    "rdf": f"DB.DBA.RDF_LOAD_RDFXML(file_open('{{}}'), '', '{_GRAPH}')",
}


@contextmanager
def _loaded(file: Path) -> Iterator[None]:
    home = fresh(CACHE / "scratch" / "virtuoso")
    (home / "virtuoso.ini").write_text(_SETTINGS, "utf-8")
    shutil.copy(file, home)
    words = ["virtuoso-t", "+foreground", "+configfile", "virtuoso.ini"]
    with serving(words, home, f"http://{_HTTP}/sparql"):
        _sql(f"{_LOAD[file.suffix[1:]].format(file.name)};")
        yield


def _sql(text: str) -> str:
    said = command("isql-vt", _SQL, "dba", "dba", f"exec={text}")
    if "*** Error" in said:
        raise Refused(said[said.index("*** Error") :][:400])
    return said


def _count(file: Path) -> int:
    """Count the quads of the file's graphs; Virtuoso has some of its own."""
    with _loaded(file):
        said = _sql(
            "SPARQL SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } "
            f"FILTER (STRSTARTS(STR(?g), '{_GRAPH}')) }};"
        )
    found = re.search(r"^(\d+)$", said, re.MULTILINE)
    if not found:
        raise Refused(said[-300:])
    return int(found[1])


def _answers(file: Path, questions: list[Question]) -> batch.Answers:
    with _loaded(file):
        return batch.over_http(f"http://{_HTTP}/sparql?default-graph-uri={_GRAPH}", questions)


def _version() -> str:
    if shutil.which("virtuoso-t") is None:
        raise NotInstalled("apt-get install virtuoso-opensource-7 virtuoso-opensource-7-bin")
    done = subprocess.run(["virtuoso-t", "-?"], capture_output=True, text=True, check=False)
    match = re.search(r"Version ([\d.]+)", done.stdout + done.stderr)
    return match[1] if match else "of an unknown version"


TOOLS: Final = (
    Tool(
        "Virtuoso",
        "Debian",
        "virtuoso-opensource-7-bin",
        _version,
        counts=dict.fromkeys(
            ("jiqun.ttl", "jiqun.nt", "jiqun.nq", "jiqun.trig", "jiqun.rdf"), _count
        ),
        answers={"jiqun.nt": _answers},
    ),
)
