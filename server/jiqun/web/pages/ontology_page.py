"""The ontology: its documentation with trees of classes and properties, and its versions.

A term is `…/ontology#Cluster`, so one document has all of them. `/ontology/0.1.0` is the version
that `owl:versionIRI` names; a release has every version as a file that never changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup
from pyoxigraph import Triple

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select, Term, term_of, triple_of
from jiqun.rdf.formats import OWL_FUNCTIONAL, TURTLE
from jiqun.rdf.namespaces import BASE, GRAPH, KG, OWL, compact
from jiqun.release import Dump, Release
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import write
from jiqun.web.linked_data.ontology_terms import (
    OntologyTerm,
    Restriction,
    read_terms,
    read_version,
    versions_of,
)
from jiqun.web.linked_data.representations import ONTOLOGY_SUFFIXES, Target, no_form
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.class_diagram import HEAD, ROW, WIDTH, draw
from jiqun.web.pages.rendering import PHRASES, address, data_links, html_document, render

_IRI: Final = f"{BASE}ontology"
_THING: Final = re.compile(r"id:([a-z0-9-]+)")
_SIGNS: Final = {
    "maxCardinality": "≤",
    "minCardinality": "≥",
    "cardinality": "=",
    "allValuesFrom": "∀",
    "someValuesFrom": "∃",
}

_NO_LANGUAGE: Final = "zxx"
"""BCP 47: what is in no language, such as an identifier."""


@dataclass(frozen=True)
class Branch:
    """A term in a tree, with its subclasses or subproperties."""

    name: str
    label: Text
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class TermView:
    """A term for display; `rows` are pairs of phrase key and cells."""

    name: str
    label: Text
    other_labels: tuple[Text, ...]
    kinds: tuple[str, ...]
    definitions: tuple[Text, ...]
    notes: tuple[Text, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Version:
    """The version of the ontology that is shown: its path on this site, and its number.

    `versions` are all versions of the release, the newest first; `former` is true if this is not
    the current one.
    """

    path: str
    number: str
    versions: tuple[str, ...] = ()
    former: bool = False


def ontology_document(context: Context, reader: Reader, target: Target) -> Document:
    """Return the current ontology as a page or as data. Raises `NotFound`."""
    number, choice = _current(context.release), target.choice
    if choice.format == OWL_FUNCTIONAL:
        body = _functional("/ontology", versions_of(context.release).get(number, {}))
    elif target.is_page:
        body = _page(context, reader, Version("/ontology", number))
    else:
        body = write(context.once(_read_core), choice.format)
    headers = target.resource(_IRI, [f"{OWL}Ontology"], ONTOLOGY_SUFFIXES).headers(choice)
    return _document(body, target, reader, headers)


def ontology_version(context: Context, reader: Reader, target: Target) -> Document:
    """Return a version of the ontology as a page or as data. Raises `NotFound`."""
    files = versions_of(context.release).get(target.slug)
    if files is None:
        raise _no_version(context, target.text)
    path, choice = f"/ontology/{target.slug}", target.choice
    if choice.format == OWL_FUNCTIONAL:
        body = _functional(path, files)
    elif target.is_page:
        body = _page(context, reader, Version(path, target.slug))
    else:
        turtle = files["ttl"].path.read_bytes()
        is_turtle = choice.format == TURTLE
        body = turtle if is_turtle else write(read_version(turtle), choice.format)
    iri = f"{_IRI}/{target.slug}"
    resource = target.resource(iri, [f"{OWL}Ontology"], ONTOLOGY_SUFFIXES)
    headers = replace(resource, latest=f"{target.root}/ontology").headers(choice)
    return _document(body, target, reader, headers)


def _document(body: bytes, target: Target, reader: Reader, headers: dict[str, str]) -> Document:
    if target.is_page:
        return html_document(body.decode(), reader, headers)
    return Document(body, target.choice.content_type, headers=headers)


def _page(context: Context, reader: Reader, version: Version) -> bytes:
    release = context.release
    version = replace(
        version,
        versions=tuple(reversed(versions_of(release))),
        former=version.path != "/ontology" and version.number != _current(release),
    )
    # Of the reader, the terms know the language and the prefix of addresses only.
    plain = Reader(reader.lang, reader.chosen, reader.root)
    terms = context.kept(_terms_of, version.number, plain)
    return render_ontology(version, terms, reader).encode()


def _terms_of(context: Context, number: str, reader: Reader) -> Markup:
    """Return the documentation of the terms of a version; "" is that of no number."""
    release = context.release
    if number in ("", _current(release)):
        alignments = _read_graph(context.select, "alignments")
        core, queries = context.once(_read_core), release.queries.values()
        return render_terms(read_terms(core, alignments, queries), reader)
    core = read_version(versions_of(release)[number]["ttl"].path.read_bytes())
    return render_terms(read_terms(core, (), ()), reader)


def _read_core(select: Select) -> list[Triple]:
    return _read_graph(select, "ontology")


def _read_graph(select: Select, name: str) -> list[Triple]:
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ GRAPH <{GRAPH}{name}> "
        "{ ?subject ?property ?value } }"
    )
    return [triple_of(row) for row in rows]


def _functional(path: str, files: Mapping[str, Dump]) -> bytes:
    if "ofn" not in files:
        raise no_form(path, "ofn", ONTOLOGY_SUFFIXES)
    return files["ofn"].path.read_bytes()


def _no_version(context: Context, text: str) -> NotFound:
    versions = versions_of(context.release)
    slug, _, suffix = text.rpartition(".")
    if slug in versions:
        return no_form(f"/ontology/{slug}", suffix, ONTOLOGY_SUFFIXES)
    if any(term_of(each.subject).value == f"{_IRI}#{text}" for each in context.once(_read_core)):
        return NotFound(f"Terms are fragments of the ontology: /ontology#{text}")
    listed = " ".join(f"/ontology/{each}" for each in versions) or "none"
    return NotFound(
        f"There is no version {shorten(text)} of the ontology in this release. Available: {listed}"
    )


def _current(release: Release) -> str:
    iri = str(release.ontology.get("versionIRI", ""))
    return iri.removeprefix(f"{_IRI}/") if iri.startswith(f"{_IRI}/") else ""


def render_ontology(version: Version, terms: Markup, reader: Reader) -> str:
    """Render the page of a version; `terms` is the documentation of its terms."""
    functional = f"{reader.root}{version.path}.ofn"
    return render(
        "ontology.html",
        reader,
        iri=_IRI,
        version=version,
        terms=terms,
        data=[
            *data_links(version.path, reader),
            ("OWL functional", functional, OWL_FUNCTIONAL.media_type),
        ],
    )


def render_terms(terms: Sequence[OntologyTerm], reader: Reader) -> Markup:
    """Render the diagram of the classes, the trees, and each term folded up."""
    by_iri = {term.iri: term for term in terms}
    text = render(
        "ontology_terms.html",
        reader,
        parts_of_it=[
            (
                key,
                _tree(members, by_iri, reader),
                [_view(each, by_iri, reader) for each in members],
            )
            for key, members in (
                ("classes", [term for term in terms if term.is_class]),
                ("properties", [term for term in terms if not term.is_class]),
            )
        ],
        diagram=draw(terms, reader),
        row_height=ROW,
        box_width=WIDTH,
        head_height=HEAD,
    )
    return Markup(text)  # noqa: S704 -- a template that escapes made it


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
        ("example", tuple(_example(each, reader) for each in term.examples)),
        (
            "used_in",
            tuple(
                Cell("thing", Text(name, _NO_LANGUAGE), reader.link(f"/queries/{name}"))
                for name in term.queries
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
    return Labels({}, reader).resource(iri)


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
    return Cell("web", Text(f"{compact(relation)} {compact(other)}"), address(other, reader))
