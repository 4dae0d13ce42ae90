"""The saved queries as pages: the list, and one page for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from jiqun.language import Reader
from jiqun.saved_queries import Parameter, SavedQuery
from jiqun.web.pages.cells import Caption
from jiqun.web.pages.rendering import PHRASES, render
from jiqun.web.pages.results_page import GRAPH_FORMATS, TABLE_FORMATS, Outcome, ResultTable, arrange

LANGUAGE: Final = "lang"
"""The parameter, of a query as of a page, that says in which language things are named."""

_INPUT_TYPES: Final = {"date": "date"}
_INPUT_MODES: Final = {"integer": "numeric", "decimal": "decimal"}


@dataclass(frozen=True)
class Group:
    """The saved queries whose first tag is `tag`, called `name`; `anchor` is its fragment."""

    tag: str
    name: str
    anchor: str
    queries: tuple[SavedQuery, ...]


@dataclass(frozen=True)
class Field:
    """One parameter as a field of the form."""

    parameter: Parameter
    value: str
    input_type: str
    input_mode: str


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
    """Give the name of a tag in the reader's language where it has one."""
    return PHRASES.get(f"tag:{tag}", {}).get(reader.lang, tag) or "–"


def render_queries(queries: Iterable[SavedQuery], reader: Reader) -> str:
    """Render the list of all saved queries."""
    return render("queries.html", reader, groups=group_queries(queries, reader))


def render_query(
    query: SavedQuery,
    given: Mapping[str, str],
    outcome: Outcome | None,
    captions: Mapping[str, Caption],
    reader: Reader,
    *,
    problem: str = "",
) -> str:
    """Render a saved query with its form and, when there is one, its answer.

    `given` holds the values of the request; `problem` says what was wrong with them. A parameter
    `lang` is no field of the form: it follows the language of the page.
    """
    kept = {name: value for name, value in given.items() if value}
    if any(each.name == LANGUAGE for each in query.parameters):
        kept[LANGUAGE] = reader.lang
    path = f"{reader.root}/queries/{query.name}"
    formats = TABLE_FORMATS if query.form in {"SELECT", "ASK"} else GRAPH_FORMATS
    links = [(label, f"{path}?{urlencode({**kept, 'format': name})}") for name, label in formats]
    table = arrange(outcome, captions, reader, links, readable=True) if outcome else ResultTable()
    return render(
        "query.html",
        reader,
        query=query,
        tags=[tag_name(tag, reader) for tag in query.tags],
        fields=[_field(each, given) for each in query.parameters if each.name != LANGUAGE],
        outcome=outcome,
        table=table,
        problem=problem,
        open_form=reader.link("/sparql", query=query.text),
    )


def _field(parameter: Parameter, given: Mapping[str, str]) -> Field:
    return Field(
        parameter,
        given.get(parameter.name, ""),
        _INPUT_TYPES.get(parameter.type, "text"),
        _INPUT_MODES.get(parameter.type, "text"),
    )
