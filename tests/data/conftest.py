"""The project's own data, as a release would hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.knowledge import dataset
from jiqun.knowledge.assembly import complete
from jiqun.knowledge.content import locate
from jiqun.knowledge.dataset import homes
from jiqun.knowledge.query_files import read_query
from jiqun.knowledge.turtle_files import read

if TYPE_CHECKING:
    import pyoxigraph as ox

    from jiqun.knowledge.assembly import Knowledge


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    content = locate()
    documents = [read(path, content) for path in homes(content)]
    queries = [read_query(path, content) for path in content.queries()]
    return complete(documents, queries, content)


@pytest.fixture(scope="session")
def store(knowledge: Knowledge) -> ox.Store:
    return dataset.store(knowledge.graphs, knowledge.default)
