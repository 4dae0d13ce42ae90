"""The answers of tools, and query results as tables with notes on how to read them.

Everything that takes time runs in a worker: the document functions here, like pages, and queries
through the gate, lanes, limits and cache.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

import pyoxigraph as ox

from jiqun.agents.citations import cite
from jiqun.agents.schema_terms import find_term, schema
from jiqun.agents.statements import KINDS, compare, describe
from jiqun.agents.tools import (
    Found,
    FoundThing,
    ListedQuery,
    ListQueries,
    QueryList,
    RunQuery,
    Search,
    Sparql,
    Table,
    Value,
    find_tool,
    fitting,
)
from jiqun.errors import BadParameter, NotFound, shorten
from jiqun.language import Reader, pick
from jiqun.query.jobs import DocumentJob
from jiqun.query.service import QueryRequest, QueryService
from jiqun.query.solutions import Row, Term, term, term_of
from jiqun.rdf.formats import JSON, N_TRIPLES, PLAIN_JSON, Format
from jiqun.rdf.namespaces import ID, PREFIXES, XSD, compact, is_absolute_iri
from jiqun.release import find_query
from jiqun.saved_queries import Parameter, SavedQuery, read_parameters
from jiqun.search.full_text import search as search_names
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import values
from jiqun.web.linked_data.query_remarks import read_remarks

_LONGEST_CELL: Final = 2000
_LARGEST_NUMBER: Final = 2**53
_MOST_CHECKED: Final = 300
_MISSING: Final = {
    "unknown_term": ("is not a term", "find one with schema."),
    "unknown_thing": ("is not in the graph", "find its id with search."),
}
_BOOLEAN: Final = f"{XSD}boolean"
_KINDS: Final = (
    "SELECT ?thing ?class WHERE {{ VALUES ?thing {{ {} }} VALUES ?class {{ {} }} ?thing a ?class }}"
)
_MOST_HITS: Final = 10
_MOST_QUERIES: Final = 25
_LARGEST_RESULT: Final = 4 * 1024 * 1024
_GRAPHS: Final = frozenset({"CONSTRUCT", "DESCRIBE"})


def with_prefixes(query: str) -> str:
    """Return a query with its known undeclared prefixes declared on its first line."""
    used = [each for each in PREFIXES if f"{each}:" in query]
    known = " ".join(f"PREFIX {each}: <{PREFIXES[each]}>" for each in used)
    return f"{known} {query}" if known else query


def solutions_table(context: Context, query: str, body: bytes, limit: int) -> Table:
    """Return SPARQL results JSON, or N-Triples, as a table of at most `limit` rows.

    Raises `BadParameter` when the query uses a term that does not exist.
    """
    names = list(_unknown(context, query))
    if names:
        raise BadParameter(" ".join(names))
    columns, rows = _read(body)
    cells = [[_cell(row.get(column)) for column in columns] for row in rows[:limit]]
    fit = fitting(cells)
    table = Table(columns=columns, rows=fit, truncated=len(fit) < len(rows), notes=[])
    table["notes"] = list(_notes(context, query, table, rows))
    return table


def _read(body: bytes) -> tuple[list[str], list[Row]]:
    if not body.lstrip().startswith(b"{"):
        triples = ox.parse(body, ox.RdfFormat.N_TRIPLES)
        names = ["subject", "property", "value"]
        return names, [
            {name: term_of(node) for name, node in zip(names, quad.triple, strict=True)}
            for quad in triples
        ]
    document: Mapping[str, Any] = json.loads(body)
    if "boolean" in document:
        answer = "true" if document["boolean"] else "false"
        return ["answer"], [
            {"answer": Term("literal", answer, datatype=f"{PREFIXES['xsd']}boolean")}
        ]
    rows: list[Row] = [
        {name: term(found) for name, found in row.items()}
        for row in document["results"]["bindings"]
    ]
    return list(document["head"]["vars"]), rows


def _cell(found: Term | None) -> Value:
    """Return a cell: shortened IRIs, numbers where JSON represents them exactly, else strings."""
    if found is None:
        return None
    if found.is_iri:
        return compact(found.value)
    if found.datatype == _BOOLEAN and found.value in {"true", "false"}:
        return found.value == "true"
    if found.datatype == f"{XSD}integer" and _is_small(found.value):
        return int(found.value)
    text = found.value
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"


def _is_small(text: str) -> bool:
    return len(text) < 17 and abs(int(text)) < _LARGEST_NUMBER


def _notes(context: Context, query: str, table: Table, rows: list[Row]) -> Iterator[str]:
    if table["truncated"]:
        yield (
            f"Only the first {len(table['rows'])} rows are shown; there are more. "
            "Narrow the query, or page with ORDER BY, LIMIT and OFFSET."
        )
    if not rows:
        yield from _why_empty(query)
    yield from _no_facts(context, rows)
    if "targetValue" in query:
        yield "kg:targetValue is the figure of a goal; goals are not facts."
    if table["columns"] == ["answer"] and table["rows"] == [[False]]:
        yield "False means that the graph does not state it; what no source states is unknown."


def _why_empty(query: str) -> Iterator[str]:
    query = query[:_LONGEST_CELL]  # these searches take quadratic time
    yield "No rows. What no source states is unknown, not false."
    if re.search(r"label\s+[\"'][^\"']*[\"'](?!@)", query):
        yield 'Labels have a language: write "Hebei"@en, or find the id with search.'
    if re.search(r"=\s*[\"'][^\"']*[\"'](?!@)", query):
        yield "A string without a language tag equals no label; compare STR(?label)."
    if "GRAPH" in query.upper():
        yield (
            "Inferred statements are in graph:inferred, not in passages; without GRAPH the whole "
            "graph is searched."
        )


def _no_facts(context: Context, rows: Iterable[Row]) -> Iterator[str]:
    """List things in the result whose claims are not facts: goals, judgements."""
    iris = {found.value for row in rows for found in row.values() if _is_own(found)}
    if not iris:
        return
    query = _KINDS.format(values(sorted(iris)[:_MOST_CHECKED]), values(KINDS))
    by_kind: dict[str, set[str]] = {}
    for row in context.select(query):
        by_kind.setdefault(KINDS[row["class"].value], set()).add(compact(row["thing"].value))
    for kind, things in sorted(by_kind.items()):
        listed = ", ".join(sorted(things)[:10])
        more = f" and {len(things) - 10} more" if len(things) > 10 else ""
        yield f"Not a fact but {kind}: {listed}{more}."


def _is_own(found: Term) -> bool:
    return found.is_iri and found.value.startswith(ID) and is_absolute_iri(found.value)


def _unknown(context: Context, query: str) -> Iterator[str]:
    """List terms, things and sources in a query that do not exist, with suggestions."""
    found = {each.name: each for each in read_remarks(context, query)}
    for each in found.values():
        if each.kind in _MISSING:
            what, help_text = _MISSING[each.kind]
            hint = f"did you mean {', '.join(each.near)}?" if each.near else help_text
            yield f"{each.name} {what}; {hint}"


@dataclass(frozen=True)
class Caller:
    """The client: its address, for its share of the workers, and the URL of the site."""

    client: str = ""
    root: str = ""


async def answer(
    service: QueryService, name: str, given: Mapping[str, Any], caller: Caller
) -> bytes:
    """Return the answer of a tool as JSON; raises `JiqunError` with what to fix."""
    arguments = find_tool(name).read(given)
    if isinstance(arguments, RunQuery):
        return await _run_saved(service, arguments, caller)
    if isinstance(arguments, Sparql):
        request = QueryRequest(with_prefixes(arguments.query), client=caller.client)
        return await _run(service, request, arguments.limit, caller, "")
    return await _document(service, read_answer, (name, dict(given)), caller)


async def list_of_queries(service: QueryService, caller: Caller) -> bytes:
    """Return all saved queries with their parameters as JSON."""
    return await _document(service, all_queries, (), caller)


async def _run_saved(service: QueryService, given: RunQuery, caller: Caller) -> bytes:
    query = service.release.queries.get(given.name)
    if query is None:
        return await _document(service, unknown_query, (given.name,), caller)
    texts = {name: _text(value) for name, value in given.parameters.items()}
    terms = read_parameters(query, {name: [text] for name, text in texts.items()})
    request = QueryRequest(query.text, bindings=terms, client=caller.client)
    address = f"{caller.root}/queries/{query.name}" + (f"?{urlencode(texts)}" if texts else "")
    return await _run(service, request, given.limit, caller, address if caller.root else "")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _run(
    service: QueryService, request: QueryRequest, limit: int, caller: Caller, address: str
) -> bytes:
    """Evaluate a query and shape its result, both in workers."""
    parsed, _ = await service.parse(request)
    format_: Format = N_TRIPLES if parsed.form in _GRAPHS else JSON
    limited = replace(request, row_limit=limit + 1, max_bytes=_LARGEST_RESULT)
    body = await service.collect(limited, format_)
    arguments = (parsed.text, body, limit, address, parsed.warnings)
    return await _document(service, table_answer, arguments, caller, cached=False)


async def _document(
    service: QueryService,
    function: Callable[..., Document],
    arguments: tuple[Any, ...],
    caller: Caller,
    *,
    cached: bool = True,
) -> bytes:
    seconds = service.settings.deadline_seconds
    module, name = function.__module__, function.__qualname__
    job = DocumentJob(module, name, arguments, {}, seconds, caller.client)
    return (await service.document(job, None, cached=cached)).body


def read_answer(context: Context, name: str, given: Mapping[str, Any]) -> Document:
    """Return the answer of a tool that reads the graph, the index or the saved queries."""
    arguments = find_tool(name).read(given)
    return _json(_READERS[name](context, arguments))


def all_queries(context: Context) -> Document:
    """Return the list of all saved queries."""
    queries = context.release.queries.values()
    listed = [_listed(query, Reader()) for query in queries]
    return _json(QueryList(queries=listed, total=len(listed)))


def unknown_query(context: Context, name: str) -> Document:
    """Raise `NotFound` with the most similar names; slow."""
    return _json(_listed(find_query(context.release, name), Reader()))


def table_answer(
    context: Context, query: str, body: bytes, limit: int, address: str, warnings: tuple[str, ...]
) -> Document:
    """Return the result of a query as a table of at most `limit` rows, with the gate's warnings."""
    table = solutions_table(context, query, body, limit)
    table["notes"] = [*warnings, *table["notes"]]
    if address:
        table["url"] = address
    return _json(table)


def _json(value: object) -> Document:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Document(text.encode(errors="replace"), PLAIN_JSON.content_type())


def search(context: Context, given: Search) -> Found:
    """Return the things that a name may refer to; raises `NotFound` when there are none."""
    reader = Reader(given.lang)
    classes = None
    if given.type is not None:
        term = find_term(context, given.type, "class")
        classes = context.index.class_numbers([term.iri])
    result = search_names(context.index, given.text, classes, 1, given.lang)
    if not result.hits:
        kind = f" of the type {compact(term.iri)}" if given.type is not None else ""
        raise NotFound(
            f"Nothing{kind} has a name like {shorten(given.text)}. Try fewer words, the Chinese "
            "name, or no type."
        )
    things = []
    for hit in result.hits[:_MOST_HITS]:
        types = [context.index.classes[each] for each in hit.thing.types]
        thing = FoundThing(
            id=f"id:{hit.thing.slug}",
            name=pick(hit.thing.labels, reader).value or hit.thing.slug,
            type=", ".join(compact(each.iri) for each in types),
        )
        description = pick(hit.thing.description, reader).value
        if description:
            thing["description"] = shorten(description, 200)
        if hit.name and hit.name.text != thing["name"]:
            thing["matched"] = hit.name.text
        things.append(thing)
    found = Found(total=result.total, things=things)
    if result.resembling:
        found["note"] = "Nothing has all these words; these names are similar."
    elif result.total > len(things):
        found["note"] = "There are more; use a longer name, or a type."
    return found


def list_queries(context: Context, given: ListQueries) -> QueryList:
    """Return the saved queries that have all words; raises `NotFound` when there are none."""
    reader = Reader(given.lang)
    words = (given.about or "").casefold().split()
    scored = []
    for query in context.release.queries.values():
        described = " ".join((query.name, *query.summary.values(), *query.tags)).casefold()
        further = " ".join(query.description.values()).casefold()
        hits = sum(2 if word in described else word in further for word in words)
        if hits or not words:
            missing = sum(word not in described and word not in further for word in words)
            scored.append((missing, -hits, query.name, query))
    scored.sort(key=lambda each: each[:3])
    if not scored:
        tags = sorted({tag for query in context.release.queries.values() for tag in query.tags})
        raise NotFound(
            f"No saved query matches {shorten(given.about or '')}. Tags: {', '.join(tags)}."
        )
    best = [query for missing, _, _, query in scored if missing == scored[0][0]]
    return QueryList(
        queries=[_listed(query, reader) for query in best[:_MOST_QUERIES]], total=len(best)
    )


def _listed(query: SavedQuery, reader: Reader) -> ListedQuery:
    return ListedQuery(
        name=query.name,
        question=pick(query.summary, reader).value,
        parameters={each.name: _told(each) for each in query.parameters},
    )


def _told(parameter: Parameter) -> str:
    text = parameter.type
    if parameter.values:
        text += f", one of {' '.join(parameter.values)}"
    if parameter.required:
        return f"{text}, required"
    return f"{text}, default {parameter.default}" if parameter.default else f"{text}, optional"


_READERS: Final[Mapping[str, Callable[[Context, Any], object]]] = {
    "search": search,
    "describe": describe,
    "list_queries": list_queries,
    "schema": schema,
    "cite": cite,
    "compare": compare,
}
