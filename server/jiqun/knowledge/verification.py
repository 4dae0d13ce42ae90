"""Verifies the identifiers of links with the live targets, through their APIs.

Requests are sequential, with a pause between those to one server and a User-Agent; `Retry-After` is
respected once. A link is `sound`, `dead` (deleted, or never existed), `redirected` (its identifier
was merged into another one), `mismatched` (no name of the target resembles that of the link) or
`unreachable` (no readable response). Responses are untrusted: bodies are limited, XML with a
document type is refused (its entities could expand without end), and no links in a response are
followed.
"""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

import httpx2

from jiqun.errors import BadParameter
from jiqun.knowledge.content import Finding
from jiqun.knowledge.mappings import Mapping as Link
from jiqun.knowledge.mappings import MappingSet
from jiqun.outbound.operator_requests import operator_client
from jiqun.rdf.namespaces import DBPEDIA, DBPEDIA_ONTOLOGY, GEONAMES, RDF, RDFS_LABEL

_GN: Final = f"{{{GEONAMES}}}"
LARGEST_BODY: Final = 16 * 1024 * 1024
LONGEST_WAIT: Final = 60.0
FAILURES: Final = 3
_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({429, 503})


@dataclass(frozen=True)
class Answer:
    """A response: its identifier, all names, and the reason of deletion or ""."""

    identifier: str
    names: frozenset[str] = field(default_factory=frozenset)
    gone: str = ""


@dataclass(frozen=True)
class Target:
    """How to query a target: `path` has a placeholder for the `key` of the identifier.

    `read` takes the body of a response with status 200 and the requested identifier; it raises
    `ValueError`, `KeyError` or `TypeError` for an unexpected body.
    """

    server: str
    path: str
    read: Callable[[bytes, str], Answer]
    key: Callable[[str], str] = str


def _wikidata(body: bytes, asked: str) -> Answer:
    entities = json.loads(body)["entities"]
    # a redirect returns the target item
    identifier = asked if asked in entities else str(next(iter(entities)))
    item = entities[identifier]
    names = [label["value"] for label in dict(item.get("labels", {})).values()]
    for aliases in dict(item.get("aliases", {})).values():
        names += [alias["value"] for alias in aliases]
    return Answer(str(item.get("id", identifier)), frozenset(names))


def _geonames(body: bytes, asked: str) -> Answer:
    text = body.decode("utf-8")
    if "<!DOCTYPE" in text:
        raise ValueError("a document type")
    try:
        feature = ElementTree.fromstring(text).find(f"{_GN}Feature")  # noqa: S314 (no entities)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if feature is None:
        raise ValueError("no feature")
    about = feature.get(f"{{{RDF}}}about", asked).rstrip("/").rpartition("/")[2]
    kinds = (f"{_GN}name", f"{_GN}alternateName", f"{_GN}officialName", f"{_GN}shortName")
    names = {name.text for kind in kinds for name in feature.findall(kind) if name.text}
    return Answer(about, frozenset(names))


def _dbpedia(body: bytes, asked: str) -> Answer:
    resources = json.loads(body)
    resource = resources.get(f"{DBPEDIA}{asked}")
    if not resource:
        return Answer(asked, gone="no such resource")
    target = [
        str(value["value"]) for value in resource.get(f"{DBPEDIA_ONTOLOGY}wikiPageRedirects", ())
    ]
    identifier = target[0].removeprefix(DBPEDIA) if target else asked
    return Answer(identifier, frozenset(str(v["value"]) for v in resource.get(RDFS_LABEL, ())))


def _whosonfirst(body: bytes, asked: str) -> Answer:
    properties: dict[str, Any] = json.loads(body)["properties"]
    newer = list(properties.get("wof:superseded_by") or ())
    names = {str(properties["wof:name"])}
    for key, values in properties.items():
        if key.startswith("name:") and isinstance(values, list):
            names |= set(map(str, values))
    deprecated = str(properties.get("edtf:deprecated") or "uuuu")
    gone = "" if deprecated in {"uuuu", "u", ".."} else f"deprecated {deprecated}"
    return Answer(
        str(newer[0] if newer else properties.get("wof:id", asked)), frozenset(names), gone
    )


def _openstreetmap(body: bytes, asked: str) -> Answer:
    (element,) = json.loads(body)["elements"]
    tags = dict(element.get("tags", {}))
    kinds = ("name", "alt_name", "official_name", "short_name", "int_name")
    names = {str(tags[key]) for key in tags if key.partition(":")[0] in kinds}
    return Answer(str(element.get("id", asked)), frozenset(names))


def _gleif(body: bytes, asked: str) -> Answer:
    record = json.loads(body)["data"]
    entity = record["attributes"]["entity"]
    names = {str(entity["legalName"]["name"])}
    for kind in ("otherNames", "transliteratedOtherNames"):
        names |= {str(name["name"]) for name in entity.get(kind) or ()}
    heir = (entity.get("successorEntity") or {}).get("lei")
    gone = "" if heir or entity.get("status", "ACTIVE") != "INACTIVE" else "the entity is inactive"
    return Answer(str(heir or record.get("id", asked)), frozenset(names), gone)


def _sec(body: bytes, asked: str) -> Answer:
    company = json.loads(body)
    former = {str(name["name"]) for name in company.get("formerNames") or ()}
    identifier = str(company.get("cik", asked)).zfill(10)
    return Answer(identifier, frozenset({str(company["name"]), *former}))


def _by_threes(identifier: str) -> str:
    folders = [identifier[start : start + 3] for start in range(0, len(identifier), 3)]
    return "/".join([*folders, identifier])


TARGETS: Final[dict[str, Target]] = {
    # https://www.wikidata.org/wiki/Wikidata:Data_access
    "wikidata": Target("https://www.wikidata.org", "/wiki/Special:EntityData/{}.json", _wikidata),
    # https://www.geonames.org/ontology/documentation.html
    "geonames": Target("https://sws.geonames.org", "/{}/about.rdf", _geonames),
    # https://www.dbpedia.org/resources/linked-data/
    "dbpedia": Target("https://dbpedia.org", "/data/{}.json", _dbpedia),
    # https://whosonfirst.org/docs/uris/
    "whosonfirst": Target("https://data.whosonfirst.org", "/{}.geojson", _whosonfirst, _by_threes),
    # https://wiki.openstreetmap.org/wiki/API_v0.6
    "openstreetmap": Target(
        "https://api.openstreetmap.org", "/api/0.6/relation/{}.json", _openstreetmap
    ),
    # https://www.gleif.org/en/lei-data/gleif-api
    "gleif": Target("https://api.gleif.org", "/api/v1/lei-records/{}", _gleif),
    # https://www.sec.gov/search-filings/edgar-application-programming-interfaces
    "sec": Target("https://data.sec.gov", "/submissions/CIK{}.json", _sec),
}


@dataclass(frozen=True)
class Verdict:
    """The status of one link: `sound`, `dead`, `redirected`, `mismatched` or `unreachable`."""

    path: str
    link: Link
    status: str
    detail: str = ""

    @property
    def finding(self) -> Finding:
        """The verdict as a finding of a check."""
        what = f"{self.link.subject.rpartition('/')[2]} -> {self.link.local}: {self.detail}"
        return Finding(self.path, self.link.line, 0, what, self.status)


class Verifier:
    """Queries targets, each identifier once; times are in seconds.

    `servers` replaces the targets' own servers, by name of the target. Raises `BadParameter` for a
    target without an interface.
    """

    def __init__(
        self, servers: Mapping[str, str] | None = None, pause: float = 1.0, timeout: float = 20.0
    ) -> None:
        unknown = sorted(set(servers or ()) - set(TARGETS))
        if unknown:
            known = ", ".join(TARGETS)
            raise BadParameter(f"{unknown[0]} cannot be checked; the targets are {known}.")
        self._servers = {name: target.server for name, target in TARGETS.items()}
        self._servers |= {name: url.rstrip("/") for name, url in (servers or {}).items()}
        self._pause = pause
        self._asked: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._answers: dict[tuple[str, str], tuple[str, Answer | str]] = {}
        self._client = operator_client(timeout)

    def verify(self, sets: Iterable[MappingSet]) -> Iterator[Verdict]:
        """Yield a verdict for every link to a known target, in the order of files."""
        for mapping_set in sets:
            target = TARGETS.get(mapping_set.target)
            if target is not None:
                for link in mapping_set.mappings:
                    yield self._verdict(mapping_set, target, link)

    def _verdict(self, mapping_set: MappingSet, target: Target, link: Link) -> Verdict:
        key = mapping_set.target, link.local
        if key not in self._answers:
            self._answers[key] = self._answer(mapping_set.target, target, link.local)
        status, answer = self._answers[key]
        if isinstance(answer, str):
            return Verdict(mapping_set.path, link, status, answer)
        if answer.identifier != link.local:
            detail = f"it is now {answer.identifier}"
            return Verdict(mapping_set.path, link, "redirected", detail)
        if answer.gone:
            return Verdict(mapping_set.path, link, "dead", answer.gone)
        if _plain(link.label) not in set(map(_plain, answer.names)):
            shown = ", ".join(sorted(answer.names)[:3]) or "nothing"
            detail = f"its name is not {link.label}, but {shown}"
            return Verdict(mapping_set.path, link, "mismatched", detail)
        return Verdict(mapping_set.path, link, "sound")

    def _answer(self, name: str, target: Target, identifier: str) -> tuple[str, Answer | str]:
        """Return the response, or status and reason of a failure."""
        server = self._servers[name]
        if self._failures.get(server, 0) >= FAILURES:
            return "unreachable", f"not checked: {FAILURES} requests in a row failed"
        url = server + target.path.format(quote(target.key(identifier), safe="/"))
        try:
            status, body = self._get(url, server)
        except (httpx2.HTTPError, OSError) as error:
            self._failures[server] = self._failures.get(server, 0) + 1
            return "unreachable", f"no response: {error}"
        if status != 200:
            return "dead" if status in _GONE else "unreachable", f"the target returned {status}"
        self._failures[server] = 0
        try:
            return "", target.read(body, identifier)
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            return "unreachable", "the response cannot be read"

    def _get(self, url: str, server: str) -> tuple[int, bytes]:
        """Return status and body, retrying once if the server sends Retry-After."""
        status, body, wait = self._once(url, server)
        if status in _LATER:
            time.sleep(min(float(wait) if wait.isdecimal() else self._pause, LONGEST_WAIT))
            status, body, _ = self._once(url, server)
        return status, body

    def _once(self, url: str, server: str) -> tuple[int, bytes, str]:
        ready = self._asked.get(server, 0.0) + self._pause
        time.sleep(max(0.0, ready - time.monotonic()))
        body = bytearray()
        try:
            with self._client.stream("GET", url) as response:
                for block in response.iter_raw():
                    body += block
                    if len(body) > LARGEST_BODY:
                        raise OSError(f"more than {LARGEST_BODY} bytes")
        finally:
            self._asked[server] = time.monotonic()
        return response.status_code, bytes(body), response.headers.get("Retry-After", "")


def _plain(name: str) -> str:
    """Remove case, accents, spaces and punctuation: `Xi’an` and `xian` are equal."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in parts if sign.isalnum())
