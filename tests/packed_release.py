"""A small dataset of an operator, packed as a release: three files, two graphs, one saved query."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from jiqun.knowledge.release.packing import Packing, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jiqun.knowledge.release.packing import Statistics

BASE: Final = "http://data.example.org/"
TURTLE: Final = f"""\
@prefix ex: <{BASE}id/> .
@prefix t: <{BASE}terms#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
t:Firm rdfs:label "Firm"@en , "企业"@zh-Hans .
ex:ant a t:Firm ; rdfs:label "Ant Works"@en , "蚂蚁工厂"@zh-Hans ; skos:altLabel "Antw" ;
  rdfs:comment "Makes <small> things" ; t:seat ex:north-town ; t:staff 012 .
ex:bee a t:Firm ; rdfs:label "Bee Works"@en ; t:seat ex:north-town .
ex:north-town skos:prefLabel "North Town"@en .
ex:nameless a t:Thing .
"""
QUADS: Final = f"""\
<{BASE}id/ant> <{BASE}terms#seat> <{BASE}id/north-town> <{BASE}graph/a> .
<{BASE}id/bee> <{BASE}terms#seat> <{BASE}id/south-town> <{BASE}graph/b> .
"""
QUERY: Final = f"""\
#+ summary: Firms of a town
#+ description: The firms with their seat in a town.
#+ parameters:
#+   - town: The town.
#+ defaults:
#+   - town: {BASE}id/north-town
#+ tags: [firms]
SELECT ?firm WHERE {{ ?firm <{BASE}terms#seat> ?_town_iri }} ORDER BY ?firm
"""


@contextmanager
def silent(_name: str, _total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


def write_files(folder: Path) -> list[Path]:
    """Write the files of the dataset; the queries are in `queries/`."""
    (folder / "queries").mkdir(parents=True)
    (folder / "queries" / "firms-of-a-town.rq").write_text(QUERY, "utf-8")
    (folder / "firms.ttl").write_text(TURTLE, "utf-8")
    (folder / "evidence.nq.gz").write_bytes(gzip.compress(QUADS.encode()))
    return [folder / "firms.ttl", folder / "evidence.nq.gz"]


def pack_files(folder: Path, release: Path, **options: object) -> Statistics:
    """Pack the dataset, in a folder that is made for it, as a release."""
    files = write_files(folder)
    packing = Packing("Firms", "2026.1", queries=folder / "queries", **options)  # type: ignore[arg-type]
    return pack(files, release, packing, silent)
