"""Documents that LOAD asks for: fetched by the server, which has the network, for its writer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jiqun.endpoint.engine import frames
from jiqun.endpoint.federation.fetching import fetch
from jiqun.errors import UpdateFailed, UpdateRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.endpoint.engine.worker_process import WorkerProcess
    from jiqun.endpoint.writing.orders import WritingOptions


async def bring(
    process: WorkerProcess,
    loads: Sequence[tuple[str, bool]],
    options: WritingOptions,
    deadline: float,
) -> None:
    """Send the writer one document after the other; `loads` are URLs, and whether SILENT is there.

    `deadline` is a time of the running loop. Raises `UpdateRefused`, and `UpdateFailed` unless the
    LOAD is silent; the writer has been told then.
    """
    left = options.document_bytes
    for url, silent in loads:
        seconds = deadline - asyncio.get_running_loop().time()
        try:
            document = await fetch(url, options.load_allow, left, seconds)
        except UpdateFailed:
            if not silent:
                process.send(frames.CANCEL, {})
                raise
            process.send(frames.SKIP, {})
            continue
        except UpdateRefused:
            process.send(frames.CANCEL, {})
            raise
        left -= len(document.body)
        head = {"content_type": document.content_type, "base": document.base}
        process.send(frames.DOCUMENT, head)
        process.send(frames.BLOCK, document.body)
