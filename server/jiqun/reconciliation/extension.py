"""Data extension: values of properties for things, as cells of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, pick
from jiqun.rdf.namespaces import ID, KG, XSD
from jiqun.rdf.terms import language_tag
from jiqun.reconciliation.properties import Property, Value
from jiqun.reconciliation.requests import is_slug, property_iri, slug_of

MOST_THINGS: Final = 200
MOST_PROPERTIES: Final = 20
SETTINGS: Final = (
    ("limit", "number", 0, "Most values of a cell", "0 gives all values."),
    ("lang", "text", "", "Language", "Texts in this language only: en, zh-Hans or zh-Hant."),
)
"""Settings of a property: id, type, default, name, help."""

_DATE: Final = re.compile(r"-?\d{4,}-\d\d-\d\d")
_INTEGERS: Final = frozenset(XSD + name for name in ("integer", "int", "long", "gYear"))


@dataclass(frozen=True)
class Column:
    """One property that is asked for; `limit` 0 gives all values, an empty `lang` all texts."""

    id: str
    iri: str
    limit: int
    lang: str


@dataclass(frozen=True)
class Extension:
    """A request for values: things by the identifiers that the client used, and properties."""

    ids: tuple[str, ...]
    columns: tuple[Column, ...]


def read_extension(document: Any) -> Extension:
    """Read a data extension query; raises `BadParameter`."""
    ids = document.get("ids") if isinstance(document, dict) else None
    columns = document.get("properties") if isinstance(document, dict) else None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise BadParameter('extend must have an array "ids" of identifiers.')
    if not isinstance(columns, list):
        raise BadParameter('extend must have an array "properties" of objects with id.')
    if len(ids) > MOST_THINGS or len(columns) > MOST_PROPERTIES:
        raise BadParameter(
            f"extend asks for {len(ids)} things and {len(columns)} properties; at most "
            f"{MOST_THINGS} and {MOST_PROPERTIES} are given at once."
        )
    return Extension(tuple(ids), tuple(_column(each) for each in columns))


def _column(value: Any) -> Column:
    named = value.get("id") if isinstance(value, dict) else None
    if not isinstance(named, str):
        raise BadParameter("Each of extend.properties must be an object with the id of a property.")
    settings = value.get("settings") or {}
    if not isinstance(settings, dict):
        raise BadParameter(f"The settings of {shorten(named)} must be an object.")
    limit, lang = settings.get("limit") or 0, settings.get("lang") or ""
    if not str(limit).isascii() or not str(limit).isdigit():
        raise BadParameter(f"The limit of {shorten(named)} must be a whole number from 0.")
    return Column(named, property_iri(named), int(limit), language_tag(str(lang)[:20]))


def meta(
    columns: Sequence[Column], properties: Mapping[str, Property], reader: Reader
) -> list[dict[str, Any]]:
    """Describe the columns: name, and the type of things in them where the ontology tells it."""
    described = []
    for column in columns:
        known = properties.get(column.iri)
        entry: dict[str, Any] = {
            "id": column.id,
            "name": known.name(reader) if known else column.id,
        }
        if known and known.range:
            name = known.range.removeprefix(KG)
            entry["type"] = {"id": name, "name": name}
        described.append(entry)
    return described


def cells(
    asked: str,
    column: Column,
    values: Mapping[tuple[str, str], tuple[Value, ...]],
    reader: Reader,
    *,
    with_language: bool = False,
) -> list[dict[str, Any]]:
    """Give the values of one property of one thing; `asked` is the client's identifier."""
    slug = slug_of(asked)
    found = values.get((slug, column.iri), ()) if is_slug(slug) else ()
    given = []
    for value in found:
        tag = language_tag(value.term.lang)
        if column.lang and tag and tag != column.lang:
            continue
        given.append(_cell(value, reader, tag if with_language else ""))
    return given[: column.limit] if column.limit else given


def _cell(value: Value, reader: Reader, tag: str) -> dict[str, Any]:
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
    if term.is_number:
        return {"float": float(text)}
    if term.datatype == f"{XSD}date" and _DATE.fullmatch(text):
        return {"date": f"{text}T00:00:00Z"}
    return {"str": text, "lang": tag} if tag else {"str": text}
