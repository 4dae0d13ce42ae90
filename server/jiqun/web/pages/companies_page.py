"""The list of companies and brands: the clusters that sources place them in, with their roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import KG, SOURCE, prologue
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Cell, Labels, pairs, plain, read_captions, slug_of
from jiqun.web.pages.listing import Column, Entry, Listing, Selection, list_document
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pictures.amount_charts import counted, draw_nested_bars
from jiqun.web.pictures.drawing import Paper, Picture, Sheet

_COLUMNS: Final = (
    Column("company"),
    Column("kind"),
    Column("clusters_in"),
    Column("role"),
    Column("may_mean"),
    Column("province"),
)
_MOST: Final = 20
"""Maximum number of bars in the picture."""

_ROLES: Final = f"""{prologue("kg")}SELECT DISTINCT ?company ?cluster ?role ?passage WHERE {{
  ?participation kg:participant ?company ; kg:participationIn ?cluster .
  OPTIONAL {{ ?participation kg:chainRole ?role }}
  OPTIONAL {{ ?participation kg:statedIn ?passage }}
}} ORDER BY ?company ?cluster ?role ?passage"""
_PATTERNS: Final = {
    "kind": "VALUES ?y { kg:Company kg:Brand } ?x a ?y",
    "clusters": "?participation kg:participant ?x ; kg:participationIn ?y",
    "may_mean": "?x a kg:Enterprise ; kg:candidateEntity ?y",
    "province": "?x a kg:Enterprise ; kg:inProvince ?y",
}


@dataclass(frozen=True)
class CompanyEntry:
    """A company or brand: IRIs of its class, clusters, roles with passages, and candidates."""

    iri: str
    kind: str
    clusters: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    may_mean: tuple[str, ...]
    provinces: tuple[str, ...]
    proof: str


def read_company_list(select: Select) -> tuple[tuple[CompanyEntry, ...], Mapping[str, Caption]]:
    """Read all companies and brands with the captions of what their entries name."""
    of = {name: pairs(select, pattern) for name, pattern in _PATTERNS.items()}
    roles: dict[str, dict[str, str]] = {}
    proofs: dict[str, str] = {}
    for row in select(_ROLES):
        company = row["company"].value
        passage = row["passage"].value if "passage" in row else ""
        if passage.startswith(SOURCE):
            proofs.setdefault(company, passage)
        if "role" in row:
            roles.setdefault(company, {}).setdefault(row["role"].value, passage)
    companies = tuple(
        CompanyEntry(
            iri,
            kinds[-1],
            of["clusters"].get(iri, ()),
            tuple(roles.get(iri, {}).items()),
            of["may_mean"].get(iri, ()),
            of["province"].get(iri, ()),
            proofs.get(iri, ""),
        )
        for iri, kinds in of["kind"].items()
    )
    named = {
        iri for found in of.values() for key, values in found.items() for iri in (key, *values)
    }
    named |= {role for each in roles.values() for role in each}
    return companies, read_captions(select, sorted(named))


def companies_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of companies and brands; raises `BadParameter`."""
    companies, captions = context.once(read_company_list)
    labels = Labels(captions, reader)
    by_iri = {each.iri: each for each in companies}
    entries = sorted((_entry(each, labels) for each in companies), key=_order)

    def draw(left: Sequence[Entry], paper: Paper) -> Picture | None:
        return _bars([by_iri[each.iri] for each in left], labels, paper)

    listing = Listing("companies", _COLUMNS, tuple(entries), labels)
    return list_document(listing, selection, choice, draw, origin, _totals)


def _bars(members: Sequence[CompanyEntry], labels: Labels, paper: Paper) -> Picture | None:
    """Draw the number named per cluster; a name in two clusters counts in both."""
    reader = labels.reader
    counts = Counter(cluster for each in members for cluster in each.clusters)
    brands = Counter(
        cluster for each in members if each.kind == f"{KG}Brand" for cluster in each.clusters
    )
    bars = []
    for cluster, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST]:
        text = f"{count} {phrase('named_here', reader.lang)}"
        part = f"{brands[cluster]} {phrase('only_brands', reader.lang)}"
        href = reader.link("/companies", cluster=slug_of(cluster))
        narrower = reader.link("/companies", cluster=slug_of(cluster), kind="Brand")
        brand = labels.resource(f"{KG}Brand").text
        has_part = 0 < brands[cluster] < count
        inside = (counted(brand, brands[cluster], part, narrower),) if has_part else ()
        bars.append(counted(labels.resource(cluster).text, count, text, href, inside))
    if not bars:
        return None
    return draw_nested_bars(Sheet.of("named", "companies_by_cluster", reader, paper), bars)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    brands = sum(each.values["kind"] == ("Brand",) for each in entries)
    return [
        ("total_companies", len(entries) - brands),
        ("total_brands", brands),
        ("total_in_clusters", len({key for each in entries for key in each.values["cluster"]})),
    ]


def _entry(each: CompanyEntry, labels: Labels) -> Entry:
    reader = labels.reader
    roles = tuple(
        Cell("text", labels.resource(role).text, address(passage, reader) if passage else None)
        for role, passage in each.roles
    )
    if not roles and each.proof:
        roles = (
            plain(phrase("role_not_stated", reader.lang), reader, address(each.proof, reader)),
        )
    return Entry(
        each.iri,
        {
            "company": labels.resources(each.iri),
            "kind": labels.resources(each.kind),
            "clusters_in": labels.resources(*each.clusters),
            "role": roles,
            "may_mean": labels.resources(*each.may_mean),
            "province": labels.resources(*each.provinces),
        },
        {
            "kind": (slug_of(each.kind),),
            "cluster": tuple(map(slug_of, each.clusters)),
            "role": tuple(slug_of(role) for role, _ in each.roles),
            "province": tuple(map(slug_of, each.provinces)),
        },
    )


def _order(entry: Entry) -> tuple[bool, str]:
    """Order those in clusters first, then by name."""
    return not entry.values["cluster"], entry.cells["company"][0].text.value
