"""The endpoint on engines of other people: Fuseki, Oxigraph's server, another Jiqun.

Each engine loads `jiqun.nq` of the release, the endpoint evaluates on it without a store of its
own, and every saved query has the answer that it has on the store. For `make interop`.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from interop import jena, oxigraph_server
from interop.tool import NotInstalled, fresh
from jiqun import answers
from live_server import LiveServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interop.release import Release

pytestmark = pytest.mark.skipif(
    "JIQUN_INTEROP" not in os.environ, reason="takes minutes and other people's engines"
)

_SECONDS: Final = 60
_SLOW: Final = {"fuseki": frozenset({"class-coverage"})}
"""Queries that take longer than the deadline there."""
_DOCUMENTS: Final = ("/doc/beijing.nt", "/search?q=北京&format=json", "/ontology.ttl")


@contextmanager
def jiqun(folder: Path) -> Iterator[str]:
    with running(folder, log_requests=False) as live:
        yield f"{live.url}/sparql"


@pytest.fixture(scope="module", params=["fuseki", "oxigraph", "jiqun"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def backed(
    kind: str, built_release: Path, release: Release, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """The endpoint on an engine, with a release that has no store."""
    storeless = fresh(tmp_path_factory.mktemp("storeless")) / "release"
    shutil.copytree(built_release, storeless, ignore=shutil.ignore_patterns("store"))
    with ExitStack() as stack:
        try:
            url = stack.enter_context(_engine(kind, built_release, release))
        except NotInstalled as reason:
            pytest.skip(str(reason))
        yield stack.enter_context(
            running(
                storeless,
                backend=url,
                backend_kind=kind,
                backend_seconds=2 * _SECONDS,
                deadline_seconds=_SECONDS,
                log_requests=False,
            )
        )


@contextmanager
def _engine(kind: str, folder: Path, release: Release) -> Iterator[str]:
    if kind == "jiqun":
        serving = jiqun(folder)
    elif kind == "fuseki":
        serving = jena.fuseki(release.files["jiqun.nq"])
    else:
        serving = oxigraph_server.oxigraph(release.files["jiqun.nq"])
    with serving as url:
        yield url


def test_every_saved_query_has_its_answer(
    backed: LiveServer, built_server: LiveServer, kind: str
) -> None:
    different = []
    with httpx.Client(timeout=2 * _SECONDS) as client:
        queries = client.get(f"{built_server.url}/queries?format=json").json()["queries"]
        for each in queries:
            if each["name"] in _SLOW.get(kind, ()):
                continue
            form = each["form"]
            values = {**each["example"], "format": "nt" if form == "CONSTRUCT" else "json"}
            ours, theirs = (
                client.get(f"{server.url}/queries/{each['name']}", params=values)
                for server in (built_server, backed)
            )
            if (ours.status_code, theirs.status_code) != (200, 200):
                different.append(f"{each['name']}: {theirs.status_code} {theirs.text[:200]}")
                continue
            found = answers.difference(
                answers.read(ours.text, form), answers.read(theirs.text, form)
            )
            if found:
                different.append(f"{each['name']}: {found}")
    assert len(queries) > 100
    assert different == []


def test_documents_say_the_same(backed: LiveServer, built_server: LiveServer) -> None:
    for path in _DOCUMENTS:
        ours, theirs = (
            server.client.get(path, headers={"Host": "example.org"}).raise_for_status()
            for server in (built_server, backed)
        )
        assert sorted(ours.text.splitlines()) == sorted(theirs.text.splitlines()), path
