"""`.rq` files: saved queries, hygiene rules, inference rules and tables, one SPARQL query each.

The leading lines that start with `#+` are the header, in YAML: the convention of grlc
(https://grlc.io). A saved query becomes an entry of `queries.json` and a description in RDF as a
`sh:SPARQLExecutable` (SHACL, section 5), which SPARQL editors read as an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
import yaml

from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.turtle_files import Malformed

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SKIPPED: Final = re.compile(
    r"""(?P<keep><[^<>"{}|^`\\\s]*>)|\#[^\n\r]*|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}"""
    r"""|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Annotated:
    """A `.rq` file: its name in messages, its header, its query, and the query's first line."""

    path: Path
    name: str
    header: Mapping[str, Any]
    text: str
    line: int

    def bare(self) -> str:
        """Return the query with comments and strings blanked out, to search it for keywords."""
        return _SKIPPED.sub(lambda match: match["keep"] or " ", self.text)

    def mistake(self, what: str, rule: str, line: int = 0) -> Malformed:
        """Return the error for a mistake, on a line of the query, from 1, or in the header."""
        return Malformed(
            Finding(self.name, line + self.line - 1 if line else 1, 0, what, rule),
        )


def read_annotated(path: Path, content: Content) -> Annotated:
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
        raise Malformed(Finding(name, line, 0, what, "query-header")) from None
    if not isinstance(header, dict):
        what = "the header must have keys and values, as `#+ summary: …`"
        raise Malformed(Finding(name, 1, 0, what, "query-header"))
    while height < len(rows) and not rows[height].strip():
        height += 1
    text = "\n".join(rows[height:]).rstrip() + "\n"
    return Annotated(path, name, header, text, height + 1)


DATASETS: Final = ("ontology", "all")


@dataclass(frozen=True)
class HygieneRule:
    """A rule of `ontology/rules`, one SPARQL SELECT whose rows are violations.

    `name` is that of its file. `message` has `{variables}` of the query in it; `dataset` is what
    the query asks: `ontology` for `jiqun.ttl` alone, `all` for everything a release holds.
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


_FORM: Final = re.compile(r"\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE)
_PROLOGUE: Final = re.compile(r"\s*(?:PREFIX\s+[^\s:]*:\s*<[^>]*>|BASE\s*<[^>]*>)", re.IGNORECASE)


def query_form(file: Annotated) -> str:
    """Return SELECT, ASK, CONSTRUCT or DESCRIBE; raise `Malformed` for any other form."""
    text = file.bare()
    while match := _PROLOGUE.match(text):
        text = text[match.end() :]
    found = _FORM.match(text.lstrip())
    if found is None:
        raise file.mistake("this is no SELECT, ASK, CONSTRUCT or DESCRIBE", "query-syntax", 1)
    return found[1].upper()


def check_syntax(file: Annotated) -> None:
    """Raise `Malformed` with the line unless pyoxigraph can parse the query.

    A test ensures that rdflib can too: its parser takes a twentieth of a second for each query, too
    long for a curator to wait.
    """
    if re.search(r"\b(?:SERVICE|LOAD)\b", file.bare(), re.IGNORECASE):
        raise file.mistake("a query of ours asks no other endpoint: no SERVICE", "query-syntax")
    try:
        ox.Store().query(file.text)
    except SyntaxError as error:
        line, what = _explain(error.msg or str(error), file.text)
        raise file.mistake(what, "query-syntax", line) from None


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


LANGUAGES: Final = ("en", "zh-Hans")
TYPES: Final = ("iri", "literal", "integer", "decimal", "date", "boolean", "lang")
_RULE: Final = "query-header"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_VARIABLE: Final = re.compile(r"[?$](_{1,2}([A-Za-z][A-Za-z0-9_]*))")
_KEYS: Final = {
    "summary",
    "summary@zh-Hans",
    "description",
    "description@zh-Hans",
    "defaults",
    "enumerate",
    "parameters",
    "example",
    "tags",
}


@dataclass(frozen=True)
class Parameter:
    """A grlc parameter: `?_place_iri` is the parameter `place` of type iri.

    `default` and `values` are as a request would give them; `description` is by language tag.
    """

    name: str
    variable: str
    type: str
    default: str | None
    description: Mapping[str, str]
    values: tuple[str, ...] | None


@dataclass(frozen=True)
class SavedQuery:
    """A saved query; `text` is the file without its header, `form` is SELECT, ASK and so on."""

    name: str
    summary: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    form: str
    text: str
    parameters: tuple[Parameter, ...]
    example: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the entry for `queries.json`."""
        return {
            "name": self.name,
            "summary": dict(self.summary),
            "description": dict(self.description),
            "tags": list(self.tags),
            "form": self.form,
            "text": self.text,
            "parameters": [
                {
                    "name": each.name,
                    "variable": each.variable,
                    "type": each.type,
                    "default": each.default,
                    "required": False,
                    "description": dict(each.description),
                    "values": list(each.values) if each.values is not None else None,
                }
                for each in self.parameters
            ],
            "example": dict(self.example),
        }


def read_query(path: Path, content: Content) -> SavedQuery:
    """Read and check one saved query; raise `Malformed` with file and line."""
    file = read_annotated(path, content)
    header = file.header
    if not _NAME.fullmatch(path.stem):
        raise file.mistake(f"“{path.stem}” is not a name: use words joined by hyphens", _RULE)
    unknown = sorted(str(key) for key in header if key not in _KEYS)
    if unknown:
        raise file.mistake(f"the header has no key {', '.join(unknown)}", _RULE)
    if list(header)[-1:] != ["tags"]:
        raise file.mistake("the header must end with tags", _RULE)
    check_syntax(file)
    form = query_form(file)
    bare = file.bare().upper()
    if form == "SELECT" and not re.search(r"\bORDER\s+BY\b", bare):
        raise file.mistake("a SELECT query needs ORDER BY, for a stable order", _RULE)
    parameters = tuple(_parameters(file))
    defaults = {each.name: each.default for each in parameters if each.default is not None}
    return SavedQuery(
        path.stem,
        _texts(file, "summary"),
        _texts(file, "description"),
        tuple(_strings(file, "tags")),
        form,
        file.text,
        parameters,
        defaults | {name: str(value) for name, value in _pairs(file, "example").items()},
    )


def _texts(file: Annotated, key: str) -> dict[str, str]:
    texts = {}
    for language in LANGUAGES:
        full = key if language == "en" else f"{key}@{language}"
        value = file.header.get(full)
        if not isinstance(value, str) or not value.strip():
            raise file.mistake(f"the header needs {full}, a text", _RULE)
        texts[language] = " ".join(value.split())
    return texts


def _strings(file: Annotated, key: str) -> list[str]:
    values = file.header.get(key)
    if not isinstance(values, list) or not values:
        raise file.mistake(f"{key} must be a list with at least one item", _RULE)
    return [str(value) for value in values]


def _pairs(file: Annotated, key: str) -> dict[str, Any]:
    """Return a mapping, or a list of mappings of one key each as grlc has it, as one mapping."""
    value = file.header.get(key) or {}
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise file.mistake(f"{key} must hold names and values, as `- place: id:beijing`", _RULE)
    return {str(name): each for item in items for name, each in item.items()}


def _parameters(file: Annotated) -> Iterator[Parameter]:
    defaults, lists = _pairs(file, "defaults"), _pairs(file, "enumerate")
    descriptions = _pairs(file, "parameters")
    seen: dict[str, tuple[str, str]] = {}
    for variable, spelled in _VARIABLE.findall(file.bare()):
        stem, _, ending = spelled.rpartition("_")
        name, kind = (stem, ending) if stem and ending in TYPES else (spelled, "literal")
        if seen.setdefault(name, (variable, kind)) != (variable, kind):
            what = f"?{variable} and ?{seen[name][0]} are two variables for one parameter"
            raise file.mistake(what, _RULE)
    for name, (variable, kind) in seen.items():
        if name not in descriptions:
            raise file.mistake(f"parameters must describe {name}", _RULE)
        described = descriptions[name]
        by_language = described if isinstance(described, dict) else {"en": described}
        values = lists.get(name)
        yield Parameter(
            name,
            variable,
            kind,
            _lexical(defaults[name]) if name in defaults else None,
            {str(language): str(text) for language, text in by_language.items()},
            tuple(_lexical(value) for value in values) if values else None,
        )
    for key, named in (("defaults", defaults), ("enumerate", lists), ("parameters", descriptions)):
        strangers = sorted(set(named) - set(seen))
        if strangers:
            what = f"{key} speaks of {', '.join(strangers)}, which the query has not"
            raise file.mistake(what, _RULE)


def _lexical(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
