"""Colours for SPARQL and Turtle, put in by the server so that no page needs a script for them."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_LONGEST: Final = 200_000
_KEYWORDS: Final = (
    "BASE|PREFIX|SELECT|ASK|CONSTRUCT|DESCRIBE|DISTINCT|REDUCED|FROM|NAMED|WHERE|GRAPH|OPTIONAL|"
    "UNION|MINUS|FILTER|BIND|VALUES|SERVICE|SILENT|AS|IN|NOT|EXISTS|GROUP|BY|HAVING|ORDER|ASC|"
    "DESC|LIMIT|OFFSET|UNDEF|COUNT|SUM|MIN|MAX|AVG|SAMPLE|GROUP_CONCAT|SEPARATOR|true|false|a"
)
_TOKEN: Final = re.compile(
    r"(?P<iri><[^<>\"{}|^`\\\x00-\x20]*>)"
    r"|(?P<string>\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\""
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<variable>[?$]\w+)"
    r"|(?P<name>[A-Za-z][\w-]*:[\w.-]*\w|[A-Za-z][\w-]*:|:\w[\w-]*)"
    rf"|(?P<keyword>@prefix|@base|\b(?:{_KEYWORDS})\b(?![-:]))"
    r"|(?P<number>\b\d+(?:\.\d+)?\b)"
    r"|\w+",
    re.IGNORECASE,
)


def highlight(text: str) -> Markup:
    """Give `text`, SPARQL or Turtle, as escaped HTML with a span of its kind around each token."""
    if len(text) > _LONGEST:
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        end = match.end()
        token = escape(match[0])
        kind = match.lastgroup
        parts.append(Markup('<span class="t-{}">{}</span>').format(kind, token) if kind else token)
    parts.append(escape(text[end:]))
    return Markup("").join(parts)
