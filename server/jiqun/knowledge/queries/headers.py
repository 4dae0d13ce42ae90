"""The header of a `.rq` file: its leading lines that start with `#+`, which form YAML.

This is the convention of grlc (https://grlc.io), which the saved queries, the inference rules and
the hygiene rules follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.parse import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.knowledge.content import Content

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SKIPPED: Final = re.compile(
    r"""(?P<keep><[^<>"{}|^`\\\s]*>)|\#[^\n\r]*|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}"""
    r"""|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Annotated:
    """A `.rq` file: how messages call it, its header, its query, and the query's first line."""

    path: Path
    name: str
    header: Mapping[str, Any]
    text: str
    line: int

    def bare(self) -> str:
        """Return the query with comments and strings blanked out, for looking at keywords."""
        return _SKIPPED.sub(lambda match: match["keep"] or " ", self.text)

    def mistake(self, what: str, rule: str, line: int = 0) -> Malformed:
        """Return the error for a mistake, on a line of the query, from 1, or in the header."""
        return Malformed(
            Finding(self.name, line + self.line - 1 if line else 1, 0, what, rule),
        )


def read_annotated(path: Path, content: Content) -> Annotated:
    """Read a `.rq` file; raise `Malformed` when it is not UTF-8 or its header is not YAML."""
    name = content.name(path)
    try:
        rows = path.read_bytes().decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        raise Malformed(Finding(name, 0, 0, "this file is not UTF-8", "syntax")) from None
    height = next((number for number, row in enumerate(rows) if not row.startswith("#+")), 0)
    lines = [row[2:].removeprefix(" ") for row in rows[:height]]
    try:
        header = yaml.load("\n".join(lines), _Loader) or {}  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line + 1, height) if mark is not None else 1
        what = f"the header is not YAML: {getattr(error, 'problem', None) or error}"
        raise Malformed(Finding(name, line, 0, what, "query-header")) from None
    if not isinstance(header, dict):
        what = "the header must have keys and values, as `#+ summary: …`"
        raise Malformed(Finding(name, 1, 0, what, "query-header"))
    while height < len(rows) and not rows[height].strip():
        height += 1
    text = "\n".join(rows[height:]).rstrip() + "\n"
    return Annotated(path, name, header, text, height + 1)
