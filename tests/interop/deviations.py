"""Why a tool deviates, and whose fault it is. `make interop` fails where this says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Deviation:
    """Deviations of one tool that have one cause.

    `whats` names queries, or "count", "check", "load"; nothing stands for all of the files.
    """

    tool: str
    files: tuple[str, ...]
    whats: tuple[str, ...]
    whose: str
    why: str

    @property
    def shown(self) -> str:
        """The place, for people."""
        files = ", ".join(f"`{file}`" for file in self.files)
        return f"{files}: {', '.join(self.whats) or 'all that deviates'}"

    def covers(self, tool: str, file: str, what: str) -> bool:
        """Tell whether this explains a deviation."""
        return tool == self.tool and file in self.files and (not self.whats or what in self.whats)


DEVIATIONS: Final[tuple[Deviation, ...]] = ()

ABSENT: Final = (
    (
        "rdflib-hdt",
        "PyPI has only its source, and its build fetches the C++ code of HDT from the web; there is "
        "no wheel. The same file format is tried with hdt-java.",
    ),
    (
        "QLever",
        "the engine is in no package registry; PyPI's `qlever` only starts containers of it. Its "
        "`Qleverfile` is [checked](recipes/qlever.md).",
    ),
    (
        "Protégé",
        "a program with windows; the OWL API that it reads with is tried through ROBOT.",
    ),
    ("Gephi", "a program with windows; its importers are tried through the Gephi Toolkit."),
    ("Stardog, Neptune, AllegroGraph", "in no package registry."),
)
