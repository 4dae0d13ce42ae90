"""Composes likely search terms for things from the names of related things.

Newspapers name a cluster by place and field (江苏生物医药集群, Jiangsu biomedicine cluster), and
the parent company of a brand by the brand and its rank (北汽集团). A composed name finds a thing,
but is never displayed as its name, nor sufficient for a match.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from jiqun.names import PLACES, is_han, read_name
from jiqun.rdf.namespaces import ID, KG

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
