"""Answers as pages: the rows, or the graph, of any query."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.http.formats import JSON, TURTLE
from jiqun.endpoint.pages.reading import read_captions
from jiqun.endpoint.pages.results import Outcome, read_outcome
from jiqun.endpoint.routes.answers import select_from

if TYPE_CHECKING:
    from jiqun.endpoint.answers.questions import Question
    from jiqun.endpoint.answers.service import Service
    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.terms import Term

PAGE_ROWS: Final = 1000
"""Rows or triples that a page shows; the formats for programs give them all."""


async def read_answer(service: Service, question: Question) -> tuple[Outcome, dict[str, Caption]]:
    """Evaluate a question for a page: what came out, and the captions of the things in it."""
    started = time.perf_counter()
    question = await service.screen(question)
    form = service.inspect(question.text).form
    if form in {"SELECT", "ASK"}:
        body = await service.collect(replace(question, max_rows=PAGE_ROWS + 1), JSON)
        outcome = read_outcome(body)
        truncated = len(outcome.rows) > PAGE_ROWS
        outcome = replace(outcome, rows=outcome.rows[:PAGE_ROWS], truncated=truncated)
    else:
        body = await service.collect(replace(question, max_rows=PAGE_ROWS), TURTLE)
        outcome = Outcome(graph=body.decode())
    outcome = replace(outcome, milliseconds=(time.perf_counter() - started) * 1000)
    return outcome, await captions(service, outcome, question.client)


async def captions(service: Service, outcome: Outcome, client: str) -> dict[str, Caption]:
    """Read the captions of everything that stands in an answer."""

    async def select(text: str) -> list[dict[str, Term]]:
        return await select_from(service, text, client=client)

    return await read_captions(select, outcome.iris())
