"""Finds English left on a Chinese page: words in Latin letters that are no name or code."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

_VOID: Final = frozenset({"meta", "link", "img", "input", "br", "hr", "source", "wbr"})
_APART: Final = frozenset({"script", "style", "code", "pre", "textarea", "q", "cite"})
_SAID: Final = ("title", "aria-label", "placeholder", "alt", "data-label", "data-copy")
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/#@%?=&+'’*()-]*")
_WORD: Final = re.compile(r"[A-Z]?[a-z]{2,}(?:['’][A-Za-z]+)*")
_NAMES: Final = frozenset(
    (
        *("Jiqun", "English", "Excel", "Turtle", "functional", "BibTeX", "Parquet", "Frictionless"),
        *("Wikidata", "GeoNames", "OpenStreetMap", "Natural", "Earth", "Who's", "First", "Debian"),
        *("FinanceDatabase", "adata", "vininfo", "Unicode", "Data", "Cube", "Web", "Annotation"),
        *("Gephi", "NetworkX", "pandas", "Kepler", "Observable", "OpenRefine", "passage"),
        *("Esc", "Tab", "Delete"),
    )
)
"""Names of programs, formats, standards, data sets and keys, which Chinese has no others for."""


def latin_words(page: str, names: frozenset[str] = frozenset()) -> list[str]:
    """Return the English words that a page shows or says in its own language, Chinese.

    Quotes, code, addresses, identifiers and what is marked as being in another language are not
    looked at; `names` are allowed besides those that every page may have.
    """
    reading = _Reading()
    reading.feed(page)
    found = (word for text in reading.texts for word in _words(text))
    return [word for word in found if word not in _NAMES | names]


def names_in_data(client: httpx.Client) -> frozenset[str]:
    """Return the words in Latin letters of Chinese labels and titles, which are names."""
    query = """SELECT DISTINCT ?text {
      ?thing <http://www.w3.org/2000/01/rdf-schema#label>
           | <http://www.w3.org/2004/02/skos/core#altLabel>
           | <http://purl.org/dc/terms/title> ?text
      FILTER (STRSTARTS(LANG(?text), "zh") && REGEX(STR(?text), "[A-Za-z]{2}"))
    }"""
    accept = {"Accept": "application/sparql-results+json"}
    found = client.get("/sparql", params={"query": query}, headers=accept).raise_for_status()
    rows = found.json()["results"]["bindings"]
    return frozenset(word for row in rows for word in _words(row["text"]["value"]))


def _words(text: str) -> list[str]:
    tokens = (each.rstrip(".,:?)'’") for each in _TOKEN.findall(text))
    return [each for each in tokens if _WORD.fullmatch(each)]


class _Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, str, bool]] = [("", "", False)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        _, outer, apart = self._open[-1]
        lang = given.get("lang", outer)
        if lang.startswith("zh"):
            self.texts += [given[name] for name in _SAID if name in given]
            if given.get("name") == "description":
                self.texts.append(given["content"])
        if tag not in _VOID:
            apart = apart or tag in _APART or given.get("translate") == "no"
            self._open.append((tag, lang, apart))

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        _, lang, apart = self._open[-1]
        if lang.startswith("zh") and not apart:
            self.texts.append(data)
