"""Documents with several forms: their names, the form a client gets, and the links they carry.

A name is a slug, with or without the suffix of a form: `beijing`, `beijing.ttl`. Without a suffix
the Accept header decides (RFC 9110, section 12), with one it has no say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from jiqun.errors import NotFound, shorten
from jiqun.query.solutions import Select, Term
from jiqun.rdf.formats import (
    HTML,
    JSON_LD,
    N_TRIPLES,
    OWL_FUNCTIONAL,
    QUERY_TEXT,
    RDF_XML,
    TURTLE,
    Format,
)
from jiqun.rdf.namespaces import LICENCE, XSD
from jiqun.web.linked_data.serialization import Statement
from jiqun.web.negotiation import Choice, negotiate

Suffixes = Mapping[str, Choice]


SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


def _plain(format_: Format) -> Choice:
    return Choice(format_, format_.media_type)


SUFFIXES: Final[Suffixes] = {
    "html": _plain(HTML),
    "ttl": _plain(TURTLE),
    "jsonld": _plain(JSON_LD),
    "json": Choice(JSON_LD, "application/json"),
    "rdf": _plain(RDF_XML),
    "nt": _plain(N_TRIPLES),
}
"""What there is of every document, in the order of the server's preference."""

ONTOLOGY_SUFFIXES: Final[Suffixes] = {**SUFFIXES, "ofn": _plain(OWL_FUNCTIONAL)}
QUERY_SUFFIXES: Final[Suffixes] = {**SUFFIXES, "rq": _plain(QUERY_TEXT)}

_MOST_TYPES: Final = 8


@dataclass(frozen=True)
class Name:
    """The last part of an address: a slug, and the form that its suffix asks for."""

    slug: str
    form: Choice | None = None


def read_name(text: str, suffixes: Suffixes = SUFFIXES) -> Name:
    """Take the last part of an address apart; an unknown suffix stays in the slug."""
    slug, dot, suffix = text.rpartition(".")
    if dot and slug and suffix in suffixes:
        return Name(slug, suffixes[suffix])
    return Name(text)


def choose_form(
    name: Name, accept: str | None, named: str | None, suffixes: Suffixes = SUFFIXES
) -> Choice:
    """Give the form for a request: by suffix, by `?format=`, by Accept.

    Raises `NotAcceptable` and `BadParameter` like the negotiation.
    """
    forms = tuple(dict.fromkeys(choice.format for choice in suffixes.values()))
    return name.form or negotiate(accept, named, forms)


def suffix_of(choice: Choice, suffixes: Suffixes = SUFFIXES) -> str:
    """Give the suffix of the address of a form."""
    return next(name for name, each in suffixes.items() if each.format == choice.format)


def list_suffixes(suffixes: Iterable[str] = SUFFIXES) -> str:
    """Name the suffixes as they stand in an address."""
    return " ".join(f".{each}" for each in suffixes)


@dataclass(frozen=True)
class Document:
    """A document: its address without suffix, absolute, and the IRI of what it is about.

    `page` is the address of its page where that is not the address with `.html`; `latest` that of
    the document of which it is a version.
    """

    url: str
    root: str
    iri: str
    types: tuple[str, ...] = ()
    suffixes: Suffixes = field(default_factory=lambda: SUFFIXES)
    page: str = ""
    latest: str = ""

    def headers(self, choice: Choice) -> dict[str, str]:
        """Give the headers that tell what is sent, and what else there is (RFC 8288)."""
        suffix = suffix_of(choice, self.suffixes)
        return {
            "Content-Location": self._address(suffix),
            "Link": ", ".join(self._links(suffix)),
        }

    def _address(self, suffix: str) -> str:
        return self.page if suffix == "html" and self.page else f"{self.url}.{suffix}"

    def _links(self, sent: str) -> Iterable[str]:
        for suffix, choice in self.suffixes.items():
            if suffix not in {sent, "json"}:
                yield f'<{self._address(suffix)}>; rel="alternate"; type="{choice.media_type}"'
        if sent == "html":
            yield f'<{self.url}.ttl>; rel="describedby"; type="text/turtle"'
        else:
            yield f'<{self.root}/.well-known/void>; rel="describedby"; type="text/turtle"'
        yield f'<{self.url}>; rel="canonical"'
        if self.latest:
            yield f'<{self.latest}>; rel="latest-version"'
        yield f'<{LICENCE}>; rel="license"'
        yield f'<{self.root}/sparql>; rel="service-desc"; type="text/turtle"'
        yield f'<{self.iri}>; rel="cite-as"'
        for each in self.types[:_MOST_TYPES]:
            yield f'<{each}>; rel="type"; anchor="{self.iri}"'


async def missing(
    kind: str,
    folder: str,
    text: str,
    exists: Callable[[str], Awaitable[bool]],
    suffixes: Suffixes = SUFFIXES,
) -> NotFound:
    """Make the error for a name that there is not, saying what may have been meant.

    `kind` and `folder` are such as "thing" and "/doc/"; `exists` tells whether a slug does.
    """
    said = f"There is no {kind} {shorten(text)}."
    if "%" in text:
        return NotFound(f"{said} Its name seems to be percent-encoded twice.")
    if "#" in text:
        return NotFound(
            f"{said} A # that begins a fragment stands in an address as it is, not as %23."
        )
    plain = _plain_letters(text)
    if plain != text and SLUG.fullmatch(plain) and await exists(read_name(plain, suffixes).slug):
        return NotFound(f"{said} Names have small letters without accents only: {folder}{plain}")
    if not text.isascii():
        return NotFound(
            f"{said} Names have letters from a to z, digits and hyphens only. "
            f"What is called so can be looked up: /search?q={quote(shorten(text))}"
        )
    slug, dot, suffix = text.rpartition(".")
    if dot and SLUG.fullmatch(slug) and await exists(slug):
        listed = list_suffixes(suffixes)
        return NotFound(f"{folder}{slug} has no form .{shorten(suffix)}. There are: {listed}")
    return NotFound(f"{said} Names can be looked up at /search.")


def _plain_letters(text: str) -> str:
    """Give a text in small letters without accents and invisible characters."""
    apart = unicodedata.normalize("NFKD", text)
    kept = (char for char in apart if unicodedata.category(char) not in {"Mn", "Cf"})
    return "".join(kept).strip().lower()


_DEPRECATED: Final = "http://www.w3.org/2002/07/owl#deprecated"
_REASON: Final = "http://www.w3.org/2000/01/rdf-schema#comment"
_SUCCESSOR: Final = "http://purl.org/dc/terms/isReplacedBy"


@dataclass(frozen=True)
class Retirement:
    """An identifier that was given up, the reasons by language, and the IRI that replaces it."""

    iri: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    successor: str | None = None

    def statements(self) -> Iterator[Statement]:
        """Say the same in RDF."""
        itself = Term("uri", self.iri)
        yield Statement(itself, _DEPRECATED, Term("literal", "true", datatype=f"{XSD}boolean"))
        for lang, reason in self.reasons.items():
            yield Statement(itself, _REASON, Term("literal", reason, lang=lang))


async def read_retirement(select: Select, iri: str) -> Retirement | None:
    """Read whether an identifier was given up; `iri` has to be one that SPARQL can take."""
    rows = await select(
        f"SELECT ?reason ?successor WHERE {{ <{iri}> <{_DEPRECATED}> true . "
        f"OPTIONAL {{ <{iri}> <{_REASON}> ?reason }} "
        f"OPTIONAL {{ <{iri}> <{_SUCCESSOR}> ?successor }} }} ORDER BY ?reason ?successor"
    )
    if not rows:
        return None
    reasons = {row["reason"].lang: row["reason"].value for row in rows if "reason" in row}
    successors = [row["successor"].value for row in rows if "successor" in row]
    return Retirement(iri, reasons, next((each for each in successors if each != iri), None))
