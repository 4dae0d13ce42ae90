"""SERVICE in a query: which endpoints it names, whether they are allowed, and where they are asked.

The store would open connections by itself, to anywhere. So the IRI of an allowed SERVICE is
replaced, at the very place of its token, by an address of the `forwarder`, which holds the
connection to the rules. What the store makes of prefixes, escapes or its base IRI has no part in
where a connection goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from jiqun.errors import ServiceRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.sparql.tokens import Token

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
