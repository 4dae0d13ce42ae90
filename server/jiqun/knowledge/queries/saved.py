"""Saved queries: one `.rq` file each, with a grlc header, runnable as it stands.

From each comes an entry of `queries.json` and a description in RDF as a `sh:SPARQLExecutable`
(SHACL, section 5), in the form that SPARQL editors read examples in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jiqun.knowledge.queries.headers import Annotated, read_annotated
from jiqun.knowledge.queries.sparql import check_syntax, query_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jiqun.knowledge.content import Content

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
