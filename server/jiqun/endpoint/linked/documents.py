"""Documents with several forms: their names, the form a client gets, and the links they carry.

A name is a slug, with or without the suffix of a form: `beijing`, `beijing.ttl`. Without a suffix
the Accept header decides (RFC 9110, section 12), with one it has no say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.http.formats import HTML, JSON_LD, N_TRIPLES, RDF_XML, TURTLE
from jiqun.endpoint.http.negotiate import Choice, negotiate
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
FORMS: Final = (HTML, TURTLE, JSON_LD, RDF_XML, N_TRIPLES)
"""What there is of each document, in the order of the server's preference."""

SUFFIXES: Final = {
    "html": Choice(HTML, HTML.media_type),
    "ttl": Choice(TURTLE, TURTLE.media_type),
    "jsonld": Choice(JSON_LD, JSON_LD.media_type),
    "json": Choice(JSON_LD, "application/json"),
    "rdf": Choice(RDF_XML, RDF_XML.media_type),
    "nt": Choice(N_TRIPLES, N_TRIPLES.media_type),
}
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"

_SUFFIX_OF: Final = {
    choice.format.media_type: suffix for suffix, choice in SUFFIXES.items() if suffix != "json"
}
_MOST_TYPES: Final = 8


@dataclass(frozen=True)
class Name:
    """The last part of an address: a slug, and the form that its suffix asks for."""

    slug: str
    form: Choice | None = None


def read_name(text: str) -> Name:
    """Take the last part of an address apart; an unknown suffix stays in the slug."""
    slug, dot, suffix = text.rpartition(".")
    if dot and slug and suffix in SUFFIXES:
        return Name(slug, SUFFIXES[suffix])
    return Name(text)


def choose_form(name: Name, accept: str | None, named: str | None) -> Choice:
    """Give the form for a request: by suffix, by `?format=`, by Accept.

    Raises `NotAcceptable` and `BadParameter` like the negotiation.
    """
    return name.form or negotiate(accept, named, FORMS)


def suffix_of(choice: Choice) -> str:
    """Give the suffix of the address of a form."""
    return _SUFFIX_OF[choice.format.media_type]


@dataclass(frozen=True)
class Document:
    """A document: its address without suffix, absolute, and the IRI of what it is about."""

    url: str
    root: str
    iri: str
    types: tuple[str, ...] = ()

    def headers(self, choice: Choice) -> dict[str, str]:
        """Give the headers that tell what is sent, and what else there is (RFC 8288)."""
        suffix = suffix_of(choice)
        return {
            "Content-Location": f"{self.url}.{suffix}",
            "Link": ", ".join(self._links(suffix)),
        }

    def _links(self, sent: str) -> Iterable[str]:
        for suffix, choice in SUFFIXES.items():
            if suffix not in {sent, "json"}:
                yield f'<{self.url}.{suffix}>; rel="alternate"; type="{choice.media_type}"'
        if sent == "html":
            yield f'<{self.url}.ttl>; rel="describedby"; type="text/turtle"'
        else:
            yield f'<{self.root}/.well-known/void>; rel="describedby"; type="text/turtle"'
        yield f'<{self.url}>; rel="canonical"'
        yield f'<{LICENCE}>; rel="license"'
        yield f'<{self.root}/sparql>; rel="service-desc"; type="text/turtle"'
        yield f'<{self.iri}>; rel="cite-as"'
        for each in self.types[:_MOST_TYPES]:
            yield f'<{each}>; rel="type"; anchor="{self.iri}"'


async def missing(
    kind: str, folder: str, text: str, exists: Callable[[str], Awaitable[bool]]
) -> NotFound:
    """Make the error for a name that there is not, saying what may have been meant.

    `kind` and `folder` are such as "thing" and "/doc/"; `exists` tells whether a slug does.
    """
    said = f"There is no {kind} {shorten(text)}."
    if "%" in text:
        return NotFound(f"{said} Its name seems to be percent-encoded twice.")
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain != text and SLUG.fullmatch(plain) and await exists(read_name(plain).slug):
        return NotFound(f"{said} Names have small letters without accents only: {folder}{plain}")
    if not text.isascii():
        return NotFound(f"{said} Names have letters from a to z, digits and hyphens only.")
    slug, dot, suffix = text.rpartition(".")
    if dot and SLUG.fullmatch(slug) and await exists(slug):
        listed = " ".join(f".{each}" for each in SUFFIXES)
        return NotFound(f"{folder}{slug} has no form .{shorten(suffix)}. There are: {listed}")
    return NotFound(f"{said} Names can be looked up with the queries at /queries.")
