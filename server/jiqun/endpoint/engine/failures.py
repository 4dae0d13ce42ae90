"""Why a query was not answered, as an error for the person who asked it."""

from __future__ import annotations

from typing import Final

from jiqun.errors import (
    EvaluationFailed,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    NotAcceptable,
    QueryTimeout,
    ResultTooLarge,
    WorkerFailed,
)

OF_THE_QUERY: Final[dict[str, tuple[type[JiqunError], str]]] = {
    "syntax": (MalformedQuery, "The query is not valid SPARQL: "),
    "evaluation": (EvaluationFailed, "The query cannot be evaluated: "),
    "service": (EvaluationFailed, "A SERVICE call failed: "),
    "media": (NotAcceptable, ""),
    "large": (ResultTooLarge, ""),
}
"""What a worker reports, and how it is put."""


def reported(kind: str, detail: str) -> JiqunError:
    """Make the error for what a worker reports; of an internal one, nothing is told."""
    if kind not in OF_THE_QUERY:
        return WorkerFailed("The query could not be answered because of an internal failure.")
    error, opening = OF_THE_QUERY[kind]
    return error(f"{opening}{detail}")


def too_slow(seconds: float) -> QueryTimeout:
    """Make the error for a query that reached its deadline."""
    return QueryTimeout(
        f"The query did not end within {seconds:g} s and was stopped. Make it more specific, or "
        "ask for fewer rows."
    )


def out_of_memory(most: int) -> MemoryLimitExceeded:
    """Make the error for a query that needed more than `most` bytes."""
    return MemoryLimitExceeded(
        f"The query needed more than {most // (1024 * 1024)} MiB of memory and was stopped. Sort, "
        "group or collect less, or ask for it in parts."
    )


def crashed() -> WorkerFailed:
    """Make the error for a query whose worker ended by itself."""
    return WorkerFailed(
        "The query made its worker fail; nobody else was touched. Make the query simpler."
    )


def unserved(trouble: str) -> EvaluationFailed:
    """Make the error for a SERVICE call that came to nothing."""
    return EvaluationFailed(
        f"A SERVICE call failed: {trouble or 'the answer of the endpoint cannot be read.'}"
    )
