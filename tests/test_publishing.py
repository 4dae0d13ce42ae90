"""`jiqun publish`: a release into another engine, compared, and only then switched to."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from command_line import jiqun
from jiqun.errors import OperatorError
from jiqun.outbound.backend import authorization
from jiqun.outbound.operator_requests import insertion
from jiqun.release import open_release
from live_server import running, wait_until
from packed_release import pack_files
from stub_fuseki import StubFuseki, stub_fuseki
from tiny_release import write_release
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "jiqun-{release}"
SWITCHED = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"


@pytest.fixture
def fuseki() -> Iterator[StubFuseki]:
    with stub_fuseki() as server:
        yield server


def publish(release: Path, url: str, *more: str | Path, kind: str = "fuseki") -> tuple[int, str]:
    """Return the exit code, and output and errors together."""
    words = ("publish", "--release", release, "--backend", url, "--backend-kind", kind)
    code, out, err = jiqun(*words, *more)
    return code, out + err


def dataset(release: Path) -> str:
    return f"jiqun-{open_release(release).identifier[:12]}"


def test_a_release_gets_a_dataset_of_its_own(
    release_folder: Path, fuseki: StubFuseki, tmp_path: Path
) -> None:
    secret, flag = tmp_path / "secret", tmp_path / "switched"
    secret.write_text("admin:s3cret\n")
    secret.chmod(0o600)
    url = f"{fuseki.url}/{NAME}/sparql"
    then = f"{sys.executable} -c '{SWITCHED}' {flag}"
    code, output = publish(release_folder, url, "--credentials-file", secret, "--then", then)
    assert (code, flag.exists()) == (0, True), output
    assert "statements loaded" in output
    assert "4 of 4 saved queries have the same answer" in output
    assert "s3cret" not in output
    assert fuseki.credentials == {authorization("admin:s3cret")}
    (name, store), *others = fuseki.datasets.items()
    assert others == []
    assert name == dataset(release_folder)
    counts = open_release(release_folder).counts
    assert len(store) == counts["triples"] + counts["quads"]
    sent = len([each for each in fuseki.asked if each.endswith("/data")])
    code, output = publish(release_folder, url)
    assert (code, "statements were there" in output) == (0, True), output
    assert len([each for each in fuseki.asked if each.endswith("/data")]) == sent


def test_different_answers_are_reported_and_nothing_is_switched(
    release_folder: Path, fuseki: StubFuseki, tmp_path: Path
) -> None:
    url, flag = f"{fuseki.url}/x/sparql", tmp_path / "switched"
    assert publish(release_folder, url)[0] == 0
    fuseki.datasets["x"].update(
        'DELETE { ?s ?p "Beijing"@en } INSERT { ?s ?p "Bei"@en } WHERE { ?s ?p "Beijing"@en }'
    )
    then = ("--then", f"{sys.executable} -c '{SWITCHED}' {flag}")
    code, output = publish(release_folder, url, *then)
    assert (code, flag.exists()) == (1, False), output
    assert "things-by-label: 1 rows missing and 1 too many, of 1" in output
    assert "nothing was switched" in output
    code, output = publish(release_folder, url, *then, "--omit", "things-by-label")
    assert (code, flag.exists()) == (0, True), output
    assert "3 of 3" in output
    code, output = publish(release_folder, url, "--omit", "no-such-query")
    assert (code, "no saved query no-such-query" in output) == (2, True)


def test_a_dataset_with_something_else_is_left_alone(
    release_folder: Path, fuseki: StubFuseki
) -> None:
    fuseki.datasets["x"] = ox.Store()
    fuseki.datasets["x"].update("INSERT DATA { <a:a> <a:b> <a:c> }")
    url = f"{fuseki.url}/x"
    code, output = publish(release_folder, url)
    assert code == 2
    assert "has 1 statements" in output
    assert "--replace" in output
    assert len(fuseki.datasets["x"]) == 1
    code, output = publish(release_folder, url, "--replace")
    assert (code, "statements loaded" in output) == (0, True), output


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        ("POST /$/datasets", 404, "has no administration"),
        ("POST /$/datasets", 401, "check the credentials"),
        ("POST /$/datasets", 307, "redirects; use the final URL"),
        ("x/data", 500, "responded to loading the statements with status 500"),
        ("/sparql", 503, "with status 503"),
    ],
)
def test_failures_are_reported_and_leave_nothing(
    request_: str, status: int, message: str, release_folder: Path, fuseki: StubFuseki
) -> None:
    fuseki.refused[request_] = status
    code, output = publish(release_folder, f"{fuseki.url}/x/sparql")
    assert code == 2
    assert message in output
    assert "java" not in output
    assert fuseki.datasets == {}


def test_a_switch_that_fails_is_reported(release_folder: Path, fuseki: StubFuseki) -> None:
    url = f"{fuseki.url}/x/sparql"
    assert publish(release_folder, url)[0] == 0
    for then, message in (("false", "ended with 1"), ("/no/such/program", "cannot be run")):
        code, output = publish(release_folder, url, "--then", then)
        assert (code, message in output) == (2, True), output


def test_an_engine_that_is_not_there(release_folder: Path) -> None:
    code, output = publish(release_folder, "http://127.0.0.1:1/x/sparql")
    assert code == 2
    assert "does not respond" in output
    code, output = publish(release_folder, "http://127.0.0.1:1/")
    assert (code, "names no dataset of Fuseki" in output) == (2, True), output


def test_any_engine_is_filled_by_updates(release_folder: Path, tmp_path: Path) -> None:
    """Here another Jiqun, whose workspace is served alone. A packed release is read as a store."""
    packed = tmp_path / "packed"
    pack_files(tmp_path / "files", packed)
    secret = tmp_path / "token"
    secret.write_text(f"Bearer {TOKEN}")
    secret.chmod(0o600)
    with writable(tmp_path / "workspace", log_requests=False) as live:
        url = f"{live.url}/sparql"
        code, output = publish(packed, url, kind="generic")
        assert (code, "cannot be filled from here" in output) == (2, True), output
        more = ("--update-url", f"{live.url}/update", "--credentials-file", secret)
        code, output = publish(packed, url, *more, kind="generic")
        assert code == 0, output
        assert "1 of 1 saved queries" in output
        code, output = publish(release_folder, url, *more, kind="generic")
        assert (code, "holds something else" in output) == (2, True)


def test_blank_nodes_are_not_spread_over_updates() -> None:
    quad = ox.Quad(ox.BlankNode("a"), ox.NamedNode("a:b"), ox.Literal("c"))
    with pytest.raises(OperatorError, match="blank nodes"):
        insertion([quad])


def test_servers_go_with_the_release_to_its_dataset(
    release_folder: Path, tmp_path: Path, fuseki: StubFuseki
) -> None:
    newer = write_release(tmp_path / "newer", "id:new a kg:Region .", "0.0.2")
    current, url = tmp_path / "current", f"{fuseki.url}/{NAME}/sparql"
    current.symlink_to(release_folder)
    assert publish(release_folder, url)[0] == 0
    with running(current, backend=url, backend_kind="fuseki", workers=1) as live:
        query = {"query": "SELECT ?s { ?s a <https://w3id.org/jiqun/ontology#Region> }"}

        def answer() -> tuple[str, int]:
            response = live.client.get("/sparql", params={**query, "format": "csv"})
            return response.headers["Jiqun-Release"][:12], len(response.text.split())

        before = answer()
        link = tmp_path / "next"
        link.symlink_to(newer)
        link.replace(current)
        live.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "was not changed" in "".join(live.log.lines))  # there is no dataset yet
        assert answer() == before
        assert publish(newer, url)[0] == 0
        live.process.send_signal(signal.SIGHUP)
        wait_until(lambda: answer() != before)
        assert answer() == (open_release(newer).identifier[:12], before[1] + 1)
