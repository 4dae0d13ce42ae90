"""The answers of tools.

Everything that takes time runs in a worker: the document functions here, like pages, and queries
through the gate, lanes, limits and cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from jiqun.agents.citations import cite
from jiqun.agents.comparisons import compare
from jiqun.agents.query_tables import solutions_table, with_prefixes
from jiqun.agents.schema_terms import find_term, schema
from jiqun.agents.statements import describe
from jiqun.agents.tools import (
    Found,
    FoundThing,
    ListedQuery,
    ListQueries,
    QueryList,
    RunQuery,
    Search,
    Sparql,
    find_tool,
)
from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, pick
from jiqun.query.jobs import DocumentJob
from jiqun.query.service import QueryRequest, QueryService, in_format
from jiqun.rdf.formats import JSON, N_TRIPLES, PLAIN_JSON, Format
from jiqun.rdf.namespaces import compact
from jiqun.release import find_query
from jiqun.saved_queries import Parameter, SavedQuery, read_parameters
from jiqun.search.full_text import search as search_names
from jiqun.web.documents import Context, Document

_MOST_HITS: Final = 10
_MOST_QUERIES: Final = 25
_LARGEST_RESULT: Final = 4 * 1024 * 1024
_GRAPHS: Final = frozenset({"CONSTRUCT", "DESCRIBE"})


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
    plan = await service.plan(limited, in_format(format_))
    found = service.cached(plan) or await service.answer(plan)
    rest = [block async for block in found.blocks] if found.blocks is not None else []
    body = b"".join([found.body, *rest])
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
        told = " ".join((query.name, *query.summary.values(), *query.tags)).casefold()
        further = " ".join(query.description.values()).casefold()
        hits = sum(2 if word in told else word in further for word in words)
        if hits or not words:
            missing = sum(word not in told and word not in further for word in words)
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
    told = parameter.type
    if parameter.values:
        told += f", one of {' '.join(parameter.values)}"
    if parameter.required:
        return f"{told}, required"
    return f"{told}, default {parameter.default}" if parameter.default else f"{told}, optional"


_READERS: Final[Mapping[str, Callable[[Context, Any], object]]] = {
    "search": search,
    "describe": describe,
    "list_queries": list_queries,
    "schema": schema,
    "cite": cite,
    "compare": compare,
}
