"""Requests of the command line, to URLs that the operator names.

They use the operator's proxy settings, and follow redirects only to http and https URLs. The body
is not decoded; the caller limits how much of it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

import httpx2

from jiqun.errors import OperatorError

_AGENT: Final = f"jiqun/{version('jiqun')} (https://w3id.org/jiqun/)"


def operator_client(seconds: float, accept: str = "*/*") -> httpx2.Client:
    """Return a client; `seconds` is its read timeout."""
    headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": _AGENT}
    return httpx2.Client(headers=headers, timeout=seconds, follow_redirects=True)


def reason(error: httpx2.HTTPError) -> str:
    """Return a message for an error, which may have no text."""
    return str(error) or type(error).__name__


@contextmanager
def get(url: str, accept: str, seconds: float) -> Iterator[httpx2.Response]:
    """Open a URL; the response, of any status, is closed when the block ends.

    Raises `OperatorError` if the response is missing or incomplete.
    """
    shown = url.partition("?")[0]
    reached = False
    try:
        with operator_client(seconds, accept) as client, client.stream("GET", url) as response:
            reached = True
            yield response
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        what = "ended early" if reached else "cannot be reached"
        why = reason(error) if isinstance(error, httpx2.HTTPError) else str(error)
        raise OperatorError(f"{shown} {what}: {why}.") from None
