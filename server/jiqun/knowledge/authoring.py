"""What curators write: the canonical form of files, and the skeleton of a new source.

Prefixes sorted, subjects in natural order (`p2` before `p10`), `a` first, predicates and objects
sorted, a blank line between subjects. Formatting is lossless, idempotent and independent of the
machine. docs/decisions/0001 explains why no library does this.

The text of a source must not be republished: a skeleton has its hash and numbered passages with
offsets, not their words. The curator adds the quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.content import Content, Finding, passage_namespace, write_text
from jiqun.knowledge.passages import (
    END,
    PASSAGE_OF,
    START,
    TEXT_LENGTH,
    TEXT_SHA256,
    Text,
    lines,
    read_text,
)
from jiqun.knowledge.turtle_files import (
    Comments,
    Document,
    Malformed,
    comments,
    parse,
    read,
    read_prefixes,
    statements,
)
from jiqun.rdf.namespaces import DCTERMS, ID, KG, RDF_TYPE, SOURCE
from jiqun.rdf.terms import Compactor, link, typed
from jiqun.rdf.terms import text as literal
from jiqun.rdf.turtle import Key, dataset, prefix_lines

_ALWAYS: Final = ("id", "kg", "passage")
_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def canonical(document: Document, prefixes: Mapping[str, str]) -> str:
    """Return the canonical text of a file of `data/` or `ontology/concepts`.

    `prefixes` are the project's; a file of a source also gets `passage:`, and keeps its other
    declarations. Raises `Malformed` for blank nodes and for misplaced comments.
    """
    _refuse_blank_nodes(document)
    found = comments(document)
    known = dict(prefixes)
    namespace = passage_namespace(document.path)
    if namespace is not None:
        known["passage"] = namespace
    for prefix, value in document.prefixes.items():
        if prefix not in known and value not in known.values():
            known[prefix] = value
    compactor = Compactor(known)
    keyed = _rekeyed(found, document, compactor)
    graphs: dict[str, list[ox.Triple]] = {}
    for quad in document.quads:
        graph = "" if isinstance(quad.graph_name, ox.DefaultGraph) else quad.graph_name.value
        graphs.setdefault(graph, []).append(quad.triple)
    body = list(dataset(graphs, compactor, keyed))
    always = {prefix for prefix in _ALWAYS if prefix in known}
    parts = [
        "".join(f"{line}\n" for line in found.head),
        prefix_lines({key: known[key] for key in always | compactor.used}),
        *body,
        "".join(f"{line}\n" for line in found.foot),
    ]
    return "\n".join(part for part in parts if part)


def reformat(content: Content, paths: Iterable[Path] | None = None) -> dict[Path, str]:
    """Return the canonical text of every file that differs from it; raise `Malformed`."""
    prefixes = read_prefixes(content)
    changed = {}
    for path in paths or content.canonical():
        document = read(path, content)
        text = canonical(document, prefixes)
        if text != document.text:
            changed[path] = text
    return changed


def canonical_text(text: str, path: Path, prefixes: Mapping[str, str]) -> str:
    """Parse `text` as the content of `path` and return its canonical form."""
    return canonical(parse(text, path.name, path), prefixes)


def _rekeyed(found: Comments, document: Document, compactor: Compactor) -> dict[Key, list[str]]:
    """Key the comments by the canonical names of subjects and graphs."""
    names = {"": ""}
    for graph, subject in found.above:
        for written in (graph, subject):
            if written not in names:
                names[written] = compactor.write(ox.NamedNode(_expanded(written, document)))
    keyed: dict[Key, list[str]] = {}
    for (graph, subject), above in found.above.items():
        keyed.setdefault((names[graph], names[subject]), []).extend(above)
    return keyed


def _expanded(written: str, document: Document) -> str:
    prefixes = "".join(f"@prefix {key}: <{value}> .\n" for key, value in document.prefixes.items())
    (quad,) = ox.parse(f"{prefixes}<urn:s> <urn:p> {written} .", ox.RdfFormat.TURTLE)
    assert isinstance(quad.object, ox.NamedNode)
    return quad.object.value


def _refuse_blank_nodes(document: Document) -> None:
    for quad in document.quads:
        for term in (quad.subject, quad.object, quad.graph_name):
            if isinstance(term, ox.BlankNode):
                what = "a blank node: assign the thing an IRI, so that it can be cited"
                raise Malformed(Finding(document.name, _blank_line(document), 0, what, "format"))


def _blank_line(document: Document) -> int:
    for each in statements(document):
        if each.object[:1] in {"[", "("} or each.object.startswith("_:"):
            return each.line
        if each.subject.startswith("_:"):
            return each.subject_line
    return 0


@dataclass(frozen=True)
class Particulars:
    """Known metadata of the source, or ""; `publisher` is a slug, `date` is in ISO 8601."""

    url: str = ""
    title: str = ""
    publisher: str = ""
    date: str = ""


@dataclass(frozen=True)
class Skeleton:
    """The folder written, and the name and the words of each passage."""

    folder: Path
    passages: tuple[tuple[str, str], ...]


def new_source(
    content: Content, slug: str, text_file: Path, known: Particulars | None = None
) -> Skeleton:
    """Write `data/sources/<slug>/`; raise `ContentError` for a bad slug, text or date.

    An existing folder is never touched.
    """
    known = known or Particulars()
    folder = content.sources / slug
    if not _SLUG.fullmatch(slug):
        raise ContentError(f"“{slug}” is not a slug: use words of a-z and 0-9, joined by hyphens.")
    if folder.exists():
        raise ContentError(f"{content.name(folder)} already exists; nothing was written.")
    if known.publisher and not _SLUG.fullmatch(known.publisher):
        raise ContentError(f"“{known.publisher}” is not the slug of a publisher in data/register/.")
    if known.date and not _DATE.fullmatch(known.date):
        raise ContentError(f"“{known.date}” is not a date: write it as 2024-12-23.")
    try:
        text = read_text(text_file)
    except OSError as error:
        raise ContentError(f"{text_file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ContentError(f"{text_file} is not UTF-8.") from None
    spans = [(f"p{number}", *span) for number, span in enumerate(lines(text.characters), 1)]
    if not spans:
        raise ContentError(f"{text_file} has no words.")
    prefixes = read_prefixes(content)
    described = _description(slug, known, text, spans)
    source = _canonical(folder / "source.ttl", described, prefixes)
    facts = _canonical(folder / "facts.trig", [], prefixes)
    folder.mkdir(parents=True)
    write_text(folder / "source.ttl", source)
    write_text(folder / "facts.trig", facts)
    return Skeleton(folder, tuple((name, text.characters[start:end]) for name, start, end in spans))


def _description(
    slug: str, known: Particulars, text: Text, spans: list[tuple[str, int, int]]
) -> Iterator[ox.Triple]:
    source = f"{SOURCE}{slug}"
    yield link(source, RDF_TYPE, f"{KG}Source")
    yield literal(source, TEXT_SHA256, text.sha256)
    yield typed(source, TEXT_LENGTH, len(text.characters), "integer")
    if known.title:
        yield literal(source, f"{DCTERMS}title", known.title)
    if known.date:
        yield typed(source, f"{DCTERMS}issued", known.date, "date")
    if known.publisher:
        yield link(source, f"{DCTERMS}publisher", f"{ID}{known.publisher}")
    if known.url:
        yield typed(source, f"{DCTERMS}source", known.url, "anyURI")
    for name, start, end in spans:
        passage = f"{source}#{name}"
        yield link(passage, RDF_TYPE, f"{KG}Passage")
        yield link(passage, PASSAGE_OF, source)
        yield typed(passage, START, start, "integer")
        yield typed(passage, END, end, "integer")


def _canonical(path: Path, triples: Iterable[ox.Triple], prefixes: dict[str, str]) -> str:
    quads = tuple(ox.Quad(*triple) for triple in triples)
    return canonical(Document(path, path.name, "", quads, {}), prefixes)
