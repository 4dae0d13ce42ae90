"""Errors on pages: every message that a reader can meet has words in all three languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jiqun
from jiqun import errors
from jiqun.query.diagnosis.mistakes import find_mistake
from jiqun.rdf.namespaces import KG
from jiqun.rdf.terms import LANGUAGES
from jiqun.web.pages.error_words import error_words

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(jiqun.__file__).parent
TO_READERS = ("query", "web", "search", "release.py", "saved_queries.py", "rdf/namespaces.py")
TO_PROGRAMS = {
    *("engine.py", "holder_process.py", "store_holder.py", "sandbox.py", "worker_process.py"),
    *("backend_check.py", "update_grammar.py", "reconcile_routes.py", "server.py"),
    *("graph_store_routes.py", "mcp_routes.py"),
}
"""Modules whose errors an operator or a program reads, never the reader of a page."""

KINDS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, errors.RequestError | errors.ServerError)
    and not issubclass(kind, errors.ReleaseError | errors.WorkspaceError)
}
TITLES = {
    kind.title
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.JiqunError)
    if not issubclass(kind, errors.OperatorError)
}
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
COMMANDS = re.compile(r"`[^`]*`|≈[^≈]*≈")


def messages(path: Path) -> Iterator[str]:
    """Give the messages that a module raises; what differs from time to time is ≈."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
            if name in KINDS or name == "fail":
                words = written(node.args[0])
                if words is not None:
                    yield words


def written(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(each.value) if isinstance(each, ast.Constant) else "≈" for each in node.values
        )
    if isinstance(node, ast.BinOp):
        return f"{written(node.left) or ''}{written(node.right) or ''}"
    return None


def samples() -> list[str]:
    found: dict[str, None] = {}
    for start in TO_READERS:
        path = ROOT / start
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if module.name not in TO_PROGRAMS:
                found |= dict.fromkeys(filter(None, messages(module)))
    # A part that follows a full stop, or comes before the first word, is a sentence of its own.
    return [
        re.sub(r"(?<=[.?]) ?≈$|(?<=[.?])≈|^≈ (?=[A-Z][a-z])", "", each)
        for each in found
        if each != "≈ ≈"
    ]


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant"])
def test_every_error_is_translated(lang: str) -> None:
    texts = samples()
    assert len(texts) > 300
    left = {
        each: words
        for each in (*texts, *TITLES)
        if ENGLISH.search(COMMANDS.sub("", words := error_words(each, lang).value))
        or error_words(each, lang).lang != lang
    }
    assert left == {}


def test_programs_and_english_readers_get_it_as_it_is() -> None:
    text = "There is no thing bejing. Did you mean /doc/beijing?"
    assert error_words(text, "en").value == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "There is no thing bejing. Did you mean /doc/beijing?",
            "没有名为 bejing 的事物。是否指 /doc/beijing？",
        ),
        (
            "There is no thing a. b. Use /search to look up names.",
            "没有名为 a. b 的事物。请用 /search 查找名称。",
        ),
        ("page must be a whole number from 1 to 99999.", "page 应为 1 至 99999 的整数。"),
        (
            "Nothing here has province=x. Did you mean hebei?",
            "没有符合 province=x 的条目。是否指 hebei？",
        ),
    ],
)
def test_sentences_are_read_one_by_one(text: str, words: str) -> None:
    assert error_words(text, "zh-Hans").value == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * {", "第 1 行第 10 列：“{”没有闭合。请在结束处加上“}”。"),
        (
            "SELECT * { ?x kg:y }",
            f"第 1 行第 15 列：未声明 kg:。请在开头加上 PREFIX kg: <{KG}>。",
        ),
        ("SELECT * { ?x ?y }", "第 1 行第 18 列：“}”之前缺少宾语。"),
        ("SELECT * { ?x kg:y 1 }", None),
        ("SELECT * WHERE { ?x ?y ?z FILTER ?x = 1 }", None),
        ("SELEC ?x { }", "第 1 行第 1 列：“SELEC”不是关键字。是否指 SELECT？"),
    ],
)
def test_mistakes_in_queries_are_translated(query: str, words: str | None) -> None:
    mistake = find_mistake(query)
    assert mistake is not None
    translated = error_words(mistake, "zh-Hans").value
    assert translated == words if words else not ENGLISH.search(translated)
    assert set(LANGUAGES) == {"en", "zh-Hans", "zh-Hant"}


def test_what_is_not_known_stays_english() -> None:
    translated = error_words("Something that nobody foresaw", "zh-Hans")
    assert (translated.value, translated.lang) == ("Something that nobody foresaw", "en")


def test_hostile_texts_take_no_time_to_speak_of() -> None:
    text = "There is no thing " + "a is missing before b. " * 80
    assert error_words(text, "zh-Hant").value
