"""Several server processes behind one socket, for machines with more cores than one can use.

The first process listens, starts the others, passes signals on to them and replaces what ends. It
serves nothing itself. Only for a release alone: a workspace has one writer, in one server.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final, NoReturn

from jiqun.errors import JiqunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jiqun.settings import Settings

_log = logging.getLogger("jiqun.serve")

_PAUSE_SECONDS: Final = 1.0
_UNABLE: Final = 2


def share_of(settings: Settings) -> Settings:
    """Give the settings of one of the processes: what can be used up is divided among them."""
    count = settings.processes
    divided = {
        name: max(1, getattr(settings, name) // count)
        for name in ("workers", "light_workers", "queue_length", "connections")
    }
    divided["cache_bytes"] = settings.cache_bytes // count
    return settings.model_copy(update=divided)


class Processes:
    """The processes that serve; `run` returns when all have ended."""

    def __init__(self, count: int, serve: Callable[[int, int], None]) -> None:
        """Run `serve(index, lifeline)` in `count` processes.

        The descriptor `lifeline` becomes readable when the first process is gone.
        """
        self._count = count
        self._serve = serve
        self._running: dict[int, int] = {}
        self._stopping = False
        self._unable: list[int] = []
        self._lifeline, self._held = os.pipe()

    def run(self) -> None:
        """Start all, pass signals on, and replace what ends by itself.

        One that ends because it cannot serve is tried again at the next SIGHUP, when there may be
        another release. Raises `SystemExit` when none is left.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        for index in range(self._count):
            self._start(index)
        while self._running:
            ended, status = os.wait()
            index = self._running.pop(ended)
            code = os.waitstatus_to_exitcode(status)
            if code == _UNABLE:
                self._unable.append(index)
            elif not self._stopping:
                _log.error("A server process ended (%d) and is replaced.", code)
                time.sleep(_PAUSE_SECONDS)
                self._start(index)
        if not self._stopping:
            raise SystemExit(_UNABLE)

    def _start(self, index: int) -> None:
        if self._stopping:
            return
        pid = os.fork()
        if not pid:
            self._become(index)
        self._running[pid] = index
        if self._stopping:  # told so between the fork and here
            os.kill(pid, signal.SIGTERM)

    def _become(self, index: int) -> NoReturn:
        """Serve in a process that was just started, and never return to what it came from."""
        code = 0
        try:
            os.close(self._held)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            self._serve(index, self._lifeline)
        except JiqunError as error:
            _log.error("jiqun: %s", error.detail)
            code = _UNABLE
        except KeyboardInterrupt:
            pass
        except BaseException:
            _log.exception("a server process failed")
            code = 1
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True
        self._signal(signal.SIGTERM)

    def _pass_on(self, number: int, _frame: object) -> None:
        self._signal(number)
        while self._unable:
            self._start(self._unable.pop())

    def _signal(self, number: int) -> None:
        for pid in list(self._running):
            os.kill(pid, number)
