"""Translates error messages.

Errors are raised in English, and programs get the English text. Pages translate them with the
templates of `errors.toml`, whose `{}` are placeholders; `{2}` in a translation is the second of
them. Of several matches, the one that covers most characters is used.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from jiqun.language import Text

_HOLE: Final = re.compile(r"\{(\d?)\}")
_PLACE: Final = re.compile(r"At (line \d+, column \d+): (.+)", re.DOTALL)
_QUOTED: Final = re.compile("“([^“”]*)”")
_SENTENCE: Final = re.compile(r"(?<=[.?]) ")
_QUOTES: Final = {"zh-Hans": "“{}”", "zh-Hant": "「{}」"}
_LONGEST: Final = 2000
_MOST_SENTENCES: Final = 6
_BEGINNING: Final = 4


@dataclass(frozen=True)
class _Template:
    """A message in English, split at its placeholders, with its translations by language."""

    parts: tuple[str, ...]
    texts: Mapping[str, str]

    def read(self, text: str) -> list[str] | None:
        """Return the values of the placeholders; None if the text is another message."""
        first, last = self.parts[0], self.parts[-1]
        if not text.startswith(first) or not text.endswith(last):
            return None
        if len(self.parts) == 1:
            return [] if text == first else None
        found, at, end = [], len(first), len(text) - len(last)
        for part in self.parts[1:-1]:
            place = text.find(part, at, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(part)
        return [*found, text[at:end]] if at <= end else None


@dataclass(frozen=True)
class _Reading:
    """A translation; `explained` counts the characters covered by its templates.

    Untranslated sentences count negatively.
    """

    explained: int
    text: str


def error_words(text: str, lang: str) -> Text:
    """Return an error in a language, or in English, tagged as such, if it has no translation."""
    if lang == "en" or len(text) > _LONGEST:
        return Text(text, "en")
    return _translated(text, lang)


@lru_cache(maxsize=256)
def _translated(text: str, lang: str) -> Text:
    at = _PLACE.fullmatch(text)
    body = _best(at[2] if at else text, lang)
    if body.explained <= 0:
        return Text(text, "en")
    if at:
        colon = _templates()["At {}: {}"].texts[lang]
        return Text(_filled(colon, [_phrase(at[1], lang), body.text]), lang)
    return Text(body.text, lang)


def _best(text: str, lang: str) -> _Reading:
    """Return the best translation of a text of several sentences."""
    starts = [0, *(found.end() for found in _SENTENCE.finditer(text))][:_MOST_SENTENCES]
    best: dict[int, _Reading] = {len(text): _Reading(0, "")}
    for number, start in reversed(list(enumerate(starts))):
        readings = []
        for end in [*starts[number + 1 :], len(text)]:
            head = _message(text[start:end].rstrip(), lang)
            rest = best[end]
            readings.append(_Reading(head.explained + rest.explained, head.text + rest.text))
        best[start] = max(readings, key=lambda each: each.explained)
    return best[0]


def _message(text: str, lang: str) -> _Reading:
    """Return the best translation of a text as one message, with or without a full stop."""
    plain = text.removesuffix(".")
    best = _Reading(-len(text), text)
    for template in _candidates(text):
        explained = sum(map(len, template.parts))
        if explained <= best.explained:
            continue
        # Mistakes in queries are written without the full stop that a sentence has.
        stopped = template.parts[-1].endswith(".") or plain == text
        holes = template.read(text if stopped else plain)
        if holes is not None:
            shown = [_phrase(each, lang) for each in holes]
            best = _Reading(explained, _filled(template.texts[lang], shown) + "。" * (not stopped))
    return best


def _candidates(text: str) -> Iterator[_Template]:
    """Return the templates that may match a text, by prefix."""
    begun, others = _by_beginning()
    yield from begun.get(text[:_BEGINNING], ())
    yield from (each for each in others if len(each.parts) == 1 or each.parts[1] in text)


def _phrase(text: str, lang: str) -> str:
    """Translate a placeholder value: a known phrase, a quoted name, or any other text."""
    known = _templates().get(text)
    if known is not None:
        return known.texts[lang]
    place = _templates()["line {}, column {}"]
    if (numbers := place.read(text)) is not None:
        return _filled(place.texts[lang], numbers)
    quoted = _QUOTED.fullmatch(text)
    return _QUOTES[lang].replace("{}", quoted[1]) if quoted else text


def _filled(text: str, holes: list[str]) -> str:
    following = iter(holes)
    return _HOLE.sub(
        lambda found: holes[int(found[1]) - 1] if found[1] else next(following, ""), text
    )


@cache
def _by_beginning() -> tuple[dict[str, list[_Template]], list[_Template]]:
    """Return the templates by their first characters, and those that begin with a placeholder."""
    begun: defaultdict[str, list[_Template]] = defaultdict(list)
    others: list[_Template] = []
    for each in _templates().values():
        first = each.parts[0]
        (begun[first[:_BEGINNING]] if len(first) >= _BEGINNING else others).append(each)
    return begun, others


@cache
def _templates() -> dict[str, _Template]:
    file = resources.files("jiqun.web").joinpath("templates", "errors.toml")
    texts = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: _Template(tuple(key.split("{}")), each) for key, each in texts.items()}
