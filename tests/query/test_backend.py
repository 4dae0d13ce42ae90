"""An engine elsewhere evaluates: what it answers well, and whatever else it may do."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from jiqun.errors import SettingsError
from jiqun.outbound.backend import DIALECTS, PAUSE_SECONDS, authorization
from jiqun.settings import Settings
from jiqun.web.app import create_app
from live_server import LiveServer, metric, running, wait_until
from packed_release import pack_files
from stub_engine import StubEngine, stub_engine
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = {
    "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o": ("json", "xml", "csv", "tsv"),
    "ASK { ?s ?p ?o }": ("json", "xml"),
    "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }": ("nt",),
}


@pytest.fixture(scope="module")
def storeless(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny release without its store."""
    folder = tmp_path_factory.mktemp("storeless") / "release"
    shutil.copytree(release_folder, folder)
    shutil.rmtree(folder / "store")
    return folder


@contextmanager
def backed(storeless: Path, engine: StubEngine, kind: str, **more: object) -> Iterator[LiveServer]:
    with running(
        storeless, backend=engine.url, backend_kind=kind, workers=1, log_requests=False, **more
    ) as live:
        yield live
        engine.behaviour = "good"


@pytest.fixture(scope="module")
def engine(release_folder: Path) -> Iterator[StubEngine]:
    with stub_engine(release_folder / "store") as engine:
        yield engine


@pytest.fixture(scope="module")
def generic(
    storeless: Path, engine: StubEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    secret = tmp_path_factory.mktemp("secret") / "credentials"
    secret.write_text("reader:s3cret-word\n")
    secret.chmod(0o600)
    with backed(
        storeless, engine, "generic", backend_credentials_file=secret, deadline_seconds=60
    ) as live:
        yield live
    assert "s3cret" not in "".join(live.log.lines)


@pytest.fixture
def live(generic: LiveServer, engine: StubEngine) -> Iterator[LiveServer]:
    """The server, and after the test an engine that is well and known to be."""
    yield generic
    engine.behaviour = "good"
    marks = count()
    wait_until(
        lambda: ask(generic, f"ASK {{ ?s ?p {next(marks)}, {len(engine.asked)} }}").is_success,
        3 * PAUSE_SECONDS,
    )


def ask(live: LiveServer, query: str, format_name: str = "json", **more: str) -> httpx.Response:
    parameters = {"query": query, "format": format_name, **more}
    return live.client.get("/sparql", params=parameters, timeout=60)


@pytest.mark.parametrize("query", FORMATS)
def test_answers_are_those_of_a_store(live: LiveServer, server: LiveServer, query: str) -> None:
    for name in FORMATS[query]:
        theirs, ours = ask(live, query, name), ask(server, query, name)
        assert theirs.status_code == 200, theirs.text
        if name == "nt":
            assert sorted(theirs.text.splitlines()) == sorted(ours.text.splitlines())
        else:
            assert theirs.content == ours.content


def test_the_dataset_is_passed_on(live: LiveServer, engine: StubEngine) -> None:
    graph = "https://w3id.org/jiqun/source/tiny#p1"
    live.client.get("/sparql", params={"query": "ASK {}", "default-graph-uri": graph})
    assert engine.asked[-1] == "ASK {}"
    assert ask(live, "SELECT ?g { GRAPH ?g { ?s ?p 1331 } }", "csv").text.split() == ["g", graph]


def test_pages_and_saved_queries_are_as_before(live: LiveServer, server: LiveServer) -> None:
    for path in (
        "/doc/beijing",
        "/doc/life-health.ttl",
        "/queries/areas-as-graph?format=nt",
        "/queries/clusters-of-a-region?place=beijing&format=csv",
        "/queries/size-over?format=json",
    ):
        theirs, ours = (
            each.client.get(path, headers={"Host": "example.org"}, timeout=60)
            for each in (live, server)
        )
        assert theirs.status_code == ours.status_code == 200, path
        if path.endswith("nt"):
            assert sorted(theirs.text.splitlines()) == sorted(ours.text.splitlines())
        else:
            assert theirs.content == ours.content, path


def test_the_engine_gets_the_credentials_and_no_edits(live: LiveServer, engine: StubEngine) -> None:
    ask(live, 'SELECT ?l { ?s ?p ?l FILTER(LANG(?l) = "zh-Hans") }')
    assert 'LANG(?l) = "zh-Hans"' in engine.asked[-1]
    assert engine.credentials == {authorization("reader:s3cret-word")}
    assert authorization("Bearer abc") == "Bearer abc"


def test_a_mistake_is_explained_here(live: LiveServer) -> None:
    answer = ask(live, "SELECT * { ?s ?p }")
    assert answer.status_code == 400
    assert "an object is missing" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("behaviour", "status", "message"),
    [
        ("broken", 502, "cannot be read"),
        ("stopping_early", 502, "ended early"),
        ("strange", 502, "format that was not requested"),
        ("redirecting", 502, "redirects"),
        ("closing", 503, "cannot be reached"),
        ("overloaded", 503, "status 503"),
        ("refusing", 400, "refuses it"),
        ("hanging", 504, "did not end within"),
    ],
)
def test_a_bad_answer_is_an_error(
    live: LiveServer, engine: StubEngine, behaviour: str, status: int, message: str
) -> None:
    engine.behaviour = behaviour
    seconds = {"timeout": "1"} if behaviour == "hanging" else {}
    answer = ask(live, f"SELECT * {{ ?s ?p '{behaviour}' }}", **seconds)
    assert answer.status_code == status
    assert message in answer.json()["detail"]
    assert "secret" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "behaviour", ["stopping", "stopping_early", "broken", "strange", "overloaded"]
)
def test_what_has_begun_is_not_asked_again(
    live: LiveServer, engine: StubEngine, behaviour: str
) -> None:
    engine.behaviour = behaviour
    query = f"SELECT * {{ ?s ?p 'once {behaviour}' }}"
    if behaviour == "stopping":  # the status was sent before, so it breaks visibly
        with pytest.raises(httpx.RemoteProtocolError):
            ask(live, query)
    else:
        assert ask(live, query).status_code in {502, 503}
    assert len([each for each in engine.asked if each.startswith(query)]) == 1
    engine.behaviour = "good"
    wait_until(lambda: ask(live, query).status_code == 200, 3 * PAUSE_SECONDS)  # none was cached


def test_a_call_is_repeated_once(live: LiveServer, engine: StubEngine) -> None:
    engine.behaviour = "closing_once"
    query = "SELECT * { ?s ?p 'again' }"
    assert ask(live, query).status_code == 200
    assert len([each for each in engine.asked if each.startswith(query)]) == 2


def test_after_failures_there_is_a_pause(live: LiveServer, engine: StubEngine) -> None:
    known = "SELECT ?s { ?s ?p ?o } # known"
    assert ask(live, known).status_code == 200
    assert live.client.get("/doc/beijing").status_code == 200
    engine.behaviour = "overloaded"
    for number in range(5):
        assert ask(live, f"ASK {{ ?s ?p {number} }}").status_code == 503
    sent = len(engine.asked)
    refused = ask(live, "ASK { ?s ?p 99 }")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == str(PAUSE_SECONDS)
    assert "is not responding" in refused.json()["detail"]
    assert len(engine.asked) == sent
    assert ask(live, known).status_code == 200, "what is cached is answered"
    assert live.client.get("/doc/beijing").status_code == 200, "and so are pages that were made"
    for path in ("/health/live", "/dumps"):
        assert live.client.get(path).status_code == 200, "these need no engine"
    assert metric(live, "jiqun_backend_refusals_total") >= 1
    assert live.client.get("/health/ready").status_code == 503
    engine.behaviour = "good"
    wait_until(lambda: ask(live, "ASK { ?s ?p 98 }").is_success, 3 * PAUSE_SECONDS)


def test_the_search_goes_on_without_the_engine(tmp_path: Path) -> None:
    release = tmp_path / "release"
    pack_files(tmp_path / "files", release)
    with stub_engine(release / "store") as engine, backed(release, engine, "generic") as live:
        engine.behaviour = "closing"
        for _ in range(6):
            assert ask(live, "ASK { ?s ?p ?o }").status_code == 503
        asked = len(engine.asked)
        found = live.client.get("/search?q=ant&format=json", timeout=60)
        assert (found.status_code, "Ant Works" in found.text) == (200, True), found.text
        matches = live.client.get("/reconcile", params={"queries": '{"a": {"query": "Bee Works"}}'})
        assert matches.json()["a"]["result"][0]["id"].endswith("bee"), matches.text
        assert len(engine.asked) == asked


@pytest.mark.parametrize("kind", ["jiqun", "fuseki"])
def test_what_was_given_up_keeps_its_place_until_the_limit(
    storeless: Path, engine: StubEngine, kind: str
) -> None:
    """Two places, of which an engine that goes on after a close holds one until 60 s are over."""
    options = {"deadline_seconds": 60, "backend_seconds": 60, "backend_connections": 2}
    with backed(storeless, engine, kind, **options) as live:
        wait_until(lambda: metric(live, "jiqun_backend_queries") == 0)
        engine.behaviour = "hanging"
        engine.closed.clear()
        assert ask(live, "SELECT * { ?s ?p 'slow' }", timeout="1").status_code == 504
        assert engine.closed.wait(10), "the connection is closed"
        engine.behaviour = "good"
        wait_until(lambda: metric(live, 'jiqun_backend_queries{state="busy"}') == 0)
        held = metric(live, 'jiqun_backend_queries{state="lingering"}')
        assert held == (0 if DIALECTS[kind].stops_when_closed else 1)
        assert ask(live, "ASK { ?s ?p 'quick' }").status_code == 200


def test_an_answer_is_read_to_its_end(storeless: Path, engine: StubEngine) -> None:
    """Otherwise the query would count as abandoned, and keep its place until the limit."""
    options = {"deadline_seconds": 60, "backend_seconds": 60, "backend_connections": 3}
    with backed(storeless, engine, "fuseki", **options) as live:
        engine.behaviour = "slow_to_end"
        for query in ("ASK { ?s ?p 'end' }", "SELECT * { ?s ?p 'end' }", "SELECT * { ?s ?p ?o }"):
            assert ask(live, query).status_code == 200
        wait_until(lambda: metric(live, 'jiqun_backend_queries{state="busy"}') == 0)
        assert metric(live, 'jiqun_backend_queries{state="lingering"}') == 0


def test_a_part_is_no_answer(storeless: Path, engine: StubEngine) -> None:
    with backed(storeless, engine, "jiqun") as live:
        engine.behaviour = "truncating"
        query = "SELECT * { ?s ?p 'part' }"
        for _ in range(2):
            answer = ask(live, query)
            assert answer.status_code == 400
            assert "truncates" in answer.json()["detail"]
        assert len([each for each in engine.asked if each.startswith(query)]) == 2, "never cached"


def test_an_engine_that_does_not_hold_the_release_is_refused(
    storeless: Path, tmp_path: Path
) -> None:
    other = write_release(tmp_path / "other", "id:new a kg:Region .", "0.0.2")
    with stub_engine(other / "store") as engine:
        assert "triples in the default graph, the release has" in refused(storeless, engine.url)
        engine.behaviour = "broken"
        assert "not JSON" in refused(storeless, engine.url)
    assert "cannot be reached" in refused(storeless, engine.url)


def refused(release: Path, url: str) -> str:
    """Return what a server says that does not start."""
    with pytest.raises(AssertionError) as error, running(release, backend=url, workers=1):
        pass
    return str(error.value)


def test_settings_that_contradict_each_other(storeless: Path, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/query"
    with pytest.raises(SettingsError, match="cannot be combined with"):
        create_app(storeless, Settings(backend=url, workspace=tmp_path / "w"))
    with pytest.raises(SettingsError, match="SERVICE would be called"):
        create_app(storeless, Settings(backend=url, service_allow=("https://example.org/",)))
    with pytest.raises(SettingsError, match="needs the release"):
        create_app(None, Settings(backend=url))
    open_file = tmp_path / "credentials"
    open_file.write_text("a:b")
    open_file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        create_app(storeless, Settings(backend=url, backend_credentials_file=open_file))


def test_every_kind_may_be_named() -> None:
    schema = json.dumps(Settings.model_json_schema()["properties"]["backend_kind"]["enum"])
    assert set(json.loads(schema)) == set(DIALECTS)
