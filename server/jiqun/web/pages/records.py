"""Facts with the graphs that state them; records, the facts of one resource; those of a profile.

A profile has applicants and members of a cluster, clusters in a place, the group of a company,
figures comparable with a figure. Every read has a limit; queries return the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import KG, RDF_TYPE, prologue
from jiqun.web.linked_data.descriptions import NOT_SHAPES, values
from jiqun.web.linked_data.premises import INFERRED

_MAX_ROWS: Final = 4000
MAX_CLUSTERS: Final = 200
"""Maximum number of clusters listed on the page of a place."""

_MAX_RECORDS: Final = 150
_MAX_STEPS: Final = 6
_KG: Final = prologue("kg", "dcterms")
_KINDS: Final = (
    ("figure", "Observation"),
    ("goal", "Goal"),
    ("cluster", "Cluster"),
    ("place", "Region"),
    ("enterprise", "Enterprise"),
)
_LINKS: Final = {
    "cluster": "designates applicationFor participationIn about layoutOf",
    "place": "about",
    "enterprise": "participant candidateEntity supplier customer operatedBy about standingProduct",
    "figure": "disagreeingClaim",
    "goal": "setsGoal",
    "": "about",
}
_ABOUT_OTHERS: Final = tuple(
    f"{KG}{name}"
    for name in (
        *("subsetOf", "candidateEntity", "companyKind", "subsidiaryOf", "tradeNameOf", "legalName"),
        *("periodStart", "periodEnd", "planPeriod", "issuedDuring", "issuer", "listYear"),
    )
)
_LEADING_ON: Final = tuple(
    f"{KG}{name}" for name in ("subsetOf", "candidateEntity", "period", "planPeriod", "onList")
)
_CLUSTER_FACTS: Final = tuple(
    f"{KG}{name}"
    for name in (
        *("listedOn", "candidateFor", "inIndustry", "leadAppliedForBy", "jointlyAppliedForBy"),
        *("appliedForBy", "coreArea", "keyArea", "locatedIn", "readLocation"),
    )
)


@dataclass(frozen=True)
class Fact:
    """A triple and the graph that states it: a passage, the register, the inferences."""

    graph: str
    subject: Term
    predicate: str
    value: Term


@dataclass(frozen=True)
class Record:
    """A related resource, such as a figure, with the statements needed by the page."""

    iri: str
    facts: tuple[Fact, ...]

    def values(self, predicate: str) -> list[Term]:
        """Return the values of a property, without duplicates."""
        found = (fact.value for fact in self.facts if fact.predicate == predicate)
        return list(dict.fromkeys(found))

    def iris(self, predicate: str) -> list[str]:
        """Return the IRIs among the values of a property, without duplicates."""
        return [each.value for each in self.values(predicate) if each.is_iri]

    @property
    def types(self) -> list[str]:
        """The IRIs of its classes."""
        return self.iris(RDF_TYPE)


def read_records(
    select: Select, iris: Sequence[str], properties: Iterable[str] = (), most: int = _MAX_ROWS
) -> dict[str, Record]:
    """Read the facts of resources by IRI: all, or those with some properties.

    Resources without any are left out; at most `most` facts are read.
    """
    if not iris:
        return {}
    wanted = ", ".join(f"<{iri}>" for iri in properties)
    # A filter: with two VALUES blocks every pair is looked up (measured: 161 against 25 ms).
    chosen = f"FILTER (?property IN ({wanted})) " if wanted else ""
    rows = select(
        f"SELECT ?graph ?subject ?property ?value WHERE {{ VALUES ?subject {{ {values(iris)} }} "
        f"GRAPH ?graph {{ ?subject ?property ?value }} {chosen}{NOT_SHAPES} }} LIMIT {most}"
    )
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in rows:
        fact = Fact(graph_of(row), row["subject"], row["property"].value, row["value"])
        facts[row["subject"].value].append(fact)
    return {iri: Record(iri, tuple(found)) for iri, found in facts.items()}


def graph_of(row: Row) -> str:
    """Return the IRI of the graph in a row."""
    return row["graph"].value


def kind_of(types: Iterable[str]) -> str:
    """Return which profile a thing has: cluster, place, enterprise, figure, goal, or none ("")."""
    found = set(types)
    return next((kind for kind, name in _KINDS if f"{KG}{name}" in found), "")


def read_surroundings(
    select: Select, itself: Record, claims: Iterable[Record]
) -> dict[str, Record]:
    """Read the records for the profile of a thing, in addition to its facts and `claims`."""
    kind = kind_of(itself.types)
    known = {each.iri for each in claims}
    tied = {
        iri: record
        for iri, record in _read_tied(select, itself.iri, _LINKS[kind]).items()
        if iri not in known
    }
    if (further := _FURTHER.get(kind)) is not None:
        tied |= further(select, itself, tied)
    described = [itself, *claims, *tied.values()]
    return _with_others(select, tied, described)


def _read_tied(select: Select, iri: str, links: str) -> dict[str, Record]:
    """Read the records that have the thing as the value of one of these properties."""
    named = " ".join(f"kg:{name}" for name in links.split())
    rows = select(
        f"{_KG}SELECT DISTINCT ?record WHERE {{ VALUES ?link {{ {named} }} "
        f"GRAPH ?graph {{ ?record ?link <{iri}> }} FILTER (?graph != <{INFERRED}>) "
        f"FILTER NOT EXISTS {{ ?record kg:metric ?metric }} }} LIMIT {_MAX_RECORDS}"
    )
    found = [row["record"].value for row in rows if row["record"].is_iri]
    return read_records(select, found)


def _with_others(
    select: Select, tied: Mapping[str, Record], described: Iterable[Record]
) -> dict[str, Record]:
    """Add a few facts of what the records mention, and of what these mention in turn."""
    found = dict(tied)
    # Records that are already complete are not read again.
    seen = {each.iri for each in described}
    mentioned = {iri for each in described for iri in _mentions(each)}
    for _ in range(_MAX_STEPS):
        asked = sorted(mentioned - seen)[: 4 * _MAX_RECORDS]
        if not asked:
            break
        seen |= set(asked)
        others = _read_others(select, asked)
        found |= others
        mentioned = {
            iri for each in others.values() for link in _LEADING_ON for iri in each.iris(link)
        }
    return found


def _read_others(select: Select, iris: Iterable[str]) -> dict[str, Record]:
    """Read the few facts of `_ABOUT_OTHERS`.

    Most resources have none of them; to find those that have some is much cheaper in the default
    graph than to filter all their facts in all graphs (measured: 3 against 12 ms).
    """
    any_of = " UNION ".join(f"{{ ?subject <{each}> ?value }}" for each in _ABOUT_OTHERS)
    rows = select(
        f"SELECT DISTINCT ?subject WHERE {{ VALUES ?subject {{ {values(iris)} }} {{ {any_of} }} }}"
    )
    found = sorted(row["subject"].value for row in rows)
    return read_records(select, found, _ABOUT_OTHERS)


def _mentions(record: Record) -> Iterator[str]:
    for fact in record.facts:
        if fact.value.is_iri and fact.predicate.startswith(KG):
            yield fact.value.value


def _plans(select: Select, itself: Record, tied: Mapping[str, Record]) -> dict[str, Record]:
    """Read the policy documents on a cluster, or with goals for it."""
    rows = select(
        f"{_KG}SELECT DISTINCT ?plan WHERE {{ "
        f"{{ ?plan dcterms:subject <{itself.iri}> }} UNION "
        f"{{ ?goal kg:about <{itself.iri}> . ?plan kg:setsGoal ?goal }} "
        f"?plan a kg:PolicyDocument }} LIMIT {_MAX_RECORDS}"
    )
    plans = [row["plan"].value for row in rows if row["plan"].value not in tied]
    return read_records(select, plans)


def _clusters(select: Select, itself: Record, _: Mapping[str, Record]) -> dict[str, Record]:
    """Read the clusters located in a place or that it applied for."""
    rows = select(
        f"{_KG}SELECT DISTINCT ?cluster WHERE {{ "
        f"{{ ?cluster kg:locatedIn <{itself.iri}> }} UNION "
        f"{{ ?cluster kg:appliedForBy <{itself.iri}> }} "
        f"?cluster a kg:Cluster }} ORDER BY ?cluster LIMIT {MAX_CLUSTERS}"
    )
    clusters = [row["cluster"].value for row in rows if row["cluster"].is_iri]
    return read_records(select, clusters, (RDF_TYPE, *_CLUSTER_FACTS), most=20 * MAX_CLUSTERS)


def _group(select: Select, itself: Record, tied: Mapping[str, Record]) -> dict[str, Record]:
    """Read the group of an enterprise from its parents down, and the records of its brands."""
    rows = select(
        f"{_KG}SELECT DISTINCT ?member WHERE {{ <{itself.iri}> kg:subsidiaryOf* ?parent . "
        f"?member kg:subsidiaryOf* ?parent }} LIMIT {_MAX_RECORDS}"
    )
    members = [row["member"].value for row in rows if row["member"].value != itself.iri]
    found = read_records(select, members, _ABOUT_OTHERS)
    brands = [iri for iri, each in tied.items() if itself.iri in each.iris(f"{KG}candidateEntity")]
    if brands:
        rows = select(
            f"{_KG}SELECT DISTINCT ?record WHERE {{ VALUES ?brand {{ {values(brands)} }} "
            f"?record kg:participant ?brand }} LIMIT {_MAX_RECORDS}"
        )
        records = [row["record"].value for row in rows if row["record"].value not in tied]
        found |= read_records(select, records)
    return found


def _like_figure(select: Select, itself: Record, _: Mapping[str, Record]) -> dict[str, Record]:
    """Read the figures and goals about the same thing with the same metric."""
    rows = select(
        f"{_KG}SELECT DISTINCT ?other WHERE {{ <{itself.iri}> kg:about ?thing ; "
        "kg:metric|kg:targetMetric ?metric . "
        "?other kg:about ?thing ; kg:metric|kg:targetMetric ?metric . "
        f"FILTER (?other != <{itself.iri}>) }} LIMIT {_MAX_RECORDS}"
    )
    others = [row["other"].value for row in rows if row["other"].is_iri]
    return read_records(select, others)


_FURTHER: Final[
    Mapping[str, Callable[[Select, Record, Mapping[str, Record]], dict[str, Record]]]
] = {
    "cluster": _plans,
    "place": _clusters,
    "enterprise": _group,
    "figure": _like_figure,
    "goal": _like_figure,
}
