"""Builds a release: every file of it, and the manifest that lists them with their SHA-256."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError, ReleaseError
from jiqun.knowledge.assembly import TITLE, Knowledge, assemble, read_content
from jiqun.knowledge.check import Checked, Step, check, fill_tables, rule_store, violations
from jiqun.knowledge.content import Content, ContentRejected
from jiqun.knowledge.dataset import ONTOLOGY, fill, is_passage, store
from jiqun.knowledge.ontology_versions import ontology_files
from jiqun.knowledge.release.networks import write_networks
from jiqun.knowledge.release.quality_report import report
from jiqun.knowledge.release.rdf_dumps import Evidence, evidence, write_rdf
from jiqun.knowledge.release.release_files import (
    OFFERS,
    Written,
    ontology_offer,
    write_json,
    write_plain,
)
from jiqun.knowledge.release.search_index import FOLDER, write_search_index
from jiqun.knowledge.release.tabular import data_package, write_maps, write_tables
from jiqun.knowledge.release.term_index import term_index
from jiqun.knowledge.tables import Filled, Table, fill_table, row_mistakes
from jiqun.rdf.namespaces import KG, OWL
from jiqun.rdf.terms import TYPE

FORMAT: Final = 1
STEPS: Final = 8
CHECKING_STEPS: Final = 4
"""The number of steps of a build, and of its checks, for a progress bar."""

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


def build(
    content: Content,
    folder: Path,
    texts: Path | None = None,
    *,
    checked: bool = True,
    annotations: bool = False,
    step: Step = nullcontext,
) -> None:
    """Write the release of this content to `folder`, replacing an existing release.

    With `annotations`, the default graph of the store has the evidence of each statement as RDF 1.2
    annotations, which match `?s ?p ?o {| kg:statedIn ?passage |}`.

    Raises `ContentRejected` for content in which `check` finds mistakes, or without `checked` for
    content that cannot be read, and `ReleaseError` for a folder that is not a release. `texts` is
    the folder with the texts of the sources, if available.
    """
    refuse_other_folder(folder)
    found = check(content, texts, step) if checked else _unchecked(content, step)
    if found.findings or found.knowledge is None:
        raise ContentRejected(found.findings)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        building.chmod(0o755)
        _write(found, found.knowledge, building, annotations, step)
        put_in_place(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _unchecked(content: Content, step: Step) -> Checked:
    with step("read the content"):
        files = read_content(content)
    if files.findings:
        return Checked(files, None, {}, (), files.findings)
    with step("infer and merge"):
        knowledge = assemble(files)
        counts = {
            rule.name: len(violations(rule, rule_store(rule, knowledge))) for rule in files.rules
        }
        tables, wrong = fill_tables(files.tables, knowledge.store)
    return Checked(files, knowledge, counts, tables, wrong)


def _write(
    checked: Checked,
    knowledge: Knowledge,
    folder: Path,
    annotations: bool,
    step: Step,
) -> None:
    """Write all files of a release into an empty folder, the manifest last."""
    files = checked.files
    with step("write RDF"):
        stated = list(evidence(knowledge.graphs))
        written = write_rdf(knowledge, stated, files.prefixes, folder)
        release = next(file.text_sha256 for file in written if file.name == "jiqun.nq.gz")
        written += [
            write_plain(folder, name, text, ontology_offer(media_type), {})
            for name, text, media_type in ontology_files(files.content)
        ]
        queries = [each.to_json() for each in knowledge.queries]
        written.append(write_json(folder, "queries.json", queries))
        vocabulary = term_index(knowledge.default, knowledge.version)
        written.append(write_plain(folder, "vocab.json", vocabulary, OFFERS["vocab.json"], {}))
    with step("write the store"):
        _write_store(knowledge, stated if annotations else (), folder / "store")
    with step("write the quality report"):
        written.append(
            write_json(folder, "quality.json", report(knowledge.store, checked.violations))
        )
    with step("write tables and maps"):
        written += _write_tables(knowledge, files.tables, checked.tables, stated, folder)
    with step("write networks"):
        written += write_networks(knowledge, folder)
    with step("write the search index"):
        write_search_index(knowledge.default, folder / FOLDER)
    (folder / "manifest.json").write_bytes(manifest(knowledge, release, written).encode("utf-8"))


def _write_tables(
    knowledge: Knowledge,
    tables: Sequence[Table],
    of_dataset: Sequence[Filled],
    stated: Sequence[Evidence],
    folder: Path,
) -> list[Written]:
    if not tables:
        return []
    reified = store({}, {triple for each in stated for triple in each.reified()})
    known = {each.table.name: each for each in of_dataset}
    filled = [known.get(table.name) or fill_table(table, reified) for table in tables]
    for mistake in row_mistakes(filled):
        raise ContentError(f"{' '.join(mistake.key)} {mistake.what}.")
    files = write_tables(filled, folder) + write_maps(knowledge, filled, folder)
    package = data_package(tables, files, knowledge.version)
    name = "datapackage.json"
    return [*files, write_plain(folder, name, package, OFFERS[name], {})]


def _write_store(knowledge: Knowledge, annotated: Sequence[Evidence], folder: Path) -> None:
    filled = ox.Store(str(folder))
    notes = {triple for each in annotated for triple in each.annotated()}
    fill(filled, knowledge.graphs, knowledge.default | notes if notes else knowledge.default)
    filled.optimize()
    filled.flush()


def refuse_other_folder(folder: Path) -> None:
    """Raise `ReleaseError` for a non-empty folder that is not a release."""
    if folder.exists() and not (folder / "manifest.json").is_file() and any(folder.iterdir()):
        raise ReleaseError(
            f"{folder} is not empty and is not a release; nothing was written. Choose another "
            "folder."
        )


def put_in_place(building: Path, folder: Path) -> None:
    """Move a folder into place, removing an existing release there."""
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
