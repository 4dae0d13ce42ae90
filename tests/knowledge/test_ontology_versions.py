"""The versions of the ontology: frozen files, and OWL functional syntax."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pyhornedowl

from jiqun.knowledge.check import check
from jiqun.knowledge.content import locate
from jiqun.knowledge.ontology_versions import functional_syntax, ontology_files, version_of
from jiqun.knowledge.release.build import build
from jiqun.knowledge.turtle_files import read
from jiqun.rdf.namespaces import OWL
from jiqun.rdf.terms import TYPE

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.small_content import Small

CURRENT: Final = "ontology/jiqun.ttl"


def freeze(small: Small, version: str, text: str | None = None) -> Path:
    """Write a frozen version, with the text of the current one or another."""
    path = small.path(f"ontology/versions/{version}.ttl")
    path.parent.mkdir(exist_ok=True)
    current = small.path(CURRENT).read_text(encoding="utf-8")
    path.write_text(current if text is None else text, encoding="utf-8")
    return path


def raise_version(small: Small, version: str) -> None:
    small.replace(CURRENT, "ontology/0.1.0", f"ontology/{version}")
    small.replace(CURRENT, '"0.1.0"', f'"{version}"')


def findings(small: Small) -> list[str]:
    return [str(each) for each in check(small.content, small.texts).findings]


def test_a_frozen_version_stays_as_it_is(small: Small) -> None:
    freeze(small, "0.1.0")
    assert findings(small) == []
    small.replace(CURRENT, "kg:Region a owl:Class .", "kg:Region a owl:Class ; rdfs:label 'r'@en .")
    (found,) = findings(small)
    assert found.startswith(f"{CURRENT}: differs from ontology/versions/0.1.0.ttl, which is frozen")
    raise_version(small, "0.2.0")
    assert findings(small) == []


def test_comments_and_order_are_no_change(small: Small) -> None:
    path = freeze(small, "0.1.0")
    path.write_text("# so it was\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert findings(small) == []


def test_a_frozen_version_is_what_its_file_is_called(small: Small) -> None:
    freeze(small, "0.3.0")
    (found,) = findings(small)
    assert "owl:versionIRI does not end in /0.3.0" in found
    freeze(small, "0.3.0", "@prefix")
    assert any("ontology/versions/0.3.0.ttl:1" in each for each in findings(small))


def test_a_release_holds_every_version_byte_for_byte(small: Small, tmp_path: Path) -> None:
    frozen = freeze(small, "0.1.0").read_bytes()
    raise_version(small, "0.2.0")
    build(small.content, tmp_path / "release")
    assert (tmp_path / "release/ontology-0.1.0.ttl").read_bytes() == frozen
    now = (tmp_path / "release/ontology-0.2.0.ttl").read_bytes()
    assert now == small.path(CURRENT).read_bytes()
    listed = json.loads((tmp_path / "release/manifest.json").read_bytes())["files"]
    assert listed["ontology-0.1.0.ofn"]["mediaType"] == "text/owl-functional"


def test_an_ontology_without_a_version_has_no_files(small: Small) -> None:
    small.replace(CURRENT, "ontology/0.1.0", "elsewhere")
    assert list(ontology_files(small.content)) == []


def test_functional_syntax_says_all_that_the_ontology_does() -> None:
    content = locate()
    document = read(content.ontology, content)
    text = functional_syntax(document)
    ontology = pyhornedowl.open_ontology_from_string(text, "ofn")
    version = version_of(document)
    assert str(ontology.get_version_iri()) == f"https://w3id.org/jiqun/ontology/{version}"
    kinds = {f"{OWL}{name}" for name in ("Class", "ObjectProperty", "DatatypeProperty")}
    declared = {
        str(quad.subject)[1:-1]
        for quad in document.quads
        if quad.predicate == TYPE and str(quad.object)[1:-1] in kinds
    }
    known = {
        str(each)
        for found in (
            ontology.get_classes(),
            ontology.get_object_properties(),
            ontology.get_data_properties(),
        )
        for each in found
    }
    assert known == declared
    labels = [quad for quad in document.quads if quad.predicate.value.endswith("#label")]
    assert text.count("Annotation(rdfs:label ") + text.count("Assertion(rdfs:label ") == len(labels)
    assert '"集群本体"@zh-Hans' in text
    assert "zh-hans" not in text


def test_functional_syntax_is_the_same_everywhere(small: Small, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from jiqun.knowledge.content import Content; "
        "from jiqun.knowledge.ontology_versions import ontology_files; "
        "sys.stdout.buffer.write(repr(list(ontology_files(Content(Path(sys.argv[1]))))).encode())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(small.content.root)],
            check=True,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
        ).stdout
        for seed, zone in (("1", "UTC"), ("77", "Asia/Shanghai"))
    }
    assert len(outputs) == 1
