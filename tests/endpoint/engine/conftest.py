"""An engine over a small store, for all tests of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from endpoint.engine_room import MEBIBYTE, EngineRoom, engine_room, write_store
from jiqun.query.engine import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("engine") / "store")


@pytest.fixture(scope="package")
def room(store: Path) -> Iterator[EngineRoom]:
    options = EngineOptions(
        heavy_workers=2, memory_bytes=128 * MEBIBYTE, queue_length=8, cancel_seconds=0.5
    )
    with engine_room(store, options) as running:
        yield running
