"""The commands that query a release folder or a server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from jiqun.errors import BadParameter, JiqunError, OperatorError
from jiqun.settings import Settings
from jiqun.terminal import printable, table, width

# Slow imports are in the commands that need them.
# ruff: noqa: PLC0415

_SECONDS: Final = 60.0
_MOST_COMPLETIONS: Final = 30
ReleaseFolder = Annotated[Path, typer.Option("--release", help="Folder of the release.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="URL of a server to query instead, such as https://example.org."),
]


class Form(StrEnum):
    """Output formats."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Lang(StrEnum):
    """The languages of labels."""

    EN = "en"
    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"


AnswerForm = Annotated[Form, typer.Option("--format", help="Output format.")]
LabelLang = Annotated[Lang, typer.Option("--lang", help="The language of labels.")]


def read_settings(**given: object) -> Settings:
    """Return the settings; missing ones come from the environment. Raises `OperatorError`."""
    try:
        known = {name: value for name, value in given.items() if value is not None}
        return Settings.model_validate(known)
    except ValueError as error:
        raise OperatorError(str(error)) from None


def complete_query(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a saved query, with summaries, for the shell."""
    from jiqun.release import open_release

    try:
        release = open_release(_folder(context), verify=False)
    except JiqunError:
        return []
    return [
        (name, query.summary.get("en", ""))
        for name, query in release.queries.items()
        if name.startswith(incomplete)
    ]


def complete_thing(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the id of a thing, for the shell."""
    from jiqun.search.index import SearchIndex

    prefix = "id:" if incomplete.startswith("id:") else ""
    try:
        index = SearchIndex(_folder(context).resolve() / "search")
    except JiqunError:
        return []
    found = index.slugs_beginning(incomplete.removeprefix("id:"), _MOST_COMPLETIONS)
    return [prefix + slug for slug in found]


def _folder(context: typer.Context) -> Path:
    return Path(context.params.get("release") or "release")


Thing = Annotated[
    str,
    typer.Argument(help="An id such as beijing, or an exact name.", autocompletion=complete_thing),
]


def query(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Name of a saved query; omit it to list them all.", autocompletion=complete_query
        ),
    ] = None,
    format_name: Annotated[
        str, typer.Option("--format", help="table, or csv, tsv, json, xml, turtle and so on.")
    ] = "table",
    release: ReleaseFolder = Path("release"),
    url: Url = None,
) -> None:
    """Run a saved query; its parameters are options, as in --place beijing."""
    if name is None:
        _list_queries(release, url)
        return
    given = parameters(context.args)
    if url is None:
        from jiqun.run_query import run_query

        answer = run_query(release, name, given, format_name, read_settings(), width())
    else:
        answer = _fetch_query(url, name, given, format_name)
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()


def _list_queries(release: Path, url: str | None) -> None:
    if url is None:
        from jiqun.release import open_release

        queries = open_release(release, verify=False).queries.values()
        listed = [(each.name, each.summary["en"]) for each in queries]
    else:
        found = json.loads(_fetch(f"{url.rstrip('/')}/queries.json"))["queries"]
        listed = [(each["name"], each["summary"]["en"]) for each in found]
    for name, summary in listed:
        typer.echo(f"{name}\t{summary}")


def parameters(arguments: list[str]) -> dict[str, list[str]]:
    """Read `--place beijing` and `--place=beijing` into name and values; raise `BadParameter`."""
    given: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not name:
            raise BadParameter(f"{argument} is not a parameter: write --name value.")
        if not equals:
            found = next(rest, None)
            if found is None:
                raise BadParameter(f"The parameter --{name} has no value.")
            value = found
        given.setdefault(name, []).append(value)
    return given


def _fetch_query(
    url: str, name: str, given: Mapping[str, Sequence[str]], format_name: str
) -> bytes:
    from jiqun.run_query import TABLE, table_text

    pairs = [(key, value) for key, values in given.items() for value in values]
    sent = "json" if format_name == TABLE else format_name
    address = f"{url.rstrip('/')}/queries/{name}?{urlencode([*pairs, ('format', sent)])}"
    answer = _fetch(address)
    return table_text(json.loads(answer), width()).encode() if format_name == TABLE else answer


def _fetch(address: str) -> bytes:
    """Return the response of a server; raise `OperatorError` with its error message."""
    if not address.startswith(("http://", "https://")):
        raise BadParameter("--url must be the URL of a server, such as https://example.org.")
    from jiqun.outbound.operator_requests import get

    with get(address, "*/*", _SECONDS) as response:
        body = response.read()
    if response.status_code != 200:
        status = f"{response.status_code} {response.reason_phrase}"
        raise OperatorError(_detail(body) or status)
    return body


def _detail(problem: bytes) -> str:
    try:
        return str(json.loads(problem)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


def search(
    words: Annotated[list[str], typer.Argument(help="A name in Chinese, pinyin or English.")],
    type_name: Annotated[
        str | None, typer.Option("--type", help="Only things of this class, such as Cluster.")
    ] = None,
    lang: LabelLang = Lang.EN,
    form: AnswerForm = Form.TABLE,
    release: ReleaseFolder = Path("release"),
    url: Url = None,
) -> None:
    """Find things by name."""
    given = {"text": " ".join(words), "type": type_name, "lang": lang.value}
    found = _ask("search", given, release, url)
    columns = ("id", "name", "type", "description")
    _show(found, found["things"], columns, form)


def describe(
    name: Thing,
    lang: LabelLang = Lang.EN,
    form: AnswerForm = Form.TABLE,
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Maximum number of statements.")
    ] = 1000,
    offset: Annotated[int, typer.Option(min=0, help="Number of statements to skip.")] = 0,
    release: ReleaseFolder = Path("release"),
    url: Url = None,
) -> None:
    """Show the statements about a thing, with their kind and the words of the source."""
    given = {"thing": name, "lang": lang.value, "limit": limit, "offset": offset}
    found = _ask("describe", given, release, url)
    if form is Form.TABLE:
        types = ", ".join(found["types"])
        typer.echo(f"{found['name']} ({found['id']}){f': {types}' if types else ''}\n")
        rows = [
            {**each, "value": f"{each['value']} ({each['id']})" if "id" in each else each["value"]}
            for each in found["statements"]
        ]
        _show(found, rows, ("kind", "property", "value", "quotes", "passages"), form)
        return
    columns = ("kind", "property", "value", "id", "quotes", "passages")
    _show(found, found["statements"], columns, form)


def cite(
    name: Thing,
    property_name: Annotated[
        str,
        typer.Argument(
            metavar="PROPERTY", help="Property such as kg:coreArea, or metric such as id:revenue."
        ),
    ],
    value: Annotated[str | None, typer.Argument(help="Only statements with this value.")] = None,
    lang: LabelLang = Lang.EN,
    form: AnswerForm = Form.TABLE,
    release: ReleaseFolder = Path("release"),
    url: Url = None,
) -> None:
    """Show the evidence of a statement: the words, the source, its date and the passage."""
    given = {"thing": name, "property": property_name, "value": value, "lang": lang.value}
    found = _ask("cite", given, release, url)
    if form is Form.TABLE:
        for statement in found["statements"]:
            typer.echo(_evidence(statement))
        _note(found)
        return
    columns = ("statement", "kind", "because", "quotes", "source", "date", "passage")
    _show(found, _cited(found["statements"]), columns, form)


def _evidence(statement: Mapping[str, Any]) -> str:
    """Write a statement with its quoted words, or those of each premise."""
    lines = [f"{statement['statement']}  [{statement['kind']}]"]
    for premise in statement["premises"] or [statement]:
        if premise is not statement:
            lines.append(f"  follows from {premise['statement']}  [{premise['kind']}]")
        for each in premise["citations"]:
            words = " ".join(f"“{text}”" for text in each["quotes"])
            lines += [f"    {words}", f"    {each['source']} · {each['date']} · {each['passage']}"]
    return "\n".join(map(printable, lines)) + "\n"


def _cited(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per citation; for premises, with the statement that they support."""
    rows: list[dict[str, Any]] = []
    for each in statements:
        for premise in each["premises"] or [each]:
            row = {"statement": each["statement"], "kind": each["kind"]}
            if premise is not each:
                row["kind"] += f" from {premise['kind']}"
                row["because"] = premise["statement"]
            rows += [{**row, **citation} for citation in premise["citations"] or [{}]]
    return rows


def _ask(tool: str, given: Mapping[str, object], release: Path, url: str | None) -> dict[str, Any]:
    """Return the answer of a tool, from this process or a server; raises `JiqunError`."""
    arguments = {name: value for name, value in given.items() if value is not None}
    if url is not None:
        return asyncio.run(_ask_server(tool, arguments, url))
    import pyoxigraph as ox

    from jiqun.agents.tool_answers import read_answer
    from jiqun.release import open_release
    from jiqun.web.documents import Context

    opened = open_release(release, verify=False)
    context = Context(opened, read_settings(), ox.Store.read_only(str(opened.store)))
    found: dict[str, Any] = json.loads(read_answer(context, tool, arguments).body)
    return found


async def _ask_server(tool: str, arguments: dict[str, Any], url: str) -> dict[str, Any]:
    from jiqun.agents.mcp_stdio import connected

    async with connected(url) as client:
        result = await client.call_tool(tool, arguments)
        text = "".join(each.text for each in result.content if each.type == "text")
        failure = OperatorError(text) if result.is_error else None
    if failure is not None:
        raise failure
    found: dict[str, Any] = json.loads(text)
    return found


def _show(
    answer: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    form: Form,
) -> None:
    """Print an answer: all of it as JSON, or its rows as CSV or a table; notes to stderr."""
    if form is Form.JSON:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    texts = [[_text(row.get(column)) for column in columns] for row in rows]
    if form is Form.CSV:
        typer.echo(_csv(columns, texts), nl=False)
    else:
        used = [place for place in range(len(columns)) if any(row[place] for row in texts)]
        kept = [[row[place] for place in used] for row in texts]
        typer.echo(table([columns[place] for place in used], kept, width()), nl=False)
    _note(answer)


def _note(answer: Mapping[str, Any]) -> None:
    if answer.get("note"):
        typer.echo(answer["note"], err=True)


def _text(value: object) -> str:
    if isinstance(value, list):
        return " / ".join(map(str, value))
    return "" if value is None else str(value)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows(rows)
    return written.getvalue()
