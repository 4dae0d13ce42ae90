"""No saved query joins on, or filters by, what an OPTIONAL may have left unbound.

An unbound variable in a later pattern matches everything, so that
`OPTIONAL { ?plan kg:setsGoal ?goal } OPTIONAL { ?plan rdfs:label ?label }` answers with every label
there is for a goal without a plan. In a FILTER it is an error, which silently drops the row.
The algebra tells which variables of a pattern are bound for certain, and which only may be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from rdflib import Variable
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue

from jiqun.knowledge.content import locate

if TYPE_CHECKING:
    from pathlib import Path

CONTENT: Final = locate()
FILES: Final = [
    *CONTENT.queries(),
    *CONTENT.inferences(),
    *sorted(CONTENT.root.glob("ontology/rules/*.rq")),
]
TOLERANT: Final = frozenset(
    {"Function_COALESCE", "Builtin_COALESCE", "Builtin_BOUND", "Builtin_IF"}
)
PREFIXES: Final = (
    "PREFIX kg: <https://w3id.org/jiqun/ontology#> "
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>"
)

Names = frozenset[str]


def _parts(node: CompValue) -> list[object]:
    """Return what a node of the algebra is made of, without the variables that rdflib notes."""
    return [value for key, value in node.items() if key != "_vars"]


def _variables(value: object) -> Names:
    """Return all variables in a term, path, triple, expression or list of them."""
    if isinstance(value, Variable):
        return frozenset({str(value)})
    if isinstance(value, CompValue):
        return frozenset().union(*(_variables(each) for each in _parts(value)))
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset().union(*(_variables(each) for each in value))
    return frozenset()


def _demanded(expression: object) -> Names:
    """Return the variables without which an expression is an error, or true of anything.

    COALESCE, BOUND and IF tolerate an unbound variable, and so does one side of `||`; the pattern
    of EXISTS matches anything by it. What BOUND asks for first, `&&` may use.
    """
    if isinstance(expression, list | tuple):
        return frozenset().union(*map(_demanded, expression))
    if not isinstance(expression, CompValue):
        return _variables(expression)
    if expression.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
        return _variables(expression.graph)
    if expression.name in TOLERANT:
        return frozenset().union(*map(_asked, _parts(expression)))
    if expression.name == "ConditionalOrExpression":
        return _demanded(expression.expr).intersection(*map(_demanded, expression.other))
    demanded = frozenset().union(*map(_demanded, _parts(expression)))
    return demanded - _demanded_by(expression)


def _asked(expression: object) -> Names:
    """Return the variables in the EXISTS patterns of an expression that BOUND does not guard."""
    if isinstance(expression, list | tuple):
        return frozenset().union(*map(_asked, expression))
    if not isinstance(expression, CompValue):
        return frozenset()
    if expression.name in {"Builtin_EXISTS", "Builtin_NOTEXISTS"}:
        return _variables(expression.graph)
    asked = frozenset().union(*map(_asked, _parts(expression)))
    return asked - _demanded_by(expression)


class Scope:
    """The variables of a pattern that are bound in every solution, and in some; its mistakes."""

    def __init__(self, certain: Names, possible: Names, mistakes: tuple[str, ...] = ()) -> None:
        self.certain = certain
        self.possible = possible
        self.mistakes = mistakes

    @property
    def doubtful(self) -> Names:
        return frozenset(each for each in self.possible - self.certain if each[0] != "_")


def _scope(node: CompValue) -> Scope:
    if node.name == "BGP":
        names = _variables(node.triples)
        return Scope(names, names)
    if node.name in {"Join", "LeftJoin", "Minus", "Union"}:
        return _of_two(node, _scope(node.p1), _scope(node.p2))
    if node.name in {"values", "ToMultiSet"}:
        return _of_values(node)
    inner = _scope(node.p)
    if node.name == "Filter":
        wrong = sorted(_demanded(node.expr) & inner.doubtful)
        refused = tuple(f"FILTER by ?{each}" for each in wrong)
        return Scope(
            inner.certain | _demanded_by(node.expr), inner.possible, inner.mistakes + refused
        )
    if node.name == "Project":
        kept = frozenset(str(each) for each in node.PV)
        return Scope(inner.certain & kept, inner.possible & kept, inner.mistakes)
    made, sure = _made(node, inner)
    return Scope(inner.certain | sure, inner.possible | made, inner.mistakes)


def _made(node: CompValue, inner: Scope) -> tuple[Names, Names]:
    """Return the variables that a node adds to those of its pattern: any, and for certain."""
    made: Names = frozenset()
    if node.name == "Graph":
        made = _variables(node.term)
    if node.name == "AggregateJoin":
        made = frozenset(str(each.res) for each in node.A)
    if node.name == "Extend":
        made = frozenset({str(node.var)})
        if _demanded(node.expr) & inner.doubtful:
            return made, frozenset()
    return made, made


def _of_values(node: CompValue) -> Scope:
    if node.name == "ToMultiSet" and node.p is not None and node.p.name != "values":
        return _scope(node.p)
    rows = node.res if node.name == "values" else node.p.res
    names = frozenset(str(each) for row in rows for each in row)
    always = frozenset(
        each for each in names if all(row.get(Variable(each), "UNDEF") != "UNDEF" for row in rows)
    )
    return Scope(always, names)


def _demanded_by(expression: object) -> Names:
    """Return what BOUND(?x) on its own or in a conjunction makes certain."""
    if isinstance(expression, CompValue):
        if expression.name == "Builtin_BOUND":
            return _variables(expression.arg)
        if expression.name == "ConditionalAndExpression":
            return _demanded_by(expression.expr).union(*map(_demanded_by, expression.other))
    return frozenset()


def _of_two(node: CompValue, left: Scope, right: Scope) -> Scope:
    mistakes = left.mistakes + right.mistakes
    if node.name == "Union":
        return Scope(left.certain & right.certain, left.possible | right.possible, mistakes)
    if node.name == "Minus":
        return Scope(left.certain, left.possible, mistakes)
    loose = sorted(
        (left.doubtful & right.certain)
        | (right.doubtful & left.certain if node.name == "Join" else frozenset())
    )
    kind = "OPTIONAL" if node.name == "LeftJoin" else "pattern"
    mistakes += tuple(f"{kind} on ?{each}" for each in loose)
    if node.name == "Join":
        return Scope(left.certain | right.certain, left.possible | right.possible, mistakes)
    seen = Scope(left.certain | right.certain, left.possible | right.possible)
    wrong = sorted(_demanded(node.expr) & seen.doubtful)
    mistakes += tuple(f"FILTER of an OPTIONAL by ?{each}" for each in wrong)
    return Scope(left.certain, seen.possible, mistakes)


def mistakes(text: str) -> list[str]:
    """Return what a query does with variables that may be unbound."""
    pattern = prepareQuery(text).algebra.p
    return sorted(set(_scope(pattern).mistakes)) if pattern else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_hangs_on_what_may_be_unbound(path: Path) -> None:
    assert mistakes(path.read_text("utf-8")) == []


_OPTIONAL: Final = "?goal a kg:Goal . OPTIONAL { ?plan kg:setsGoal ?goal }"
_TOLD: Final = [
    (f"{_OPTIONAL} OPTIONAL {{ ?plan rdfs:label ?x }}", ["OPTIONAL on ?plan"]),
    (f"{_OPTIONAL} ?plan rdfs:label ?x", ["pattern on ?plan"]),
    (f"{_OPTIONAL} FILTER (?plan != ?goal)", ["FILTER by ?plan"]),
    (f"{_OPTIONAL} FILTER (BOUND(?plan))", []),
    (f"{_OPTIONAL} FILTER (COALESCE(?plan != ?goal, true))", []),
    (f"{_OPTIONAL} FILTER (!BOUND(?plan) || ?plan != ?goal)", []),
    (f"{_OPTIONAL} FILTER (BOUND(?plan) && EXISTS {{ ?plan rdfs:label ?x }})", []),
    (f"{_OPTIONAL} FILTER EXISTS {{ ?plan rdfs:label ?x }}", ["FILTER by ?plan"]),
    ("?goal a kg:Goal OPTIONAL { ?p kg:setsGoal ?goal OPTIONAL { ?p rdfs:label ?x } }", []),
    ("{ ?p a kg:Goal } UNION { ?q a kg:Goal } OPTIONAL { ?p rdfs:label ?x }", ["OPTIONAL on ?p"]),
]


@pytest.mark.parametrize(("pattern", "wrong"), _TOLD)
def test_the_check_sees_it(pattern: str, wrong: list[str]) -> None:
    assert mistakes(f"{PREFIXES} SELECT * WHERE {{ {pattern} }}") == wrong
