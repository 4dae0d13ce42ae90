from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.knowledge.check import check
from jiqun.knowledge.mappings import describe_links, link_graphs, read_all
from jiqun.knowledge.turtle_files import Malformed
from jiqun.rdf.namespaces import VOID

if TYPE_CHECKING:
    from knowledge.small_content import Small

FILE = "data/links/example.sssom.tsv"
GRAPH = "https://w3id.org/jiqun/graph/links-example"
HEAD = f"""\
#curie_map:
#  ex: "https://example.org/"
#  id: "https://w3id.org/jiqun/id/"
#  owl: "http://www.w3.org/2002/07/owl#"
#  semapv: "https://w3id.org/semapv/vocab/"
#  skos: "http://www.w3.org/2004/02/skos/core#"
#mapping_set_id: "{GRAPH}"
#mapping_set_title: "To the example"
#license: "https://creativecommons.org/publicdomain/zero/1.0/"
#subject_source: "https://w3id.org/jiqun/dataset"
#object_source: "https://example.org/"
"""
COLUMNS = (
    "subject_id predicate_id object_id object_label mapping_justification confidence"
    " object_source_version comment"
).replace(" ", "\t")
ROWS = (
    "id:hebei skos:exactMatch ex:1 Hebei semapv:LexicalMatching 0.90 2024 same",
    "id:hebei skos:closeMatch ex:2/ Hebei semapv:ManualMappingCuration 0.5 2024 -",
    "id:zhuo-city skos:exactMatch ex:3 Zhuo semapv:LexicalMatching 1 2024 -",
)
FIRST = 13  # the line of the first row


def write(small: Small, *rows: str, head: str = HEAD, columns: str = COLUMNS) -> None:
    lines = [row.replace(" ", "\t").replace("_", " ") for row in rows]
    path = small.path(FILE)
    path.parent.mkdir(exist_ok=True)
    path.write_text(head + "\n".join([columns, *lines]) + "\n", encoding="utf-8")


def found(small: Small) -> list[str]:
    return [str(finding) for finding in check(small.content, small.texts).findings]


def test_links_become_a_graph_with_what_is_behind_each(small: Small) -> None:
    write(small, *ROWS)
    assert found(small) == []
    (triples,) = link_graphs(read_all(small.content)).values()
    text = "\n".join(sorted(map(str, triples)))
    hebei = "<https://w3id.org/jiqun/id/hebei>"
    skos = "http://www.w3.org/2004/02/skos/core#"
    assert f"{hebei} <{skos}exactMatch> <https://example.org/1>" in text
    assert f"{hebei} <{skos}closeMatch> <https://example.org/2/>" in text
    node = f"<{GRAPH}#hebei-1>"
    decimal = "<http://www.w3.org/2001/XMLSchema#decimal>"
    sssom = "https://w3id.org/sssom/"
    assert f"{node} <{sssom}subject_id> {hebei}" in text
    assert f"{node} <{sssom}predicate_id> <{skos}exactMatch>" in text
    assert f'{node} <{sssom}confidence> "0.90"^^{decimal}' in text
    assert f'{node} <{sssom}object_source_version> "2024"' in text
    justification = "<https://w3id.org/semapv/vocab/LexicalMatching>"
    assert f"{node} <{sssom}mapping_justification> {justification}" in text
    assert f"<{GRAPH}#hebei-2> " in text
    assert len(triples) == 3 + 3 * 10


def test_a_target_is_described_as_a_linkset(small: Small) -> None:
    write(small, *ROWS)
    (links,) = read_all(small.content)
    described = describe_links([links])
    triples = {each for each in described if each.subject == ox.NamedNode(links.iri)}
    stated = {str(triple.predicate)[1:-1].rpartition("/")[2]: triple.object for triple in triples}
    assert stated["void#objectsTarget"] == ox.NamedNode("https://example.org/")
    assert stated["void#triples"] == ox.Literal("3", datatype=ox.NamedNode(XSD_INTEGER))
    assert stated["title"] == ox.Literal("To the example", language="en")
    assert str(stated["license"]).startswith("<https://creativecommons.org/")
    predicates = {str(t.object) for t in triples if str(t.predicate).endswith("linkPredicate>")}
    assert len(predicates) == 2
    parts = [t.object for t in triples if t.predicate == ox.NamedNode(f"{VOID}subset")]
    counts = [
        int(t.object.value)
        for t in described
        if isinstance(t.object, ox.Literal)
        and t.subject in parts
        and t.predicate == ox.NamedNode(f"{VOID}triples")
    ]
    assert sorted(counts) == [1, 2]


XSD_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (
            "id:nowhere skos:exactMatch ex:9 X semapv:LexicalMatching 1 2024 -",
            "nowhere is not described in the register or the concept lists",
        ),
        (
            "id:ji-county skos:closeMatch id:nowhere X semapv:LexicalMatching 1 2024 -",
            "nowhere is not described anywhere",
        ),
        (
            "id:hebei skos:relatedMatch ex:1 X semapv:LexicalMatching 1 2024 -",
            "hebei and 1 are already linked on line 13",
        ),
        (
            "id:ji-county skos:exactMatch ex:1 X semapv:LexicalMatching 1 2024 -",
            "ji-county and hebei (line 13) are both exact matches of 1",
        ),
        (
            "id:hebei skos:exactMatch ex:9 X semapv:LexicalMatching 1 2024 -",
            "hebei is exactly 1 on line 13, so not 9 as well",
        ),
        (
            "id:ji-county skos:exactMatch ex:a<b> X semapv:LexicalMatching 1 2024 -",
            "ex:a<b> is not a valid IRI: https://example.org/a<b>",
        ),
        (
            "id:ji-county skos:exactMatch https://example.org/9 X semapv:LexicalMatching 1 2024 -",
            "https: is not a prefix of curie_map",
        ),
        (
            "id:ji-county skos:exactMatch nine X semapv:LexicalMatching 1 2024 -",
            "'nine' is not a CURIE",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X  1 2024 -",
            "mapping_justification missing",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X semapv:Guessing 1 2024 -",
            "semapv:Guessing is not a mapping_justification",
        ),
        (
            "id:ji-county owl:sameAs ex:9 X semapv:LexicalMatching 1 2024 -",
            "owl:sameAs: links are skos:exactMatch, closeMatch, …",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X semapv:LexicalMatching 1.5 2024 -",
            "confidence must be a number from 0 to 1, not '1.5'",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X semapv:LexicalMatching nan 2024 -",
            "confidence must be a number from 0 to 1, not 'nan'",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X semapv:LexicalMatching 1  -",
            "object_source_version missing, here and in the header",
        ),
        (
            "id:ji-county skos:exactMatch ex:9",
            "3 cells in a table of 8 columns",
        ),
        (
            "id:ji-county skos:exactMatch ex:9 X_ semapv:LexicalMatching 1 2024 -",
            "spaces around object_label",
        ),
    ],
)
def test_a_wrong_row_is_reported_with_its_line(small: Small, row: str, what: str) -> None:
    write(small, *ROWS, row)
    assert found(small)[0] == f"{FILE}:{FIRST + 3}: {what} (link)"


@pytest.mark.parametrize(
    ("head", "columns", "what"),
    [
        ("", COLUMNS, f"{FILE}:1: the header that describes the set is missing (link)"),
        ("#a: [\n", COLUMNS, f"{FILE}:1: the header is not YAML (link)"),
        (
            HEAD.replace("#license", "#licence"),
            COLUMNS,
            f"{FILE}:1: missing in the header: license (link)",
        ),
        (
            HEAD.replace("links-example", "links-other"),
            COLUMNS,
            f"{FILE}:1: mapping_set_id must be {GRAPH}, to match the file name (link)",
        ),
        (
            HEAD.replace("https://example.org/", "not an iri "),
            COLUMNS,
            f"{FILE}:1: curie_map must have an IRI for every prefix (link)",
        ),
        (
            HEAD,
            COLUMNS.replace("\tconfidence", ""),
            f"{FILE}:12: missing columns: confidence (link)",
        ),
        (
            HEAD,
            COLUMNS + "\tmood",
            f"{FILE}:12: columns unknown or repeated (mood) (link)",
        ),
    ],
)
def test_a_wrong_head_is_reported(small: Small, head: str, columns: str, what: str) -> None:
    write(small, *ROWS, head=head, columns=columns)
    assert found(small)[0] == what
    with pytest.raises(Malformed, match=r"example\.sssom\.tsv"):
        read_all(small.content)


def test_a_file_that_is_not_utf8_is_reported(small: Small) -> None:
    write(small, *ROWS)
    small.path(FILE).write_bytes(b"\xff\xfe")
    assert found(small)[0].startswith(f"{FILE}: cannot be read as UTF-8")


def test_an_empty_file_is_reported(small: Small) -> None:
    small.path(FILE).parent.mkdir()
    small.path(FILE).write_text("", encoding="utf-8")
    assert f"{FILE}:1: the header that describes the set is missing (link)" in found(small)
