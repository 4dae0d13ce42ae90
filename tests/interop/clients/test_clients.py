"""The available clients return the expected results, as recorded for all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from interop.clients import browser_clients, load_generators, matrix, python_clients
from interop.clients.client import Client, Endpoint, differing, expected, try_client
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

REPEATED = [
    *python_clients.CLIENTS,
    *load_generators.CLIENTS,
    *browser_clients.CLIENTS,
]


@pytest.fixture(scope="module")
def written(built_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with writable(tmp_path_factory.mktemp("clients") / "workspace", built_release) as live:
        yield live


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Sending Accept header:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop:DeprecationWarning")
@pytest.mark.parametrize("client", REPEATED, ids=lambda each: each.name)
def test_client(client: Client, written: LiveServer) -> None:
    if client in load_generators.CLIENTS and shutil.which(client.name) is None:
        pytest.skip(f"{client.package} is not installed")
    record = try_client(client, Endpoint(written.url, TOKEN), expected(written.client))
    if "skipped" in record:
        pytest.skip(record["skipped"])
    assert record["steps"]
    assert differing(record) == []


def test_what_is_recorded_is_as_it_must_be() -> None:
    records = matrix.recorded()
    assert {each["client"] for each in records} == {each.name for each in matrix.CLIENTS}
    assert [said for each in records for said in differing(each)] == []
    assert [each["client"] for each in records if "skipped" in each] == []
