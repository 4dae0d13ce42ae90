"""Statements about a thing, one row each, and figures of one metric, one row each.

A statement has its kind, quoted words and passages; figures come with warnings about what must not
be compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox
from pyoxigraph import NamedNode

from jiqun.agents.tools import (
    Compare,
    Comparison,
    Describe,
    Description,
    Figure,
    Statement,
    fitting,
)
from jiqun.errors import NotFound, shorten
from jiqun.language import Reader
from jiqun.query.solutions import Row, Term, node_of
from jiqun.rdf.namespaces import (
    GRAPH,
    ID,
    KG,
    RDF_TYPE,
    RDFS_LABEL,
    SKOS,
    SOURCE,
    compact,
    is_absolute_iri,
    prologue,
)
from jiqun.web.documents import Context
from jiqun.web.linked_data.descriptions import values
from jiqun.web.linked_data.premises import derive, mentions_of, origin_of
from jiqun.web.linked_data.thing_names import expand, find_thing, nearest
from jiqun.web.pages.cells import Caption, Labels, read_captions

KINDS: Final[Mapping[str, str]] = {
    f"{KG}Goal": "goal",
    f"{KG}Intention": "intention",
    f"{KG}ExpectedEffect": "expectation",
    f"{KG}Slogan": "slogan",
    f"{KG}Assessment": "judgement",
    f"{KG}MarketStanding": "judgement",
    f"{KG}Strength": "judgement",
}
"""Classes of claims that are not facts, with the word for each."""

_NO_FACTS: Final = ("judgement", "goal", "intention", "expectation", "slogan")
_ORDER: Final = ("said", *_NO_FACTS, "curated", "written")
_MOST_READ: Final = 2000
_MOST_ELSEWHERE: Final = 2000
_MOST_PASSAGES: Final = 3
_MOST_QUOTES: Final = 3
_NAMES: Final = frozenset({RDFS_LABEL, f"{SKOS}altLabel", f"{SKOS}prefLabel"})
_LEFT_OUT: Final = frozenset(
    {RDF_TYPE, *_NAMES, f"{KG}translatedLabel", f"{KG}convertedLabel", f"{KG}wording"}
)
_OWN: Final = f"""SELECT ?graph ?property ?value WHERE {{
  GRAPH ?graph {{ ?thing ?property ?value }} FILTER (?graph != <{GRAPH}shapes>)
}} LIMIT {_MOST_READ}"""
_ALL_NAMES: Final = f"""{prologue("rdfs", "skos")}SELECT ?thing ?name WHERE {{
  VALUES ?thing {{ %s }} ?thing rdfs:label|skos:altLabel ?name
}}"""
_ENDINGS: Final = "市区區县縣省盟旗"
_ELSEWHERE: Final = f"""SELECT ?graph ?subject ?property ?class WHERE {{
  GRAPH ?graph {{ ?subject ?property ?thing }}
  FILTER (STRSTARTS(STR(?graph), "{SOURCE}") || ?graph = <{GRAPH}curated>)
  OPTIONAL {{
    GRAPH ?graph {{ ?subject a ?class }}
  }}
}} LIMIT {_MOST_ELSEWHERE}"""
_EDGES: Final = frozenset(
    KG + name
    for name in (
        *("appliedForBy", "appliedFor", "leadAppliedForBy", "ledApplicationFor"),
        *("jointlyAppliedForBy", "joinedApplicationFor", "hasParticipant", "participatesIn"),
        *("listedOn", "hasMember"),
        *("holdsTitle", "supplies", "suppliedBy", "leadsIn", "strongIn", "focusesOn", "presentIn"),
    )
)
"""Inferred properties that abbreviate what a source states about an application or the like.

`cite` finds the quotes for other inferred properties, such as all that a country contains.
"""
MOST_FIGURES: Final = 100
_HEAD: Final = prologue("kg", "skos", "rdfs")
_METRICS: Final = f"""{_HEAD}SELECT ?metric ?label WHERE {{
  ?metric a kg:Metric ; skos:prefLabel|skos:altLabel|rdfs:label ?label
}}"""
_FIGURES: Final = f"""{_HEAD}
SELECT ?figure ?thing ?value ?bound ?unit ?period ?population ?words ?passage WHERE {{
  GRAPH ?passage {{ ?figure kg:metric ?metric ; kg:value ?value }}
  ?figure kg:about ?thing ; kg:bound ?bound ; kg:unit ?unit ; kg:periodDimension ?period ;
    kg:populationDimension ?population .
  OPTIONAL {{ GRAPH ?passage {{ ?figure kg:wording ?words }} }}
}}"""
_GOALS: Final = f"""{_HEAD}SELECT ?goal ?thing ?words WHERE {{
  ?goal kg:targetMetric ?metric ; kg:about ?thing .
  OPTIONAL {{ ?goal kg:wording ?words }}
}}"""
_DISAGREE: Final = f"""{_HEAD}SELECT DISTINCT ?figure ?other WHERE {{
  ?figure kg:metric ?metric ; kg:disagreesWith ?other . FILTER (STR(?figure) < STR(?other))
}}"""
_PARTS: Final = ("thing", "bound", "unit", "period", "population")
_EXACT: Final = f"{ID}exact"
_NO_PERIOD: Final = f"{ID}period-not-stated"


@dataclass
class Stated:
    """A statement with a thing as subject or object; `other` is the other end."""

    subject: str
    predicate: str
    other: Term
    kind: str = ""
    graphs: list[str] = field(default_factory=list)
    elsewhere: bool = False
    types: set[str] = field(default_factory=set)

    @property
    def passages(self) -> list[str]:
        """The passages that state it, sorted."""
        return sorted({each for each in self.graphs if each.startswith(SOURCE)})

    @property
    def triple(self) -> ox.Triple:
        """The statement as a triple; only if the thing is the subject."""
        return ox.Triple(NamedNode(self.subject), NamedNode(self.predicate), node_of(self.other))

    @property
    def name(self) -> str:
        """The shown property; for a claim about the thing, the class of the claim."""
        if not self.elsewhere:
            return compact(self.predicate)
        if self.predicate == f"{KG}about" and self.types:
            return compact(min(self.types))
        return f"^{compact(self.predicate)}"


def kind_of(graphs: Collection[str], no_fact: str) -> str:
    """Return the kind of a statement; `no_fact` is the word for a subject that is not a fact."""
    origin = origin_of(graphs)
    return no_fact if no_fact and origin != "inferred" else origin


def no_fact_of(types: Iterable[str]) -> str:
    """Return the word for a claim that is not a fact (goal, judgement …), else ""."""
    return next((KINDS[each] for each in sorted(types) if each in KINDS), "")


def read_statements(context: Context, iri: str) -> tuple[list[Stated], list[str]]:
    """Return the statements of a thing, the claims about it, and its types."""
    rows = context.select(_OWN, {"thing": str(NamedNode(iri))})
    types = sorted({row["value"].value for row in rows if row["property"].value == RDF_TYPE})
    return [*_own(iri, rows, no_fact_of(types)), *_elsewhere(context, iri)], types


def _elsewhere(context: Context, iri: str) -> list[Stated]:
    """Return statements of sources and curators with the thing as value, claims first."""
    found: dict[tuple[str, Term], Stated] = {}
    for row in context.select(_ELSEWHERE, {"thing": str(NamedNode(iri))}):
        key = row["property"].value, row["subject"]
        each = found.setdefault(key, Stated(iri, *key, elsewhere=True))
        each.graphs.append(row["graph"].value)
        each.types |= {row["class"].value} if "class" in row else set()
    for each in found.values():
        each.kind = kind_of(each.graphs, no_fact_of(each.types))
    return list(found.values())


def _own(iri: str, rows: Sequence[Row], no_fact: str) -> list[Stated]:
    found: dict[tuple[str, Term], Stated] = {}
    for row in rows:
        key = row["property"].value, row["value"]
        found.setdefault(key, Stated(iri, *key)).graphs.append(row["graph"].value)
    for each in found.values():
        each.kind = kind_of(each.graphs, no_fact)
    # Inferences in other vocabularies only repeat statements in this one.
    return [
        each for each in found.values() if each.kind != "inferred" or each.predicate.startswith(KG)
    ]


def describe(context: Context, given: Describe) -> Description:
    """Return a page of the statements about a thing; raises `NotFound`."""
    named = find_thing(context, given.thing, given.lang)
    stated, types = read_statements(context, named.iri)
    rows = sorted((each for each in stated if each.predicate not in _LEFT_OUT), key=_place)
    page = rows[given.offset : given.offset + given.limit]
    writer = Writer(context, named.iri, stated, given.lang)
    statements = fitting(writer.write(page))
    following = given.offset + len(statements)
    result = Description(
        id=compact(named.iri),
        name=writer.label(named.iri),
        types=[compact(each) for each in types if each.startswith(KG)],
        statements=statements,
        total=len(rows),
        truncated=following < len(rows),
    )
    notes = [named.note] if named.note else []
    if result["truncated"]:
        notes.append(f"Continue with offset={following}.")
    if not rows:
        notes.append("Only its names are stated.")
    elif not page:
        notes.append(f"There are only {len(rows)} statements.")
    if len(stated) >= _MOST_READ:
        notes.append("There are too many statements to show; use sparql.")
    if notes:
        result["note"] = " ".join(notes)
    return result


def _place(each: Stated) -> tuple[int, bool, bool, str, str]:
    order = _ORDER.index(each.kind) if each.kind in _ORDER else len(_ORDER)
    of_others = not each.predicate.startswith(KG)
    return order, of_others, each.elsewhere, each.name, each.other.value


class Writer:
    """Writes statements about one thing, with the words that support them."""

    def __init__(self, context: Context, iri: str, stated: Sequence[Stated], lang: str) -> None:
        """Read the names of the thing, to recognise quotes about it."""
        self._context = context
        self._reader = Reader(lang)
        self._names = {iri: {each.other.value for each in stated if each.predicate in _NAMES}}
        self._captions: dict[str, Caption] = read_captions(context.select, [iri])

    def label(self, iri: str) -> str:
        """Return the label of a resource, or its short form."""
        return Labels(self._captions, self._reader).name(iri)

    def write(self, page: Sequence[Stated]) -> list[Statement]:
        """Return the rows of a page of statements."""
        premises = {
            id(each): derive(self._context, each.triple)
            for each in page
            if each.kind == "inferred" and each.predicate in _EDGES
        }
        behind: defaultdict[int, list[tuple[str, ox.Triple | None]]] = defaultdict(list)
        for each in page:
            behind[id(each)] = [(passage, None) for passage in each.passages]
            for premise in premises.get(id(each), ()):
                behind[id(each)] += [
                    (graph, premise.triple) for graph in premise.graphs if graph.startswith(SOURCE)
                ]
        iris = {each.other.value for each in page if each.other.is_iri}
        passages = {passage for found in behind.values() for passage, _ in found[:_MOST_PASSAGES]}
        self._captions |= read_captions(self._context.select, sorted(iris | passages))
        self._names |= _read_names(self._context, iris)
        return [self._row(each, behind[id(each)][:_MOST_PASSAGES]) for each in page]

    def _row(self, each: Stated, behind: Sequence[tuple[str, ox.Triple | None]]) -> Statement:
        value = self.label(each.other.value) if each.other.is_iri else each.other.value
        caption = self._captions.get(each.other.value)
        if caption and (word := no_fact_of(caption.types)):
            value = f"{word}: {value}"
        row = Statement(
            property=each.name,
            value=value,
            kind=each.kind,
            quotes=self._quotes(each, behind),
            passages=list(dict.fromkeys(compact(passage) for passage, _ in behind)),
        )
        if each.other.is_iri:
            row["id"] = compact(each.other.value)
        return row

    def _quotes(self, each: Stated, behind: Sequence[tuple[str, ox.Triple | None]]) -> list[str]:
        found: list[str] = []
        for passage, premise in behind:
            own = frozenset((each.subject, each.other.value))
            named = own if premise is None else mentions_of(premise)
            caption = self._captions.get(passage)
            found += [text.value for text in caption.words_for(named)] if caption else []
        # Quotes that name the thing come first: a passage names many.
        unique = dict.fromkeys(found)
        return sorted(unique, key=lambda text: -self._relevance(text, each))[:_MOST_QUOTES]

    def _relevance(self, text: str, each: Stated) -> int:
        names = self._names.get
        about, value = (names(iri, set()) for iri in (each.subject, each.other.value))
        return 2 * any(name in text for name in about) + any(name in text for name in value)


def _read_names(context: Context, iris: Iterable[str]) -> dict[str, set[str]]:
    """Return the names of things in all languages, with and without endings such as 市."""
    rows = context.select(
        _ALL_NAMES % values(sorted(each for each in iris if is_absolute_iri(each)))
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        name = row["name"].value
        found[row["thing"].value] |= {name, name.rstrip(_ENDINGS) or name}
    return found


def compare(context: Context, given: Compare) -> Comparison:
    """Return the figures of a metric, about these things or about all.

    Raises `NotFound` for unknown arguments, and when there is no figure.
    """
    metric = _find_metric(context, given.metric)
    bound = {"metric": str(NamedNode(metric))}
    wanted = {find_thing(context, each, given.lang).iri for each in given.things}
    rows = _about(context.select(_FIGURES, bound), wanted)
    goals = _about(context.select(_GOALS, bound), wanted)
    if not rows and not goals:
        raise NotFound(_nothing(context, metric, wanted))
    iris = {row[part].value for row in rows for part in _PARTS}
    iris |= {row[name].value for row in goals for name in ("goal", "thing")}
    labels = Labels(read_captions(context.select, sorted(iris)), Reader(given.lang))
    rows.sort(key=lambda row: [labels.name(row[part].value) for part in _PARTS])
    clashes = {(r["figure"].value, r["other"].value) for r in context.select(_DISAGREE, bound)}
    comparison = Comparison(
        figures=[_figure(row, labels) for row in rows[:MOST_FIGURES]],
        goals=sorted({_goal(row, labels) for row in goals}),
        do_not_compare=list(_warnings(rows, goals, labels, clashes)),
    )
    if len(rows) > MOST_FIGURES:
        comparison["do_not_compare"].append(
            f"{len(rows)} figures were found, {MOST_FIGURES} are shown; specify things."
        )
    return comparison


def _find_metric(context: Context, text: str) -> str:
    """Return the metric with this id or label; raises `NotFound` with the most similar."""
    labels: dict[str, str] = {}
    for row in context.select(_METRICS):
        labels[row["label"].value.casefold()] = row["metric"].value
    metrics = sorted(set(labels.values()))
    iri = expand(text)
    if iri in metrics:
        return iri
    if text.casefold() in labels:
        return labels[text.casefold()]
    names = {compact(each): each for each in metrics} | labels
    near = dict.fromkeys(compact(names[each]) for each in nearest(text.casefold(), names))
    listed = ", ".join(compact(each) for each in metrics)
    hint = f"did you mean {', '.join(near)}?" if near else f"available: {listed}."
    raise NotFound(f"{shorten(text)} is not a metric; {hint}")


def _about(rows: Sequence[Row], wanted: set[str]) -> list[Row]:
    return [row for row in rows if not wanted or row["thing"].value in wanted]


def _nothing(context: Context, metric: str, wanted: set[str]) -> str:
    things = ", ".join(sorted(map(compact, wanted)))
    known: Counter[str] = Counter()
    for each in wanted:
        rows = context.select(
            f"{_HEAD}SELECT ?metric WHERE {{ ?figure kg:about ?thing ; kg:metric ?metric }}",
            {"thing": str(NamedNode(each))},
        )
        known.update(compact(row["metric"].value) for row in rows)
    has = ", ".join(sorted(known)) or "none"
    of_things = f" of {things}; available metrics: {has}" if things else ""
    return f"No figure of {compact(metric)}{of_things}. What no source states is unknown."


def _figure(row: Row, labels: Labels) -> Figure:
    return Figure(
        id=compact(row["figure"].value),
        thing=f"{labels.name(row['thing'].value)} ({compact(row['thing'].value)})",
        value=row["value"].value,
        bound=labels.name(row["bound"].value),
        unit=labels.name(row["unit"].value),
        period=labels.name(row["period"].value),
        population=labels.name(row["population"].value),
        words=row["words"].value if "words" in row else "",
        passage=compact(row["passage"].value) if row["passage"].value.startswith(SOURCE) else "",
    )


def _goal(row: Row, labels: Labels) -> str:
    words = f", quoted as {row['words'].value}" if "words" in row else ""
    goal, thing = row["goal"].value, row["thing"].value
    return (
        f"goal, not a fact: {labels.name(goal)} ({compact(goal)}) for {labels.name(thing)}{words}"
    )


def _warnings(
    rows: Sequence[Row], goals: Sequence[Row], labels: Labels, clashes: set[tuple[str, str]]
) -> Iterator[str]:
    """Describe which figures cannot be compared, and why."""
    for part, why in (
        ("unit", "have different units"),
        ("population", "count different populations, one of which may include another"),
        ("period", "are for different periods"),
    ):
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            groups[row[part].value].add(row["figure"].value)
        if len(groups) > 1:
            listed = "; ".join(
                f"{labels.name(iri)}: {len(figures)}"
                for iri, figures in sorted(groups.items(), key=lambda each: -len(each[1]))[:8]
            )
            more = f"; {len(groups) - 8} more" if len(groups) > 8 else ""
            yield f"Figures that {why} ({listed}{more})."
    undated = {row["figure"].value for row in rows if row["period"].value == _NO_PERIOD}
    if undated:
        yield f"{len(undated)} figures have no period: the date of the source is not their date."
    inexact = Counter(
        labels.name(row["bound"].value) for row in rows if row["bound"].value != _EXACT
    )
    if inexact:
        counted = ", ".join(f"{name}: {count}" for name, count in sorted(inexact.items()))
        yield f"Bounds are not values ({counted}): do not rank, add or average them as exact."
    about = {row["thing"].value for row in rows}
    if len(about) > 1:
        yield "Things that contain one another count the same items: do not add their figures."
    shown = {row["figure"].value for row in rows}
    for figure, other in sorted(clashes):
        if {figure, other} & shown:
            yield f"{compact(figure)} and {compact(other)} disagree; neither takes precedence."
    if goals:
        yield "Goals are targets, not observed figures."
