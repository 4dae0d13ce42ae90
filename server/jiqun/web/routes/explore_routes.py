"""Lists with pictures: clusters, places, companies, plans and figures; comparisons and networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from jiqun.language import Reader
from jiqun.web.documents import Context, Document, respond
from jiqun.web.http import header
from jiqun.web.metadata.openapi import found, problems, query_parameter
from jiqun.web.negotiation import Choice, negotiate
from jiqun.web.pages.clusters_page import clusters_document
from jiqun.web.pages.companies_page import companies_document
from jiqun.web.pages.compare_page import compare_document
from jiqun.web.pages.figures_page import figures_document
from jiqun.web.pages.listing import LIST_FORMS, Selection
from jiqun.web.pages.network_page import network_document
from jiqun.web.pages.places_page import places_document
from jiqun.web.pages.plans_page import plans_document
from jiqun.web.pages.timeline_page import PICTURE_FORMS, timeline_document
from jiqun.web.routes.parameters import (
    PageNumber,
    PageReader,
    ReadRoute,
    Root,
    check_parameters,
    format_query,
)

router = APIRouter(
    route_class=ReadRoute,
    default_response_class=Response,
    tags=["lists"],
    dependencies=[Depends(check_parameters)],
)

ListFormat = Annotated[str | None, format_query(LIST_FORMS)]
Sort = Annotated[
    str, Query(description="A column to sort by, with a minus sign for the largest first.")
]
Excel = Annotated[bool, Query(description="Write the CSV for spreadsheet programs.")]
_PICTURED: Final = found("The page, or its picture", PICTURE_FORMS) | problems(404, 406)


@dataclass(frozen=True)
class Wanted:
    """The requested form, order and page of a list."""

    choice: Choice
    selection: Selection


async def read_form(
    request: Request,
    named: Annotated[str | None, format_query(PICTURE_FORMS)] = None,
) -> Choice:
    """Return whether a page or its picture is requested; raises `NotAcceptable`."""
    return negotiate(header(request.scope, b"accept"), named, PICTURE_FORMS)


async def read_wanted(
    request: Request,
    sort: Sort = "",
    page: PageNumber = 1,
    excel: Excel = False,
    named: ListFormat = None,
) -> Wanted:
    """Return the requested form of a list; raises `BadParameter` and `NotAcceptable`."""
    choice = negotiate(header(request.scope, b"accept"), named, LIST_FORMS)
    return Wanted(choice, Selection((), sort, page, excel))


PictureForm = Annotated[Choice, Depends(read_form)]
AsWanted = Annotated[Wanted, Depends(read_wanted)]


def add_list(
    document: Callable[[Context, Reader, Choice, Selection, str], Document],
    things: str,
    description: str,
    facets: Mapping[str, str],
) -> None:
    """Add the route of a list of `things`, filtered by `facets`.

    `facets` maps names to descriptions; a value is a slug or a name in any of the languages.
    """

    async def show_list(
        request: Request, root: Root, reader: PageReader, wanted: AsWanted
    ) -> Response:
        given = tuple((facet, request.query_params.get(facet, "")) for facet in facets)
        selection = replace(wanted.selection, facets=given)
        return await respond(request, document, reader, wanted.choice, selection, root)

    parameters = [
        query_parameter(
            facet,
            f"{meaning} A slug or a name in any of the languages.",
            {"type": "string", "default": ""},
        )
        for facet, meaning in facets.items()
    ]
    router.add_api_route(
        f"/{things}",
        show_list,
        name=f"list_{things}",
        summary=f"List the {things}",
        description=description,
        responses=found(f"The {things}", LIST_FORMS) | problems(406),
        openapi_extra={"parameters": parameters},
    )


add_list(
    clusters_document,
    "clusters",
    "List the clusters with map and table, including candidates that no source confirms.",
    {
        "province": "The province.",
        "field": "The field of industry.",
        "year": "The year of the list, or `unproven`.",
        "extent": "`one` or `several` provinces.",
        "figures": "`yes` if there are figures, or `no`.",
        "grade": "The best grade of the sources of its title.",
    },
)
add_list(
    places_document,
    "places",
    "List the provinces, and the other places that have a cluster or a figure.",
    {
        "level": "The administrative level: a class such as `ProvinceLevelDivision`.",
        "area": "The region that contains it.",
        "clusters": "`yes` if it has a cluster, or `no`.",
        "figures": "`yes` if there are figures, or `no`.",
    },
)
add_list(
    companies_document,
    "companies",
    "List the companies and brands with the clusters that sources place them in.",
    {
        "kind": "`Company` or `Brand`.",
        "cluster": "The cluster.",
        "role": "The role in the cluster.",
        "province": "The province.",
    },
)
add_list(
    plans_document,
    "plans",
    "List plans, programmes, mechanisms and initiatives on lanes of time.",
    {
        "kind": "The class, such as `PolicyDocument`.",
        "by": "Who issued or conducts it.",
        "subject": "What it is about.",
        "dated": "`yes` if it has a date, or `no`.",
    },
)
add_list(
    figures_document,
    "figures",
    "List the figures with their bounds, periods and words.",
    {
        "metric": "The metric.",
        "kind": "`cluster`, `place`, `company`, `group` or `other`.",
        "bound": "The bound, such as `exact`.",
        "period": "The year, or `undated`.",
        "about": "What the figure is about.",
    },
)


@router.get("/compare", summary="Compare clusters by a metric", responses=_PICTURED)
async def compare(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    metric: Annotated[str, Query(description="A metric, such as `output-value`.")] = "",
    period: Annotated[str, Query(description="A year, or `undated`.")] = "",
    bound: Annotated[str, Query(description="A bound, such as `exact`.")] = "",
) -> Response:
    """Compare the figures of a metric on one axis; figures that are not comparable are separate."""
    selection = Selection((("metric", metric), ("period", period), ("bound", bound)))
    return await respond(request, compare_document, reader, choice, selection, root)


@router.get("/timeline", summary="Show the timeline", responses=_PICTURED)
async def show_timeline(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    at: Annotated[str, Query(description="A year, month or day, such as 2028.")] = "",
) -> Response:
    """Show lists, rounds, plans, goals and sources in lanes, and what applies at a time."""
    return await respond(request, timeline_document, reader, choice, at, root)


@router.get("/network", summary="Show the network of a cluster", responses=_PICTURED)
async def show_network(
    request: Request,
    root: Root,
    reader: PageReader,
    choice: PictureForm,
    of: Annotated[str, Query(description="The slug of a cluster, an agent or a company.")] = "",
) -> Response:
    """Show a cluster with its applicants, companies and places, or an agent with its clusters."""
    return await respond(request, network_document, reader, choice, of, root)
