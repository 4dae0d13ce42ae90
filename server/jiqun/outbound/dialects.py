"""Differences between SPARQL engines that matter to their HTTP clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of engine.

    `stops_when_closed`: closing the connection ends the evaluation. `truncation`: the header that
      marks an incomplete result, in lower case, "" for none. `is_oxigraph`: the engine is the one
      used here, with the same deviations from the standard.
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
"""The values of `JIQUN_BACKEND_KIND`; each is tested."""
