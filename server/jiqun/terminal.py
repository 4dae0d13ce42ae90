"""Terminal output of commands: progress, on standard error, and tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from typing import Final, TypeVar

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
Step = Callable[[str], AbstractContextManager[None]]

UNLIMITED: Final = 100_000
"""Width of a table that is not for a terminal."""

_SHOWN_EVERY: Final = 10_000
Amount = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a step with its total amount of work; yields a function to report progress."""


@contextmanager
def steps(total: int) -> Iterator[Step]:
    """Show the progress of `total` steps: a bar in a terminal, and the time of each step."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with _bar(console) as bar:
        task = bar.add_task("", total=total)

        @contextmanager
        def step(name: str) -> Iterator[None]:
            start = time.monotonic()
            bar.update(task, description=name)
            yield
            bar.advance(task)
            console.print(f"{name}: {time.monotonic() - start:.1f} s", markup=False)

        yield step


@contextmanager
def reading() -> Iterator[Callable[[str, int, int, Iterable[T]], Iterator[T]]]:
    """Show the number of statements read per file; yields a wrapper for the statements.

    It takes the name of the file, its number from 1, the number of files, and the statements.
    Without a terminal nothing is shown.
    """
    with _bar(Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def watch(name: str, number: int, files: int, statements: Iterable[T]) -> Iterator[T]:
            count = 0
            for count, statement in enumerate(statements, 1):
                if count % _SHOWN_EVERY == 0:
                    bar.update(task, description=f"{name}: {count:,} statements")
                yield statement
            bar.update(
                task,
                description=f"{name}: {count:,} statements",
                completed=number,
                total=files,
            )

        yield watch


@contextmanager
def amounts() -> Iterator[Amount]:
    """Show steps with measurable progress: bars in a terminal, and the time of each step."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    left, silent = TimeRemainingColumn(), not console.is_terminal
    with Progress(*columns, left, console=console, transient=True, disable=silent) as bar:

        @contextmanager
        def amount(name: str, total: int) -> Iterator[Callable[[int], None]]:
            start = time.monotonic()
            task = bar.add_task(name, total=total)
            yield lambda done: bar.update(task, completed=done)
            bar.remove_task(task)
            console.print(f"{name}: {time.monotonic() - start:.1f} s", markup=False)

        yield amount


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def width() -> int:
    """Return the width of the terminal, `UNLIMITED` if the output is not a terminal."""
    return Console().width if sys.stdout.isatty() else UNLIMITED


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int = UNLIMITED,
    widest: int | None = None,
) -> str:
    """Lay out rows, with their number in the last line.

    With a `width`, long cells are wrapped. Without one, cells wider than `widest` columns, of which
    East Asian characters take two, end with `…`.
    """
    laid_out = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    cut = widest is not None and width == UNLIMITED
    for column in columns:
        if cut:
            laid_out.add_column(column, max_width=widest, no_wrap=True, overflow="ellipsis")
        else:
            laid_out.add_column(column, overflow="fold")
    for row in rows:
        laid_out.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(laid_out)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*lines, "", "1 row" if len(rows) == 1 else f"{len(rows)} rows", ""])


def printable(text: str) -> str:
    """Return a text with a space for each character that is not printable."""
    return "".join(each if each.isprintable() else " " for each in text)
