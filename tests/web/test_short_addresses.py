"""Short addresses: what goes in comes out, for good, and what is damaged is refused."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.errors import NotFound
from jiqun.web.pages.rendering import LONGEST_SHORT, read_short, short_path
from jiqun.web.pages.results_page import DEFAULT_QUERY

if TYPE_CHECKING:
    import httpx

GOLDEN = "1cwz2BnsUEjbo-akWAA"
"""The address of `ASK { ?c a kg:NationalCluster }`, given out long ago."""


@given(st.text(max_size=300))
def test_a_query_comes_back(text: str) -> None:
    path = short_path(text)
    assert path is not None
    assert read_short(path.removeprefix("/q/")) == text.encode(errors="replace").decode()


def test_addresses_stay_what_they_are() -> None:
    assert read_short(GOLDEN) == "ASK { ?c a kg:NationalCluster }"


def test_an_address_is_short() -> None:
    path = short_path(DEFAULT_QUERY)
    assert path is not None
    assert len(path) < len(DEFAULT_QUERY) / 2.5
    assert short_path("x" * (LONGEST_SHORT + 1)) is None


def bomb() -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(b"x" * 10_000_000) + packer.flush()
    return f"1{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "code", ["", "1", "2abc", "1!!", "1AAAA", GOLDEN[:-3], f"{GOLDEN}AAAA", "ü"]
)
def test_what_is_damaged_is_refused(code: str) -> None:
    with pytest.raises(NotFound):
        read_short(code)


def test_a_bomb_is_refused() -> None:
    with pytest.raises(NotFound):
        read_short(bomb())


def test_a_short_address_leads_to_the_query(client: httpx.Client) -> None:
    path = short_path(DEFAULT_QUERY)
    assert path is not None
    response = client.get(path, params={"lang": "zh-Hans"})
    assert response.status_code == 303
    location = urlsplit(response.headers["location"])
    assert location.path == "/sparql"
    assert parse_qs(location.query)["query"] == [DEFAULT_QUERY]
    assert client.get(f"{path[:-4]}").status_code == 404
    page = client.get("/sparql", params={"query": "ASK {}", "format": "html"}).text
    assert str(short_path("ASK {}")) in page
