"""The list of places: the number of clusters in each, on a map of circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import KG
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import values
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Labels, pairs, plain, read_captions, slug_of
from jiqun.web.pages.listing import Column, Entry, Listing, Selection, list_document
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pictures.drawing import Paper, Picture, Sheet
from jiqun.web.pictures.map_picture import (
    MapMark,
    Outline,
    Place,
    draw_map,
    read_outlines,
    read_points,
)

_COLUMNS: Final = (
    Column("place"),
    Column("level"),
    Column("area"),
    Column("clusters", numeric=True),
    Column("list_2022", numeric=True),
    Column("list_2024", numeric=True),
    Column("figures", numeric=True),
)
_LEVELS: Final = (
    "ProvinceLevelDivision",
    "PrefectureLevelDivision",
    "CountyLevelDivision",
    "EconomicRegion",
)
_PATTERNS: Final = {
    "clusters": "?x kg:hasCluster ?y . ?x a kg:Region",
    "figures": "?y a kg:Observation ; kg:about ?x . ?x a kg:Region",
    "province": f"?x a kg:{_LEVELS[0]} BIND (kg:{_LEVELS[0]} AS ?y)",
    "years": "?x kg:listedOn/kg:listYear ?y",
}
_OF_PLACES: Final = {
    "level": f"?x a ?y FILTER (?y IN ({', '.join(f'kg:{each}' for each in _LEVELS)}))",
    "area": "?x kg:within ?y . ?y a kg:EconomicRegion",
}


@dataclass(frozen=True)
class PlaceEntry:
    """A place with the IRIs of its class, of the regions around it, its clusters and figures."""

    iri: str
    level: str
    areas: tuple[str, ...]
    clusters: tuple[str, ...]
    of_2022: int
    of_2024: int
    figures: int


@dataclass(frozen=True)
class PlaceList:
    """Places with the captions of what their entries name, and their points."""

    places: tuple[PlaceEntry, ...]
    captions: Mapping[str, Caption]
    points: Mapping[str, Place]


def read_place_list(select: Select) -> PlaceList:
    """Read all provinces, and the other places that have a cluster or a figure."""
    of = {name: pairs(select, pattern) for name, pattern in _PATTERNS.items()}
    wanted = values(sorted({*of["clusters"], *of["figures"], *of["province"]}))
    for name, pattern in _OF_PLACES.items():
        of[name] = pairs(select, f"VALUES ?x {{ {wanted} }} {pattern}")
    years = of["years"]
    places = tuple(
        PlaceEntry(
            iri,
            levels[0],
            of["area"].get(iri, ()),
            of["clusters"].get(iri, ()),
            _count(of["clusters"].get(iri, ()), years, "2022"),
            _count(of["clusters"].get(iri, ()), years, "2024"),
            len(of["figures"].get(iri, ())),
        )
        for iri, levels in of["level"].items()
    )
    iris = {iri for each in places for iri in (each.iri, each.level, *each.areas)}
    counted = [each.iri for each in places if each.clusters]
    return PlaceList(places, read_captions(select, sorted(iris)), read_points(select, counted))


def _count(clusters: Iterable[str], years: Mapping[str, Sequence[str]], year: str) -> int:
    return sum(year in years.get(each, ()) for each in clusters)


def places_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of places; raises `BadParameter`."""
    known = context.once(read_place_list)
    labels = Labels(known.captions, reader)
    by_iri = {each.iri: each for each in known.places}
    entries = sorted((_entry(each, labels) for each in known.places), key=_order)

    def draw(left: Sequence[Entry], _paper: Paper) -> Picture | None:
        members = [by_iri[each.iri] for each in left]
        levels = [f"{KG}{each}" for each in _LEVELS]
        level = min((each.level for each in members), key=levels.index, default="")
        counted = [each for each in members if each.level == level and each.clusters]
        return _map(counted, known.points, context.once(read_outlines), labels)

    listing = Listing("places", _COLUMNS, tuple(entries), labels)
    return list_document(listing, selection, choice, draw, origin, _totals)


def _map(
    counted: Sequence[PlaceEntry],
    points: Mapping[str, Place],
    outlines: Sequence[Outline],
    labels: Labels,
) -> Picture | None:
    reader = labels.reader
    marks = [
        MapMark(
            f"{labels.label(each.iri).value}: {len(each.clusters)}",
            "count",
            (points[each.iri],),
            address(each.iri, reader),
            Text(str(len(each.clusters))),
        )
        for each in counted
        if each.iri in points
    ]
    if not marks:
        return None
    title = f"{phrase('places_map', reader.lang)}: {labels.resource(counted[0].level).text.value}"
    about = phrase("places_map_about", reader.lang)
    return draw_map(Sheet("map", title, about, reader), outlines, marks)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return [("total_with_clusters", sum(each.values["clusters"] == ("yes",) for each in entries))]


def _entry(each: PlaceEntry, labels: Labels) -> Entry:
    reader = labels.reader
    slug = slug_of(each.iri)
    province = each.level == f"{KG}{_LEVELS[0]}"
    counts: Mapping[str, tuple[int, str | None]] = {
        "clusters": (
            len(each.clusters),
            reader.link("/clusters", province=slug) if province and each.clusters else None,
        ),
        "list_2022": (each.of_2022, None),
        "list_2024": (each.of_2024, None),
        "figures": (each.figures, reader.link("/figures", about=slug) if each.figures else None),
    }
    return Entry(
        each.iri,
        {
            "place": labels.resources(each.iri),
            "level": labels.resources(each.level),
            "area": labels.resources(*each.areas),
            **{key: (plain(str(count), reader, href),) for key, (count, href) in counts.items()},
        },
        {
            "level": (slug_of(each.level),),
            "area": tuple(map(slug_of, each.areas)),
            "clusters": ("yes" if each.clusters else "no",),
            "figures": ("yes" if each.figures else "no",),
        },
        {key: float(count) for key, (count, _) in counts.items()},
    )


def _order(entry: Entry) -> tuple[int, float, str]:
    level = _LEVELS.index(entry.values["level"][0])
    return level, -entry.ranks["clusters"], entry.cells["place"][0].text.value
