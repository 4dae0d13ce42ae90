"""The source's own words inside facts: they stand in the passage whose graph gives them.

`kg:wording`, `kg:nickname` and the printed titles are quotations as much as `kg:quote` is, so they
keep to the same length and are proven against the same text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.checks.passages import END, LONGEST_QUOTE, QUOTE, START, TEXT_SHA256, read_text
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.positions import statements
from jiqun.vocabulary import KG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jiqun.knowledge.turtle.parse import Document

WORDS: Final = frozenset(
    f"{KG}{name}" for name in ("wording", "nickname", "kicker", "originalTitle")
)


def check_wordings(facts: Document, source: Document, texts: Path | None) -> Iterator[Finding]:
    """Yield a finding for every wording of `facts` that is too long or not in its passage.

    `source` describes the passages; without `texts`, or without this source's text (which
    `check_source` reports), only the length is looked at. The words of a source that is known by
    its quotes alone have to stand in those.
    """
    passages = _passages(source, texts) if _held(source) else _quotes(source)
    for quad in facts.quads:
        if quad.predicate.value not in WORDS or not isinstance(quad.graph_name, ox.NamedNode):
            continue
        words = quad.object.value if isinstance(quad.object, ox.Literal) else ""
        passage = quad.graph_name.value
        if len(words) > LONGEST_QUOTE:
            what = f"the words “{words}” are {len(words)} characters, {LONGEST_QUOTE} are allowed"
            yield Finding(facts.name, _line(facts, quad), 0, what, "quote-length")
        elif words not in passages.get(passage, words):
            what = f"“{words}” does not stand in passage {passage.rpartition('#')[2]}"
            yield Finding(facts.name, _line(facts, quad), 0, what, "quote")


def _held(source: Document) -> bool:
    return any(quad.predicate.value == TEXT_SHA256 for quad in source.quads)


def _quotes(source: Document) -> dict[str, str]:
    """Return the quotes of each passage by its IRI, one a line."""
    found: dict[str, str] = {}
    for quad in source.quads:
        if quad.predicate.value == QUOTE and isinstance(quad.object, ox.Literal):
            passage = str(quad.subject)[1:-1]
            found[passage] = f"{found.get(passage, '')}{quad.object.value}\n"
    return found


def _passages(source: Document, texts: Path | None) -> dict[str, str]:
    """Return the words of each passage by its IRI, as far as the text is at hand."""
    if texts is None:
        return {}
    try:
        characters = read_text(texts / source.path.parent.name / "article.txt").characters
    except (OSError, UnicodeDecodeError):
        return {}
    offsets: dict[str, dict[str, int]] = {}
    for quad in source.quads:
        value = quad.object
        if quad.predicate.value in (START, END) and isinstance(value, ox.Literal):
            offset = int(value.value) if value.value.isdecimal() else 0
            offsets.setdefault(str(quad.subject)[1:-1], {})[quad.predicate.value] = offset
    return {
        passage: characters[ends[START] : ends[END]]
        for passage, ends in offsets.items()
        if len(ends) == 2
    }


def _line(document: Document, quad: ox.Quad) -> int:
    graph, subject = str(quad.graph_name)[1:-1], str(quad.subject)[1:-1]
    start = ox.Literal(str(getattr(quad.object, "value", "")))
    for said in statements(document):
        same = (said.graph, said.subject, said.predicate) == (graph, subject, quad.predicate.value)
        if same and said.object.startswith(str(start)):
            return said.line
    return 0
