"""`.rq` files: a header in the convention of grlc (https://grlc.io), then a query.

The header is YAML in the leading lines that start with `#+`. Saved queries, inference rules, tables
and hygiene rules are such files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pyoxigraph as ox
import yaml

from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.turtle_files import Malformed
from jiqun.rdf.terms import LANGUAGES
from jiqun.saved_queries import FORMS, TYPES, VIEWS, Parameter, SavedQuery, without_strings

DATASETS: Final = ("ontology", "all")

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORM: Final = re.compile(rf"({'|'.join(FORMS)})\b", re.IGNORECASE)
_PROLOGUE: Final = re.compile(
    r"(?:\s*(?:PREFIX\s+[^\s:]*:\s*<[^>]*>|BASE\s*<[^>]*>))*+\s*", re.IGNORECASE
)
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_VARIABLE: Final = re.compile(r"[?$](_{1,2}([A-Za-z][A-Za-z0-9_]*))")
_ORDER: Final = re.compile(
    r"\bORDER\s+BY\b(?P<keys>[^{}]*?)(?:\b(?:LIMIT|OFFSET)\s+[0-9]+\s*)*\Z", re.IGNORECASE
)
_KEY: Final = re.compile(r"[A-Za-z]+\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\?(\w+)")
_DIRECTION: Final = re.compile(r"\b(?:ASC|DESC)\s*\(\s*(\?\w+)\s*\)", re.IGNORECASE)
_CONCATENATION: Final = re.compile(
    r"\bGROUP_CONCAT\s*\(\s*(?:DISTINCT\s+)?(?!STR\s*\()", re.IGNORECASE
)
_HEADER: Final = "query-header"
_SYNTAX: Final = "query-syntax"
_KEYS: Final = {
    "summary",
    "summary@zh-Hans",
    "summary@zh-Hant",
    "description",
    "description@zh-Hans",
    "description@zh-Hant",
    "defaults",
    "enumerate",
    "parameters",
    "example",
    "view",
    "tags",
}


@dataclass(frozen=True)
class Annotated:
    """A `.rq` file: its name in messages, its header, its query, and the query's first line."""

    path: Path
    name: str
    header: Mapping[str, Any]
    text: str
    line: int

    def mistake(self, what: str, rule: str = _HEADER, line: int = 0) -> Malformed:
        """Return the error for a mistake, on a line of the query, from 1, or in the header."""
        return Malformed(Finding(self.name, line + self.line - 1 if line else 1, 0, what, rule))

    def texts(
        self, key: str, languages: Sequence[str] = LANGUAGES, rule: str = _HEADER
    ) -> dict[str, str]:
        """Return a text of the header by language; raise `Malformed` when one is missing."""
        texts = {}
        for language in languages:
            full = key if language == "en" else f"{key}@{language}"
            value = self.header.get(full)
            if not isinstance(value, str) or not value.strip():
                raise self.mistake(f"the header needs {full}, a string", rule)
            texts[language] = " ".join(value.split())
        return texts


class Naming(Protocol):
    """Provides the names of files in messages, like `Content`."""

    def name(self, path: Path) -> str:
        """Return the name of a file."""


def read_annotated(path: Path, content: Naming) -> Annotated:
    """Read a `.rq` file; raise `Malformed` when it is not UTF-8 or its header is not YAML."""
    name = content.name(path)
    try:
        rows = path.read_bytes().decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        raise Malformed(Finding(name, 0, 0, "this file is not UTF-8", "syntax")) from None
    height = next((number for number, row in enumerate(rows) if not row.startswith("#+")), 0)
    lines = [row[2:].removeprefix(" ") for row in rows[:height]]
    try:
        header = yaml.load("\n".join(lines), _Loader) or {}  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line + 1, height) if mark is not None else 1
        what = f"the header is not YAML: {getattr(error, 'problem', None) or error}"
        raise Malformed(Finding(name, line, 0, what, _HEADER)) from None
    if not isinstance(header, dict):
        what = "the header must have keys and values, as `#+ summary: …`"
        raise Malformed(Finding(name, 1, 0, what, _HEADER))
    while height < len(rows) and not rows[height].strip():
        height += 1
    text = "\n".join(rows[height:]).rstrip() + "\n"
    return Annotated(path, name, header, text, height + 1)


@dataclass(frozen=True)
class HygieneRule:
    """A rule of `ontology/rules`, one SPARQL SELECT whose rows are violations.

    `name` is that of its file. `message` may contain `{variables}` of the query; `dataset` is what
    the query reads: `ontology` for `jiqun.ttl` alone, `all` for everything in a release.
    """

    file: Annotated
    name: str
    message: str
    dataset: str


def read_rule(path: Path, content: Content) -> HygieneRule:
    """Read a rule; raise `Malformed` when its header lacks a message or a known dataset."""
    file = read_annotated(path, content)
    message, dataset = file.header.get("message"), file.header.get("dataset", "all")
    if not isinstance(message, str) or dataset not in DATASETS:
        what = f"the header needs a message, and dataset must be one of {', '.join(DATASETS)}"
        raise file.mistake(what, "rule")
    return HygieneRule(file, path.stem, message, dataset)


def read_query(path: Path, content: Naming, languages: Sequence[str] = LANGUAGES) -> SavedQuery:
    """Read and check one saved query; raise `Malformed` with file and line.

    Its summary and description are required in each of `languages`.
    """
    file = read_annotated(path, content)
    if not _NAME.fullmatch(path.stem):
        raise file.mistake(f"“{path.stem}” is not a name: use words joined by hyphens")
    unknown = sorted(str(key) for key in file.header if key not in _KEYS)
    if unknown:
        raise file.mistake(f"the header has no key {', '.join(unknown)}")
    if list(file.header)[-1:] != ["tags"]:
        raise file.mistake("the header must end with tags")
    bare = without_strings(file.text)
    view = file.header.get("view", "table")
    if view not in VIEWS:
        raise file.mistake(f"view must be one of {', '.join(VIEWS)}")
    form = _check_syntax(file, bare)
    parameters = tuple(_parameters(file, bare))
    defaults = {each.name: each.default for each in parameters if each.default is not None}
    return SavedQuery(
        name=path.stem,
        summary=file.texts("summary", languages),
        description=file.texts("description", languages),
        tags=tuple(_strings(file, "tags")),
        form=form,
        text=file.text,
        parameters=parameters,
        example=defaults | {name: str(value) for name, value in _pairs(file, "example").items()},
        view=view,
    )


def _check_syntax(file: Annotated, bare: str) -> str:
    """Return the form of the query; raise `Malformed` with the line where it is not SPARQL.

    pyoxigraph decides. A test checks that rdflib reads it too: its parser takes 50 ms per query,
    too slow here.
    """
    if re.search(r"\b(?:SERVICE|LOAD)\b", bare, re.IGNORECASE):
        raise file.mistake("a saved query must not use SERVICE or LOAD", _SYNTAX)
    try:
        answer = ox.Store().query(file.text)
    except SyntaxError as error:
        line, what = _explain(error.msg or str(error), file.text)
        raise file.mistake(what, _SYNTAX, line) from None
    found = _FORM.match(_PROLOGUE.sub("", bare, count=1))
    if found is None:
        raise file.mistake(f"the query must be one of {', '.join(FORMS)}", _SYNTAX, 1)
    form = found[1].upper()
    if _CONCATENATION.search(bare):
        what = "GROUP_CONCAT needs STR(): engines differ on strings with a language"
        raise file.mistake(what, _SYNTAX)
    if isinstance(answer, ox.QuerySolutions):
        _check_order(file, bare, [variable.value for variable in answer.variables])
    return form


def _check_order(file: Annotated, bare: str, columns: list[str]) -> None:
    """Raise `Malformed` unless ORDER BY leaves no two different rows equal.

    It does when every column is a key, or the label of one: things have one label per language.
    """
    order = _ORDER.search(bare)
    if order is None:
        raise file.mistake("a SELECT query needs ORDER BY, for a stable order")
    keys = set(_KEY.findall(_DIRECTION.sub(r"\1", order["keys"])))
    loose = [name for name in columns if not keys & {name, name.removesuffix("Label")}]
    if loose:
        listed = ", ".join(f"?{name}" for name in loose)
        raise file.mistake(f"ORDER BY must end with {listed} too, or rows may change places")


def _explain(message: str, text: str) -> tuple[int, str]:
    """Return the line and a message shorter than the parser's list of expected tokens."""
    place = re.search(r"error at ([0-9]+):([0-9]+)", message)
    if place is None:
        return 1, message.strip()
    line, column = int(place[1]), int(place[2])
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    before, rest = row[: column - 1].split(), row[column - 1 :].strip()
    if "Prefix not found" in message and before:
        return line, f"the prefix of {before[-1]} is not declared"
    return line, f"not SPARQL from “{rest[:40]}” on" if rest else "the query ends too early"


def _strings(file: Annotated, key: str) -> list[str]:
    values = file.header.get(key)
    if not isinstance(values, list) or not values:
        raise file.mistake(f"{key} must be a list with at least one item")
    return [str(value) for value in values]


def _pairs(file: Annotated, key: str) -> dict[str, Any]:
    """Return a mapping, or grlc's list of one-key mappings, as one mapping."""
    value = file.header.get(key) or {}
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise file.mistake(f"{key} must hold names and values, as `- place: id:beijing`")
    return {str(name): each for item in items for name, each in item.items()}


def _parameters(file: Annotated, bare: str) -> Iterator[Parameter]:
    defaults, lists = _pairs(file, "defaults"), _pairs(file, "enumerate")
    descriptions = _pairs(file, "parameters")
    seen: dict[str, tuple[str, str]] = {}
    for variable, spelled in _VARIABLE.findall(bare):
        stem, _, ending = spelled.rpartition("_")
        name, kind = (stem, ending) if stem and ending in TYPES else (spelled, "literal")
        if seen.setdefault(name, (variable, kind)) != (variable, kind):
            raise file.mistake(
                f"?{variable} and ?{seen[name][0]} are two variables for one parameter"
            )
    for name, (variable, kind) in seen.items():
        if name not in descriptions:
            raise file.mistake(f"parameters must describe {name}")
        described = descriptions[name]
        by_language = described if isinstance(described, dict) else {"en": described}
        values = lists.get(name)
        yield Parameter(
            name,
            variable,
            kind,
            default=_lexical(defaults[name]) if name in defaults else None,
            description={str(language): str(text) for language, text in by_language.items()},
            values=tuple(_lexical(value) for value in values) if values else None,
        )
    for key, named in (("defaults", defaults), ("enumerate", lists), ("parameters", descriptions)):
        unknown = sorted(set(named) - set(seen))
        if unknown:
            raise file.mistake(f"{key} names {', '.join(unknown)}, which the query does not use")


def _lexical(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
