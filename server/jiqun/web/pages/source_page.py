"""A source as a page: its card, its passages, and what each passage says in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import DCTERMS, KG, RDF_TYPE, RDFS_LABEL, compact
from jiqun.web.addresses import link_target, text_fragment
from jiqun.web.pages.cells import Caption, Cell, property_name, show
from jiqun.web.pages.rendering import render

_TITLE: Final = f"{DCTERMS}title"
ADDRESSES: Final = (
    "https://schema.org/url",
    "http://xmlns.com/foaf/0.1/page",
    f"{KG}url",
    f"{DCTERMS}source",
    f"{DCTERMS}identifier",
)
_CARD: Final = (
    ("publisher", f"{DCTERMS}publisher"),
    ("original_publisher", f"{KG}syndicatedFrom"),
    ("author", f"{DCTERMS}creator"),
    ("date", f"{DCTERMS}issued"),
    ("text_sha256", f"{KG}textSha256"),
    ("text_length", f"{KG}textLength"),
    ("rights", f"{DCTERMS}rights"),
)
DATA_FORMS: Final = (
    ("Turtle", "ttl", "text/turtle"),
    ("JSON-LD", "jsonld", "application/ld+json"),
    ("RDF/XML", "rdf", "application/rdf+xml"),
    ("N-Triples", "nt", "application/n-triples"),
)
"""The forms of a document beside its page: what they are called, suffix, media type."""

_MOST_OTHERS: Final = 2000
_WORDING: Final = f"{KG}wording"
_MENTIONED_LAST: Final = (RDF_TYPE, RDFS_LABEL, _WORDING)


@dataclass(frozen=True)
class SourceEntry:
    """One line of the list of sources; the title may be empty, `issued` is a date, YYYY-MM-DD."""

    iri: str
    title: Text
    issued: str
    publisher: Term | None
    passages: int


@dataclass(frozen=True)
class Statement:
    """One triple that a passage states."""

    subject: Term
    predicate: str
    value: Term


@dataclass(frozen=True)
class Passage:
    """A passage: where it stands in the text (code points), its quotes, and what it states."""

    iri: str
    start: int
    end: int
    quotes: tuple[Text, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Source:
    """A source: its properties as they stand in the graph, and a page of its passages in order.

    `total` and `statements` count those of all pages; `others` are the anchors of the passages on
    other pages, each with the number of its page.
    """

    iri: str
    slug: str
    details: Mapping[str, list[Term]]
    passages: tuple[Passage, ...]
    page: int = 1
    pages: int = 1
    total: int = 0
    statements: int = 0
    others: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SourceLine:
    """A line of the list of sources as it is shown; `label` only where it adds to the title."""

    title: Text
    label: Text
    href: str
    issued: str
    publisher: Cell | None
    passages: int


@dataclass(frozen=True)
class Said:
    """What a passage says of one thing: a list of properties with their values."""

    subject: Cell
    types: tuple[Text, ...]
    properties: tuple[tuple[Text, tuple[Cell, ...]], ...]
    wordings: tuple[tuple[Text, str | None], ...]


@dataclass(frozen=True)
class PassageView:
    """A passage as it is shown."""

    anchor: str
    number: str
    start: int
    end: int
    quotes: tuple[tuple[Text, str | None], ...]
    said: tuple[Said, ...]
    count: int
    data: str


def turns(path: str, page: int, pages: int, anchor: str, reader: Reader) -> dict[str, str]:
    """Give the links to the pages before and after one, at the section with the given anchor."""
    near = {"previous": page - 1, "next": page + 1}
    return {
        name: f"{reader.link(path, page=str(number))}#{anchor}"
        for name, number in near.items()
        if 1 <= number <= pages
    }


def list_sources(
    entries: Iterable[SourceEntry], captions: Mapping[str, Caption], reader: Reader
) -> list[SourceLine]:
    """Make the lines of a list of sources."""
    return [_line(entry, captions, reader) for entry in entries]


def render_sources(
    entries: Iterable[SourceEntry],
    captions: Mapping[str, Caption],
    reader: Reader,
    page: tuple[int, int] = (1, 1),
) -> str:
    """Render a page of the list of sources; `page` is its number and how many there are."""
    return render(
        "sources.html",
        reader,
        sources=list_sources(entries, captions, reader),
        page=page,
        turns=turns("/source", *page, "list", reader),
    )


def render_source(source: Source, captions: Mapping[str, Caption], reader: Reader) -> str:
    """Render a source with its passages; `captions` name the things they speak of."""
    titles = source.details.get(_TITLE, [])
    caption = captions.get(source.iri)
    label = pick(caption.labels, reader) if caption else Text("")
    title = Text(titles[0].value, titles[0].lang) if titles else label
    title = title if title.value else Text(source.slug)
    web_page = find_web_page(source.details)
    return render(
        "source.html",
        reader,
        source=source,
        title=title,
        label=label if label.value != title.value else Text(""),
        card=[
            (key, [show(value, captions, reader) for value in source.details[iri]])
            for key, iri in _CARD
            if source.details.get(iri)
        ],
        web_page=web_page,
        passages=[_view(each, web_page, captions, reader) for each in source.passages],
        others=[
            (anchor, reader.link(f"/source/{source.slug}", page=str(number)) + f"#{anchor}")
            for anchor, number in source.others[:_MOST_OTHERS]
        ],
        turns=turns(f"/source/{source.slug}", source.page, source.pages, "passages", reader),
        data=[
            (label, f"{reader.root}/source/{source.slug}.{suffix}", kind)
            for label, suffix, kind in DATA_FORMS
        ],
    )


def _line(entry: SourceEntry, captions: Mapping[str, Caption], reader: Reader) -> SourceLine:
    caption = captions.get(entry.iri)
    label = pick(caption.labels, reader) if caption else Text("")
    title = entry.title if entry.title.value else label
    return SourceLine(
        title=title if title.value else Text(compact(entry.iri)),
        label=label if label.value != title.value else Text(""),
        href=reader.link(link_target(entry.iri) or "/"),
        issued=entry.issued,
        publisher=show(entry.publisher, captions, reader) if entry.publisher else None,
        passages=entry.passages,
    )


def find_web_page(details: Mapping[str, list[Term]]) -> str | None:
    """Give the address on the web of a source with these properties, None when it has none."""
    for iri in ADDRESSES:
        for value in details.get(iri, []):
            target = link_target(value.value)
            if target is not None and not target.startswith("/"):
                return target
    return None


def _view(
    passage: Passage, web_page: str | None, captions: Mapping[str, Caption], reader: Reader
) -> PassageView:
    anchor = passage.iri.rpartition("#")[2]
    by_subject: dict[Term, list[Statement]] = {}
    for statement in passage.statements:
        by_subject.setdefault(statement.subject, []).append(statement)
    said = [_said(each, web_page, captions, reader) for each in by_subject.values()]
    describe = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{passage.iri}> {{ ?s ?p ?o }} }}"
    return PassageView(
        anchor=anchor,
        number=anchor.removeprefix("p"),
        start=passage.start,
        end=passage.end,
        quotes=tuple((quote, _at(web_page, quote)) for quote in passage.quotes),
        said=tuple(sorted(said, key=lambda each: each.subject.text.value)),
        count=len(passage.statements),
        data=reader.link("/sparql", query=describe, format="ttl"),
    )


def _said(
    statements: list[Statement],
    web_page: str | None,
    captions: Mapping[str, Caption],
    reader: Reader,
) -> Said:
    subject = statements[0].subject
    values: dict[str, list[Term]] = {}
    for statement in statements:
        values.setdefault(statement.predicate, []).append(statement.value)
    own_labels = {each.lang: each.value for each in values.get(RDFS_LABEL, [])}
    shown = show(subject, captions, reader)
    if own_labels and shown.text.value == compact(subject.value):
        shown = Cell("thing", pick(own_labels, reader), shown.href, shown.note)
    caption = captions.get(subject.value)
    types = [Term("uri", iri) for iri in (caption.types if caption else ())]
    rows = [
        (
            property_name(predicate, captions, reader),
            tuple(sorted((show(each, captions, reader) for each in found), key=_by_text)),
        )
        for predicate, found in values.items()
        if predicate not in _MENTIONED_LAST
    ]
    wordings = [Text(each.value, each.lang) for each in values.get(_WORDING, [])]
    return Said(
        shown,
        tuple(show(each, captions, reader).text for each in types),
        tuple(sorted(rows, key=lambda row: row[0].value)),
        tuple((words, _at(web_page, words)) for words in wordings),
    )


def _by_text(cell: Cell) -> str:
    return cell.text.value


def _at(web_page: str | None, words: Text) -> str | None:
    return text_fragment(web_page, words.value) if web_page else None
