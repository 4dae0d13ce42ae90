"""What `jiqun load` takes besides files: folders, releases, addresses of a real server."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from jiqun.errors import BadParameter, OperatorError, UnsupportedMediaType
from jiqun.release import open_release
from jiqun.writing.archive import load
from jiqun.writing.workspace import own_quads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

_REPLIES = {
    "/plain": ("text/turtle; charset=utf-8", b"<a> <p> <b> ."),
    "/data.nt": ("application/octet-stream", b"<urn:a> <urn:p> <urn:b> ."),
    "/page": ("text/html", b"<p>"),
    "/short.nt": ("application/n-triples", b"<urn:a> <urn:p> <urn:b> .\n"),
}


class Shelf(BaseHTTPRequestHandler):
    """A server with a few files, one of which it never sends whole."""

    def do_GET(self) -> None:
        """Send the file."""
        if self.path not in _REPLIES:
            self.send_error(404)
            return
        media_type, body = _REPLIES[self.path]
        missing = 10 if self.path.startswith("/short") else 0
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def shelf() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def test_a_folder_stands_for_its_files(workspace: Path, tmp_path: Path) -> None:
    inner = tmp_path / "data" / "more"
    inner.mkdir(parents=True)
    (tmp_path / "data" / "a.ttl").write_text("<urn:a> <urn:p> 1 .")
    (tmp_path / "data" / "notes.txt").write_text("not RDF")
    (inner / "b.nt").write_text("<urn:b> <urn:p> <urn:c> .")
    assert load(workspace, [str(tmp_path / "data")]).statements == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadParameter, match="has no RDF"):
        load(workspace, [str(tmp_path / "empty")])


def test_a_release_stands_for_all_it_holds(workspace: Path, release_folder: Path) -> None:
    counts = open_release(release_folder).counts
    assert load(workspace, [str(release_folder)]).statements == counts["triples"] + counts["quads"]


def test_a_dump_is_fetched_from_an_endpoint(workspace: Path, server: LiveServer) -> None:
    triples = server.client.get("/dumps/jiqun.nt").text.count("\n")
    assert load(workspace, [f"{server.url}/dumps/jiqun.nt.gz"]).statements == triples


def test_the_format_is_read_from_name_or_media_type(workspace: Path, shelf: str) -> None:
    assert load(workspace, [f"{shelf}/plain", f"{shelf}/data.nt"]).statements == 2
    assert f"{shelf}/a" in {str(quad.subject)[1:-1] for quad in own_quads(workspace)}
    with pytest.raises(UnsupportedMediaType, match="page has no RDF file extension"):
        load(workspace, [f"{shelf}/page"])


def test_what_cannot_be_fetched_changes_nothing(workspace: Path, shelf: str) -> None:
    load(workspace, [f"{shelf}/data.nt"])
    with pytest.raises(OperatorError, match="returned 404"):
        load(workspace, [f"{shelf}/plain", f"{shelf}/none.ttl"])
    with pytest.raises(OperatorError, match="ended early"):
        load(workspace, [f"{shelf}/plain", f"{shelf}/short.nt"])
    with pytest.raises(OperatorError, match="cannot be reached"):
        load(workspace, ["http://127.0.0.1:9/data.ttl"])
    assert len(list(own_quads(workspace))) == 1


def test_a_file_of_rdf_1_2_is_loaded(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "reified.ttl"
    path.write_text("<urn:a> <urn:p> 'x'@ar--rtl {| <urn:q> <urn:c> |} .")
    assert load(workspace, [str(path)]).statements == 3
    texts = {str(quad.triple) for quad in own_quads(workspace)}
    assert any('<<( <urn:a> <urn:p> "x"@ar--rtl )>>' in text for text in texts)
