from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from command_line import jiqun
from jiqun.difference import as_changelog, as_json, as_text, as_update, compare
from jiqun.knowledge.release.build import build
from jiqun.release import open_release
from knowledge.small_content import write_small

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.difference import Difference

ID = "https://w3id.org/jiqun/id/"
KG = "https://w3id.org/jiqun/ontology#"
COUNTY = (
    r'rdfs:label "Ji \"the\" County\n"@en , "𠮷县"@zh-Hans ; '
    r'skos:altLabel "\"\\\n\t\u007F\U0001F600é"@en , "\\n"@en .'
)
CHANGES = {
    "data/register/things.ttl": (
        'rdfs:label "Ji County"@en .',
        f'{COUNTY}\nid:li a kg:Region ; rdfs:label "Li"@en .',
    ),
    "data/sources/gazette/facts.trig": ("kg:size 0120", "kg:size 0121"),
    "ontology/jiqun.ttl": (
        "owl:onProperty kg:size ; owl:maxCardinality 1",
        "owl:onProperty kg:about",
    ),
    "ontology/shapes.ttl": ("sh:minCount 1", "sh:minCount 2"),
}


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two releases of the small content; in between, text, figures and blank nodes changed."""
    folder = tmp_path_factory.mktemp("difference")
    small = write_small(folder)
    build(small.content, folder / "old")
    for name, (before, after) in CHANGES.items():
        small.replace(name, before, after)
    build(small.content, folder / "new", checked=False)
    return folder / "old", folder / "new"


@pytest.fixture(scope="module")
def difference(releases: tuple[Path, Path]) -> Difference:
    old, new = map(open_release, releases)
    return compare(old, new)


def stored(release: Path) -> ox.Store:
    store = ox.Store()
    raw = gzip.decompress((release / "jiqun.nq.gz").read_bytes())
    store.extend(ox.parse(raw, ox.RdfFormat.N_QUADS))
    return store


def canonical(store: ox.Store) -> set[ox.Quad]:
    dataset = ox.Dataset(store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)


def test_text_lists_the_changes_of_each_thing(difference: Difference) -> None:
    text = as_text(difference)
    pumps = text.partition("\nid:pumps  Pumps · 泵集群\n")[2].partition("\n\n")[0]
    passage = "  [gazette#p2]"
    assert pumps.splitlines() == [
        f'  - kg:size "0120"^^xsd:integer{passage}',
        f'  + kg:size "0121"^^xsd:integer{passage}',
    ]
    assert "\nid:li  Li\n" in text
    assert "kg:Cluster\n" in text, "the restriction is listed under its class"


def test_only_what_changed_is_listed(difference: Difference) -> None:
    names = {entity.iri.rpartition("/")[2] for entity in difference.entities}
    listed = {name for name in names if not name.startswith("void#")}  # counts change with the rest
    assert listed == {
        "dataset",
        "ji-county",
        "li",
        "ontology#Cluster",
        "ontology#ClusterShape",
        "pumps",
    }


def test_json_has_terms_as_written(difference: Difference) -> None:
    document = json.loads(as_json(difference))
    entities = {entity["iri"]: entity for entity in document["entities"]}
    (size,) = entities[f"{ID}pumps"]["added"]
    assert size == {
        "subject": {"type": "uri", "value": f"{ID}pumps"},
        "predicate": f"{KG}size",
        "object": {
            "type": "literal",
            "value": "0121",
            "datatype": "http://www.w3.org/2001/XMLSchema#integer",
        },
        "graphs": ["https://w3id.org/jiqun/source/gazette#p2"],
    }
    words = [each["object"] for each in entities[f"{ID}ji-county"]["added"]]
    assert {"type": "literal", "value": 'Ji "the" County\n', "xml:lang": "en"} in words
    assert {"type": "literal", "value": "𠮷县", "xml:lang": "zh-Hans"} in words
    assert {"type": "literal", "value": '"\\\n\t\x7f😀é', "xml:lang": "en"} in words
    assert {"type": "literal", "value": "\\n", "xml:lang": "en"} in words
    assert document["added"] == sum(len(each["added"]) for each in document["entities"])


def test_the_update_turns_one_into_the_other(
    releases: tuple[Path, Path], difference: Difference
) -> None:
    old, new = releases
    store = stored(old)
    store.update(as_update(difference))
    assert canonical(store) == canonical(stored(new))
    back = compare(difference.new, difference.old)
    store.update(as_update(back))
    assert canonical(store) == canonical(stored(old))


def test_the_changelog_names_what_was_added_and_changed(difference: Difference) -> None:
    text = as_changelog(difference)
    assert f"\n### Added\n- Regions (1): [Li]({ID}li)\n" in text
    changed = text.partition("\n### Changed\n")[2]
    assert f"- Other clusters (1): [Pumps]({ID}pumps)\n" in changed
    assert "### Removed" not in text
    assert f"\n### Removed\n- Regions (1): [Li]({ID}li)\n" in as_changelog(
        compare(difference.new, difference.old)
    )


def test_exit_codes(releases: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = releases
    assert jiqun("diff", old, old, "--format", "update") == (0, "", "")
    assert "There is no difference." in jiqun("diff", old, old)[1]
    code, out, err = jiqun("diff", old, new, "--format", "changelog")
    assert (code, err) == (1, "")
    assert out.startswith("## Data: Jiqun ")
    code, _, err = jiqun("diff", old, tmp_path / "none")
    assert code == 2
    assert err.startswith("jiqun: There is no release folder at ")
