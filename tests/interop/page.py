"""docs/interoperability.md, written from what results.json records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from interop.clients import matrix
from interop.deviations import ABSENT, DEVIATIONS
from interop.tool import ROOT
from interop.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Record = dict[str, Any]

PAGE: Final = ROOT / "docs" / "interoperability.md"
_RDF: Final = (
    "jiqun.ttl", "jiqun.nt", "jiqun.nq", "jiqun.trig", "jiqun.rdf", "jiqun.jsonld",
    "jiqun-1.2.ttl", "evidence.ttl",
)  # fmt: skip
_HEAD: Final = """\
# Interoperability

What other people's tools make of a release. This page is written by `make interop`, which installs
the tools from package registries, lets each load the dumps, and compares what comes out with what
the manifest says and the endpoint answers; do not edit it. `make test` repeats the part that needs
only Python, and checks that this page says what is recorded in `tests/interop/results.json`.

"""
_CLIENTS: Final = """
## Clients

Programs that ask the endpoint over HTTP, some of them also write, and what came back: the number of
rows or triples, the truth, what is stored after writing. All is compared with what the endpoint
answers to a plain request. `tests/interop/clients/questions` has the queries; schemathesis is a
test of its own there. Every client is asked for its answers by `make interop`.

| client | version | from | step → came back | as it must |
|---|---|---|---|---|
"""
_QUERIES: Final = """\
## Saved queries

The saved queries with their defaults, asked of the tool and, over HTTP, of the endpoint. Answers
are compared as multisets of rows (graphs: as sets of triples, blank nodes labelled by RDFC-1.0). No
difference is the case of a language tag, a written `xsd:string`, the lexical form of a number
(decimals to 12 digits), the label of a blank node in a row, the order of rows. `DESCRIBE` is left
out: SPARQL leaves its answer to each engine. Of a file without named graphs, queries with `GRAPH`
are left out. Tools that take long are asked ten queries of different shapes.

| tool | file | asked | agreed | deviating |
|---|---|---:|---:|---|
"""


def page(records: list[Record], recipes: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page as Markdown, of what the tools and the recipes did."""
    return "".join(
        (
            _HEAD,
            _releases(records),
            _dumps(records),
            _QUERIES,
            *(f"{row}\n" for row in _query_rows(records)),
            "\n## Tables, maps, networks\n\n",
            "Rows, features, nodes and edges together.\n\n",
            "| tool | version | file | in | out |\n|---|---|---|---:|---:|\n",
            *(f"{row}\n" for row in _other_rows(records)),
            "\n## Checks\n\n| tool | version | file | found |\n|---|---|---|---|\n",
            *(f"{row}\n" for row in _check_rows(records)),
            _CLIENTS,
            *(f"{row}\n" for row in matrix.rows(matrix.recorded())),
            "\n## Recipes\n\n",
            "The commands of [the recipes](recipes/README.md), run as they stand there.\n\n",
            "| recipe | printed last | expected |\n|---|---|---|\n",
            *(
                f"| [{name}](recipes/{name}.md) | {one['printed']} | {one.get('wanted', '')} |\n"
                for name, one in recipes.items()
            ),
            "\n## Deviations, and whose they are\n\n",
            "| tool | where | whose | why |\n|---|---|---|---|\n",
            *(
                f"| {each.tool} | {each.shown} | {each.whose} | {each.why} |\n"
                for each in DEVIATIONS
            ),
            "\n## Not in the matrix\n\n",
            *(
                f"* **{name}**: {why}\n"
                for name, why in (*ABSENT, *_skipped(records), *matrix.skipped(matrix.recorded()))
            ),
        )
    )


def unexplained(records: list[Record]) -> list[str]:
    """Return the unexplained deviations, and the explanations without a deviation."""
    seen = [each for record in records for each in _deviating(record)]
    names = {record["tool"] for record in records if "skipped" not in record}
    missing = [
        f"{tool}, {file}, {what}: {said}"
        for tool, file, what, said in seen
        if not any(each.covers(tool, file, what) for each in DEVIATIONS)
    ]
    return missing + [
        f"{each.tool}, {each.shown}: does not deviate any more"
        for each in DEVIATIONS
        if each.tool in names and not any(each.covers(*place[:3]) for place in seen)
    ]


def _deviating(record: Record) -> Iterator[tuple[str, str, str, str]]:
    """Yield tool, file, what (a query, or count) and the explanation of each deviation."""
    tool = record["tool"]
    for file, count in record.get("counts", {}).items():
        if count.get("out") != count["in"]:
            yield tool, file, "count", str(count.get("out", count.get("said")))
    for file, check in record.get("checks", {}).items():
        if "said" in check:
            yield tool, file, "check", check["said"]
    for file, asked in record.get("queries", {}).items():
        if "said" in asked:
            yield tool, file, "load", asked["said"]
        for query, said in asked.get("differs", {}).items():
            yield tool, file, query, " / ".join(said)


def _releases(records: list[Record]) -> str:
    names = sorted({record["release"] for record in records})
    plural = "releases" if len(names) > 1 else "release"
    return f"Recorded for the {plural} {', '.join(f'`{name[:12]}`' for name in names)}.\n\n"


def _dumps(records: list[Record]) -> str:
    """Return the table of RDF files: a tick where a tool reads as many statements as there are."""
    holds = {
        file: count["in"]
        for record in records
        for file, count in record.get("counts", {}).items()
        if file in _RDF
    }
    files = [file for file in _RDF if file in holds]
    lines = [
        "## RDF dumps\n\nStatements in = statements out (✓); else what came out.\n",
        f"| tool | version | from | {' | '.join(f'`{file}`' for file in files)} |",
        f"|---|---|---|{'---:|' * len(files)}",
        f"| *statements in the file* | | | {' | '.join(f'{holds[file]:,}' for file in files)} |",
    ]
    for record in records:
        counts = record.get("counts", {})
        if any(file in counts for file in files):
            cells = " | ".join(_cell(counts.get(file)) for file in files)
            source = f"{record['registry']}: `{record['package']}`"
            lines.append(f"| {record['tool']} | {record['version']} | {source} | {cells} |")
    return "\n".join(lines) + "\n\n"


def _cell(count: dict[str, Any] | None) -> str:
    if count is None:
        return ""
    if "said" in count:
        return "refused"
    return "✓" if count["in"] == count["out"] else f"{count['out']:,}"


def _query_rows(records: list[Record]) -> Iterator[str]:
    for record in records:
        for file, asked in record.get("queries", {}).items():
            name = f"{record['tool']} {record['version']} | `{file}`"
            if "said" in asked:
                yield f"| {name} | {asked['asked']} | 0 | did not load |"
            else:
                differs = ", ".join(f"`{query}`" for query in asked["differs"])
                yield f"| {name} | {asked['asked']} | {asked['agreed']} | {differs} |"


def _other_rows(records: list[Record]) -> Iterator[str]:
    for record in records:
        for file, count in record.get("counts", {}).items():
            if file not in _RDF:
                out = f"{count['out']:,}" if "out" in count else "refused"
                name = f"{record['tool']} | {record['version']}"
                yield f"| {name} | `{file}` | {count['in']:,} | {out} |"


def _check_rows(records: list[Record]) -> Iterator[str]:
    for record in records:
        for file, check in record.get("checks", {}).items():
            found = check.get("found", check.get("said"))
            yield f"| {record['tool']} | {record['version']} | `{file}` | {found} |"


def _skipped(records: list[Record]) -> Iterator[tuple[str, str]]:
    known = {record["tool"]: record for record in records}
    for tool in TOOLS:
        if tool.name not in known:
            yield tool.name, "not run yet on a release that is recorded here."
        elif "skipped" in known[tool.name]:
            yield tool.name, f"not at hand in this run; {known[tool.name]['skipped']}"
