"""An engine over a small store, for all tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine_thread import MEBIBYTE, EngineThread, engine_thread, write_store
from jiqun.query.lanes import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("engine") / "store")


OPTIONS = EngineOptions(
    heavy_workers=2, memory_bytes=128 * MEBIBYTE, queue_length=8, cancel_seconds=0.5
)


@pytest.fixture(scope="package")
def disk_room(store: Path) -> Iterator[EngineThread]:
    with engine_thread(store, OPTIONS) as running:
        yield running


@pytest.fixture(scope="package")
def patient_room(store: Path) -> Iterator[EngineThread]:
    """An engine that stops no query that has been left because the machine is busy."""
    with engine_thread(store, replace(OPTIONS, cancel_seconds=60)) as running:
        yield running


@pytest.fixture(scope="package")
def memory_room(store: Path) -> Iterator[EngineThread]:
    with engine_thread(store, replace(OPTIONS, store_memory_bytes=1024 * MEBIBYTE)) as running:
        running.wait_until_in_memory()
        yield running


@pytest.fixture(params=["disk", "memory"])
def room(request: pytest.FixtureRequest) -> EngineThread:
    """An engine, with the store on disk and in memory."""
    found: EngineThread = request.getfixturevalue(f"{request.param}_room")
    return found
