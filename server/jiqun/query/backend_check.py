"""Checks that the backend holds the release and answers as the endpoint needs it.

Each error message gives the expected and the actual value, and what to do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Final
from urllib.parse import urlencode

from jiqun.errors import ReleaseError
from jiqun.outbound.backend import Backend, BackendError
from jiqun.rdf.namespaces import DATASET, DCAT
from jiqun.release import Release

_LOG: Final = logging.getLogger(__name__)
_IN_DEFAULT: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
_IN_NAMED: Final = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
_VERSION: Final = f"SELECT ?version WHERE {{ <{DATASET}> <{DCAT}version> ?version }}"
_TAGGED: Final = (
    'SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isIRI(?s) && CONTAINS(LANG(?o), "-")) } LIMIT 1'
)
_ENDLESS: Final = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
_GRACE_SECONDS: Final = 5.0


async def check_backend(backend: Backend, release: Release, url: str = "") -> None:
    """Compare the backend with the release; raises `ReleaseError` with the reason.

    `url` is that of another dataset than the one in use. Harmless differences are logged.
    """
    document, headers = await _ask(backend, "ASK {}", url)
    if document.get("boolean") is not True:
        raise _unfit("It answers ASK with a table instead of a boolean")
    served = headers.get("jiqun-release")
    if served and release.identifier and served != release.identifier:
        raise _unfit(
            f"It serves the release {served[:12]}, this server {release.identifier[:12]}: load the "
            "same into both"
        )
    await _check_count(backend, _IN_DEFAULT, "triples", "the default graph", release, url)
    await _check_count(backend, _IN_NAMED, "quads", "the named graphs", release, url)
    versions = await _rows(backend, _VERSION, url)
    if versions and versions[0]["version"]["value"] != release.version:
        raise _unfit(
            f"It holds version {versions[0]['version']['value']} of the dataset, the release is "
            f"version {release.version}: load the release"
        )
    await _note_tags(backend, url)


async def check_limit(backend: Backend) -> None:
    """Log an error when the backend runs a query beyond its expected time limit."""
    seconds = backend.options.seconds
    if backend.options.dialect.stops_when_closed:
        return
    try:
        async with asyncio.timeout(seconds + _GRACE_SECONDS):
            await _rows(backend, _ENDLESS)
    except TimeoutError:
        _LOG.error(
            "The backend did not stop a query after %g s. Set its own time limit to that, or "
            "JIQUN_BACKEND_SECONDS to its limit: abandoned queries keep running there.",
            seconds,
        )
    except ReleaseError:
        _LOG.info("The backend enforces its time limit.")


async def _check_count(
    backend: Backend, query: str, name: str, place: str, release: Release, url: str
) -> None:
    expected = release.counts.get(name)
    if expected is None:
        return
    found = int((await _rows(backend, query, url))[0]["n"]["value"])
    if found != expected:
        raise _unfit(
            f"It has {found} {name} in {place}, the release has {expected}: load jiqun.nq of the "
            "release into an empty dataset whose default graph is not the union of the named graphs"
        )


async def _note_tags(backend: Backend, url: str) -> None:
    """Log when the backend compares language tags case-sensitively, unlike RDF 1.1."""
    rows = await _rows(backend, _TAGGED, url)
    if not rows:
        return
    row = rows[0]
    text, tag = json.dumps(row["o"]["value"], ensure_ascii=False), row["o"]["xml:lang"]
    pattern = f"<{row['s']['value']}> <{row['p']['value']}> {text}"
    for other in {tag.lower(), tag.upper()} - {tag}:
        document, _ = await _ask(backend, f"ASK {{ {pattern}@{other} }}", url)
        if not document.get("boolean"):
            _LOG.warning(
                "The backend compares language tags case-sensitively: it has %s, but %s finds "
                "nothing.",
                tag,
                other,
            )
            return


async def _rows(backend: Backend, query: str, url: str = "") -> list[dict[str, Any]]:
    document, _ = await _ask(backend, query, url)
    try:
        return list(document["results"]["bindings"])
    except (KeyError, TypeError):
        raise _unfit("Its response to a SELECT query is not a SPARQL result") from None


async def _ask(backend: Backend, query: str, url: str) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        async with backend.ask(urlencode([("query", query)]).encode(), url) as answer:
            body = b"".join([block async for block in answer.blocks])
        return dict(json.loads(body)), answer.headers
    except BackendError as error:
        raise _unfit(str(error).removesuffix(".")) from None
    except ValueError:
        raise _unfit("Its response is not JSON") from None


def _unfit(reason: str) -> ReleaseError:
    return ReleaseError(f"The backend cannot be used. {reason}.")
