"""The command line."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jiqun import ask, operator_commands
from jiqun.errors import BadParameter, JiqunError, OperatorError
from jiqun.knowledge.content import ContentRejected, Finding, locate, write_text

links = typer.Typer(help="Links to other datasets.", no_args_is_help=True)
app = typer.Typer(
    name="jiqun",
    help="A knowledge graph of manufacturing clusters, with the source of every statement.",
    no_args_is_help=True,
    epilog=(
        "Exit codes: 0 success; 1 the check, the comparison or --check found something; 2 error, "
        "with the reason on standard error."
    ),
    pretty_exceptions_enable=False,
)
ContentFolder = Annotated[
    Path | None,
    typer.Option(
        "--content", help="Folder with ontology/, data/ and queries/.", show_default=False
    ),
]
Texts = Annotated[
    Path | None,
    typer.Option(
        envvar="JIQUN_TEXTS",
        help="Folder with <slug>/article.txt, to check quotes against.",
    ),
]

# Slow imports are in the commands that need them: SHACL, the web server and the dump libraries
# would make every command slow to start.
# ruff: noqa: PLC0415


class DiffFormat(StrEnum):
    """The formats of a difference."""

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
    """Show the difference between two releases; exit with 1 if there is one."""
    from jiqun import difference
    from jiqun.release import open_release

    writers = {
        DiffFormat.TEXT: difference.as_text,
        DiffFormat.JSON: difference.as_json,
        DiffFormat.UPDATE: difference.as_update,
        DiffFormat.CHANGELOG: difference.as_changelog,
    }
    found = difference.compare(open_release(old), open_release(new))
    typer.echo(writers[format_name](found), nl=False)
    if found:
        raise typer.Exit(1)


@links.callback()
def group() -> None:
    """Links to other datasets."""


@links.command()
def verify(
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="Target to check; all by default.")
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", help="TARGET=URL: use this server instead of the target's own."),
    ] = None,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between requests.")] = 1.0,
    content: Annotated[
        Path | None,
        typer.Option(help="Folder with ontology/, data/ and queries/.", show_default=False),
    ] = None,
) -> None:
    """Check with the live targets that the identifiers in the links are still valid."""
    from jiqun.knowledge.mappings import read_all
    from jiqun.knowledge.verification import Verifier

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
        raise OperatorError("Some targets did not respond; try again later.")


def _servers(given: list[str]) -> dict[str, str]:
    """Read `TARGET=URL`; raise `BadParameter`."""
    servers = {}
    for text in given:
        target, equals, url = text.partition("=")
        if not equals or not url.startswith(("http://", "https://")):
            raise BadParameter(f"{text} is not a server: write TARGET=URL.")
        servers[target] = url
    return servers


app.add_typer(links, name="links")
app.command()(diff)
app.command()(ask.search)
app.command()(ask.describe)
app.command()(ask.cite)
app.command()(operator_commands.publish)
app.command()(operator_commands.load)
app.command()(operator_commands.backup)
app.command()(operator_commands.restore)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(ask.query)


@app.command()
def check(texts: Texts = None, content: ContentFolder = None) -> None:
    """Check ontology, data and queries; print findings in the format of compilers."""
    from jiqun.knowledge.check import check as check_content
    from jiqun.knowledge.passages import held, without_text

    _require_folder(texts)
    found = locate(content)
    findings = check_content(found, texts).findings
    slugs = held(found.source_descriptions())
    missing = slugs if texts is None else without_text(slugs, texts)
    if missing:
        typer.echo(f"quotes not checked, text not available: {', '.join(missing)}", err=True)
    _exit_for(findings)


def _require_folder(folder: Path | None) -> None:
    if folder is not None and not folder.is_dir():
        raise OperatorError(f"There is no folder {folder}.")


def _exit_for(findings: Sequence[Finding]) -> None:
    """Print the findings; exit 1 if there are any."""
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        typer.echo(f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'}", err=True)
        raise typer.Exit(1)


@app.command(name="fmt")
def fmt(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to format; all by default.")
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a file would change.")
    ] = False,
    content: ContentFolder = None,
) -> None:
    """Format every data file canonically."""
    from jiqun.knowledge.authoring import reformat

    found = locate(content, writing=not check_only)
    changed = reformat(found, files)
    for path, text in changed.items():
        typer.echo(found.name(path))
        if not check_only:
            write_text(path, text)
    if changed and check_only:
        raise typer.Exit(1)


@app.command(name="new-source")
def new_source(
    slug: Annotated[
        str, typer.Argument(help="Name of the source, such as hebei-daily-2024-12-23.")
    ],
    text: Annotated[Path, typer.Option(help="The text of the source, in UTF-8.")],
    url: Annotated[str, typer.Option(help="URL of its publication.")] = "",
    title: Annotated[str, typer.Option(help="Title as printed.")] = "",
    publisher: Annotated[str, typer.Option(help="Slug of the publisher in the register.")] = "",
    date: Annotated[str, typer.Option(help="Date of publication, such as 2024-12-23.")] = "",
    content: ContentFolder = None,
) -> None:
    """Prepare data/sources/SLUG/: hash and numbered passages with offsets, without text."""
    from jiqun.knowledge import authoring

    found = locate(content, writing=True)
    known = authoring.Particulars(url, title, publisher, date)
    skeleton = authoring.new_source(found, slug, text, known)
    for name, words in skeleton.passages:
        typer.echo(f"{name}\t{words}")
    typer.echo(f"wrote {found.name(skeleton.folder)}/", err=True)


@app.command()
def docs(
    check_only: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a page would change.")
    ] = False,
    content: ContentFolder = None,
) -> None:
    """Generate the documentation of queries, terms, release files and settings in docs/."""
    from jiqun.knowledge import documentation

    found = locate(content)
    stale = documentation.stale(found)
    for path, text in stale.items():
        typer.echo(found.name(path))
        if not check_only:
            write_text(path, text)
    if stale and check_only:
        raise typer.Exit(1)


@app.command()
def build(
    release: ask.ReleaseFolder = Path("release"),
    content: ContentFolder = None,
    texts: Texts = None,
    checked: Annotated[
        bool, typer.Option("--check/--no-check", help="Refuse content that `jiqun check` rejects.")
    ] = True,
    annotations: Annotated[
        bool,
        typer.Option(
            "--annotations",
            help="Also store the evidence of each statement as RDF 1.2 annotations.",
        ),
    ] = False,
) -> None:
    """Check the content and write the release: dumps, store, saved queries, manifest."""
    from jiqun.knowledge.release.build import CHECKING_STEPS, STEPS
    from jiqun.knowledge.release.build import build as build_release
    from jiqun.terminal import steps

    _require_folder(texts)
    # Millions of long-lived objects: looking for cycles among them takes a fifth of the time.
    gc.disable()
    try:
        with steps(STEPS + CHECKING_STEPS * checked) as step:
            build_release(
                locate(content),
                release,
                texts,
                checked=checked,
                annotations=annotations,
                step=step,
            )
    except ContentRejected as error:
        _exit_for(error.findings)
    finally:
        gc.enable()
    typer.echo(f"wrote {release}/", err=True)


@app.command()
def pack(
    files: Annotated[list[Path], typer.Argument(help="RDF files, gzipped or not.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the release to write.")],
    title: Annotated[str, typer.Option(help="Title of the dataset.")] = "Dataset",
    version: Annotated[str, typer.Option("--data-version", help="Version of the dataset.")] = "1",
    namespace: Annotated[
        str, typer.Option(help="Namespace of its things, whose IRIs the server dereferences.")
    ] = "",
    queries: Annotated[
        Path | None, typer.Option(help="Folder with saved queries, one .rq file each.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge the named graphs into the default graph.")
    ] = False,
) -> None:
    """Make a release from any RDF: store, search, statistics, dumps; all or nothing."""
    from jiqun.knowledge.release.packing import Packing
    from jiqun.knowledge.release.packing import pack as pack_files
    from jiqun.terminal import amounts

    packing = Packing(title, version, namespace, queries, merge)
    with amounts() as progress:
        counts = pack_files(files, out, packing, progress).counts
    if not counts["triples"]:
        typer.echo("The default graph is empty; --merge fills it from the named graphs.", err=True)
    typer.echo(
        f"wrote {out}/: {counts['triples']} triples, {counts['quads']} quads in {counts['graphs']} "
        f"graphs, {counts['named']} things with names",
        err=True,
    )


@app.command()
def serve(
    release: Annotated[
        Path | None,
        typer.Option(help="Folder of the release; release/ if there is no workspace either."),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Folder for the data of users, over the release or alone."),
    ] = None,
    update_token_file: Annotated[
        Path | None, typer.Option(help="File with the token that allows writing.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="Query endpoint of a backend that holds the release.")
    ] = None,
    backend_kind: Annotated[
        str | None, typer.Option(help="Kind of backend: fuseki, oxigraph, jiqun or generic.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 selects a free one.")
    ] = None,
) -> None:
    """Serve a release, a workspace or both; further settings come from JIQUN_… variables."""
    from jiqun.web.server import serve as serve_release

    settings = ask.read_settings(
        host=host,
        port=port,
        workspace=workspace,
        update_token_file=update_token_file,
        backend=backend,
        backend_kind=backend_kind,
    )
    if release is None and settings.workspace is None:
        release = Path("release")
    serve_release(release, settings)


@app.command()
def mcp(
    release: ask.ReleaseFolder = Path("release"),
    url: Annotated[
        str | None,
        typer.Option(help="URL of a server to use instead, such as https://example.org."),
    ] = None,
) -> None:
    """Offer the tools for agents over standard input and output (MCP)."""
    from jiqun.agents.mcp_stdio import serve_release, serve_url

    if url is None:
        serve_release(release, ask.read_settings())
    else:
        serve_url(url)


def main() -> None:
    """Run the command; errors that the user can fix are printed, with exit code 2."""
    try:
        app()
    except JiqunError as error:
        typer.echo(f"jiqun: {error.detail}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # the output was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        about = f"{error.filename}: " if error.filename else ""
        typer.echo(f"jiqun: {about}{error.strerror or error}", err=True)
        sys.exit(2)
