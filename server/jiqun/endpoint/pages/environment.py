"""The one place where templates become pages: autoescaping on, undefined names are errors."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from jiqun.endpoint.pages.highlight import highlight
from jiqun.endpoint.pages.phrases import phrase
from jiqun.endpoint.reader import LANGUAGES, Reader, pick
from jiqun.endpoint.terms import compact, link_target

if TYPE_CHECKING:
    from collections.abc import Callable

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
    return resources.files("jiqun.endpoint").joinpath("static", name).read_bytes()


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
        loader=PackageLoader("jiqun.endpoint", "templates"),
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
