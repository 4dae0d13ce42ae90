"""Questions from the command line: the same answers from a release folder and from a server."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from command_line import jiqun
from jiqun.ask import complete_thing
from jiqun.cli import app
from knowledge.small_content import write_small

if TYPE_CHECKING:
    from pathlib import Path

    from live_server import LiveServer

CLUSTER = "jjj-safety-emergency-equipment"


def in_terminal(columns: int, *arguments: str | Path) -> str:
    """Return what the command writes to a terminal of this width."""
    main, other = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-m", "jiqun", *map(str, arguments)]
    with subprocess.Popen(command, stdout=other, stderr=other, env=environment) as process:
        os.close(other)
        written = b""
        while True:
            try:
                block = os.read(main, 65536)
            except OSError:  # the terminal is closed
                break
            if not block:
                break
            written += block
        process.wait(timeout=60)
    os.close(main)
    return written.decode()


@pytest.fixture(params=["release", "url"])
def where(
    request: pytest.FixtureRequest, built_release: Path, built_server: LiveServer
) -> list[str]:
    """The options that say whom to ask."""
    if request.param == "release":
        return ["--release", str(built_release)]
    return ["--url", built_server.url]


def test_search(where: list[str]) -> None:
    code, out, err = jiqun("search", "Beiqi", "Foton", "--format", "csv", *where)
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[0]["id"] == "id:foton-motor"


def test_describe(where: list[str]) -> None:
    code, out, _ = jiqun("describe", CLUSTER, "--format", "json", *where)
    assert code == 0
    answer: dict[str, Any] = json.loads(out)
    assert answer["id"] == f"id:{CLUSTER}"
    assert {"said", "goal", "inferred"} <= {row["kind"] for row in answer["statements"]}
    code, out, _ = jiqun("describe", CLUSTER, *where)
    assert code == 0
    assert "goal: " in out
    assert "以河北石家庄、唐山為核心區" in out


def test_cite(where: list[str]) -> None:
    code, out, _ = jiqun("cite", CLUSTER, "kg:leadAppliedForBy", *where)
    assert code == 0
    assert f"id:{CLUSTER} kg:leadAppliedForBy id:hebei  [inferred]" in out
    assert "follows from" in out
    assert "“河北省牽頭聯合京津申報”" in out
    assert "2024-12-23" in out
    code, out, _ = jiqun("cite", CLUSTER, "kg:coreArea", "id:tangshan", "--format", "csv", *where)
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["passage"].endswith("hebei-daily-2024-12-23#p15")


def test_query(where: list[str]) -> None:
    arguments = ("query", "cluster-areas", "--cluster", CLUSTER, *where)
    code, out, _ = jiqun(*arguments)
    assert code == 0
    assert "core area" in out
    assert out.endswith("8 rows\n")
    code, out, _ = jiqun(*arguments, "--format", "csv")
    assert len(out.splitlines()) == 9
    assert "cluster-areas\t" in jiqun("query", *where)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "qqqqzzzz"), "Try fewer words"),
        (("describe", "id:jjj-safety-emergenc"), f"did you mean id:{CLUSTER}?"),
        (("cite", CLUSTER, "kg:coreAreas"), "did you mean kg:coreArea?"),
        (("query", "cluster-area"), "There is no saved query cluster-area."),
        (("query", "cluster-areas", "--nope", "x"), "has no parameter nope"),
    ],
)
def test_mistakes_end_with_2(where: list[str], arguments: tuple[str, ...], words: str) -> None:
    code, out, err = jiqun(*arguments, *where)
    assert (code, out) == (2, "")
    assert words in err


def test_a_server_that_is_not_there() -> None:
    for arguments in (("search", "x"), ("query", "goals")):
        code, out, err = jiqun(*arguments, "--url", "http://127.0.0.1:9")
        assert (code, out) == (2, "")
        assert "127.0.0.1:9" in err
        assert "Traceback" not in err


def test_a_table_fits_the_terminal(built_release: Path) -> None:
    arguments = ("query", "cluster-areas", "--cluster", CLUSTER, "--release", built_release)
    for columns in (80, 160):
        lines = in_terminal(columns, *arguments).splitlines()
        assert max(len(line.rstrip()) for line in lines) <= columns
        assert "…" not in "".join(lines)
    assert "Shijiazhuang" in in_terminal(160, *arguments)


def test_a_build_shows_how_far_it_is(tmp_path: Path) -> None:
    small = write_small(tmp_path)
    release = tmp_path / "release"
    arguments = ("build", "--content", small.content.root, "--release", release)
    shown = in_terminal(100, *arguments)
    assert "write the search index" in shown
    assert "12/12" in shown
    code, _, err = jiqun(*arguments)
    assert code == 0
    assert len([line for line in err.splitlines() if line.endswith(" s")]) == 12


def test_loading_shows_how_far_it_is(tmp_path: Path) -> None:
    file = tmp_path / "data.nt"
    file.write_text("".join(f"<urn:s{n}> <urn:p> <urn:o> .\n" for n in range(25_000)))
    shown = in_terminal(100, "load", file, "--workspace", tmp_path / "workspace")
    assert "data.nt: 25,000 statements" in shown
    assert "25000 statements" in shown


def test_the_shell_completes_ids(built_release: Path) -> None:
    context = typer.Context(typer.main.get_command(app))
    context.params["release"] = str(built_release)
    assert f"id:{CLUSTER}" in complete_thing(context, "id:jjj-safety-em")
    assert CLUSTER in complete_thing(context, "jjj-safety-em")
    context.params["release"] = "/nowhere"
    assert complete_thing(context, "b") == []
