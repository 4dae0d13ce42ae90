"""The command line, run in the process of the tests: a start of Python for each takes a second."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING
from unittest.mock import patch

from jiqun import cli

if TYPE_CHECKING:
    from pathlib import Path


def jiqun(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command as its script does; return its exit code, output and errors."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    code: object = 0
    with (
        patch.object(sys, "argv", ["jiqun", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int)
    out.seek(0)
    err.seek(0)
    return code, out.read(), err.read()
