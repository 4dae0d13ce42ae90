"""Lists with pictures: clusters, places, companies, plans and figures; comparisons and networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from jiqun.web.documents import respond
from jiqun.web.http import header
from jiqun.web.metadata.openapi import METHODS, found, problems
from jiqun.web.negotiation import Choice, negotiate
from jiqun.web.pages.clusters_page import clusters_document
from jiqun.web.pages.companies_page import companies_document
from jiqun.web.pages.compare_page import Comparison, compare_document
from jiqun.web.pages.figures_page import figures_document
from jiqun.web.pages.listing import LIST_FORMS, Selection
from jiqun.web.pages.network_page import network_document
from jiqun.web.pages.places_page import places_document
from jiqun.web.pages.plans_page import plans_document
from jiqun.web.pages.timeline_page import PICTURE_FORMS, timeline_document
from jiqun.web.routes.parameters import (
    PageNumber,
    PageReader,
    Root,
    check_query_string,
    format_query,
)

router = APIRouter(
    default_response_class=Response, tags=["lists"], dependencies=[Depends(check_query_string)]
)

Facets = tuple[tuple[str, str], ...]
ListFormat = Annotated[str | None, format_query(LIST_FORMS)]
Sort = Annotated[
    str, Query(description="A column to sort by, with a minus sign for the largest first.")
]
Excel = Annotated[bool, Query(description="Write the CSV for spreadsheet programs.")]


@dataclass(frozen=True)
class Wanted:
    """How a list is wanted: its form and order."""

    choice: Choice
    selection: Selection

    def of(self, facets: Facets) -> Selection:
        """Return the selection with facets."""
        return replace(self.selection, facets=facets)


async def read_form(
    request: Request,
    named: Annotated[str | None, format_query(PICTURE_FORMS)] = None,
) -> Choice:
    """Return whether a page or its picture is wanted; raises `NotAcceptable`."""
    return negotiate(header(request.scope, b"accept"), named, PICTURE_FORMS)


async def read_wanted(
    request: Request,
    sort: Sort = "",
    page: PageNumber = 1,
    excel: Excel = False,
    named: ListFormat = None,
) -> Wanted:
    """Return how a list is wanted; raises `BadParameter` and `NotAcceptable`."""
    choice = negotiate(header(request.scope, b"accept"), named, LIST_FORMS)
    return Wanted(choice, Selection((), sort, page, excel))


PictureForm = Annotated[Choice, Depends(read_form)]
AsWanted = Annotated[Wanted, Depends(read_wanted)]


def facet(description: str) -> Any:
    """Return the declaration of a parameter that narrows a list."""
    return Query(description=f"{description} A slug or a name in any of the languages.")


_PICTURED: Final = found("The page, or its picture", PICTURE_FORMS) | problems(404, 406)


def responses(description: str) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a list."""
    return found(description, LIST_FORMS) | problems(406)


async def cluster_facets(
    province: Annotated[str, facet("The province.")] = "",
    field: Annotated[str, facet("The field of industry.")] = "",
    year: Annotated[str, facet("The year of the list, or `unproven`.")] = "",
    extent: Annotated[str, facet("`one` or `several` provinces.")] = "",
    figures: Annotated[str, facet("`yes` if there are figures, or `no`.")] = "",
    grade: Annotated[str, facet("The best grade of the sources of its title.")] = "",
) -> Facets:
    """Return the facets of the list of clusters."""
    return (
        ("province", province),
        ("field", field),
        ("year", year),
        ("extent", extent),
        ("figures", figures),
        ("grade", grade),
    )


@router.api_route(
    "/clusters", methods=METHODS, summary="List the clusters", responses=responses("The clusters")
)
async def list_clusters(
    request: Request,
    root: Root,
    reader: PageReader,
    wanted: AsWanted,
    facets: Annotated[Facets, Depends(cluster_facets)],
) -> Response:
    """List the clusters with map and table, with the candidates that no source proves."""
    selection = wanted.of(facets)
    return await respond(request, clusters_document, reader, wanted.choice, selection, root)


async def place_facets(
    level: Annotated[
        str, facet("The administrative level: a class such as `ProvinceLevelDivision`.")
    ] = "",
    area: Annotated[str, facet("The region that holds it.")] = "",
    clusters: Annotated[str, facet("`yes` if it has a cluster, or `no`.")] = "",
    figures: Annotated[str, facet("`yes` if there are figures, or `no`.")] = "",
) -> Facets:
    """Return the facets of the list of places."""
    return (
        ("level", level),
        ("area", area),
        ("clusters", clusters),
        ("figures", figures),
    )


@router.api_route(
    "/places", methods=METHODS, summary="List the places", responses=responses("The places")
)
async def list_places(
    request: Request,
    root: Root,
    reader: PageReader,
    wanted: AsWanted,
    facets: Annotated[Facets, Depends(place_facets)],
) -> Response:
    """List the provinces, and the other places that have a cluster or a figure."""
    selection = wanted.of(facets)
    return await respond(request, places_document, reader, wanted.choice, selection, root)


async def company_facets(
    kind: Annotated[str, facet("`Company` or `Brand`.")] = "",
    cluster: Annotated[str, facet("The cluster.")] = "",
    role: Annotated[str, facet("The role in the cluster.")] = "",
    province: Annotated[str, facet("The province.")] = "",
) -> Facets:
    """Return the facets of the list of companies."""
    return (
        ("kind", kind),
        ("cluster", cluster),
        ("role", role),
        ("province", province),
    )


@router.api_route(
    "/companies",
    methods=METHODS,
    summary="List the companies",
    responses=responses("The companies"),
)
async def list_companies(
    request: Request,
    root: Root,
    reader: PageReader,
    wanted: AsWanted,
    facets: Annotated[Facets, Depends(company_facets)],
) -> Response:
    """List the companies and brands with the clusters that they are said to be in."""
    selection = wanted.of(facets)
    return await respond(request, companies_document, reader, wanted.choice, selection, root)


async def plan_facets(
    kind: Annotated[str, facet("The class, such as `PolicyDocument`.")] = "",
    by: Annotated[str, facet("Who issued or conducts it.")] = "",
    subject: Annotated[str, facet("What it is about.")] = "",
    dated: Annotated[str, facet("`yes` if it has a date, or `no`.")] = "",
) -> Facets:
    """Return the facets of the list of plans."""
    return (
        ("kind", kind),
        ("by", by),
        ("subject", subject),
        ("dated", dated),
    )


@router.api_route(
    "/plans", methods=METHODS, summary="List the plans", responses=responses("The plans")
)
async def list_plans(
    request: Request,
    root: Root,
    reader: PageReader,
    wanted: AsWanted,
    facets: Annotated[Facets, Depends(plan_facets)],
) -> Response:
    """List plans, programmes, mechanisms and initiatives on lanes of time."""
    selection = wanted.of(facets)
    return await respond(request, plans_document, reader, wanted.choice, selection, root)


async def figure_facets(
    metric: Annotated[str, facet("The metric.")] = "",
    kind: Annotated[str, facet("`cluster`, `place`, `company`, `group` or `other`.")] = "",
    bound: Annotated[str, facet("The bound, such as `exact`.")] = "",
    period: Annotated[str, facet("The year, or `undated`.")] = "",
    about: Annotated[str, facet("What the figure is about.")] = "",
) -> Facets:
    """Return the facets of the list of figures."""
    return (
        ("metric", metric),
        ("kind", kind),
        ("bound", bound),
        ("period", period),
        ("about", about),
    )


@router.api_route(
    "/figures", methods=METHODS, summary="List the figures", responses=responses("The figures")
)
async def list_figures(
    request: Request,
    root: Root,
    reader: PageReader,
    wanted: AsWanted,
    facets: Annotated[Facets, Depends(figure_facets)],
) -> Response:
    """List the figures with their bounds, periods and words."""
    selection = wanted.of(facets)
    return await respond(request, figures_document, reader, wanted.choice, selection, root)


@router.api_route(
    "/compare", methods=METHODS, summary="Compare clusters by a metric", responses=_PICTURED
)
async def compare(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    metric: Annotated[str, Query(description="A metric, such as `output-value`.")] = "",
    period: Annotated[str, Query(description="A year, or `undated`.")] = "",
    bound: Annotated[str, Query(description="A bound, such as `exact`.")] = "",
) -> Response:
    """Compare the figures of a metric on one axis; those that do not compare stand apart."""
    comparison = Comparison(metric, period, bound)
    return await respond(request, compare_document, reader, choice, comparison, root)


@router.api_route(
    "/timeline", methods=METHODS, summary="Show what has a time in lanes", responses=_PICTURED
)
async def show_timeline(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    at: Annotated[str, Query(description="A year, month or day, such as 2028.")] = "",
) -> Response:
    """Show lists, rounds, plans, goals and sources in lanes, and what holds at a time."""
    return await respond(request, timeline_document, reader, choice, at, root)


@router.api_route(
    "/network", methods=METHODS, summary="Show what is tied to a cluster", responses=_PICTURED
)
async def show_network(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    of: Annotated[str, Query(description="The slug of a cluster, an agent or a company.")] = "",
) -> Response:
    """Show a cluster with its applicants, companies and places, or an agent with its clusters."""
    return await respond(request, network_document, reader, choice, of, root)
