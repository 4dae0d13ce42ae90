"""Questions in a folder of files, for programs that are started once and answer them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from interop.tool import Question, Refused, fresh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Answers = Mapping[str, bytes | Refused]

_SECONDS = 60
_MOST_BYTES = 64 * 2**20


def write(folder: Path, questions: list[Question]) -> Path:
    """Write each question to `<name>.rq` in an empty folder; return the folder."""
    fresh(folder)
    for each in questions:
        (folder / f"{each.name}.rq").write_text(each.text, "utf-8")
    return folder


def read(folder: Path, questions: list[Question]) -> Answers:
    """Return the content of `<name>.json` or `.nt`, or the reason in `.error`."""
    return {each.name: _read(folder, each.name) for each in questions}


def _read(folder: Path, name: str) -> bytes | Refused:
    for ending in ("json", "nt"):
        path = folder / f"{name}.{ending}"
        if path.exists():
            if path.stat().st_size > _MOST_BYTES:
                return Refused(f"an answer of over {_MOST_BYTES // 2**20} MiB")
            return path.read_bytes()
    path = folder / f"{name}.error"
    return Refused(path.read_text("utf-8") if path.exists() else "no answer")


def over_http(url: str, questions: list[Question]) -> Answers:
    """Query an endpoint (SPARQL 1.1 Protocol, section 2.1.2)."""
    with httpx.Client(timeout=_SECONDS) as client:
        return {each.name: _ask(client, url, each) for each in questions}


def _ask(client: httpx.Client, url: str, question: Question) -> bytes | Refused:
    graph = question.form in {"CONSTRUCT", "DESCRIBE"}
    accept = "application/n-triples" if graph else "application/sparql-results+json"
    try:
        reply = client.post(url, data={"query": question.text}, headers={"Accept": accept})
    except httpx.HTTPError as error:
        return Refused(f"{type(error).__name__}: {error}")
    return reply.content if reply.is_success else Refused(reply.text)
