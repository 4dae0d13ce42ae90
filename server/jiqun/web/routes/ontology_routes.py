"""`/ontology`: the documentation of every class and property, and the ontology as data.

A term is `…/ontology#Cluster`, so that one document tells of all of them. `/ontology/0.1.0` is the
version that `owl:versionIRI` names; a release holds every version as a file that stays as it is.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import NotFound, shorten
from jiqun.rdf.formats import HTML, OWL_FUNCTIONAL, TURTLE
from jiqun.rdf.namespaces import BASE
from jiqun.release import Dump
from jiqun.web.http import reader_of
from jiqun.web.linked_data.documents import ONTOLOGY_SUFFIXES, Name, list_suffixes, read_name
from jiqun.web.linked_data.ontology_terms import (
    read_statements,
    read_version,
    terms_of,
    versions_of,
)
from jiqun.web.linked_data.serialization import Statement
from jiqun.web.negotiation import Choice
from jiqun.web.pages.ontology_page import OntologyCard, render_ontology
from jiqun.web.routes.document_responses import data_body, document_at, form_of, page_body, send
from jiqun.web.routes.sparql_routes import select

router = APIRouter(tags=["ontology"])

_METHODS: Final = ["GET", "HEAD"]
_IRI: Final = f"{BASE}ontology"
_ONTOLOGY: Final = "http://www.w3.org/2002/07/owl#Ontology"


@router.api_route("/ontology", methods=_METHODS, summary="Show the ontology")
async def show_ontology(request: Request) -> Response:
    """Document the classes and properties as a page, or give the ontology as data."""
    return await _show_current(request, Name("ontology"))


@router.api_route("/ontology.{suffix}", methods=_METHODS, summary="Get a form of the ontology")
async def show_form(request: Request, suffix: str) -> Response:
    """Give the ontology in the form of the suffix: html, ttl, jsonld, json, rdf, nt or ofn."""
    name = read_name(f"ontology.{suffix}", ONTOLOGY_SUFFIXES)
    if name.form is None:
        raise _no_form("/ontology", suffix)
    return await _show_current(request, name)


@router.api_route("/ontology/{version}", methods=_METHODS, summary="Show a version of the ontology")
async def show_version(request: Request, version: str) -> Response:
    """Do as `/ontology`, for a version that this release holds."""
    name = read_name(version, ONTOLOGY_SUFFIXES)
    files = versions_of(request.app.state.release).get(name.slug)
    if files is None:
        raise await _no_version(request, version)
    path, choice = f"/ontology/{name.slug}", form_of(request, name, ONTOLOGY_SUFFIXES)
    turtle = await asyncio.to_thread(files["ttl"].path.read_bytes)
    if choice.format is TURTLE:
        body = turtle
    elif choice.format is OWL_FUNCTIONAL:
        body = await _functional(path, files)
    else:
        said = await asyncio.to_thread(read_version, turtle)
        body = await _make(request, path, name.slug, said, choice)
    return _send(request, path, f"{_IRI}/{name.slug}", body, choice)


async def _show_current(request: Request, name: Name) -> Response:
    choice = form_of(request, name, ONTOLOGY_SUFFIXES)
    version = _version(request)
    if choice.format is OWL_FUNCTIONAL:
        files = versions_of(request.app.state.release).get(version, {})
        body = await _functional("/ontology", files)
    else:
        core = await read_statements(partial(select, request))
        body = await _make(request, "/ontology", version, core, choice)
    return _send(request, "/ontology", _IRI, body, choice)


async def _make(
    request: Request, path: str, version: str, core: list[Statement], choice: Choice
) -> bytes:
    """Make a form of the ontology that says `core`, or take the one that was made before."""
    state = request.app.state
    reader = reader_of(request.scope, state.settings)
    current = version == _version(request)
    card = OntologyCard(
        path,
        _IRI,
        version,
        versions=tuple(reversed(versions_of(state.release))),
        former=path != "/ontology" and not current,
    )

    async def make() -> bytes:
        if choice.format is not HTML:
            return data_body(core, choice)
        aligned = await read_statements(partial(select, request), ["alignments"])
        queries = state.release.queries.values() if current else ()
        terms = terms_of(core, aligned if current else (), queries)
        return page_body(render_ontology(card, terms, reader))

    if state.writing is not None:  # what users write may be about terms too
        return await make()
    wanted = reader if choice.format is HTML else choice.format
    body: bytes = await state.kept.get((state.release.identifier, card, wanted), make)
    return body


def _send(request: Request, path: str, iri: str, body: bytes, choice: Choice) -> Response:
    document = document_at(request, path, iri, [_ONTOLOGY], ONTOLOGY_SUFFIXES)
    if path != "/ontology":
        document = replace(document, latest=f"{document.root}/ontology")
    return send(request, body, document, choice)


async def _functional(path: str, files: dict[str, Dump]) -> bytes:
    if "ofn" not in files:
        raise _no_form(path, "ofn")
    return await asyncio.to_thread(files["ofn"].path.read_bytes)


async def _no_version(request: Request, text: str) -> NotFound:
    held = list(versions_of(request.app.state.release))
    slug, _, suffix = text.rpartition(".")
    if slug in held:
        return _no_form(f"/ontology/{slug}", suffix)
    core = await read_statements(partial(select, request))
    if any(each.subject.value == f"{_IRI}#{text}" for each in core):
        return NotFound(f"Terms are fragments of the ontology: /ontology#{text}")
    has = (
        f"It holds: {' '.join(f'/ontology/{each}' for each in held)}" if held else "It holds none."
    )
    return NotFound(f"There is no version {shorten(text)} of the ontology in this release. {has}")


def _no_form(path: str, suffix: str) -> NotFound:
    listed = list_suffixes(ONTOLOGY_SUFFIXES)
    return NotFound(f"{path} has no form .{shorten(suffix)}. There are: {listed}")


def _version(request: Request) -> str:
    iri = str(request.app.state.release.ontology.get("versionIRI", ""))
    return iri.removeprefix(f"{_IRI}/") if iri.startswith(f"{_IRI}/") else ""
