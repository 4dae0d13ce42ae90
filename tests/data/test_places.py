"""The divisions of China: complete, contained, coded alike, named in three scripts, and located."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest
import shapely

from jiqun.rdf.namespaces import ID

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIXES: Final = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX graph: <https://w3id.org/jiqun/graph/>
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
KINDS: Final = {
    "Country": 1,
    "ProvinceLevelDivision": 34,
    "PrefectureLevelDivision": 333,
    "CountyLevelDivision": 2851,
}
# what the source of the geometries does not draw
WITHOUT_GEOMETRY: Final = {"china", "yueqing"}
# islands far off the coast that the province's polygon leaves out
OFF_THE_POLYGON: Final = {"sansha"}


def rows(store: ox.Store, pattern: str, *names: str) -> list[tuple[str, ...]]:
    """Return what the pattern binds, IRIs of things as slugs, terms as text."""
    variables = " ".join(f"?{name}" for name in names)
    found = store.query(f"{PREFIXES} SELECT DISTINCT {variables} WHERE {{ {pattern} }}")
    assert isinstance(found, ox.QuerySolutions)
    return [tuple(_text(row[name]) for name in names) for row in found]


def _text(term: object) -> str:
    assert isinstance(term, ox.NamedNode | ox.Literal), term
    return term.value.removeprefix(ID)


def mapping(store: ox.Store, pattern: str) -> dict[str, str]:
    """Return what the pattern binds to ?place with what it binds to ?value."""
    found = rows(store, pattern, "place", "value")
    return {row[0]: row[1] for row in found}


def slugs(found: Iterable[tuple[str, ...]]) -> set[str]:
    return {row[0] for row in found}


def divisions(store: ox.Store, kind: str = "AdministrativeDivision") -> set[str]:
    return slugs(rows(store, f"?place a kg:{kind}", "place"))


@pytest.mark.parametrize(("kind", "count"), KINDS.items())
def test_every_division_is_there(store: ox.Store, kind: str, count: int) -> None:
    assert len(divisions(store, kind)) == count


def test_every_division_lies_in_its_province_and_country(store: ox.Store) -> None:
    inside = slugs(rows(store, "?place kg:within id:china", "place"))
    assert inside >= divisions(store) - {"china"}
    provinces = divisions(store, "ProvinceLevelDivision")
    pattern = "?place a kg:PrefectureLevelDivision ; kg:within ?in . ?in a ?kind"
    pattern += " FILTER (?kind = kg:ProvinceLevelDivision)"
    contained = rows(store, pattern, "place", "in")
    assert len(contained) == len(slugs(contained)) == 333
    assert {province for _, province in contained} <= provinces
    municipal = {"beijing", "tianjin", "shanghai", "chongqing"}
    outside = {"hong-kong", "macao", "taiwan"}
    assert provinces - {province for _, province in contained} == municipal | outside


def test_codes_agree_with_those_of_parents_and_are_unique(store: ox.Store) -> None:
    code = mapping(store, "?place kg:administrativeCode ?value")
    assert set(code) == divisions(store) - {"china"}
    assert len(set(code.values())) == len(code)
    for place, parent in rows(
        store, "?place kg:within ?in . ?in a kg:ProvinceLevelDivision", "place", "in"
    ):
        # a region that is not a division has no code
        assert code.get(place, code[parent])[:2] == code[parent][:2], place
    for place, parent in rows(
        store, "?place kg:within ?in . ?in a kg:PrefectureLevelDivision", "place", "in"
    ):
        assert code.get(place, code[parent])[:4] == code[parent][:4], place


def test_iso_codes_are_those_of_the_country_and_its_provinces(store: ox.Store) -> None:
    code = mapping(store, "?place kg:isoCode ?value")
    assert set(code) == divisions(store, "ProvinceLevelDivision") | {"china"}
    assert len(set(code.values())) == 35
    assert all(value.startswith("CN-") for place, value in code.items() if place != "china")
    assert (code["china"], code["shaanxi"], code["shanxi"]) == ("CN", "CN-SN", "CN-SX")


def test_names_are_in_three_scripts_with_pinyin(store: ox.Store) -> None:
    label: dict[str, dict[str, str]] = {}
    pattern = "?place a kg:AdministrativeDivision ; rdfs:label ?label BIND (LANG(?label) AS ?in)"
    for place, language, text in rows(store, pattern, "place", "in", "label"):
        assert language not in label.setdefault(place, {}), place
        label[place][language] = text
    assert all(set(texts) == {"en", "zh-hans", "zh-hant"} for texts in label.values())
    pinyin = mapping(store, "?place kg:pinyin ?value")
    assert set(pinyin) == set(label) == divisions(store)
    for place, texts in label.items():
        # every part of the traditional name has its simplified one, and the pinyin fits both
        assert len(texts["zh-hans"]) == len(texts["zh-hant"]), place
        assert len(pinyin[place].split()) <= len(texts["zh-hans"]), place
        assert all(part.isalpha() and part.islower() for part in pinyin[place].split()), place
        assert all("一" <= sign <= "鿿" for sign in texts["zh-hans"] + texts["zh-hant"])
        assert unicodedata.is_normalized("NFC", texts["en"]), place
    assert label["chifeng"]["zh-hant"] == "赤峰市"
    assert label["longyan"]["zh-hant"] == "龍岩市"


def test_places_of_one_name_are_distinguished(store: ox.Store) -> None:
    for slug, code in {
        "jilin": "220000",
        "jilin-city": "220200",
        "suzhou": "320500",
        "suzhou-anhui": "341300",
        "fuzhou": "350100",
        "fuzhou-jiangxi": "361000",
        "taizhou": "321200",
        "taizhou-zhejiang": "331000",
        "yichun": "230700",
        "yichun-jiangxi": "360900",
        "yulin": "610800",
        "yulin-guangxi": "450900",
        "hainan": "460000",
        "hainan-qinghai": "632500",
    }.items():
        assert rows(store, f"id:{slug} kg:administrativeCode ?code", "code") == [(code,)]


def test_every_geometry_can_be_drawn_and_says_where_it_is_from(store: ox.Store) -> None:
    pattern = """
      ?place geo:hasGeometry ?shape . ?shape a geo:Geometry ; geo:asWKT ?wkt ;
        kg:record ?record ; kg:recordedIn ?dataset ; dcterms:license ?licence .
      ?dataset a kg:ReferenceDataset ; dcterms:license ?licence ; kg:attribution ?words
    """
    found = rows(store, pattern, "place", "shape", "wkt")
    assert len(found) == len(rows(store, "?shape a geo:Geometry", "shape"))
    for place, shape, wkt in found:
        drawn = shapely.from_wkt(wkt)
        assert drawn.is_valid, shape
        west, south, east, north = drawn.bounds
        assert 73 < west <= east < 136, shape
        assert 3 < south <= north < 54, shape
        assert shape.startswith(place + "-"), shape
    without = divisions(store) - slugs(found) - divisions(store, "CountyLevelDivision")
    assert without == WITHOUT_GEOMETRY - {"yueqing"}


def test_prefectures_lie_in_the_polygon_of_their_province(store: ox.Store) -> None:
    shapes = {
        shape: shapely.from_wkt(wkt) for shape, wkt in rows(store, "?s geo:asWKT ?w", "s", "w")
    }
    provinces = divisions(store, "ProvinceLevelDivision")
    drawn = {province for province in provinces if f"{province}-polygon" in shapes}
    assert provinces == drawn
    pattern = "?place a kg:PrefectureLevelDivision ; kg:within ?in . ?in a kg:ProvinceLevelDivision"
    for place, province in rows(store, pattern, "place", "in"):
        # the polygons are drawn for small maps, so that a harbour may lie a little off the coast
        apart = shapes[f"{province}-polygon"].distance(shapes[f"{place}-point"])
        assert (apart < 0.05) != (place in OFF_THE_POLYGON), place


def test_industry_codes_are_concepts_of_their_schemes(store: ox.Store) -> None:
    for scheme, count in (("gb-t-4754-2017", 27), ("isic-rev4", 40), ("sei-2018", 13)):
        pattern = f"?code skos:inScheme id:{scheme} ; skos:notation ?notation"
        codes = rows(store, pattern, "code", "notation")
        assert len(codes) == count
        for slug, notation in codes:
            assert slug == f"{scheme}-{notation.lower().replace('.', '-')}"
