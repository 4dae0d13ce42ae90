"""The home page: search, map, five questions, coverage of lists, three figures.

That of a release packed from other RDF has counts, classes, queries and files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import DATASET, ID, LICENCE, SOURCE, compact, prologue
from jiqun.release import Release
from jiqun.web.documents import Context, Document
from jiqun.web.metadata.dcat import read_catalogue_graph
from jiqun.web.metadata.schema_org import data_block, dataset_document
from jiqun.web.pages.cells import Caption, Cell, Labels, read_captions, slug_of
from jiqun.web.pages.clusters_page import (
    ClusterEntry,
    ClusterList,
    cluster_marks,
    has_mark,
    list_phrase,
    read_cluster_list,
)
from jiqun.web.pages.figures_page import FigureEntry, FigureList, kinds_of, read_figure_list
from jiqun.web.pages.query_page import group_queries
from jiqun.web.pages.rendering import PHRASES, address, html_document, phrase, render
from jiqun.web.pictures.amount_charts import Bar, draw_nested_bars
from jiqun.web.pictures.certainty import flag, sign, write_amount
from jiqun.web.pictures.drawing import Picture, Sheet
from jiqun.web.pictures.map_picture import Outline, draw_map, read_outlines

_COUNTS: Final = {
    "clusters": "/clusters",
    "companies": "/companies",
    "regions": "/places",
    "observations": "/figures",
    "passages": "/source",
    "sources": "/source",
    "statements": "/quality",
    "triples": "/catalogue",
}
"""The displayed counts of the release, with their links."""

_UNIT: Final = f"{ID}unit-cluster"
_LISTS: Final = f"""{prologue("kg")}
SELECT ?list ?size ?year ?passage (COUNT(DISTINCT ?cluster) AS ?named) WHERE {{
  ?list a kg:DesignationList ; kg:listSize ?size .
  OPTIONAL {{ ?list kg:listYear ?year }}
  OPTIONAL {{ ?cluster a kg:Cluster ; kg:listedOn ?list }}
  OPTIONAL {{
    SELECT ?list (MIN(STR(?graph)) AS ?passage)
    WHERE {{
      GRAPH ?graph {{ ?list kg:listSize ?stated }}
      FILTER (STRSTARTS(STR(?graph), "{SOURCE}"))
    }}
    GROUP BY ?list
  }}
}} GROUP BY ?list ?size ?year ?passage ORDER BY ?year ?list"""
_LAST_PLAN: Final = f"""{prologue("kg")}
SELECT (MAX(?end) AS ?last) WHERE {{ ?plan kg:planPeriod/kg:periodEnd ?end }}"""
_DISAGREEMENTS: Final = "contradicting-figures"
_PACKED_COUNTS: Final = ("triples", "quads", "graphs", "subjects", "named", "classes", "properties")
_CLASSES: Final = 30
_QUERY: Final = "SELECT ?thing ?property ?value\nWHERE { ?thing ?property ?value }\nLIMIT 25\n"


@dataclass(frozen=True)
class ListCoverage:
    """A list of clusters: its stated size, the number confirmed here, and the passage."""

    iri: str
    year: str
    size: int
    named: int
    passage: str


@dataclass(frozen=True)
class EvidenceCard:
    """A figure or goal with its sign, its words and their source."""

    sign: Markup
    amount: str
    whole: str
    metric: Text
    subject: Cell
    when: str
    words: Text
    href: str | None
    source: Text


@dataclass(frozen=True)
class HomeContent:
    """The content of the home page, read from the graph.

    The tables hold what the pictures show: clusters with their list, and lists with their size and
    the number of confirmed members.
    """

    map: Picture | None = None
    map_table: tuple[tuple[Cell, str], ...] = ()
    coverage: Picture | None = None
    coverage_table: tuple[tuple[Cell, int, int], ...] = ()
    missing: int = 0
    candidates: tuple[Cell, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()
    cards: tuple[EvidenceCard, ...] = ()
    names: tuple[Text, ...] = ()


def home_document(context: Context, reader: Reader, root: str) -> Document:
    """Return the home page of the site at the URL `root`."""
    dataset = dataset_document(context.once(read_catalogue_graph), context.release, root)
    content = read_home(context, reader)
    text = render_home(context.release, content, reader, dataset)
    return html_document(text, reader, {"Link": _links(root)})


def _links(root: str) -> str:
    """Return the Link header (RFC 8288) with the metadata of the site."""
    return ", ".join(
        (
            f'<{root}/.well-known/void>; rel="describedby"; type="text/turtle"',
            f'<{root}/catalogue.ttl>; rel="describedby"; type="text/turtle"',
            f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
            f'<{root}/openapi.json>; rel="service-desc"; type="application/json"',
            f'<{LICENCE}>; rel="license"',
            f'<{DATASET}>; rel="cite-as"',
        )
    )


def render_home(
    release: Release, content: HomeContent, reader: Reader, dataset: Mapping[str, Any]
) -> str:
    """Render the home page of a release; `dataset` describes it in schema.org."""
    return render(
        "home.html",
        reader,
        release=release,
        content=content,
        counts=[
            (_count_key(name, release.counts[name]), release.counts[name], reader.link(path))
            for name, path in _COUNTS.items()
            if release.counts.get(name) and (path != "/quality" or release.quality)
        ],
        schema_org=data_block(dataset),
    )


def read_home(context: Context, reader: Reader) -> HomeContent:
    """Read what the page shows; of an empty graph, nothing."""
    known = context.once(read_cluster_list)
    clusters, labels = known.clusters, Labels(known.captions, reader)
    lists = context.once(_read_lists)
    unproven = [each for each in clusters if not each.lists]
    list_labels = Labels(context.once(_read_list_names), reader)
    return HomeContent(
        map=_draw_map(known, context.once(read_outlines), labels),
        map_table=tuple(
            (labels.resource(each.iri), list_phrase(each, reader))
            for each in clusters
            if has_mark(each, known.points)
        ),
        coverage=draw_coverage(lists, list_labels),
        coverage_table=tuple(
            (list_labels.resource(each.iri), each.size, each.named) for each in lists
        ),
        missing=sum(max(0, each.size - each.named) for each in lists),
        candidates=tuple(labels.resource(each.iri) for each in unproven),
        questions=_questions(context, clusters, labels),
        cards=_cards(context.once(read_figure_list), reader),
        names=tuple(sorted(
            (labels.resource(each.iri).text for each in clusters), key=lambda text: text.value
        )),
    )  # fmt: skip


def _draw_map(known: ClusterList, outlines: Sequence[Outline], labels: Labels) -> Picture | None:
    marks = cluster_marks(known.clusters, known.points, labels)
    if not marks:
        return None
    return draw_map(Sheet.of("map", "clusters_map", labels.reader), outlines, marks)


def _read_lists(select: Select) -> list[ListCoverage]:
    return [
        ListCoverage(
            row["list"].value,
            row["year"].value if "year" in row else "",
            int(row["size"].value),
            int(row["named"].value),
            row["passage"].value if "passage" in row else "",
        )
        for row in select(_LISTS)
        if row["size"].value.isdecimal()
    ]


def _read_list_names(select: Select) -> dict[str, Caption]:
    return read_captions(select, [*(each.iri for each in _read_lists(select)), _UNIT])


def draw_coverage(lists: Sequence[ListCoverage], labels: Labels) -> Picture | None:
    """Draw the number of confirmed members of each list, inside the size of the list."""
    if not lists:
        return None
    reader, unit = labels.reader, labels.label(_UNIT)
    proven = Text(phrase("proven_here", reader.lang), reader.lang)
    bars = [
        Bar(
            labels.resource(each.iri).text,
            Decimal(each.size),
            "exact",
            write_amount(str(each.size), _UNIT, unit, "exact", reader),
            address(each.passage or each.iri, reader),
            (
                Bar(
                    proven,
                    Decimal(each.named),
                    "exact",
                    write_amount(str(each.named), _UNIT, unit, "exact", reader),
                    reader.link("/clusters", **({"year": each.year} if each.year else {})),
                ),
            ),
        )
        for each in lists
    ]
    title, about = (phrase(key, reader.lang) for key in ("coverage_title", "coverage_about"))
    return draw_nested_bars(Sheet("coverage", title, about, reader), bars)


def _questions(
    context: Context, clusters: Sequence[ClusterEntry], labels: Labels
) -> tuple[tuple[str, str], ...]:
    """Return up to five questions with the URLs of their answers, if there is data for them."""
    reader = labels.reader
    found = []
    provinces = Counter(iri for each in clusters for iri in each.provinces)
    if provinces:
        most = max(sorted(provinces), key=lambda iri: provinces[iri])
        name = labels.resource(most).text.value
        asked = phrase("ask_province", reader.lang, name)
        found.append((asked, reader.link("/clusters", province=slug_of(most))))
        found.append(
            (phrase("ask_size", reader.lang), reader.link("/compare", metric="output-value"))
        )
        found.append(
            (phrase("ask_across", reader.lang), reader.link("/clusters", extent="several"))
        )
    year = context.once(_read_last_year)
    if year:
        asked = phrase("ask_time", reader.lang, year)
        found.append((asked, reader.link("/timeline", at=year)))
    if _DISAGREEMENTS in context.release.queries:
        asked = phrase("ask_disagreement", reader.lang)
        found.append((asked, reader.link(f"/queries/{_DISAGREEMENTS}")))
    return tuple(found)


def _read_last_year(select: Select) -> str:
    """Return the last year of any plan; "" without a plan."""
    rows = select(_LAST_PLAN)
    return rows[0]["last"].value[:4] if rows and "last" in rows[0] else ""


def _cards(known: FigureList, reader: Reader) -> tuple[EvidenceCard, ...]:
    """Return an exact figure, a bound and a goal, each the largest of a cluster with words."""
    figures = [each for each in known.figures if each.words.value and each.passage]
    goals = [each for each in known.goals if each.words.value and each.passage and each.end]
    labels = Labels(known.captions, reader)
    chosen: list[tuple[FigureEntry, Markup]] = []
    for bounds in (("exact",), ("more-than", "at-least")):
        about = {each.about for each, _ in chosen}
        members = [
            each
            for each in figures
            if each.bound in bounds
            and each.period
            and each.number is not None
            and not each.whole
            and not each.enterprise_class
            and kinds_of(labels, each.about) == "cluster"
            and each.about not in about
        ]
        if members:
            best = max(members, key=lambda each: (each.number or 0, each.iri))
            chosen.append((best, sign(best.bound)))
    if goals:
        last = max(goals, key=lambda each: (each.end, each.number or 0, each.iri))
        chosen.append((last, flag()))
    return tuple(_card(each, drawn, labels) for each, drawn in chosen)


def _card(each: FigureEntry, drawn: Markup, labels: Labels) -> EvidenceCard:
    amount = each.amount(labels)
    return EvidenceCard(
        drawn,
        amount.text,
        amount.whole,
        labels.resource(each.metric).text,
        labels.resource(each.about),
        each.deadline(labels.reader) or labels.label(each.period).value,
        each.words,
        each.words_at(labels),
        labels.resource(each.source).text,
    )


def _count_key(name: str, count: int) -> str:
    singular = f"count_{name}_one"
    return singular if count == 1 and singular in PHRASES else f"count_{name}"


def packed_home(context: Context, reader: Reader) -> Document:
    """Return the home page of a release with statistics."""
    release = context.release
    classes = release.statistics["classes"]
    text = render(
        "packed.html",
        reader,
        title=Text(release.title),
        version=release.version,
        counts=[(f"packed_{name}", release.counts.get(name, 0)) for name in _PACKED_COUNTS],
        classes=[
            (compact(each["iri"]), _members(reader, each["iri"]), each["entities"])
            for each in classes[:_CLASSES]
        ],
        more_classes=len(classes) > _CLASSES or not release.statistics["complete"],
        groups=group_queries(release.queries.values(), reader),
        files=release.dumps.values(),
        text=_QUERY,
    )
    return html_document(text, reader)


def _members(reader: Reader, iri: str) -> str:
    query = f"SELECT ?thing\nWHERE {{ ?thing a <{iri}> }}\nLIMIT 100"
    return reader.link("/sparql", query=query, format="html")
