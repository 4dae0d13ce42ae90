from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.errors import ContentError
from jiqun.knowledge.authoring import reformat
from jiqun.knowledge.check import check
from jiqun.knowledge.release.build import build
from knowledge.small_content import OWN, PREFIXES

if TYPE_CHECKING:
    from knowledge.small_content import Small

THINGS = "data/register/things.ttl"
SOURCE = "data/sources/gazette/source.ttl"
FACTS = "data/sources/gazette/facts.trig"


def found(small: Small) -> list[str]:
    return [str(finding) for finding in check(small.content, small.texts).findings]


def test_good_content_has_no_findings(small: Small) -> None:
    assert found(small) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    [
        (
            SOURCE,
            "企业120家以上",
            "企业130家以上",
            (
                f"{SOURCE}:15: “企业130家以上” is not in passage p2, nor anywhere in "
                "the text (quote)"
            ),
        ),
        (
            SOURCE,
            "位于𠮷县",
            "公报",
            f"{SOURCE}:15: “公报” is not in passage p2; it is at 3 (quote)",
        ),
        (SOURCE, "kg:end 30", "kg:end 32", f"{SOURCE}:14: passage p2 ends at 32, but the text has"),
        (SOURCE, "kg:end 5", "kg:end 0", f"{SOURCE}:13: passage p1 ends at 0, but starts at 0"),
        (SOURCE, "kg:start 7 ;", "", f"{SOURCE}:14: passage p2 needs one kg:start"),
        (SOURCE, "kg:textLength 3", "kg:textLength 4", f"{SOURCE}:11: the text has 31 characters"),
        (SOURCE, 'kg:textSha256 "', 'kg:textSha256 "0', f"{SOURCE}:12: the SHA-256 of the text is"),
        (
            SOURCE,
            "位于𠮷县",
            "二十个字" * 10 + "多",
            f"{SOURCE}:15: the quote “{'二十个字' * 10}多” has 41 characters, 40 are allowed",
        ),
        (THINGS, "kg:within id:hebei", "kg:within other:hebei", f"{THINGS}:13:"),
        (
            THINGS,
            ', "泵集群"@zh-Hans',
            "; kg:size 12.5",
            f"{THINGS}:12: id:pumps kg:size (12.5): a size is a number (shape Datatype)",
        ),
        (
            THINGS,
            'rdfs:label "Pumps"@en , "泵集群"@zh-Hans',
            "kg:size 1",
            f"{THINGS}:12: id:pumps rdfs:label: needs a label (shape MinCount)",
        ),
        (
            THINGS,
            "a kg:Region ; kg:within id:zhuo-city",
            "a kg:Region",
            (f"{THINGS}:11: id:ji-county lies nowhere, it is called Ji County (region-somewhere)"),
        ),
        (
            THINGS,
            "id:pumps a kg:Cluster",
            "id:pumps a kg:Cluster , kg:Region",
            f"{THINGS}:12: pumps has 2 types (Cluster, Region): choose the most suitable one",
        ),
        (FACTS, "passage:p2", "id:p2", f"{FACTS}:11: pumps is outside the graphs of this"),
        ("ontology/inferences/located-upwards.rq", "CONSTRUCT {", "CONSTRUCT { ?x", "ontology/inf"),
        ("ontology/rules/region-somewhere.rq", "MINUS", "MINUSS", "ontology/rules/region-somewh"),
        ("ontology/rules/region-somewhere.rq", "dataset: all", "dataset: any", "ontology/rules/re"),
        ("ontology/prefixes.ttl", "@prefix sh:", "prefix sh;", "ontology/prefixes.ttl:5:8"),
    ],
)
def test_a_mistake_is_found_where_it_is(
    small: Small, name: str, old: str, new: str, finding: str
) -> None:
    small.replace(name, old, new)
    assert any(line.startswith(finding) for line in found(small)), found(small)


def test_a_thing_described_twice_is_found_at_the_later_file(small: Small) -> None:
    again = small.path("data/register/towns.ttl")
    again.write_text(PREFIXES + "\nid:hebei a kg:Region .\n", encoding="utf-8")
    assert found(small) == [
        (
            "data/register/towns.ttl:10: hebei is already described in data/register/things.ttl "
            "(duplicate-identifier)"
        )
    ]


def test_a_quote_of_forty_characters_is_not_too_long(small: Small) -> None:
    small.replace(SOURCE, "位于𠮷县", "二十个字" * 10)
    assert not any("quote-length" in line for line in found(small))


def test_two_types_are_well_when_one_is_a_subclass_of_the_other(small: Small) -> None:
    small.replace(THINGS, "id:pumps a kg:Cluster", "id:pumps a kg:Cluster , kg:Thing")
    assert found(small) == []


def test_every_unreadable_file_is_reported_in_one_run(small: Small) -> None:
    small.replace(THINGS, "kg:within id:hebei", "kg:within")
    small.replace(FACTS, "}", "")
    small.replace("queries/where.rq", "ORDER BY ?place", "")
    assert [line.partition(":")[0] for line in found(small)] == [
        THINGS,
        FACTS,
        "queries/where.rq",
    ]


def test_the_text_of_another_source_than_the_one_named_is_refused(small: Small) -> None:
    (small.texts / "gazette" / "article.txt").write_bytes(b"\xff")
    assert found(small)[0].startswith(f"{SOURCE}: the text gazette/article.txt cannot be read")


def test_what_a_file_states_twice_in_other_words_is_formatted_once(small: Small) -> None:
    changed = reformat(small.content)
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    assert reformat(small.content) == {}
    assert found(small) == []
    assert OWN in changed[small.path(FACTS)]


TABLE = """\
#+ summary: Where clusters are
#+ summary@zh-Hans: 集群在哪里
#+ summary@zh-Hant: 集群在哪裡
#+ description: One row for each cluster.
#+ key: [cluster]
#+ columns:
#+   cluster: {type: iri, description: "IRI of the cluster"}
#+   place: {type: iri, refers: places, description: "IRI of its place"}

PREFIX kg: <https://w3id.org/jiqun/ontology#>
SELECT ?cluster ?place
WHERE { ?cluster a kg:Cluster ; kg:locatedIn ?place }
"""


def test_rows_that_the_tables_of_a_release_refuse_are_found_at_their_thing(small: Small) -> None:
    small.path("ontology/tables").mkdir()
    small.path("ontology/tables/where.rq").write_text(TABLE, encoding="utf-8")
    places = (
        TABLE.replace("[cluster]", "[place]")
        .replace("?cluster ?place\n", "?cluster ?place\n".replace("?cluster ", ""))
        .replace('#+   cluster: {type: iri, description: "IRI of the cluster"}\n', "")
        .replace(", refers: places", "")
        .replace("?cluster a kg:Cluster ; kg:locatedIn ?place", "?place kg:within ?wider")
    )
    small.path("ontology/tables/places.rq").write_text(places, encoding="utf-8")
    messages = found(small)
    where = f"{THINGS}:12: id:pumps"
    assert f"{where} has 3 rows in the table where, which differ in place (table)" in messages
    same = "id:ji-county has 2 rows in the table places, all the same (table)"
    assert f"{THINGS}:11: {same}" in messages
    lost = "refers to https://w3id.org/jiqun/id/hebei, which is not in the table places"
    assert f"{where} {lost} (where.place) (table)" in messages
    with pytest.raises(ContentError, match=r"rows in the table|is not in the table places"):
        build(small.content, small.texts.parent / "release", checked=False)


def test_what_rdf_xml_cannot_hold_is_found_where_it_is(small: Small) -> None:
    small.replace(THINGS, '"Hebei"@en', '"He\\u0007bei"@en')
    assert (
        f"{THINGS}:10: XML cannot represent the control characters of 'He\\x07bei' (rdf-xml)"
        in found(small)
    )
