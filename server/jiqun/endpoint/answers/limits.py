"""The gate's limits as the operator sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.endpoint.sparql.gate import Limits

if TYPE_CHECKING:
    from jiqun.settings import Settings


def gate_limits(settings: Settings) -> Limits:
    """Give the limits on queries and updates."""
    return Limits(
        query_length=settings.query_length,
        tokens=settings.query_tokens,
        nesting=settings.query_nesting,
        triple_patterns=settings.query_triple_patterns,
        path_length=settings.query_path_length,
        values=settings.query_values,
        unions=settings.query_unions,
        groups=settings.query_groups,
        expressions=settings.query_expressions,
    )
