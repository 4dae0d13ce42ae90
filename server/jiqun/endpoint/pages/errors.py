"""Errors as a page: what was wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.pages.environment import render

if TYPE_CHECKING:
    from jiqun.endpoint.reader import Reader

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
