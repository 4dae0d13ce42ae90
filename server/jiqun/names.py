"""Normalisation of names, the same for the search index and for user input.

A name is folded (width, case, accents, Traditional to Simplified), split into its core and the kind
of its official ending (市, 集团, Co., Ltd. …), and split into grams, for finding similar names. The
character table is a parameter because it belongs to the index: queries are folded with the table
that the index was built with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

LABEL, ALTERNATIVE, NICKNAME, PINYIN, CODE, COMPOSED = range(6)
"""The kinds of names in the search index; composed names are likely search terms."""

INDEX_FORMAT: Final = "3"
"""The format of the search index."""

SOUGHT, OTHER, FACT = range(3)
"""The ranks of things in the search index; the labels of facts are only for display."""

NOT_A_FACT: Final = 0
"""The class, in the search index, of everything but facts."""

SHORT: Final = 4
"""Names of up to this many Han characters are also indexed by character."""

LONGEST_START: Final = 5
"""Maximum length of the indexed prefixes of a word."""

_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUN: Final = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(f"[{_HAN}]")
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’ʼ](?=\w)")
_MOST_PLAIN: Final = 1 << 16
_LATIN_GRAM: Final = 3

_HAN_KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("先进制造业集群", "cluster"),
    ("产业集群", "cluster"),
    ("集群", "cluster"),
    ("集团股份有限公司", "group stock"),
    ("集团股份公司", "group stock"),
    ("集团有限责任公司", "group"),
    ("集团有限公司", "group"),
    ("集团总公司", "group"),
    ("集团公司", "group"),
    ("集团", "group"),
    ("股份有限公司", "stock"),
    ("股份公司", "stock"),
    ("有限责任公司", "limited"),
    ("有限公司", "limited"),
    ("总公司", "company"),
    ("公司", "company"),
    ("特别行政区", "province"),
    ("维吾尔自治区", "province"),
    ("壮族自治区", "province"),
    ("回族自治区", "province"),
    ("自治区", "province"),
    ("省", "province"),
    ("自治州", "prefecture"),
    ("地区", "prefecture"),
    ("盟", "prefecture"),
    ("市", "city"),
    ("新区", "district"),
    ("区", "district"),
    ("县", "county"),
)
_WORD_KINDS: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("advanced", "manufacturing", "cluster"), "cluster"),
    (("industrial", "cluster"), "cluster"),
    (("cluster",), "cluster"),
    (("group", "company", "limited"), "group"),
    (("group", "corporation", "limited"), "group"),
    (("group", "co", "ltd"), "group"),
    (("group", "corporation"), "group"),
    (("group", "company"), "group"),
    (("group",), "group"),
    (("joint", "stock", "company"), "stock"),
    (("corporation", "limited"), "limited"),
    (("company", "limited"), "limited"),
    (("co", "ltd"), "limited"),
    (("limited",), "limited"),
    (("ltd",), "limited"),
    (("corporation",), "company"),
    (("company",), "company"),
    (("corp",), "company"),
    (("inc",), "company"),
    (("co",), "company"),
    (("special", "administrative", "region"), "province"),
    (("autonomous", "region"), "province"),
    (("province",), "province"),
    (("autonomous", "prefecture"), "prefecture"),
    (("prefecture",), "prefecture"),
    (("league",), "prefecture"),
    (("municipality",), "city"),
    (("city",), "city"),
    (("shi",), "city"),
    (("sheng",), "province"),
    (("new", "area"), "district"),
    (("district",), "district"),
    (("county",), "county"),
)
_HAN_KINDS_BY_LAST: Final = {
    last: tuple(pair for pair in _HAN_KINDS if pair[0][-1] == last)
    for last in {ending[-1] for ending, _ in _HAN_KINDS}
}
_WORD_KINDS_BY_LAST: Final = {
    last: tuple(pair for pair in _WORD_KINDS if pair[0][-1] == last)
    for last in {words[-1] for words, _ in _WORD_KINDS}
}
PLACES: Final = frozenset({"province", "prefecture", "city", "district", "county"})
ORGANISATIONS: Final = frozenset({"group", "stock", "limited", "company", "group stock"})


@dataclass(frozen=True)
class Name:
    """A folded name: its single-script runs, and their concatenation (`form`).

    `core` is `form` without official endings; `kind` is the kind of the ending, empty without one.
    """

    runs: tuple[str, ...]
    form: str
    core: str
    kind: str

    @property
    def han(self) -> bool:
        """Whether it has Han characters."""
        return _IS_HAN.search(self.form) is not None


def fold(text: str, table: Mapping[int, str]) -> str:
    """Fold a text: width, case, accents, and by `table` Traditional characters to Simplified.

    `table` maps code points to characters, as for `str.translate`.
    """
    if text.isascii():
        return text.lower()
    return text.translate(_PLAIN).translate(table)


def origins(text: str) -> list[int]:
    """Map each character of the folded text to its position in the text."""
    return [place for place, character in enumerate(text) for _ in _PLAIN[ord(character)]]


class _Plain(dict[int, str]):
    """A table for `str.translate` that is filled on demand."""

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code)).casefold()
        plain = "".join(part for part in parts if not unicodedata.combining(part))
        if len(self) < _MOST_PLAIN:
            self[code] = plain
        return plain


_PLAIN: Final = _Plain()


def runs_of(folded: str) -> tuple[str, ...]:
    """Split a folded text into runs of Han characters, and words of letters and digits."""
    # An apostrophe does not end a word: Zhen'an is one.
    return tuple(_RUN.findall(_APOSTROPHE.sub("", folded)))


def read_name(text: str, table: Mapping[int, str]) -> Name:
    """Fold a name and split off its official ending."""
    runs = runs_of(fold(text, table))
    core, kind = _without_ending(runs)
    return Name(runs, "".join(runs), "".join(core), kind)


def _without_ending(runs: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    if not runs:
        return runs, ""
    if _IS_HAN.match(runs[-1]):
        return _without_han_ending(runs)
    for words, kind in _WORD_KINDS_BY_LAST.get(runs[-1], ()):
        if runs[-len(words) :] == words and len(runs) > len(words):
            core, further = _without_ending(runs[: -len(words)])
            return core, _joined(further, kind)
    if len(runs) > 2 and runs[0] in {"city", "province"} and runs[1] == "of":
        return runs[2:], runs[0]
    return runs, ""


def _without_han_ending(runs: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    joined = "".join(runs)
    for ending, kind in _HAN_KINDS_BY_LAST.get(joined[-1], ()):
        if not joined.endswith(ending):
            continue
        left = len(joined) - len(ending)
        # 市 is not an ending of 沙市.
        if left >= 2:
            core = joined[:left]
            # Cluster lists use both 无锡市物联网集群 and 无锡物联网集群.
            return (core.replace("市", "") if kind == "cluster" else core,), kind
    return runs, ""


def _joined(first: str, second: str) -> str:
    """Combine the kinds of successive endings: a limited group is a group."""
    kinds = {*first.split(), *second.split()}
    if "group" in kinds:
        return "group stock" if "stock" in kinds else "group"
    return first or second


def han_length(text: str) -> int:
    """Return the number of Han characters in a text."""
    return len(_IS_HAN.findall(text))


def name_grams(name: Name) -> set[str]:
    """Return the grams of the core of a name: Han characters, pairs of them, triples of letters.

    The characters of a short name are also marked, so that one character finds short names without
    all the long ones.
    """
    grams: set[str] = set()
    short = han_length(name.core) <= SHORT
    for run in runs_of(name.core):
        if _IS_HAN.match(run):
            grams |= {run[start : start + 2] for start in range(len(run) - 1)} | set(run)
            if short:
                grams |= {f"{character}_" for character in run}
        else:
            grams |= letter_grams(run)
    return grams


def letter_grams(word: str) -> set[str]:
    """Return the triples of letters of a word, with marks for its start and end."""
    marked = f"_{word}_"
    last = max(1, len(marked) - _LATIN_GRAM + 1)
    return {marked[start : start + _LATIN_GRAM] for start in range(last)}


def text_words(runs: Iterable[str]) -> set[str]:
    """Return the search terms of a text: words, Han characters and pairs of them."""
    words: set[str] = set()
    for run in runs:
        if _IS_HAN.match(run):
            words |= set(run) | {run[start : start + 2] for start in range(len(run) - 1)}
        else:
            words.add(run)
    return words


def word_starts(word: str) -> list[str]:
    """Return the prefixes of a word up to `LONGEST_START` letters; none for Han characters."""
    if is_han(word):
        return []
    return [word[:length] for length in range(1, min(len(word), LONGEST_START) + 1)]


def is_han(text: str) -> bool:
    """Return whether a text begins with a Han character."""
    return _IS_HAN.match(text) is not None
