"""The pages for people: server-rendered, without inline code, working without scripts.

Rendering is pure: plain data and a `Reader` in, HTML out. `reading` fetches the data.
"""

from __future__ import annotations

from jiqun.endpoint.pages.catalogue import render_catalogue
from jiqun.endpoint.pages.cells import Caption, Cell
from jiqun.endpoint.pages.errors import render_error
from jiqun.endpoint.pages.home import Figure, Overview, render_home
from jiqun.endpoint.pages.queries import render_queries, render_query
from jiqun.endpoint.pages.results import Outcome, read_outcome, render_query_form, render_results
from jiqun.endpoint.pages.sources import Source, SourceEntry, render_source, render_sources
from jiqun.endpoint.reader import Reader, Text, choose_language
from jiqun.endpoint.terms import Term, term

__all__ = [
    "Caption",
    "Cell",
    "Figure",
    "Outcome",
    "Overview",
    "Reader",
    "Source",
    "SourceEntry",
    "Term",
    "Text",
    "choose_language",
    "read_outcome",
    "render_catalogue",
    "render_error",
    "render_home",
    "render_queries",
    "render_query",
    "render_query_form",
    "render_results",
    "render_source",
    "render_sources",
    "term",
]
