"""Passages and quotes: where they stand in the text of a source.

Passages of sources: where they stand in the text, and whether their quotes do.

Offsets count Unicode code points from 0, `kg:end` is the first one after the passage. The text is
the UTF-8 file `<slug>/article.txt` below the folder of texts, read as it is: no line end is
converted, since the SHA-256 is that of its bytes.

The source's own words inside facts: they stand in the passage whose graph gives them.

`kg:wording`, `kg:nickname` and the printed titles are quotations as much as `kg:quote` is, so they
keep to the same length and are proven against the same text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.content import Finding
from jiqun.knowledge.turtle_files import Document, Locator, statements
from jiqun.rdf.namespaces import KG

LONGEST_QUOTE: Final = 40
START: Final = f"{KG}start"
END: Final = f"{KG}end"
QUOTE: Final = f"{KG}quote"
PASSAGE_OF: Final = f"{KG}passageOf"
TEXT_SHA256: Final = f"{KG}textSha256"
TEXT_LENGTH: Final = f"{KG}textLength"


_Mistake = tuple[str, str, tuple[str, ...]]  # what, rule, keys for the locator


@dataclass(frozen=True)
class Text:
    """The text of a source: its characters and the SHA-256 of its bytes in hexadecimal."""

    characters: str
    sha256: str


def read_text(path: Path) -> Text:
    """Read a text in UTF-8; raises `OSError` or `UnicodeDecodeError`."""
    raw = path.read_bytes()
    return Text(raw.decode("utf-8"), hashlib.sha256(raw).hexdigest())


def lines(characters: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line that is not blank, without its line break."""
    start = 0
    for line in characters.splitlines(keepends=True):
        bare = line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        if bare.strip():
            yield start, start + len(bare)
        start += len(line)


@dataclass
class _Described:
    """What one source.ttl says: of each subject, its predicates and their lexical values."""

    values: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def one(self, subject: str, predicate: str) -> str | None:
        found = self.values.get(subject, {}).get(predicate, [])
        return found[0] if len(found) == 1 else None


def check_source(document: Document, texts: Path | None) -> Iterator[Finding]:
    """Check the passages of one `source.ttl`, and against its text if `texts` has it."""
    described = _describe(document)
    locator = Locator((document,))
    text = None
    if texts is not None:
        slug = document.path.parent.name
        try:
            text = read_text(texts / slug / "article.txt")
        except FileNotFoundError:
            text = None
        except (OSError, UnicodeDecodeError) as error:
            what = f"the text {slug}/article.txt cannot be read: {error}"
            yield Finding(document.name, 0, 0, what, "source-text")
    for what, rule, keys in _mistakes(described, text):
        place = locator.best(*keys)
        yield Finding(document.name, place.line if place else 0, 0, what, rule)


def held(descriptions: Iterable[Path]) -> list[str]:
    """Return the sources, of these `source.ttl`, that give the hash of a text held by us."""
    return [
        path.parent.name
        for path in descriptions
        if "kg:textSha256 " in path.read_text(encoding="utf-8")
    ]


def without_text(slugs: Iterable[str], texts: Path) -> list[str]:
    """Return the sources whose text is not at hand, so that their quotes were not checked."""
    return [slug for slug in slugs if not (texts / slug / "article.txt").exists()]


def _describe(document: Document) -> _Described:
    described = _Described()
    for quad in document.quads:
        value = quad.object
        text = value.value if isinstance(value, ox.NamedNode | ox.Literal) else ""
        by_predicate = described.values.setdefault(str(quad.subject)[1:-1], {})
        by_predicate.setdefault(quad.predicate.value, []).append(text)
    return described


def _mistakes(described: _Described, text: Text | None) -> Iterator[_Mistake]:
    # a source known only by quotes has no text that offsets could point into
    held = any(TEXT_SHA256 in values for values in described.values.values())
    for subject, values in described.values.items():
        if TEXT_SHA256 in values and text is not None:
            yield from _text_mistakes(subject, described, text)
        if PASSAGE_OF in values:
            yield from _quote_mistakes(subject, described)
            if held or START in values or END in values:
                yield from _place_mistakes(subject, described, text)


def _text_mistakes(subject: str, described: _Described, text: Text) -> Iterator[_Mistake]:
    digest = described.one(subject, TEXT_SHA256)
    if digest != text.sha256:
        what = f"the SHA-256 of the text is {text.sha256}, not {digest}"
        yield what, "source-text", (subject, TEXT_SHA256)
    length = described.one(subject, TEXT_LENGTH)
    if length is not None and length != str(len(text.characters)):
        what = f"the text has {len(text.characters)} characters, not {length}"
        yield what, "source-text", (subject, TEXT_LENGTH)


def _quote_mistakes(subject: str, described: _Described) -> Iterator[_Mistake]:
    for quote in described.values[subject].get(QUOTE, []):
        if len(quote) > LONGEST_QUOTE:
            what = f"the quote “{quote}” has {len(quote)} characters, {LONGEST_QUOTE} are allowed"
            yield what, "quote-length", (subject, QUOTE, f'"{quote}"')


def _place_mistakes(subject: str, described: _Described, text: Text | None) -> Iterator[_Mistake]:
    name = subject.rpartition("#")[2]
    start, end = described.one(subject, START), described.one(subject, END)
    if start is None or end is None or not (start.isdecimal() and end.isdecimal()):
        yield f"passage {name} needs one kg:start and one kg:end", "passage-offsets", (subject,)
        return
    first, after = int(start), int(end)
    if first >= after:
        what = f"passage {name} ends at {after}, but starts at {first}"
        yield what, "passage-offsets", (subject, END)
    elif text is not None and after > len(text.characters):
        what = f"passage {name} ends at {after}, but the text has {len(text.characters)} characters"
        yield what, "passage-offsets", (subject, END)
    elif text is not None:
        for quote in described.values[subject].get(QUOTE, []):
            if quote not in text.characters[first:after]:
                what = _absent(quote, name, text.characters)
                yield what, "quote", (subject, QUOTE, f'"{quote}"')


def _absent(quote: str, name: str, characters: str) -> str:
    elsewhere = characters.find(quote)
    hint = f"; it is at {elsewhere}" if elsewhere >= 0 else ", nor anywhere in the text"
    return f"“{quote}” does not stand in passage {name}{hint}"


WORDS: Final = frozenset(
    f"{KG}{name}" for name in ("wording", "nickname", "kicker", "originalTitle")
)


def check_wordings(facts: Document, source: Document, texts: Path | None) -> Iterator[Finding]:
    """Yield a finding for every wording of `facts` that is too long or not in its passage.

    `source` describes the passages; without `texts`, or without this source's text (which
    `check_source` reports), only the length is looked at. The words of a source that is known by
    its quotes alone have to stand in those.
    """
    passages = _passages(source, texts) if _held(source) else _quotes(source)
    for quad in facts.quads:
        if quad.predicate.value not in WORDS or not isinstance(quad.graph_name, ox.NamedNode):
            continue
        words = quad.object.value if isinstance(quad.object, ox.Literal) else ""
        passage = quad.graph_name.value
        if len(words) > LONGEST_QUOTE:
            what = f"the words “{words}” are {len(words)} characters, {LONGEST_QUOTE} are allowed"
            yield Finding(facts.name, _line(facts, quad), 0, what, "quote-length")
        elif words not in passages.get(passage, words):
            what = f"“{words}” does not stand in passage {passage.rpartition('#')[2]}"
            yield Finding(facts.name, _line(facts, quad), 0, what, "quote")


def _held(source: Document) -> bool:
    return any(quad.predicate.value == TEXT_SHA256 for quad in source.quads)


def _quotes(source: Document) -> dict[str, str]:
    """Return the quotes of each passage by its IRI, one a line."""
    found: dict[str, str] = {}
    for quad in source.quads:
        if quad.predicate.value == QUOTE and isinstance(quad.object, ox.Literal):
            passage = str(quad.subject)[1:-1]
            found[passage] = f"{found.get(passage, '')}{quad.object.value}\n"
    return found


def _passages(source: Document, texts: Path | None) -> dict[str, str]:
    """Return the words of each passage by its IRI, as far as the text is at hand."""
    if texts is None:
        return {}
    try:
        characters = read_text(texts / source.path.parent.name / "article.txt").characters
    except (OSError, UnicodeDecodeError):
        return {}
    offsets: dict[str, dict[str, int]] = {}
    for quad in source.quads:
        value = quad.object
        if quad.predicate.value in (START, END) and isinstance(value, ox.Literal):
            offset = int(value.value) if value.value.isdecimal() else 0
            offsets.setdefault(str(quad.subject)[1:-1], {})[quad.predicate.value] = offset
    return {
        passage: characters[ends[START] : ends[END]]
        for passage, ends in offsets.items()
        if len(ends) == 2
    }


def _line(document: Document, quad: ox.Quad) -> int:
    graph, subject = str(quad.graph_name)[1:-1], str(quad.subject)[1:-1]
    start = ox.Literal(str(getattr(quad.object, "value", "")))
    for said in statements(document):
        same = (said.graph, said.subject, said.predicate) == (graph, subject, quad.predicate.value)
        if same and said.object.startswith(str(start)):
            return said.line
    return 0
