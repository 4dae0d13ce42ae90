"""RDF terms on pages, and the captions of resources."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import GRAPH, ID, KG, RDFS_LABEL, XSD, compact, is_absolute_iri, prologue
from jiqun.web.linked_data.descriptions import in_batches, values
from jiqun.web.pages.rendering import PHRASES, address, grouped

_MAX_QUOTES: Final = 4
_MAX_PASSAGES: Final = 100
_VOCABULARY: Final = (f"{GRAPH}ontology", f"{GRAPH}concepts")
_CAPTIONS: Final = (
    f"{prologue('kg', 'rdfs')}SELECT ?thing ?label ?type WHERE {{ VALUES ?thing {{ %s }} "
    "{ ?thing rdfs:label ?label } UNION "
    f"{{ GRAPH ?graph {{ ?thing a ?type }} FILTER (?graph != <{GRAPH}inferred>) "
    f'FILTER (STRSTARTS(STR(?type), "{KG}")) }} }}'
)
_QUOTES: Final = (
    f"{prologue('kg')}SELECT ?thing ?quote "
    "WHERE { VALUES ?thing { %s } ?thing kg:quote ?quote }"
)
_SPDX: Final = "https://spdx.org/licenses/"
_LONG: Final = 60
_LONGEST_WORD: Final = 18
_UNBROKEN: Final = re.compile(rf"[!-~]{{{_LONGEST_WORD + 1}}}")
_HAN: Final = re.compile("[\u3400-\u9fff]")
_IN_CHINESE: Final[Mapping[str, tuple[str, str]]] = tomllib.loads(
    resources.files("jiqun.web").joinpath("templates", "values.toml").read_text(encoding="utf-8")
)
"""Words in Simplified and Traditional Chinese, by those in English."""


@dataclass(frozen=True)
class Wording:
    """The words in which a passage states a fact, and the terms that the fact mentions."""

    words: Text
    mentions: frozenset[str]


@dataclass(frozen=True)
class Caption:
    """The labels by language and the types of a resource, for display.

    For a passage, also its quotes and the wordings of the facts that it states.
    """

    labels: Mapping[str, str]
    types: tuple[str, ...] = ()
    quotes: tuple[Text, ...] = ()
    wordings: tuple[Wording, ...] = ()

    def words_for(self, mentions: frozenset[str]) -> tuple[Text, ...]:
        """Return the words of the facts that share the most of `mentions`, else the quotes.

        A fact that shares only one of several mentions is a different fact.
        """
        best = max((len(each.mentions & mentions) for each in self.wordings), default=0)
        if best < max(1, min(2, len(mentions))):
            return self.quotes[:_MAX_QUOTES]
        found = (each.words for each in self.wordings if len(each.mentions & mentions) == best)
        return tuple(dict.fromkeys(found))[:_MAX_QUOTES]


_NONE: Final[Mapping[str, Caption]] = {}


@dataclass(frozen=True)
class Cell:
    """A term for display; `kind` is thing, passage, web, text, number or blank."""

    kind: str
    text: Text
    href: str | None = None
    note: str = ""
    quotes: tuple[Text, ...] = ()

    @property
    def shape(self) -> str:
        """How much room it needs in a table: number, blank, unbroken as an address, long, or ""."""
        if self.kind in {"number", "blank"}:
            return self.kind
        text = self.text.value
        if len(text) > _LONGEST_WORD and _UNBROKEN.search(text):
            return "unbroken"
        return "long" if len(text) > _LONG and self.kind != "passage" else ""


@dataclass(frozen=True)
class Labels:
    """The captions of the resources on a page, in its language."""

    captions: Mapping[str, Caption]
    reader: Reader

    def label(self, iri: str) -> Text:
        """Return the label of a resource in the best language, or ""."""
        caption = self.captions.get(iri)
        return pick(caption.labels, self.reader) if caption else Text("")

    def name(self, iri: str) -> str:
        """Return the label of a resource as plain text, or its short form."""
        return self.label(iri).value or compact(iri)

    def types(self, iri: str) -> tuple[str, ...]:
        """Return the types of a resource."""
        caption = self.captions.get(iri)
        return caption.types if caption else ()

    def property_name(self, iri: str) -> Text:
        """Return the name of a property; those of other vocabularies are among the phrases."""
        key = compact(iri)
        if key in PHRASES:
            return Text(PHRASES[key][self.reader.lang], self.reader.lang)
        return self.resource(iri).text

    def cell(self, term: Term | None) -> Cell:
        """Return the cell of a term; that of an unbound variable is blank."""
        if term is None:
            return Cell("blank", Text(""))
        return self.resource(term.value) if term.is_iri else _value(term)

    def cells(self, terms: Iterable[Term]) -> tuple[Cell, ...]:
        """Return the cells of terms."""
        return tuple(map(self.cell, terms))

    def resource(self, iri: str) -> Cell:
        """Return the cell of a resource."""
        cell = self._made.get(iri)
        if cell is None:
            cell = self._made[iri] = self._make(iri)
        return cell

    def resources(self, *iris: str) -> tuple[Cell, ...]:
        """Return the cells of resources."""
        return tuple(map(self.resource, iris))

    @cached_property
    def _made(self) -> dict[str, Cell]:
        return {}

    def _make(self, iri: str) -> Cell:
        href = address(iri, self.reader)
        if Term("uri", iri).is_passage:
            caption = self.captions.get(iri)
            mark = Text("¶ " + iri.rpartition("#")[2].removeprefix("p"))
            return Cell("passage", mark, href, compact(iri), caption.quotes if caption else ())
        label = self.label(iri)
        if label.value:
            return Cell("thing", label, href, compact(iri))
        kind = "web" if href is not None and not href.startswith("/") else "thing"
        named = PHRASES.get(iri, {}).get(self.reader.lang) or iri.removeprefix(_SPDX)
        return Cell(kind, Text(compact(iri) if named == iri else named), href)


def plain(text: str, reader: Reader, href: str | None = None) -> Cell:
    """Return a text in the language of the page, with its link."""
    return Cell("text", Text(text, reader.lang), href)


def _value(term: Term) -> Cell:
    if term.is_number and not term.datatype.endswith("gYear"):
        return Cell("number", Text(readable_number(term.value)))
    if term.datatype == f"{XSD}dateTime":
        return Cell("text", Text(term.value.replace("T", " ").removesuffix(":00")))
    if term.kind == "bnode":
        return Cell("text", Text(f"_:{term.value}"))
    lang = term.lang or ("zh" if _HAN.search(term.value) else "")
    return Cell("text", Text(term.value, lang), note=term.datatype_note)


def readable_number(lexical: str) -> str:
    """Write a number with thousands separators; other lexical forms are unchanged."""
    whole, point, fraction = lexical.partition(".")
    if not fraction.strip("0") and whole.lstrip("+-").isdecimal():
        return grouped(whole)
    if point and fraction.isdecimal() and whole.lstrip("+-").isdecimal():
        return f"{grouped(whole)}.{fraction}"
    return lexical


def in_words(term: Term, reader: Reader) -> Term:
    """Return a literal that the data has in English only in Chinese, for a reader of Chinese.

    Only those of `values.toml` are known; all other terms are unchanged.
    """
    if reader.lang == "en" or term.kind != "literal" or term.lang not in {"", "en"}:
        return term
    words = _IN_CHINESE.get(term.value)
    return Term("literal", words[reader.lang == "zh-Hant"], reader.lang) if words else term


def text_of(term: Term) -> Text:
    """Return a literal as a text."""
    return Text(term.value, term.lang)


def read_captions(
    select: Select, iris: Iterable[str], known: Mapping[str, Caption] = _NONE
) -> dict[str, Caption]:
    """Read the captions of resources and their types; resources without any are omitted.

    Those among `known`, such as the vocabulary, are not read again.
    """
    asked = dict.fromkeys(iris)
    captions = {iri: known[iri] for iri in asked if iri in known}
    captions |= _read_captions(select, (iri for iri in asked if iri not in known))
    for passage, wordings in _read_wordings(select, captions).items():
        captions[passage] = replace(captions[passage], wordings=wordings)
    types = dict.fromkeys(each for caption in captions.values() for each in caption.types)
    captions |= {each: known[each] for each in types if each in known}
    unnamed = [each for each in types if each not in captions]
    return {**_read_captions(select, unnamed), **captions} if unnamed else captions


def read_vocabulary(select: Select) -> dict[str, Caption]:
    """Read the captions of all terms of the ontology and of the lists of concepts."""
    rows = select(
        f"SELECT DISTINCT ?term WHERE {{ VALUES ?graph {{ {values(_VOCABULARY)} }} "
        f"GRAPH ?graph {{ ?term <{RDFS_LABEL}> ?label }} }}"
    )
    return read_captions(select, sorted(row["term"].value for row in rows if row["term"].is_iri))


def _read_wordings(select: Select, captions: Iterable[str]) -> dict[str, tuple[Wording, ...]]:
    passages = [iri for iri in captions if Term("uri", iri).is_passage][:_MAX_PASSAGES]
    if not passages:
        return {}
    rows = select(
        f"{prologue('kg')}SELECT ?passage ?fact ?words ?mentioned WHERE {{ "
        f"VALUES ?passage {{ {values(passages)} }} "
        "GRAPH ?passage { ?fact kg:wording ?words ; ?property ?mentioned } "
        "FILTER (?property != kg:wording) }"
    )
    words: dict[tuple[str, str], dict[Text, None]] = {}
    mentions: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        key = (row["passage"].value, row["fact"].value)
        words.setdefault(key, {})[text_of(row["words"])] = None
        mentions[key] |= {row["fact"].value, row["mentioned"].value}
    found: defaultdict[str, list[Wording]] = defaultdict(list)
    for key, texts in sorted(words.items()):
        found[key[0]] += (Wording(text, frozenset(mentions[key])) for text in texts)
    return {passage: tuple(wordings) for passage, wordings in found.items()}


def _read_captions(select: Select, iris: Iterable[str]) -> dict[str, Caption]:
    wanted = [iri for iri in iris if is_absolute_iri(iri)]
    passages = [iri for iri in wanted if Term("uri", iri).is_passage]
    rows = [*in_batches(select, _CAPTIONS, wanted), *in_batches(select, _QUOTES, passages)]
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    types: defaultdict[str, set[str]] = defaultdict(set)
    quotes: defaultdict[str, set[Text]] = defaultdict(set)
    for row in rows:
        thing = row["thing"].value
        if "label" in row:
            labels[thing].setdefault(row["label"].lang, row["label"].value)
        if "type" in row:
            types[thing].add(row["type"].value)
        if "quote" in row:
            quotes[thing].add(text_of(row["quote"]))
    return {
        thing: Caption(
            labels.get(thing, {}),
            tuple(sorted(types.get(thing, ()))),
            tuple(sorted(quotes.get(thing, ()), key=lambda quote: quote.value)),
        )
        for thing in wanted
        if thing in labels or thing in types or thing in quotes
    }


def slug_of(iri: str) -> str:
    """Return the last segment of an IRI of this graph, which is a key in URLs."""
    return iri.removeprefix(ID).removeprefix(KG)


def pairs(select: Select, pattern: str) -> dict[str, tuple[str, ...]]:
    """Return the values of ?y for each ?x of an internal pattern, in order."""
    found: dict[str, list[str]] = {}
    prefixes = prologue("kg", "id", "skos", "dcterms")
    for row in select(f"{prefixes}SELECT DISTINCT ?x ?y WHERE {{ {pattern} }} ORDER BY ?x ?y"):
        found.setdefault(row["x"].value, []).append(row["y"].value)
    return {key: tuple(values) for key, values in found.items()}
