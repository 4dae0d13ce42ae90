"""The tokens of Turtle and TriG with their places, for comments and for pointing at a line.

The parser has accepted the text before; this only finds where things stand, so it need not
judge. Grammar: RDF 1.1 Turtle and TriG, section "Grammar".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTIVES: Final = frozenset({"@prefix", "@base", "PREFIX", "BASE"})
_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>\#[^\n\r]*)
  | (?P<iri><(?:[^\x00-\x20<>"{}|^`\\]|\\[uU][0-9A-Fa-f]+)*>)
  | (?P<string>\"{3}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{3} | '{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}
      | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*')
  | (?P<suffix>\^\^|@[A-Za-z][A-Za-z0-9-]*)
  | (?P<word>(?:[^\s\#<>"'{}()\[\];,.\\^@]|\\.|\.+(?=[^\s\#<>"'{}()\[\];,.^@]))+)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: `kind` is comment, iri, string, suffix, word or mark; line and column from 1."""

    kind: str
    text: str
    line: int
    column: int


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of `text` but white space."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "space":
            continue
        line = bisect_right(starts, match.start())
        yield Token(kind, match.group(), line, match.start() - starts[line - 1] + 1)
