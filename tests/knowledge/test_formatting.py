from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.knowledge.authoring import canonical, canonical_text
from jiqun.knowledge.turtle_files import Document, Malformed, parse

TTL = Path("data/register/x.ttl")
TRIG = Path("data/sources/gazette/facts.trig")
PREFIXES = {
    "id": "https://w3id.org/jiqun/id/",
    "kg": "https://w3id.org/jiqun/ontology#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
HEAD = "".join(f"@prefix {key}: <{value}> .\n" for key, value in PREFIXES.items())

names = st.one_of(
    st.text("ab01_.-", min_size=1, max_size=6),
    st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters='<>"{}|^`\\\ufffc\ufffd'),
        max_size=6,
    ),
)
iris = st.builds(
    lambda namespace, name: ox.NamedNode(namespace + name),
    st.sampled_from([*PREFIXES.values(), "http://e.org/", "urn:x:"]),
    names.filter(lambda name: all(char not in name for char in "#?/%[]@")),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
literals = st.one_of(
    st.builds(ox.Literal, texts),
    st.builds(
        lambda text, tag: ox.Literal(text, language=tag),
        texts,
        st.sampled_from(["en", "zh-Hans", "zh-Hant", "de-CH"]),
    ),
    st.builds(
        lambda text, kind: ox.Literal(text, datatype=ox.NamedNode(PREFIXES["xsd"] + kind)),
        st.one_of(st.sampled_from(["01", "-1", ".5", "1.", "1e0", "true", "x"]), texts),
        st.sampled_from(["integer", "decimal", "double", "boolean", "date", "string"]),
    ),
)
graph_names = st.one_of(st.just(ox.DefaultGraph()), iris)
datasets = st.lists(st.builds(ox.Quad, iris, iris, st.one_of(iris, literals), graph_names))


@given(datasets)
def test_nothing_is_lost_and_a_second_run_changes_nothing(quads: list[ox.Quad]) -> None:
    text = canonical(Document(TRIG, "facts.trig", "", tuple(quads), {}), PREFIXES)
    again = parse(text, "facts.trig", TRIG)
    assert set(again.quads) == set(quads)
    assert canonical(again, PREFIXES) == text


@given(datasets, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(quads: list[ox.Quad], random: object) -> None:
    text = canonical(Document(TRIG, "facts.trig", "", tuple(quads), {}), PREFIXES)
    random.shuffle(quads)  # type: ignore[attr-defined]
    assert canonical(Document(TRIG, "facts.trig", "", tuple(quads), {}), PREFIXES) == text


def test_the_form() -> None:
    messy = HEAD + (
        'id:x10 a kg:K; kg:n 01,2.50, "a\\nb\\"" ; kg:l "京"@zh-hant, "京"@zh-Hans,"Z"@en .'
        'id:x2 kg:area id:b10,id:b9,<http://e.org/x> ; a kg:K; kg:on "2024-01-01"^^xsd:date .'
    )
    assert canonical_text(messy, TTL, PREFIXES) == HEAD + (
        "\n"
        "id:x2\n"
        "    a kg:K ;\n"
        "    kg:area <http://e.org/x>, id:b9, id:b10 ;\n"
        '    kg:on "2024-01-01"^^xsd:date .\n'
        "\n"
        "id:x10\n"
        "    a kg:K ;\n"
        "    kg:l\n"
        '        "Z"@en,\n'
        '        "京"@zh-Hans,\n'
        '        "京"@zh-Hant ;\n'
        "    kg:n\n"
        "        01,\n"
        "        2.50,\n"
        '        "a\\nb\\"" .\n'
    )


def test_only_used_prefixes_stay_besides_those_a_curator_always_needs() -> None:
    text = canonical_text(HEAD + "id:a kg:b id:c .", TTL, PREFIXES)
    assert "xsd:" not in text
    assert "@prefix passage: <https://w3id.org/jiqun/source/gazette#> .\n" in canonical_text(
        "", TRIG, PREFIXES
    )


def test_a_prefix_that_only_the_file_knows_stays() -> None:
    text = canonical_text("@prefix x: <http://e.org/> . x:a x:b x:c .", TTL, PREFIXES)
    assert "@prefix x: <http://e.org/> .\n" in text
    assert "x:b x:c ." in text


def test_comments_move_with_what_they_stand_above() -> None:
    text = HEAD + (
        "# last\n# of all\nid:z kg:b id:c .\n<https://w3id.org/jiqun/id/a> kg:b 'no # comment' .\n"
        "# foot"
    )
    done = canonical_text("# head\n" + text, TTL, PREFIXES)
    assert done.startswith("# head\n\n@prefix id:")
    assert done.endswith(
        'id:a\n    kg:b "no # comment" .\n\n# last\n# of all\nid:z\n    kg:b id:c .\n\n# foot\n'
    )
    assert canonical_text(done, TTL, PREFIXES) == done


def test_comments_in_graphs_stay_in_them() -> None:
    own = HEAD + "@prefix p: <https://w3id.org/jiqun/source/gazette#> .\n"
    text = own + "# ten\np:p10 {\n# thing\nid:a kg:b id:c .\n}\nGRAPH p:p9 { id:a kg:b id:d }"
    done = canonical_text(text, TRIG, PREFIXES)
    assert done.endswith(
        "passage:p9 {\n    id:a\n        kg:b id:d .\n}\n\n"
        "# ten\npassage:p10 {\n    # thing\n    id:a\n        kg:b id:c .\n}\n"
    )
    assert canonical_text(done, TRIG, PREFIXES) == done


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("id:a kg:b id:c ; # why\n kg:d id:e .", TTL, 4),
        ("id:a kg:b id:c ;\n # why\n kg:d id:e .", TTL, 5),
        ("id:a kg:b id:c . # why", TTL, 4),
        ("id:g { id:a kg:b id:c .\n # end\n }", TRIG, 5),
        ("# of an empty graph\nid:g { }", TRIG, 5),
    ],
)
def test_a_comment_that_cannot_be_kept_is_refused(text: str, path: Path, line: int) -> None:
    with pytest.raises(Malformed, match="comment") as refused:
        canonical_text(HEAD + text, path, PREFIXES)
    assert refused.value.finding.line == line


@pytest.mark.parametrize("node", ["[ kg:d id:e ]", "_:x", "( id:e )"])
def test_blank_nodes_are_refused_with_their_line(node: str) -> None:
    with pytest.raises(Malformed, match="blank node") as refused:
        canonical_text(f"{HEAD}id:a kg:b id:c ;\n  kg:d {node} .", TTL, PREFIXES)
    assert refused.value.finding.line == 5
