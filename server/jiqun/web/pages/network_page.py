"""The network of one cluster, or of one agent or company and its clusters, with lists beneath."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.rdf.formats import SVG
from jiqun.rdf.namespaces import DCTERMS, ID, KG, SOURCE, prologue
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Cell, Labels, read_captions, slug_of
from jiqun.web.pages.listing import picture_file
from jiqun.web.pages.rendering import address, html_document, phrase, render
from jiqun.web.pictures.drawing import Picture, Sheet
from jiqun.web.pictures.network_picture import MOST_NODES, Line, Node, draw_network

_PREFIXES: Final = prologue("kg", "dcterms")
_TIES: Final = {
    "applied": """?application kg:applicationFor ?cluster ; ?property ?other .
        VALUES ?property { kg:leadApplicant kg:jointApplicant kg:applicant }
        OPTIONAL { ?application kg:statedIn ?passage }""",
    "takes_part": """?participation kg:participationIn ?cluster ; kg:participant ?other .
        BIND (kg:participant AS ?property)
        OPTIONAL { ?participation kg:statedIn ?passage }""",
    "listed": """?designation kg:designates ?cluster ; kg:listedOn|kg:onList ?other .
        BIND (kg:listedOn AS ?property)
        OPTIONAL { ?designation kg:statedIn ?passage }""",
    "areas": """GRAPH ?passage { ?cluster ?property ?other }
        VALUES ?property { kg:coreArea kg:keyArea }""",
    "cities": """?cluster a kg:Cluster ; ?property ?other .
        VALUES ?property { kg:inCity kg:inProvince }""",
    "promoted": """GRAPH ?passage { ?cluster ?property ?other }
        VALUES ?property { kg:promotedBy }""",
    "subjects": """GRAPH ?passage { ?other dcterms:subject ?cluster } ?cluster a kg:Cluster .
        BIND (dcterms:subject AS ?property)""",
}


@dataclass(frozen=True)
class Role:
    """A role in a cluster: its property, the kind of its nodes, and their side of the picture.

    Who has a `shared` role links the clusters in which it has one.
    """

    property: str
    kind: str
    left: bool = True
    shared: bool = False


ROLES: Final = {
    "listed": Role(f"{KG}listedOn", "list"),
    "lead_applicant": Role(f"{KG}leadApplicant", "agent", shared=True),
    "joint_applicant": Role(f"{KG}jointApplicant", "agent", shared=True),
    "applicant": Role(f"{KG}applicant", "agent", shared=True),
    "promoter": Role(f"{KG}promotedBy", "agent", shared=True),
    "subject": Role(f"{DCTERMS}subject", "plan"),
    "participant": Role(f"{KG}participant", "company", left=False, shared=True),
    "core": Role(f"{KG}coreArea", "place", left=False),
    "key": Role(f"{KG}keyArea", "place", left=False),
    "city": Role(f"{KG}inCity", "place", left=False),
    "province": Role(f"{KG}inProvince", "place", left=False),
}
"""The roles in the order of the page; of several applicant roles of a thing, the first counts."""

_ORDER: Final = list(ROLES)
_ROLE_OF: Final = {role.property: name for name, role in ROLES.items()}
_APPLICANTS: Final = frozenset({"lead_applicant", "joint_applicant", "applicant"})


@dataclass(frozen=True)
class Tie:
    """A relation to a cluster: a role of `ROLES`, and the passage that states it."""

    cluster: str
    other: str
    role: str
    passage: str


def read_ties(select: Select) -> tuple[Tie, ...]:
    """Read all ties; of several applicant roles, the most specific one."""
    found: dict[tuple[str, str, str], Tie] = {}
    for pattern in _TIES.values():
        rows = select(
            f"{_PREFIXES}SELECT DISTINCT ?cluster ?other ?property ?passage WHERE {{ {pattern} }} "
            "ORDER BY ?cluster ?other ?property ?passage"
        )
        for row in rows:
            role = _ROLE_OF[row["property"].value]
            passage = row["passage"].value if "passage" in row else ""
            tie = Tie(
                row["cluster"].value,
                row["other"].value,
                role,
                passage if passage.startswith(SOURCE) else "",
            )
            key = (tie.cluster, tie.other, "applicant" if role in _APPLICANTS else role)
            former = found.get(key)
            if former is None or _rank(tie) < _rank(former):
                found[key] = tie
    return _without_doubles(found.values())


def _rank(tie: Tie) -> tuple[int, bool]:
    return _ORDER.index(tie.role), not tie.passage


def _without_doubles(ties: Iterable[Tie]) -> tuple[Tie, ...]:
    """Omit places that are core or key areas, and provinces of listed cities."""
    every = list(ties)
    named = {(tie.cluster, tie.other) for tie in every if tie.role in {"core", "key"}}
    with_cities = {tie.cluster for tie in every if tie.role in {"core", "key", "city"}}
    return tuple(
        tie
        for tie in every
        if not (tie.role in {"city", "province"} and (tie.cluster, tie.other) in named)
        and not (tie.role == "province" and tie.cluster in with_cities)
    )


def network_document(
    context: Context, reader: Reader, choice: Choice, of: str, origin: str
) -> Document:
    """Return the network of a thing (a slug) as a page or a picture; raises `NotFound`."""
    ties = context.once(read_ties)
    clusters = {tie.cluster for tie in ties}
    agents = {tie.other for tie in ties if ROLES[tie.role].shared}
    centre = _centre(ties, of)
    mine = _around(ties, centre) if centre else []
    left_out = max(0, len(_named(mine)) - MOST_NODES)
    mine = _at_most(mine, centre)
    captions = read_captions(context.select, sorted({*clusters, *agents, *_named(mine)}))
    labels = Labels(captions, reader)
    picture = _draw(mine, centre, labels) if mine else None
    if choice.format == SVG:
        return picture_file(picture, f"network-{slug_of(centre)}", reader, origin)
    text = render(
        "network.html",
        reader,
        centre=labels.resource(centre) if centre else None,
        of=slug_of(centre),
        clusters=_choices(clusters, labels),
        agents=_choices(agents, labels),
        picture=picture,
        left_out=left_out,
        lists=_lists(mine, labels),
        svg=reader.link("/network", of=slug_of(centre), format="svg"),
    )
    return html_document(text, reader)


def _centre(ties: Sequence[Tie], of: str) -> str:
    """Return the IRI of the requested thing, or the cluster with the most ties."""
    clusters = Counter(tie.cluster for tie in ties)
    if of:
        iri = ID + of.removeprefix("id:").removeprefix(ID)
        if iri in clusters or any(tie.other == iri for tie in ties):
            return iri
        raise NotFound(
            f"There is no network of {shorten(of)}. The page /network lists the available ones."
        )
    return max(clusters, key=lambda iri: (clusters[iri], iri), default="")


def _around(ties: Sequence[Tie], centre: str) -> list[Tie]:
    """Return the ties of a cluster and what it shares with others; or those of an agent."""
    own = [tie for tie in ties if tie.cluster == centre]
    if own:
        shared = {tie.other for tie in own if ROLES[tie.role].shared}
        return own + [
            tie
            for tie in ties
            if tie.cluster != centre and tie.other in shared and ROLES[tie.role].shared
        ]
    mine = [tie for tie in ties if tie.other == centre]
    clusters = {tie.cluster for tie in mine}
    return mine + [
        tie
        for tie in ties
        if tie.cluster in clusters and tie.other != centre and tie.role in _APPLICANTS
    ]


def _at_most(ties: Sequence[Tie], centre: str) -> list[Tie]:
    kept: list[Tie] = []
    nodes = {centre}
    for tie in ties:
        if len(nodes | {tie.cluster, tie.other}) <= MOST_NODES:
            nodes |= {tie.cluster, tie.other}
            kept.append(tie)
    return kept


def _named(ties: Iterable[Tie]) -> set[str]:
    return {iri for tie in ties for iri in (tie.cluster, tie.other)}


def _choices(iris: Iterable[str], labels: Labels) -> list[tuple[str, str]]:
    named = [(slug_of(iri), labels.resource(iri).text.value) for iri in iris]
    return sorted(named, key=lambda pair: pair[1])


def _kind(tie: Tie, labels: Labels) -> str:
    is_brand = tie.role == "participant" and f"{KG}Brand" in labels.types(tie.other)
    return "brand" if is_brand else ROLES[tie.role].kind


def _draw(ties: Sequence[Tie], centre: str, labels: Labels) -> Picture:
    reader = labels.reader

    def node(iri: str, kind: str) -> Node:
        return Node(
            iri, labels.resource(iri).text, reader.link("/network", of=slug_of(iri))
            if kind in {"cluster", "agent", "company", "brand"} and iri != centre
            else address(iri, reader), kind,
        )  # fmt: skip

    clusters = sorted({tie.cluster for tie in ties}, key=lambda iri: (iri != centre, iri))
    sides: dict[bool, dict[str, Node]] = {True: {}, False: {}}
    for tie in ties:
        sides[ROLES[tie.role].left].setdefault(tie.other, node(tie.other, _kind(tie, labels)))
    lines = [
        Line(
            tie.cluster,
            tie.other,
            f"{labels.resource(tie.other).text.value}: {phrase(f'role_{tie.role}', reader.lang)}",
            address(tie.passage, reader) if tie.passage else None,
            strong=tie.role in {"lead_applicant", "core", "listed"},
        )
        for tie in ties
    ]
    title = f"{phrase('nav_network', reader.lang)}: {labels.resource(centre).text.value}"
    return draw_network(
        Sheet("network", title, phrase("network_about", reader.lang), reader),
        [node(iri, "cluster") for iri in clusters],
        list(sides[True].values()),
        [each for key, each in sides[False].items() if key not in sides[True]],
        lines,
    )


def _lists(
    ties: Sequence[Tie], labels: Labels
) -> list[tuple[str, list[tuple[tuple[Cell, ...], tuple[Cell, ...], str | None]]]]:
    """Return the ties by role: thing, cluster, and source."""
    reader = labels.reader
    found = []
    for role in ROLES:
        rows = [
            (
                labels.resources(tie.other),
                labels.resources(tie.cluster),
                address(tie.passage, reader) if tie.passage else None,
            )
            for tie in ties
            if tie.role == role
        ]
        if rows:
            found.append((role, rows))
    return found
