"""`jiqun publish`: loads a release into a new dataset of a backend, and verifies it.

The live dataset is not touched until everything matches: a new dataset is created and filled, its
counts are compared with the manifest, and the results of all saved queries with those of the
release's store. Then the operator's command switches.
"""

from __future__ import annotations

import asyncio
import gzip
import shlex
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyoxigraph as ox

from jiqun import answers
from jiqun.errors import JiqunError, OperatorError, SettingsError
from jiqun.outbound.backend import authorization, url_of
from jiqun.outbound.operator_requests import Dataset, Target, open_dataset
from jiqun.query.backend_check import check_backend
from jiqun.query.language_case import LanguageCase
from jiqun.query.service import QueryRequest, QueryService, running_service
from jiqun.rdf.formats import JSON, N_TRIPLES
from jiqun.release import Release, open_release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.settings import Settings, read_secret

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a step with its total number of units; yields a function to report progress."""

_DUMP: Final = "jiqun.nq.gz"
_BLOCK: Final = 256 * 1024
_QUADS: Final = 5_000


@dataclass(frozen=True)
class Publication:
    """The result: the URL of the dataset, and whether it was filled now or before.

    `compared` is the number of compared saved queries, `different` describes the differences by
    query.
    """

    url: str
    loaded: bool
    statements: int
    compared: int
    different: tuple[str, ...]


@dataclass(frozen=True)
class Publishing:
    """Options of `publish`: the backend as in the settings, and its update URL.

    With `replace`, a dataset of the same name is removed first. The queries named in `omitted` are
    not compared; `seconds` is the time limit for each of the others.
    """

    settings: Settings
    update_url: str = ""
    replace: bool = False
    omitted: Collection[str] = ()
    seconds: float = 60.0


def publish(folder: Path, publishing: Publishing, progress: Progress) -> Publication:
    """Create, fill and check the dataset; raises `ReleaseError` and `OperatorError`.

    A dataset that was created here but not filled is removed again.
    """
    release = open_release(folder, verify=True)
    _check_names(release, publishing.omitted)
    target = _target(release, publishing)
    expected = release.counts.get("triples", 0) + release.counts.get("quads", 0)
    with open_dataset(target) as dataset:
        loaded = _fill(dataset, release, expected, replace=publishing.replace, progress=progress)
    compared, different = asyncio.run(_compare(release, publishing, target.url, progress))
    return Publication(target.url, loaded, expected, compared, different)


def switch(command: str) -> None:
    """Run the operator's command; raises `OperatorError` if it cannot be run or fails."""
    words = shlex.split(command)
    if not words:
        return
    try:
        done = subprocess.run(words, check=False)  # noqa: S603 -- the operator's own
    except OSError as error:
        raise OperatorError(
            f"The dataset is ready, but {words[0]} cannot be run: {error.strerror}."
        ) from None
    if done.returncode:
        raise OperatorError(
            f"The dataset is ready, but the command that switches ended with {done.returncode}."
        )


def _check_names(release: Release, omitted: Collection[str]) -> None:
    unknown = set(omitted) - set(release.queries)
    if unknown:
        raise SettingsError(f"There is no saved query {min(unknown)} to leave out.")


def _target(release: Release, publishing: Publishing) -> Target:
    settings = publishing.settings
    if settings.backend is None:
        raise SettingsError("Name the engine with --backend.")
    secret = settings.backend_credentials_file
    return Target(
        url_of(settings.backend, release.identifier),
        settings.backend_kind,
        authorization(read_secret(secret, "The credentials of the engine")) if secret else "",
        url_of(publishing.update_url, release.identifier),
    )


def _fill(
    dataset: Dataset, release: Release, expected: int, *, replace: bool, progress: Progress
) -> bool:
    """Fill the dataset unless it is complete; return whether it was filled now."""
    found = dataset.statements()
    if found is not None and replace:
        dataset.remove()
        found = None
    if found == expected:
        return False
    if found:
        again = " With --replace, it is removed first." if dataset.makes else ""
        raise OperatorError(
            f"The dataset at {dataset.target.url} has {found} statements, the release {expected}: "
            f"it holds something else, or a load was interrupted.{again} Name another dataset, or "
            "empty this one."
        )
    made = found is None
    if made:
        dataset.make()
    try:
        _load(dataset, release, progress)
    except BaseException:
        if made:
            dataset.remove()
        raise
    return True


def _load(dataset: Dataset, release: Release, progress: Progress) -> None:
    dump = release.dumps.get(_DUMP)
    if dump is not None and not release.statistics:  # a packed one keeps other people's files
        with progress("load the statements", dump.size) as done, dump.path.open("rb") as raw:
            dataset.load(_lines(raw, done))
        return
    store = ox.Store.read_only(str(release.store))
    with progress("load the statements", len(store)) as done:
        dataset.load(_quads(store, done))


def _lines(raw: IO[bytes], done: Callable[[int], None]) -> Iterator[bytes]:
    """Yield blocks of whole lines of a gzipped file."""
    with gzip.GzipFile(fileobj=raw) as file:
        while lines := file.readlines(_BLOCK):
            done(raw.tell())
            yield b"".join(lines)


def _quads(store: ox.Store, done: Callable[[int], None]) -> Iterator[bytes]:
    """Yield all quads as N-Quads, with language tags as they are usually written."""
    usual = LanguageCase("application/n-quads")
    batch: list[ox.Quad] = []
    count = 0
    for count, quad in enumerate(store, 1):
        batch.append(quad)
        if len(batch) == _QUADS:
            yield usual.write(_serialized(batch))
            batch.clear()
            done(count)
    yield usual.write(_serialized(batch))
    done(count)


def _serialized(quads: list[ox.Quad]) -> bytes:
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""


async def _compare(
    release: Release, publishing: Publishing, url: str, progress: Progress
) -> tuple[int, tuple[str, ...]]:
    """Run every saved query on the store and the backend; return their number, and differences.

    DESCRIBE is excluded: its result depends on the engine (SPARQL 1.1, 16.4).
    """
    asked = [
        query
        for query in release.queries.values()
        if query.form != "DESCRIBE" and query.name not in publishing.omitted
    ]
    own = publishing.settings.model_copy(
        update={"backend": None, "deadline_seconds": publishing.seconds}
    )
    far = own.model_copy(update={"backend": url, "backend_seconds": publishing.seconds})
    different = []
    async with running_service(release, own) as ours, running_service(release, far) as theirs:
        assert theirs.engine.backend is not None
        await check_backend(theirs.engine.backend, release)
        with progress("compare the saved queries", len(asked)) as done:
            for count, query in enumerate(asked, 1):
                if found := await _difference(query, ours, theirs):
                    different.append(f"{query.name}: {found}")
                done(count)
    return len(asked), tuple(different)


async def _difference(query: SavedQuery, ours: QueryService, theirs: QueryService) -> str:
    """Say in a few words how the answer of the engine differs; nothing where it does not."""
    given: dict[str, Any] = {name: [value] for name, value in query.example.items()}
    request = QueryRequest(query.text, bindings=read_parameters(query, given))
    format_ = N_TRIPLES if query.form == "CONSTRUCT" else JSON
    expected = answers.read(await ours.collect(request, format_), query.form)
    try:
        found = answers.read(await theirs.collect(request, format_), query.form)
    except JiqunError as error:
        return error.detail
    return answers.difference(expected, found)
