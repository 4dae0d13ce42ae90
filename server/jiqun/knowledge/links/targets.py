"""How each target of links is asked about one identifier, and how its answer is read.

Answers are those of the targets' own interfaces, documented where `TARGETS` says. What they send
is untrusted: bodies are bounded by the caller, XML with a document type is refused (its entities
could be made to expand without end), and nothing in an answer is followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_GN: Final = "{http://www.geonames.org/ontology#}"
_DBPEDIA: Final = "http://dbpedia.org/resource/"
_REDIRECTS: Final = "http://dbpedia.org/ontology/wikiPageRedirects"
_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"


@dataclass(frozen=True)
class Answer:
    """What a target says: the identifier it answered for, all names, and whether it is gone."""

    identifier: str
    names: frozenset[str] = field(default_factory=frozenset)
    gone: str = ""


@dataclass(frozen=True)
class Target:
    """Where a target is asked: `path` has a hole for what `key` makes of the identifier.

    `read` takes the body of an answer with status 200 and the identifier asked for; it raises
    `ValueError`, `KeyError` or `TypeError` when the body is not what the target sends.
    """

    server: str
    path: str
    read: Callable[[bytes, str], Answer]
    key: Callable[[str], str] = str


def _wikidata(body: bytes, asked: str) -> Answer:
    entities = json.loads(body)["entities"]
    # a redirect answers with the item it leads to
    identifier = asked if asked in entities else str(next(iter(entities)))
    item = entities[identifier]
    names = [label["value"] for label in dict(item.get("labels", {})).values()]
    for aliases in dict(item.get("aliases", {})).values():
        names += [alias["value"] for alias in aliases]
    return Answer(str(item.get("id", identifier)), frozenset(names))


def _geonames(body: bytes, asked: str) -> Answer:
    text = body.decode("utf-8")
    if "<!DOCTYPE" in text:
        raise ValueError("a document type")
    try:
        feature = ElementTree.fromstring(text).find(f"{_GN}Feature")  # noqa: S314 (no entities)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if feature is None:
        raise ValueError("no feature")
    about = feature.get(f"{_RDF}about", asked).rstrip("/").rpartition("/")[2]
    kinds = (f"{_GN}name", f"{_GN}alternateName", f"{_GN}officialName", f"{_GN}shortName")
    names = {name.text for kind in kinds for name in feature.findall(kind) if name.text}
    return Answer(about, frozenset(names))


def _dbpedia(body: bytes, asked: str) -> Answer:
    resources = json.loads(body)
    resource = resources.get(f"{_DBPEDIA}{asked}")
    if not resource:
        return Answer(asked, gone="no such resource")
    target = [str(value["value"]) for value in resource.get(_REDIRECTS, ())]
    identifier = target[0].removeprefix(_DBPEDIA) if target else asked
    return Answer(identifier, frozenset(str(v["value"]) for v in resource.get(_LABEL, ())))


def _whosonfirst(body: bytes, asked: str) -> Answer:
    said: dict[str, Any] = json.loads(body)["properties"]
    newer = list(said.get("wof:superseded_by") or ())
    names = {str(said["wof:name"])}
    for key, values in said.items():
        if key.startswith("name:") and isinstance(values, list):
            names |= set(map(str, values))
    deprecated = str(said.get("edtf:deprecated") or "uuuu")
    gone = "" if deprecated in {"uuuu", "u", ".."} else f"deprecated {deprecated}"
    return Answer(str(newer[0] if newer else said.get("wof:id", asked)), frozenset(names), gone)


def _openstreetmap(body: bytes, asked: str) -> Answer:
    (element,) = json.loads(body)["elements"]
    tags = dict(element.get("tags", {}))
    kinds = ("name", "alt_name", "official_name", "short_name", "int_name")
    names = {str(tags[key]) for key in tags if key.partition(":")[0] in kinds}
    return Answer(str(element.get("id", asked)), frozenset(names))


def _gleif(body: bytes, asked: str) -> Answer:
    record = json.loads(body)["data"]
    entity = record["attributes"]["entity"]
    names = {str(entity["legalName"]["name"])}
    for kind in ("otherNames", "transliteratedOtherNames"):
        names |= {str(name["name"]) for name in entity.get(kind) or ()}
    heir = (entity.get("successorEntity") or {}).get("lei")
    gone = "" if heir or entity.get("status", "ACTIVE") != "INACTIVE" else "the entity is inactive"
    return Answer(str(heir or record.get("id", asked)), frozenset(names), gone)


def _sec(body: bytes, asked: str) -> Answer:
    company = json.loads(body)
    former = {str(name["name"]) for name in company.get("formerNames") or ()}
    identifier = str(company.get("cik", asked)).zfill(10)
    return Answer(identifier, frozenset({str(company["name"]), *former}))


def _by_threes(identifier: str) -> str:
    folders = [identifier[start : start + 3] for start in range(0, len(identifier), 3)]
    return "/".join([*folders, identifier])


TARGETS: Final[dict[str, Target]] = {
    # https://www.wikidata.org/wiki/Wikidata:Data_access
    "wikidata": Target("https://www.wikidata.org", "/wiki/Special:EntityData/{}.json", _wikidata),
    # https://www.geonames.org/ontology/documentation.html
    "geonames": Target("https://sws.geonames.org", "/{}/about.rdf", _geonames),
    # https://www.dbpedia.org/resources/linked-data/
    "dbpedia": Target("https://dbpedia.org", "/data/{}.json", _dbpedia),
    # https://whosonfirst.org/docs/uris/
    "whosonfirst": Target("https://data.whosonfirst.org", "/{}.geojson", _whosonfirst, _by_threes),
    # https://wiki.openstreetmap.org/wiki/API_v0.6
    "openstreetmap": Target(
        "https://api.openstreetmap.org", "/api/0.6/relation/{}.json", _openstreetmap
    ),
    # https://www.gleif.org/en/lei-data/gleif-api
    "gleif": Target("https://api.gleif.org", "/api/v1/lei-records/{}", _gleif),
    # https://www.sec.gov/search-filings/edgar-application-programming-interfaces
    "sec": Target("https://data.sec.gov", "/submissions/CIK{}.json", _sec),
}
