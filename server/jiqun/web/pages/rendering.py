"""Templates, phrases, static files and syntax highlighting.

What the pages say by themselves, in the three languages; the words stand in phrases.toml.

Colours for SPARQL and Turtle, put in by the server so that no page needs a script for them.

The one place where templates become pages: autoescaping on, undefined names are errors.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from jiqun.language import LANGUAGES, Reader, pick
from jiqun.rdf.namespaces import compact
from jiqun.web.addresses import link_target

PHRASES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    resources.files("jiqun.web").joinpath("templates", "phrases.toml").read_text(encoding="utf-8")
)


def phrase(key: str, lang: str) -> str:
    """Give the phrase for `key`; raises `KeyError` for one that is not in the table."""
    return PHRASES[key][lang]


_LONGEST: Final = 200_000
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


def highlight(text: str) -> Markup:
    """Give `text`, SPARQL or Turtle, as escaped HTML with a span of its kind around each token."""
    if len(text) > _LONGEST:
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


STATIC_TYPES: Final = {
    "style.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
LANGUAGE_NAMES: Final = {"en": "English", "zh-Hans": "简体", "zh-Hant": "繁體"}


@cache
def static_file(name: str) -> bytes:
    """Give the bytes of a static file; raises `KeyError` for any but those in `STATIC_TYPES`."""
    if name not in STATIC_TYPES:
        raise KeyError(name)
    return resources.files("jiqun.web").joinpath("static", name).read_bytes()


@cache
def static_path(name: str) -> str:
    """Give the path of a static file, which changes with its content so that it may be kept."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"


def render(template: str, reader: Reader, **values: Any) -> str:
    """Render `template` for `reader` with `values`."""
    return (
        _environment().get_template(template).render(reader=reader, t=_say(reader.lang), **values)
    )


def grouped(number: float | str) -> str:
    """Give a number with its thousands apart: 1331 -> 1,331."""
    try:
        return f"{int(number):,}"
    except ValueError:
        return str(number)


def file_size(count: int) -> str:
    """Give a number of bytes as people read it."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{count} bytes"


@lru_cache(maxsize=len(LANGUAGES))
def _say(lang: str) -> Callable[[str], str]:
    return lambda key: phrase(key, lang)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jiqun.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        grouped=grouped, file_size=file_size, highlight=highlight, compact=compact
    )
    environment.globals.update(
        static_path=static_path,
        link_target=link_target,
        pick=pick,
        languages=LANGUAGE_NAMES,
    )
    return environment
