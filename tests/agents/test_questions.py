"""Questions as people ask them: the calls of tools that answer them, and what the answers say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agents.tool_client import at, on_stdio, run, text_of

if TYPE_CHECKING:
    from mcp.client import Client

    from live_server import LiveServer

QUESTIONS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "questions.toml").read_text("utf-8")
)["question"]


async def answer_all(client: Client) -> dict[str, tuple[bool, str]]:
    """Return the last answer to each question, and whether it is an error."""
    answers = {}
    for question in QUESTIONS:
        for step in question["calls"]:
            ((tool, arguments),) = step.items()
            result = await client.call_tool(tool, arguments)
        answers[question["asks"]] = result.is_error, text_of(result)
    return answers


@pytest.fixture(scope="module", params=["http", "stdio"])
def answers(
    request: pytest.FixtureRequest, built_server: LiveServer, built_release: Path
) -> dict[str, tuple[bool, str]]:
    """The answers to all questions, over one of the transports."""
    client = (
        at(built_server.url) if request.param == "http" else on_stdio("--release", built_release)
    )
    found: dict[str, tuple[bool, str]] = run(client, answer_all)
    return found


def test_there_are_forty_questions_in_two_languages() -> None:
    assert len(QUESTIONS) >= 40
    chinese = [each for each in QUESTIONS if not each["asks"].isascii()]
    assert 15 < len(chinese) < len(QUESTIONS) - 15


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each["asks"][:40])
def test_calls_answer_the_question(
    question: dict[str, Any], answers: dict[str, tuple[bool, str]]
) -> None:
    failed, text = answers[question["asks"]]
    assert failed == ("fails" in question), text
    for words in (*question.get("holds", ()), *question.get("fails", ())):
        assert words in text, text
    for words in question.get("lacks", ()):
        assert words not in text, text
