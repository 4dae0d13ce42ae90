"""The command `jiqun diff OLD NEW`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 (typer reads it)
from typing import Annotated

import typer


class DiffFormat(StrEnum):
    """What a difference can be written as."""

    TEXT = "text"
    JSON = "json"
    UPDATE = "update"
    CHANGELOG = "changelog"


def diff(
    old: Annotated[Path, typer.Argument(help="Folder of the older release.")],
    new: Annotated[Path, typer.Argument(help="Folder of the newer release.")],
    format_name: Annotated[
        DiffFormat,
        typer.Option("--format", help="update is SPARQL Update, changelog is Markdown."),
    ] = DiffFormat.TEXT,
) -> None:
    """Show what two releases say differently; exit 1 when they do."""
    from jiqun.endpoint.difference import report, update  # noqa: PLC0415 (takes long to import)
    from jiqun.endpoint.difference.difference import compare  # noqa: PLC0415 (the same)
    from jiqun.endpoint.release import open_release  # noqa: PLC0415 (the same)

    writers = {
        DiffFormat.TEXT: report.as_text,
        DiffFormat.JSON: report.as_json,
        DiffFormat.UPDATE: update.as_update,
        DiffFormat.CHANGELOG: report.as_changelog,
    }
    difference = compare(open_release(old), open_release(new))
    typer.echo(writers[format_name](difference), nl=False)
    if difference:
        raise typer.Exit(1)
