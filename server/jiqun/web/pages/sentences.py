"""Sentences about a thing: clauses with filled placeholders, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from jiqun.language import Text
from jiqun.rdf.namespaces import KG
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.evidence import Proof, prove
from jiqun.web.pages.records import Fact, Record
from jiqun.web.pages.rendering import mark_invisible, phrase
from jiqun.web.pages.thing_facts import Thing


@dataclass(frozen=True)
class Clause:
    """A clause in HTML with links, and its evidence."""

    text: Markup
    proof: Proof | None = None


def facts_with(record: Record, *names: str) -> list[Fact]:
    """Return the facts of a record with these properties of the ontology, by local name."""
    wanted = {f"{KG}{name}" for name in names}
    return [fact for fact in record.facts if fact.predicate in wanted]


def clause(
    key: str,
    gaps: Mapping[str, Sequence[Fact]],
    thing: Thing,
    labels: Labels,
    note: str = "",
    last: str = "list_and",
) -> Clause | None:
    """Return a clause filled with the values of facts; None if a placeholder stays empty.

    `key` is that of a phrase with the names of the placeholders in braces, `last` that of the word
    before the last thing of a list.
    """
    if not all(gaps.values()):
        return None
    facts = [fact for found in gaps.values() for fact in found]
    filled = {name: values_of(found, labels) for name, found in gaps.items()}
    return Clause(fill(key, filled, labels, last), prove(facts, thing.sources, labels, note))


def fill(
    key: str, gaps: Mapping[str, Sequence[Cell]], labels: Labels, last: str = "list_and"
) -> Markup:
    """Return a phrase filled with lists of things."""
    lists = {name: _list(cells, labels, last) for name, cells in gaps.items()}
    return escape(phrase(key, labels.reader.lang)).format(**lists)


def _list(cells: Sequence[Cell], labels: Labels, last: str) -> Markup:
    """Write things one after the other: A, B and C."""
    lang = labels.reader.lang
    shown = [_linked(each, labels) for each in cells]
    if len(shown) < 2:
        return Markup("").join(shown)
    comma = phrase("list_comma", lang)
    return escape(phrase(last, lang)).join((escape(comma).join(shown[:-1]), shown[-1]))


def _linked(cell: Cell, labels: Labels) -> Markup:
    foreign = cell.text.lang and cell.text.lang != labels.reader.lang
    lang = Markup(' lang="{}"').format(cell.text.lang) if foreign else ""
    text = Markup("<bdi{}>{}</bdi>").format(lang, mark_invisible(cell.text.value))
    return Markup('<a href="{}">{}</a>').format(cell.href, text) if cell.href else text


def values_of(facts: Iterable[Fact], labels: Labels) -> tuple[Cell, ...]:
    """Return the values of facts, each once, by name."""
    terms = dict.fromkeys(fact.value for fact in facts)
    return tuple(sorted(labels.cells(terms), key=lambda cell: cell.text.value))


def list_name(iri: str, thing: Thing, labels: Labels) -> Cell:
    """Return a designation list, called by its year where that is known."""
    cell = labels.resource(iri)
    record = thing.beside.get(iri) or (thing.itself if iri == thing.iri else None)
    years = record.values(f"{KG}listYear") if record else []
    if len(years) != 1:
        return cell
    lang = labels.reader.lang
    return replace(cell, text=Text(phrase("list_of_year", lang).format(years[0].value), lang))
