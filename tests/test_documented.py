"""What there is, is documented: every setting, every address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from typer.core import TyperGroup
from typer.main import get_command

from jiqun.cli import app as cli
from jiqun.rdf.formats import GRAPHS, SOLUTIONS
from jiqun.settings import Settings, table
from jiqun.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = Path(__file__).parents[1] / "docs" / "endpoint.md"


def rows(heading: str) -> Iterator[list[str]]:
    """Give the cells of every table row below a heading."""
    _, _, below = PAGE.read_text("utf-8").partition(f"{heading}\n")
    section = re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]
    for line in section.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def paths(routes: Iterable[object]) -> Iterator[str]:
    """Give the paths of routes, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from paths(inner.routes)
        else:
            yield str(getattr(route, "path", ""))


def test_every_setting_is_documented_as_it_is() -> None:
    documented = list(rows("### Settings"))
    expected = [
        [f"`{variable}`", f"`{default}`", help_text] for _, variable, default, help_text in table()
    ]
    assert documented == expected, "run `jiqun docs`"


def test_every_address_is_documented(release_folder: Path) -> None:
    app = create_app(release_folder, Settings(log_requests=False))
    served = {"/sparql", "/update", "/graphs", "/mcp"}
    served |= set(paths(app.routes))
    documented = {cells[0].strip("`") for cells in rows("## Routes")}
    assert documented == served


def test_every_format_is_documented() -> None:
    documented = {(cells[0], cells[1]) for cells in rows("## Sending a query") if len(cells) == 3}
    for each in (*SOLUTIONS, *GRAPHS):
        assert (f"`{each.names[0]}`", f"`{each.media_type}`") in documented


def test_every_command_is_documented() -> None:
    root = get_command(cli)
    assert isinstance(root, TyperGroup)
    commands = {name for name in root.commands if name != "links"} | {"links verify"}
    page = PAGE.with_name("cli.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `jiqun ([a-z -]+?)(?: [A-Z…\[].*?)?` \|", page, re.MULTILINE))
    assert documented == commands
