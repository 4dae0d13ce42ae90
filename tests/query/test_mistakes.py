"""What people are told of their mistakes: `mistakes.txt` has each with its exact text.

The engine says what refused a text; the words are ours. Nothing that the engine accepts may be
found wrong, and whatever it refuses gets a place and a sentence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from jiqun.errors import JiqunError, MalformedQuery
from jiqun.query.diagnosis.mistakes import explain, find_mistake
from jiqun.query.gate import DEFAULT_LIMITS, parse_query
from jiqun.query.tokens import tokenize
from jiqun.writing.updates import inspect_update
from query.sound_queries import SOUND

TABLE = Path(__file__).with_name("mistakes.txt")
SAVED = sorted((Path(__file__).parents[2] / "queries").glob("*.rq"))
BASE = "http://example.org/sparql"

SOUND_UPDATES = [
    "INSERT DATA { <a:a> <a:b> 1 , 2 ; <a:c> [ <a:d> (1 'x'@en) ] . _:b a <a:B> } ;",
    "PREFIX a: <a:> INSERT DATA { a:a a:b 1 GRAPH a:g { a:a a:b 2 } a:c a:d 3 . }",
    "DELETE DATA { GRAPH <a:g> { <a:a> <a:b> -1.5 } } ; CLEAR SILENT GRAPH <a:g> ; DROP NAMED",
    "DELETE WHERE { ?s ?p ?o . GRAPH ?g { ?s ?q ?r } }",
    "WITH <a:g> DELETE { ?s ?p ?o } INSERT { ?s ?p [] } USING <a:h> USING NAMED <a:i> WHERE { }",
    "INSERT { ?s ?p _:x } WHERE { { SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s } }",
    "CREATE GRAPH <a:g> ; ADD <a:a> TO DEFAULT ; MOVE SILENT GRAPH <a:a> TO GRAPH <a:b>",
    "BASE <http://a/> PREFIX : <b> COPY DEFAULT TO :x ; INSERT DATA { :c :d :e }",
    "INSERT DATA { <a:a> <a:b> <a:c> ~ <a:r> {| <a:s> <a:t> |} . << <a:a> <a:b> 1 >> <a:c> 2 }",
    "INSERT DATA { <a:a> <a:b> <<( <a:a> <a:b> 'x'@ar--rtl )>> }",
]


def _table() -> Iterator[tuple[str, str, bool]]:
    update, text = False, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            update = line == "# updates"
        elif line.startswith("    "):
            yield text, line.strip(), update
        else:
            text = line


TABLED = list(_table())


def _refusal(text: str, update: bool = False) -> str | None:
    """Return what somebody is told who sends this, None if it is accepted."""
    try:
        if update:
            inspect_update(text, DEFAULT_LIMITS, max_characters=len(text), base=BASE)
            ox.Store().update(text, base_iri=BASE)
        else:
            ox.Store().query(parse_query(text).evaluated(), base_iri=BASE)
    except MalformedQuery as refusal:
        return find_mistake(text, update=True) if update else refusal.detail
    except SyntaxError as error:
        return explain(text, error.msg, update=update)
    except (JiqunError, RuntimeError, ValueError, OSError):
        return None
    return None


def test_the_table_is_long() -> None:
    assert len(TABLED) >= 410
    assert len({text for text, _, _ in TABLED}) == len(TABLED)


@pytest.mark.parametrize(("text", "message", "update"), TABLED)
def test_mistake(text: str, message: str, update: bool) -> None:
    assert _refusal(text, update) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * {\n  ?s xsd:x ?o\n}", "At line 2, column 6: xsd: is not declared."),
        ("SELECT * {\r\n  ?s ?p 'a\\u00e9' ,\r\n}", "At line 3, column 1: an object is missing"),
        ("# a comment\nSELECT ?s\nWHERE {\n ?s ?p ?o", "At line 3, column 7: the “{” is never"),
    ],
)
def test_the_place_is_counted_in_lines(text: str, message: str) -> None:
    refusal = _refusal(text)
    assert refusal is not None
    assert refusal.startswith(message)
    error = MalformedQuery(refusal)
    assert re.match(rf"At line {error.line}, column {error.column}:", message)


@pytest.mark.parametrize("text", SOUND)
def test_nothing_is_found_in_sound_queries(text: str) -> None:
    assert find_mistake(text) is None


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_nothing_is_found_in_saved_queries(path: Path) -> None:
    assert find_mistake(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("text", SOUND_UPDATES)
def test_nothing_is_found_in_sound_updates(text: str) -> None:
    ox.Store().update(text.replace("COPY", "ADD"))
    assert find_mistake(text, update=True) is None


def _changed(text: str, chance: random.Random) -> Iterator[str]:
    """Yield the text with one token left out, doubled, replaced, or one character changed."""
    tokens = tokenize(text, 10_000, 64)[1]
    for _ in range(6):
        one, other = chance.choice(tokens), chance.choice(tokens)
        written, at = text[one.start : one.end], chance.randrange(one.start, one.end)
        yield text[: one.start] + text[one.end :]
        yield f"{text[: one.end]} {written} {text[one.end :]}"
        yield text[: one.start] + text[other.start : other.end] + text[one.end :]
        yield text[:at] + chance.choice('x?(){}.,;"<=，）“') + text[at + 1 :]


@pytest.mark.parametrize("number", range(4))
def test_whatever_is_refused_gets_a_place_and_a_sentence(number: int) -> None:
    chance = random.Random(number)
    texts = [path.read_text(encoding="utf-8") for path in chance.sample(SAVED, 12)]
    refused = 0
    for text in [*texts, *SOUND]:
        for changed in _changed(text, chance):
            refusal = _refusal(changed)
            if refusal is None:
                continue
            refused += 1
            assert re.match(r"At line [0-9]+, column [0-9]+: .{9,}[.?]$", refusal), changed
            assert "expected one of" not in refusal
            assert "syntax error. Check" not in refusal, changed
    assert refused > 200


@pytest.mark.parametrize(
    "text",
    [
        *("SELECT (" + "(" * 20_000, "ASK" + "{" * 20_000, "ASK {" + "[" * 20_000),
        *("ASK { ?s " + "(" * 20_000, "ASK { FILTER " + "EXISTS { FILTER " * 9_000),
        *("ASK { FILTER(" + "!" * 20_000, "ASK { FILTER(" + "- " * 20_000, "ASK {" + "<<" * 9_000),
        *(
            "ASK { ?s ?p " + "'a', " * 9_000,
            "SELECT " + "?x " * 20_000,
            "x" * 99_000,
            "\\u0041" * 99,
        ),
    ],
    ids=lambda text: text[:14],
)
def test_nonsense_of_any_depth_comes_to_an_end(text: str) -> None:
    assert explain(text, "error at 1:5: expected [_]").startswith("At line 1, column ")
