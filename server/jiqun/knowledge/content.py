"""The content folder: the locations of its files, and findings about them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jiqun.errors import ContentError
from jiqun.rdf.namespaces import SOURCE

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_FOLDERS: Final = ("ontology", "data", "queries")


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake: the file (relative to the content root), line and column from 1, or 0.

    It is printed in the format of compilers.
    """

    path: str
    line: int
    column: int
    what: str
    rule: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{place}: {self.what} ({self.rule})"


class ContentRejected(ContentError):
    """The content cannot be built into a release; `findings` has the reasons."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Content:
    """The folder that holds `ontology/`, `data/` and `queries/`."""

    root: Path

    def __post_init__(self) -> None:
        missing = [name for name in _FOLDERS if not (self.root / name).is_dir()]
        if missing:
            raise ContentError(
                f"{self.root}: there is no folder {' or '.join(missing)} here. Set --content to "
                "the folder with ontology/, data/ and queries/."
            )

    @property
    def prefixes(self) -> Path:
        """The prefixes of all files."""
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
        """The mappings of our terms to those of other vocabularies."""
        return self.root / "ontology" / "alignments.ttl"

    @property
    def shapes(self) -> Path:
        """The SHACL shapes."""
        return self.root / "ontology" / "shapes.ttl"

    @property
    def catalogue(self) -> Path:
        """The curators' description of the dataset: title, publisher, subjects."""
        return self.root / "data" / "catalogue.ttl"

    @property
    def sources(self) -> Path:
        """The folder with one subfolder per source."""
        return self.root / "data" / "sources"

    def concepts(self) -> list[Path]:
        """The SKOS lists."""
        return _sorted(self.root / "ontology" / "concepts", "*.ttl")

    def rules(self) -> list[Path]:
        """The hygiene rules, one SPARQL SELECT per file."""
        return _sorted(self.root / "ontology" / "rules", "*.rq")

    def inferences(self) -> list[Path]:
        """The inference rules, one SPARQL CONSTRUCT per file."""
        return _sorted(self.root / "ontology" / "inferences", "*.rq")

    def tables(self) -> list[Path]:
        """The tables of a release, one SPARQL SELECT per file."""
        return _sorted(self.root / "ontology" / "tables", "*.rq")

    def registers(self) -> list[Path]:
        """The files with the types and the names of things."""
        return _sorted(self.root / "data" / "register", "*.ttl")

    def geometries(self) -> list[Path]:
        """The geometries of places."""
        return _sorted(self.root / "data" / "geo", "*.ttl")

    def links(self) -> list[Path]:
        """The SSSOM mapping sets, one per target."""
        return _sorted(self.root / "data" / "links", "*.sssom.tsv")

    def curated(self) -> list[Path]:
        """Statements added by curators, marked as such."""
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
        """The files that `jiqun fmt` formats."""
        identities = [*self.concepts(), *self.registers(), *self.geometries()]
        if self.catalogue.exists():
            identities.append(self.catalogue)
        return [*identities, *self.curated(), *self.source_descriptions(), *self.facts()]

    def name(self, path: Path) -> str:
        """Return the name of a file in messages: relative to the root, with forward slashes."""
        resolved = path.resolve()
        root = self.root.resolve()
        return (resolved.relative_to(root) if resolved.is_relative_to(root) else path).as_posix()


def locate(root: Path | None = None, *, writing: bool = False) -> Content:
    """Return the content at `root`, else of the checkout, else of the installed package.

    Raises `ContentError` if one of the three folders is missing, and for `writing` to the installed
    package: the next installation would overwrite it.
    """
    if root is not None:
        return Content(root)
    checkout = _PACKAGE.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "ontology").is_dir():
        return Content(checkout)
    if writing:
        raise ContentError("There is no checkout here to change; specify it with --content.")
    return Content(_PACKAGE / "content")


def passage_namespace(path: Path) -> str | None:
    """Return the namespace of `passage:` in a file of `data/sources/<slug>/`, else None."""
    if path.parent.parent.name != "sources":
        return None
    return f"{SOURCE}{path.parent.name}#"


def _sorted(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: path.relative_to(folder).as_posix())


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8 with line feeds, replacing the file atomically."""
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
