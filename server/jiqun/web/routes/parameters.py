"""What routes read from a request, for FastAPI: their parameters and dependencies."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request

from jiqun.language import LANGUAGES, Reader
from jiqun.web.http import header, public_url, reader_of
from jiqun.web.linked_data.representations import SUFFIXES, Suffixes, Target, choose_form, read_name

METHODS: Final = ["GET", "HEAD"]
"""The methods of every route that only reads."""


async def read_root(request: Request) -> str:
    """Return the public URL of the site, without a slash at the end; raises `BadParameter`."""
    return public_url(request.scope, request.app.state.settings)


async def read_reader(
    request: Request,
    _lang: Annotated[
        str | None,
        Query(
            alias="lang",
            description="The language of a page, before the Accept-Language header.",
            json_schema_extra={"enum": list(LANGUAGES)},
        ),
    ] = None,
) -> Reader:
    """Return the reader for whom a page is made."""
    return reader_of(request.scope, request.app.state.settings)


Root = Annotated[str, Depends(read_root)]
PageReader = Annotated[Reader, Depends(read_reader)]
FormatName = Annotated[
    str | None, Query(alias="format", description="The format, before the Accept header.")
]
PageNumber = Annotated[int, Query(ge=1, le=99_999, description="The number of a page.")]
ResourceName = Annotated[
    str, Path(description="A slug such as `beijing`, with or without a suffix such as `.ttl`.")
]
Suffix = Annotated[str, Path(description="The suffix of a form, such as `ttl` or `jsonld`.")]


def target_of(
    request: Request,
    root: str,
    path: str,
    format_name: str | None = None,
    suffixes: Suffixes = SUFFIXES,
) -> Target:
    """Return the target of a request by its path, such as `/doc/beijing.ttl`.

    Raises `NotAcceptable` and `BadParameter` like the negotiation.
    """
    above, _, text = path.rpartition("/")
    name = read_name(text, suffixes)
    choice = choose_form(name, header(request.scope, b"accept"), format_name, suffixes)
    query = request.scope["query_string"].decode("ascii", "ignore")
    return Target(root, f"{above}/", text, name, choice, query)
