"""What SPARQL engines do differently, as far as it matters to whoever asks them over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of engine.

    `stops_when_closed`: closing the connection ends the evaluation. `truncation`: the header of an
    answer that is not whole, in lower case, "" where there is none. `is_oxigraph`: the engine is
    the one that evaluates here too, and departs from the standard where it does.
    """

    name: str
    stops_when_closed: bool = False
    truncation: str = ""
    is_oxigraph: bool = False


DIALECTS: Final[Mapping[str, Dialect]] = {
    each.name: each
    for each in (
        Dialect("fuseki"),
        Dialect("oxigraph", is_oxigraph=True),
        Dialect("jiqun", stops_when_closed=True, truncation="jiqun-truncated"),
        Dialect("generic"),
    )
}
"""The kinds that `JIQUN_BACKEND_KIND` may name; each of them is tested."""
