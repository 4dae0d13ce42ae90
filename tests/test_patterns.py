"""Every regular expression of the serving half reads its input in time that grows with its length.

The patterns are found in the code: those with a name, with the methods that are called on them, and
those that are written where they are used. For each repetition in a pattern, texts are made that
repeat what it repeats and then break off, which is where backtracking costs the square.
"""

from __future__ import annotations

import ast
import gc
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "server" / "jiqun"
READING = ("agents", "outbound", "query", "rdf", "reconciliation", "search", "web", "writing")
LONG = 40_000
"""Characters; with the square of this many steps, a pattern takes seconds."""
SUSPICIOUS_SECONDS = 0.1
"""Of processor time. What takes longer is held against a quarter of its text."""
MOST_GROWTH = 9
"""Times as long for four times the text: 4 if time grows with the length, 16 with its square."""
METHODS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
OUR_OWN = {"jiqun.web.pictures.drawing._DECLARED"}
"""Patterns that read nothing but files of the package, here its style sheet."""
ENDS = ("", "\x00", "x", "0", "<", '"', "\\", "{", "\n")
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


@dataclass(frozen=True)
class Use:
    """A pattern, and the methods by which input meets it."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in READING:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


@cache
def uses() -> tuple[Use, ...]:
    """Return all patterns: by name of module and constant, or by line."""
    methods: dict[str, set[str]] = {}
    """By the constant, and by the module for those that are called by another name."""
    named: dict[str, re.Pattern[Any]] = {}
    found: list[Use] = []
    for path, tree in sources():
        module = ".".join(("jiqun", *path.relative_to(PACKAGE).with_suffix("").parts))
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Attribute(ast.Name("re"), method), [ast.Constant(text), *_]) if (
                    method in METHODS
                ):
                    where = f"{module}:{node.lineno}"
                    found.append(Use(where, re.compile(text), frozenset({method})))
                case ast.Attribute(ast.Name(name), method) | ast.Attribute(
                    ast.Subscript(ast.Name(name)), method
                ) if method in METHODS:
                    methods.setdefault(name if name.isupper() else module, set()).add(method)
        for name, value in vars(import_module(module)).items():
            for where, pattern in _patterns(f"{module}.{name}", value):
                if where not in OUR_OWN and pattern not in named.values():
                    named[where] = pattern
    for where, pattern in named.items():
        module, _, name = where.partition("[")[0].rpartition(".")
        called = methods.get(name) or methods.get(module) or {"search"}
        found.append(Use(where, pattern, frozenset(called)))
    return tuple(sorted(found, key=lambda use: use.where))


def _patterns(where: str, value: Any) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif isinstance(value, dict):
        yield from _patterns(where, tuple(value.values()))
    elif isinstance(value, tuple | list):
        for number, each in enumerate(value):
            yield from _patterns(f"{where}[{number}]", each)


def example(tree: Any) -> str:
    """Return a short text that a part of a pattern matches, more or less."""
    return "".join(map(_example, tree))


def _example(part: Any) -> str:  # noqa: PLR0911 -- one for each kind of part
    match part:
        case (_constants.LITERAL, code):
            return chr(code)
        case (_constants.NOT_LITERAL, code):
            return "b" if code == ord("a") else "a"
        case (_constants.IN, items):
            return _member(items)
        case (_constants.ANY, _):
            return "a"
        case (_constants.BRANCH, (_, branches)):
            return example(branches[0])
        case (_constants.SUBPATTERN, (*_, inner)) | (_constants.ATOMIC_GROUP, inner):
            return example(inner)
        case (kind, (least, _, inner)) if kind in REPEATS:
            return example(inner) * max(1, int(least))
    return ""


def _member(items: Any) -> str:
    refused = items[0][0] is _constants.NEGATE
    if refused:
        pattern = re.compile("".join(["[^", *map(_range, items[1:]), "]"]))
        return next((each for each in 'a0 -:<"' if pattern.fullmatch(each)), "\u4e00")
    kind, value = items[0]
    if kind is _constants.CATEGORY:
        return {"DIGIT": "1", "SPACE": " ", "WORD": "a"}[str(value).rpartition("_")[2]]
    return chr(value[0] if kind is _constants.RANGE else value)


def _range(item: Any) -> str:
    kind, value = item
    if kind is _constants.CATEGORY:
        return {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(value).rpartition("_")[2]]
    if kind is _constants.RANGE:
        return "-".join(re.escape(chr(each)) for each in value)
    return re.escape(chr(value))


def pumps(tree: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield, for each repetition without an end, what leads to it and what it repeats."""
    for part in tree:
        kind, value = part
        if kind in REPEATS:
            if value[1] > LONG:
                yield before, example(value[2]) or "a"
            yield from pumps(value[2], before)
        elif kind is _constants.SUBPATTERN:
            yield from pumps(value[3], before)
        elif kind is _constants.BRANCH:
            for each in value[1]:
                yield from pumps(each, before)
        elif kind is _constants.ATOMIC_GROUP:
            yield from pumps(value, before)
        before += _example(part)


def texts(pattern: re.Pattern[Any]) -> Iterator[str]:
    tree = _parser.parse(pattern.pattern, pattern.flags)
    for before, repeated in set(pumps(tree)):
        for end in ENDS:
            yield before + repeated * (LONG // len(repeated)) + end
        if before:
            yield before * (LONG // len(before))


def test_patterns_are_found() -> None:
    assert len(uses()) > 60


def seconds(use: Use, method: str, text: str, calls: int = 3) -> float:
    """Return the least processor time of some calls, not counting the garbage collector's."""
    given: Any = text if isinstance(use.pattern.pattern, str) else text.encode()
    call = getattr(use.pattern, method)
    gc.disable()
    try:
        return min(_spent(method, call, given) for _ in range(calls))
    finally:
        gc.enable()


def _spent(method: str, call: Any, given: Any) -> float:
    began = time.process_time()
    if method in {"sub", "subn"}:
        call(lambda found: found[0], given)
    elif method == "finditer":
        list(call(given))
    else:
        call(given)
    return time.process_time() - began


@pytest.mark.parametrize("use", uses(), ids=lambda use: use.where)
def test_it_takes_no_square_of_time(use: Use) -> None:
    for text in texts(use.pattern):
        for method in use.methods & METHODS:
            assert grows_with_length(use, method, text), f"{method}: {text[:40]!r} … {text[-3:]!r}"


def grows_with_length(use: Use, method: str, text: str) -> bool:
    if seconds(use, method, text, calls=1) < SUSPICIOUS_SECONDS:
        return True
    quarter = text[: len(text) // 4 - 1] + text[-1]
    return seconds(use, method, text) < MOST_GROWTH * seconds(use, method, quarter)


def test_a_pattern_that_takes_the_square_is_found() -> None:
    slow = Use("here", re.compile(r"a+b"), frozenset({"search"}))
    assert not all(grows_with_length(slow, "search", text) for text in texts(slow.pattern))
