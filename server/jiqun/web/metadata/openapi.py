"""The OpenAPI 3.1 document: what FastAPI makes of the routes, and what it cannot know.

That is one path for each saved query with its parameters, and the protocols of SPARQL, which are
plain ASGI.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict

from jiqun.rdf.formats import (
    GRAPHS,
    HTML,
    JSON,
    JSON_LD,
    PLAIN_JSON,
    PROBLEM,
    SOLUTIONS,
    TABLE,
    Format,
    formats_for,
)
from jiqun.release import Release
from jiqun.saved_queries import LONGEST_VALUE, Parameter, SavedQuery

Object = dict[str, Any]

METHODS: Final = ["GET", "HEAD"]
"""Of every route that only reads."""
ANY_TYPE: Final[Object] = {"content": {"*/*": {"schema": {}}}}

FORMAT_HELP: Final = "The format, before the Accept header."

_SECONDS: Final = r"^([1-9][0-9]{0,8}(\.[0-9]{1,6})?s?)?$"
_SPARQL_TEXT: Final[Object] = {
    "type": "string",
    "pattern": r"\S",
    "contentMediaType": "application/sparql-query",
}
_TEXT: Final[Object] = {"type": "string"}
_IRI: Final[Object] = {"type": "string", "format": "iri"}
_RESULTS: Final[Object] = {
    "type": "object",
    "description": "SPARQL 1.1 Query Results JSON Format.",
    "properties": {
        "head": {"type": "object"},
        "boolean": {"type": "boolean"},
        "results": {
            "type": "object",
            "properties": {"bindings": {"type": "array", "items": {"type": "object"}}},
            "required": ["bindings"],
        },
    },
    "required": ["head"],
}
_TYPES: Final[dict[str, Object]] = {
    "iri": {"type": "string", "format": "iri-reference"},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
    "lang": {"type": "string", "pattern": "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"},
}


class Problem(BaseModel):
    """Problem details (RFC 9457); `retryAfter` is in seconds."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    line: int = 0
    column: int = 0
    retryAfter: int = 0  # noqa: N815 -- as in the document


def content(formats: Iterable[Format]) -> Object:
    """Return the content of a response in one of these formats, under all their media types."""
    schemas: dict[Format, Object] = {
        JSON: {"$ref": "#/components/schemas/Results"},
        PROBLEM: {"$ref": "#/components/schemas/Problem"},
        JSON_LD: {},
        PLAIN_JSON: {},
    }
    return {
        media_type: {"schema": dict(schemas.get(each, _TEXT))}
        for each in formats
        for media_type in (each.media_type, *each.aliases)
    }


def problems(*statuses: int) -> dict[int | str, Object]:
    """Return the responses of a route that fails with these statuses; any may with 400 and 503."""
    details = content((PROBLEM, TABLE, HTML))
    return {
        status: {"description": HTTPStatus(status).phrase, "content": details}
        for status in sorted({400, 503, *statuses})
    }


def found(description: str, formats: Iterable[Format]) -> dict[int | str, Object]:
    """Return the responses of a route that answers in one of these formats, or with 304."""
    return {
        200: {"description": description, "content": content(formats)},
        304: {"description": "The copy of the client is current"},
    }


def format_names(formats: Iterable[Format]) -> Object:
    """Return the schema of `?format=` for these formats."""
    names = dict.fromkeys(name for each in formats for name in each.names)
    return {"type": "string", "enum": [*names, ""]}


def text(description: str) -> dict[int | str, Object]:
    """Return the response of a route that answers in plain text."""
    return {200: {"description": description, "content": content([TABLE])}}


def openapi_document(app: FastAPI) -> Object:
    """Return the document of the release that is served; it is made once."""
    if app.openapi_schema is None:
        with warnings.catch_warnings():
            # HEAD is GET without a body; it is removed below.
            warnings.simplefilter("ignore", UserWarning)
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        settings = app.state.settings
        release: Release = app.state.release
        document["servers"] = [{"url": settings.public_url or settings.root_path or "/"}]
        paths: dict[str, Object] = document.setdefault("paths", {})
        paths.pop("/queries/{name}", None)
        for query in release.queries.values():
            paths[f"/queries/{query.name}"] = {"get": _saved(query)}
        paths |= {"/sparql": _sparql(), "/graphs": _graphs(), "/update": _update()}
        shared: Object = {}
        for path, item in paths.items():
            item.pop("head", None)
            item.get("get", {}).pop("requestBody", None)
            paths[path] = dict(sorted(item.items()))  # FastAPI takes the methods from a set
            for method, operation in item.items():
                operation["operationId"] = re.sub(r"\W+", "_", f"{method}{path}").strip("_")
                _tidy_responses(operation["responses"], shared)
        components: Object = document.setdefault("components", {})
        components["responses"] = shared
        schemas: Object = components.setdefault("schemas", {})
        schemas |= {"Problem": Problem.model_json_schema(), "Results": _RESULTS}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _tidy_responses(responses: Object, shared: Object) -> None:
    """Refer to one description of each problem, and remove what FastAPI adds of its own.

    Its 422 is a 400 here, and its titles name any one of the methods of a route.
    """
    if responses.pop("422", None):
        responses.setdefault("400", problems()[400])
    for status, response in responses.items():
        if PROBLEM.media_type in response.get("content", {}):
            shared[f"Problem{status}"] = response
            responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
        for each in response.get("content", {}).values():
            each.get("schema", {}).pop("title", None)
        if PLAIN_JSON.media_type in response.get("content", {}):
            # Generators of clients take the first form that they can read.
            first = response["content"].pop(PLAIN_JSON.media_type)
            response["content"] = {PLAIN_JSON.media_type: first, **response["content"]}


def query_parameter(
    name: str, description: str, schema: Object, *, required: bool = False
) -> Object:
    """Describe a parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": schema,
    }


def _options(formats: Iterable[Format]) -> list[Object]:
    return [
        query_parameter("format", FORMAT_HELP, format_names(formats)),
        query_parameter(
            "timeout",
            "The deadline in seconds.",
            {"type": "string", "pattern": _SECONDS},
        ),
    ]


def _responses(*each: Mapping[int | str, Object]) -> Object:
    return {str(status): response for some in each for status, response in some.items()}


def _sparql() -> Object:
    formats = (*SOLUTIONS, *GRAPHS, HTML)
    responses = _responses(
        found("The result of the query; without a query, the service description", formats),
        problems(403, 406, 408, 413, 415, 504),
    )
    graphs = {"type": "array", "items": _IRI}
    dataset = {
        "default-graph-uri": query_parameter(
            "default-graph-uri", "Graphs that make up the default graph.", graphs
        ),
        "named-graph-uri": query_parameter(
            "named-graph-uri", "Graphs that GRAPH can reach.", graphs
        ),
    }
    options = _options(formats)
    form = {
        "type": "object",
        "required": ["query"],
        "properties": {
            "query": _SPARQL_TEXT,
            "default-graph-uri": graphs,
            "named-graph-uri": graphs,
        },
    }
    common = {"tags": ["sparql"], "responses": responses}
    return {
        "get": {
            "summary": "Send a SPARQL query",
            "parameters": [
                query_parameter("query", "A SPARQL 1.1 query.", _SPARQL_TEXT),
                *dataset.values(),
                *options,
            ],
            **common,
        },
        "post": {
            "summary": "Send a SPARQL query in the body",
            "parameters": options,
            "requestBody": {
                "required": True,
                "content": {
                    "application/sparql-query": {"schema": _SPARQL_TEXT},
                    "application/x-www-form-urlencoded": {"schema": form},
                },
            },
            **common,
        },
    }


def _graphs() -> Object:
    graph = query_parameter(
        "graph",
        "The IRI of a graph; `?default` instead of it is the default graph.",
        _IRI,
        required=True,
    )
    body: Object = {
        "required": True,
        "content": {each.media_type: {"schema": _TEXT} for each in GRAPHS},
    }
    done: Object = {"description": "The graph was changed", "content": content([TABLE])}
    new: Object = {"description": "The graph is new; Location is where it can be read"}
    replaced: Object = {"description": "The graph was replaced"}
    refused = problems(401, 403, 404, 408, 412, 413, 415, 504)
    operations = {
        "get": ("Read a graph", found("The graph", GRAPHS) | problems(404, 406, 504)),
        "put": ("Replace a graph", {201: new, 204: replaced, **refused}),
        "post": ("Add to a graph", {200: done, 201: new, **refused}),
        "delete": ("Remove a graph", {200: done, **refused}),
    }
    return {
        method: {
            "tags": ["sparql"],
            "summary": summary,
            "parameters": [graph, *(_options(GRAPHS) if method == "get" else ())],
            **({"requestBody": body} if method in {"put", "post"} else {}),
            "responses": _responses(responses),
        }
        for method, (summary, responses) in operations.items()
    }


def _update() -> Object:
    form = {"type": "object", "required": ["update"], "properties": {"update": _TEXT}}
    done: Object = {"description": "The update was applied, and readers see it"}
    update = {
        "tags": ["sparql"],
        "summary": "Apply a SPARQL update",
        "requestBody": {
            "required": True,
            "content": {
                "application/sparql-update": {"schema": _TEXT},
                "application/x-www-form-urlencoded": {"schema": form},
            },
        },
        "responses": _responses({204: done}, problems(401, 403, 408, 413, 415, 504)),
    }
    return {"post": update}


def _saved(query: SavedQuery) -> Object:
    formats = (*formats_for(query.form), HTML)
    return {
        "tags": ["saved queries", *query.tags],
        "summary": query.summary.get("en", query.name),
        "description": query.description.get("en", ""),
        "parameters": [
            *(_saved_parameter(each, query.example.get(each.name)) for each in query.parameters),
            *_options(formats),
        ],
        "responses": _responses(found("The result", formats), problems(404, 406, 504)),
    }


def _saved_parameter(parameter: Parameter, example: str | None) -> Object:
    literal = {"type": "string", "maxLength": LONGEST_VALUE}
    schema = dict(_TYPES.get(parameter.type, literal))
    if parameter.values:
        schema["enum"] = list(parameter.values)
    if parameter.default is not None:
        schema["default"] = _value(parameter, parameter.default)
    described = query_parameter(
        parameter.name, parameter.description.get("en", ""), schema, required=parameter.required
    )
    return described if example is None else {**described, "example": _value(parameter, example)}


def _value(parameter: Parameter, value: str) -> str | int | bool:
    if parameter.type == "integer":
        return int(value)
    return value in {"true", "1"} if parameter.type == "boolean" else value
