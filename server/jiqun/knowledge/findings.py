"""What a check finds, in the form in which compilers say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake: the file (relative to the content root), its line and column from 1, or 0."""

    path: str
    line: int
    column: int
    what: str
    rule: str

    def __str__(self) -> str:
        """Write `path:line[:column]: what (rule)`, leaving out what is not known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.what} ({self.rule})"
