"""The pages for people: server-rendered, without inline code, working without scripts.

Rendering is pure: plain data and a `Reader` in, HTML out. `reading` fetches the data.
"""

from __future__ import annotations

from jiqun.language import Reader, Text, choose_language
from jiqun.query.solutions import Term, term
from jiqun.web.pages.catalogue_page import render_catalogue
from jiqun.web.pages.cells import Caption, Cell
from jiqun.web.pages.error_page import render_error
from jiqun.web.pages.home_page import Figure, Overview, render_home
from jiqun.web.pages.query_page import render_queries, render_query
from jiqun.web.pages.results_page import Outcome, read_outcome, render_query_form, render_results
from jiqun.web.pages.source_page import Source, SourceEntry, render_source, render_sources

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
