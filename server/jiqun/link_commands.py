"""The commands `jiqun links …`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads it)
from typing import Annotated

import typer

from jiqun.errors import BadParameter, JiqunError
from jiqun.knowledge.content import locate
from jiqun.knowledge.links.sssom import read_all
from jiqun.knowledge.links.verification import Verifier

links = typer.Typer(help="The links to other datasets.", no_args_is_help=True)


@links.callback()
def group() -> None:
    """The links to other datasets."""


@links.command()
def verify(
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="Target to ask; all of them by default.")
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", help="TARGET=URL: ask this server instead of the target's own."),
    ] = None,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between two requests.")] = 1.0,
    content: Annotated[
        Path | None,
        typer.Option(help="Folder with ontology/, data/ and queries/.", show_default=False),
    ] = None,
) -> None:
    """Ask the live targets whether the identifiers that links name still stand."""
    sets = read_all(locate(content))
    unknown = set(targets or ()) - {found.target for found in sets}
    if unknown:
        raise BadParameter(f"There are no links to {min(unknown)}.")
    verifier = Verifier(_servers(servers or []), pause)
    counts: dict[str, int] = {}
    for verdict in verifier.verify(
        found for found in sets if found.target in (targets or {found.target})
    ):
        counts[verdict.status] = counts.get(verdict.status, 0) + 1
        if verdict.status != "sound":
            typer.echo(str(verdict.finding))
    typer.echo(", ".join(f"{counts[status]} {status}" for status in sorted(counts)), err=True)
    if counts.keys() & {"dead", "redirected", "mismatched"}:
        raise typer.Exit(1)
    if "unreachable" in counts:
        raise JiqunError("Not every target answered; try again later.")


def _servers(given: list[str]) -> dict[str, str]:
    """Read `TARGET=URL`; raise `BadParameter`."""
    servers = {}
    for text in given:
        target, equals, url = text.partition("=")
        if not equals or not url.startswith(("http://", "https://")):
            raise BadParameter(f"{text} is no server: write TARGET=URL.")
        servers[target] = url
    return servers
