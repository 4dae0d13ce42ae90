"""`python -m jiqun`: the same as the command `jiqun`."""

from __future__ import annotations

from jiqun.cli import main

main()
