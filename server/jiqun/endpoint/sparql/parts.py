"""An update as parts to be carried out in their order.

pyoxigraph 0.5.13 fetches LOAD from anywhere, has no parameter for the protocol's dataset, does not
read a PREFIX or BASE after the first operation, empties the target when what COPY or MOVE SILENT
takes from does not exist, and finds a triple once for each graph of USING that it stands in. So a
request is cut there, and `USING` clauses are written into it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.sparql.operations import outside_braces, resolve
from jiqun.endpoint.sparql.tokens import place
from jiqun.errors import MalformedQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.endpoint.sparql.operations import Operation

_NO_LINE_BREAK: Final = re.compile(r"[^\r\n]")

# What is put in place of a span of the text.
Edit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A graph that must exist; if it does not, the part fails, or does nothing if `silent`."""

    graph: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """Several graphs that the part finds as one, under a name that is good for this part only."""

    graphs: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Operations without LOAD, to be carried out as they stand.

    Lines are those of the request, so that messages about them are right.
    """

    text: str
    source: Source | None = None
    merge: Merge | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """`LOAD source INTO GRAPH graph`; IRIs are absolute, `graph` is None for the default graph."""

    source: str
    graph: str | None
    silent: bool


def parts_of(
    text: str,
    operations: Sequence[Operation],
    using: Sequence[str],
    named: Sequence[str],
    base: str | None,
) -> list[Text | Load]:
    """Cut an update into parts; `using` and `named` are the dataset that the protocol gives.

    Relative IRIs are relative to `base`. Raises `MalformedQuery`.
    """
    cutter = _Cutter(text, using, named, base)
    for operation in operations:
        cutter.take(operation)
    cutter.close()
    return cutter.parts


class _Cutter:
    """Goes through the operations; `declared` are the spans of all prologues so far."""

    def __init__(
        self, text: str, using: Sequence[str], named: Sequence[str], base: str | None
    ) -> None:
        self.parts: list[Text | Load] = []
        self._text = text
        self._using = tuple(using)
        self._named = tuple(named)
        self._base = base
        self._declared: list[tuple[int, int]] = []
        self._group: list[Operation] = []

    def take(self, operation: Operation) -> None:
        """Add an operation to the part that is being made, or make one of it alone."""
        load = operation.words[0].text == "LOAD"
        several = len(operation.using) > 1 or (operation.modifies and len(self._using) > 1)
        alone = load or several or operation.source is not None
        if alone or operation.prologue:
            self.close()
        if load:
            self._declared += operation.declared
            self.parts.append(self._load(operation))
            return
        self._group.append(operation)
        if alone:
            self.close()

    def close(self) -> None:
        """Make a part of the operations at hand, with all that was declared before them."""
        if not self._group:
            return
        group, self._group = self._group, []
        start, end = group[0].start, group[-1].words[-1].end
        before = _masked(self._text, self._declared, start)
        for operation in group:
            self._declared += operation.declared
        merge = self._merge(group[0])
        edits = [edit for each in group for edit in self._edits(each, merge)]
        kept = _edited(self._text, (start, end), edits)
        self.parts.append(Text(before + kept, self._source(group[0]), merge))

    def _source(self, operation: Operation) -> Source | None:
        if operation.source is None:
            return None
        written, silent = operation.source
        return Source(self._resolve([written])[0], silent)

    def _merge(self, operation: Operation) -> Merge | None:
        graphs: Sequence[str] = self._using if operation.modifies else ()
        if len(operation.using) > 1:
            graphs = self._resolve([graph.text for _, graph in operation.using])
        if len(graphs) < 2:
            return None
        return Merge(tuple(dict.fromkeys(graphs)), f"urn:jiqun:merge:{token_hex(16)}")

    def _edits(self, operation: Operation, merge: Merge | None) -> list[Edit]:
        """Tell what to write where, so that the operation uses its dataset."""
        if not operation.modifies:
            return []
        if self._using or self._named:
            return [self._with_clauses(operation, merge)]
        if merge is None:
            return []
        texts = [f"USING <{merge.name}>", *[""] * len(merge.graphs), *[""] * len(operation.using)]
        spans = [(word.start, graph.end) for word, graph in operation.using]
        return [(*span, text) for span, text in zip(spans, texts, strict=False)]

    def _with_clauses(self, operation: Operation, merge: Merge | None) -> Edit:
        using = (merge.name,) if merge else self._using
        clauses = " ".join(
            [*(f"USING <{iri}>" for iri in using), *(f"USING NAMED <{iri}>" for iri in self._named)]
        )
        words = operation.words
        if len(words) > 2 and words[0].text == "DELETE" and words[1].text == "WHERE":
            pattern = self._text[words[2].start : words[-1].end]
            return words[1].start, words[1].start, f"{pattern} {clauses} "
        where = [token for token in outside_braces(words) if token.text == "WHERE"]
        if not where:
            at = place(self._text, words[0].start)
            raise MalformedQuery(f"The “{words[0].text}” at {at} has no WHERE.")
        return where[0].start, where[0].start, f"{clauses} "

    def _load(self, operation: Operation) -> Load:
        words = list(operation.words[1:])
        silent = bool(words) and words[0].text == "SILENT"
        words = words[1:] if silent else words
        kinds = ["iri" if token.kind in {"iri", "name"} else token.text for token in words]
        if kinds not in (["iri"], ["iri", "INTO", "GRAPH", "iri"]):
            where = place(self._text, operation.words[0].start)
            raise MalformedQuery(f"The LOAD at {where} is not of the form LOAD <…> INTO GRAPH <…>.")
        iris = [token.text for token in words if token.kind in {"iri", "name"}]
        source, *graph = self._resolve(iris)
        return Load(source, graph[0] if graph else None, silent)

    def _resolve(self, iris: Sequence[str]) -> list[str]:
        prologue = "\n".join(self._text[start:end] for start, end in self._declared)
        return resolve(iris, prologue, self._base)


def _edited(text: str, span: tuple[int, int], edits: Sequence[Edit]) -> str:
    pieces, at = [], span[0]
    for start, end, written in edits:
        pieces += [text[at:start], written]
        at = end
    return "".join([*pieces, text[at : span[1]]])


def _masked(text: str, kept: list[tuple[int, int]], end: int) -> str:
    """Give `text` up to `end` with blanks for all that is not kept; line breaks stay."""
    pieces, at = [], 0
    for start, stop in kept:
        pieces += [_NO_LINE_BREAK.sub(" ", text[at:start]), text[start:stop]]
        at = stop
    return "".join([*pieces, _NO_LINE_BREAK.sub(" ", text[at:end])])
