"""Requests of commands, to URLs that the operator names, and datasets of other engines.

Requests use the operator's proxy settings, and follow redirects only to http and https URLs. The
body is not decoded; the caller limits how much of it is read.

What an engine can do over HTTP differs. Fuseki makes and removes datasets by its administration
(`/$/datasets`) and takes quads in one transaction. A server of Oxigraph has one dataset, and takes
quads where it is not read-only. Any other engine is filled by SPARQL Update.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2
import pyoxigraph as ox

from jiqun.errors import OperatorError, SettingsError, shorten
from jiqun.outbound.backend import FORM, SOLUTIONS

_AGENT: Final = f"jiqun/{version('jiqun')} (https://w3id.org/jiqun/)"
N_QUADS: Final = "application/n-quads"
_SERVICES: Final = frozenset({"sparql", "query"})
_COUNT: Final = (
    "SELECT (COUNT(*) AS ?n) WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"  # of all
)
_ABSENT: Final = frozenset({404, 405})
"""What a query gets where there is no dataset: Fuseki takes no POST there."""

_SILENT_SECONDS: Final = 3600.0
"""An engine may be silent for so long: it answers when all of a dataset is loaded."""

_LONGEST_ANSWER: Final = 300


def operator_client(seconds: float, accept: str = "*/*") -> httpx2.Client:
    """Return a client; `seconds` is its read timeout."""
    headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": _AGENT}
    return httpx2.Client(headers=headers, timeout=seconds, follow_redirects=True)


def reason(error: httpx2.HTTPError) -> str:
    """Return a message for an error, which may have no text."""
    return str(error) or type(error).__name__


@contextmanager
def get(url: str, accept: str, seconds: float) -> Iterator[httpx2.Response]:
    """Open a URL; the response, of any status, is closed when the block ends.

    Raises `OperatorError` if the response is missing or incomplete.
    """
    shown = url.partition("?")[0]
    reached = False
    try:
        with operator_client(seconds, accept) as client, client.stream("GET", url) as response:
            reached = True
            yield response
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        what = "ended early" if reached else "cannot be reached"
        why = reason(error) if isinstance(error, httpx2.HTTPError) else str(error)
        raise OperatorError(f"{shown} {what}: {why}.") from None


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset of an engine: its query URL and the kind of engine.

    `credentials` is the value of the Authorization header, "" for none; `update_url` is its SPARQL
    Update URL, "" if unknown.
    """

    url: str
    kind: str
    credentials: str = ""
    update_url: str = ""


class Dataset:
    """A dataset that is managed elsewhere; subclasses can create and fill one."""

    makes = False
    """Whether datasets can be made and removed."""

    def __init__(self, client: httpx2.Client, target: Target) -> None:
        self._client = client
        self.target = target

    def statements(self) -> int | None:
        """Return the number of statements in all graphs, None when there is no such dataset.

        Raises `OperatorError`.
        """
        response = self._send(
            "POST",
            self.target.url,
            {"Content-Type": FORM, "Accept": SOLUTIONS},
            f"query={quote(_COUNT)}".encode(),
        )
        if response.status_code in _ABSENT:
            return None
        self._check(response, "counting its statements")
        try:
            return int(response.json()["results"]["bindings"][0]["n"]["value"])
        except (KeyError, IndexError, TypeError, ValueError):
            raise OperatorError("The engine answers a query with what is no result.") from None

    def make(self) -> None:
        """Create the empty dataset; raises `OperatorError`."""
        raise OperatorError(self._unable("make a dataset"))

    def remove(self) -> None:
        """Remove the dataset and its content; raises `OperatorError`."""
        raise OperatorError(self._unable("remove a dataset"))

    def load(self, quads: Iterable[bytes]) -> None:
        """Load N-Quads, given in blocks of whole lines, into the empty dataset.

        Raises `OperatorError`.
        """
        del quads
        raise OperatorError(self._unable("be filled"))

    def _unable(self, what: str) -> str:
        return (
            f"An engine of the kind {self.target.kind} cannot {what} from here. Load the release "
            "there, and call this again: what is there is then checked."
        )

    def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes | Iterator[bytes] | None = None,
    ) -> httpx2.Response:
        shown = url.partition("?")[0]
        try:
            return self._client.request(
                method, url, headers=headers, content=content, follow_redirects=False
            )
        except httpx2.HTTPError as error:
            raise OperatorError(f"{shown} does not respond: {reason(error)}.") from None

    def _check(self, response: httpx2.Response, doing: str) -> None:
        """Raise `OperatorError` unless the response is a success."""
        status = response.status_code
        if response.is_success:
            return
        shown = str(response.request.url).partition("?")[0]
        if status in {401, 403}:
            raise OperatorError(
                f"{shown} refuses {doing} with status {status}: check the credentials "
                "(--credentials-file) and the permissions there."
            )
        if 300 <= status < 400:
            raise OperatorError(f"{shown} redirects; use the final URL.")
        answer = " ".join(response.text.split())
        about = f": {shorten(answer, _LONGEST_ANSWER)}" if answer and "<" not in answer else ""
        raise OperatorError(f"{shown} responded to {doing} with status {status}{about}.")


class FusekiDataset(Dataset):
    """A dataset of Apache Jena Fuseki; it is made on disk (TDB2)."""

    makes = True

    def __init__(self, client: httpx2.Client, target: Target) -> None:
        super().__init__(client, target)
        parts = urlsplit(target.url)
        names = parts.path.strip("/").split("/")
        if names[-1] in _SERVICES:
            names.pop()
        if not names or not names[-1]:
            raise SettingsError(
                f"{target.url} names no dataset of Fuseki; write it like "
                "http://127.0.0.1:3030/jiqun-{release}/sparql."
            )
        *before, self._name = names
        root = "/".join([f"{parts.scheme}://{parts.netloc}", *before])
        self._admin = f"{root}/$/datasets"
        self._data = f"{root}/{self._name}/data"

    def make(self) -> None:
        """Create the empty dataset; raises `OperatorError`."""
        response = self._send(
            "POST",
            self._admin,
            {"Content-Type": FORM},
            f"dbType=tdb2&dbName={quote(self._name, safe='')}".encode(),
        )
        if response.status_code in {404, 405}:
            raise OperatorError(
                f"This Fuseki has no administration at {self._admin}, so no dataset can be made. "
                f"Make an empty one named {self._name} in its configuration, and call this again."
            )
        self._check(response, "making a dataset")

    def remove(self) -> None:
        """Remove the dataset and its content; raises `OperatorError`."""
        response = self._send("DELETE", f"{self._admin}/{quote(self._name, safe='')}", {})
        self._check(response, "removing a dataset")

    def load(self, quads: Iterable[bytes]) -> None:
        """Load N-Quads into the empty dataset, all or nothing; raises `OperatorError`."""
        response = self._send("POST", self._data, {"Content-Type": N_QUADS}, iter(quads))
        self._check(response, "loading the statements")


class OxigraphDataset(Dataset):
    """The dataset of a server of Oxigraph (`oxigraph serve`)."""

    def __init__(self, client: httpx2.Client, target: Target) -> None:
        super().__init__(client, target)
        self._store = f"{target.url.rpartition('/')[0]}/store"

    def load(self, quads: Iterable[bytes]) -> None:
        """Load N-Quads into the empty dataset, all or nothing; raises `OperatorError`."""
        response = self._send("POST", self._store, {"Content-Type": N_QUADS}, iter(quads))
        if response.status_code in {403, 404, 405}:
            raise OperatorError(
                "This server of Oxigraph is read-only. Stop it, load jiqun.nq of the release into "
                "its folder with `oxigraph load`, start it, and call this again; or start it with "
                "`oxigraph serve` while it is filled."
            )
        self._check(response, "loading the statements")


class UpdatedDataset(Dataset):
    """A dataset that takes SPARQL 1.1 Update; what fails midway leaves a part of the statements."""

    def load(self, quads: Iterable[bytes]) -> None:
        """Load N-Quads into the empty dataset, block by block; raises `OperatorError`."""
        for block in quads:
            response = self._send(
                "POST",
                self.target.update_url,
                {"Content-Type": "application/sparql-update; charset=utf-8"},
                insertion(ox.parse(block, ox.RdfFormat.N_QUADS)).encode(),
            )
            self._check(response, "an update")


def insertion(quads: Iterable[ox.Quad]) -> str:
    """Return the update that inserts quads; raises `OperatorError` for a blank node.

    A blank node in INSERT DATA is a new one in each request (SPARQL 1.1 Update, 3.1.1).
    """
    parts = []
    for graph, members in groupby(quads, key=lambda quad: quad.graph_name):
        triples = [quad.triple for quad in members]
        if any(isinstance(each, ox.BlankNode) for triple in triples for each in (graph, *triple)):
            raise OperatorError(
                "The release has blank nodes, which SPARQL Update cannot carry from one request to "
                "the next. Load its dumps in another way, and call this again."
            )
        text = "".join(f"{triple} .\n" for triple in triples)
        parts.append(
            text if isinstance(graph, ox.DefaultGraph) else f"GRAPH {graph} {{ {text} }}\n"
        )
    return f"INSERT DATA {{\n{''.join(parts)}}}"


@contextmanager
def open_dataset(target: Target) -> Iterator[Dataset]:
    """Yield the dataset, with a client of its own; raises `SettingsError`."""
    kinds = {"fuseki": FusekiDataset, "oxigraph": OxigraphDataset}
    kind = UpdatedDataset if target.update_url else kinds.get(target.kind, Dataset)
    with operator_client(_SILENT_SECONDS) as client:
        if target.credentials:
            client.headers["Authorization"] = target.credentials
        yield kind(client, target)
