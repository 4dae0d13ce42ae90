"""What a page shows for one RDF term: its words, where they lead, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import XSD, compact
from jiqun.web.addresses import address
from jiqun.web.pages.rendering import PHRASES, grouped

_MOST_WORDS: Final = 4
_HAN: Final = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class Wording:
    """Words by which a passage states a fact, and the terms that this fact speaks of."""

    words: Text
    mentions: frozenset[str]


@dataclass(frozen=True)
class Caption:
    """What is known of a thing beside its IRI: labels by language and types.

    Of a passage, also its quoted words and the words of the single facts that it states.
    """

    labels: Mapping[str, str]
    types: tuple[str, ...] = ()
    quotes: tuple[Text, ...] = ()
    wordings: tuple[Wording, ...] = ()

    def words_for(self, mentions: frozenset[str]) -> tuple[Text, ...]:
        """Give the words of the facts that speak of most of `mentions`, else the quoted words.

        A fact that shares only one of several mentions is taken for another fact.
        """
        best = max((len(each.mentions & mentions) for each in self.wordings), default=0)
        if best < max(1, min(2, len(mentions))):
            return self.quotes[:_MOST_WORDS]
        found = (each.words for each in self.wordings if len(each.mentions & mentions) == best)
        return tuple(dict.fromkeys(found))[:_MOST_WORDS]


@dataclass(frozen=True)
class Cell:
    """One term, ready to be shown; `kind` is thing, passage, web, text, number or blank."""

    kind: str
    text: Text
    href: str | None = None
    note: str = ""
    quotes: tuple[Text, ...] = ()


def show(term: Term | None, captions: Mapping[str, Caption], reader: Reader) -> Cell:
    """Give the cell for a term; an unbound one gives an empty cell."""
    if term is None:
        return Cell("blank", Text(""))
    if not term.is_iri:
        return _show_value(term)
    caption = captions.get(term.value)
    href = address(term.value, reader)
    if term.is_passage:
        quotes = caption.quotes if caption else ()
        mark = Text("¶ " + term.value.rpartition("#")[2].removeprefix("p"))
        return Cell("passage", mark, href, compact(term.value), quotes)
    label = pick(caption.labels, reader) if caption else Text("")
    if label.value:
        return Cell("thing", label, href, compact(term.value))
    kind = "web" if href is not None and not href.startswith("/") else "thing"
    return Cell(kind, Text(compact(term.value)), href)


def property_name(iri: str, captions: Mapping[str, Caption], reader: Reader) -> Text:
    """Give what a property is called; those of other vocabularies have names in the phrases."""
    key = compact(iri)
    if key in PHRASES:
        return Text(PHRASES[key][reader.lang], reader.lang)
    return show(Term("uri", iri), captions, reader).text


def _show_value(term: Term) -> Cell:
    if term.is_number and not term.datatype.endswith("gYear"):
        return Cell("number", Text(readable_number(term.value)))
    if term.datatype == f"{XSD}dateTime":
        return Cell("text", Text(term.value.replace("T", " ").removesuffix(":00")))
    if term.kind == "bnode":
        return Cell("text", Text(f"_:{term.value}"))
    lang = term.lang or ("zh" if _HAN.search(term.value) else "")
    return Cell("text", Text(term.value, lang), note=term.datatype_note)


def readable_number(lexical: str) -> str:
    """Give a number with its thousands apart; what is no plain number stays as it is written."""
    whole, point, fraction = lexical.partition(".")
    if not fraction.strip("0") and whole.lstrip("+-").isdecimal():
        return grouped(whole)
    if point and fraction.isdecimal() and whole.lstrip("+-").isdecimal():
        return f"{grouped(whole)}.{fraction}"
    return lexical
