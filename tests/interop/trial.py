"""One tool tried on one release: what it counts, and where it answers unlike the endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from interop.release import FEW
from interop.tool import CACHE, ROOT, NotInstalled, Question, Refused, Tool
from jiqun import answers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from interop.release import Release

    Expected = Mapping[str, answers.Answer]

_LONGEST = 240


def try_tool(tool: Tool, release: Release, expected: Expected) -> dict[str, Any]:
    """Return the record of a tool, as results.json holds it."""
    record: dict[str, Any] = {
        "tool": tool.name,
        "registry": tool.registry,
        "package": tool.package,
        "release": release.name,
    }
    try:
        record["version"] = tool.version()
        record["counts"] = {
            name: _counted(count, release.files[name], release.holds[name])
            for name, count in tool.counts.items()
            if name in release.holds
        }
        record["checks"] = {
            name: _said(check, release.files[name])
            for name, check in tool.checks.items()
            if name in release.files
        }
        record["queries"] = {
            name: _asked(ask, release.files[name], _chosen(tool, name, release), expected)
            for name, ask in tool.answers.items()
            if name in release.files
        }
    except NotInstalled as reason:
        record["skipped"] = str(reason)
    return record


def _chosen(tool: Tool, file: str, release: Release) -> list[Question]:
    graphs = file.endswith((".nq", ".trig"))
    return [
        each
        for name, each in release.questions.items()
        if (name in FEW or not tool.few) and (graphs or not each.asks_graphs)
    ]


def _counted(count: Any, file: Path, holds: int) -> dict[str, Any]:
    try:
        return {"in": holds, "out": count(file)}
    except Refused as reason:
        return {"in": holds, "said": _short(str(reason))}


def _said(check: Any, file: Path) -> dict[str, str]:
    try:
        return {"found": check(file)}
    except Refused as reason:
        return {"said": _short(str(reason))}


def _asked(ask: Any, file: Path, questions: list[Question], expected: Expected) -> dict[str, Any]:
    try:
        found = ask(file, questions)
    except Refused as reason:
        return {"asked": len(questions), "said": _short(str(reason))}
    differs = {}
    for each in questions:
        if said := _difference(found[each.name], each, expected[each.name]):
            differs[each.name] = said
    return {"asked": len(questions), "agreed": len(questions) - len(differs), "differs": differs}


def _difference(raw: bytes | Refused, question: Question, ours: answers.Answer) -> list[str]:
    """Say what differs, with a row that is missing and one that is too many."""
    if isinstance(raw, Refused):
        return [f"refused: {_short(str(raw))}"]
    try:
        theirs = answers.read(raw, question.form)
    except (ValueError, SyntaxError, KeyError) as error:
        return [f"not readable: {_short(str(error))}"]
    said = answers.difference(ours, theirs)
    return [said, *map(_short, answers.examples(ours, theirs))] if said else []


def _short(text: str) -> str:
    """Return the first words of a message, without anything of this machine or this moment."""
    plain = text.replace(str(CACHE), ".interop").replace(str(ROOT), ".")
    plain = re.sub(r"\d{2}:\d{2}:\d{2}(\.\d+)?", "", plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST].rsplit(" ", 1)[0] + " …"
