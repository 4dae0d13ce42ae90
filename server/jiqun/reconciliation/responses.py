"""The JSON documents of the Reconciliation Service API, versions 0.2 and 1.0-draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NotRequired

# pydantic, which describes these types in the OpenAPI document, needs this one before Python 3.12.
from typing_extensions import TypedDict

from jiqun.language import Reader, pick
from jiqun.rdf.namespaces import ID, KG, XSD
from jiqun.rdf.terms import language_tag
from jiqun.reconciliation.matches import Property, Value, Values
from jiqun.reconciliation.requests import MAX_QUERIES, Column, slug_of
from jiqun.search.index import IndexedClass, IndexedThing
from jiqun.search.matching import Candidate

VERSION: Final = "0.2"
DRAFT: Final = "1.0-draft"

_DEFAULT_TYPES: Final = ("Cluster", "Region", "Organisation", "Company", "Brand", "Person")
_WIDTH: Final = 420
_HEIGHT: Final = 260
_SETTINGS: Final = (
    ("limit", "number", 0, "Maximum number of values", "0 returns all values."),
    ("lang", "text", "", "Language", "Only strings in this language: en, zh-Hans or zh-Hant."),
)
"""Settings of a property in data extension: id, type, default, name, help."""
_DATE: Final = re.compile(r"-?\d{4,}-\d\d-\d\d", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_INTEGERS: Final = frozenset(XSD + name for name in ("integer", "int", "long", "gYear"))
Cell = TypedDict(  # noqa: UP013 -- in a class, str and int would be its own members
    "Cell",
    {"id": str, "name": str, "str": str, "lang": str, "int": int, "float": float, "date": str},
    total=False,
)
"""A value: a thing (`id`, `name`), a string (`str`, `lang`), a number or a date."""


class Named(TypedDict):
    """A type or property with its name in the language of the client."""

    id: str
    name: str


class Feature(TypedDict):
    """A feature that the score is based on."""

    id: str
    name: str
    value: float | bool


class MatchCandidate(TypedDict):
    """A thing that a name may refer to; `score` is from 0 to 100."""

    id: str
    name: str
    description: str
    score: float
    match: bool
    type: list[Named]
    features: list[Feature]


class MatchResult(TypedDict):
    """The candidates for one query, best first."""

    result: list[MatchCandidate]


class DraftMatchResult(TypedDict):
    """The candidates for one query, best first."""

    candidates: list[MatchCandidate]


class DraftMatchResults(TypedDict):
    """The results of a batch, in the order of its queries."""

    results: list[DraftMatchResult]


class Suggestion(TypedDict):
    """A thing, type or property; `notable` are the types of a thing."""

    id: str
    name: str
    description: NotRequired[str]
    notable: NotRequired[list[Named]]


class Suggestions(TypedDict):
    """Suggestions, best first."""

    result: list[Suggestion]


class Proposal(TypedDict):
    """Properties that can be fetched by data extension, the most used first."""

    limit: int
    properties: list[Named]
    type: NotRequired[str]


class ExtensionColumn(Named):
    """A requested property; `type` is the class of its values."""

    type: NotRequired[Named]


class Extension(TypedDict):
    """Values by thing and property, both as the client identified them."""

    meta: list[ExtensionColumn]
    rows: dict[str, dict[str, list[Cell]]]


class DraftProperty(TypedDict):
    """The values of one property of one thing."""

    id: str
    values: list[Cell]


class DraftRow(TypedDict):
    """The values of one thing."""

    id: str
    properties: list[DraftProperty]


class DraftExtension(TypedDict):
    """Values by thing and property, in the order of the request."""

    meta: list[ExtensionColumn]
    rows: list[DraftRow]


class Service(TypedDict):
    """The URL of a part of the service."""

    service_url: str
    service_path: str


class Preview(TypedDict):
    """The size of a preview in pixels, and in version 0.2 its URL template."""

    url: NotRequired[str]
    width: int
    height: int


class Extend(TypedDict):
    """Data extension: the property proposal service, and the settings of a property."""

    propose_properties: Service
    property_settings: list[dict[str, str | int]]


class DraftExtend(TypedDict):
    """Data extension: whether properties are proposed, and the settings of a property."""

    proposeProperties: bool
    propertySettings: list[dict[str, str | int]]


class Description(TypedDict):
    """The members common to both versions of the service manifest."""

    name: str
    identifierSpace: str
    schemaSpace: str
    documentation: str
    serviceVersion: str
    logo: str
    defaultTypes: list[Named]
    batchSize: int
    standardizedScore: bool


class Manifest(Description):
    """The service manifest of version 0.2."""

    versions: list[str]
    view: dict[str, str]
    preview: Preview
    suggest: dict[str, Service]
    extend: Extend


class DraftManifest(Description):
    """The service manifest of version 1.0-draft."""

    versions: list[str]
    view: dict[str, str]
    preview: Preview
    suggest: dict[str, bool]
    extend: DraftExtend


def describe(
    root: str, title: str, version: str, classes: Iterable[IndexedClass], reader: Reader
) -> Description:
    """Return the members common to both manifests, for a service at `root`/reconcile."""
    named = {each["id"]: each for each in (named_class(found, reader) for found in classes)}
    return {
        "name": title,
        "identifierSpace": ID,
        "schemaSpace": KG,
        "documentation": f"{root}/openapi.json",
        "serviceVersion": version,
        "logo": f"{root}/static/mark.svg",
        "defaultTypes": [named[name] for name in _DEFAULT_TYPES if name in named],
        "batchSize": MAX_QUERIES,
        "standardizedScore": True,
    }


def manifest(root: str, description: Description) -> Manifest:
    """Return the manifest of version 0.2."""
    url = f"{root}/reconcile"

    def service(path: str) -> Service:
        return {"service_url": url, "service_path": path}

    return {
        **description,
        "versions": [VERSION, DRAFT],
        "view": {"url": f"{root}/doc/{{{{id}}}}"},
        "preview": {"url": f"{url}/preview?id={{{{id}}}}", "width": _WIDTH, "height": _HEIGHT},
        "suggest": {kind: service(f"/suggest/{kind}") for kind in ("entity", "type", "property")},
        "extend": {
            "propose_properties": service("/extend/propose"),
            "property_settings": [
                {"name": key, "type": kind, "default": default, "label": name, "help_text": text}
                for key, kind, default, name, text in _SETTINGS
            ],
        },
    }


def draft_manifest(root: str, description: Description) -> DraftManifest:
    """Return the manifest of version 1.0-draft."""
    return {
        **description,
        "versions": [DRAFT, VERSION],
        "view": {"url": f"{root}/doc/{{id}}"},
        "preview": {"width": _WIDTH, "height": _HEIGHT},
        "suggest": {"entity": True, "type": True, "property": True},
        "extend": {
            "proposeProperties": True,
            "propertySettings": [
                {"id": key, "type": kind, "default": default, "name": name, "helpText": text}
                for key, kind, default, name, text in _SETTINGS
            ],
        },
    }


def named_class(each: IndexedClass, reader: Reader) -> Named:
    """Return the identifier and name of a class."""
    identifier = each.iri.removeprefix(KG)
    return {"id": identifier, "name": pick(each.labels, reader).value or identifier}


def match_candidate(
    candidate: Candidate, classes: Mapping[int, IndexedClass], reader: Reader
) -> MatchCandidate:
    """Describe a candidate."""
    thing = candidate.thing
    return {
        "id": thing.slug,
        "name": pick(thing.labels, reader).value or thing.slug,
        "description": pick(thing.description, reader).value,
        "score": candidate.score,
        "match": candidate.match,
        "type": [named_class(classes[each], reader) for each in thing.types],
        "features": [
            {"id": "name_score", "name": "Similarity of the names", "value": candidate.name_score},
            {"id": "safe_name", "name": "The name is unambiguous", "value": candidate.safe},
        ],
    }


def suggestion(
    thing: IndexedThing, classes: Mapping[int, IndexedClass], reader: Reader
) -> Suggestion:
    """Describe a suggested thing."""
    return {
        "id": thing.slug,
        "name": pick(thing.labels, reader).value or thing.slug,
        "description": pick(thing.description, reader).value,
        "notable": [named_class(classes[each], reader) for each in thing.types],
    }


def extension_columns(
    columns: Iterable[Column], properties: Mapping[str, Property], reader: Reader
) -> list[ExtensionColumn]:
    """Describe the columns: name, and type of values where the ontology declares it."""
    described: list[ExtensionColumn] = []
    for column in columns:
        known = properties.get(column.iri)
        entry: ExtensionColumn = {
            "id": column.id,
            "name": known.name(reader) if known else column.id,
        }
        if known and known.range:
            name = known.range.removeprefix(KG)
            entry["type"] = {"id": name, "name": name}
        described.append(entry)
    return described


def cells(
    identifier: str, column: Column, values: Values, reader: Reader, *, tagged: bool
) -> list[Cell]:
    """Return the values of a property of a thing; `tagged` adds the language of strings."""
    found = []
    for value in values.get((slug_of(identifier), column.iri), ()):
        tag = language_tag(value.term.lang)
        if not column.lang or not tag or tag == column.lang:
            found.append(_cell(value, reader, tag if tagged else ""))
    return found[: column.limit] if column.limit else found


def _cell(value: Value, reader: Reader, tag: str) -> Cell:
    term = value.term
    if term.is_iri:
        if not term.value.startswith(ID):
            return {"str": term.value}
        slug = term.value.removeprefix(ID)
        labels = {label.lang: label.value for label in value.labels}
        return {"id": slug, "name": pick(labels, reader).value or slug}
    text = term.value
    if term.datatype in _INTEGERS and text.lstrip("+-").isdigit() and len(text) < 16:
        return {"int": int(text)}
    if term.is_number and _FLOAT.fullmatch(text):
        return {"float": float(text)}
    if term.datatype == f"{XSD}date" and _DATE.fullmatch(text):
        return {"date": f"{text}T00:00:00Z"}
    return {"str": text, "lang": tag} if tag else {"str": text}
