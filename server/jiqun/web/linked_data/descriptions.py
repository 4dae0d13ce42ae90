"""RDF descriptions of resources: looked up, and written in every RDF format, in a fixed order.

The description of a thing consists of its triples, those of the facts about it (figures,
applications, designations …), the labels of everything they mention, and the evidence: for each
statement of a passage its reification, with the same IRI as in `evidence.ttl`, the passage with its
quotes, and the source.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from pyoxigraph import NamedNode, Triple, serialize

from jiqun.query.solutions import Row, Select, Term, term_of, triple_of
from jiqun.rdf.earlier_versions import EARLIEST, NEWEST, EarlierVersion
from jiqun.rdf.formats import JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, Format
from jiqun.rdf.namespaces import (
    BASE,
    DCTERMS,
    EVIDENCE,
    FOAF,
    GRAPH,
    ID,
    KG,
    LICENCE,
    PREFIXES,
    QUERY,
    RDF,
    RDF_TYPE,
    RDFS,
    RDFS_LABEL,
    SLUG,
    SOURCE,
    is_absolute_iri,
)
from jiqun.rdf.terms import language_tag, link, ntriples, statement_iri, text, triple_line
from jiqun.rdf.turtle import rdf_xml
from jiqun.web.documents import Document
from jiqun.web.negotiation import Choice

Description = Mapping[str, Sequence[Term]]
"""The values of each property of one resource, ordered by value and language."""

_IN_TURTLE: Final = re.compile(r'<[^<>]*>|"(?:[^"\\]|\\.)*"(?:@([A-Za-z0-9-]+))?', re.DOTALL)
Stated = tuple[str, Triple]
"""The IRI of a graph and a triple in it."""

MAX_FACTS: Final = 500
"""Maximum number of facts about a thing in its description."""

_ABOUT: Final = " ".join(
    f"<{KG}{name}>" for name in ("about", "applicationFor", "designates", "participationIn")
)
_BATCH: Final = 400
NOT_SHAPES: Final = f"FILTER (?graph != <{GRAPH}shapes>)"


def descriptions(triples: Iterable[Triple]) -> defaultdict[str, Description]:
    """Return the description of each subject, by IRI or label of a blank node.

    Subjects without triples have an empty one.
    """
    found: defaultdict[str, defaultdict[str, list[Term]]]
    found = defaultdict(lambda: defaultdict(list))
    for subject, predicate, value in triples:
        found[term_of(subject).value][predicate.value].append(term_of(value))
    ordered = {
        subject: {
            predicate: sorted(values, key=lambda term: (term.value, term.lang))
            for predicate, values in properties.items()
        }
        for subject, properties in found.items()
    }
    return defaultdict(dict, ordered)


def first(description: Description, predicate: str) -> str:
    """Return the first value of a property as text, or ""."""
    return next((term.value for term in description.get(predicate, ())), "")


def texts(description: Description, predicate: str) -> dict[str, str]:
    """Return the values of a property by language, the first of each."""
    found: dict[str, str] = {}
    for term in description.get(predicate, ()):
        found.setdefault(term.lang, term.value)
    return found


def write(
    triples: Iterable[Triple],
    format_: Format,
    prefixes: Mapping[str, str] = PREFIXES,
    version: str = EARLIEST,
) -> bytes:
    """Write triples in a format and version of RDF, each once, sorted by subject, evidence last.

    Language tags are written in canonical case (`zh-Hans`), which pyoxigraph does not preserve.
    Only used `prefixes` are declared.
    """
    if version != NEWEST or format_ == JSON_LD:
        triples = EarlierVersion(version).triples(triples)
    ordered = sorted(set(triples), key=_order)
    if format_ in {N_TRIPLES, N_QUADS}:
        return "".join(f"{triple_line(each)}\n" for each in ordered).encode()
    used = _used(ordered, prefixes)
    if format_ == RDF_XML:
        return rdf_xml(ordered, used).encode()
    plain = (serialize(ordered, format=format_.oxigraph, prefixes=used) or b"").decode()
    if format_ == JSON_LD:
        document = json.loads(plain, object_hook=_with_usual_tag)
        return json.dumps(document, ensure_ascii=False, indent=1).encode()
    lines = plain.split("\n")
    count = sum(1 for _ in takewhile(lambda line: line.startswith("@prefix "), lines))
    return _IN_TURTLE.sub(
        _usual_tag, "\n".join((*sorted(lines[:count]), "", *lines[count:]))
    ).encode()


def rdf_document(
    triples: Iterable[Triple],
    choice: Choice,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    prefixes: Mapping[str, str] = PREFIXES,
) -> Document:
    """Return triples as a document in the chosen format and version of RDF."""
    body = write(triples, choice.format, prefixes, choice.rdf_version)
    vary = {"Vary": "Accept, Accept-Encoding"}
    return Document(body, choice.content_type, status, vary if headers is None else headers)


def _order(triple: Triple) -> tuple[bool, str, str, str]:
    subject = ntriples(triple.subject)
    evidence = subject.startswith(f"<{EVIDENCE}")
    return evidence, subject, triple.predicate.value, ntriples(triple.object)


def _used(triples: Iterable[Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    terms = {term_of(node) for triple in triples for node in triple}
    iris = {term.value if term.is_iri else term.datatype for term in terms}
    return {
        name: namespace
        for name, namespace in prefixes.items()
        if any(iri.startswith(namespace) for iri in iris)
    }


def _usual_tag(found: re.Match[str]) -> str:
    if not found[1]:
        return found[0]
    return found[0].removesuffix(found[1]) + language_tag(found[1])


def _with_usual_tag(value: dict[str, Any]) -> dict[str, Any]:
    if "@language" in value:
        value["@language"] = language_tag(value["@language"])
    return value


def thing_exists(select: Select, slug: str) -> bool:
    """Return whether the graph has a triple about the thing with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    iri = f"<{ID}{slug}>"
    return bool(select(f"SELECT ?x WHERE {{ {{ {iri} ?p ?x }} UNION {{ ?x ?p {iri} }} }} LIMIT 1"))


def source_exists(select: Select, slug: str) -> bool:
    """Return whether there is a source with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    return bool(select(f"SELECT ?t WHERE {{ <{SOURCE}{slug}> a <{KG}Source>, ?t }} LIMIT 1"))


def describe_thing(select: Select, slug: str) -> tuple[list[Triple], bool] | None:
    """Describe the thing with this slug; None when the graph has no triple about it.

    Also return whether facts were omitted because there are more than `MAX_FACTS`.
    """
    if not thing_exists(select, slug):
        return None
    iri, document = ID + slug, f"{BASE}doc/{slug}"
    about = select(
        f"SELECT DISTINCT ?subject WHERE {{ VALUES ?link {{ {_ABOUT} }} ?subject ?link <{iri}> }} "
        f"LIMIT {MAX_FACTS + 1}"
    )
    facts = [row["subject"].value for row in about if row["subject"].is_iri]
    stated = _stated(select, [iri, *facts[:MAX_FACTS]])
    truncated = len(facts) > MAX_FACTS
    triples = [
        *_about_document(document, iri),
        *(triple for _, triple in stated),
        *_evidence_and_labels(select, stated),
    ]
    if truncated:
        note = f"This document has only {MAX_FACTS} of the facts about it. The dumps have all."
        triples.append(text(document, f"{RDFS}comment", note, "en"))
    return triples, truncated


def describe_sources(select: Select) -> list[Triple]:
    """Describe the sources without their passages."""
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ ?subject a <{KG}Source> . "
        f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}"
    )
    return [*_about_document(f"{GRAPH}sources"), *map(triple_of, rows)]


def describe_queries(select: Select, name: str | None = None) -> list[Triple]:
    """Describe the saved query with this name, or all of them with the prefixes they share."""
    one = f"VALUES ?subject {{ <{QUERY}{name}> }} " if name else ""
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ {one}"
        f"GRAPH <{GRAPH}queries> {{ ?subject ?property ?value }} }}"
    )
    return [
        *_about_document(QUERY + name if name else f"{GRAPH}queries"),
        *map(triple_of, rows),
    ]


def describe_source(select: Select, slug: str) -> list[Triple] | None:
    """Describe the source with this slug and its passages; None when there is none."""
    if not source_exists(select, slug):
        return None
    iri = SOURCE + slug
    rows = select(f"SELECT ?passage WHERE {{ ?passage <{KG}passageOf> <{iri}> }}")
    passages = [row["passage"].value for row in rows]
    stated = [*_stated(select, [iri]), *_stated(select, passages, "graph")]
    return [
        *_about_document(iri),
        *(triple for _, triple in stated),
        *_evidence_and_labels(select, stated, passages),
    ]


def reify(triple: Triple, passage: str) -> Iterator[Triple]:
    """Reify a triple that a passage states (RDF Schema 1.1, section 5.3)."""
    iri = statement_iri(triple, passage)
    yield link(iri, RDF_TYPE, f"{RDF}Statement")
    for name, node in zip(("subject", "predicate", "object"), triple, strict=True):
        yield Triple(NamedNode(iri), NamedNode(RDF + name), node)
    yield link(iri, f"{KG}statedIn", passage)


def _about_document(url: str, topic: str | None = None) -> Iterator[Triple]:
    yield link(url, f"{DCTERMS}license", LICENCE)
    if topic is not None:
        yield link(url, RDF_TYPE, f"{FOAF}Document")
        yield link(url, f"{FOAF}primaryTopic", topic)


def _evidence_and_labels(
    select: Select, stated: Sequence[Stated], passages: Iterable[str] = ()
) -> list[Triple]:
    """Return the evidence of statements in passages, and the labels of all mentioned things."""
    by_passages = [(graph, triple) for graph, triple in stated if graph.startswith(SOURCE)]
    reified = [each for graph, triple in by_passages for each in reify(triple, graph)]
    described = _in_sources(select, sorted({graph for graph, _ in by_passages} | set(passages)))
    sources = {
        term_of(each.object).value for each in described if each.predicate.value == f"{KG}passageOf"
    }
    described += _in_sources(select, sorted(sources))
    mentioned = {
        term.value
        for triple in (*(triple for _, triple in stated), *described)
        for term in map(term_of, triple)
        if term.is_iri and not term.is_passage and is_absolute_iri(term.value)
    }
    labels = in_batches(
        select,
        f"SELECT ?subject ?property ?value WHERE {{ VALUES ?property {{ <{RDFS_LABEL}> }} "
        "VALUES ?subject { %s } ?subject ?property ?value }",
        sorted(mentioned),
    )
    return [*reified, *described, *map(triple_of, labels)]


def _stated(select: Select, iris: Sequence[str], variable: str = "subject") -> list[Stated]:
    """Return the triples with these subjects, or in these graphs, each with its graph."""
    rows = in_batches(
        select,
        f"SELECT ?graph ?subject ?property ?value WHERE {{ VALUES ?{variable} {{ %s }} "
        f"GRAPH ?graph {{ ?subject ?property ?value }} {NOT_SHAPES} }}",
        iris,
    )
    return [(row["graph"].value, triple_of(row)) for row in rows]


def _in_sources(select: Select, iris: Sequence[str]) -> list[Triple]:
    rows = in_batches(
        select,
        "SELECT ?subject ?property ?value WHERE { VALUES ?subject { %s } "
        f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}",
        iris,
    )
    return [triple_of(row) for row in rows]


def values(iris: Iterable[str]) -> str:
    """Write IRIs for a VALUES block."""
    return " ".join(f"<{iri}>" for iri in iris)


def in_batches(select: Select, query: str, iris: Sequence[str]) -> Iterator[Row]:
    """Run a query in batches of the IRIs, which replace its `%s`."""
    for start in range(0, len(iris), _BATCH):
        yield from select(query % values(iris[start : start + _BATCH]))
