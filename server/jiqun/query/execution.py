"""A running job: from the queue to a worker, to the last block, to the worker's release."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from jiqun import errors
from jiqun.errors import (
    EngineFailed,
    EngineUnavailable,
    EvaluationFailed,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    NotAcceptable,
    QueryTimeout,
    ResultTooLarge,
    WorkerFailed,
)
from jiqun.outbound.forwarder import Permit
from jiqun.query import frames
from jiqun.query.gate import with_services_at
from jiqun.query.held_graph import Copies
from jiqun.query.jobs import Answer, BlockStream, DocumentJob, Job
from jiqun.query.lanes import Lane, LaneEmptied, Lanes
from jiqun.query.worker_process import WorkerExited, WorkerProcess

_QUERY_ERRORS: Final[dict[str, tuple[type[JiqunError], str]]] = {
    "syntax": (MalformedQuery, ""),
    "evaluation": (EvaluationFailed, "The query cannot be evaluated: "),
    "service": (EvaluationFailed, "A SERVICE call failed: "),
    "media": (NotAcceptable, ""),
    "large": (ResultTooLarge, ""),
    "gateway": (EngineFailed, ""),
    "unavailable": (EngineUnavailable, ""),
    "timeout": (QueryTimeout, ""),
}
"""Kinds of errors that a worker reports, with the beginning of their message."""


class Execution:
    """A running job: from the queue to a worker, to the last block, to the worker's release."""

    def __init__(self, lanes: Lanes, job: Job | DocumentJob, frame: bytes | None = None) -> None:
        self._lanes = lanes
        self._job = job
        self._packed = frame
        self._loop = asyncio.get_running_loop()
        self._entered = self._began = self._loop.time()
        self._deadline = self._entered + job.deadline_seconds
        self._lane = lanes.heavy
        self._worker: WorkerProcess | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._streaming = False
        self._slice = 0.0
        self._processor_before: float | None = None
        self._guest = False
        self._killed_for = ""
        self._permit: Permit | None = None

    async def run(self) -> Answer:
        """Wait until the first block is ready; raises what prevents that."""
        try:
            return await self._run()
        except JiqunError as error:
            self._lanes.outcomes[type(error).__name__] += 1
            self._stop()
            raise
        except BaseException:
            self._lanes.outcomes["cancelled"] += 1
            self._stop()
            raise

    async def _run(self) -> Answer:
        frame = self._frame()
        await self._dispatch(self._choose_lane(), frame)
        try:
            kind, body = await self._receive()
        except WorkerExited:
            if self._killed_for != "slice":
                raise await self._exit_error() from None
            await self._dispatch(self._lanes.heavy, frame)
            kind, body = await self._receive_or_fail()
        first_seconds = self._loop.time() - self._began
        queue_seconds = self._began - self._entered
        if kind == frames.ANSWER:
            retire, rows, truncated, reduced = frames.SUMMARY.unpack_from(body)
            data = body[frames.SUMMARY.size :]
            self._finish(retire)
            if isinstance(self._job, DocumentJob):
                return Answer.of_document(data, queue_seconds, first_seconds)
            return Answer(
                data,
                None if rows < 0 else rows,
                truncated,
                queue_seconds,
                first_seconds,
                reduced=reduced,
            )
        if kind == frames.ERROR:
            raise self._failure(body)
        self._streaming = True
        return Answer(
            body,
            queue_seconds=queue_seconds,
            first_seconds=first_seconds,
            blocks=BlockStream(self._next_block, self._close),
        )

    def _frame(self) -> bytes:
        job, forwarder = self._job, self._lanes.forwarder
        if isinstance(job, DocumentJob) or not job.parsed.calls or forwarder is None:
            return self._packed or job.frame()
        self._permit = forwarder.permit(job.parsed.services, self._deadline)
        return job.frame(with_services_at(job.parsed, self._permit.addresses))

    def _choose_lane(self) -> Lane:
        light, memory, heavy = self._lanes.light, self._lanes.memory, self._lanes.heavy
        if isinstance(self._job, DocumentJob):
            assert self._lanes.documents is not None
            return self._lanes.documents
        if self._lanes.slow_in_memory.peek(hash(self._job.parsed.text)):
            return heavy
        held, client = self._is_held(self._job), self._job.client
        if not self._job.light or self._lanes.is_demoted(client):
            # Waiting for memory is faster than beginning on disk: its lane moves with each slice.
            return memory if held and memory.takes(client) else heavy
        in_memory = held and memory.has_place(client)
        # A light query may use the other lanes, but not along with heavy queries, where it would be
        # as slow as they are.
        alone = memory.busy == memory.guests and heavy.busy == heavy.guests
        if light.free or not alone or not (in_memory or heavy.free):
            return light
        self._guest = True
        return memory if in_memory else heavy

    def _is_held(self, job: Job) -> bool:
        """Return whether all that a query can read is in memory."""
        holder = self._lanes.memory.holder
        if holder is None or job.parsed.calls:
            return False
        return job.reads_default_graph or holder.copies is Copies.DATASET

    async def _dispatch(self, lane: Lane, frame: bytes) -> None:
        """Wait for a worker of the lane and give it the job."""
        self._lane = lane
        left = self._deadline - self._loop.time()
        try:
            worker = await lane.acquire(self._job.client, left)
        except LaneEmptied:
            await self._dispatch(self._lanes.heavy, frame)
            return
        self._worker = worker
        if self._guest:
            lane.guests += 1
        self._began = self._loop.time()
        self._killed_for = ""
        options = self._lanes.options
        waits = options.backend is not None
        self._processor_before = None if waits else worker.processor_seconds()
        if lane is self._lanes.light:
            self._slice = options.slice_seconds
            self._start_slice(self._slice)
        elif lane is self._lanes.memory:
            self._slice = options.memory_seconds
            self._start_slice(self._slice)
        else:
            self._start_deadline()
        worker.send_frame(frame)

    def _start_slice(self, seconds: float) -> None:
        self._timer = self._loop.call_later(
            min(seconds, self._deadline - self._loop.time()), self._end_slice
        )

    def _start_deadline(self) -> None:
        self._timer = self._loop.call_at(self._deadline, self._kill, "deadline")

    def _end_slice(self) -> None:
        """Move a query that exceeds its slice out of the light lane, or from memory to disk.

        In memory, the engine follows the chain of one constant of a pattern, whatever the others
        are; most queries take half the time, and some ten times as long. So slow ones are restarted
        on disk.
        """
        lane, heavy = self._lane, self._lanes.heavy
        worker = self._worker
        if worker is None or not worker.alive:
            return
        if self._loop.time() >= self._deadline:
            self._kill("deadline")
            return
        if (left := self._unused_slice(worker)) > 0:
            self._start_slice(left)
            return
        if lane is self._lanes.light:
            self._lanes.demote(self._job.client)
        begins_again = lane.holder is not None and not self._streaming
        if begins_again and isinstance(self._job, Job):
            self._lanes.slow_in_memory.put(hash(self._job.parsed.text), value=True, size=1)
        if not begins_again and heavy.busy < heavy.size.workers * (2 if self._streaming else 1):
            worker.lower_priority(heavy.confinement.niceness)
            lane.hand_over(worker, self._job.client, heavy)
            if self._guest:
                lane.guests -= 1
                heavy.guests += 1
            self._lane = heavy
            self._start_deadline()
        elif lane is not self._lanes.light and self._streaming:
            self._start_deadline()
        else:
            self._kill("slice")

    def _unused_slice(self, worker: WorkerProcess) -> float:
        """Return the seconds of its slice that the job has left, because the machine is busy."""
        used, before = worker.processor_seconds(), self._processor_before
        if self._streaming or used is None or before is None:
            return 0.0
        left = self._slice - (used - before)
        # In the light lane other queries wait for this one, however busy the machine is.
        least = self._slice / 2 if self._lane is self._lanes.light else self._slice / 10
        return left if left > least else 0.0

    async def _next_block(self) -> bytes | None:
        try:
            kind, body = await self._receive_or_fail()
            if kind == frames.BLOCK:
                return body
            if kind != frames.END:
                raise self._failure(body)
        except JiqunError as error:
            self._lanes.outcomes[type(error).__name__] += 1
            self._stop()
            raise
        self._finish(frames.SUMMARY.unpack(body)[0])
        return None

    def _close(self) -> None:
        """Stop an answer that is no longer read."""
        if self._worker is not None:
            self._lanes.outcomes["cancelled"] += 1
        self._stop()

    async def _receive(self) -> tuple[bytes, bytes]:
        if self._worker is None:
            raise WorkerExited
        return await self._worker.receive()

    async def _receive_or_fail(self) -> tuple[bytes, bytes]:
        try:
            return await self._receive()
        except WorkerExited:
            raise await self._exit_error() from None

    def _kill(self, reason: str) -> None:
        if self._worker is not None and self._worker.alive:
            self._killed_for = reason
            self._lanes.kills[reason] += 1
            self._worker.kill()
            if reason == "slice":
                self._release(retire=True)

    async def _exit_error(self) -> JiqunError:
        """Return the error that says why the worker has exited."""
        if self._killed_for == "deadline":
            return QueryTimeout(
                f"The query did not end within {self._job.deadline_seconds:g} s and was stopped. "
                "Make it more specific, or ask for fewer rows."
            )
        if self._killed_for == "slice":
            return self._lanes.heavy.refusal("All workers are busy.")
        worker = self._worker
        if worker is None:
            return WorkerFailed("The server is shutting down.")
        if await worker.ran_out_of_memory():
            return self._out_of_memory()
        self._lanes.kills["crash"] += 1
        return WorkerFailed(
            "The query crashed its worker; other queries are not affected. Simplify the query."
        )

    def _out_of_memory(self) -> MemoryLimitExceeded:
        self._lanes.kills["memory"] += 1
        mebibytes = self._lanes.options.memory_bytes // (1024 * 1024)
        return MemoryLimitExceeded(
            f"The query needed more than {mebibytes} MiB of memory and was stopped. Sort, group or "
            "collect less, or request the result in parts."
        )

    def _failure(self, body: bytes) -> JiqunError:
        """Return the error that a worker reports; internal details are not disclosed."""
        report = json.loads(body)
        kind, detail = report["kind"], report["detail"]
        self._release(retire=report["retire"])
        if kind == "memory":
            return self._out_of_memory()
        if kind == "raised":
            return raised(report["error"], detail, report["attributes"])
        if self._permit is not None and kind in _QUERY_ERRORS and kind != "syntax":
            # The worker only has an address of ours.
            trouble = self._permit.trouble or "the response of the endpoint cannot be read."
            return EvaluationFailed(f"A SERVICE call failed: {trouble}")
        if kind not in _QUERY_ERRORS:
            return WorkerFailed("The query could not be answered because of an internal failure.")
        error, opening = _QUERY_ERRORS[kind]
        return error(f"{opening}{detail}")

    def _finish(self, retire: bool) -> None:
        self._lanes.outcomes["ok"] += 1
        self._revoke()
        self._release(retire)

    def _revoke(self) -> None:
        """Withdraw the permission to call services."""
        if self._permit is not None and self._lanes.forwarder is not None:
            self._lanes.forwarder.revoke(self._permit)
            self._permit = None

    def _release(self, retire: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            if self._guest:
                self._lane.guests -= 1
                self._guest = False
            self._lane.release(worker, self._job.client, self._loop.time() - self._began, retire)

    def _stop(self) -> None:
        """Stop the job, by a message if the worker can still react to it."""
        self._revoke()
        if self._worker is None:
            self._guest = False
            return
        if not self._worker.alive:
            self._release(retire=True)
            return
        self._worker.send(frames.CANCEL, b"")
        task = self._loop.create_task(self._drain())
        self._lanes.tasks.add(task)
        task.add_done_callback(self._lanes.tasks.discard)

    async def _drain(self) -> None:
        """Read to the end of the job, or kill the worker when that takes too long."""
        retire = True
        try:
            async with asyncio.timeout(self._lanes.options.cancel_seconds):
                while True:
                    kind, body = await self._receive()
                    if kind in {frames.ANSWER, frames.END}:
                        retire, *_ = frames.SUMMARY.unpack_from(body)
                        break
                    if kind == frames.ERROR:
                        retire = bool(json.loads(body)["retire"])
                        break
        except (TimeoutError, WorkerExited):
            self._kill("cancelled")
        finally:
            self._release(retire)


def raised(name: str, detail: str, attributes: Mapping[str, Any]) -> JiqunError:
    """Return the error that a document function raised in a worker."""
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, JiqunError)):
        return WorkerFailed("The document could not be generated because of an internal failure.")
    error = kind.__new__(kind)
    JiqunError.__init__(error, detail)
    for attribute, value in attributes.items():
        setattr(error, attribute, tuple(value) if isinstance(value, list) else value)
    return error
