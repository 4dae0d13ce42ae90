"""Counts of several server processes as one: each leaves its own in a folder that all can read.

Prometheus asks whichever process takes the connection, so that one adds what the others wrote last,
at most `PERIOD_SECONDS` ago.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PERIOD_SECONDS: Final = 1.0


class Siblings:
    """The counts of this process and of the others that serve beside it."""

    def __init__(self, folder: Path, index: int) -> None:
        """Keep the counts in `folder`, those of this process under its `index`."""
        self._folder = folder
        self._own = folder / f"{index}.prom"

    def write(self, text: str) -> None:
        """Leave the counts of this process for the others."""
        beside = self._own.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self._own)

    def add(self, text: str) -> str:
        """Add what the others left to the counts of this process."""
        others = sorted(path for path in self._folder.glob("*.prom") if path != self._own)
        return total([text, *(path.read_text(encoding="utf-8") for path in others)])


def total(texts: Iterable[str]) -> str:
    """Add up counts in Prometheus's text format, as `Metrics.expose` writes it."""
    families: dict[str, dict[str, float]] = {}
    for text in texts:
        help_line, family = "", {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                help_line = line
            elif line.startswith("# TYPE "):
                family = families.setdefault(f"{help_line}\n{line}", {})
            else:
                sample, _, value = line.rpartition(" ")
                family[sample] = family.get(sample, 0) + float(value)
    lines: list[str] = []
    for head, samples in families.items():
        lines += [head, *(f"{sample} {value:.15g}" for sample, value in samples.items())]
    return "\n".join(lines) + "\n"
