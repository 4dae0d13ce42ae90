"""Parameters and dependencies of routes, for FastAPI."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, Field

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader
from jiqun.query.protocol import parse_parameters
from jiqun.rdf.formats import Format
from jiqun.rdf.terms import LANGUAGES
from jiqun.web.http import header, public_url, reader_of
from jiqun.web.linked_data.representations import (
    SUFFIXES,
    Suffixes,
    Target,
    choose_form,
    forms_of,
    read_name,
)
from jiqun.web.metadata.openapi import FORMAT_HELP, format_names, found, problems

_MAX_PAGE: Final = 99_999
_TRACKING: Final = re.compile(r"utm_\w{1,40}|fbclid|gclid|msclkid|isappinstalled")
ResourceName = Annotated[
    str, Path(description="A slug such as `beijing`, with or without a suffix such as `.ttl`.")
]
Suffix = Annotated[str, Path(description="The suffix of a form, such as `ttl` or `jsonld`.")]


class ReadRoute(APIRoute):
    """A route that answers HEAD where it answers GET (RFC 9110, section 9.1)."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        named = set(methods or ("GET",))
        heads = {"HEAD"} if "GET" in named else set[str]()
        super().__init__(path, endpoint, methods=named | heads, **options)


def format_query(formats: Sequence[Format]) -> Any:
    """Return the declaration of `?format=` for these formats."""
    return Query(alias="format", description=FORMAT_HELP, json_schema_extra=format_names(formats))


def resource_responses(
    description: str, *statuses: int, suffixes: Suffixes = SUFFIXES
) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a document in all its forms; `statuses` are additional errors."""
    return found(description, forms_of(suffixes)) | problems(404, 406, *statuses)


async def read_root(request: Request) -> str:
    """Return the public URL of the site, without a trailing slash; raises `BadParameter`."""
    return public_url(request.scope, request.app.state.settings)


async def read_reader(
    request: Request,
    _lang: Annotated[
        str | None,
        Query(
            alias="lang",
            description="The language of a page; overrides the Accept-Language header.",
            json_schema_extra={"enum": list(LANGUAGES)},
        ),
    ] = None,
) -> Reader:
    """Return the reader of a page."""
    return reader_of(request.scope, request.app.state.settings)


def check_query_string(request: Request) -> None:
    """Raise `BadParameter` for a malformed query string or a repeated parameter of the route."""
    _check_once(request, parse_parameters(request.scope["query_string"], "query string"))


def check_parameters(request: Request) -> None:
    """Check the query string, and that the route has all of its parameters.

    Raises `BadParameter` also for a parameter that is misspelt, which would be ignored silently.
    Parameters that other sites append to links, to track visitors, are allowed.
    """
    given = parse_parameters(request.scope["query_string"], "query string")
    _check_once(request, given)
    known = _parameters(request.scope["route"])
    for name in given:
        if name not in known and not _TRACKING.fullmatch(name):
            raise BadParameter(
                f"There is no parameter {shorten(name)} here. There are: {', '.join(known)}."
            )


def _check_once(request: Request, given: Mapping[str, Sequence[str]]) -> None:
    for name in _parameters(request.scope["route"]):
        count = len(given.get(name, ()))
        if count > 1:
            raise BadParameter(f"The parameter {name} is given {count} times.")


def _parameters(route: APIRoute) -> tuple[str, ...]:
    """Return the names of the parameters of a route, with those that are only described."""
    described = (route.openapi_extra or {}).get("parameters", ())
    names = [each["name"] for each in described if each["in"] == "query"]
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        names += [each.alias for each in dependant.query_params]
        waiting += dependant.dependencies
    return tuple(dict.fromkeys(names))


def whole_number(name: str, least: int, most: int, text: str) -> int:
    """Read a whole number; raises `BadParameter`, naming the parameter."""
    # FastAPI also passes the default.
    digits = str(text)
    if not digits.isascii() or not digits.isdigit() or not least <= int(digits[:9]) <= most:
        raise BadParameter(f"{name} must be a whole number from {least} to {most}.")
    return int(digits)


Root = Annotated[str, Depends(read_root)]
PageReader = Annotated[Reader, Depends(read_reader)]
FormatName = Annotated[str | None, format_query(forms_of(SUFFIXES))]
PageNumber = Annotated[
    int,
    Field(ge=1, le=_MAX_PAGE),
    BeforeValidator(partial(whole_number, "page", 1, _MAX_PAGE)),
    Query(description="The number of a page."),
]


def target_of(
    request: Request,
    root: str,
    path: str,
    format_name: str | None = None,
    suffixes: Suffixes = SUFFIXES,
) -> Target:
    """Return the target of a request by its path, such as `/doc/beijing.ttl`.

    Raises `NotAcceptable` and `BadParameter` as in `negotiate`.
    """
    above, _, text = path.rpartition("/")
    name = read_name(text, suffixes)
    choice = choose_form(name, header(request.scope, b"accept"), format_name, suffixes)
    query = request.scope["query_string"].decode("ascii", "ignore")
    return Target(root, f"{above}/", text, name, choice, query)
