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
    if tool.name not in {"rdflib", "PyLD"}
]


@pytest.mark.parametrize(("tool", "file"), COUNTS, ids=lambda each: getattr(each, "name", each))
def test_as_much_comes_out_as_is_in_the_file(release: Release, tool: Tool, file: str) -> None:
    try:
        tool.version()
    except NotInstalled as reason:
        pytest.skip(str(reason))
    assert tool.counts[file](release.files[file]) == release.holds[file]


def test_rdflib_reads_all_and_answers_as_the_endpoint_does(
    release: Release, expected: Mapping[str, answers.Answer]
) -> None:
    """From Turtle, which it reads once for both; each file takes it many seconds."""
    rdflib = next(tool for tool in TOOLS if tool.name == "rdflib")
    turtle = release.files["jiqun.ttl"]
    assert rdflib.counts["jiqun.ttl"](turtle) == release.holds["jiqun.ttl"]
    found = rdflib.answers["jiqun.nt"](turtle, [release.questions[name] for name in ASKED])
    for name in ASKED:
        raw = found[name]
        assert isinstance(raw, bytes), raw
        theirs = answers.read(raw, release.questions[name].form)
        assert answers.difference(expected[name], theirs) == ""
