"""The saved queries as pages: the list, one page for each, and names as values of parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Final

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import ID, KG, SOURCE, prologue
from jiqun.saved_queries import Parameter, SavedQuery
from jiqun.search.matching import SAME_NAME
from jiqun.web.documents import Context, Document, json_document
from jiqun.web.linked_data.thing_names import candidates_for, exists, expand, nearest, similar_ids
from jiqun.web.pages.cells import Labels, read_captions
from jiqun.web.pages.error_words import error_words
from jiqun.web.pages.rendering import PHRASES, render
from jiqun.web.pages.result_table import Outcome
from jiqun.web.pages.results_page import (
    GRAPH_FORMATS,
    TABLE_FORMATS,
    Address,
    Choices,
    Section,
    result_section,
)

_MOST_OPTIONS: Final = 400
_MOST_NEAR: Final = 4
_KINDS: Final = {
    "place": ("Region", "?thing a kg:Region ; kg:hasCluster ?cluster"),
    "region": ("Region", "?thing a kg:EconomicRegion"),
    "cluster": ("Cluster", "?thing a kg:Cluster"),
    "company": ("Enterprise", "?thing a kg:Enterprise"),
    "industry": ("Industry", "?thing a kg:Industry"),
    "metric": ("Metric", "?thing a kg:Metric"),
    "list": ("DesignationList", "?thing a kg:DesignationList"),
    "agent": ("", "?thing kg:appliedFor ?cluster"),
    "lead": ("", "?thing kg:ledApplicationFor ?cluster"),
    "claimant": ("", "?claim kg:claimant ?thing"),
    "grade": ("ReliabilityGrade", "?thing a kg:ReliabilityGrade"),
}
"""For each parameter the class of its values, and the pattern for suggestions in forms."""
LANGUAGE: Final = "lang"
"""The parameter, of queries as of pages, for the language of names."""

_INPUT_TYPES: Final = {"date": "date"}
_INPUT_MODES: Final = {"integer": "numeric", "decimal": "decimal"}


@dataclass(frozen=True)
class Meaning:
    """The meaning of a value: the IRI of a thing, or the names of candidates."""

    iri: str = ""
    near: tuple[str, ...] = ()


def values_to_read(query: SavedQuery, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the values of parameters that are things, by name of the parameter."""
    return {
        each.name: found[0]
        for each in query.parameters
        if each.type == "iri"
        and len(found := [text for text in given.get(each.name, ()) if text]) == 1
    }


def read_values(context: Context, values: Mapping[str, str], lang: str) -> Document:
    """Return the `Meaning` of each value by parameter, as JSON."""
    found = {name: asdict(_meaning(context, name, text, lang)) for name, text in values.items()}
    return json_document(found)


def meanings_of(body: bytes) -> dict[str, Meaning]:
    """Read what `read_values` returned."""
    return {
        name: Meaning(each["iri"], tuple(each["near"])) for name, each in json.loads(body).items()
    }


def _meaning(context: Context, parameter: str, text: str, lang: str) -> Meaning:
    text = text.strip()
    iri = expand(text) or expand(text.lower())
    if iri and (not iri.startswith(ID) or exists(context, iri)):
        return Meaning(iri)
    reader = Reader(lang)
    if parameter == "source" and iri.startswith(ID):
        return _source_of(context, iri.removeprefix(ID))
    if iri.startswith(ID):
        near = [each.removeprefix("id:") for each in similar_ids(context, iri)]
        return Meaning("", tuple(near[:_MOST_NEAR]))
    kind = _KINDS.get(parameter, ("", ""))[0]
    candidates = candidates_for(context, text, KG + kind if kind else "")
    same = [each for each in candidates if each.score >= SAME_NAME]
    if len(same) == 1:
        return Meaning(ID + same[0].thing.slug)
    names = dict.fromkeys(
        pick(each.thing.labels, reader).value or each.thing.slug
        if len(same) < 2
        else each.thing.slug
        for each in (same or candidates)
    )
    return Meaning("", tuple(names)[:_MOST_NEAR])


def _source_of(context: Context, slug: str) -> Meaning:
    """Return the source with a slug, or those with similar slugs."""
    if exists(context, SOURCE + slug):
        return Meaning(SOURCE + slug)
    rows = context.select(f"SELECT ?source WHERE {{ ?source a <{KG}Source> }}")
    slugs = sorted(row["source"].value.removeprefix(SOURCE) for row in rows)
    return Meaning("", tuple(nearest(slug, slugs)))


def with_things(
    given: Mapping[str, Sequence[str]], meanings: Mapping[str, Meaning]
) -> dict[str, list[str]]:
    """Replace names by IRIs; raises `NotFound` with suggestions for an unknown name."""
    read = {name: list(texts) for name, texts in given.items()}
    for name, meaning in meanings.items():
        text = next(each for each in given[name] if each)
        if not meaning.iri:
            hint = (
                f"Did you mean {', '.join(meaning.near)}?"
                if meaning.near
                else "Use /search to look up names."
            )
            raise NotFound(f"Nothing in the graph is called {shorten(text)} ({name}). {hint}")
        read[name] = [meaning.iri]
    return read


@dataclass(frozen=True)
class Suggestions:
    """Suggestions of a form: names by parameter; `labels` are those of things, by value."""

    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, value: str) -> str:
        """Return the display form of a value: for the slug or IRI of a thing, its label."""
        return self.labels.get(value, value)


def read_suggestions(
    select: Select, query: SavedQuery, given: Mapping[str, str], reader: Reader
) -> Suggestions:
    """Read the suggestions of the form of a query, and the labels of its values."""
    parameters = [each for each in query.parameters if each.type == "iri"]
    options = {
        each.name: _names(select, _KINDS[each.name][1], reader)
        for each in parameters
        if each.name in _KINDS
    }
    shown = {
        text
        for each in parameters
        for text in (given.get(each.name), each.default, query.example.get(each.name))
        if text
    }
    things = {text: iri for text in sorted(shown) if (iri := expand(text)).startswith(ID)}
    labels = Labels(read_captions(select, sorted(set(things.values()))), reader)
    return Suggestions(
        options, {text: name for text, iri in things.items() if (name := labels.label(iri).value)}
    )


def _names(select: Select, pattern: str, reader: Reader) -> tuple[str, ...]:
    rows = select(
        f"{prologue('kg', 'rdfs')}SELECT DISTINCT ?label WHERE {{ {pattern} . "
        f'?thing rdfs:label ?label FILTER (LANGMATCHES(LANG(?label), "{reader.lang}")) }} '
        f"ORDER BY ?label LIMIT {_MOST_OPTIONS}"
    )
    return tuple(row["label"].value for row in rows)


@dataclass(frozen=True)
class Group:
    """The saved queries whose first tag is `tag`; `name` is for display, `anchor` is a fragment."""

    tag: str
    name: str
    anchor: str
    queries: tuple[SavedQuery, ...]


@dataclass(frozen=True)
class Field:
    """One parameter as a field of the form; `options` are names that it suggests."""

    parameter: Parameter
    label: str
    value: str
    default: str
    example: str
    input_type: str
    input_mode: str
    options: tuple[str, ...] = ()


def group_queries(queries: Iterable[SavedQuery], reader: Reader) -> tuple[Group, ...]:
    """Group queries by their first tag, the largest groups first."""
    groups: dict[str, list[SavedQuery]] = {}
    for query in queries:
        groups.setdefault(query.tags[0] if query.tags else "", []).append(query)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return tuple(
        Group(tag, tag_name(tag, reader), f"tag-{number}", tuple(members))
        for number, (tag, members) in enumerate(ordered, 1)
    )


def tag_name(tag: str, reader: Reader) -> str:
    """Return the name of a tag, in the reader's language where there is one."""
    return PHRASES.get(f"tag:{tag}", {}).get(reader.lang, tag) or "–"


def render_queries(queries: Iterable[SavedQuery], reader: Reader, words: str = "") -> str:
    """Render the list of the saved queries that have all of these words, in any language."""
    every = list(queries)
    wanted = words.casefold().split()
    found = [each for each in every if all(word in _words_of(each) for word in wanted)]
    return render(
        "queries.html",
        reader,
        groups=group_queries(found, reader),
        parameter_name=partial(_parameter_name, reader=reader),
        words=words,
        found=len(found),
        total=len(every),
    )


def _parameter_name(name: str, reader: Reader) -> str:
    """Return the name of a parameter, in the reader's language where there is one."""
    return PHRASES.get(f"parameter:{name}", {}).get(reader.lang, name)


def _words_of(query: SavedQuery) -> str:
    names = (PHRASES.get(f"tag:{tag}", {}).values() for tag in query.tags)
    tags = (*query.tags, *(name for each in names for name in each))
    texts = (query.name, *query.summary.values(), *query.description.values(), *tags)
    return " ".join(texts).casefold()


def query_section(
    query: SavedQuery,
    given: Mapping[str, str],
    outcome: Outcome,
    labels: Labels,
    select: Select,
    choices: Choices,
) -> Section:
    """Build the section with the answer of a saved query; `given` holds the values of the request.

    A parameter `lang` follows the language of the page.
    """
    kept = {name: value for name, value in given.items() if value}
    data = dict(kept)
    if any(each.name == LANGUAGE for each in query.parameters):
        data[LANGUAGE] = labels.reader.lang
    formats = TABLE_FORMATS if query.form in {"SELECT", "ASK"} else GRAPH_FORMATS
    address = Address(f"/queries/{query.name}", data, kept, formats)
    return result_section(outcome, labels, select, choices, address, best=query.view, readable=True)


def render_query(
    query: SavedQuery,
    given: Mapping[str, str],
    section: Section | None,
    reader: Reader,
    suggested: Suggestions | None = None,
    *,
    problem: str = "",
) -> str:
    """Render a saved query with its form and, when there is one, its answer.

    `given` holds the values of the request; `problem` is the error in them. A parameter `lang` is
    not a field of the form.
    """
    found = suggested or Suggestions()
    fields = [
        _field(each, query, given, found, reader)
        for each in query.parameters
        if each.name != LANGUAGE
    ]
    return render(
        "query.html",
        reader,
        query=query,
        tags=[tag_name(tag, reader) for tag in query.tags],
        fields=fields,
        section=section,
        problem=problem,
        problem_words=_problem_words(problem, fields, reader),
        open_form=reader.link("/sparql", query=query.text),
    )


def _problem_words(problem: str, fields: Iterable[Field], reader: Reader) -> Text:
    """Return an error in the reader's language, in which a parameter is called as in the form."""
    words = error_words(problem, reader.lang)
    for each in fields:
        rest = words.value.removeprefix(f"{each.parameter.name} ")
        if rest != words.value and words.lang == reader.lang != "en":
            return Text(f"{each.label}{rest}", words.lang)
    return words


def _field(
    parameter: Parameter,
    query: SavedQuery,
    given: Mapping[str, str],
    suggested: Suggestions,
    reader: Reader,
) -> Field:
    name = parameter.name
    return Field(
        parameter,
        _parameter_name(name, reader),
        suggested.label(given.get(name, "")),
        suggested.label(parameter.default or ""),
        suggested.label(query.example.get(name, "")),
        _INPUT_TYPES.get(parameter.type, "text"),
        _INPUT_MODES.get(parameter.type, "text"),
        suggested.options.get(name, ()),
    )
