"""The saved queries as pages: the list, and one page for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.saved_queries import Parameter, SavedQuery
from jiqun.web.pages.cells import Labels
from jiqun.web.pages.parameter_values import Suggestions
from jiqun.web.pages.rendering import PHRASES, render
from jiqun.web.pages.result_choices import Choices
from jiqun.web.pages.result_section import Address, Section, result_section
from jiqun.web.pages.result_table import Outcome
from jiqun.web.pages.results_page import GRAPH_FORMATS, TABLE_FORMATS

LANGUAGE: Final = "lang"
"""The parameter, of queries as of pages, for the language of names."""

_INPUT_TYPES: Final = {"date": "date"}
_INPUT_MODES: Final = {"integer": "numeric", "decimal": "decimal"}


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
        words=words,
        found=len(found),
        total=len(every),
    )


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
    return render(
        "query.html",
        reader,
        query=query,
        tags=[tag_name(tag, reader) for tag in query.tags],
        fields=[
            _field(each, query, given, found, reader)
            for each in query.parameters
            if each.name != LANGUAGE
        ],
        section=section,
        problem=problem,
        open_form=reader.link("/sparql", query=query.text),
    )


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
        PHRASES.get(f"parameter:{name}", {}).get(reader.lang, name),
        suggested.label(given.get(name, "")),
        suggested.label(parameter.default or ""),
        suggested.label(query.example.get(name, "")),
        _INPUT_TYPES.get(parameter.type, "text"),
        _INPUT_MODES.get(parameter.type, "text"),
        suggested.options.get(name, ()),
    )
