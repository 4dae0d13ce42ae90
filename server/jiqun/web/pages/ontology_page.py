"""The ontology as a page: the trees of classes and properties, and each term with what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import KG, OWL, compact
from jiqun.web.addresses import link_target
from jiqun.web.linked_data.ontology_terms import OntologyTerm, Restriction
from jiqun.web.pages.cells import Cell, show
from jiqun.web.pages.class_diagram import HEAD, ROW, WIDTH, draw
from jiqun.web.pages.rendering import PHRASES, render
from jiqun.web.pages.source_page import DATA_FORMS

_THING: Final = re.compile(r"id:([a-z0-9-]+)")
_FUNCTIONAL: Final = ("OWL functional", "ofn", "text/owl-functional")
_SIGNS: Final = {
    "maxCardinality": "≤",
    "minCardinality": "≥",
    "cardinality": "=",
    "allValuesFrom": "∀",
    "someValuesFrom": "∃",
}


@dataclass(frozen=True)
class Branch:
    """A term in a tree, with those below it."""

    name: str
    label: Text
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class TermView:
    """A term as it is shown; `rows` are the phrase for a relation and what stands in it."""

    name: str
    label: Text
    other_labels: tuple[Text, ...]
    kinds: tuple[str, ...]
    definitions: tuple[Text, ...]
    notes: tuple[Text, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class OntologyCard:
    """The ontology as a whole: its address on this site, its version, all versions there are.

    `former` tells that it is a version before the current one.
    """

    path: str
    iri: str
    version: str
    versions: tuple[str, ...] = ()
    former: bool = False


def render_ontology(
    card: OntologyCard,
    terms: Sequence[OntologyTerm],
    reader: Reader,
) -> str:
    """Render the documentation of all terms."""
    by_iri = {term.iri: term for term in terms}
    classes = [term for term in terms if term.is_class]
    properties = [term for term in terms if not term.is_class]
    return render(
        "ontology.html",
        reader,
        card=card,
        parts_of_it=[
            (
                "classes",
                _tree(classes, by_iri, reader),
                [_view(e, by_iri, reader) for e in classes],
            ),
            (
                "properties",
                _tree(properties, by_iri, reader),
                [_view(each, by_iri, reader) for each in properties],
            ),
        ],
        diagram=draw(terms, reader),
        row_height=ROW,
        box_width=WIDTH,
        head_height=HEAD,
        data=[
            (label, f"{reader.root}{card.path}.{suffix}", kind)
            for label, suffix, kind in (*DATA_FORMS, _FUNCTIONAL)
        ],
    )


def _tree(
    terms: Sequence[OntologyTerm], by_iri: Mapping[str, OntologyTerm], reader: Reader
) -> list[Branch]:
    return [
        _branch(each, by_iri, reader, frozenset())
        for each in terms
        if not any(iri in by_iri for iri in each.above)
    ]


def _branch(
    term: OntologyTerm,
    by_iri: Mapping[str, OntologyTerm],
    reader: Reader,
    above: frozenset[str],
) -> Branch:
    seen = above | {term.iri}
    below = [by_iri[iri] for iri in term.below if iri in by_iri and iri not in seen]
    return Branch(
        term.name,
        pick(term.labels, reader),
        tuple(_branch(each, by_iri, reader, seen) for each in below),
    )


def _view(term: OntologyTerm, by_iri: Mapping[str, OntologyTerm], reader: Reader) -> TermView:
    label, definition = pick(term.labels, reader), pick(term.definitions, reader)
    rows = (
        ("kind_of", _cells(term.above, by_iri, reader)),
        ("has_kinds", _cells(term.below, by_iri, reader)),
        ("domain", _cells(term.domains, by_iri, reader)),
        ("range", _cells(term.ranges, by_iri, reader)),
        ("inverse", _cells(term.inverses, by_iri, reader)),
        ("restrictions", tuple(_restriction(each) for each in term.restrictions)),
        ("alignments", tuple(_alignment(each, reader) for each in term.aligned)),
        (
            "example",
            tuple(_example(each, reader) for each in term.examples),
        ),
        (
            "used_in",
            tuple(
                Cell("thing", Text(name), reader.link(f"/queries/{name}")) for name in term.queries
            ),
        ),
    )
    others = tuple(
        Text(words, tag) for tag, words in sorted(term.labels.items()) if words != label.value
    )
    return TermView(
        term.name,
        label,
        others,
        tuple(PHRASES[f"nature_{each.removeprefix(OWL)}"][reader.lang] for each in term.natures),
        (definition,) if definition.value else (),
        (pick(term.notes, reader),) if term.notes else (),
        tuple((key, cells) for key, cells in rows if cells),
    )


def _cells(
    iris: Sequence[str], by_iri: Mapping[str, OntologyTerm], reader: Reader
) -> tuple[Cell, ...]:
    return tuple(_cell(iri, by_iri, reader) for iri in iris)


def _cell(iri: str, by_iri: Mapping[str, OntologyTerm], reader: Reader) -> Cell:
    if iri in by_iri:
        name = pick(by_iri[iri].labels, reader)
        return Cell("thing", name, f"#{iri.removeprefix(KG)}", compact(iri))
    return show(Term("uri", iri), {}, reader)


def _restriction(restriction: Restriction) -> Cell:
    sign = _SIGNS.get(restriction.kind, restriction.kind)
    value = compact(restriction.value.value)
    return Cell(
        "text",
        Text(f"{compact(restriction.property)} {sign} {value}"),
        f"#{restriction.property.removeprefix(KG)}"
        if restriction.property.startswith(KG)
        else None,
    )


def _example(term: Term, reader: Reader) -> Cell:
    found = _THING.fullmatch(term.value)
    if found is not None:
        return Cell("thing", Text(term.value), reader.link(f"/id/{found[1]}"))
    return Cell("text", Text(term.value, term.lang or "en"))


def _alignment(pair: tuple[str, str], reader: Reader) -> Cell:
    relation, other = pair
    target = link_target(other)
    href = reader.link(target) if target and target.startswith("/") else target
    return Cell("web", Text(f"{compact(relation)} {compact(other)}"), href)
