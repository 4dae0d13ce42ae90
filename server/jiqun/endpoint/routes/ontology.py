"""`/ontology`: the documentation of every class and property, and the ontology as data.

A term is `…/ontology#Cluster`, so that one document tells of all of them. `/ontology/0.1.0` is the
version that `owl:versionIRI` names.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.requests import reader_of
from jiqun.endpoint.linked.documents import SUFFIXES, Name, read_name
from jiqun.endpoint.linked.ontology import read_statements, terms_of
from jiqun.endpoint.pages.ontology import OntologyCard, render_ontology
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body, document_at, form_of, page_body, send
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound
from jiqun.vocabulary import BASE

router = APIRouter(tags=["ontology"])

_METHODS: Final = ["GET", "HEAD"]
_IRI: Final = f"{BASE}ontology"
_ONTOLOGY: Final = "http://www.w3.org/2002/07/owl#Ontology"


@router.api_route("/ontology", methods=_METHODS, summary="Show the ontology")
async def show_ontology(request: Request) -> Response:
    """Document the classes and properties as a page, or give the ontology as data."""
    return await _send(request, Name("ontology"), "/ontology", _IRI)


@router.api_route("/ontology.{suffix}", methods=_METHODS, summary="Get a form of the ontology")
async def show_form(request: Request, suffix: str) -> Response:
    """Give the ontology in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    name = read_name(f"ontology.{suffix}")
    if name.form is None:
        listed = " ".join(f".{each}" for each in SUFFIXES)
        raise NotFound(f"/ontology has no form .{shorten(suffix)}. There are: {listed}")
    return await _send(request, name, "/ontology", _IRI)


@router.api_route("/ontology/{version}", methods=_METHODS, summary="Show a version of the ontology")
async def show_version(request: Request, version: str) -> Response:
    """Do as `/ontology`, for the version that this release holds."""
    name = read_name(version)
    held = _version(request)
    if not held or name.slug != held:
        has = f"It holds {held}: /ontology/{held}" if held else "It names none."
        raise NotFound(
            f"There is no version {shorten(version)} of the ontology in this release. {has}"
        )
    return await _send(request, name, f"/ontology/{held}", f"{_IRI}/{held}")


async def _send(request: Request, name: Name, path: str, iri: str) -> Response:
    choice = form_of(request, name)
    document = document_at(request, path, iri, [_ONTOLOGY])
    reader = reader_of(request.scope, request.app.state.settings)
    card = OntologyCard(path, _IRI, _version(request))

    async def make() -> bytes:
        core = await read_statements(partial(select, request))
        if choice.format is not HTML:
            return data_body(core, choice)
        aligned = await read_statements(partial(select, request), ["alignments"])
        terms = terms_of(core, aligned, request.app.state.release.queries.values())
        return page_body(render_ontology(card, terms, reader))

    state = request.app.state
    if state.writing is not None:  # what users write may be about terms too
        return send(request, await make(), document, choice)
    wanted = reader if choice.format is HTML else choice.format
    body = await state.kept.get((state.release.identifier, card, wanted), make)
    return send(request, body, document, choice)


def _version(request: Request) -> str:
    iri = str(request.app.state.release.ontology.get("versionIRI", ""))
    return iri.removeprefix(f"{_IRI}/") if iri.startswith(f"{_IRI}/") else ""
