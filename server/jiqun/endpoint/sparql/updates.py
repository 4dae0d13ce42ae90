"""The gate for updates: what an update does, and whether it may be carried out.

In: the text of a SPARQL 1.1 Update request, and the dataset that the protocol gives its WHERE
clauses. Out: an `UpdateInspection`, the request as parts in their order: texts without any LOAD,
and the LOADs, whose documents the server fetches itself. Raises what the gate for queries raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.sparql.gate import FORMS, hold, hold_shape
from jiqun.endpoint.sparql.operations import operations_of, outside_braces
from jiqun.endpoint.sparql.parts import parts_of
from jiqun.endpoint.sparql.patterns import read_shape
from jiqun.endpoint.sparql.service_calls import hold_services, redirected, service_calls
from jiqun.endpoint.sparql.terminals import UPDATES
from jiqun.endpoint.sparql.tokens import Token, place, tokenize
from jiqun.errors import BadParameter, MalformedQuery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.sparql.gate import Limits
    from jiqun.endpoint.sparql.operations import Operation
    from jiqun.endpoint.sparql.parts import Load, Text

_REMOVING: Final = frozenset({"DELETE", "CLEAR", "DROP", "MOVE", "COPY"})
_RDF_1_2: Final = frozenset({"<<", "<<(", "{|", "~", "TRIPLE", "STRLANGDIR"})


@dataclass(frozen=True, slots=True)
class UpdateInspection:
    """What the gate found out; `removing` is false when no statement can be lost."""

    parts: tuple[Text | Load, ...]
    removing: bool
    services: tuple[str, ...]


def inspect_update(  # noqa: PLR0913
    text: str,
    limits: Limits,
    *,
    most_characters: int,
    base: str | None = None,
    using: Sequence[str] | None = None,
    using_named: Sequence[str] | None = None,
    services: Mapping[str, str] | None = None,
) -> UpdateInspection:
    """Inspect an update of at most `most_characters`.

    `using` and `using_named` are absolute IRIs (`using-graph-uri`, `using-named-graph-uri`); None
    for both leaves the dataset to the update. The limits of queries hold for everything but the
    blocks of INSERT DATA and DELETE DATA. `services` are the endpoints that SERVICE may call, and
    the addresses at which they are called instead.
    """
    hold("update_length", len(text), limits, most_characters)
    text, tokens, nesting = tokenize(text, most_characters, limits.nesting)
    hold("nesting", nesting, limits)
    _refuse_rdf_1_2(text, tokens)
    calls = service_calls(text, tokens)
    hold_services(calls, frozenset(services or ()))
    if calls:
        text = redirected(text, calls, services or {})
        _, tokens, _ = tokenize(text, len(text), limits.nesting)
    operations = operations_of(text, tokens)
    for operation in operations:
        _check_kind(text, operation)
    if using is not None or using_named is not None:
        _refuse_two_datasets(operations)
    working = [token for each in operations if not each.data for token in each.words]
    hold("tokens", len(working), limits)
    hold_shape(read_shape(working), limits)
    return UpdateInspection(
        parts=tuple(parts_of(text, operations, using or (), using_named or (), base)),
        removing=any(t.kind == "word" and t.text in _REMOVING for t in tokens),
        services=tuple(call.iri for call in calls),
    )


def _check_kind(text: str, operation: Operation) -> None:
    first = operation.words[0]
    where = place(text, first.start)
    if first.kind == "word" and first.text in FORMS:
        raise MalformedQuery(
            f"“{first.text}” at {where} begins a query, not an update. Queries are sent as “query”."
        )
    if first.kind != "word" or first.text not in UPDATES:
        raise MalformedQuery(
            f"“{first.text[:40]}” at {where} begins no update: INSERT, DELETE, WITH, LOAD, CLEAR, "
            "DROP, CREATE, ADD, MOVE or COPY is expected."
        )


def _refuse_rdf_1_2(text: str, tokens: list[Token]) -> None:
    """Refuse what could write a triple term or a direction: data here is RDF 1.1."""
    for token in tokens:
        if (token.kind in {"mark", "word"} and token.text in _RDF_1_2) or (
            token.kind == "language" and "--" in token.text
        ):
            raise MalformedQuery(
                f"“{token.text}” at {place(text, token.start)} belongs to RDF 1.2; data that is "
                "written here is RDF 1.1."
            )


def _refuse_two_datasets(operations: Sequence[Operation]) -> None:
    """Refuse a dataset of the protocol beside one of the update (SPARQL 1.1 Protocol §2.2.3)."""
    for operation in operations:
        words = {token.text for token in outside_braces(operation.words) if token.kind == "word"}
        if operation.modifies and words & {"USING", "WITH"}:
            raise BadParameter(
                "The request gives a dataset by using-graph-uri or using-named-graph-uri, and the "
                "update gives one by USING or WITH. Give it in one of the two places."
            )
