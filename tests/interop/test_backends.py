"""The endpoint on engines of other people: Fuseki, Oxigraph's server, another Jiqun.

`jiqun publish` fills and compares those that can be filled; the others load `jiqun.nq` of the
release by themselves. The endpoint then evaluates there without a store of its own, and every saved
query has the answer that it has on the store. For `make interop`.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from command_line import jiqun
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
_ATTEMPTS: Final = 10
_DOCUMENTS: Final = ("/doc/beijing.nt", "/search?q=北京&format=json", "/source.nt")


@contextmanager
def _fuseki_in_memory(_folder: Path, release: Release) -> Iterator[str]:
    with jena.fuseki(release.files["jiqun.nq"]) as url:
        yield url


@contextmanager
def _fuseki_on_disk(folder: Path, _release: Release) -> Iterator[str]:
    with jena.empty_fuseki() as root:
        url = f"{root}/jiqun-{{release}}/sparql"
        assert "statements loaded" in _published(folder, url, "fuseki")
        assert "statements were there" in _published(folder, url, "fuseki", "--omit=agents-by-kind")
        yield url


@contextmanager
def _oxigraph(folder: Path, release: Release) -> Iterator[str]:
    with oxigraph_server.empty_oxigraph() as url:
        assert "statements loaded" in _published(folder, url, "oxigraph")
    with oxigraph_server.oxigraph(release.files["jiqun.nq"]) as url:
        assert "statements were there" in _published(folder, url, "oxigraph")
        yield url


@contextmanager
def _jiqun(folder: Path, _release: Release) -> Iterator[str]:
    with running(folder, log_requests=False) as live:
        url = f"{live.url}/sparql"
        assert "statements were there" in _published(folder, url, "jiqun")
        yield url


def _published(folder: Path, url: str, kind: str, *more: str) -> str:
    """Publish the release; return what the command says."""
    words = ("--release", folder, "--backend", url, "--backend-kind", kind)
    code, different, said = jiqun("publish", *words, f"--seconds={2 * _SECONDS}", *more)
    assert (code, different) == (0, ""), said
    return said


_ENGINES: Final = {
    "fuseki in memory": ("fuseki", _fuseki_in_memory),
    "fuseki on disk": ("fuseki", _fuseki_on_disk),
    "oxigraph": ("oxigraph", _oxigraph),
    "jiqun": ("jiqun", _jiqun),
}


@pytest.fixture(scope="module", params=_ENGINES)
def backed(
    request: pytest.FixtureRequest,
    built_release: Path,
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    """The endpoint on an engine, with a release that has no store."""
    storeless = fresh(tmp_path_factory.mktemp("storeless")) / "release"
    shutil.copytree(built_release, storeless, ignore=shutil.ignore_patterns("store"))
    kind, engine = _ENGINES[request.param]
    with ExitStack() as stack:
        try:
            url = stack.enter_context(engine(built_release, release))
        except NotInstalled as reason:
            pytest.skip(str(reason))
        yield stack.enter_context(
            running(
                storeless,
                backend=url,
                backend_kind=kind,
                backend_seconds=jena.SECONDS,
                deadline_seconds=_SECONDS,
                log_requests=False,
            )
        )


def test_every_saved_query_has_its_answer(backed: LiveServer, built_server: LiveServer) -> None:
    different = []
    with httpx.Client(timeout=2 * _SECONDS) as client:
        queries = client.get(f"{built_server.url}/queries.json").json()["queries"]
        for each in queries:
            form = each["form"]
            graph = form in {"CONSTRUCT", "DESCRIBE"}
            values = {**each["example"], "format": "nt" if graph else "json"}
            ours, theirs = (
                _asked(client, f"{server.url}/queries/{each['name']}", values)
                for server in (built_server, backed)
            )
            if (ours.status_code, theirs.status_code) != (200, 200):
                statuses = f"{ours.status_code}, {theirs.status_code}"
                different.append(f"{each['name']}: {statuses} {theirs.text[:200]}")
                continue
            found = answers.difference(
                answers.read(ours.text, form), answers.read(theirs.text, form)
            )
            if found:
                different.append(f"{each['name']}: {found}")
    assert len(queries) > 100
    assert different == []


def _asked(client: httpx.Client, url: str, values: dict[str, str]) -> httpx.Response:
    """Ask until an answer is ready: the engines share the machine with the server."""
    for _ in range(_ATTEMPTS):
        response = client.get(url, params=values)
        if response.status_code not in {503, 504}:
            break
    return response


def test_documents_say_the_same(backed: LiveServer, built_server: LiveServer) -> None:
    for path in _DOCUMENTS:
        ours, theirs = (
            server.client.get(path, headers={"Host": "example.org"}).raise_for_status()
            for server in (built_server, backed)
        )
        assert sorted(ours.text.splitlines()) == sorted(theirs.text.splitlines()), path
