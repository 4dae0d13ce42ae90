"""SERVICE and LOAD over HTTPS, with a certificate authority that the operator trusts."""

from __future__ import annotations

import json
import ssl
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from http_listener import JSON_TYPE, ONE_ROW, Listener, http, listening
from writable_server import writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

TURTLE = http("200 OK", b"<urn:s> <urn:p> 1 .", "Content-Type: text/turtle")


@contextmanager
def secure(authority: trustme.CA, answer: bytes, name: str = "127.0.0.1") -> Iterator[Listener]:
    """Listen with a certificate that is good for `name`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    with listening(answer, tls=context) as listener:
        yield listener


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[LiveServer, dict[str, Listener]]]:
    """A server that trusts one authority, and listeners by name."""
    authority, stranger = trustme.CA(), trustme.CA()
    folder: Path = tmp_path_factory.mktemp("https")
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    row = http("200 OK", ONE_ROW, JSON_TYPE)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        enter = stack.enter_context
        good = enter(secure(authority, row))
        moved = http("308 Permanent Redirect", b"", f"Location: {good.url()}")
        servers = {
            "good": good,
            "moved": enter(secure(authority, moved)),
            "named": enter(secure(authority, row, "localhost")),
            "stranger": enter(secure(stranger, row)),
            "misnamed": enter(secure(authority, row, "other.example")),
            "plain": enter(listening(row)),
            "document": enter(secure(authority, TURTLE)),
            "false document": enter(secure(stranger, TURTLE)),
        }
        addresses = [each.url(scheme="https") for each in servers.values()]
        addresses.append(servers["named"].url(host="localhost"))
        patch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
        settings: dict[str, Any] = {
            "service_allow": json.dumps(addresses),
            "service_networks": json.dumps(["127.0.0.0/8", "::1/128"]),
            "load_allow": json.dumps([each.removesuffix("/sparql") for each in addresses]),
        }
        yield enter(writable(folder / "workspace", workers=1, **settings)), servers


Served = tuple["LiveServer", dict[str, Listener]]


@pytest.mark.parametrize("name", ["good", "moved"])
def test_a_trusted_endpoint_is_called(name: str, served: Served) -> None:
    live, servers = served
    query = f"SELECT ?x {{ SERVICE <{servers[name].url()}> {{ ?s ?p ?x }} }}"
    answer = live.client.post("/sparql", data={"query": query, "format": "csv"})
    assert (answer.status_code, answer.text) == (200, "x\r\n1\r\n")


def test_a_trusted_endpoint_is_called_by_name(served: Served) -> None:
    live, servers = served
    query = f"SELECT ?x {{ SERVICE <{servers['named'].url(host='localhost')}> {{ ?s ?p ?x }} }}"
    answer = live.client.post("/sparql", data={"query": query, "format": "csv"})
    assert (answer.status_code, answer.text) == (200, "x\r\n1\r\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stranger", "its certificate is not valid"),
        ("misnamed", "its certificate is not valid"),
        ("plain", "TLS failed"),
    ],
)
def test_nobody_else_is_believed(name: str, reason: str, served: Served) -> None:
    live, servers = served
    url = servers[name].url(scheme="https")
    query = f"SELECT ?x {{ SERVICE <{url}> {{ ?s ?p ?x }} }}"
    answer = live.client.post("/sparql", data={"query": query})
    assert answer.status_code == 400
    assert reason in answer.json()["detail"]
    assert not any(each.startswith(b"POST") for each in servers[name].requests)


def test_updates_call_over_https_too(served: Served) -> None:
    live, servers = served
    where = f"SERVICE <{servers['good'].url()}> {{ ?s ?p ?x }}"
    update = f"CLEAR ALL ; INSERT {{ <urn:s> <urn:p> ?x }} WHERE {{ {where} }}"
    assert live.client.post("/update", data={"update": update}).status_code == 204
    ask = live.client.get("/sparql", params={"query": "ASK { <urn:s> <urn:p> '1' }"})
    assert ask.json()["boolean"] is True


def test_documents_come_over_https(served: Served) -> None:
    live, servers = served
    load = f"CLEAR ALL ; LOAD <{servers['document'].url()}>"
    assert live.client.post("/update", data={"update": load}).status_code == 204
    refused = live.client.post(
        "/update", data={"update": f"CLEAR ALL ; LOAD <{servers['false document'].url()}>"}
    )
    assert refused.status_code == 400
    assert "failed" in refused.json()["detail"]
    ask = live.client.get("/sparql", params={"query": "ASK { <urn:s> <urn:p> 1 }"})
    assert ask.json()["boolean"] is True
