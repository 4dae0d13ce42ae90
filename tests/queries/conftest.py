"""One server for all tests that ask the whole content over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="session")
def client(built: httpx.Client) -> httpx.Client:
    """A client of an endpoint that serves a release of this checkout's content."""
    return built
