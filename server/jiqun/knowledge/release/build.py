"""A release: the folder that `knowledge` writes and `endpoint` reads.

It is written beside its place under another name and renamed into it when it is whole; the
manifest comes last. Every text file has the same bytes wherever it is built: no clocks, no random
numbers, one order. (Not those of the store and of the search index, which other libraries write.)
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.errors import ReleaseError
from jiqun.knowledge.checks.rules import read_rule
from jiqun.knowledge.dataset import ONTOLOGY, fill, homes, store, with_passages
from jiqun.knowledge.knowledge import Knowledge, complete
from jiqun.knowledge.queries.saved import read_query
from jiqun.knowledge.release import dumps
from jiqun.knowledge.release.evidence import evidence
from jiqun.knowledge.release.manifest import manifest
from jiqun.knowledge.release.quality import report
from jiqun.knowledge.release.search_index import FOLDER, write_search_index
from jiqun.knowledge.turtle.parse import read, read_prefixes
from jiqun.knowledge.versions import ontology_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.knowledge.checks.rules import HygieneRule
    from jiqun.knowledge.content import Content

_TURTLE: Final = "text/turtle"


def build(content: Content, folder: Path) -> None:
    """Write the release of this content to `folder`, replacing a release that is there.

    Raises `ContentError` for content that cannot be built from, and `ReleaseError` for a folder
    that is something else than a release.
    """
    _refuse_other_folder(folder)
    documents = [read(path, content) for path in homes(content)]
    queries = [read_query(path, content) for path in content.queries()]
    rules = [read_rule(path, content) for path in content.rules()]
    knowledge = complete(documents, queries, content)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        building.chmod(0o755)
        write(knowledge, read_prefixes(content), building, rules, list(ontology_files(content)))
        _put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write(
    knowledge: Knowledge,
    prefixes: Mapping[str, str],
    folder: Path,
    rules: Sequence[HygieneRule] = (),
    further: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Write all files of a release into an empty folder, the manifest last.

    The report on its quality counts the findings of the `rules`; `further` are files to be added,
    with name, text and media type.
    """
    graphs, default = knowledge.graphs, knowledge.default
    known = with_passages(prefixes, graphs)
    reified = set(evidence(graphs))
    quads = sum(map(len, graphs.values())) + len(default)
    nquads = dumps.nquads_text(graphs, default)
    texts = {
        "jiqun.ttl.gz": (dumps.turtle_text(default, known), _TURTLE, len(default)),
        "jiqun.nt.gz": (dumps.ntriples_text(default), "application/n-triples", len(default)),
        "jiqun.nq.gz": (nquads, "application/n-quads", quads),
        "jiqun.trig.gz": (dumps.trig_text(graphs, default, known), "application/trig", quads),
        "evidence.ttl.gz": (dumps.turtle_text(reified, known), _TURTLE, len(reified)),
    }
    files = [dumps.write_compressed(folder / name, *rest) for name, rest in texts.items()]
    entries = [query.as_json() for query in knowledge.queries]
    files.append(_write_json(folder / "queries.json", entries))
    files += [dumps.write_plain(folder / name, *rest) for name, *rest in further]
    ontology = graphs.get(ONTOLOGY, set())
    filled = _write_store(knowledge, folder / "store")
    quality = report(filled, store({ONTOLOGY: ontology}, ontology), rules)
    files.append(_write_json(folder / "quality.json", quality))
    write_search_index(knowledge.default, folder / FOLDER)
    release = next(file.text_sha256 for file in files if file.name == "jiqun.nq.gz")
    (folder / "manifest.json").write_bytes(manifest(knowledge, release, files).encode("utf-8"))


def _write_json(path: Path, content: object) -> dumps.Written:
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return dumps.write_plain(path, text, "application/json")


def _write_store(knowledge: Knowledge, folder: Path) -> ox.Store:
    filled = ox.Store(str(folder))
    fill(filled, knowledge.graphs, knowledge.default)
    filled.optimize()
    filled.flush()
    return filled


def _refuse_other_folder(folder: Path) -> None:
    if folder.exists() and not (folder / "manifest.json").is_file() and any(folder.iterdir()):
        raise ReleaseError(
            f"{folder} is not empty and holds no release; nothing was written. Name another folder."
        )


def _put_in_place(building: Path, folder: Path) -> None:
    if not folder.exists():
        building.rename(folder)
        return
    former = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        folder.rename(former / folder.name)
        try:
            building.rename(folder)
        except BaseException:
            (former / folder.name).rename(folder)
            raise
    finally:
        shutil.rmtree(former, ignore_errors=True)
