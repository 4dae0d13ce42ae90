"""A workspace that is served alone, as the tests of update and graph store protocol want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from writable_server import writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from live_server import LiveServer


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One writable server for the whole session; tests clear it before they use it."""
    folder = tmp_path_factory.mktemp("store") / "workspace"
    with writable(folder, log_requests=False, load_allow='["http://127.0.0.1:2"]') as live:
        yield live


@pytest.fixture
def store_server_client(store_server: LiveServer) -> httpx.Client:
    """A client with the token, on a dataset that has not been emptied."""
    return store_server.client


@pytest.fixture
def store(store_server: LiveServer) -> httpx.Client:
    """A client with the token, on a dataset that is empty."""
    response = store_server.client.post("/update", data={"update": "DROP ALL"})
    assert response.status_code == 204, response.text
    return store_server.client
