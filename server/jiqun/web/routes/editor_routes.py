"""What a query editor needs: the vocabulary of the release."""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import NotFound
from jiqun.rdf.formats import PLAIN_JSON
from jiqun.web.documents import Context, Document, respond
from jiqun.web.metadata.openapi import METHODS, found, problems

router = APIRouter(tags=["sparql"], default_response_class=Response)

_VARY: Final = {"Vary": "Accept-Encoding"}


@router.api_route(
    "/vocab.json",
    methods=METHODS,
    summary="List the terms with their labels and use",
    responses=found("The terms", [PLAIN_JSON]) | problems(404),
)
async def show_vocabulary(request: Request) -> Response:
    """List prefixes, classes and properties with labels and counts, and the use by class."""
    return await respond(request, vocabulary_document)


def vocabulary_document(context: Context) -> Document:
    """Return `vocab.json` of the release; raises `NotFound` for a release without it."""
    vocabulary = context.release.vocabulary
    if not vocabulary:
        raise NotFound("This release has no list of terms. Build it again with `jiqun build`.")
    body = json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")).encode()
    return Document(body, PLAIN_JSON.media_type, headers=_VARY)
