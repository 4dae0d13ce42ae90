"""The HTTP client for other servers: checked addresses, no surprises from the environment."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from http_listener import JSON_TYPE, ONE_ROW, http, listening
from jiqun.outbound.http_client import (
    AddressRefused,
    OutboundError,
    OutboundRequest,
    is_public,
    open_response,
)

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = http("200 OK", ONE_ROW, JSON_TYPE)


def everything(_url: str) -> None:
    """Allow every URL."""


def ask(
    url: str, check_url: Callable[[str], None] = everything, networks: tuple[Any, ...] = ()
) -> tuple[str, bytes]:
    """Send a GET; return the URL and the body of the response."""

    async def run() -> tuple[str, bytes]:
        request = OutboundRequest("GET", url, "*/*", read_seconds=1)
        async with open_response(request, check_url, networks) as response:
            return response.url, b"".join([block async for block in response.blocks])

    return asyncio.run(run())


def test_a_name_is_resolved_once_and_its_checked_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second look-up would give another address: DNS rebinding."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with listening(GOOD) as listener:
        url = listener.url(host="rebinding.example")
        assert ask(url, networks=(ip_network("127.0.0.0/8"),)) == (url, ONE_ROW)
        assert asked == ["rebinding.example"]
        assert f"\r\nHost: rebinding.example:{listener.port}\r\n".encode() in listener.requests[0]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"]
)
def test_addresses_that_are_not_public_are_never_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = (socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (address, 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry])
    with pytest.raises(AddressRefused):
        ask("http://name.example/")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxies_of_the_environment_are_not_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(GOOD) as listener, listening(GOOD) as proxy:
        monkeypatch.setenv(name, proxy.url(""))
        assert ask(listener.url())[1] == ONE_ROW
        assert proxy.requests == []


def test_every_redirect_is_checked() -> None:
    with listening(GOOD) as canary:
        moved = http("302 Found", b"", f"Location: {canary.url()}", "Set-Cookie: a=b")
        with listening(moved) as first:
            seen: list[str] = []

            def check(url: str) -> None:
                seen.append(url)
                if url == canary.url():
                    raise OutboundError("it is not allowed")

            with pytest.raises(OutboundError, match="not allowed"):
                ask(first.url(), check)
            assert seen == [first.url(), canary.url()]
            assert canary.requests == []
            assert ask(first.url()) == (canary.url(), ONE_ROW)
            assert b"ookie" not in canary.requests[0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 200_000 + b"\r\n\r\n", "HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1"),
        (b"HTTP/2 200\r\n\r\n", "HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ended early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "ended early"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "ended early"),
        (http("200 OK", b"\x1f\x8b", "Content-Encoding: gzip"), "content coding"),
        (http("204 No Content"), "status 204"),
        (http("302 Found"), "status 302"),
        (http("302 Found", b"", "Location: http://["), "not http or https"),
        (http("302 Found", b"", "Location: ftp://127.0.0.1/"), "not http or https"),
        (
            http("302 Found", b"", "Location: http://user:secret@127.0.0.1/"),
            "not http or https",
        ),
        (http("302 Found", b"", "Location: ?"), "redirects too many"),
        (b"", "in time"),
    ],
)
def test_what_is_no_usable_response(answer: bytes, reason: str) -> None:
    with listening(answer) as listener, pytest.raises(OutboundError, match=reason):
        ask(listener.url())


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + GOOD,
        b"HTTP/1.0 200 OK\r\n\r\n" + ONE_ROW,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (len(ONE_ROW), ONE_ROW),
        GOOD + b"HTTP/1.1 200 OK\r\n\r\nmore than was asked for",
    ],
)
def test_what_is(answer: bytes) -> None:
    with listening(answer) as listener:
        assert ask(listener.url())[1] == ONE_ROW


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("fe80::1%eth0", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public
