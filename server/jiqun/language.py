"""Languages of pages: the choice of the page language, and of the label to show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from jiqun.rdf.terms import LANGUAGES, language_tag

_FALLBACK: Final = {
    "en": ("en", "zh-Hans", "zh-Hant"),
    "zh-Hans": ("zh-Hans", "zh-Hant", "en"),
    "zh-Hant": ("zh-Hant", "zh-Hans", "en"),
}
_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?"
)
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})


@dataclass(frozen=True)
class Text:
    """A text with its language (BCP 47 tag; empty when unknown)."""

    value: str
    lang: str = ""


@dataclass(frozen=True)
class Reader:
    """The reader of a page: the language, and the addresses of the site for this reader.

    `chosen` is true if the language was chosen with `?lang=`; `root` is the path prefix of the
    site, `origin` its scheme and host, `here` the path and query of this page without `lang`.
    `title` is the title of a dataset other than the project's own.
    """

    lang: str = "en"
    chosen: bool = False
    root: str = ""
    origin: str = ""
    here: str = "/"
    title: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        """The languages for a label, best first."""
        return _FALLBACK[self.lang]

    def link(self, path: str, **parameters: str) -> str:
        """Return the address of `path` with parameters, and with the language if it was chosen."""
        if self.chosen and "lang" not in parameters:
            parameters["lang"] = self.lang
        address, hash_sign, fragment = path.partition("#")
        if parameters:
            address += ("&" if "?" in address else "?") + urlencode(parameters)
        return self.root + address + hash_sign + fragment

    def in_language(self, lang: str) -> str:
        """Return the address of this page in another language."""
        path, question_mark, query = self.here.partition("?")
        # One slash only: "//host" would lead to another site.
        path = "/" + quote(path.lstrip("/"), safe="/:@!$'()*,;~")
        return self.link(path + question_mark + query, lang=lang)


def choose_language(parameter: str | None, accept_language: str | None) -> tuple[str, bool]:
    """Choose a language from `?lang=` (ignored if unknown), else Accept-Language, else English.

    Also return whether `?lang=` decided.
    """
    known = language_tag(parameter or "")
    if known in LANGUAGES:
        return known, True
    best, best_quality = "en", 0.0
    for part in (accept_language or "").split(",")[:20]:
        match = _RANGE.fullmatch(part.rstrip())
        if match is None:
            continue
        lang, quality = _serves(match[1]), float(match[2] or 1)
        if lang is not None and quality > best_quality:
            best, best_quality = lang, quality
    return best, False


def pick(texts: Mapping[str, str], reader: Reader) -> Text:
    """Return the text in the best language, or an empty text."""
    by_tag = {language_tag(tag): value for tag, value in texts.items()}
    for lang in reader.order:
        if lang in by_tag:
            return Text(by_tag[lang], lang)
    for lang in sorted(by_tag):
        return Text(by_tag[lang], lang)
    return Text("")


def _serves(language_range: str) -> str | None:
    primary, *rest = language_range.lower().split("-")
    if primary == "en":
        return "en"
    if primary == "zh":
        return "zh-Hant" if _TRADITIONAL.intersection(rest) else "zh-Hans"
    return None
