"""Why a tool deviates, and whose fault it is: deviations.toml, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Final

from interop.tool import HERE


@dataclass(frozen=True)
class Deviation:
    """Deviations of one tool that have one cause.

    `files` are of the release; `places` names queries, or count, check, load; no place is any.
    """

    tool: str
    files: tuple[str, ...]
    places: tuple[str, ...]
    whose: str
    why: str

    @property
    def shown(self) -> str:
        """The place, for people."""
        files = ", ".join(f"`{file}`" for file in self.files)
        return f"{files}: {', '.join(self.places) or 'all that deviates'}"

    def covers(self, tool: str, file: str, place: str) -> bool:
        """Tell whether this explains a deviation."""
        right = not self.places or place in self.places
        return tool == self.tool and file in self.files and right


def _read(entry: dict[str, Any]) -> Deviation:
    files, places = tuple(entry["files"]), tuple(entry.get("places", ()))
    return Deviation(entry["tool"], files, places, entry["whose"], entry["why"])


_TEXT: Final = tomllib.loads((HERE / "deviations.toml").read_text("utf-8"))
DEVIATIONS: Final = tuple(map(_read, _TEXT["deviation"]))
ABSENT: Final = tuple((entry["tool"], entry["why"]) for entry in _TEXT["absent"])
