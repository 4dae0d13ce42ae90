"""The project's own data, as a release would hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.knowledge.assembly import assemble, read_content
from jiqun.knowledge.content import locate

if TYPE_CHECKING:
    import pyoxigraph as ox

    from jiqun.knowledge.assembly import Knowledge


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return assemble(read_content(locate()))


@pytest.fixture(scope="session")
def store(knowledge: Knowledge) -> ox.Store:
    return knowledge.store
