"""Remarks on a query in the language of the page, with their positions in its text."""

from __future__ import annotations

from dataclasses import dataclass

from jiqun.language import Reader
from jiqun.web.documents import Context
from jiqun.web.linked_data.query_remarks import Remark, read_remarks
from jiqun.web.pages.rendering import phrase


@dataclass(frozen=True)
class Advice:
    """A remark; `line` and `column` count from 1 and characters, `length` is in characters.

    `replacement` is the suggested text, or "".
    """

    text: str
    line: int
    column: int
    length: int
    replacement: str


def advise(context: Context, query: str, reader: Reader) -> list[Advice]:
    """Return the remarks on a query, in the order of its text."""
    return [_advice(each, query, reader) for each in read_remarks(context, query)]


def _advice(remark: Remark, query: str, reader: Reader) -> Advice:
    sentences = [phrase(f"remark_{remark.kind}", reader.lang).replace("{}", remark.name)]
    near = remark.near
    if remark.kind == "unknown_tag":
        sentences.append(_known_tags(remark, reader))
    elif near:
        listed = phrase("list_comma", reader.lang).join(near)
        sentences.append(phrase("remark_near", reader.lang).replace("{}", listed))
    start = remark.start
    line = query.count("\n", 0, start) + 1
    column = start - query.rfind("\n", 0, start)
    written = query[start : remark.end]
    is_short = remark.kind.startswith("unknown_t") and near and not written.startswith("<")
    replacement = near[0] if is_short and remark.kind != "unknown_tag" else ""
    gap = " " if reader.lang == "en" else ""
    return Advice(gap.join(sentences), line, column, remark.end - start, replacement)


def _known_tags(remark: Remark, reader: Reader) -> str:
    listed = phrase("list_comma", reader.lang).join(remark.near)
    known = phrase("remark_tags", reader.lang).replace("{}", listed)
    if any(each.lower().startswith(f"{remark.name.lower()}-") for each in remark.near):
        gap = " " if reader.lang == "en" else ""
        known += gap + phrase("remark_range", reader.lang).replace("{}", remark.name)
    return known
