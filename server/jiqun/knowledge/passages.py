"""Passages, quotes and wordings, checked against the text of their source.

Offsets count Unicode code points from 0; `kg:end` is the first one after the passage. The text is
the UTF-8 file `<slug>/article.txt` below the folder of texts; line ends are not converted, since
the SHA-256 is that of its bytes. `kg:wording`, `kg:nickname` and the printed titles are quotations
like `kg:quote`, with the same length limit and check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.content import Finding
from jiqun.knowledge.turtle_files import Document, Locator
from jiqun.rdf.namespaces import KG

LONGEST_QUOTE: Final = 40
START: Final = f"{KG}start"
END: Final = f"{KG}end"
QUOTE: Final = f"{KG}quote"
PASSAGE_OF: Final = f"{KG}passageOf"
TEXT_SHA256: Final = f"{KG}textSha256"
TEXT_LENGTH: Final = f"{KG}textLength"
WORDS: Final = frozenset(
    f"{KG}{name}" for name in ("wording", "nickname", "kicker", "originalTitle")
)

_Values = dict[str, list[str]]
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


def held(descriptions: Iterable[Path]) -> list[str]:
    """Return the slugs of those of these sources that have the hash of a text."""
    return [
        path.parent.name
        for path in descriptions
        if "kg:textSha256 " in path.read_text(encoding="utf-8")
    ]


def without_text(slugs: Iterable[str], texts: Path) -> list[str]:
    """Return the sources whose text is not available, so that their quotes were not checked."""
    return [slug for slug in slugs if not (texts / slug / "article.txt").exists()]


def check_source(document: Document, texts: Path | None) -> Iterator[Finding]:
    """Check the passages of one `source.ttl`, also against its text if `texts` has it."""
    text, problem = _text_of(document, texts)
    if problem:
        what = f"the text {document.path.parent.name}/article.txt cannot be read: {problem}"
        yield Finding(document.name, 0, 0, what, "source-text")
    locator = Locator((document,))
    for what, rule, keys in _mistakes(_described(document), text):
        place = locator.best(*keys)
        yield Finding(document.name, place.line if place else 0, 0, what, rule)


def check_wordings(facts: Document, source: Document, texts: Path | None) -> Iterator[Finding]:
    """Yield a finding for every wording of `facts` that is too long or not in its passage.

    `source` describes the passages. Without `texts`, or without this source's text, only the length
    is checked. The wordings of a source known only by its quotes must be in those.
    """
    passages = _words_of_passages(_described(source), _text_of(source, texts)[0])
    locator = Locator((facts,))
    for quad in facts.quads:
        if quad.predicate.value not in WORDS or not isinstance(quad.graph_name, ox.NamedNode):
            continue
        words = quad.object.value if isinstance(quad.object, ox.Literal) else ""
        passage = quad.graph_name.value
        if len(words) > LONGEST_QUOTE:
            rule = "quote-length"
            what = f"the words “{words}” are {len(words)} characters, {LONGEST_QUOTE} are allowed"
        elif words not in passages.get(passage, words):
            rule = "quote"
            what = f"“{words}” is not in passage {passage.rpartition('#')[2]}"
        else:
            continue
        keys = str(quad.subject)[1:-1], quad.predicate.value, f'"{words}"'
        place = locator.best(*keys, graph=passage)
        yield Finding(facts.name, place.line if place else 0, 0, what, rule)


def _text_of(source: Document, texts: Path | None) -> tuple[Text | None, str]:
    """Return the text of a source if available, or the reason why it cannot be read."""
    if texts is None:
        return None, ""
    try:
        return read_text(texts / source.path.parent.name / "article.txt"), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, UnicodeDecodeError) as error:
        return None, str(error)


def _described(document: Document) -> dict[str, _Values]:
    """Return the IRIs and lexical values of each subject by predicate."""
    described: dict[str, _Values] = {}
    for quad in document.quads:
        text = quad.object.value if isinstance(quad.object, ox.NamedNode | ox.Literal) else ""
        values = described.setdefault(str(quad.subject)[1:-1], {})
        values.setdefault(quad.predicate.value, []).append(text)
    return described


def _has_text(described: dict[str, _Values]) -> bool:
    # A source known only by quotes has no text that offsets could point into.
    return any(TEXT_SHA256 in values for values in described.values())


def _one(values: _Values, predicate: str) -> str | None:
    found = values.get(predicate, [])
    return found[0] if len(found) == 1 else None


def _span(values: _Values) -> tuple[int, int] | None:
    start, end = _one(values, START), _one(values, END)
    if start is None or end is None or not (start.isdecimal() and end.isdecimal()):
        return None
    return int(start), int(end)


def _words_of_passages(described: dict[str, _Values], text: Text | None) -> dict[str, str]:
    """Return the known words of each passage; quotes are on separate lines."""
    if not _has_text(described):
        return {
            passage: "".join(f"{quote}\n" for quote in values[QUOTE])
            for passage, values in described.items()
            if QUOTE in values
        }
    if text is None:
        return {}
    spans = {passage: _span(values) for passage, values in described.items()}
    return {
        passage: text.characters[span[0] : span[1]]
        for passage, span in spans.items()
        if span is not None
    }


def _mistakes(described: dict[str, _Values], text: Text | None) -> Iterator[_Mistake]:
    has_text = _has_text(described)
    for subject, values in described.items():
        if TEXT_SHA256 in values and text is not None:
            yield from _text_mistakes(subject, values, text)
        if PASSAGE_OF in values:
            for quote in values.get(QUOTE, []):
                if len(quote) > LONGEST_QUOTE:
                    what = f"the quote “{quote}” has {len(quote)} characters"
                    what += f", {LONGEST_QUOTE} are allowed"
                    yield what, "quote-length", (subject, QUOTE, f'"{quote}"')
            if has_text or START in values or END in values:
                yield from _place_mistakes(subject, values, text)


def _text_mistakes(subject: str, values: _Values, text: Text) -> Iterator[_Mistake]:
    digest, length = _one(values, TEXT_SHA256), _one(values, TEXT_LENGTH)
    if digest != text.sha256:
        what = f"the SHA-256 of the text is {text.sha256}, not {digest}"
        yield what, "source-text", (subject, TEXT_SHA256)
    if length is not None and length != str(len(text.characters)):
        what = f"the text has {len(text.characters)} characters, not {length}"
        yield what, "source-text", (subject, TEXT_LENGTH)


def _place_mistakes(subject: str, values: _Values, text: Text | None) -> Iterator[_Mistake]:
    name = subject.rpartition("#")[2]
    span = _span(values)
    if span is None:
        yield f"passage {name} needs one kg:start and one kg:end", "passage-offsets", (subject,)
        return
    start, end = span
    if start >= end:
        what = f"passage {name} ends at {end}, but starts at {start}"
        yield what, "passage-offsets", (subject, END)
    elif text is not None and end > len(text.characters):
        what = f"passage {name} ends at {end}, but the text has {len(text.characters)} characters"
        yield what, "passage-offsets", (subject, END)
    elif text is not None:
        for quote in values.get(QUOTE, []):
            if quote not in text.characters[start:end]:
                elsewhere = text.characters.find(quote)
                hint = f"; it is at {elsewhere}" if elsewhere >= 0 else ", nor anywhere in the text"
                what = f"“{quote}” is not in passage {name}{hint}"
                yield what, "quote", (subject, QUOTE, f'"{quote}"')
