"""The manifest of a release: what it is, what it counts, and the SHA-256 of every file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ReleaseError
from jiqun.knowledge.assembly import TITLE, Knowledge, complete
from jiqun.knowledge.checks.rules import HygieneRule, read_rule
from jiqun.knowledge.content import Content
from jiqun.knowledge.dataset import ONTOLOGY, fill, homes, is_passage, store
from jiqun.knowledge.ontology_versions import ontology_files
from jiqun.knowledge.query_files import read_query
from jiqun.knowledge.release.geojson import write_maps
from jiqun.knowledge.release.networks import write_networks
from jiqun.knowledge.release.quality_report import report
from jiqun.knowledge.release.rdf_dumps import Evidence, evidence, write_rdf
from jiqun.knowledge.release.release_files import OFFERS, Written, ontology_offer, write_plain
from jiqun.knowledge.release.search_index import FOLDER, write_search_index
from jiqun.knowledge.release.tabular import data_package, write_tables
from jiqun.knowledge.tables import Table, check_references, read_table
from jiqun.knowledge.tables import fill as fill_table
from jiqun.knowledge.turtle_files import read, read_prefixes
from jiqun.rdf.namespaces import KG, OWL
from jiqun.rdf.terms import TYPE

FORMAT: Final = 1
_COUNTED: Final = {
    "sources": "Source",
    "passages": "Passage",
    "clusters": "NationalCluster",
    "candidates": "CandidateCluster",
    "disagreements": "Disagreement",
    "organisations": "Organisation",
    "companies": "Company",
    "brands": "Brand",
    "regions": "Region",
    "persons": "Person",
    "plans": "PolicyDocument",
    "observations": "Observation",
    "claims": "Claim",
    "goals": "Goal",
    "designations": "Designation",
    "applications": "Application",
    "participations": "Participation",
}


def manifest(knowledge: Knowledge, release: str, files: Iterable[Written]) -> str:
    """Return manifest.json; `release` is the SHA-256 of the N-Quads, in hexadecimal."""
    entries = {file.name: file.entry() for file in sorted(files, key=lambda file: file.name)}
    content = {
        "format": FORMAT,
        "title": TITLE,
        "version": knowledge.version,
        "release": release,
        "ontology": _ontology(knowledge),
        "counts": _counts(knowledge),
        "files": entries,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _ontology(knowledge: Knowledge) -> dict[str, str]:
    iri = KG.removesuffix("#")
    found = {"iri": iri}
    for subject, predicate, value in knowledge.graphs.get(ONTOLOGY, set()):
        if subject == ox.NamedNode(iri) and isinstance(value, ox.NamedNode | ox.Literal):
            if predicate.value == f"{OWL}versionIRI":
                found["versionIRI"] = value.value
            elif predicate.value == f"{OWL}versionInfo":
                found["version"] = value.value
    return dict(sorted(found.items()))


def _counts(knowledge: Knowledge) -> dict[str, int]:
    graphs = knowledge.graphs
    members: dict[str, int] = {}
    for triple in knowledge.default:
        if triple.predicate == TYPE and isinstance(triple.object, ox.NamedNode):
            members[triple.object.value] = members.get(triple.object.value, 0) + 1
    stated = [triples for name, triples in graphs.items() if is_passage(name)]
    return {
        "triples": len(knowledge.default),
        "quads": sum(map(len, graphs.values())),
        "graphs": len(graphs),
        "statements": sum(map(len, stated)),
        "evidenced": len(stated),
        "distinctObjects": len({triple.object for triple in knowledge.default}),
        "queries": len(knowledge.queries),
        **{name: members.get(f"{KG}{kind}", 0) for name, kind in _COUNTED.items()},
    }


@dataclass(frozen=True)
class Further:
    """What a release is made with besides the knowledge.

    The report on its quality counts the findings of the `rules`; `versions` are the files of the
    ontology's versions, with name, text and media type.
    """

    prefixes: Mapping[str, str]
    rules: Sequence[HygieneRule]
    tables: Sequence[Table]
    versions: Sequence[tuple[str, str, str]]


def build(content: Content, folder: Path) -> None:
    """Write the release of this content to `folder`, replacing a release that is there.

    Raises `ContentError` for content that cannot be built from, and `ReleaseError` for a folder
    that is something else than a release.
    """
    _refuse_other_folder(folder)
    documents = [read(path, content) for path in homes(content)]
    queries = [read_query(path, content) for path in content.queries()]
    further = Further(
        prefixes=read_prefixes(content),
        rules=[read_rule(path, content) for path in content.rules()],
        tables=[read_table(path, content) for path in content.tables()],
        versions=list(ontology_files(content)),
    )
    knowledge = complete(documents, queries, content)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        building.chmod(0o755)
        write(knowledge, further, building)
        _put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write(knowledge: Knowledge, further: Further, folder: Path) -> None:
    """Write all files of a release into an empty folder, the manifest last."""
    stated = list(evidence(knowledge.graphs))
    files = write_rdf(knowledge, stated, further.prefixes, folder)
    files += [
        write_plain(folder, name, text, ontology_offer(media_type), {})
        for name, text, media_type in further.versions
    ]
    release = next(file.text_sha256 for file in files if file.name == "jiqun.nq.gz")
    files.append(
        _write_json(folder, "queries.json", [each.as_json() for each in knowledge.queries])
    )
    ontology = knowledge.graphs.get(ONTOLOGY, set())
    filled = _write_store(knowledge, folder / "store")
    files.append(
        _write_json(
            folder,
            "quality.json",
            report(filled, store({ONTOLOGY: ontology}, ontology), further.rules),
        )
    )
    files += _write_tables(knowledge, further.tables, filled, stated, folder)
    files += write_networks(knowledge, folder)
    write_search_index(knowledge.default, folder / FOLDER)
    (folder / "manifest.json").write_bytes(manifest(knowledge, release, files).encode("utf-8"))


def _write_tables(
    knowledge: Knowledge,
    tables: Sequence[Table],
    everything: ox.Store,
    stated: Sequence[Evidence],
    folder: Path,
) -> list[Written]:
    if not tables:
        return []
    reified = store({}, {triple for each in stated for triple in each.reified()})
    stores = {"all": everything, "evidence": reified}
    filled = [fill_table(table, stores[table.dataset]) for table in tables]
    check_references(filled)
    files = write_tables(filled, folder) + write_maps(knowledge, filled, folder)
    package = data_package(tables, files, knowledge.version)
    name = "datapackage.json"
    return [*files, write_plain(folder, name, package, OFFERS[name], {})]


def _write_json(folder: Path, name: str, content: object) -> Written:
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return write_plain(folder, name, text, OFFERS[name], {})


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
