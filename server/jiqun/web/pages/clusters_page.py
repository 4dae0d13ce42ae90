"""Clusters with their lists, places, fields and evidence; their list with map and table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import prologue
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Cell, Labels, pairs, plain, read_captions, slug_of
from jiqun.web.pages.listing import Column, Entry, Listing, Selection, list_document
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pictures.drawing import Paper, Picture, Sheet
from jiqun.web.pictures.map_picture import (
    MAP_SIGNS,
    MapMark,
    Place,
    draw_map,
    read_outlines,
    read_points,
)

_PATTERNS: Final = {
    "lists": "?x a kg:Cluster ; kg:listedOn ?y",
    "years": "?x a kg:Cluster ; kg:listedOn/kg:listYear ?y",
    "provinces": "?x a kg:Cluster ; kg:inProvince ?y",
    "cities": "?x a kg:Cluster ; kg:inCity ?y",
    "fields": (
        "?x a kg:Cluster ; kg:inIndustry/skos:broader* ?y . ?y skos:broader ?top . "
        "FILTER NOT EXISTS { ?top skos:broader ?above }"
    ),
    "figures": "?y a kg:Observation ; kg:about ?x . ?x a kg:Cluster",
    "proofs": "?designation kg:designates ?x ; kg:statedIn ?y . ?x a kg:Cluster",
    "grades": (
        "?designation kg:designates ?x ; kg:statedIn/kg:passageOf/kg:reliability ?y . "
        "?x a kg:Cluster"
    ),
}
_FIELDS: Final = ("lists", "years", "provinces", "cities", "fields", "figures")
_COLUMNS: Final = (
    Column("cluster"),
    Column("field"),
    Column("places"),
    Column("year"),
    Column("figures", numeric=True),
    Column("grade"),
)


@dataclass(frozen=True)
class ClusterEntry:
    """A cluster; all but the years are IRIs.

    `grade` is the best grade of a source that states its listing, `proof` such a passage; both are
    empty without one.
    """

    iri: str
    lists: tuple[str, ...]
    years: tuple[str, ...]
    provinces: tuple[str, ...]
    cities: tuple[str, ...]
    fields: tuple[str, ...]
    figures: tuple[str, ...]
    grade: str
    proof: str

    @property
    def slug(self) -> str:
        """The last part of its IRI."""
        return slug_of(self.iri)

    @property
    def kind(self) -> str:
        """Its kind on a map: by the list it is on, else a candidate."""
        kinds = (f"list-{year}" for year in self.years)
        return next((kind for kind in kinds if kind in MAP_SIGNS), "candidate")

    @property
    def places(self) -> tuple[str, ...]:
        """Its most specific places: its cities, else its provinces."""
        return self.cities or self.provinces


@dataclass(frozen=True)
class ClusterList:
    """All clusters with captions for their entries, and the points of their places."""

    clusters: tuple[ClusterEntry, ...]
    captions: Mapping[str, Caption]
    points: Mapping[str, Place]


def read_cluster_list(select: Select) -> ClusterList:
    """Read all clusters, with candidates, in the order of their IRIs."""
    rows = select(f"{prologue('kg')}SELECT DISTINCT ?x WHERE {{ ?x a kg:Cluster }} ORDER BY ?x")
    of = {name: pairs(select, pattern) for name, pattern in _PATTERNS.items()}
    clusters = tuple(
        ClusterEntry(
            iri,
            **{name: of[name].get(iri, ()) for name in _FIELDS},
            grade=min(of["grades"].get(iri, ()), default=""),
            proof=next(iter(of["proofs"].get(iri, ())), ""),
        )
        for iri in (row["x"].value for row in rows if row["x"].is_iri)
    )
    iris = {
        iri
        for each in clusters
        for iri in (each.iri, each.grade, *each.provinces, *each.cities, *each.fields)
        if iri
    }
    points = read_points(select, (iri for each in clusters for iri in each.places))
    return ClusterList(clusters, read_captions(select, sorted(iris)), points)


def cluster_marks(
    entries: Sequence[ClusterEntry], points: Mapping[str, Place], labels: Labels
) -> list[MapMark]:
    """Return the marks of clusters on a map; those without a place are omitted."""
    marks = []
    for each in entries:
        if has_mark(each, points):
            name = labels.resource(each.iri).text.value
            tooltip = f"{name} · {list_phrase(each, labels.reader)}"
            places = tuple(points[iri] for iri in each.places if iri in points)
            marks.append(MapMark(tooltip, each.kind, places, address(each.iri, labels.reader)))
    return marks


def has_mark(entry: ClusterEntry, points: Mapping[str, Place]) -> bool:
    """Return whether a place of a cluster has a point."""
    return any(iri in points for iri in entry.places)


def list_phrase(entry: ClusterEntry, reader: Reader) -> str:
    """Return on which list a cluster is, as in the legend of the map."""
    return phrase(f"map_{entry.kind.replace('-', '_')}", reader.lang)


def clusters_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of clusters; raises `BadParameter`."""
    known = context.once(read_cluster_list)
    labels = Labels(known.captions, reader)
    by_iri = {each.iri: each for each in known.clusters}
    entries = sorted((_entry(each, labels) for each in known.clusters), key=_name)

    def draw(left: Sequence[Entry], _paper: Paper) -> Picture | None:
        members = [by_iri[each.iri] for each in left]
        in_one = bool(dict(selection.facets).get("province"))
        provinces = [frozenset(each.provinces) for each in members] if in_one else []
        shaded = frozenset.intersection(*provinces) if provinces else frozenset()
        marks = cluster_marks(members, known.points, labels)
        sheet = Sheet.of("map", "clusters_map", reader)
        outlines = context.once(read_outlines)
        picture = draw_map(sheet, outlines, marks, shaded=shaded, close=in_one)
        missing = len(members) - len(marks)
        return picture.noting(phrase("map_missing", reader.lang, str(missing)) if missing else "")

    listing = Listing("clusters", _COLUMNS, tuple(entries), labels)
    return list_document(listing, selection, choice, draw, origin, _totals)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """Count what is shown, each thing once."""
    listed = sum(each.values["year"] != ("unproven",) for each in entries)
    return [
        ("total_listed", listed),
        ("total_unproven", len(entries) - listed),
        ("total_provinces", len({key for each in entries for key in each.values["province"]})),
    ]


def _entry(each: ClusterEntry, labels: Labels) -> Entry:
    reader = labels.reader
    grade = slug_of(each.grade) or "unproven"
    years = each.years or ("unproven",)
    compare = reader.link("/figures", about=each.slug)
    return Entry(
        each.iri,
        {
            "cluster": labels.resources(each.iri),
            "field": labels.resources(*each.fields),
            "places": labels.resources(*each.places),
            "year": tuple(
                plain(year if year.isdecimal() else phrase("year_unproven", reader.lang), reader)
                for year in years
            ),
            "figures": (plain(str(len(each.figures)), reader, compare),) if each.figures else (),
            "grade": (Cell("text", _letter(labels.label(each.grade)), address(each.proof, reader)),)
            if each.grade
            else (plain(phrase("grade_unproven", reader.lang), reader),),
        },
        {
            "province": tuple(map(slug_of, each.provinces)),
            "field": tuple(map(slug_of, each.fields)),
            "year": years,
            "extent": ("several" if len(each.provinces) > 1 else "one",) if each.provinces else (),
            "figures": ("yes" if each.figures else "no",),
            "grade": (grade,),
        },
        {"figures": float(len(each.figures))},
    )


def _letter(grade: Text) -> Text:
    """Return the letter of a grade, which its label explains after a colon."""
    return Text(re.split("[:：]", grade.value)[0], grade.lang)


def _name(entry: Entry) -> tuple[bool, str]:
    """Order by name, and what is not proven last."""
    return entry.values["year"] == ("unproven",), entry.cells["cluster"][0].text.value
