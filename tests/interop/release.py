"""What is given to the tools: the dumps of a release, its queries, and the endpoint's answers."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from interop import batch
from interop.tool import Question, Refused
from jiqun import answers, saved_queries
from jiqun.saved_queries import bind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FEW: Final = (
    "application-network",  # CONSTRUCT
    "applicant-ranking",  # OPTIONAL, BIND, COUNT DISTINCT in a subquery
    "authorities",  # VALUES
    "disagreements",  # GROUP_CONCAT
    "figures-of-year",  # comparison of dates and numbers
    "goals-against-figures",  # NOT EXISTS, LANG
    "is-national-cluster",  # ASK
    "provinces-without-cluster",  # MINUS
    "region-hierarchy",  # property path
    "statements-of-passage",  # GRAPH
    "things-by-name",  # string functions
)
"""The queries for tools that take long: one of each shape."""
_TABLES: Final = (".csv", ".parquet")


@dataclass(frozen=True)
class Release:
    """A release with its files unpacked, and how many statements or rows each is said to hold."""

    name: str
    files: Mapping[str, Path]
    holds: Mapping[str, int]
    questions: Mapping[str, Question]
    counts: Mapping[str, int]


def open_release(folder: Path, scratch: Path) -> Release:
    """Unpack the dumps of a release into a folder of their own in scratch; read its queries."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    scratch /= manifest["release"][:12]
    scratch.mkdir(parents=True, exist_ok=True)
    files = {f"*{ending}": scratch for ending in _TABLES}
    holds = dict.fromkeys(files, 0)
    for name, entry in manifest["files"].items():
        plain = name.removesuffix(".gz")
        if name.endswith(".zst"):
            continue  # the same text as beside it with .gz
        raw = (folder / name).read_bytes()
        files[plain] = scratch / plain
        if not files[plain].exists():
            files[plain].write_bytes(gzip.decompress(raw) if name.endswith(".gz") else raw)
        if (size := _size(entry)) is not None:
            holds[plain] = size
            if files[plain].suffix in _TABLES:
                holds[f"*{files[plain].suffix}"] += size
    return Release(manifest["release"], files, holds, _questions(folder), manifest["counts"])


def _size(entry: Mapping[str, Any]) -> int | None:
    """Return how many statements, rows or features a file holds; a graph's nodes and edges."""
    if "nodes" in entry:
        return int(entry["nodes"]) + int(entry["edges"])
    found = [entry[name] for name in ("triples", "rows", "features") if name in entry]
    return int(found[0]) if found else None


def _questions(folder: Path) -> dict[str, Question]:
    """Read the saved queries with their defaults bound.

    DESCRIBE is left out: SPARQL 1.1 leaves to each engine what it answers (section 16.4).
    """
    served = saved_queries.read_saved_queries((folder / "queries.json").read_bytes())
    questions = {}
    for query in served.values():
        if query.form != "DESCRIBE":
            text = bind(query.text, saved_queries.read_parameters(query, _given(query)))
            questions[query.name] = Question(query.name, query.form, text)
    return questions


def _given(query: saved_queries.SavedQuery) -> dict[str, list[str]]:
    return {name: [value] for name, value in query.example.items()}


def endpoint_answers(url: str, questions: Mapping[str, Question]) -> dict[str, answers.Answer]:
    """Ask the endpoint all questions over HTTP; raises `Refused` if it fails one."""
    found = batch.over_http(f"{url}/sparql", list(questions.values()))
    expected = {}
    for name, raw in found.items():
        if isinstance(raw, Refused):
            raise Refused(f"the endpoint did not answer {name}: {raw}")
        expected[name] = answers.read(raw, questions[name].form)
    return expected
