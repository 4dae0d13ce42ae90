from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from knowledge.small_content import Small, write_small

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return write_small(tmp_path)
