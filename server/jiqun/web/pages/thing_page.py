"""What the graph says of a thing, as its page needs it: facts, claims, and the thing itself."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import BASE, GEO, GRAPH, ID, KG, LICENCE, RDF_TYPE, RDFS_LABEL, SKOS
from jiqun.search.index import IndexedClass, IndexedThing
from jiqun.web.addresses import address
from jiqun.web.metadata.schema_org import data_block
from jiqun.web.pages.cells import Caption, Cell, property_name, show
from jiqun.web.pages.claims import contradictions, figures
from jiqun.web.pages.facts import Fact, Thing
from jiqun.web.pages.marks import Mark, marks_of
from jiqun.web.pages.rendering import render
from jiqun.web.pages.source_page import DATA_FORMS, turns

_TERMS: Final = {
    "designation": (
        "designates onList confersTitle listedOn holdsTitle listYear applicationFor applicant "
        "leadApplicant jointApplicant appliedForBy awards cultivatedTowards nickname "
        "candidateFor candidateEntity targetTitle selectionMethod selectedIn entersList "
        "listPosition listSize missingMembers"
    ),
    "location": (
        "within contains locatedIn coreArea keyArea layoutOf administrativeCode isoCode "
        "jurisdiction administrativeLevel presentIn readLocation seat"
    ),
    "members": (
        "participant participationIn chainRole hasParticipant participatesIn produces includes "
        "inIndustry leadsIn strongIn focusesOn enterpriseClass mappedIndustry"
    ),
    "figures": (
        "about metric value bound unit population subsetOf populationOf size completeness "
        "standingProduct rank tier rankedBy period scope field disagreesWith periodDimension "
        "populationDimension sourceDimension disagreeingClaim disagreeingPassage disagreementKind "
        "disagreementOn"
    ),
    "plans": (
        "conductedBy since serves mechanismLevel issuer issuedDuring planPeriod setsGoal "
        "containsMeasure intendedBy intendedWith periodStart periodEnd targetBound targetMetric "
        "targetUnit targetValue"
    ),
    "people": (
        "holder post postIn unitOf claimant contributionTo contributor contributionRole "
        "promotionOrganisation"
    ),
    "group": "companyKind subsidiaryOf tradeNameOf legalName",
    "records": "ticker isin lei figi cik wmi pinyin originalTitle record recordedIn attribution",
}
_LINKS: Final = (
    *(f"{SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow")),
    "http://www.w3.org/2000/01/rdf-schema#seeAlso",
    "https://schema.org/url",
)

MEANINGS: Final = (*_TERMS, "links", "other")
"""The meanings in the order in which a page shows them."""

_MEANING_OF: Final = {
    **{f"{KG}{name}": meaning for meaning, names in _TERMS.items() for name in names.split()},
    **dict.fromkeys(_LINKS, "links"),
    f"{GEO}hasGeometry": "location",
}


def meaning_of(predicate: str) -> str:
    """Give the meaning of a property, one of `MEANINGS`."""
    return _MEANING_OF.get(predicate, "other")


_NAMES: Final = (RDFS_LABEL, f"{SKOS}altLabel", f"{SKOS}prefLabel")
_LEFT_OUT: Final = frozenset(
    {RDF_TYPE, *_NAMES, f"{KG}statedIn", f"{KG}convertedLabel", f"{KG}translatedLabel"}
)


@dataclass(frozen=True)
class FactView:
    """A value, or the subject of a fact, with the marks of the passages that state it."""

    cell: Cell
    marks: tuple[Mark, ...]
    inferred: bool


@dataclass(frozen=True)
class Group:
    """The values of one property; `more` leads to all of them where only some are shown."""

    name: Text
    href: str | None
    views: tuple[FactView, ...]
    count: int
    more: str | None


def render_thing(thing: Thing, captions: Mapping[str, Caption], reader: Reader) -> str:
    """Render a thing; `captions` name the things that stand in its facts."""
    caption = captions.get(thing.iri)
    types = caption.types if caption else ()
    title = show(Term("uri", thing.iri), captions, reader).text
    said = _groups(thing, thing.of_it, captions, reader, inverse=False)
    return render(
        "thing.html",
        reader,
        thing=thing,
        title=title,
        types=[show(Term("uri", iri), captions, reader) for iri in types],
        names=[each for each in _names(thing) if each.value != title.value],
        meanings=[
            (meaning, [group for of, group in said if of == meaning]) for meaning in MEANINGS
        ],
        figures=figures(thing, captions, reader),
        all_figures=_all_figures(thing, reader),
        contradictions=contradictions(thing, captions, reader),
        elsewhere=[group for _, group in _groups(thing, thing.elsewhere, captions, reader)],
        turns=turns(f"/doc/{thing.slug}", thing.page, thing.pages, "elsewhere", reader),
        schema_org=schema_org(thing, caption),
        data=[
            (label, f"{reader.root}/doc/{thing.slug}.{suffix}", kind)
            for label, suffix, kind in DATA_FORMS
        ],
    )


def _all_figures(thing: Thing, reader: Reader) -> str:
    """Give the address of a query for all figures about the thing."""
    query = (
        f"PREFIX kg: <{KG}>\n\nSELECT ?figure ?metric ?population ?bound ?value ?unit ?period\n"
        f"WHERE {{\n  ?figure kg:about <{thing.iri}> ; kg:metric ?metric ; kg:value ?value .\n"
        + "".join(
            f"  OPTIONAL {{ ?figure kg:{name} ?{name} }}\n"
            for name in ("population", "bound", "unit", "period")
        )
        + "}\nORDER BY ?metric ?figure"
    )
    return reader.link("/sparql", query=query, format="html")


def _names(thing: Thing) -> list[Text]:
    found = (
        Text(fact.value.value, fact.value.lang)
        for predicate in _NAMES
        for fact in thing.of_it
        if fact.predicate == predicate
    )
    by_words: dict[str, Text] = {}
    for each in found:  # one script is often written like the other
        by_words.setdefault(each.value, each)
    return list(by_words.values())


def _groups(
    thing: Thing,
    facts: Iterable[Fact],
    captions: Mapping[str, Caption],
    reader: Reader,
    *,
    inverse: bool = True,
) -> list[tuple[str, Group]]:
    """Group facts by property; the same fact of several graphs is shown once with all of them."""
    found: dict[str, dict[Term, list[Fact]]] = {}
    facts = list(facts)
    own = {(each.subject, each.value) for each in facts if each.predicate.startswith(KG)}
    for fact in facts:
        if fact.predicate not in _LEFT_OUT and not _repeats(fact, own):
            shown = fact.subject if inverse else fact.value
            found.setdefault(fact.predicate, {}).setdefault(shown, []).append(fact)
    groups = []
    for predicate, by_term in found.items():
        views = [_view(thing, term, stated, captions, reader) for term, stated in by_term.items()]
        views.sort(key=lambda view: (view.inferred, view.cell.text.value))
        cell = show(Term("uri", predicate), captions, reader)
        more = None
        count = len(views) if inverse else thing.counts.get(predicate, 0)
        if len(views) < count:
            query = f"SELECT ?value WHERE {{ <{thing.iri}> <{predicate}> ?value }} ORDER BY ?value"
            more = reader.link("/sparql", query=query, format="html")
        name = property_name(predicate, captions, reader)
        group = Group(name, cell.href, tuple(views), count, more)
        groups.append((meaning_of(predicate), group))
    return sorted(groups, key=lambda pair: pair[1].name.value)


def _repeats(fact: Fact, own: Container[tuple[Term, Term]]) -> bool:
    """Tell whether a fact only says in another vocabulary what ours says already."""
    inferred = fact.graph == f"{GRAPH}inferred" and not fact.predicate.startswith(KG)
    return inferred and (fact.subject, fact.value) in own


def _view(
    thing: Thing,
    shown: Term,
    facts: list[Fact],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> FactView:
    return FactView(
        show(shown, captions, reader),
        marks_of(facts, thing.sources, captions, reader),
        inferred={fact.graph for fact in facts} == {f"{GRAPH}inferred"},
    )


PASSAGES: Final = 4


def render_preview(
    thing: IndexedThing,
    classes: Mapping[int, IndexedClass],
    passages: Sequence[str],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> str:
    """Render a thing with its names, what it is, and the words of passages that speak of it."""
    title = pick(thing.labels, reader)
    evidence = []
    for iri in passages[:PASSAGES]:
        cell = show(Term("uri", iri), captions, reader)
        caption = captions.get(iri)
        words = caption.words_for(frozenset({ID + thing.slug})) if caption else ()
        evidence.append((address(iri, reader), cell.text, words))
    return render(
        "preview.html",
        reader,
        title=title if title.value else Text(thing.slug),
        names=[Text(text, lang) for lang, text in thing.labels.items() if text != title.value],
        types=[pick(classes[each].labels, reader) for each in thing.types],
        description=pick(thing.description, reader),
        evidence=evidence,
        href=f"{reader.origin}{reader.link(f'/doc/{thing.slug}')}",
    )


_MOST_VALUES: Final = 40


_SCHEMA_ORG: Final = {
    f"{SKOS}altLabel": "alternateName",
    f"{KG}nickname": "alternateName",
    f"{SKOS}definition": "description",
    f"{SKOS}exactMatch": "sameAs",
    f"{KG}within": "containedInPlace",
    f"{KG}locatedIn": "location",
    f"{KG}isoCode": "identifier",
    f"{KG}administrativeCode": "identifier",
}


def schema_org(thing: Thing, caption: Caption | None) -> Markup:
    """Write what schema.org has words for, ready to stand in a data block."""
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": thing.iri,
        "@type": list(thing.schema_types) or "Thing",
        "identifier": [thing.iri],
        "url": f"{BASE}doc/{thing.slug}",
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": f"{BASE}doc/{thing.slug}",
            "license": LICENCE,
        },
    }
    labels = sorted(caption.labels.items()) if caption else []
    if labels:
        document["name"] = [{"@language": tag, "@value": words} for tag, words in labels]
    for predicate, name in _SCHEMA_ORG.items():
        values = {fact.value: None for fact in thing.of_it if fact.predicate == predicate}
        shown = [_value(each, name) for each in values][:_MOST_VALUES]
        if shown:
            document[name] = [*document.get(name, ()), *shown]
    return data_block(document)


def _value(term: Term, name: str) -> Any:
    if term.is_iri:
        return term.value if name == "sameAs" else {"@id": term.value}
    return {"@language": term.lang, "@value": term.value} if term.lang else term.value
