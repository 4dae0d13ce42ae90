"""Rendering of pages: templates, phrases, links, and highlighting.

Templates are rendered with autoescaping, and undefined names are errors. Phrases are the texts of
the pages in the three languages. SPARQL and Turtle are highlighted here, without scripts. Only
`http` and `https` IRIs become links, and those of this graph link to this site.

A short URL of a query is the compressed query itself, so that nothing needs to be stored: any
server of any release can read it. `_WORDS` is part of the format and never changes; a different
dictionary would be another version, with another first character.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import tomllib
import zlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from importlib import resources
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from jiqun.errors import NotFound
from jiqun.language import Reader, pick
from jiqun.rdf.formats import HTML, JSON_LD, N_TRIPLES, RDF_XML, TURTLE
from jiqun.rdf.namespaces import BASE, ID, QUERY, SOURCE, compact
from jiqun.web.documents import Document
from jiqun.web.http import HTML_HEADERS
from jiqun.web.pages.error_words import error_words
from jiqun.web.static_files import editor_path, static_path

LONGEST_SHORT: Final = 4000
"""Maximum length of a query with a short URL, in characters."""

_VERSION: Final = "1"
_WORDS: Final = (
    b"GROUP_CONCAT(DISTINCT COALESCE(STRSTARTS(CONTAINS(LCASE(REGEX(BOUND(COUNT(SUM(MAX(MIN("
    b"skos:prefLabel skos:altLabel dcterms:issued dcterms:publisher geo:hasGeometry/geo:asWKT "
    b"kg:Observation kg:Company kg:Brand kg:Region kg:Goal kg:Claim kg:Participation kg:Application"
    b" kg:Designation kg:PolicyDocument kg:Source kg:Passage kg:CandidateCluster kg:population "
    b"kg:period kg:targetValue kg:wording kg:about kg:metric kg:value kg:bound kg:unit kg:quote "
    b"kg:keyArea kg:coreArea kg:within kg:locatedIn kg:applicationFor kg:leadApplicant "
    b"kg:jointApplicant kg:participant kg:inProvince kg:listedOn kg:inIndustry kg:NationalCluster "
    b"PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n"
    b"PREFIX src: <https://w3id.org/jiqun/source/>\n"
    b"PREFIX graph: <https://w3id.org/jiqun/graph/>\n"
    b"PREFIX geo: <http://www.opengis.net/ont/geosparql#>\n"
    b"PREFIX dcterms: <http://purl.org/dc/terms/>\n"
    b"PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
    b"PREFIX id: <https://w3id.org/jiqun/id/>\n"
    b"PREFIX kg: <https://w3id.org/jiqun/ontology#>\n"
    b"PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n\nSELECT DISTINCT ?cluster ?label "
    b"?passage ?value ?unit ?thing ?place\nWHERE {\n  GRAPH ?passage { ?figure ?application a "
    b"kg:Cluster ; rdfs:label ?label .\n  OPTIONAL { ?cluster rdfs:label ?clusterLabel FILTER "
    b'(LANGMATCHES(LANG(?label), "en")) "zh-Hans" "zh-Hant" }\n  FILTER NOT EXISTS { BIND (STR('
    b" AS ?count) UNION { VALUES MINUS { }\n}\nGROUP BY ?cluster\nORDER BY DESC(?value) ?cluster\n"
    b"LIMIT 100\n"
)
PHRASES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    resources.files("jiqun.web").joinpath("templates", "phrases.toml").read_text(encoding="utf-8")
)
DATA_FORMS: Final = tuple(
    (each.label, each.extension, each.media_type) for each in (TURTLE, JSON_LD, RDF_XML, N_TRIPLES)
)
"""The data forms of a document: label, suffix and media type."""

_UNSAFE: Final = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Invisible characters, and those that change the display of others."""

_ODD_SEGMENT: Final = re.compile(r"/(?:\.|%2e){0,2}(?=/|$)", re.IGNORECASE)
"""An empty segment of a path, or one of dots, which browsers resolve."""

_EDITOR: Final = "editor_"
_MAX_HIGHLIGHTED: Final = 200_000
_KEYWORDS: Final = (
    "BASE|PREFIX|SELECT|ASK|CONSTRUCT|DESCRIBE|DISTINCT|REDUCED|FROM|NAMED|WHERE|GRAPH|OPTIONAL|"
    "UNION|MINUS|FILTER|BIND|VALUES|SERVICE|SILENT|AS|IN|NOT|EXISTS|GROUP|BY|HAVING|ORDER|ASC|"
    "DESC|LIMIT|OFFSET|UNDEF|COUNT|SUM|MIN|MAX|AVG|SAMPLE|GROUP_CONCAT|SEPARATOR|true|false|a"
)
_TOKEN: Final = re.compile(
    r"(?P<iri><[^<>\"{}|^`\\\x00-\x20]*>)"
    r"|(?P<string>\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\""
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<variable>[?$]\w+)"
    r"|(?P<name>[A-Za-z][\w-]*:[\w.-]*\w|[A-Za-z][\w-]*:|:\w[\w-]*)"
    rf"|(?P<keyword>@prefix|@base|\b(?:{_KEYWORDS})\b(?![-:]))"
    r"|(?P<number>\b\d+(?:\.\d+)?\b)"
    r"|\w+",
    re.IGNORECASE,
)
LANGUAGE_NAMES: Final = {"en": "English", "zh-Hans": "简体", "zh-Hant": "繁體"}
_LONGEST_KEPT: Final = 200
"""Characters; longer IRIs are rare, and many of them would take much memory."""


def short_path(query: str) -> str | None:
    """Return the short path of a query; None if it is too long."""
    if len(query) > LONGEST_SHORT:
        return None
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    packed = packer.compress(query.encode(errors="replace")) + packer.flush()
    return f"/q/{_VERSION}{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def read_short(code: str) -> str:
    """Decode the last segment of a short path; raises `NotFound`."""
    damaged = NotFound("This is not the short URL of a query, or it is incomplete.")
    if not code.startswith(_VERSION) or len(code) > 4 * LONGEST_SHORT:
        raise damaged
    body = code[len(_VERSION) :]
    unpacker = zlib.decompressobj(-15, _WORDS)
    try:
        packed = base64.b64decode(f"{body}{'=' * (-len(body) % 4)}", b"-_", validate=True)
        text = unpacker.decompress(packed, 4 * LONGEST_SHORT).decode()
    except (binascii.Error, ValueError, zlib.error):
        raise damaged from None
    if not unpacker.eof or unpacker.unused_data or len(text) > LONGEST_SHORT:
        raise damaged
    return text


def mark_invisible(text: str) -> str:
    """Write U+202E and similar characters as ⟨U+202E⟩."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def highlight(text: str) -> Markup:
    """Return SPARQL or Turtle as escaped HTML with a span around each token."""
    text = mark_invisible(text)
    if len(text) > _MAX_HIGHLIGHTED:
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        end = match.end()
        token = escape(match[0])
        kind = match.lastgroup
        parts.append(Markup('<span class="t-{}">{}</span>').format(kind, token) if kind else token)
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def html_document(
    text: str, reader: Reader, headers: Mapping[str, str] | None = None, status: int = 200
) -> Document:
    """Return a page as a document, with its security headers and language."""
    own = {name.decode(): value.decode() for name, value in HTML_HEADERS}
    own["Content-Language"] = reader.lang
    body = text.encode(errors="replace")
    return Document(body, HTML.content_type(), status, {**own, **(headers or {})})


def render(template: str, reader: Reader, **values: Any) -> str:
    """Render a template in the language of `reader`."""
    t = partial(phrase, lang=reader.lang)
    return _environment().get_template(template).render(reader=reader, t=t, **values)


def load_templates(*names: str) -> None:
    """Compile templates in advance, which takes tens of milliseconds."""
    for name in names:
        _environment().get_template(name)


def phrase(key: str, lang: str, filling: str = "{}") -> str:
    """Return a phrase, its gap filled; raises `KeyError` for one that does not exist."""
    return PHRASES[key][lang].replace("{}", filling)


def editor_words(lang: str) -> str:
    """Return the words of the query editor as JSON: those of `editor_…`, by the rest of the key."""
    named = {
        key.removeprefix(_EDITOR): texts[lang]
        for key, texts in PHRASES.items()
        if key.startswith(_EDITOR)
    }
    return json.dumps(named, ensure_ascii=False)


def data_links(path: str, reader: Reader) -> list[tuple[str, str, str]]:
    """Return label, address and media type of each form of the document at `path` but its page."""
    return [(label, f"{reader.root}{path}.{suffix}", kind) for label, suffix, kind in DATA_FORMS]


def turns(page: int, pages: int, link: Callable[[str], str]) -> dict[str, str]:
    """Return the addresses of the previous and the next page, where there are.

    `link` returns the address of a page by its number.
    """
    return {
        name: link(str(number))
        for name, number in (("previous", page - 1), ("next", page + 1))
        if 1 <= number <= pages
    }


def pages_of(total: int, size: int) -> int:
    """Return the number of pages of a list, at least 1."""
    return max(1, -(-total // size))


def count_pages(total: int, size: int, page: int, path: str) -> int:
    """Return the number of pages of a list; raises `NotFound` if `page` is none of them."""
    pages = pages_of(total, size)
    if page > pages:
        raise NotFound(f"{path} has no page {page}, only {pages}.")
    return pages


def link_target(iri: str) -> str | None:
    """Return the URL that a page may link to for an IRI; None if it is not safe.

    IRIs of this graph become paths on this site, so that the pages work on any server: things,
    sources, queries and terms have pages, others are described by a query. URLs with a user name or
    an invisible character are not linked.
    """
    return _kept_target(iri) if len(iri) <= _LONGEST_KEPT else _target(iri)


def _target(iri: str) -> str | None:
    if _UNSAFE.search(iri) or _INVISIBLE.search(iri):
        return None
    if iri.startswith(BASE):
        return _path_here(iri)
    try:
        parts = urlsplit(iri)
        plain = parts.hostname and parts.username is None and parts.password is None
    except ValueError:
        return None
    return iri if parts.scheme in {"http", "https"} and plain else None


_kept_target: Final = lru_cache(maxsize=8192)(_target)


def _path_here(iri: str) -> str:
    path = iri.removeprefix(BASE)
    name = path.partition("#")[0]
    if not _ODD_SEGMENT.search(f"/{name}"):
        if iri.startswith(QUERY):
            return f"/queries/{path.removeprefix('query/')}"
        if iri.startswith((ID, SOURCE, f"{BASE}doc/")) or name == "ontology":
            return f"/{path}"
    return f"/sparql?{urlencode({'query': f'DESCRIBE <{iri}>', 'format': 'html'})}"


def address(iri: str, reader: Reader) -> str | None:
    """Return the `link_target` of an IRI, with prefix and language if it is on this site."""
    target = link_target(iri)
    return reader.link(target) if target is not None and target.startswith("/") else target


def text_fragment(url: str, quoted: str) -> str | None:
    """Return a link that opens `url` at the words `quoted` (URL text fragment); None if unsafe."""
    target = link_target(url)
    if target is None or target.startswith("/"):
        return None
    words = quote(quoted, safe="").replace("-", "%2D")
    return f"{target}{':~:text=' if '#' in target else '#:~:text='}{words}"


def grouped(number: float | str) -> str:
    """Write a whole number with thousands separators: 1331 becomes 1,331."""
    try:
        return f"{int(number):,}"
    except ValueError:
        return str(number)


def file_size(count: int) -> str:
    """Write a number of bytes in a readable unit."""
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if size >= 1024:
            size, unit = size / 1024, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jiqun.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: mark_invisible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        verbatim=escape, grouped=grouped, file_size=file_size, highlight=highlight, compact=compact
    )
    environment.globals.update(
        static_path=static_path,
        editor_path=editor_path,
        editor_words=editor_words,
        error_words=error_words,
        short_path=short_path,
        link_target=link_target,
        pick=pick,
        languages=LANGUAGE_NAMES,
    )
    return environment
