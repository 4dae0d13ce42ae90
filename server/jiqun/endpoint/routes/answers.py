"""Internal queries: what pages and descriptions ask the graph, through the same engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jiqun.endpoint.answers.questions import Question
from jiqun.endpoint.terms import Term, term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from jiqun.endpoint.answers.service import Service


async def select(
    request: Request, text: str, substitutions: Mapping[str, str] | None = None
) -> list[dict[str, Term]]:
    """Run a SELECT query and give its rows: variable -> term; unbound variables are absent.

    `substitutions` binds variables (without question mark) to terms in N-Triples syntax. Answers
    are cached like everybody's. Raises what the engine raises.
    """
    client = request.client.host if request.client else ""
    return await select_from(request.app.state.service, text, substitutions, client)


async def select_from(
    service: Service,
    text: str,
    substitutions: Mapping[str, str] | None = None,
    client: str = "",
) -> list[dict[str, Term]]:
    """Do as `select`, where there is no request."""
    question = Question(text=text, substitutions=substitutions or {}, client=client)
    document: dict[str, Any] = json.loads(await service.collect(question))
    return [
        {name: term(value) for name, value in binding.items()}
        for binding in document["results"]["bindings"]
    ]
