"""What was found out about texts, as long as it fits a budget of characters."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urljoin

from jiqun.errors import MalformedQuery, QueryTooLarge, ServiceRefused
from jiqun.query.patterns import Shape, is_light, read_shape
from jiqun.query.tokens import UPDATES, Token, place, tokenize
from jiqun.rdf.namespaces import is_absolute_iri

Key = TypeVar("Key")
Found = TypeVar("Found")


class Remembered(Generic[Key, Found]):
    """Maps keys to findings; the least recently used go first once the texts exceed `budget`."""

    def __init__(self, budget: int) -> None:
        """Start empty; `budget` is in characters."""
        self.budget = budget
        self.size = 0
        self._found: OrderedDict[Key, tuple[Found, int]] = OrderedDict()

    def get(self, key: Key) -> Found | None:
        """Return what is known of `key`."""
        known = self._found.get(key)
        if known is None:
            return None
        self._found.move_to_end(key)
        return known[0]

    def put(self, key: Key, found: Found, size: int) -> None:
        """Keep a finding that stands for a text of `size` characters."""
        before = self._found.pop(key, None)
        self.size += size - (before[1] if before else 0)
        self._found[key] = (found, size)
        while self.size > self.budget:
            _, (_, gone) = self._found.popitem(last=False)
            self.size -= gone


_GEOSPARQL: Final = "http://www.opengis.net/def/function/geosparql/"
_NAMES: Final = """
    area asGeoJSON centroid convexHull coordinateDimension difference dimension distance
    ehContains ehCoveredBy ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope
    getSRID intersection isEmpty isSimple length perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp
    rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses sfDisjoint sfEquals
    sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union
"""
EXTENSION_FUNCTIONS: Final = tuple(_GEOSPARQL + name for name in _NAMES.split())


UNKNOWN: Final = "?"
_PROLOGUE: Final = {"BASE": 2, "VERSION": 2, "PREFIX": 3}
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\\]*")
_LOCAL_ESCAPE: Final = re.compile(r"\\(.)")


class ServiceCall(NamedTuple):
    """The endpoint of one SERVICE: its IRI (`?` when it is not fixed) and where its token stands.

    A prefixed name is given as the IRI that it stands for.
    """

    iri: str
    start: int
    end: int


def service_calls(text: str, tokens: Sequence[Token]) -> tuple[ServiceCall, ...]:
    """Return the calls of a query or update in their order."""
    if "service" not in text.lower():
        return ()
    found = []
    prefixes: dict[str, str] | None = None
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "SERVICE":
            following = [t for t in tokens[at + 1 : at + 3] if t.text != "SILENT"]
            endpoint = following[0] if following else token
            if prefixes is None:
                prefixes = _prefixes(tokens)
            found.append(ServiceCall(_iri(endpoint, prefixes), endpoint.start, endpoint.end))
        elif _glued(tokens, at):
            found.append(ServiceCall(UNKNOWN, token.start, token.end))
    return tuple(found)


def hold_services(calls: Sequence[ServiceCall], allowed: frozenset[str]) -> None:
    """Refuse a SERVICE whose IRI is not, character by character, among `allowed`.

    Raises `ServiceRefused`.
    """
    for call in calls:
        if call.iri not in allowed:
            shown = "an endpoint given by a variable, a relative IRI or an unknown prefix"
            shown = shown if call.iri == UNKNOWN else f"<{call.iri[:200]}>"
            raise ServiceRefused(
                f"SERVICE calls {shown}, and this endpoint opens connections only to "
                "endpoints that its operator has allow-listed by their exact IRI. Ask the other "
                "endpoint directly and join the results, or ask the operator to allow it."
            )


def redirected(text: str, calls: Sequence[ServiceCall], addresses: Mapping[str, str]) -> str:
    """Return `text` with every called IRI replaced by its address."""
    pieces, at = [], 0
    for call in calls:
        pieces += [text[at : call.start], f"<{addresses[call.iri]}>"]
        at = call.end
    return "".join([*pieces, text[at:]])


def _iri(endpoint: Token, prefixes: Mapping[str, str]) -> str:
    if endpoint.kind == "iri":
        iri = endpoint.text[1:-1]
        return iri if _ABSOLUTE.fullmatch(iri) else UNKNOWN
    if endpoint.kind == "name":
        prefix, _, local = endpoint.text.partition(":")
        if prefix in prefixes:
            return prefixes[prefix] + _LOCAL_ESCAPE.sub(r"\1", local)
    return UNKNOWN


def _prefixes(tokens: Sequence[Token]) -> dict[str, str]:
    """Read the prologue; a prefix whose IRI would have to be resolved first is left out."""
    found: dict[str, str] = {}
    at = 0
    while at + 1 < len(tokens) and tokens[at].text in _PROLOGUE:
        if tokens[at].text == "PREFIX" and at + 2 < len(tokens):
            name, iri = tokens[at + 1].text.partition(":")[0], tokens[at + 2].text[1:-1]
            if _ABSOLUTE.fullmatch(iri):
                found[name] = iri
            else:
                found.pop(name, None)
        at += _PROLOGUE[tokens[at].text]
    return found


def _glued(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether the parser could read `SERVICEx:y {` as SERVICE of `x:y`: it cuts words."""
    token = tokens[at]
    if token.kind != "name" or "service" not in token.text.partition(":")[0].lower():
        return False
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return after == "{" and before not in {"GRAPH", "FROM", "NAMED"}


Dataset = tuple[tuple[str, ...], tuple[str, ...]]

_MOST_TOKENS: Final = 100_000
_DEEPEST: Final = 1_000
_CODEPOINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_ESCAPED: Final = re.compile(r"\\(.)")


def dataset_of(text: str) -> Dataset | None:
    """Give the default graphs and the named graphs of a query that has passed the gate.

    None when it names no dataset, or one that cannot be resolved here, which the store then judges.
    """
    if "from" not in text.lower():
        return None
    text, tokens, _ = tokenize(text, _MOST_TOKENS, _DEEPEST)
    head = list(_head(tokens))
    names = _Names(head)
    default: list[str] = []
    named: list[str] = []
    for at, token in enumerate(head[:-1]):
        if token.kind != "word" or token.text != "FROM":
            continue
        following = head[at + 1]
        target, found = default, following
        if following.kind == "word" and following.text == "NAMED":
            if at + 2 >= len(head):
                return None
            target, found = named, head[at + 2]
        iri = names.resolve(found)
        if iri is None:
            return None
        target.append(iri)
    return (
        (tuple(dict.fromkeys(default)), tuple(dict.fromkeys(named))) if default or named else None
    )


def _head(tokens: list[Token]) -> Iterator[Token]:
    """Give what stands before the WHERE clause, a template left out."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text == "{":
            # Of CONSTRUCT { … } FROM … WHERE { … } the first group is the template.
            if not depth and not (at and tokens[at - 1].text == "CONSTRUCT"):
                return
            depth += 1
        elif token.kind == "mark" and token.text == "}":
            depth -= 1
        elif not depth:
            yield token


class _Names:
    """The prologue: what relative IRIs and prefixed names stand for."""

    def __init__(self, tokens: list[Token]) -> None:
        self._base = ""
        self._prefixes: dict[str, str] = {}
        for at, token in enumerate(tokens):
            if token.kind != "word":
                continue
            if token.text == "BASE":
                self._base = self._absolute(tokens[at + 1].text)
            elif token.text == "PREFIX":
                self._prefixes[tokens[at + 1].text] = self._absolute(tokens[at + 2].text)

    def resolve(self, token: Token) -> str | None:
        if token.kind == "iri":
            iri = self._absolute(token.text)
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            space = self._prefixes.get(f"{prefix}:")
            if space is None:
                return None
            iri = space + _ESCAPED.sub(r"\1", local)
        else:
            return None
        return iri if is_absolute_iri(iri) else None

    def _absolute(self, written: str) -> str:
        iri = _CODEPOINT.sub(lambda found: chr(int(found[1] or found[2], 16)), written[1:-1])
        return urljoin(self._base, iri) if self._base else iri


FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_VARYING: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE", "SERVICE"})
SHORT: Final = 2_000
"""A text of so many characters is read in a millisecond or two."""
_MOST_REMEMBERED: Final = 4_000_000


def _limit(default: int, help_text: str) -> int:
    value: int = field(default=default, metadata={"help": help_text})
    return value


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may have at most; every field is a setting, documented by its help text."""

    query_length: int = _limit(100_000, "Characters in a query.")
    tokens: int = _limit(10_000, "Tokens (words, names, numbers, signs) in a query.")
    nesting: int = _limit(64, "Brackets of any kind inside one another.")
    triple_patterns: int = _limit(200, "Triple patterns in a query, templates included.")
    path_length: int = _limit(32, "IRIs in one property path.")
    values: int = _limit(5_000, "Values in all VALUES blocks together.")
    unions: int = _limit(100, "UNION keywords in a query.")
    groups: int = _limit(500, "Groups in braces in a query.")
    expressions: int = _limit(200, "Expressions that are given a name with AS.")


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the gate found out.

    `text` is the query with codepoint escapes decoded: this, not the original, is to be run.
    `deterministic` is false when two runs over the same data may differ. `light` marks a query
    whose work is small whatever the data: it may use the lane of its own. `calls` are its SERVICE
    calls in their order. `row_limit` is the query's own
    outermost LIMIT, at `row_limit_span`; where there is none, the span is where one could stand.
    """

    text: str
    form: str
    deterministic: bool
    light: bool
    calls: tuple[ServiceCall, ...]
    tokens: int
    nesting: int
    triple_patterns: int
    row_limit: int | None
    row_limit_span: tuple[int, int]

    @property
    def services(self) -> tuple[str, ...]:
        """The IRIs that SERVICE calls, prefixed names in full."""
        return tuple(call.iri for call in self.calls)


def inspect(
    text: str, limits: Limits = DEFAULT_LIMITS, allowed_services: frozenset[str] = frozenset()
) -> Inspection:
    """Inspect the text of a SPARQL query.

    Raises `MalformedQuery`, `QueryTooLarge`, or `ServiceRefused` for a SERVICE whose IRI is not,
    character by character, among `allowed_services`.
    """
    key = (text, limits, allowed_services)
    found = _REMEMBERED.get(key)
    if found is None:
        found = _inspect(text, limits, allowed_services)
        _REMEMBERED.put(key, found, len(text))
    return found


def is_long(key: GateKey) -> bool:
    """Tell whether reading this text now would hold others up; then it is read elsewhere."""
    text, limits, _ = key
    return SHORT < len(text) <= limits.query_length and _REMEMBERED.get(key) is None


def remember(key: GateKey, inspection: Inspection) -> None:
    """Keep what was found out about a text elsewhere."""
    _REMEMBERED.put(key, inspection, len(key[0]))


def with_row_limit(inspection: Inspection, rows: int) -> str:
    """Return the query with an outermost LIMIT of at most `rows`."""
    if inspection.row_limit is not None and inspection.row_limit <= rows:
        return inspection.text
    start, end = inspection.row_limit_span
    return f"{inspection.text[:start]} LIMIT {rows} {inspection.text[end:]}"


def with_services_at(inspection: Inspection, addresses: Mapping[str, str]) -> Inspection:
    """Return the inspection of the same query that calls each service at its address instead."""
    calls, text = inspection.calls, inspection.text
    start, end = inspection.row_limit_span
    before = redirected(text[:start], [call for call in calls if call.end <= start], addresses)
    after = redirected(text, calls, addresses)
    shift = len(before) - start
    return replace(inspection, text=after, row_limit_span=(start + shift, end + shift))


def _inspect(text: str, limits: Limits, allowed_services: frozenset[str]) -> Inspection:
    hold("query_length", len(text), limits)
    text, tokens, nesting = tokenize(text, limits.tokens, limits.nesting)
    hold("tokens", len(tokens), limits)
    hold("nesting", nesting, limits)
    form = _form(text, tokens)
    words = [token.text for token in tokens if token.kind == "word"]
    shape = read_shape(tokens)
    hold_shape(shape, limits)
    calls = service_calls(text, tokens)
    hold_services(calls, allowed_services)
    row_limit, span = _row_limit(tokens)
    return Inspection(
        text=text,
        form=form,
        deterministic=_VARYING.isdisjoint(words),
        light=is_light(form, tokens, words, shape, row_limit),
        calls=calls,
        tokens=len(tokens),
        nesting=nesting,
        triple_patterns=len(shape.patterns),
        row_limit=row_limit,
        row_limit_span=span,
    )


GateKey: TypeAlias = tuple[str, Limits, frozenset[str]]
"""All that a finding depends on: the text, the limits, the allowed services."""
_REMEMBERED: Final[Remembered[GateKey, Inspection]] = Remembered(_MOST_REMEMBERED)


def hold(name: str, found: int, limits: Limits, most: int | None = None) -> None:
    """Refuse what has `found` of what the limit `name` counts, when that is too many.

    `most` is given for a limit that is none of `Limits`.
    """
    allowed: int = getattr(limits, name) if most is None else most
    if found > allowed:
        help_text = next((f" ({f.metadata['help']})" for f in fields(limits) if f.name == name), "")
        raise QueryTooLarge(
            f"The query exceeds the limit “{name}”: {found} found, {allowed} allowed."
            f"{help_text} Shorten the query or split it."
        )


def hold_shape(shape: Shape, limits: Limits) -> None:
    """Refuse a query whose parts are more than the limits allow."""
    hold("triple_patterns", len(shape.patterns), limits)
    hold("path_length", shape.longest_path, limits)
    hold("values", shape.values, limits)
    hold("unions", shape.unions, limits)
    hold("groups", shape.groups, limits)
    hold("expressions", shape.expressions, limits)


def _form(text: str, tokens: list[Token]) -> str:
    """Return the form, the first word after the prologue."""
    at = 0
    while at < len(tokens) and tokens[at].text in {"BASE", "PREFIX", "VERSION"}:
        at += 3 if tokens[at].text == "PREFIX" else 2
    if at >= len(tokens):
        raise MalformedQuery("The query is empty: it has no SELECT, ASK, CONSTRUCT or DESCRIBE.")
    first = tokens[at]
    if first.kind == "word" and first.text in UPDATES:
        raise MalformedQuery(
            f"“{first.text}” at {place(text, first.start)} begins an update, not a query. "
            "Updates are sent as “update”, to an endpoint that allows them."
        )
    if first.kind != "word" or first.text not in FORMS:
        raise MalformedQuery(
            f"“{first.text[:40]}” at {place(text, first.start)} begins no query: SELECT, ASK, "
            "CONSTRUCT or DESCRIBE is expected after the prefixes."
        )
    return first.text


def _row_limit(tokens: list[Token]) -> tuple[int | None, tuple[int, int]]:
    """Find the outermost LIMIT, or where it would stand: at the end, before a final VALUES."""
    depth = 0
    end = tokens[-1].end
    for at, token in enumerate(tokens):
        if token.kind == "mark":
            if token.text == "{":
                depth += 1
            elif token.text == "}":
                depth -= 1
        elif depth == 0 and token.kind == "word":
            if token.text == "VALUES":
                end = token.start
                break
            if token.text == "LIMIT" and at + 1 < len(tokens):
                number = tokens[at + 1]
                if number.kind == "number" and number.text.isdecimal() and len(number.text) < 20:
                    return int(number.text), (token.start, number.end)
    return None, (end, end)
