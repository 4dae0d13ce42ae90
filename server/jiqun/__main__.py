"""`python -m jiqun`: the same as the command `jiqun`."""

from jiqun.cli import main

main()
