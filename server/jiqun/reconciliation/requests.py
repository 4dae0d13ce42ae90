"""Reads reconciliation queries: versions 0.2 and 1.0-draft of the Reconciliation Service API.

Both come out as the same `Ask`; whatever is not as the specification has it is told with its place.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from jiqun.errors import BadParameter, shorten
from jiqun.rdf.namespaces import ID, KG, PREFIXES, compact

MOST_QUERIES: Final = 50
"""Queries of one batch."""

LONGEST: Final = 500
"""Characters of a name, a prefix or a value."""

DEFAULT_LIMIT: Final = 5
MOST_CANDIDATES: Final = 50
_MOST_CONDITIONS: Final = 10
_MOST_VALUES: Final = 20
_MOST_TYPES: Final = 20
_LOCAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


_CURIE: Final = re.compile(r"([a-z]{1,12}):([A-Za-z][A-Za-z0-9_.-]{0,99})")


_IRI: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`\x7f-\x9f]{1,400}")


_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


def property_id(iri: str) -> str:
    """Give the name by which clients know a property."""
    return compact(iri).removeprefix("kg:")


def property_iri(name: str) -> str:
    """Give the IRI of a property; raises `BadParameter` for what cannot be the name of one."""
    if _LOCAL.fullmatch(name):
        return KG + name
    match = _CURIE.fullmatch(name)
    if match and match[1] in PREFIXES:
        return PREFIXES[match[1]] + match[2]
    if _IRI.fullmatch(name):
        return name
    raise BadParameter(
        f"{shorten(name)} is no property; it must be a name such as coreArea, a name with a "
        "prefix such as skos:altLabel, or an IRI."
    )


def slug_of(identifier: str) -> str:
    """Give the slug of a thing from its identifier or its IRI."""
    return identifier.removeprefix(ID).removeprefix("id:")


def is_slug(text: str) -> bool:
    """Tell whether a text can be the identifier of a thing."""
    return len(text) <= 200 and _SLUG.fullmatch(text) is not None


@dataclass(frozen=True)
class Condition:
    """What a property of a candidate is expected to be; `values` are slugs, IRIs, texts, numbers.

    `quantifier` is any, all or none; `required` leaves out candidates that do not fulfil it.
    """

    property: str
    values: tuple[str, ...]
    quantifier: str = "any"
    required: bool = False


@dataclass(frozen=True)
class Ask:
    """One query: a name, the IRIs of classes (any of them), and what else is known."""

    name: str
    classes: tuple[str, ...]
    limit: int
    conditions: tuple[Condition, ...]


def read_json(text: str | bytes, what: str) -> Any:
    """Read JSON; raises `BadParameter` for what is none, or is nested too deeply."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise BadParameter(f"{what} is nested too deeply.") from None
    except UnicodeDecodeError:
        raise BadParameter(f"{what} is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadParameter(
            f"{what} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError as error:
        raise BadParameter(f"{what} is not JSON: {shorten(str(error))}.") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def read_batch(document: Any) -> dict[str, Ask]:
    """Read a batch of version 0.2: an object whose members are queries."""
    if not isinstance(document, dict):
        raise BadParameter('queries must be an object such as {"q0": {"query": "北京"}}.')
    _check_count(len(document))
    return {key: _read_query(value, shorten(key)) for key, value in document.items()}


def read_single(text: str) -> Ask:
    """Read the `query` parameter of version 0.2: a name, or one query as JSON."""
    if text.lstrip().startswith("{"):
        return _read_query(read_json(text, "query"), "query")
    return _read_query({"query": text}, "query")


def read_draft_batch(document: Any) -> list[Ask]:
    """Read a batch of version 1.0-draft: `{"queries": [{"conditions": […]}]}`."""
    queries = document.get("queries") if isinstance(document, dict) else None
    if not isinstance(queries, list):
        raise BadParameter('The body must be an object with an array "queries".')
    _check_count(len(queries))
    return [_read_draft(value, f"queries[{place}]") for place, value in enumerate(queries)]


def _check_count(count: int) -> None:
    if count > MOST_QUERIES:
        raise BadParameter(
            f"The batch has {count} queries; at most {MOST_QUERIES} are taken at once."
        )


def _read_query(query: Any, where: str) -> Ask:
    if not isinstance(query, dict):
        raise BadParameter(f"{where} must be an object with a member query.")
    properties = query.get("properties")
    if properties is None:
        properties = []
    if not isinstance(properties, list):
        raise BadParameter(f"{where}.properties must be an array.")
    _check_conditions(len(properties), where)
    return Ask(
        _name(query.get("query"), f"{where}.query"),
        _classes(query.get("type"), f"{where}.type"),
        _limit(query.get("limit"), f"{where}.limit"),
        tuple(
            _condition(each, f"{where}.properties[{place}]")
            for place, each in enumerate(properties)
        ),
    )


def _read_draft(query: Any, where: str) -> Ask:
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
        raise BadParameter(f"{where} must have one condition whose matchType is name.")
    return Ask(
        _name(names[0], f"{where}: the value of the name"),
        _classes(query.get("type"), f"{where}.type"),
        _limit(query.get("limit"), f"{where}.limit"),
        tuple(others),
    )


def _either(condition: dict[str, Any], *names: str) -> Any:
    return next((condition[name] for name in names if name in condition), None)


def _check_conditions(count: int, where: str) -> None:
    if count > _MOST_CONDITIONS:
        raise BadParameter(f"{where} has {count} conditions; at most {_MOST_CONDITIONS} are taken.")


def _name(value: Any, where: str) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise BadParameter(f"{where} must be a text.")
    if len(value) > LONGEST:
        raise BadParameter(
            f"{where} has {len(value)} characters; at most {LONGEST} are looked for."
        )
    return value


def _classes(value: Any, where: str) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [] if value is None or value == "" else [value]
    if len(given) > _MOST_TYPES:
        raise BadParameter(f"{where} has {len(given)} types; at most {_MOST_TYPES} are taken.")
    names = [each.get("id") if isinstance(each, dict) else each for each in given]
    if not all(isinstance(name, str) for name in names):
        raise BadParameter(f"{where} must be the id of a type, or an array of them.")
    return tuple(class_iri(str(name)) for name in names)


def class_iri(name: str) -> str:
    """Give the IRI of a class from its id: `Cluster`, `kg:Cluster` or the IRI itself."""
    return KG + name.removeprefix(KG).removeprefix("kg:")


def _limit(value: Any, where: str) -> int:
    if value is None:
        return DEFAULT_LIMIT
    number = float(value) if isinstance(value, int | float | str) and _is_number(value) else 0.0
    if isinstance(value, bool) or number < 1 or number != int(number):
        raise BadParameter(f"{where} must be a whole number from 1.")
    return min(int(number), MOST_CANDIDATES)


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
    if not values or len(values) > _MOST_VALUES:
        raise BadParameter(f"{where}.v must have 1 to {_MOST_VALUES} values.")
    quantifier = value.get("matchQuantifier", "any")
    if quantifier not in {"any", "all", "none"}:
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
        raise BadParameter(
            f"{where} must be a text, a number, true or false, or an object with id."
        )
    if len(value) > LONGEST:
        raise BadParameter(f"{where} is longer than {LONGEST} characters.")
    return value
