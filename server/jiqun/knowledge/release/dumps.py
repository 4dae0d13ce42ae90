"""The text files of a release: gzip-compressed, in one order, the same bytes on every machine."""

from __future__ import annotations

import gzip
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.knowledge.turtle.format import dataset, prefix_lines, subjects
from jiqun.knowledge.turtle.terms import Compactor, quad_line, triple_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyoxigraph as ox

_LEVEL: Final = 6


@dataclass(frozen=True)
class Written:
    """A file that was written: its name, SHA-256 in hexadecimal, size, type and triples.

    `text_sha256` is that of the text before it was compressed: it is the same on every machine,
    while the compressed bytes are so only where zlib is the same (zlib-ng packs otherwise).
    """

    name: str
    sha256: str
    text_sha256: str
    bytes: int
    media_type: str
    triples: int | None


def ntriples_text(triples: Iterable[ox.Triple]) -> str:
    """Write N-Triples, its lines sorted by code point."""
    return _lines(triple_line(triple) for triple in triples)


def nquads_text(graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]) -> str:
    """Write N-Quads, its lines sorted by code point."""
    named = (quad_line(triple, name) for name, triples in graphs.items() for triple in triples)
    return _lines([*(triple_line(triple) for triple in default), *named])


def turtle_text(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write Turtle for people: prefixes, and one block for each subject."""
    compactor = Compactor(prefixes)
    body = list(subjects(triples, compactor, nest=True))
    return _document(body, compactor, prefixes)


def trig_text(
    graphs: Mapping[str, set[ox.Triple]],
    default: Iterable[ox.Triple],
    prefixes: Mapping[str, str],
) -> str:
    """Write TriG for people: the default graph, then each named graph."""
    compactor = Compactor(prefixes)
    body = list(dataset({"": default, **graphs}, compactor, {}))
    return _document(body, compactor, prefixes)


def write_compressed(path: Path, text: str, media_type: str, triples: int | None) -> Written:
    """Write `text` as gzip without name or time in it (RFC 1952), and describe the file."""
    buffer = io.BytesIO()
    with gzip.GzipFile(
        filename="", mode="wb", compresslevel=_LEVEL, fileobj=buffer, mtime=0
    ) as out:
        out.write(text.encode("utf-8"))
    path.write_bytes(buffer.getvalue())
    digests = _sha256(buffer.getvalue()), _sha256(text.encode("utf-8"))
    return Written(path.name, *digests, len(buffer.getvalue()), media_type, triples)


def write_plain(path: Path, text: str, media_type: str) -> Written:
    """Write `text` as it is, and describe the file."""
    raw = text.encode("utf-8")
    path.write_bytes(raw)
    return Written(path.name, _sha256(raw), _sha256(raw), len(raw), media_type, None)


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def _document(body: list[str], compactor: Compactor, prefixes: Mapping[str, str]) -> str:
    used = {key: prefixes[key] for key in compactor.used}
    return "\n".join([prefix_lines(used), *body])
