"""Reads the requests of the Reconciliation Service API, versions 0.2 and 1.0-draft.

Both versions are read into the same `MatchRequest` and `ExtensionRequest`; error messages name the
invalid member. A property of this ontology is identified by its local name (`coreArea`), one of
another vocabulary by prefix and local name (`skos:altLabel`); IRIs are accepted too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from jiqun.errors import BadParameter, shorten
from jiqun.rdf.namespaces import ID, KG, PREFIXES, SLUG, compact, is_absolute_iri
from jiqun.rdf.terms import language_tag

MAX_QUERIES: Final = 50
"""Maximum number of queries in a batch."""

MAX_LENGTH: Final = 500
"""Maximum length of a name or value, in characters."""

DEFAULT_LIMIT: Final = 5
MAX_CANDIDATES: Final = 50
_MAX_CONDITIONS: Final = 10
_MAX_VALUES: Final = 20
_MAX_BATCH_VALUES: Final = 1000
_MAX_BATCH_PROPERTIES: Final = 50
_MAX_TYPES: Final = 20
_MAX_THINGS: Final = 200
_MAX_COLUMNS: Final = 20
_LOCAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_CURIE: Final = re.compile(r"([a-z]{1,12}):([A-Za-z][A-Za-z0-9_.-]{0,99})")
_LONGEST_IRI: Final = 2000


@dataclass(frozen=True)
class Condition:
    """A condition on a property of candidates; `values` are slugs, IRIs, strings or numbers.

    `quantifier` is any, all or none; with `required`, candidates that do not meet it are rejected.
    """

    property: str
    values: tuple[str, ...]
    quantifier: str = "any"
    required: bool = False


@dataclass(frozen=True)
class MatchRequest:
    """One query: a name, the IRIs of classes (any of them), and conditions on properties."""

    name: str
    classes: tuple[str, ...]
    limit: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Column:
    """A requested property; `limit` 0 means all values, an empty `lang` any language."""

    id: str
    iri: str
    limit: int
    lang: str


@dataclass(frozen=True)
class ExtensionRequest:
    """A request for the values of properties; `ids` are as the client wrote them."""

    ids: tuple[str, ...]
    columns: tuple[Column, ...]


def property_id(iri: str) -> str:
    """Return the identifier of a property in this API."""
    return compact(iri).removeprefix("kg:")


def property_iri(name: str) -> str:
    """Return the IRI of a property; raises `BadParameter` for an invalid identifier."""
    if _LOCAL.fullmatch(name):
        return KG + name
    match = _CURIE.fullmatch(name)
    if match and match[1] in PREFIXES:
        return PREFIXES[match[1]] + match[2]
    if name.startswith(("http://", "https://")) and len(name) <= 400 and is_absolute_iri(name):
        return name
    raise BadParameter(
        f"{shorten(name)} is not a property; write a name such as coreArea, a prefixed name such "
        "as skos:altLabel, or an IRI."
    )


def class_iri(name: str) -> str:
    """Return the IRI of a class from its id: `Cluster`, `kg:Cluster` or the IRI itself."""
    if "://" in name and is_absolute_iri(name):
        return name
    return KG + name.removeprefix(KG).removeprefix("kg:")


def slug_of(identifier: str) -> str:
    """Return the slug of a thing from its identifier or its IRI."""
    return identifier.removeprefix(ID).removeprefix("id:")


def is_slug(text: str) -> bool:
    """Return whether a text can be the slug of a thing, or the IRI of one without a slug."""
    if ":" in text:
        return len(text) <= _LONGEST_IRI and is_absolute_iri(text)
    return len(text) <= 200 and SLUG.fullmatch(text) is not None


def read_json(text: str | bytes, what: str) -> Any:
    """Read JSON; raises `BadParameter` if it is not valid or nested too deeply."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise BadParameter(f"{what} is nested too deeply.") from None
    except UnicodeDecodeError:
        raise BadParameter(f"{what} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadParameter(
            f"{what} is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError as error:
        raise BadParameter(f"{what} is not valid JSON: {shorten(str(error))}.") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def read_batch(text: str) -> dict[str, MatchRequest]:
    """Read the `queries` parameter of version 0.2: a JSON object whose members are queries."""
    document = read_json(text, "queries")
    if not isinstance(document, dict):
        raise BadParameter('queries must be an object such as {"q0": {"query": "北京"}}.')
    _check_count(len(document))
    batch = {key: _read_query(value, shorten(key)) for key, value in document.items()}
    _check_work(batch.values())
    return batch


def read_single(text: str) -> MatchRequest:
    """Read the `query` parameter of version 0.2: a name, or one query in JSON."""
    if text.lstrip().startswith("{"):
        return _read_query(read_json(text, "query"), "query")
    return _read_query({"query": text}, "query")


def read_draft_batch(body: bytes) -> list[MatchRequest]:
    """Read a batch of version 1.0-draft: `{"queries": [{"conditions": […]}]}`."""
    document = read_json(body, "The body")
    queries = document.get("queries") if isinstance(document, dict) else None
    if not isinstance(queries, list):
        raise BadParameter('The body must be an object with an array "queries".')
    _check_count(len(queries))
    batch = [_read_draft(value, f"queries[{place}]") for place, value in enumerate(queries)]
    _check_work(batch)
    return batch


def _check_count(count: int) -> None:
    if count > MAX_QUERIES:
        raise BadParameter(f"The batch has {count} queries; the limit is {MAX_QUERIES}.")


def _check_work(batch: Iterable[MatchRequest]) -> None:
    """Limit the cost of the conditions of a batch: each value is compared for each candidate."""
    conditions = [condition for request in batch for condition in request.conditions]
    values = sum(len(each.values) for each in conditions)
    properties = len({each.property for each in conditions})
    if values > _MAX_BATCH_VALUES or properties > _MAX_BATCH_PROPERTIES:
        raise BadParameter(
            f"The conditions of the batch have {values} values of {properties} properties; the "
            f"limits are {_MAX_BATCH_VALUES} and {_MAX_BATCH_PROPERTIES}. Send fewer queries at "
            "once."
        )


def _read_query(query: Any, where: str) -> MatchRequest:
    if not isinstance(query, dict):
        raise BadParameter(f"{where} must be an object with a member query.")
    properties = query.get("properties")
    if properties is None:
        properties = []
    if not isinstance(properties, list):
        raise BadParameter(f"{where}.properties must be an array.")
    _check_conditions(len(properties), where)
    return MatchRequest(
        _name(query.get("query"), f"{where}.query"),
        _classes(query.get("type"), f"{where}.type"),
        _limit(query.get("limit"), f"{where}.limit"),
        tuple(
            _condition(each, f"{where}.properties[{place}]")
            for place, each in enumerate(properties)
        ),
    )


def _read_draft(query: Any, where: str) -> MatchRequest:
    conditions = query.get("conditions") if isinstance(query, dict) else None
    if not isinstance(conditions, list) or not conditions:
        raise BadParameter(f"{where} must have a non-empty array conditions.")
    _check_conditions(len(conditions), where)
    names: list[Any] = []
    others: list[Condition] = []
    for place, each in enumerate(conditions):
        here = f"{where}.conditions[{place}]"
        kind = each.get("matchType") if isinstance(each, dict) else None
        if kind == "name":
            names.append(_either(each, "propertyValue", "v"))
        elif kind == "property":
            others.append(_condition(each, here))
        else:
            raise BadParameter(f'{here}.matchType must be "name" or "property".')
    if len(names) != 1:
        raise BadParameter(f"{where} must have exactly one condition with the matchType name.")
    return MatchRequest(
        _name(names[0], f"{where}: the value of the name condition"),
        _classes(query.get("type"), f"{where}.type"),
        _limit(query.get("limit"), f"{where}.limit"),
        tuple(others),
    )


def _either(condition: dict[str, Any], *names: str) -> Any:
    return next((condition[name] for name in names if name in condition), None)


def _check_conditions(count: int, where: str) -> None:
    if count > _MAX_CONDITIONS:
        raise BadParameter(f"{where} has {count} conditions; the limit is {_MAX_CONDITIONS}.")


def _name(value: Any, where: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise BadParameter(f"{where} must be a string.")
    if len(value) > MAX_LENGTH:
        raise BadParameter(f"{where} has {len(value)} characters; the limit is {MAX_LENGTH}.")
    return value


def _classes(value: Any, where: str) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [] if value is None or value == "" else [value]
    if len(given) > _MAX_TYPES:
        raise BadParameter(f"{where} has {len(given)} types; the limit is {_MAX_TYPES}.")
    names = [each.get("id") if isinstance(each, dict) else each for each in given]
    if not all(isinstance(name, str) for name in names):
        raise BadParameter(f"{where} must be the id of a type or an array of ids.")
    return tuple(class_iri(str(name)) for name in names)


def _limit(value: Any, where: str) -> int:
    if value is None:
        return DEFAULT_LIMIT
    number = float(value) if isinstance(value, int | float | str) and _is_number(value) else 0.0
    if isinstance(value, bool) or number < 1 or number != int(number):
        raise BadParameter(f"{where} must be an integer of at least 1.")
    return min(int(number), MAX_CANDIDATES)


def _is_number(value: float | str) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def _condition(value: Any, where: str) -> Condition:
    if not isinstance(value, dict):
        raise BadParameter(f"{where} must be an object with pid and v.")
    named = _either(value, "pid", "propertyId")
    if not isinstance(named, str):
        raise BadParameter(f"{where}.pid must be the id of a property.")
    given = _either(value, "v", "propertyValue")
    values = given if isinstance(given, list) else [given]
    if not values or len(values) > _MAX_VALUES:
        raise BadParameter(f"{where}.v must have 1 to {_MAX_VALUES} values.")
    quantifier = value.get("matchQuantifier", "any")
    if quantifier not in ("any", "all", "none"):
        raise BadParameter(f'{where}.matchQuantifier must be "any", "all" or "none".')
    return Condition(
        property_iri(named),
        tuple(_value(each, f"{where}.v") for each in values),
        quantifier,
        value.get("required") is True,
    )


def _value(value: Any, where: str) -> str:
    if isinstance(value, dict):
        value = value.get("id")
        if isinstance(value, str):
            value = slug_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise BadParameter(f"{where} must be a string, a number, true, false or an object with id.")
    return _name(value, where)


def read_extension(text: str | bytes, what: str) -> ExtensionRequest:
    """Read a data extension request; raises `BadParameter`."""
    document = read_json(text, what)
    ids = document.get("ids") if isinstance(document, dict) else None
    columns = document.get("properties") if isinstance(document, dict) else None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise BadParameter(f'{what} must have an array "ids" of strings.')
    if not isinstance(columns, list):
        raise BadParameter(f'{what} must have an array "properties" of objects with id.')
    if len(ids) > _MAX_THINGS or len(columns) > _MAX_COLUMNS:
        raise BadParameter(
            f"{what} has {len(ids)} ids and {len(columns)} properties; the limits are "
            f"{_MAX_THINGS} and {_MAX_COLUMNS}."
        )
    return ExtensionRequest(tuple(ids), tuple(_column(each) for each in columns))


def _column(value: Any) -> Column:
    name = value.get("id") if isinstance(value, dict) else None
    if not isinstance(name, str):
        raise BadParameter("Each of properties must be an object with the id of a property.")
    settings = value.get("settings") or {}
    if not isinstance(settings, dict):
        raise BadParameter(f"The settings of {shorten(name)} must be an object.")
    limit, lang = settings.get("limit") or 0, settings.get("lang") or ""
    if not str(limit).isascii() or not str(limit).isdigit():
        raise BadParameter(f"The limit of {shorten(name)} must be an integer of at least 0.")
    return Column(name, property_iri(name), int(limit), language_tag(str(lang)[:20]))
