"""What a check finds, in the form in which compilers say it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jiqun.errors import ContentError
from jiqun.rdf.namespaces import SOURCE


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake: the file (relative to the content root), its line and column from 1, or 0."""

    path: str
    line: int
    column: int
    what: str
    rule: str

    def __str__(self) -> str:
        """Write `path:line[:column]: what (rule)`, leaving out what is not known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.what} ({self.rule})"


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8 with line feeds, replacing the file in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


_PACKAGE: Final = Path(__file__).resolve().parent.parent
_FOLDERS: Final = ("ontology", "data", "queries")


@dataclass(frozen=True)
class Content:
    """The folder that holds `ontology/`, `data/` and `queries/`."""

    root: Path

    def __post_init__(self) -> None:
        """Raise `ContentError` when the folder is not there or is something else."""
        missing = [name for name in _FOLDERS if not (self.root / name).is_dir()]
        if missing:
            raise ContentError(
                f"{self.root}: there is no folder {' or '.join(missing)} here. "
                "Give --content the folder that holds ontology/, data/ and queries/."
            )

    @property
    def prefixes(self) -> Path:
        """The file with the one list of prefixes."""
        return self.root / "ontology" / "prefixes.ttl"

    @property
    def ontology(self) -> Path:
        """The ontology proper, without alignments and concept lists."""
        return self.root / "ontology" / "jiqun.ttl"

    def ontology_versions(self) -> list[Path]:
        """The frozen versions of the ontology, one file each."""
        return _sorted(self.root / "ontology" / "versions", "*.ttl")

    @property
    def alignments(self) -> Path:
        """How our terms map to those of other vocabularies."""
        return self.root / "ontology" / "alignments.ttl"

    @property
    def shapes(self) -> Path:
        """The SHACL shapes."""
        return self.root / "ontology" / "shapes.ttl"

    @property
    def catalogue(self) -> Path:
        """What the curators say of the dataset as a whole: title, publisher, subjects."""
        return self.root / "data" / "catalogue.ttl"

    @property
    def sources(self) -> Path:
        """The folder with one folder for every source."""
        return self.root / "data" / "sources"

    def concepts(self) -> list[Path]:
        """The SKOS lists."""
        return _sorted(self.root / "ontology" / "concepts", "*.ttl")

    def rules(self) -> list[Path]:
        """The hygiene rules, one SPARQL SELECT a file."""
        return _sorted(self.root / "ontology" / "rules", "*.rq")

    def inferences(self) -> list[Path]:
        """The inference rules, one SPARQL CONSTRUCT a file."""
        return _sorted(self.root / "ontology" / "inferences", "*.rq")

    def tables(self) -> list[Path]:
        """The tables of a release, one SPARQL SELECT a file."""
        return _sorted(self.root / "ontology" / "tables", "*.rq")

    def registers(self) -> list[Path]:
        """The files that say what each thing is and what it is called."""
        return _sorted(self.root / "data" / "register", "*.ttl")

    def geometries(self) -> list[Path]:
        """The files that say where things lie."""
        return _sorted(self.root / "data" / "geo", "*.ttl")

    def links(self) -> list[Path]:
        """The SSSOM mapping sets, one for every target."""
        return _sorted(self.root / "data" / "links", "*.sssom.tsv")

    def curated(self) -> list[Path]:
        """What the curators add to what sources say, marked as theirs."""
        return _sorted(self.root / "data" / "curated", "*.ttl")

    def source_descriptions(self) -> list[Path]:
        """The `source.ttl` of every source."""
        return _sorted(self.sources, "*/source.ttl")

    def facts(self) -> list[Path]:
        """The `facts.trig` of every source."""
        return _sorted(self.sources, "*/facts.trig")

    def queries(self) -> list[Path]:
        """The saved queries."""
        return _sorted(self.root / "queries", "*.rq")

    def canonical(self) -> list[Path]:
        """The files that have one canonical form, which `jiqun fmt` gives them."""
        identities = [*self.concepts(), *self.registers(), *self.geometries()]
        if self.catalogue.exists():
            identities.append(self.catalogue)
        return [*identities, *self.curated(), *self.source_descriptions(), *self.facts()]

    def name(self, path: Path) -> str:
        """How messages call a file: relative to the root, with forward slashes."""
        resolved = path.resolve()
        root = self.root.resolve()
        return (resolved.relative_to(root) if resolved.is_relative_to(root) else path).as_posix()


def locate(root: Path | None = None, *, writing: bool = False) -> Content:
    """Return the content at `root`, else of the checkout, else what the wheel carries.

    Raises `ContentError` when none of them holds the three folders, and for `writing` in what the
    wheel carries: the next installation would take it away.
    """
    if root is not None:
        return Content(root)
    checkout = _PACKAGE.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "ontology").is_dir():
        return Content(checkout)
    if writing:
        raise ContentError("There is no checkout here to change; name it with --content.")
    return Content(_PACKAGE / "content")


def passage_namespace(path: Path) -> str | None:
    """Return what `passage:` stands for in a file of `data/sources/<slug>/`, else None."""
    if path.parent.parent.name != "sources":
        return None
    return f"{SOURCE}{path.parent.name}#"


def _sorted(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.relative_to(folder).as_posix())
