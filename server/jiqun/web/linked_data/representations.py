"""Resources with several representations: their URLs, negotiation, and Link headers.

The last segment of a path is a slug, with or without the suffix of a form: `beijing`,
`beijing.ttl`. A suffix selects the form; without one the Accept header does (RFC 9110, section 12).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from jiqun.errors import NotFound, shorten
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
from jiqun.rdf.namespaces import LICENCE, SLUG
from jiqun.web.negotiation import Choice, negotiate

Suffixes = Mapping[str, Choice]
_MAX_TYPES: Final = 8


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
"""The forms of every document, in the order of the server's preference."""

ONTOLOGY_SUFFIXES: Final[Suffixes] = {**SUFFIXES, "ofn": _plain(OWL_FUNCTIONAL)}
QUERY_SUFFIXES: Final[Suffixes] = {**SUFFIXES, "rq": _plain(QUERY_TEXT)}


@dataclass(frozen=True)
class Name:
    """The last segment of a path: a slug, and the form of its suffix if it has one."""

    slug: str
    form: Choice | None = None


def read_name(text: str, suffixes: Suffixes = SUFFIXES) -> Name:
    """Split the last segment of a path; an unknown suffix stays in the slug."""
    slug, dot, suffix = text.rpartition(".")
    if dot and slug and suffix in suffixes:
        return Name(slug, suffixes[suffix])
    return Name(text)


def forms_of(suffixes: Suffixes) -> tuple[Format, ...]:
    """Return the formats of documents with these suffixes."""
    return tuple(dict.fromkeys(choice.format for choice in suffixes.values()))


def choose_form(name: Name, accept: str | None, named: str | None, suffixes: Suffixes) -> Choice:
    """Choose the form of a response by suffix, else by `?format=`, else by Accept.

    Raises `NotAcceptable` and `BadParameter` as in `negotiate`.
    """
    return name.form or negotiate(accept, named, forms_of(suffixes))


def suffix_of(choice: Choice, suffixes: Suffixes = SUFFIXES) -> str:
    """Return the URL suffix of a form."""
    return next(name for name, each in suffixes.items() if each.format == choice.format)


def list_suffixes(suffixes: Iterable[str]) -> str:
    """List suffixes as in URLs."""
    return " ".join(f".{each}" for each in suffixes)


@dataclass(frozen=True)
class Target:
    """The requested resource of this site, in one form.

    `root` is the public URL of the site; `folder` the path above the last segment, such as `/doc/`;
    `text` the last segment as received, `name` the same split; `query` the query string.
    """

    root: str
    folder: str
    text: str
    name: Name
    choice: Choice
    query: str = ""

    @property
    def slug(self) -> str:
        """The slug of the resource."""
        return self.name.slug

    @property
    def is_page(self) -> bool:
        """Whether a page is requested, not data."""
        return self.choice.format == HTML

    def resource(
        self, iri: str, types: Iterable[str] = (), suffixes: Suffixes = SUFFIXES
    ) -> Resource:
        """Return the resource at this URL, identified by `iri`."""
        return Resource(
            f"{self.root}{quote(self.folder + self.slug)}", self.root, iri, tuple(types), suffixes
        )


@dataclass(frozen=True)
class Resource:
    """A resource: the absolute URL of its document without suffix, and its IRI.

    `page` is the URL of its page if that is not the URL with `.html`; `latest` that of the document
    of which this is a version.
    """

    url: str
    root: str
    iri: str
    types: tuple[str, ...] = ()
    suffixes: Suffixes = field(default_factory=lambda: SUFFIXES)
    page: str = ""
    latest: str = ""

    def headers(self, choice: Choice) -> dict[str, str]:
        """Return the headers of the selected form, with links to the others (RFC 8288)."""
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
        for each in self.types[:_MAX_TYPES]:
            yield f'<{each}>; rel="type"; anchor="{self.iri}"'


def no_form(path: str, suffix: str, suffixes: Suffixes = SUFFIXES) -> NotFound:
    """Return the error for a suffix that the document at `path` does not have."""
    return NotFound(f"{path} has no form .{shorten(suffix)}. Available: {list_suffixes(suffixes)}")


def missing(
    kind: str,
    folder: str,
    text: str,
    exists: Callable[[str], bool],
    suffixes: Suffixes = SUFFIXES,
    near: Callable[[str], Sequence[str]] | None = None,
) -> NotFound:
    """Return the error for a name that does not exist, with a suggestion.

    Examples of `kind` and `folder` are "thing" and "/doc/"; `exists` returns whether a slug exists,
    `near` returns similar slugs.
    """
    what = f"There is no {kind} {shorten(text)}."
    if "%" in text:
        return NotFound(f"{what} The name seems to be percent-encoded twice.")
    if "#" in text:
        return NotFound(f"{what} Write the # before a fragment unencoded, not as %23.")
    plain = _plain_letters(text)
    if plain != text and SLUG.fullmatch(plain) and exists(read_name(plain, suffixes).slug):
        return NotFound(f"{what} Names are in lower case without accents: {folder}{plain}")
    if not text.isascii():
        return NotFound(
            f"{what} Names consist of the letters a to z, digits and hyphens. "
            f"Search by label instead: /search?q={quote(shorten(text))}"
        )
    slug, dot, suffix = text.rpartition(".")
    if dot and SLUG.fullmatch(slug) and exists(slug):
        return no_form(f"{folder}{slug}", suffix, suffixes)
    slug = read_name(text, suffixes).slug
    found = near(slug) if near is not None and SLUG.fullmatch(slug) else ()
    listed = " or ".join(f"{folder}{each}" for each in found)
    hint = f"Did you mean {listed}?" if listed else "Use /search to look up names."
    return NotFound(f"{what} {hint}")


def _plain_letters(text: str) -> str:
    """Return a text in lower case without accents and invisible characters."""
    apart = unicodedata.normalize("NFKD", text)
    plain = (char for char in apart if unicodedata.category(char) not in {"Mn", "Cf"})
    return "".join(plain).strip().lower()
