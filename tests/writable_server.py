"""A server whose client may write, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from live_server import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

TOKEN = "a-token-for-tests-only"


@contextmanager
def writable(folder: Path, release: Path | None = None, **settings: object) -> Iterator[LiveServer]:
    """Run a server on a workspace whose client has the token."""
    with running(release, workspace=folder, update_token=TOKEN, **settings) as live:
        live.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield live
