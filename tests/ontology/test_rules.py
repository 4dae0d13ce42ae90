"""Every rule lets its sound example pass and blames the right term of each unsound one.

The examples of a rule stand in `rules/<rule>.trig`, each under a line `#### sound` or
`#### unsound: <the name to blame>`, with the prefixes of the project before them. The default graph
is the merge of the named graphs and of what stands outside them, unless it says `(unmerged)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml
from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    RdfFormat,
    Store,
)

ONTOLOGY: Final = Path(__file__).resolve().parents[2] / "ontology"
EXAMPLES: Final = Path(__file__).parent / "rules"
SHAPES: Final = NamedNode("https://w3id.org/jiqun/graph/shapes")
PREFIXES: Final = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix vann: <http://purl.org/vocab/vann/> .
""" + (ONTOLOGY / "prefixes.ttl").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Rule:
    """A rule: its header's fields and the text of its query."""

    name: str
    header: dict[str, str]
    text: str

    def violations(self, store: Store) -> list[dict[str, str]]:
        solutions = store.query(self.text)
        assert isinstance(solutions, QuerySolutions)
        columns = [variable.value for variable in solutions.variables]
        return [{column: _text(row[column]) for column in columns} for row in solutions]


@dataclass(frozen=True)
class Example:
    """A graph, and the name that the rule has to blame in it, or None when it is sound."""

    rule: str
    text: str
    blamed: str | None
    merged: bool


def _text(term: object) -> str:
    if isinstance(term, BlankNode):
        return "a blank node"
    assert isinstance(term, NamedNode | Literal), term
    return term.value


def _rule(path: Path) -> Rule:
    text = path.read_text(encoding="utf-8")
    lines = [line[3:] for line in text.splitlines() if line.startswith("#+ ")]
    return Rule(path.stem, yaml.safe_load("\n".join(lines)), text)


def _examples(path: Path) -> list[Example]:
    parts = re.split(r"^#### (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        blamed = re.match(r"unsound: (.+?)(?: \(unmerged\))?$", heading)
        assert blamed or heading == "sound", f"{path.name}: {heading}"
        name = _full(blamed[1]) if blamed else None
        found.append(Example(path.stem, text, name, "(unmerged)" not in heading))
    return found


def _full(name: str) -> str:
    prefix, _, local = name.partition(":")
    namespace = re.search(rf"@prefix {prefix}: <([^>]+)>", PREFIXES)
    return namespace[1] + local if namespace else name


def _loaded(example: Example) -> Store:
    store = Store()
    store.load(PREFIXES + example.text, format=RdfFormat.TRIG)
    if example.merged:
        quads = [quad for quad in store if quad.graph_name != SHAPES]
        merge = DefaultGraph()
        store.extend(Quad(quad.subject, quad.predicate, quad.object, merge) for quad in quads)
    return store


RULES: Final = {path.stem: _rule(path) for path in sorted((ONTOLOGY / "rules").glob("*.rq"))}
CASES: Final = [case for path in sorted(EXAMPLES.glob("*.trig")) for case in _examples(path)]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_a_header_whose_message_its_columns_fill(rule: Rule) -> None:
    assert set(rule.header) == {"summary", "message", "dataset", "reference"}
    assert rule.header["dataset"] in {"ontology", "all"}
    solutions = Store().query(rule.text)
    assert isinstance(solutions, QuerySolutions)
    columns = {variable.value for variable in solutions.variables}
    assert columns == set(re.findall(r"\{(\w+)\}", rule.header["message"])) | {"subject"}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_refers_to_a_section_that_is_there(rule: Rule) -> None:
    for reference in rule.header["reference"].split("; "):
        page, _, section = reference.partition(", ")
        if page.endswith(".md"):
            text = (ONTOLOGY.parent / page).read_text(encoding="utf-8")
            assert re.search(rf"^#+ {re.escape(section)}$", text, re.MULTILINE), reference


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_a_sound_and_an_unsound_example(name: str) -> None:
    cases = [case for case in CASES if case.rule == name]
    assert any(case.blamed is None for case in cases)
    assert any(case.blamed for case in cases)


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.rule}-{number}" for number, case in enumerate(CASES)]
)
def test_an_example_is_passed_or_caught(case: Example) -> None:
    rows = RULES[case.rule].violations(_loaded(case))
    if case.blamed is None:
        assert rows == []
    else:
        assert case.blamed in {row["subject"] for row in rows}


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, id=name)
        for name, rule in RULES.items()
        if rule.header["dataset"] == "ontology"
    ],
)
def test_the_ontology_keeps_the_rules(rule: Rule) -> None:
    store = Store()
    store.load(path=ONTOLOGY / "jiqun.ttl", format=RdfFormat.TURTLE)
    assert rule.violations(store) == []


def test_cardinalities_are_written_as_non_negative_integers() -> None:
    """The store turns them into xsd:integer, so this is read off the file."""
    text = (ONTOLOGY / "jiqun.ttl").read_text(encoding="utf-8")
    written = re.findall(r"owl:(?:min|max)?[cC]ardinality (\S+)", text)
    assert written
    assert set(written) <= {'"0"^^xsd:nonNegativeInteger', '"1"^^xsd:nonNegativeInteger'}
