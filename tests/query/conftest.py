"""An engine over a small store, for all tests of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine_thread import MEBIBYTE, EngineThread, engine_thread, write_store
from jiqun.query.engine import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("engine") / "store")


@pytest.fixture(scope="package")
def room(store: Path) -> Iterator[EngineThread]:
    options = EngineOptions(
        heavy_workers=2, memory_bytes=128 * MEBIBYTE, queue_length=8, cancel_seconds=0.5
    )
    with engine_thread(store, options) as running:
        yield running
