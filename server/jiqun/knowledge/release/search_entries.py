"""The entries of the search index: things with all their names, and tables of Han characters.

Simplified forms are from OpenCC and readings from pypinyin. Only the tables are in the release: the
server needs neither library.

Likely search terms are composed from the names of related things: newspapers name a cluster by
place and field (江苏生物医药集群, Jiangsu biomedicine cluster), and the parent company of a brand
by the brand and its rank (北汽集团). A composed name finds a thing, but is never displayed as its
name, nor sufficient for a match.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import pyoxigraph as ox

from jiqun.names import (
    ALTERNATIVE,
    CODE,
    COMPOSED,
    FACT,
    LABEL,
    NICKNAME,
    OTHER,
    PINYIN,
    PLACES,
    SOUGHT,
    is_han,
    read_name,
)
from jiqun.rdf.namespaces import ID, KG, RDFS, SKOS
from jiqun.rdf.terms import LANGUAGES, TYPE, language_tag

_COUNTRY: Final = f"{ID}china"
_LIES: Final = frozenset({f"{KG}locatedIn", f"{KG}readLocation"})
_FIELD: Final = f"{KG}inIndustry"
_BRAND_OF: Final = f"{KG}candidateEntity"
_AROUND: Final = (
    _LIES | {_FIELD} | {KG + name for name in ("inCity", "inProvince", "seat", "siteIn")}
)
_SURROUNDED: Final = frozenset(KG + name for name in ("Cluster", "Enterprise", "Site"))
_SHARE_CODE: Final = re.compile(r"\s*[((][0-9]{6}[))]$")
_REMARK: Final = re.compile(r"\s*\([^()]*\)$")
_INDUSTRY: Final = re.compile(r"(?: industry|产业|產業)$")

Names = Iterable[tuple[str, str]]
"""Names with their languages."""
_BLOCKS: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
Facts = Sequence[tuple[str, ox.NamedNode | ox.Literal]]
_TICKER: Final = f"{KG}ticker"
_EXCHANGES: Final = {"XHKG": ("HK",), "XSHE": ("SZ",), "XSHG": ("SH", "SS")}
"""Suffixes of tickers that replace the ISO 10383 code of the exchange."""

_DESCRIPTIONS: Final = (f"{KG}description", f"{SKOS}definition", f"{RDFS}comment")
_PLACES: Final = (f"{KG}within", f"{KG}locatedIn")
_CALLED: Final = (f"{RDFS}label", f"{SKOS}altLabel")
_CLUSTER: Final = ox.NamedNode(f"{KG}Cluster")
_SUBCLASS: Final = f"{RDFS}subClassOf"
_FIRST: Final = frozenset(
    KG + name for name in ("Cluster", "Region", "Organisation", "Enterprise", "Agent")
)
_FACTS: Final = frozenset(
    KG + name
    for name in (
        "Application",
        "Attribution",
        "Claim",
        "Contribution",
        "Designation",
        "Observation",
        "Participation",
        "Population",
        "PostHolding",
    )
)


@dataclass(frozen=True)
class Surroundings:
    """Relations between things: names, values by property, and candidates of brands.

    `names` has the labels and other names of each IRI; `values` the values of each subject by
    property; `clusters` the number of clusters in each field; `brands` the brands that may refer to
    each company, and `meanings` the companies that each brand may refer to.
    """

    names: Mapping[str, Names]
    values: Mapping[str, Mapping[str, set[str]]]
    clusters: Counter[str] = field(default_factory=Counter)
    brands: Mapping[str, set[str]] = field(default_factory=dict)
    meanings: Mapping[str, set[str]] = field(default_factory=dict)


def is_tie(predicate: str) -> bool:
    """Return whether names and words are composed from the values of this property."""
    return predicate in _AROUND or predicate == _BRAND_OF


def surroundings(
    names: Mapping[str, Names],
    values: Mapping[str, Mapping[str, set[str]]],
    clusters: Iterable[str],
) -> Surroundings:
    """Collect the relations of all things; `clusters` are the IRIs of clusters."""
    brands: defaultdict[str, set[str]] = defaultdict(set)
    meanings = {iri: own[_BRAND_OF] for iri, own in values.items() if own.get(_BRAND_OF)}
    for brand, companies in meanings.items():
        for company in companies:
            brands[company].add(brand)
    counted = Counter(each for iri in clusters for each in values.get(iri, {}).get(_FIELD, ()))
    return Surroundings(names, values, counted, brands, meanings)


def words_around(iri: str, classes: Iterable[str], around: Surroundings) -> tuple[str, ...]:
    """Return the names of the places and fields of a cluster, enterprise or site."""
    if _SURROUNDED.isdisjoint(classes):
        return ()
    values = around.values.get(iri, {})
    near = {each for predicate in _AROUND for each in values.get(predicate, ())} - {_COUNTRY}
    return tuple(sorted({text for each in near for _, text in around.names.get(each, ())}))


def composed_names(
    iri: str, classes: Iterable[str], around: Surroundings
) -> Iterator[tuple[str, str]]:
    """Yield composed names of a cluster or company, with their languages."""
    kinds = set(classes)
    if f"{KG}Cluster" in kinds:
        yield from _of_cluster(iri, around)
    if f"{KG}Company" in kinds:
        yield from _of_company(iri, around)


def _of_cluster(iri: str, around: Surroundings) -> Iterator[tuple[str, str]]:
    values = around.values.get(iri, {})
    places = {each for predicate in _LIES for each in values.get(predicate, ())} - {_COUNTRY}
    for industry in values.get(_FIELD, ()):
        fields = {_INDUSTRY.sub("", _REMARK.sub("", text)) for _, text in around.names[industry]}
        if around.clusters[industry] == 1:
            yield from (_cluster_of("", text) for text in fields)
        for place in places:
            for text in {_short(text) for _, text in around.names[place]}:
                alike = (each for each in fields if is_han(each) == is_han(text) or each.isupper())
                yield from (_cluster_of(text, each) for each in alike)


def _cluster_of(place: str, industry: str) -> tuple[str, str]:
    if is_han(place or industry):
        return "zh-Hans", f"{place}{industry}集群"
    return "en", f"{place} {industry} cluster".strip()


def _short(place: str) -> str:
    """Return the name of a place without its official ending: 江苏 for 江苏省."""
    name = read_name(place, {})
    return name.core if is_han(place) and name.kind in PLACES else place


def _of_company(iri: str, around: Surroundings) -> Iterator[tuple[str, str]]:
    for language, text in around.names[iri]:
        bare = _SHARE_CODE.sub("", text)
        if bare != text:
            yield language, bare
    if not _is_group(iri, around):
        return
    for brand in around.brands.get(iri, ()):
        if sum(_is_group(each, around) for each in around.meanings[brand]) == 1:
            for language, text in around.names[brand]:
                if is_han(text):
                    yield language, f"{text}集团"


def _is_group(iri: str, around: Surroundings) -> bool:
    kinds = (read_name(text, {}).kind for lang, text in around.names[iri] if lang == "zh-Hans")
    return any("group" in kind for kind in kinds)


# Both libraries are imported where they are used: they load large tables.


@cache
def simplified_forms() -> dict[str, str]:
    """Return each Traditional character with its Simplified form, where the two differ."""
    import opencc  # noqa: PLC0415

    converter = opencc.OpenCC("t2s")
    forms = {}
    for start, end in _BLOCKS:
        for code in range(start, end):
            simple = converter.convert(chr(code))
            if len(simple) == 1 and simple != chr(code):
                forms[chr(code)] = simple
    return forms


@cache
def readings() -> dict[str, str]:
    """Return the most common reading of each character, in pinyin without tones."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    start, end = _BLOCKS[1]
    characters = [chr(code) for code in range(start, end) if code in PINYIN_DICT]
    return {
        character: lazy_pinyin(character, style=Style.NORMAL, errors="ignore")[0]
        for character in characters
    }


def pinyin(text: str) -> str:
    """Return the pinyin of a text, as separate syllables without tones, by phrase."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return " ".join(lazy_pinyin(text, style=Style.NORMAL, errors="ignore"))


_NAMES: Final = {
    f"{RDFS}label": LABEL,
    f"{SKOS}altLabel": ALTERNATIVE,
    f"{KG}nickname": NICKNAME,
    f"{KG}pinyin": PINYIN,
    f"{KG}administrativeCode": CODE,
    f"{KG}isoCode": CODE,
    f"{KG}lei": CODE,
    f"{KG}cik": CODE,
    f"{KG}figi": CODE,
    f"{KG}isin": CODE,
    f"{KG}wmi": CODE,
}


@dataclass(frozen=True)
class Label:
    """One name as written, with its language and its kind."""

    text: str
    lang: str
    kind: int


@dataclass(frozen=True)
class Entry:
    """A thing under `id:`; `classes` are all its classes, `types` the most specific of them.

    `rank` is one of SOUGHT, OTHER and FACT; `around` are texts that also find the thing: names of
    its places and fields.
    """

    slug: str
    names: tuple[Label, ...]
    classes: tuple[str, ...]
    types: tuple[str, ...]
    rank: int
    description: Mapping[str, str]
    around: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A class with its labels by language."""

    iri: str
    labels: Mapping[str, str]


def entries_of(triples: Iterable[ox.Triple]) -> tuple[list[Kind], list[Entry]]:
    """Read the classes, and the things with a label, from the default graph; both sorted."""
    about: defaultdict[str, list[tuple[str, ox.NamedNode | ox.Literal]]] = defaultdict(list)
    above: defaultdict[str, set[str]] = defaultdict(set)
    places: defaultdict[str, set[str]] = defaultdict(set)
    ties: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for subject, predicate, value in triples:
        if not isinstance(subject, ox.NamedNode) or not isinstance(
            value, ox.NamedNode | ox.Literal
        ):
            continue
        about[subject.value].append((predicate.value, value))
        if predicate.value == _SUBCLASS and subject != value:
            above[subject.value].add(value.value)
        if predicate.value in _PLACES and isinstance(value, ox.NamedNode):
            places[subject.value].add(value.value)
        if is_tie(predicate.value) and isinstance(value, ox.NamedNode):
            ties[subject.value][predicate.value].add(value.value)
    around = surroundings(
        {iri: _called(facts) for iri, facts in about.items()},
        ties,
        (iri for iri, facts in about.items() if (TYPE.value, _CLUSTER) in facts),
    )
    labels = {iri: _labels(facts) for iri, facts in about.items()}
    things = [
        _entry(iri, facts, labels, above, _nearest(iri, places), around)
        for iri, facts in sorted(about.items())
        if iri.startswith(ID) and labels[iri]
    ]
    used = sorted({iri for thing in things for iri in thing.classes})
    things.sort(key=lambda thing: (thing.rank, thing.slug))
    return [Kind(iri, labels.get(iri, {})) for iri in used], things


def _entry(
    iri: str,
    facts: Facts,
    labels: Mapping[str, Mapping[str, str]],
    above: Mapping[str, set[str]],
    places: Sequence[str],
    around: Surroundings,
) -> Entry:
    classes = sorted({v.value for p, v in facts if p == TYPE.value and v.value.startswith(KG)})
    covered = {upper for each in classes for upper in above.get(each, ())}
    types = tuple(each for each in classes if each not in covered)
    rank = OTHER
    if _FACTS.intersection(classes):
        rank = FACT
    elif _FIRST.intersection(classes):
        rank = SOUGHT
    return Entry(
        iri.removeprefix(ID),
        _names(facts, composed_names(iri, classes, around)),
        tuple(classes),
        types,
        rank,
        _description(facts, (*types, *places), labels),
        words_around(iri, classes, around),
    )


def _called(facts: Facts) -> list[tuple[str, str]]:
    """Return the labels and other names of a thing, with their languages."""
    return [
        (language_tag(value.language or ""), value.value)
        for predicate, value in facts
        if predicate in _CALLED and isinstance(value, ox.Literal)
    ]


def _names(facts: Facts, composed: Iterable[tuple[str, str]]) -> tuple[Label, ...]:
    found = {
        Label(value.value, language_tag(value.language or ""), kind)
        for predicate, value in facts
        if (kind := _NAMES.get(predicate)) is not None and isinstance(value, ox.Literal)
    }
    found |= {
        Label(text, "", CODE)
        for predicate, value in facts
        if predicate == _TICKER
        for text in _tickers(value.value)
    }
    read = {label.text for label in found if label.kind == PINYIN}
    for label in list(found):
        if label.kind in {LABEL, ALTERNATIVE, NICKNAME} and is_han(label.text):
            read.add(pinyin(label.text))
    found |= {Label(each, "zh-Latn-pinyin", PINYIN) for each in read if each}
    found -= {each for each in found if each.kind == PINYIN and each.lang != "zh-Latn-pinyin"}
    known = {label.text for label in found}
    found |= {Label(text, lang, COMPOSED) for lang, text in composed if text not in known}
    return tuple(sorted(found, key=lambda label: (label.kind, label.lang, label.text)))


def _tickers(ticker: str) -> list[str]:
    """Return the spellings of a ticker: `XSHG:600166`, `600166`, `600166.SH`, `600166.SS`."""
    exchange, _, number = ticker.rpartition(":")
    return [ticker, number, *(f"{number}.{each}" for each in _EXCHANGES.get(exchange, ()))]


def _labels(facts: Facts) -> dict[str, str]:
    found = [
        (value.language or "", value.value)
        for predicate, value in facts
        if predicate == f"{RDFS}label" and isinstance(value, ox.Literal)
    ]
    return {language_tag(lang): text for lang, text in sorted(found, reverse=True)}


def _description(
    facts: Facts,
    types_and_places: Sequence[str],
    labels: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """Return the description of the thing, else its types and places, by language."""
    found: dict[str, str] = {}
    for described in reversed(_DESCRIPTIONS):
        for predicate, value in facts:
            if predicate == described and isinstance(value, ox.Literal):
                found[language_tag(value.language or "en")] = value.value
    for lang in LANGUAGES:
        parts = [labels.get(each, {}).get(lang, "") for each in types_and_places]
        made = " · ".join(part for part in parts if part)
        if made:
            found.setdefault(lang, made)
    return dict(sorted(found.items()))


def _nearest(iri: str, places: Mapping[str, set[str]]) -> list[str]:
    """Return the most specific places of the thing."""
    own = places.get(iri, set())
    wider = {upper for place in own for upper in places.get(place, ())}
    return sorted(own - wider)[:3]
