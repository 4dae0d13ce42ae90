"""The exception tree: statuses that fit their branch, and names that logs and metrics rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.errors import JiqunError, OperatorError, RequestError, ServerError, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaves(kind: type[JiqunError]) -> Iterator[type[JiqunError]]:
    for each in kind.__subclasses__():
        if each.__module__ == "jiqun.errors":
            yield each
            yield from leaves(each)


def test_requests_fail_with_4xx_and_servers_with_5xx() -> None:
    assert all(400 <= each.status < 500 for each in leaves(RequestError))
    assert all(500 <= each.status < 600 for each in leaves(ServerError))
    assert {each.status for each in leaves(OperatorError)} == {JiqunError.status}


def test_every_error_has_a_title_of_its_own() -> None:
    titles = [each.title for branch in (RequestError, ServerError) for each in leaves(branch)]
    assert len(set(titles)) == len(titles)


def test_text_from_outside_is_printable_and_short() -> None:
    assert shorten("a\nb\x1b") == "a?b?"
    assert shorten("x" * 100) == "x" * 80 + "…"
