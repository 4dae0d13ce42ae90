"""Whether the identifiers that links name still stand: asks the live targets, politely.

One request at a time, a pause before the next one to the same server, a name for whom to
blame, and `Retry-After` is obeyed once. A link is `sound`, `dead` (gone, or never there),
`redirected` (its identifier was merged into another one), `mismatched` (the target knows it by
no name like the one that the link was made with) or `unreachable` (no answer that can be read).
"""

from __future__ import annotations

import time
import unicodedata
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jiqun.errors import BadParameter
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.links.targets import TARGETS, Answer, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jiqun.knowledge.links.sssom import Mapping as Link
    from jiqun.knowledge.links.sssom import MappingSet

LARGEST_BODY: Final = 16 * 1024 * 1024
LONGEST_WAIT: Final = 60.0
FAILURES: Final = 3
_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({429, 503})


@dataclass(frozen=True)
class Verdict:
    """What became of one link: `sound`, `dead`, `redirected`, `mismatched` or `unreachable`."""

    path: str
    link: Link
    status: str
    detail: str = ""

    @property
    def finding(self) -> Finding:
        """The verdict in the form in which a check reports."""
        what = f"{self.link.subject.rpartition('/')[2]} -> {self.link.local}: {self.detail}"
        return Finding(self.path, self.link.line, 0, what, self.status)


class Verifier:
    """Asks targets; remembers what was asked and when each server was asked last."""

    def __init__(
        self, servers: Mapping[str, str] | None = None, pause: float = 1.0, timeout: float = 20.0
    ) -> None:
        """Take other servers than the targets' own, and waiting times in seconds.

        Raises `BadParameter` for the server of a target that cannot be asked.
        """
        unknown = sorted(set(servers or ()) - set(TARGETS))
        if unknown:
            known = ", ".join(TARGETS)
            raise BadParameter(f"{unknown[0]} cannot be asked; the targets are {known}.")
        self._servers = {name: target.server for name, target in TARGETS.items()}
        self._servers |= {name: url.rstrip("/") for name, url in (servers or {}).items()}
        self._pause = pause
        self._timeout = timeout
        self._asked: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._answers: dict[tuple[str, str], tuple[str, Answer | str]] = {}
        # http and https alone: a redirect to ftp: or file: finds no one to follow it
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler,
            urllib.request.HTTPHandler,
            urllib.request.HTTPSHandler,
            urllib.request.HTTPDefaultErrorHandler,
            urllib.request.HTTPRedirectHandler,
            urllib.request.HTTPErrorProcessor,
            urllib.request.UnknownHandler,
        ):
            self._opener.add_handler(handler())

    def verify(self, sets: Iterable[MappingSet]) -> Iterator[Verdict]:
        """Yield a verdict for every link to a target that can be asked, in the order of files."""
        for mapping_set in sets:
            target = TARGETS.get(mapping_set.target)
            if target is not None:
                for link in mapping_set.mappings:
                    yield self._verdict(mapping_set, target, link)

    def _verdict(self, mapping_set: MappingSet, target: Target, link: Link) -> Verdict:
        key = mapping_set.target, link.local
        if key not in self._answers:
            self._answers[key] = self._answer(mapping_set.target, target, link.local)
        status, said = self._answers[key]
        if isinstance(said, str):
            return Verdict(mapping_set.path, link, status, said)
        if said.identifier != link.local:
            detail = f"it is {said.identifier} now"
            return Verdict(mapping_set.path, link, "redirected", detail)
        if said.gone:
            return Verdict(mapping_set.path, link, "dead", said.gone)
        if _plain(link.label) not in set(map(_plain, said.names)):
            shown = ", ".join(sorted(said.names)[:3]) or "nothing"
            detail = f"not called {link.label} there, but {shown}"
            return Verdict(mapping_set.path, link, "mismatched", detail)
        return Verdict(mapping_set.path, link, "sound")

    def _answer(self, name: str, target: Target, identifier: str) -> tuple[str, Answer | str]:
        """Return the answer, or the status and the words of a failure."""
        server = self._servers[name]
        if self._failures.get(server, 0) >= FAILURES:
            return "unreachable", f"not asked: {FAILURES} requests in a row got no answer"
        url = server + target.path.format(quote(target.key(identifier), safe="/"))
        try:
            body = self._get(url, server)
        except urllib.error.HTTPError as error:
            with error:
                status = "dead" if error.code in _GONE else "unreachable"
                return status, f"the target answers {error.code}"
        except (urllib.error.URLError, HTTPException, OSError) as error:
            self._failures[server] = self._failures.get(server, 0) + 1
            reason = getattr(error, "reason", error)
            return "unreachable", f"no answer: {reason}"
        self._failures[server] = 0
        try:
            return "", target.read(body, identifier)
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            return "unreachable", "the answer cannot be read"

    def _get(self, url: str, server: str) -> bytes:
        try:
            return self._once(url, server)
        except urllib.error.HTTPError as error:
            if error.code not in _LATER:
                raise
            with error:
                wait = error.headers.get("Retry-After", "")
            time.sleep(min(float(wait) if wait.isdecimal() else self._pause, LONGEST_WAIT))
            return self._once(url, server)

    def _once(self, url: str, server: str) -> bytes:
        ready = self._asked.get(server, 0.0) + self._pause
        time.sleep(max(0.0, ready - time.monotonic()))
        agent = f"jiqun/{version('jiqun')} (link check; https://w3id.org/jiqun/)"
        request = urllib.request.Request(url, headers={"User-Agent": agent})  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                body: bytes = answer.read(LARGEST_BODY + 1)
        finally:
            self._asked[server] = time.monotonic()
        if len(body) > LARGEST_BODY:
            raise OSError(f"more than {LARGEST_BODY} bytes")
        return body


def _plain(name: str) -> str:
    """Take away case, accents, spaces and marks: `Xi’an` and `xian` are one name."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in parts if sign.isalnum())
