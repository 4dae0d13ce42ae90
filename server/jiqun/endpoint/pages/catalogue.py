"""The description of the dataset as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.catalogue.reading import Said
from jiqun.endpoint.catalogue.words import DCAT, DCTERMS, FOAF, TYPE, VOID
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.reader import pick
from jiqun.endpoint.terms import compact
from jiqun.vocabulary import CATALOGUE, DATASET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jiqun.endpoint.linked.graph import Statement
    from jiqun.endpoint.reader import Reader, Text
    from jiqun.endpoint.release import Release

_RDFS_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
_NUMBERS: Final = {
    "triples": "count_triples",
    "entities": "catalogue_entities",
    "classes": "catalogue_classes",
    "properties": "catalogue_properties",
}


@dataclass(frozen=True)
class Service:
    """A service: what it is called, what it does, where it is."""

    title: Text
    description: Text
    address: str


@dataclass(frozen=True)
class Linkset:
    """The links of one kind to one dataset."""

    title: str
    target: str
    predicate: str
    links: str


def render_catalogue(statements: Iterable[Statement], release: Release, reader: Reader) -> str:
    """Render the description of the dataset."""
    said = Said(statements)
    period = f"{DATASET}#period"

    def words(subject: str, predicate: str) -> Text:
        return pick(said.words(subject, predicate), reader)

    return render(
        "catalogue.html",
        reader,
        release=release,
        title=words(DATASET, f"{DCTERMS}title"),
        description=words(DATASET, f"{DCTERMS}description"),
        counts=[
            (key, said.one(DATASET, VOID + name))
            for name, key in _NUMBERS.items()
            if said.one(DATASET, VOID + name)
        ],
        publisher=words(f"{DATASET}#publisher", f"{FOAF}name"),
        provenance=words(f"{DATASET}#provenance", _RDFS_LABEL),
        modified=said.one(DATASET, f"{DCTERMS}modified"),
        period=[said.one(period, f"{DCAT}{each}Date") for each in ("start", "end")],
        licence=LICENCE,
        services=[
            Service(
                words(each.value, f"{DCTERMS}title"),
                words(each.value, f"{DCTERMS}description"),
                said.one(each.value, f"{DCAT}endpointURL"),
            )
            for each in said.all(CATALOGUE, f"{DCAT}service")
        ],
        linksets=list(_linksets(said)),
        dumps=[(dump, pick(dump.title, reader)) for dump in release.dumps.values()],
    )


def _linksets(said: Said) -> Iterator[Linkset]:
    for whole in said.all(DATASET, f"{VOID}subset"):
        for part in said.all(whole.value, f"{VOID}subset"):
            if said.one(part.value, TYPE):
                yield Linkset(
                    said.one(whole.value, f"{DCTERMS}title"),
                    said.one(part.value, f"{VOID}objectsTarget"),
                    compact(said.one(part.value, f"{VOID}linkPredicate")),
                    said.one(part.value, f"{VOID}triples"),
                )
