"""The skeleton of a new source: its hash, and its numbered passages with offsets.

The text of a source must not be republished: the skeleton has the offsets of each passage, not its
words. The curator adds the quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.checks.passages import (
    END,
    PASSAGE_OF,
    START,
    TEXT_LENGTH,
    TEXT_SHA256,
    Text,
    lines,
    read_text,
)
from jiqun.knowledge.content import Content, write_text
from jiqun.knowledge.formatting import canonical
from jiqun.knowledge.turtle_files import Document, read_prefixes
from jiqun.rdf.namespaces import DCTERMS, ID, KG, RDF_TYPE, SOURCE
from jiqun.rdf.terms import link, typed
from jiqun.rdf.terms import text as literal

_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Particulars:
    """Known metadata of the source, or ""; `publisher` is a slug, `date` is in ISO 8601."""

    url: str = ""
    title: str = ""
    publisher: str = ""
    date: str = ""


@dataclass(frozen=True)
class Skeleton:
    """The folder written, and the name and the words of each passage."""

    folder: Path
    passages: tuple[tuple[str, str], ...]


def new_source(
    content: Content, slug: str, text_file: Path, known: Particulars | None = None
) -> Skeleton:
    """Write `data/sources/<slug>/`; raise `ContentError` for a bad slug, text or date.

    An existing folder is never touched.
    """
    known = known or Particulars()
    folder = content.sources / slug
    if not _SLUG.fullmatch(slug):
        raise ContentError(f"“{slug}” is not a slug: use words of a-z and 0-9, joined by hyphens.")
    if folder.exists():
        raise ContentError(f"{content.name(folder)} already exists; nothing was written.")
    if known.publisher and not _SLUG.fullmatch(known.publisher):
        raise ContentError(f"“{known.publisher}” is not the slug of a publisher in data/register/.")
    if known.date and not _DATE.fullmatch(known.date):
        raise ContentError(f"“{known.date}” is not a date: write it as 2024-12-23.")
    try:
        text = read_text(text_file)
    except OSError as error:
        raise ContentError(f"{text_file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ContentError(f"{text_file} is not UTF-8.") from None
    spans = [(f"p{number}", *span) for number, span in enumerate(lines(text.characters), 1)]
    if not spans:
        raise ContentError(f"{text_file} has no words.")
    prefixes = read_prefixes(content)
    described = _description(slug, known, text, spans)
    source = _canonical(folder / "source.ttl", described, prefixes)
    facts = _canonical(folder / "facts.trig", [], prefixes)
    folder.mkdir(parents=True)
    write_text(folder / "source.ttl", source)
    write_text(folder / "facts.trig", facts)
    return Skeleton(folder, tuple((name, text.characters[start:end]) for name, start, end in spans))


def _description(
    slug: str, known: Particulars, text: Text, spans: list[tuple[str, int, int]]
) -> Iterator[ox.Triple]:
    source = f"{SOURCE}{slug}"
    yield link(source, RDF_TYPE, f"{KG}Source")
    yield literal(source, TEXT_SHA256, text.sha256)
    yield typed(source, TEXT_LENGTH, len(text.characters), "integer")
    if known.title:
        yield literal(source, f"{DCTERMS}title", known.title)
    if known.date:
        yield typed(source, f"{DCTERMS}issued", known.date, "date")
    if known.publisher:
        yield link(source, f"{DCTERMS}publisher", f"{ID}{known.publisher}")
    if known.url:
        yield typed(source, f"{DCTERMS}source", known.url, "anyURI")
    for name, start, end in spans:
        passage = f"{source}#{name}"
        yield link(passage, RDF_TYPE, f"{KG}Passage")
        yield link(passage, PASSAGE_OF, source)
        yield typed(passage, START, start, "integer")
        yield typed(passage, END, end, "integer")


def _canonical(path: Path, triples: Iterable[ox.Triple], prefixes: dict[str, str]) -> str:
    quads = tuple(ox.Quad(*triple) for triple in triples)
    return canonical(Document(path, path.name, "", quads, {}), prefixes)
