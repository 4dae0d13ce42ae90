from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def store(built_release: Path) -> ox.Store:
    """The store of the release of this checkout's content."""
    return ox.Store.read_only(str(built_release / "store"))
