"""Makes a release from any RDF: `jiqun pack`.

The files are loaded into the store one after the other, and the store is then read once, by
subject, for the search index and the statistics: memory does not grow with the data. The dumps of
such a release are the files themselves, compressed if they were not. Turtle, TriG, N-Triples and
N-Quads are parsed by the loader of the store; RDF/XML and JSON-LD are checked first, because their
parsers can use unlimited memory.

The store's index groups triples by subject, so only one subject is in memory at a time. Names are
taken from the common vocabularies for them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final

import pyoxigraph as ox

from jiqun.errors import BadParameter, MalformedData, OperatorError
from jiqun.knowledge.query_files import read_query
from jiqun.knowledge.release.build import FORMAT, put_in_place, refuse_other_folder
from jiqun.knowledge.release.release_files import Offer, Written, write_json
from jiqun.knowledge.release.search_entries import Entry, Kind, Label
from jiqun.knowledge.release.search_index import write_streamed
from jiqun.names import ALTERNATIVE, LABEL
from jiqun.rdf.formats import GRAPH_EXTENSIONS, N_QUADS, N_TRIPLES, TRIG, TURTLE, Format
from jiqun.rdf.formats import graph_format_of_file as format_of_extension
from jiqun.rdf.namespaces import DCTERMS, FOAF, ID, RDFS, SCHEMA, SKOS, is_absolute_iri
from jiqun.rdf.parsing import malformed, read_file
from jiqun.rdf.terms import TYPE, language_tag
from jiqun.saved_queries import SavedQuery

LABELS: Final = (
    f"{RDFS}label",
    f"{SKOS}prefLabel",
    f"{SCHEMA}name",
    "http://schema.org/name",
    f"{FOAF}name",
    f"{DCTERMS}title",
    "http://purl.org/dc/elements/1.1/title",
)
"""The properties whose values are names of things, the most common first."""

_ALTERNATIVES: Final = (f"{SKOS}altLabel", f"{SCHEMA}alternateName", f"{DCTERMS}alternative")
_DESCRIPTIONS: Final = (
    f"{RDFS}comment",
    f"{SKOS}definition",
    f"{DCTERMS}description",
    f"{SCHEMA}description",
    "http://schema.org/description",
    f"{DCTERMS}abstract",
)
_KINDS: Final = dict.fromkeys(LABELS, LABEL) | dict.fromkeys(_ALTERNATIVES, ALTERNATIVE)
_RANK: Final = 0
_MOST_NAMES: Final = 50
_LONGEST_NAME: Final = 500
_LONGEST_DESCRIPTION: Final = 300
_MOST_CLASSES: Final = 32
"""Maximum number of classes of a thing in the index."""
_MOST_PAIRS: Final = 100_000
_LISTED: Final = 1_000
_SHOWN_EVERY: Final = 5_000
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows a step with its total number of units; yields a function to report progress."""

STATISTICS: Final = "statistics.json"
_LOADED: Final = frozenset({TURTLE, TRIG, N_TRIPLES, N_QUADS})
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_BLOCK: Final = 1024 * 1024
_ONE_BLOCK: Final = 2_000_000
"""Up to this many statements, the store is not optimized, which doubles the files' size."""

_GZIP_LEVEL: Final = 6


@dataclass
class Statistics:
    """Counts of classes and properties in the default graph, and other counts.

    `together` counts properties by class; beyond a maximum number of pairs, no further ones are
    counted, and `complete` is false.
    """

    counts: dict[str, int] = field(default_factory=dict)
    classes: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, str]] = field(default_factory=Counter)
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the statistics for the release: the most frequent, and whether complete."""
        chosen = {iri for iri, _ in self.classes.most_common(_LISTED)}
        pairs: dict[str, dict[str, int]] = {}
        for (kind, name), count in self.together.most_common():
            if kind in chosen:
                pairs.setdefault(kind, {})[name] = count
        listed = _most(self.classes)
        return {
            "complete": self.complete and len(listed) == len(self.classes),
            "classes": [
                {"iri": iri, "entities": count, "properties": pairs.get(iri, {})}
                for iri, count in listed
            ],
            "properties": [{"iri": iri, "triples": count} for iri, count in _most(self.properties)],
        }


def _most(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:_LISTED]


def write_packed_index(store: ox.Store, folder: Path, done: Callable[[int], None]) -> Statistics:
    """Write the search index of everything that has a name; return the statistics."""
    statistics = Statistics()
    write_streamed(
        _entries(store, statistics, done),
        lambda iris: (Kind(iri, _class_labels(store, iri)) for iri in iris),
        folder,
    )
    graphs = sum(1 for _ in store.named_graphs())
    triples = statistics.counts["triples"]
    statistics.counts |= {
        "quads": len(store) - triples,
        "graphs": graphs,
        "classes": len(statistics.classes),
        "properties": len(statistics.properties),
    }
    return statistics


def _entries(
    store: ox.Store, statistics: Statistics, done: Callable[[int], None]
) -> Iterator[Entry]:
    triples = subjects = named = 0
    default = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    for subject, quads in groupby(default, key=lambda quad: quad.subject):
        facts = [(quad.predicate.value, quad.object) for quad in quads]
        triples += len(facts)
        subjects += 1
        if subjects % _SHOWN_EVERY == 0:
            done(triples)
        classes = _count(facts, statistics)
        if isinstance(subject, ox.NamedNode) and (entry := _entry(subject.value, facts, classes)):
            named += 1
            yield entry
    statistics.counts |= {"triples": triples, "subjects": subjects, "named": named}


def _count(facts: Sequence[tuple[str, Any]], statistics: Statistics) -> list[str]:
    classes = sorted(
        {value.value for name, value in facts if name == TYPE.value and _is_iri(value)}
    )
    statistics.classes.update(classes)
    names = [name for name, _ in facts]
    statistics.properties.update(names)
    for kind in classes:
        for name in set(names):
            if (kind, name) in statistics.together or len(statistics.together) < _MOST_PAIRS:
                statistics.together[kind, name] += 1
            else:
                statistics.complete = False
    return classes


def _is_iri(value: Any) -> bool:
    return isinstance(value, ox.NamedNode) and is_absolute_iri(value.value)


def _entry(iri: str, facts: Iterable[tuple[str, Any]], classes: Sequence[str]) -> Entry | None:
    """Return the entry of a thing, None for one without a name."""
    names: dict[Label, None] = {}
    description: dict[str, str] = {}
    for name, value in facts:
        if not isinstance(value, ox.Literal):
            continue
        lang = language_tag(value.language) if value.language else ""
        kind = _KINDS.get(name)
        if kind is not None and len(names) < _MOST_NAMES and value.value.strip():
            names[Label(value.value[:_LONGEST_NAME], lang, kind)] = None
        elif name in _DESCRIPTIONS:
            description.setdefault(lang, value.value[:_LONGEST_DESCRIPTION])
    if not any(label.kind == LABEL for label in names):
        return None
    ordered = tuple(sorted(names, key=lambda label: (label.kind, label.lang, label.text)))
    own = tuple(classes[:_MOST_CLASSES])
    return Entry(iri.removeprefix(ID), ordered, own, own[:3], _RANK, description)


def _class_labels(store: ox.Store, iri: str) -> dict[str, str]:
    """Return the labels of a class by language, else the local name of its IRI."""
    found: dict[str, str] = {}
    node = ox.NamedNode(iri)
    for name in LABELS:
        for quad in store.quads_for_pattern(node, ox.NamedNode(name), None, ox.DefaultGraph()):
            if isinstance(quad.object, ox.Literal):
                lang = language_tag(quad.object.language) if quad.object.language else ""
                found.setdefault(lang, quad.object.value[:_LONGEST_NAME])
    return found or {"": iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri}


@dataclass(frozen=True)
class Packing:
    """Options of `pack`.

    `namespace` is that of the things whose IRIs the server dereferences, "" for none; `queries` is
    a folder of `.rq` files. With `merge`, the default graph is the merge of all graphs.
    """

    title: str
    version: str
    namespace: str = ""
    queries: Path | None = None
    merge: bool = False


def pack(files: Sequence[Path], folder: Path, packing: Packing, progress: Progress) -> Statistics:
    """Write a release of these files to `folder`, replacing an existing one, or nothing.

    Raises `MalformedData` with file, line and column, `BadParameter`, `OperatorError`,
    `ReleaseError` for a folder that is not a release, and `OSError`.
    """
    refuse_other_folder(folder)
    formats = {path: _format(path) for path in files}
    queries = _read_queries(packing.queries) if packing.queries else []
    if packing.namespace and not is_absolute_iri(packing.namespace):
        raise BadParameter("--namespace must be an absolute IRI, such as https://example.org/id/.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        building.chmod(0o755)
        statistics = _write(formats, queries, building, packing, progress)
        put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return statistics


def _write(
    formats: dict[Path, Format],
    queries: Sequence[SavedQuery],
    folder: Path,
    packing: Packing,
    progress: Progress,
) -> Statistics:
    store = ox.Store(str(folder / "store"))
    written: list[Written] = []
    for path, format_ in formats.items():
        with progress(f"load {path.name}", path.stat().st_size) as done:
            _load(store, path, format_, done)
        with progress(f"copy {path.name}", path.stat().st_size) as done:
            written.append(_keep(path, format_, folder, {each.name for each in written}, done))
    if packing.merge:
        with progress("merge the graphs", len(store)) as done:
            _merge(store, done)
    if not len(store):
        raise OperatorError("The files contain no statements, so there is nothing to pack.")
    if len(store) > _ONE_BLOCK:  # it was loaded in parts, which makes look-ups slower
        with progress("optimize the store", 1) as done:
            store.optimize()
            done(1)
    store.flush()
    with progress("index names and count", len(store)) as done:
        statistics = write_packed_index(store, folder / "search", done)
    written += [
        write_json(folder, "queries.json", [each.to_json() for each in queries]),
        write_json(folder, STATISTICS, statistics.to_json()),
    ]
    identity = json.dumps(
        [sorted(each.text_sha256 for each in written), vars(packing) | {"queries": None}],
        sort_keys=True,
    )
    content = {
        "format": FORMAT,
        "title": packing.title,
        "version": packing.version,
        "release": hashlib.sha256(identity.encode()).hexdigest(),
        "namespace": packing.namespace,
        "counts": {**statistics.counts, "queries": len(queries)},
        "files": {each.name: each.entry() for each in sorted(written, key=lambda each: each.name)},
    }
    write_json(folder, "manifest.json", content)
    return statistics


def _format(path: Path) -> Format:
    extension = (path.with_suffix("") if path.suffix == ".gz" else path).suffix
    found = format_of_extension(extension)
    if found is None:
        readable = ", ".join(GRAPH_EXTENSIONS)
        raise BadParameter(
            f"{path.name} has no RDF file extension. Supported: {readable}, each also with .gz."
        )
    if not path.is_file():
        raise BadParameter(f"There is no file {path}.")
    return found


class _Counting:
    """A file that counts the bytes read from its raw file."""

    def __init__(self, file: IO[bytes], raw: IO[bytes], done: Callable[[int], None]) -> None:
        self._file, self._raw, self._done = file, raw, done

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        data = self._file.read(size)
        self._done(self._raw.tell())
        return data


def _load(store: ox.Store, path: Path, format_: Format, done: Callable[[int], None]) -> None:
    base = path.absolute().as_uri()
    if format_ not in _LOADED:
        store.bulk_extend(read_file(path, None, base))
        return
    try:
        with path.open("rb") as raw:
            content: Any = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            file: Any = _Counting(content, raw, done)
            line_based = format_ in {N_TRIPLES, N_QUADS}
            store.bulk_load(file, format_.oxigraph, base_iri=None if line_based else base)
    except SyntaxError as error:
        found = malformed(error, format_.label)
        raise MalformedData(f"{path.name}: {found.detail}", found.line, found.column) from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path.name} is incomplete: {error}.") from None


def _keep(
    path: Path, format_: Format, folder: Path, names: set[str], done: Callable[[int], None]
) -> Written:
    """Copy a file to the dumps of the release, gzipped."""
    packed = path.suffix == ".gz"
    plain = _NAME.sub("-", path.with_suffix("").stem if packed else path.stem).strip(".-") or "data"
    name, number = f"{plain}.{format_.extension}.gz", 1
    while name in names:
        number += 1
        name = f"{plain}-{number}.{format_.extension}.gz"
    target, content = folder / name, hashlib.sha256()
    with path.open("rb") as raw:
        if packed:
            with target.open("wb") as copy:
                for block in _blocks(raw):
                    copy.write(block)
                    done(raw.tell())
            with gzip.open(target) as unpacked:
                for block in _blocks(unpacked):
                    content.update(block)
        else:
            with (
                target.open("wb") as copy,
                gzip.GzipFile("", "wb", _GZIP_LEVEL, copy, mtime=0) as packing,
            ):
                for block in _blocks(raw):
                    packing.write(block)
                    content.update(block)
                    done(raw.tell())
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    offer = Offer("rdf", format_.media_type, conforms_to="")
    size = target.stat().st_size
    return Written(name, digest, content.hexdigest(), size, offer, {}, "gzip")


def _blocks(file: Any) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _merge(store: ox.Store, done: Callable[[int], None]) -> None:
    """Copy all statements of named graphs to the default graph."""

    def merged() -> Iterator[ox.Quad]:
        for count, quad in enumerate(store.quads_for_pattern(None, None, None, None), 1):
            if not isinstance(quad.graph_name, ox.DefaultGraph):
                yield ox.Quad(quad.subject, quad.predicate, quad.object)
            done(count)

    store.bulk_extend(merged())


class _Folder:
    """Files of the operator, named in messages without their folder."""

    def name(self, path: Path) -> str:
        """Return the name of a file in messages."""
        return path.name


def _read_queries(folder: Path) -> list[SavedQuery]:
    if not folder.is_dir():
        raise OperatorError(f"There is no folder {folder}.")
    return [read_query(path, _Folder(), ("en",)) for path in sorted(folder.glob("*.rq"))]
