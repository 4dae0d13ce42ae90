"""Turtle and TriG files to quads, without loss, and with the place of every syntax error.

pyoxigraph reads strictly and keeps every lexical form as it is written (`01` stays `01`), but
lower-cases language tags. They are case-insensitive (RDF 1.1 Concepts, 3.3), so terms are kept
as it gives them and `language_tag` writes the tag in the form of RFC 5646, section 2.1.1: what
the files hold (`zh-Hans`) comes back as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.knowledge.content import Content

_FORMATS = {".ttl": ox.RdfFormat.TURTLE, ".trig": ox.RdfFormat.TRIG}


class Malformed(ContentError):
    """A file that cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        """Keep the finding, and its text as the detail."""
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True)
class Document:
    """A file that was read: how messages call it, its text, its quads in order, its prefixes."""

    path: Path
    name: str
    text: str
    quads: tuple[ox.Quad, ...]
    prefixes: Mapping[str, str]


def read(path: Path, content: Content) -> Document:
    """Read one `.ttl` or `.trig` file in UTF-8; raise `Malformed` with file, line and column."""
    name = content.name(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Malformed(Finding(name, 0, 0, f"cannot be read: {error.strerror}", "file")) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Malformed(Finding(name, line, 0, "this line is not UTF-8", "syntax")) from None
    return parse(text, name, path)


def parse(text: str, name: str, path: Path) -> Document:
    """Parse `text`, whose format the suffix of `path` tells; raise `Malformed` as `read` does."""
    parser = ox.parse(text, _FORMATS[path.suffix], rename_blank_nodes=True)
    try:
        quads = tuple(parser)
    except SyntaxError as error:
        what = (error.msg or "").partition(": ")[2] or str(error)
        finding = Finding(name, error.lineno or 0, error.offset or 0, what, "syntax")
        raise Malformed(finding) from None
    for quad in quads:
        _refuse_rdf12(quad, name)
    return Document(path, name, text, quads, dict(parser.prefixes))


def read_prefixes(content: Content) -> dict[str, str]:
    """Return the one list of prefixes, prefix to namespace."""
    return dict(read(content.prefixes, content).prefixes)


def language_tag(tag: str) -> str:
    """Write a language tag as RFC 5646, 2.1.1 recommends: `zh-hans-cn` becomes `zh-Hans-CN`."""
    first, *rest = tag.lower().split("-")
    parts = [first]
    for part in rest:
        if any(len(former) == 1 for former in parts):
            parts.append(part)
        elif len(part) == 4 and part.isalpha():
            parts.append(part.title())
        else:
            parts.append(part.upper() if len(part) == 2 else part)
    return "-".join(parts)


def _refuse_rdf12(quad: ox.Quad, name: str) -> None:
    term = quad.object
    if isinstance(term, ox.Triple) or (isinstance(term, ox.Literal) and term.direction):
        what = f"the value of {quad.predicate} is of RDF 1.2, which our dumps cannot carry"
        raise Malformed(Finding(name, 0, 0, what, "syntax"))
