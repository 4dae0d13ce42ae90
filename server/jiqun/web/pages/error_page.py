"""Errors and retired identifiers as pages.

Errors as a page: what was wrong, and what to do.

The page of an identifier that was given up.
"""

from __future__ import annotations

from typing import Final

from jiqun.language import Reader, pick
from jiqun.web.linked_data.documents import Retirement
from jiqun.web.pages.rendering import render
from jiqun.web.pages.source_page import DATA_FORMS

_WAIT: Final = frozenset({429, 503})
_NARROW: Final = frozenset({503, 504})


def render_error(
    status: int, title: str, detail: str, reader: Reader, query: str | None = None
) -> str:
    """Render an error; with `query`, the text that failed stands in a form to be mended."""
    advice = []
    if query is not None and status < 500:
        advice.append("error_mend")
    if status in _WAIT:
        advice.append("error_wait")
    if status in _NARROW:
        advice.append("error_narrow")
    return render(
        "error.html", reader, status=status, title=title, detail=detail, advice=advice, text=query
    )


def render_retirement(retired: Retirement, path: str, reader: Reader) -> str:
    """Render why the identifier leads nowhere any more, and where to look instead.

    `path` is the address without suffix, such as `/doc/beijing`.
    """
    words = path.rpartition("/")[2].replace("-", " ")
    return render(
        "retired.html",
        reader,
        iri=retired.iri,
        reason=pick(retired.reasons, reader),
        search=reader.link("/search", q=words),
        data=[(label, f"{reader.root}{path}.{suffix}", kind) for label, suffix, kind in DATA_FORMS],
    )
