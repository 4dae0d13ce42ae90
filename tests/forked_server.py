"""Server processes that are forks of one process, which has imported the program already.

Importing it is more than half of what the start of a server costs. A fork serves and exits as
a server with a start of its own does; only the seed of its hashes is that of its siblings.

Each request to the forking process comes with two descriptors: where the server writes its log, and
where the forking process, its parent, writes how it exited.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES: Final = 128 * 1024


class ForkedServer:
    """The part of `subprocess.Popen` that tests need."""

    def __init__(self, pid: int, log: int, exit_code: int) -> None:
        self.pid = pid
        self.stderr = open(log, encoding="utf-8")  # noqa: SIM115 -- closed by who reads it
        self.returncode: int | None = None
        self._exit_code = exit_code

    def poll(self) -> int | None:
        return self._exited(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._exited(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("server", timeout or 0)
        return code

    def _exited(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._exit_code], [], [], timeout)[0]:
            self.returncode = int(os.read(self._exit_code, 16))
            os.close(self._exit_code)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has just exited
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forking:
    """The process that forks, from outside."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._turn = threading.Lock()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-P", __file__, str(number)], pass_fds=(number,)
            )

    def start(self, release: Path | None, environment: Mapping[str, str]) -> ForkedServer:
        log, log_end = os.pipe()
        exit_code, exit_code_end = os.pipe()
        order = {
            "release": str(release) if release else None,
            "environment": dict(environment),
            "folder": str(Path.cwd()),
        }
        with self._turn:
            socket.send_fds(self._control, [json.dumps(order).encode()], [log_end, exit_code_end])
            pid = int(self._control.recv(16))
        os.close(log_end)
        os.close(exit_code_end)
        return ForkedServer(pid, log, exit_code)

    def stop(self) -> None:
        self._control.close()
        self._process.wait(30)


@functools.cache
def forking() -> Forking:
    """Return the process that forks the servers of this test process."""
    return Forking()


def stop_forking() -> None:
    """Stop it, if it was started."""
    if forking.cache_info().currsize:
        forking().stop()
        forking.cache_clear()


def _fork_on_request(control: socket.socket) -> Path | None:
    """Fork until nobody asks; return in each server, with the release to serve."""
    exit_codes: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), *exit_codes], [], [])
        for each in ready:
            if each in exit_codes:  # closed with the server
                pid, exit_code = exit_codes.pop(each)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                os.write(exit_code, str(status).encode())
                os.close(exit_code)
                os.close(each)
                continue
            data, descriptors, _, _ = socket.recv_fds(control, _MOST_BYTES, 2)
            if not data:
                sys.exit()
            log, exit_code = descriptors
            ended, running = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.dup2(log, 2)
                inherited = [*exit_codes, *(code for _, code in exit_codes.values())]
                for descriptor in (log, exit_code, ended, *inherited):
                    os.close(descriptor)
                return _become(json.loads(data))
            exit_codes[ended] = pid, exit_code
            os.close(running)
            os.close(log)
            control.send(str(pid).encode())


def _become(order: Mapping[str, object]) -> Path | None:
    environment, release = order["environment"], order["release"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(order["folder"]))
    gc.enable()
    return Path(str(release)) if release else None


if __name__ == "__main__":
    from jiqun.settings import Settings
    from jiqun.web.server import serve

    # The pages that the forks share stay shared.
    gc.disable()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        chosen = _fork_on_request(requests)
    serve(chosen, Settings())
