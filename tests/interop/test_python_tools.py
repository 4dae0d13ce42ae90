"""What `make test` repeats of `make interop`: the tools that are Python packages, where quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.tool import NotInstalled
from interop.tools import TOOLS
from jiqun import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.release import Release
    from interop.tool import Tool

SLOW = {"jiqun.nt", "jiqun.rdf", "jiqun.nq", "jiqun.trig", "jiqun.jsonld", "evidence.ttl"}
"""What takes rdflib many seconds each; the answers below are from jiqun.nt."""
ASKED = (
    "is-national-cluster",
    "provinces-without-cluster",
    "application-network",
)
COUNTS = [
    (tool, file)
    for tool in TOOLS
    if tool.python
    for file in tool.counts
    if not (tool.name == "rdflib" and file in SLOW) and tool.name != "PyLD"
]


@pytest.mark.parametrize(("tool", "file"), COUNTS, ids=lambda each: getattr(each, "name", each))
def test_as_much_comes_out_as_is_in_the_file(release: Release, tool: Tool, file: str) -> None:
    try:
        tool.version()
    except NotInstalled as reason:
        pytest.skip(str(reason))
    assert tool.counts[file](release.files[file]) == release.holds[file]


def test_rdflib_answers_as_the_endpoint_does(
    release: Release, expected: Mapping[str, answers.Answer]
) -> None:
    rdflib = next(tool for tool in TOOLS if tool.name == "rdflib")
    found = rdflib.answers["jiqun.nt"](
        release.files["jiqun.nt"], [release.questions[name] for name in ASKED]
    )
    for name in ASKED:
        raw = found[name]
        assert isinstance(raw, bytes), raw
        theirs = answers.read(raw, release.questions[name].form)
        assert answers.difference(expected[name], theirs) == ""
