"""The release of this checkout, its dumps unpacked, and what the endpoint answers from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.release import FEW, Release, endpoint_answers, open_release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.answers import Answer
    from live_server import LiveServer


@pytest.fixture(scope="session")
def release(built_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return open_release(built_release, tmp_path_factory.mktemp("dumps"))


@pytest.fixture(scope="session")
def expected(built_server: LiveServer, release: Release) -> Mapping[str, Answer]:
    return endpoint_answers(built_server.url, {name: release.questions[name] for name in FEW})
