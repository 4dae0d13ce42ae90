"""The tools: their names, descriptions, arguments and result schemas.

The schemas are sent to every agent that connects, so they are short: at most 2,000 tokens together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from jiqun.errors import BadParameter, NotFound, shorten

MOST_ROWS: Final = 1000
ROWS: Final = 200
STATEMENTS: Final = 60
_MOST_ARGUMENTS: Final = 20
MOST_BYTES: Final = 48 * 1024
"""Maximum size of the rows of a result, in UTF-8, for agents and the event loop."""

T = TypeVar("T")
Lang = Literal["en", "zh-Hans", "zh-Hant"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Value = str | float | bool | None


def _few(given: object) -> object:
    """Refuse more parameters than any query has, before reading each."""
    if isinstance(given, dict) and len(given) > _MOST_ARGUMENTS:
        raise ValueError(f"no query has more than {_MOST_ARGUMENTS} parameters")
    return given


class Arguments(BaseModel):
    """The arguments of a tool; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Search(Arguments):
    """The arguments of `search`."""

    text: Name = Field(description="name in Chinese, pinyin or English")
    type: Name | None = Field(None, description="class, e.g. Cluster, Company")
    lang: Lang = "en"


class Describe(Arguments):
    """The arguments of `describe`."""

    thing: Name = Field(description="id:beijing, IRI or exact name")
    lang: Lang = "en"
    limit: int = Field(STATEMENTS, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=100_000)


class ListQueries(Arguments):
    """The arguments of `list_queries`."""

    about: Name | None = None
    lang: Lang = "en"


class RunQuery(Arguments):
    """The arguments of `run_query`."""

    name: Name
    parameters: Annotated[dict[Name, str | int | float | bool], BeforeValidator(_few)] = {}
    limit: int = Field(ROWS, ge=1, le=MOST_ROWS)


class Sparql(Arguments):
    """The arguments of `sparql`."""

    query: str = Field(min_length=1, max_length=20_000)
    limit: int = Field(ROWS, ge=1, le=MOST_ROWS)


class Schema(Arguments):
    """The arguments of `schema`."""

    about: Name | None = Field(None, description="word in English or Chinese")


class Cite(Arguments):
    """The arguments of `cite`."""

    thing: Name
    property: Name = Field(description="e.g. kg:coreArea, or a metric: id:output-value")
    value: Name | None = None
    lang: Lang = "en"


class Compare(Arguments):
    """The arguments of `compare`."""

    metric: Name = Field(description="e.g. id:enterprise-count")
    things: list[Name] = Field([], max_length=50)
    lang: Lang = "en"


class FoundThing(TypedDict):
    """A thing that a search found."""

    id: str
    name: str
    type: str
    description: NotRequired[str]
    matched: NotRequired[str]


class Found(TypedDict):
    """The result of `search`."""

    total: int
    things: list[FoundThing]
    note: NotRequired[str]


class Statement(TypedDict):
    """One statement about a thing."""

    property: str
    value: str
    id: NotRequired[str]
    kind: str
    quotes: list[str]
    passages: list[str]


class Description(TypedDict):
    """The result of `describe`."""

    id: str
    name: str
    types: list[str]
    statements: list[Statement]
    total: int
    truncated: bool
    note: NotRequired[str]


class ListedQuery(TypedDict):
    """A saved query."""

    name: str
    question: str
    parameters: dict[str, str]


class QueryList(TypedDict):
    """The result of `list_queries`."""

    queries: list[ListedQuery]
    total: int


class Table(TypedDict):
    """The result of a query."""

    columns: list[str]
    rows: list[list[Value]]
    truncated: bool
    notes: list[str]
    url: NotRequired[str]


class Term(TypedDict):
    """A class, property or concept of the vocabulary."""

    term: str
    kind: str
    en: str
    zh: str
    definition: str
    domain: NotRequired[str]
    range: NotRequired[str]


class Vocabulary(TypedDict):
    """The result of `schema`."""

    terms: list[Term]
    example: dict[str, str]
    note: NotRequired[str]


class Citation(TypedDict):
    """The place of a statement in a source."""

    passage: str
    quotes: list[str]
    source: str
    publisher: str
    date: str
    url: str


class Cited(TypedDict):
    """A statement with its evidence."""

    statement: str
    kind: str
    citations: list[Citation]


class CitedStatement(Cited):
    """A statement with its evidence, and what it is derived from."""

    premises: list[Cited]


class Citations(TypedDict):
    """The result of `cite`."""

    statements: list[CitedStatement]
    note: NotRequired[str]


class Figure(TypedDict):
    """A figure with everything that determines what it can be compared with."""

    id: str
    thing: str
    value: str
    bound: str
    unit: str
    period: str
    population: str
    words: str
    passage: str


class Comparison(TypedDict):
    """The result of `compare`."""

    figures: list[Figure]
    goals: list[str]
    do_not_compare: list[str]


@dataclass(frozen=True)
class Tool:
    """A tool: `arguments` are checked before anything is read, `result` is a typed dictionary."""

    name: str
    description: str
    arguments: type[Arguments]
    result: type

    def input_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments."""
        return _plain(self.arguments.model_json_schema())

    def output_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the result."""
        return _plain(TypeAdapter(self.result).json_schema())

    def read(self, given: Mapping[str, Any]) -> Any:
        """Read the arguments of a call; raises `BadParameter`."""
        if len(given) > _MOST_ARGUMENTS:
            raise BadParameter(f"{self.name} has {', '.join(self.arguments.model_fields)}.")
        try:
            return self.arguments.model_validate(given)
        except ValidationError as error:
            raise BadParameter(self._explain(error)) from None

    def _explain(self, error: ValidationError) -> str:
        known = ", ".join(self.arguments.model_fields)
        parts = []
        for each in error.errors(include_url=False)[:5]:
            name = shorten(".".join(map(str, each["loc"])))
            if each["type"] == "extra_forbidden":
                parts.append(f"{self.name} has no argument {name}; it has {known}.")
            elif each["type"] == "missing":
                parts.append(f"{self.name} needs the argument {name}.")
            else:
                parts.append(f"{name}: {each['msg'].removeprefix('Value error, ')}.")
        return " ".join(parts)


_TOOLS: Final = (
    Tool("search", "Find ids of things by name.", Search, Found),
    Tool(
        "describe",
        "Statements about a thing, one per row. kind: said (a source), curated, inferred, "
        "goal, judgement, intention, expectation, slogan. Only said and curated are facts.",
        Describe,
        Description,
    ),
    Tool("list_queries", "Saved queries that match words.", ListQueries, QueryList),
    Tool("run_query", "Run a saved query.", RunQuery, Table),
    Tool(
        "sparql",
        "Run a SPARQL 1.1 query, if no saved query fits; call schema first. Prefixes are known.",
        Sparql,
        Table,
    ),
    Tool("schema", "Terms for a word, with an example query.", Schema, Vocabulary),
    Tool(
        "cite",
        "Evidence of a statement: source, date, words, passage; for an inferred one, its premises.",
        Cite,
        Citations,
    ),
    Tool(
        "compare",
        "Figures of a metric with bound, period and population; goals apart; what not to compare.",
        Compare,
        Comparison,
    ),
)
TOOLS: Final[Mapping[str, Tool]] = {tool.name: tool for tool in _TOOLS}


def fitting(rows: Sequence[T]) -> list[T]:
    """Return the first rows of a result that fit into `MOST_BYTES`, at least one."""
    fit: list[T] = []
    size = 0
    for row in rows:
        size += len(json.dumps(row, ensure_ascii=False).encode(errors="replace"))
        if size > MOST_BYTES and fit:
            break
        fit.append(row)
    return fit


def find_tool(name: str) -> Tool:
    """Return the tool of this name; raises `NotFound`."""
    tool = TOOLS.get(name)
    if tool is None:
        raise NotFound(f"There is no tool {shorten(name)}. There are: {', '.join(TOOLS)}.")
    return tool


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop redundant parts of a JSON Schema: titles, Python docstrings, limits.

    References are replaced by their targets: every result uses its parts once.
    """
    parts = schema.pop("$defs", {})

    def plain(node: Any, *, names: bool = False) -> Any:
        if isinstance(node, list):
            return [plain(each) for each in node]
        if not isinstance(node, dict):
            return node
        if names:
            return {name: plain(each) for name, each in node.items()}
        if "$ref" in node:
            return plain(parts[node["$ref"].rpartition("/")[2]])
        if "anyOf" in node and {"type": "null"} in node["anyOf"]:
            rest = [each for each in node["anyOf"] if each != {"type": "null"}]
            if "default" in node and len(rest) == 1:
                node = {**rest[0], **{k: node[k] for k in node if k not in {"anyOf", "default"}}}
        if all(each.keys() == {"type"} for each in node.get("anyOf", [{}])):
            return {"type": [each["type"] for each in node["anyOf"]]}
        hidden = {"title", "default" if node.get("default") is None else "title"}
        if node.get("type") == "object":
            hidden |= {"description"}
        hidden |= {"minLength", "maxLength", "maxItems", "maxProperties", "propertyNames"}
        return {
            key: plain(each, names=key == "properties")
            for key, each in node.items()
            if key not in hidden
        }

    found: dict[str, Any] = plain(schema)
    return found
