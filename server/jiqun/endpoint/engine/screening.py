"""Long queries pass the gate in a worker, so that reading them holds up nobody.

Reading a text of the allowed length takes a good part of a tenth of a second. A query that long is
never light, so a heavy worker reads it, in the queue of the heavy queries; what it finds is kept
where `gate.inspect` looks first.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.engine import frames
from jiqun.endpoint.engine.worker_process import WorkerGone
from jiqun.endpoint.sparql import gate
from jiqun.endpoint.sparql.service_calls import ServiceCall
from jiqun.errors import MalformedQuery, QueryTimeout, QueryTooLarge, ServiceRefused

if TYPE_CHECKING:
    from jiqun.endpoint.engine.lanes import Lane

_REFUSALS: Final = {each.__name__: each for each in (MalformedQuery, QueryTooLarge, ServiceRefused)}


async def screen(lane: Lane, key: gate.Key, client: str, seconds: float) -> None:
    """Let `gate.inspect` know the text of `key` without reading it here.

    Raises what the gate raises, `Busy`, or `QueryTimeout` when it takes longer than `seconds`.
    """
    text, limits, allowed = key
    loop = asyncio.get_running_loop()
    entered = loop.time()
    worker = await lane.acquire(client, seconds)
    began = loop.time()
    timer = loop.call_at(entered + seconds, worker.kill)
    retire = True
    try:
        order = {"text": text, "limits": asdict(limits), "allowed": sorted(allowed)}
        worker.send(frames.INSPECT, order)
        kind, body = await worker.receive()
        retire = False
    except WorkerGone:
        raise QueryTimeout(f"The query was not even read within {seconds:g} s.") from None
    finally:
        timer.cancel()
        lane.release(worker, client, loop.time() - began, retire)
    found = json.loads(body)
    if kind == frames.ERROR:
        raise _REFUSALS[found["error"]](found["detail"])
    found["calls"] = tuple(ServiceCall(*call) for call in found["calls"])
    found["row_limit_span"] = tuple(found["row_limit_span"])
    gate.remember(key, gate.Inspection(**found))
