"""Third-party client programs for endpoints.

A client does steps and tells of each what came back, as text. The first word of a step is what it
is compared by: a query of questions/, or what is written and read back. `SELECT csv` is the query
select.rq in another format, and must give as many rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from interop.tool import NotInstalled, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import httpx

QUESTIONS: Final = Path(__file__).parent / "questions"
GRAPH: Final = "http://example.org/client"
_LONGEST: Final = 240


def question(name: str) -> str:
    """Return the text of a file of questions/."""
    return (QUESTIONS / name).read_text("utf-8")


@dataclass(frozen=True)
class Endpoint:
    """The server that is asked: its address, and the token that allows writing."""

    url: str
    token: str

    @property
    def words(self) -> tuple[str, str, str]:
        """The arguments of a client that is a program of its own."""
        return self.url, self.token, str(QUESTIONS)


@dataclass(frozen=True)
class Client:
    """A client; `steps` yields each step with what came back, and raises what the client raises."""

    name: str
    registry: str
    package: str
    version: Callable[[], str]
    steps: Callable[[Endpoint], Iterable[tuple[str, str]]]


def printed(text: str) -> Iterable[tuple[str, str]]:
    """Read the steps of a program, one a line: the step, a tab, what came back."""
    for line in text.splitlines():
        step, tab, came = line.partition("\t")
        if tab:
            yield step, came


def expected(http: httpx.Client) -> dict[str, str]:
    """Return what must come back, by the first word of a step; the queries are asked over HTTP."""

    def ask(name: str, accept: str) -> httpx.Response:
        response = http.post(
            "/sparql",
            content=question(name),
            headers={"Content-Type": "application/sparql-query", "Accept": accept},
        )
        return response.raise_for_status()

    rows = ask("select.rq", "application/sparql-results+json").json()["results"]["bindings"]
    graphs = {
        name: str(len(ask(f"{name}.rq", "application/n-triples").text.splitlines()))
        for name in ("construct", "describe")
    }
    assert rows
    return {
        "SELECT": str(len(rows)),
        "ASK": "true",
        "CONSTRUCT": graphs["construct"],
        "DESCRIBE": graphs["describe"],
        "INSERT": "3",
        "PUT": "2",
        "CLEAR": "0",
        "reconcile": "https://w3id.org/jiqun/id/shijiazhuang",
        "load": "0 failed",
    }


def try_client(client: Client, endpoint: Endpoint, wanted: dict[str, str]) -> dict[str, Any]:
    """Return the record of a client, as results.json beside it holds it."""
    record: dict[str, Any] = {
        "client": client.name,
        "registry": client.registry,
        "package": client.package,
    }
    steps: dict[str, dict[str, str]] = {}
    try:
        record["version"] = client.version()
        for step, came in client.steps(endpoint):
            steps[step] = {"came": came, "wanted": wanted[step.split()[0]]}
    except NotInstalled as reason:
        return record | {"skipped": str(reason)}
    except Refused as reason:
        steps["end"] = {"came": " ".join(str(reason).split())[:_LONGEST], "wanted": "no error"}
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
        steps["end"] = {"came": said, "wanted": "no error"}
    return record | {"steps": steps}


def differing(record: dict[str, Any]) -> list[str]:
    """Say which steps of a record did not bring back what they must."""
    return [
        f"{step}: {each['came']} instead of {each['wanted']}"
        for step, each in record.get("steps", {}).items()
        if each["came"] != each["wanted"]
    ]
