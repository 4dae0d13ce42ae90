"""The page of a source with its passages and what each of them states; the list of sources.

A source is read one page of passages at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import (
    DCTERMS,
    GRAPH,
    KG,
    RDF_TYPE,
    RDFS_LABEL,
    SLUG,
    SOURCE,
    compact,
    prologue,
)
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import (
    Description,
    describe_source,
    describe_sources,
    rdf_document,
    source_exists,
    values,
)
from jiqun.web.linked_data.representations import Target, missing
from jiqun.web.pages.cells import (
    Caption,
    Cell,
    Labels,
    in_words,
    read_captions,
    read_vocabulary,
    text_of,
)
from jiqun.web.pages.error_page import retirement
from jiqun.web.pages.evidence import find_web_page, quoted_at
from jiqun.web.pages.listing import Option
from jiqun.web.pages.records import Fact
from jiqun.web.pages.rendering import (
    count_pages,
    data_links,
    html_document,
    link_target,
    phrase,
    render,
    turns,
)

PAGE_SIZE: Final = 40
"""Number of passages per page."""

_MAX_STATEMENTS: Final = 4000
_KG: Final = prologue("kg")
_SOURCES: Final = f"""{prologue("dcterms", "kg")}
SELECT ?source ?title ?issued ?publisher (COUNT(?passage) AS ?passages)
WHERE {{
  ?source a kg:Source .
  OPTIONAL {{ ?source dcterms:title ?title }}
  OPTIONAL {{ ?source dcterms:issued ?issued }}
  OPTIONAL {{ ?source dcterms:publisher ?publisher }}
  OPTIONAL {{ ?passage kg:passageOf ?source }}
}}
GROUP BY ?source ?title ?issued ?publisher
ORDER BY DESC(?issued) ?source
"""
LIST_PAGE_SIZE: Final = 60
"""Number of sources per page of their list."""

UNDATED: Final = "undated"
"""The year of sources without a date."""

_NO_COUNTS: Final[Mapping[str, int]] = {}
_CARD: Final = (
    ("publisher", f"{DCTERMS}publisher"),
    ("original_publisher", f"{KG}syndicatedFrom"),
    ("author", f"{DCTERMS}creator"),
    ("date", f"{DCTERMS}issued"),
    ("text_sha256", f"{KG}textSha256"),
    ("text_length", f"{KG}textLength"),
    ("rights", f"{DCTERMS}rights"),
)
_MAX_OTHERS: Final = 2000
_WORDING: Final = f"{KG}wording"
_SHOWN_APART: Final = (RDF_TYPE, RDFS_LABEL, _WORDING)


@dataclass(frozen=True)
class SourceEntry:
    """An entry in the list of sources; the title may be empty, `issued` is an ISO date or empty."""

    iri: str
    title: Text
    issued: str
    publisher: Term | None
    passages: int


@dataclass(frozen=True)
class Passage:
    """A passage: its start and end in the text (code points), its quotes, and what it states."""

    iri: str
    start: int
    end: int
    quotes: tuple[Text, ...]
    facts: tuple[Fact, ...]

    @property
    def anchor(self) -> str:
        """The fragment of its IRI, such as `p24`."""
        return self.iri.rpartition("#")[2]

    @property
    def query(self) -> str:
        """The query that returns what it states."""
        return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{self.iri}> {{ ?s ?p ?o }} }}"


@dataclass(frozen=True)
class Source:
    """A source and a page of its passages, in the order of the text.

    `total` and `statements` are the numbers of all passages and their statements; `others` are the
    anchors of the passages on other pages, each with the number of its page.
    """

    iri: str
    slug: str
    description: Description
    passages: tuple[Passage, ...]
    page: int = 1
    pages: int = 1
    total: int = 0
    statements: int = 0
    others: tuple[tuple[str, int], ...] = ()


def read_sources(select: Select) -> tuple[SourceEntry, ...]:
    """Read the list of sources, the newest first."""
    entries: dict[str, SourceEntry] = {}
    for row in select(_SOURCES):
        if "source" in row:
            entries.setdefault(row["source"].value, _entry(row))
    return tuple(entries.values())


def _entry(row: Row) -> SourceEntry:
    return SourceEntry(
        iri=row["source"].value,
        title=text_of(row["title"]) if "title" in row else Text(""),
        issued=row["issued"].value[:10] if "issued" in row else "",
        publisher=row.get("publisher"),
        passages=int(row["passages"].value),
    )


def read_source(
    select: Select, slug: str, page: int = 1, known: Mapping[str, Caption] | None = None
) -> tuple[Source, dict[str, Caption]] | None:
    """Read a source and a page of its passages; None when there is no such source.

    The captions are those of everything on the page; those in `known` are not read again.
    """
    if not SLUG.fullmatch(slug):
        return None
    iri = SOURCE + slug
    described = select(
        f"{_KG}SELECT ?property ?value WHERE {{ <{iri}> a kg:Source ; ?property ?value }}"
    )
    if not described:
        return None
    ordered = _read_order(select, iri)
    pages = count_pages(len(ordered), PAGE_SIZE, page, f"/source/{slug}")
    counted = select(
        f"{_KG}SELECT (COUNT(*) AS ?count) WHERE {{ ?passage kg:passageOf <{iri}> . "
        "GRAPH ?passage { ?subject ?property ?value } }"
    )
    start = (page - 1) * PAGE_SIZE
    here = ordered[start : start + PAGE_SIZE]
    quoted, stated = _read_passages(select, [passage for _, _, passage in here])
    description: defaultdict[str, list[Term]] = defaultdict(list)
    for row in described:
        description[row["property"].value].append(row["value"])
    source = Source(
        iri,
        slug,
        dict(description),
        tuple(_passages(here, quoted, stated)),
        page=page,
        pages=pages,
        total=len(ordered),
        statements=int(counted[0]["count"].value),
        others=tuple(
            (passage.rpartition("#")[2], number // PAGE_SIZE + 1)
            for number, (_, _, passage) in enumerate(ordered)
            if not start <= number < start + PAGE_SIZE
        ),
    )
    terms = [each for row in [*described, *stated] for each in row.values() if each.is_iri]
    names = dict.fromkeys(each.value for each in terms if not each.is_passage)
    return source, read_captions(select, [iri, *names], known or {})


def _read_order(select: Select, iri: str) -> list[tuple[int, int, str]]:
    """Return start, end and IRI of all passages in the order of the text."""
    rows = select(
        f"{_KG}SELECT ?passage ?start ?end WHERE {{ ?passage kg:passageOf <{iri}> . "
        "OPTIONAL { ?passage kg:start ?start } OPTIONAL { ?passage kg:end ?end } }"
    )
    places = {
        row["passage"].value: (_offset(row.get("start")), _offset(row.get("end"))) for row in rows
    }
    return sorted((*place, passage) for passage, place in places.items())


def _read_passages(select: Select, passages: Iterable[str]) -> tuple[list[Row], list[Row]]:
    named = f"VALUES ?passage {{ {values(passages)} }}"
    quoted = select(f"{_KG}SELECT ?passage ?quote WHERE {{ {named} ?passage kg:quote ?quote }}")
    stated = select(
        f"SELECT ?passage ?subject ?property ?value WHERE {{ {named} "
        f"GRAPH ?passage {{ ?subject ?property ?value }} }} LIMIT {_MAX_STATEMENTS}"
    )
    return list(quoted), list(stated)


def _passages(
    here: Iterable[tuple[int, int, str]], quoted: Iterable[Row], stated: Iterable[Row]
) -> Iterator[Passage]:
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in stated:
        passage = row["passage"].value
        facts[passage].append(Fact(passage, row["subject"], row["property"].value, row["value"]))
    quotes: defaultdict[str, list[Text]] = defaultdict(list)
    for row in quoted:
        quotes[row["passage"].value].append(text_of(row["quote"]))
    for start, end, iri in here:
        yield Passage(iri, start, end, tuple(quotes[iri]), tuple(facts[iri]))


def _offset(value: Term | None) -> int:
    return int(value.value) if value is not None and value.value.isdecimal() else 0


@dataclass(frozen=True)
class SourceLine:
    """An entry in the list of sources; `label` only if it differs from the title."""

    title: Text
    label: Text
    href: str
    issued: str
    publisher: Cell | None
    passages: int


@dataclass(frozen=True)
class Statements:
    """What a passage states about one subject: properties with their values."""

    subject: Cell
    types: tuple[Text, ...]
    properties: tuple[tuple[Text, tuple[Cell, ...]], ...]
    wordings: tuple[tuple[Text, str | None], ...]


def source_document(context: Context, reader: Reader, target: Target, page: int) -> Document:
    """Return a source and its passages, as a page or as data.

    `page` is that of the passages, for the page. Raises `NotFound`.
    """
    if (retired := retirement(context, reader, target, SOURCE)) is not None:
        return retired
    slug, choice = target.slug, target.choice
    headers = target.resource(SOURCE + slug, [f"{KG}Source"]).headers(choice)
    if target.is_page:
        found = read_source(context.select, slug, page, context.once(read_vocabulary))
        if found is not None:
            source, captions = found
            return html_document(render_source(source, captions, reader), reader, headers)
    else:
        triples = describe_source(context.select, slug)
        if triples is not None:
            return rdf_document(triples, choice, headers)
    raise missing("source", target.folder, target.text, partial(source_exists, context.select))


def _year_name(year: str, reader: Reader) -> str:
    return phrase("year_undated", reader.lang) if year == UNDATED else year


def source_list(
    context: Context, reader: Reader, target: Target, page: int, year: str = ""
) -> Document:
    """Return the list of sources, newest first, as a page or as data. Raises `NotFound`.

    The page can be of the sources of one `year`, or of those that are `UNDATED`.
    """
    headers = target.resource(f"{GRAPH}sources").headers(target.choice)
    if not target.is_page:
        return rdf_document(describe_sources(context.select), target.choice, headers)
    sources = context.once(read_sources)
    counts = Counter(map(_year_of, sources))
    if year and year not in counts:
        raise NotFound(f"No source is of the year {shorten(year)}.")
    chosen = [entry for entry in sources if not year or _year_of(entry) == year]
    pages = count_pages(len(chosen), LIST_PAGE_SIZE, page, "/source")
    shown = chosen[(page - 1) * LIST_PAGE_SIZE : page * LIST_PAGE_SIZE]
    publishers = [entry.publisher.value for entry in shown if entry.publisher]
    captions = read_captions(context.select, [*(entry.iri for entry in shown), *publishers])
    text = render_sources(shown, captions, reader, page, pages, counts=counts, year=year)
    return html_document(text, reader, headers)


def _year_of(entry: SourceEntry) -> str:
    return entry.issued[:4] or UNDATED


def render_sources(
    entries: Iterable[SourceEntry],
    captions: Mapping[str, Caption],
    reader: Reader,
    page: int = 1,
    pages: int = 1,
    *,
    counts: Mapping[str, int] = _NO_COUNTS,
    year: str = "",
) -> str:
    """Render a page of the list of sources; `counts` are the numbers of sources by year."""
    labels = Labels(captions, reader)
    ordered = sorted(counts, key=lambda each: (each != UNDATED, each), reverse=True)
    chosen = {"year": year} if year else {}
    return render(
        "sources.html",
        reader,
        sources=[_line(entry, labels) for entry in entries],
        page=page,
        pages=pages,
        years=[
            Option("", phrase("facet_all", reader.lang), sum(counts.values()), not year),
            *(
                Option(each, _year_name(each, reader), counts[each], each == year)
                for each in ordered
            ),
        ],
        page_links=turns(
            page, pages, lambda number: f"{reader.link('/source', **chosen, page=number)}#list"
        ),
    )


def render_source(source: Source, captions: Mapping[str, Caption], reader: Reader) -> str:
    """Render a source; `captions` are those of everything its passages mention."""
    labels, path = Labels(captions, reader), f"/source/{source.slug}"
    titles = source.description.get(f"{DCTERMS}title")
    label = labels.label(source.iri)
    title = text_of(titles[0]) if titles else label
    title = title if title.value else Text(source.slug)
    web_page = find_web_page(source.description)
    return render(
        "source.html",
        reader,
        source=source,
        title=title,
        label=label if label.value != title.value else Text(""),
        card=[
            (key, labels.cells(in_words(each, reader) for each in source.description[iri]))
            for key, iri in _CARD
            if source.description.get(iri)
        ],
        web_page=web_page,
        passages=[
            (each, quoted_at(web_page, _words_of(each)), _by_subject(each, web_page, labels))
            for each in source.passages
        ],
        others=[
            (anchor, f"{reader.link(path, page=str(number))}#{anchor}")
            for anchor, number in source.others[:_MAX_OTHERS]
        ],
        page_links=turns(
            source.page,
            source.pages,
            lambda number: f"{reader.link(path, page=number)}#passages",
        ),
        data=data_links(path, reader),
    )


def _line(entry: SourceEntry, labels: Labels) -> SourceLine:
    label = labels.label(entry.iri)
    title = entry.title if entry.title.value else label
    return SourceLine(
        title=title if title.value else Text(compact(entry.iri)),
        label=label if label.value != title.value else Text(""),
        href=labels.reader.link(link_target(entry.iri) or "/"),
        issued=entry.issued,
        publisher=labels.cell(entry.publisher) if entry.publisher else None,
        passages=entry.passages,
    )


def _words_of(passage: Passage) -> list[Text]:
    """Return the quotes of a passage and the words of its statements, which may be folded."""
    words = {each.value: each for each in passage.quotes}
    for fact in passage.facts:
        if fact.predicate == _WORDING:
            words.setdefault(fact.value.value, text_of(fact.value))
    return list(words.values())


def _by_subject(passage: Passage, web_page: str | None, labels: Labels) -> list[Statements]:
    by_subject: dict[Term, list[Fact]] = {}
    for fact in passage.facts:
        by_subject.setdefault(fact.subject, []).append(fact)
    statements = (_statements(each, web_page, labels) for each in by_subject.values())
    return sorted(statements, key=lambda each: each.subject.text.value)


def _statements(facts: list[Fact], web_page: str | None, labels: Labels) -> Statements:
    subject = facts[0].subject
    values: dict[str, list[Term]] = {}
    for fact in facts:
        values.setdefault(fact.predicate, []).append(fact.value)
    own_labels = {each.lang: each.value for each in values.get(RDFS_LABEL, [])}
    shown = labels.cell(subject)
    if own_labels and shown.text.value == compact(subject.value):
        shown = Cell("thing", pick(own_labels, labels.reader), shown.href, shown.note)
    rows = [
        (
            labels.property_name(predicate),
            tuple(sorted(labels.cells(found), key=lambda cell: cell.text.value)),
        )
        for predicate, found in values.items()
        if predicate not in _SHOWN_APART
    ]
    return Statements(
        shown,
        tuple(labels.resource(iri).text for iri in labels.types(subject.value)),
        tuple(sorted(rows, key=lambda row: row[0].value)),
        quoted_at(web_page, [text_of(each) for each in values.get(_WORDING, [])]),
    )
