"""The saved queries and the whole content, as a server and as a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.release import open_release
from queries.golden import Collection

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@pytest.fixture(scope="session")
def client(built: httpx.Client) -> httpx.Client:
    """A client of an endpoint that serves a release of this checkout's content."""
    return built


@pytest.fixture(scope="session")
def collection(built_release: Path) -> Collection:
    """The saved queries, and the store of the release of this checkout's content."""
    store = ox.Store.read_only(str(built_release / "store"))
    return Collection(open_release(built_release).queries, store)
