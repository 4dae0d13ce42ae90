"""The marks of passages beside a statement: the words, who published them, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import DCTERMS, SOURCE
from jiqun.web.addresses import text_fragment
from jiqun.web.pages.cells import Caption, Cell, show
from jiqun.web.pages.facts import Fact
from jiqun.web.pages.source_page import find_web_page

_MOST_MARKS: Final = 6


@dataclass(frozen=True)
class Mark:
    """A passage that states a fact; `words` each with the address where they stand on the web."""

    passage: Cell
    words: tuple[tuple[Text, str | None], ...]
    title: Text
    publisher: Cell | None
    issued: str


def marks_of(
    facts: Iterable[Fact],
    sources: Mapping[str, Mapping[str, list[Term]]],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> tuple[Mark, ...]:
    """Give the marks of the passages that state the given facts, the first few of them."""
    stated = list(facts)
    passages = sorted({fact.graph for fact in stated if fact.graph.startswith(SOURCE)}, key=_order)
    return tuple(_mark(each, stated, sources, captions, reader) for each in passages[:_MOST_MARKS])


def _mark(
    passage: str,
    facts: list[Fact],
    sources: Mapping[str, Mapping[str, list[Term]]],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> Mark:
    card = sources.get(passage.partition("#")[0], {})
    mentions = frozenset(
        term.value for fact in facts if fact.graph == passage for term in (fact.subject, fact.value)
    )
    caption = captions.get(passage)
    words = caption.words_for(mentions) if caption else ()
    address = find_web_page(card)
    titles, publishers = card.get(f"{DCTERMS}title", []), card.get(f"{DCTERMS}publisher", [])
    issued = card.get(f"{DCTERMS}issued", [])
    return Mark(
        show(Term("uri", passage), {}, reader),
        tuple((each, text_fragment(address, each.value) if address else None) for each in words),
        Text(titles[0].value, titles[0].lang) if titles else Text(""),
        show(publishers[0], captions, reader) if publishers else None,
        issued[0].value[:10] if issued else "",
    )


def _order(passage: str) -> tuple[str, int, str]:
    source, _, anchor = passage.partition("#")
    number = anchor.removeprefix("p")
    return source, int(number) if number.isdecimal() and len(number) < 10 else 0, anchor
