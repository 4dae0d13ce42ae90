"""The OpenAPI document: the routes, and every saved query with its parameters."""

from __future__ import annotations

import warnings
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from jiqun.rdf.formats import GRAPHS, HTML, SOLUTIONS, formats_for
from jiqun.release import Release
from jiqun.saved_queries import Parameter, SavedQuery

_TYPES: Final[dict[str, dict[str, Any]]] = {
    "iri": {"type": "string", "format": "iri-reference"},
    "literal": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
    "lang": {"type": "string", "pattern": "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"},
}
_PROBLEM: Final = {
    "description": "What was wrong and what to do",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Make the document once; it describes `/sparql` and the saved queries of the release too."""
    if app.openapi_schema is None:
        release: Release = app.state.release
        with warnings.catch_warnings():
            # HEAD is GET without a body; it is left out below, so that its name may be doubled.
            warnings.simplefilter("ignore", UserWarning)
            document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path in document.get("paths", {}).values():
            path.pop("head", None)
            path.get("get", {}).pop("requestBody", None)
        server = app.state.settings.public_url or app.state.settings.root_path or "/"
        document["servers"] = [{"url": server}]
        paths = document.setdefault("paths", {})
        paths.pop("/queries/{name}", None)
        paths["/sparql"] = _sparql()
        paths["/graphs"] = _graphs()
        if app.state.settings.workspace is not None:
            paths["/update"] = _update()
        for query in release.queries.values():
            paths[f"/queries/{query.name}"] = {"get": _saved(query)}
        app.openapi_schema = document
    return app.openapi_schema


def _parameter(
    name: str, description: str, schema: dict[str, Any], *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": schema,
    }


def _format_parameter(names: list[str]) -> dict[str, Any]:
    return _parameter(
        "format", "The format of the answer, before the Accept header.", {"enum": names}
    )


_TIMEOUT: Final = _parameter(
    "timeout", "Seconds after which the query is given up.", {"type": "number"}
)


def _content(media_types: list[str]) -> dict[str, Any]:
    return {name: {"schema": {"type": "string"}} for name in media_types}


def _sparql() -> dict[str, Any]:
    media_types = [each.media_type for each in (*SOLUTIONS, *GRAPHS)]
    responses = {
        "200": {
            "description": "The results of the query, or the service description without one",
            "content": _content(media_types),
        },
        "304": {"description": "The client's copy is still good"},
        **dict.fromkeys(("400", "403", "406", "415", "503", "504"), _PROBLEM),
    }
    graphs = {"type": "array", "items": {"type": "string", "format": "iri"}}
    dataset = [
        _parameter("default-graph-uri", "Graphs that make up the default graph.", graphs),
        _parameter("named-graph-uri", "Graphs that GRAPH can reach.", graphs),
        _format_parameter(["json", "xml", "csv", "tsv", "turtle", "nt", "rdfxml", "jsonld"]),
        _TIMEOUT,
    ]
    query = _parameter("query", "A SPARQL 1.1 query.", {"type": "string"})
    return {
        "get": {
            "tags": ["sparql"],
            "summary": "Ask a SPARQL query",
            "operationId": "sparql_get",
            "parameters": [query, *dataset],
            "responses": responses,
        },
        "post": {
            "tags": ["sparql"],
            "summary": "Ask a SPARQL query in the body",
            "operationId": "sparql_post",
            "parameters": dataset,
            "requestBody": {
                "required": True,
                "content": {
                    "application/sparql-query": {"schema": {"type": "string"}},
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "required": ["query"],
                            "properties": {
                                "query": {"type": "string"},
                                "default-graph-uri": graphs,
                                "named-graph-uri": graphs,
                            },
                        }
                    },
                },
            },
            "responses": responses,
        },
    }


def _graphs() -> dict[str, Any]:
    named = _parameter("graph", "The IRI of a graph.", {"type": "string", "format": "iri"})
    default = _parameter("default", "The default graph; without a value.", {"type": "boolean"})
    default["allowEmptyValue"] = True
    return {
        "get": {
            "tags": ["sparql"],
            "summary": "Read a graph",
            "operationId": "graphs_get",
            "parameters": [named, default, _format_parameter([each.names[0] for each in GRAPHS])],
            "responses": {
                "200": {
                    "description": "The graph",
                    "content": _content([each.media_type for each in GRAPHS]),
                },
                **dict.fromkeys(("400", "404", "406", "503", "504"), _PROBLEM),
            },
        }
    }


def _update() -> dict[str, Any]:
    return {
        "post": {
            "tags": ["sparql"],
            "summary": "Carry out a SPARQL update",
            "operationId": "update_post",
            "requestBody": {
                "required": True,
                "content": {"application/sparql-update": {"schema": {"type": "string"}}},
            },
            "responses": {
                "204": {"description": "Done, and readers find it"},
                **dict.fromkeys(("400", "401", "403", "413", "503", "504"), _PROBLEM),
            },
        }
    }


def _saved(query: SavedQuery) -> dict[str, Any]:
    formats = formats_for(query.form)
    names = [each.names[0] for each in formats]
    media_types = [each.media_type for each in formats]
    return {
        "tags": ["saved queries", *query.tags],
        "summary": query.summary.get("en", query.name),
        "description": query.description.get("en", ""),
        "operationId": f"query_{query.name.replace('-', '_').replace('.', '_')}",
        "parameters": [
            *(_saved_parameter(query, each) for each in query.parameters),
            _format_parameter(["html", *names]),
            _TIMEOUT,
        ],
        "responses": {
            "200": {
                "description": "The answer",
                "content": _content([HTML.media_type, *media_types]),
            },
            "400": _PROBLEM,
            "503": _PROBLEM,
            "504": _PROBLEM,
        },
    }


def _saved_parameter(query: SavedQuery, parameter: Parameter) -> dict[str, Any]:
    schema = dict(_TYPES.get(parameter.type, {"type": "string"}))
    if parameter.values:
        schema["enum"] = list(parameter.values)
    if parameter.default is not None:
        schema["default"] = parameter.default
    described = _parameter(
        parameter.name,
        parameter.description.get("en", ""),
        schema,
        required=parameter.required,
    )
    if parameter.name in query.example:
        described["example"] = query.example[parameter.name]
    return described
