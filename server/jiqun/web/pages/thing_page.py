"""The page of a thing, and its preview in a frame."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from jiqun.errors import NotFound
from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import (
    BASE,
    GEO,
    ID,
    KG,
    LICENCE,
    RDF_TYPE,
    RDFS,
    RDFS_LABEL,
    SCHEMA,
    SKOS,
)
from jiqun.rdf.terms import LANGUAGES
from jiqun.release import Release
from jiqun.saved_queries import bind
from jiqun.search.index import IndexedClass, IndexedThing
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import (
    MAX_FACTS,
    describe_thing,
    descriptions,
    rdf_document,
    thing_exists,
)
from jiqun.web.linked_data.premises import INFERRED
from jiqun.web.linked_data.representations import Target, missing, suffix_of
from jiqun.web.linked_data.thing_names import similar_ids
from jiqun.web.metadata.schema_org import data_block
from jiqun.web.pages.cells import Caption, Cell, Labels, read_vocabulary, text_of
from jiqun.web.pages.changes_page import Since
from jiqun.web.pages.citation import Citation, cite_record, cite_source
from jiqun.web.pages.claims import (
    GOALS,
    JUDGEMENTS,
    ClaimView,
    FigureGroup,
    claims_of,
    contradictions,
    figure_groups,
    view_claim,
)
from jiqun.web.pages.enterprise_profile import enterprise_profile
from jiqun.web.pages.error_page import redirect, retirement
from jiqun.web.pages.evidence import Proof, prove
from jiqun.web.pages.profiles import (
    ClusterProfile,
    PlaceProfile,
    about,
    claim_profile,
    cluster_profile,
    place_profile,
)
from jiqun.web.pages.records import Fact, kind_of
from jiqun.web.pages.rendering import address, data_links, html_document, render, turns
from jiqun.web.pages.thing_facts import Thing, read_thing
from jiqun.web.pages.thing_pictures import (
    Terrain,
    cluster_map,
    place_map,
    plan_strip,
    read_terrain,
    set_bars,
)

PASSAGES: Final = 4
"""Maximum number of passages in a preview."""

_TERMS: Final = {
    "designation": (
        "designates onList confersTitle listedOn holdsTitle listYear applicationFor applicant "
        "leadApplicant jointApplicant appliedForBy awards cultivatedTowards nickname "
        "candidateFor candidateEntity targetTitle selectionMethod selectedIn entersList "
        "listPosition listSize missingMembers"
    ),
    "location": (
        "within contains locatedIn coreArea keyArea layoutOf administrativeCode isoCode "
        "jurisdiction administrativeLevel presentIn readLocation seat"
    ),
    "members": (
        "participant participationIn chainRole hasParticipant participatesIn produces includes "
        "includedIn inIndustry leadsIn strongIn focusesOn enterpriseClass mappedIndustry"
    ),
    "figures": (
        "about metric value bound unit population subsetOf populationOf size completeness "
        "standingProduct rank tier rankedBy period scope field disagreesWith periodDimension "
        "populationDimension sourceDimension disagreeingClaim disagreeingPassage disagreementKind "
        "disagreementOn"
    ),
    "plans": (
        "conductedBy since serves mechanismLevel issuer issuedDuring planPeriod setsGoal "
        "containsMeasure intendedBy intendedWith periodStart periodEnd targetBound targetMetric "
        "targetUnit targetValue"
    ),
    "people": (
        "holder post postIn partOfOrganisation claimant contributionTo contributor "
        "contributionRole promotedBy promotes"
    ),
    "group": "companyKind subsidiaryOf tradeNameOf legalName",
    "records": "ticker isin lei figi cik wmi pinyin originalTitle record recordedIn attribution",
}
_LINKS: Final = (
    *(f"{SKOS}{name}Match" for name in ("exact", "close", "related", "broad", "narrow")),
    f"{RDFS}seeAlso",
    f"{SCHEMA}url",
)

SECTIONS: Final = (*_TERMS, "links", "other")
"""The sections of facts in the order of the page."""

_SECTION_OF: Final = {
    **{f"{KG}{name}": section for section, names in _TERMS.items() for name in names.split()},
    **dict.fromkeys(_LINKS, "links"),
    f"{GEO}hasGeometry": "location",
}
_NAMES: Final = (RDFS_LABEL, f"{SKOS}altLabel", f"{SKOS}prefLabel")
_LEFT_OUT: Final = frozenset(
    {RDF_TYPE, *_NAMES, f"{KG}statedIn", f"{KG}convertedLabel", f"{KG}translatedLabel"}
)
_SCHEMA_ORG: Final = {
    f"{SKOS}altLabel": "alternateName",
    f"{KG}nickname": "alternateName",
    f"{SKOS}definition": "description",
    f"{SKOS}exactMatch": "sameAs",
    f"{KG}within": "containedInPlace",
    f"{KG}locatedIn": "location",
    f"{KG}isoCode": "identifier",
    f"{KG}administrativeCode": "identifier",
}
_MAX_SCHEMA_VALUES: Final = 40
_PROFILES: Final[Mapping[str, tuple[str, Callable[[Thing, Labels], Any]]]] = {
    "cluster": ("cluster.html", cluster_profile),
    "place": ("place.html", place_profile),
    "enterprise": ("enterprise.html", enterprise_profile),
    "figure": ("claim.html", claim_profile),
    "goal": ("claim.html", claim_profile),
}
"""The template of the profile of each kind of thing, and the function that builds it."""

_CLAIMS: Final = frozenset({"figure", "goal"})
_SHEETS: Final = {
    "cluster": ("cluster-fact-sheet", "_cluster_iri"),
    "place": ("clusters-of-region", "_place_iri"),
}
"""The main saved query for a kind of thing, and its variable for the thing."""


@dataclass(frozen=True)
class FactView:
    """A value, or the subject of a fact, with its evidence."""

    cell: Cell
    proof: Proof


@dataclass(frozen=True)
class Group:
    """The values of one property; `more` leads to all of them if only some are shown.

    `proof` is that of all values, if they have the same.
    """

    name: Text
    href: str | None
    views: tuple[FactView, ...]
    proof: Proof | None
    count: int
    more: str | None


def thing_reference(context: Context, reader: Reader, target: Target) -> Document:
    """Redirect from a thing to the document about it (303), in the requested form.

    Raises `NotFound` if there is no such thing.
    """
    if (retired := retirement(context, reader, target, ID)) is not None:
        return retired
    exists = partial(thing_exists, context.select)
    if not exists(target.slug):
        raise _unknown(context, target)
    plain = target.is_page and target.name.form is None
    suffix = "" if plain else f".{suffix_of(target.choice)}"
    location = f"{reader.root}/doc/{quote(target.slug, safe='')}{suffix}"
    return redirect(303, location, f'<{location}>; rel="describedby"', target.query)


def thing_document(
    context: Context, reader: Reader, target: Target, page: int, since: Since | None = None
) -> Document:
    """Return the document about a thing, as a page or as data.

    `page` is that of its mentions, for the page, and `since` its last change. Raises `NotFound`.
    """
    if (retired := retirement(context, reader, target, ID)) is not None:
        return retired
    if target.is_page:
        found = read_thing(context.select, target.slug, page, context.once(read_vocabulary))
        if found is not None:
            thing, captions = found
            headers = target.resource(thing.iri, thing.types).headers(target.choice)
            terrain = read_terrain(context, thing)
            plain = render_thing(thing, captions, reader, context.release, terrain, since)
            return html_document(plain, reader, headers)
    else:
        description = describe_thing(context.select, target.slug)
        if description is not None:
            triples, truncated = description
            iri = ID + target.slug
            types = [each.value for each in descriptions(triples)[iri].get(RDF_TYPE, ())]
            headers = target.resource(iri, dict.fromkeys(types)).headers(target.choice)
            if truncated:
                headers["Jiqun-Truncated"] = f"facts={MAX_FACTS}"
            return rdf_document(triples, target.choice, headers)
    raise _unknown(context, target)


def _unknown(context: Context, target: Target) -> NotFound:
    """Return the error for a thing that does not exist, with those of similar names."""

    def near(slug: str) -> list[str]:
        return [each.removeprefix("id:") for each in similar_ids(context, ID + slug)]

    exists = partial(thing_exists, context.select)
    return missing("thing", target.folder, target.text, exists, near=near)


def section_of(predicate: str) -> str:
    """Return the section of a property, one of `SECTIONS`."""
    return _SECTION_OF.get(predicate, "other")


def render_thing(
    thing: Thing,
    captions: Mapping[str, Caption],
    reader: Reader,
    release: Release,
    terrain: Terrain | None = None,
    since: Since | None = None,
) -> str:
    """Render a thing; `captions` are those of everything its facts mention.

    `terrain` is what its map is drawn from; `since` is its last change, where that is known.
    """
    labels = Labels(captions, reader)
    title = labels.resource(thing.iri).text
    own = _groups(thing, thing.of_it, labels, inverse=False)
    kind = kind_of(thing.types)
    template, arrange = _PROFILES.get(kind, ("thing.html", None))
    query = _sheet(kind, thing, release)
    profile = arrange(thing, labels) if arrange else None
    figures = figure_groups(about(thing), thing, labels)
    goals = claims_of(thing, GOALS, labels)
    return render(
        template,
        reader,
        thing=thing,
        title=title,
        since=since,
        types=labels.resources(*labels.types(thing.iri)),
        names=[each for each in _names(thing) if each.value != title.value],
        sections=[(section, [group for of, group in own if of == section]) for section in SECTIONS],
        kind=kind,
        profile=profile,
        **_pictures(thing, profile, figures, goals, terrain or Terrain(), labels),
        figures=figures,
        goals=goals,
        judgements=claims_of(thing, JUDGEMENTS, labels),
        all_figures=_all_figures(thing, reader),
        contradictions=contradictions(thing, labels),
        elsewhere=[group for _, group in _groups(thing, thing.elsewhere, labels)],
        page_links=turns(
            thing.page,
            thing.pages,
            lambda number: f"{reader.link(path_of(thing), page=number)}#elsewhere",
        ),
        citation=_citation(thing, captions, release.version),
        excel=reader.link("/sparql", query=query, format="csv", excel="1"),
        open_query=reader.link("/sparql", query=query),
        schema_org=schema_org(thing, captions.get(thing.iri)),
        data=data_links(path_of(thing), reader),
    )


def _pictures(
    thing: Thing,
    profile: Any,
    figures: Sequence[FigureGroup],
    goals: Sequence[ClaimView],
    terrain: Terrain,
    labels: Labels,
) -> dict[str, Markup | None]:
    """Return the pictures of a profile by their names in the templates."""
    if isinstance(profile, ClusterProfile):
        return {
            "picture": cluster_map(thing, terrain, labels),
            "bars": set_bars(figures, labels),
            "strip": plan_strip(profile.plans, goals, thing, labels),
        }
    if isinstance(profile, PlaceProfile):
        return {"picture": place_map(thing, terrain, labels)}
    return {}


def path_of(thing: Thing) -> str:
    """Return the path of the document about a thing."""
    return f"/doc/{thing.slug}"


def _sheet(kind: str, thing: Thing, release: Release) -> str:
    """Return the query for most of the content of the page."""
    name, variable = _SHEETS.get(kind, ("", ""))
    if name in release.queries:
        return bind(release.queries[name].text, {variable: f"<{thing.iri}>"})
    return (
        "SELECT ?property ?value ?graph\nWHERE {\n"
        f"  GRAPH ?graph {{ <{thing.iri}> ?property ?value }}\n}}\n"
        "ORDER BY ?property ?value ?graph"
    )


def _citation(thing: Thing, captions: Mapping[str, Caption], version: str) -> Citation:
    """Return the citation: by its source for a figure or goal, by this graph for anything else."""
    caption = captions.get(thing.iri)
    names = caption.labels if caption else {}
    if kind_of(thing.types) in _CLAIMS:
        found = {
            lang: view_claim(thing.itself, thing, Labels(captions, Reader(lang))).proof.marks
            for lang in LANGUAGES
        }
        if all(found.values()):
            marks = {lang: each[0] for lang, each in found.items()}
            return cite_source(marks, pick(names, Reader()).value, thing.iri, version)
    return cite_record(sorted(names.items()), thing.iri, version)


def _all_figures(thing: Thing, reader: Reader) -> str:
    """Return the URL of a query for all figures about the thing."""
    query = (
        f"PREFIX kg: <{KG}>\n\nSELECT ?figure ?metric ?population ?bound ?value ?unit ?period\n"
        f"WHERE {{\n  ?figure kg:about <{thing.iri}> ; kg:metric ?metric ; kg:value ?value .\n"
        + "".join(
            f"  OPTIONAL {{ ?figure kg:{name} ?{name} }}\n"
            for name in ("population", "bound", "unit", "period")
        )
        + "}\nORDER BY ?metric ?figure"
    )
    return reader.link("/sparql", query=query, format="html")


def _names(thing: Thing) -> list[Text]:
    found = (
        text_of(fact.value)
        for predicate in _NAMES
        for fact in thing.of_it
        if fact.predicate == predicate
    )
    by_words: dict[str, Text] = {}
    for each in found:  # the same name is often written in both Chinese scripts
        by_words.setdefault(each.value, each)
    return list(by_words.values())


def _groups(
    thing: Thing, facts: Sequence[Fact], labels: Labels, *, inverse: bool = True
) -> list[tuple[str, Group]]:
    """Group facts by property, each with its section; equal facts of several graphs are one."""
    found: dict[str, dict[Term, list[Fact]]] = {}
    own = {(each.subject, each.value) for each in facts if each.predicate.startswith(KG)}
    for fact in facts:
        if fact.predicate not in _LEFT_OUT and not _is_redundant(fact, own):
            shown = fact.subject if inverse else fact.value
            found.setdefault(fact.predicate, {}).setdefault(shown, []).append(fact)
    groups = []
    for predicate, by_term in found.items():
        views = [
            FactView(labels.cell(term), prove(stated, thing.sources, labels))
            for term, stated in by_term.items()
        ]
        views.sort(key=lambda view: (view.proof.kind == "inferred", view.cell.text.value))
        more = None
        count = len(views) if inverse else thing.counts.get(predicate, 0)
        if len(views) < count:
            query = f"SELECT ?value WHERE {{ <{thing.iri}> <{predicate}> ?value }} ORDER BY ?value"
            more = labels.reader.link("/sparql", query=query, format="html")
        href = labels.resource(predicate).href
        proofs = {view.proof for view in views}
        proof = proofs.pop() if len(proofs) == 1 and len(views) > 1 else None
        name = labels.property_name(predicate)
        group = Group(name, href, tuple(views), proof, count, more)
        groups.append((section_of(predicate), group))
    return sorted(groups, key=lambda pair: pair[1].name.value)


def _is_redundant(fact: Fact, own: Container[tuple[Term, Term]]) -> bool:
    """Return whether a fact is inferred in another vocabulary from one of ours."""
    inferred = fact.graph == INFERRED and not fact.predicate.startswith(KG)
    return inferred and (fact.subject, fact.value) in own


def schema_org(thing: Thing, caption: Caption | None) -> Markup:
    """Describe a thing in schema.org, as the content of a data block."""
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": thing.iri,
        "@type": list(thing.schema_types) or "Thing",
        "identifier": [thing.iri],
        "url": f"{BASE}doc/{thing.slug}",
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": f"{BASE}doc/{thing.slug}",
            "license": LICENCE,
        },
    }
    labels = sorted(caption.labels.items()) if caption else []
    if labels:
        document["name"] = [{"@language": tag, "@value": words} for tag, words in labels]
    for predicate, name in _SCHEMA_ORG.items():
        values = {fact.value: None for fact in thing.of_it if fact.predicate == predicate}
        shown = [_value(each, name) for each in values][:_MAX_SCHEMA_VALUES]
        if shown:
            document[name] = [*document.get(name, ()), *shown]
    return data_block(document)


def _value(term: Term, name: str) -> Any:
    if term.is_iri:
        return term.value if name == "sameAs" else {"@id": term.value}
    return {"@language": term.lang, "@value": term.value} if term.lang else term.value


def render_preview(
    thing: IndexedThing,
    classes: Mapping[int, IndexedClass],
    passages: Sequence[str],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> str:
    """Render a thing with its names and types, and quotes of passages that mention it."""
    title = pick(thing.labels, reader)
    evidence = []
    for iri in passages[:PASSAGES]:
        caption = captions.get(iri)
        words = caption.words_for(frozenset({ID + thing.slug})) if caption else ()
        text = Labels(captions, reader).resource(iri).text
        evidence.append((address(iri, reader), text, words))
    return render(
        "preview.html",
        reader,
        title=title if title.value else Text(thing.slug),
        names=[Text(text, lang) for lang, text in thing.labels.items() if text != title.value],
        types=[pick(classes[each].labels, reader) for each in thing.types],
        description=pick(thing.description, reader),
        evidence=evidence,
        href=f"{reader.origin}{reader.link(f'/doc/{thing.slug}')}",
    )
