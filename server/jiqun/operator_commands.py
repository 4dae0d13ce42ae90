"""Commands of operators: publishing to backends, and workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jiqun import ask

# Slow imports are in the commands that need them.
# ruff: noqa: PLC0415

WorkspaceFolder = Annotated[
    Path, typer.Option("--workspace", envvar="JIQUN_WORKSPACE", help="Folder of the workspace.")
]


def publish(  # noqa: PLR0913, PLR0917 -- its options
    backend: Annotated[
        str,
        typer.Option(
            help=(
                "Query endpoint of the dataset to fill; {release} is replaced by the prefix of the "
                "release's identifier."
            )
        ),
    ],
    release: ask.ReleaseFolder = Path("release"),
    backend_kind: Annotated[
        str, typer.Option(help="Kind of backend: fuseki, oxigraph, jiqun or generic.")
    ] = "generic",
    credentials_file: Annotated[
        Path | None, typer.Option(help="File with user:password, or with Bearer and a token.")
    ] = None,
    update_url: Annotated[
        str, typer.Option(help="Load by SPARQL Update at this URL, which every engine supports.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove a dataset of this name first.")
    ] = False,
    omitted: Annotated[
        list[str] | None,
        typer.Option("--omit", help="Saved query to exclude from the comparison; may be repeated."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="Time limit for one query, in seconds.")
    ] = 60.0,
    then: Annotated[
        str, typer.Option(help="Command that switches to it, run after a successful comparison.")
    ] = "",
) -> None:
    """Load a release into a new dataset of another engine, compare the answers, then switch."""
    from jiqun import publishing
    from jiqun.terminal import amounts

    settings = ask.read_settings(
        backend=backend, backend_kind=backend_kind, backend_credentials_file=credentials_file
    )
    options = publishing.Publishing(settings, update_url, replace, omitted or (), seconds)
    with amounts() as progress:
        done = publishing.publish(release, options, progress)
    how = "loaded" if done.loaded else "were there"
    typer.echo(f"{done.url}: {done.statements} statements {how}", err=True)
    for each in done.different:
        typer.echo(each)
    alike = done.compared - len(done.different)
    typer.echo(f"{alike} of {done.compared} saved queries have the same answer", err=True)
    if done.different:
        typer.echo("nothing was switched", err=True)
        raise typer.Exit(1)
    publishing.switch(then)


def load(
    names: Annotated[
        list[str],
        typer.Argument(help="RDF files, gzipped or not; folders of them; releases; URLs."),
    ],
    workspace: WorkspaceFolder,
    graph: Annotated[
        str | None, typer.Option(help="IRI of the graph to load them into.", show_default=False)
    ] = None,
) -> None:
    """Add RDF to a workspace that no server uses; all or nothing."""
    from jiqun.terminal import reading
    from jiqun.writing.archive import load as load_files

    with reading() as watch:
        loaded = load_files(workspace, names, graph, watch)
    typer.echo(f"{loaded.statements} statements", err=True)
    if loaded.changed_literals:
        total = sum(loaded.changed_literals.values())
        typer.echo(f"{total} literals are stored in another form with the same value:", err=True)
    for kind, count in sorted(loaded.changed_literals.items()):
        typer.echo(f"  {count} {kind}", err=True)


def backup(
    file: Annotated[Path, typer.Argument(help="File to write, such as backup.nq.gz.")],
    workspace: WorkspaceFolder,
) -> None:
    """Write the data of users to a file; a server may be using the workspace."""
    from jiqun.writing.archive import backup as write_backup

    typer.echo(f"{write_backup(workspace, file)} statements", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup, or any file of quads.")],
    workspace: WorkspaceFolder,
    replace: Annotated[
        bool, typer.Option("--replace", help="Discard the current data of the workspace.")
    ] = False,
) -> None:
    """Restore a backup into a workspace that no server uses."""
    from jiqun.writing.archive import restore as read_backup

    typer.echo(f"{read_backup(workspace, file, replace)} statements", err=True)
