"""Progress of long commands on standard error: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")
Step = Callable[[str], AbstractContextManager[None]]

_SHOWN_EVERY: Final = 10_000


@contextmanager
def steps(total: int) -> Iterator[Step]:
    """Show the steps of a command, of which there are `total`, each with its seconds at its end."""
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
    """Show how many statements of which file are read; give what is to wrap the statements.

    That takes the name of the file, its number from 1, the number of files, and the statements.
    Outside a terminal nothing is shown.
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


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
