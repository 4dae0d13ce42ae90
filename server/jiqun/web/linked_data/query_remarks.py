"""Finds likely mistakes in valid queries: names that do not exist, strings that cannot match.

An empty answer to such a query says nothing about the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jiqun.errors import MalformedQuery
from jiqun.query.tokens import Token, tokenize
from jiqun.rdf.namespaces import BASE, ID, KG, PREFIXES, SOURCE, compact, is_absolute_iri
from jiqun.rdf.terms import language_tag
from jiqun.web.documents import Context
from jiqun.web.linked_data.thing_names import exists, nearest, similar_ids

Vocabulary = Mapping[str, Any]
"""The content of `vocab.json`."""

_TOKENS: Final = 10_000
_NESTING: Final = 64
_MOST: Final = 8
_OURS: Final = frozenset(PREFIXES) - {"xsd", "id", "src", "query", "graph", "part", "wd"}


@dataclass(frozen=True)
class QueryRemark:
    """A likely mistake from `start` to `end` in the text of a query.

    `kind` is `unknown_term` or `unknown_thing` (`near` are similar names), `unknown_tag` (an unused
    language tag, `near` are used ones), or `untagged_text` (`name` is a property whose strings all
    have a language).
    """

    kind: str
    name: str
    near: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class _Name:
    iri: str
    token: Token
    at: int


def read_remarks(context: Context, text: str) -> list[QueryRemark]:
    """Return the remarks on a query, in the order of its text; none for a malformed one."""
    try:
        decoded, tokens, _ = tokenize(text, _TOKENS, _NESTING)
    except MalformedQuery:
        return []
    if decoded != text:  # its positions would differ from those in the text
        return []
    names = list(_names(tokens))
    vocabulary = context.release.vocabulary
    found = [
        *_unknown_names(context, vocabulary, names),
        *_unknown_tags(vocabulary, text, tokens),
        *_untagged_texts(vocabulary, tokens, names),
    ]
    return sorted(found, key=lambda each: each.start)[:_MOST]


def _names(tokens: Sequence[Token]) -> Iterator[_Name]:
    """Yield the IRIs and prefixed names of a query, without its prologue.

    Undeclared prefixes are resolved by convention.
    """
    prefixes = dict(PREFIXES)
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "word" and token.text == "PREFIX" and at + 2 < len(tokens):
            prefixes[tokens[at + 1].text[:-1]] = tokens[at + 2].text[1:-1]
            at += 3
            continue
        if token.kind == "word" and token.text == "BASE":
            at += 2
            continue
        if token.kind == "iri":
            yield _Name(token.text[1:-1], token, at)
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            if prefix in prefixes and local:
                yield _Name(prefixes[prefix] + local.replace("\\", ""), token, at)
        at += 1


def _unknown_names(
    context: Context, vocabulary: Vocabulary, names: Sequence[_Name]
) -> Iterator[QueryRemark]:
    terms = vocabulary.get("terms", {})
    checked: dict[str, tuple[str, tuple[str, ...]] | None] = {}
    for each in names:
        if each.iri not in checked:
            checked[each.iri] = _unknown(context, terms, each.iri)
        found = checked[each.iri]
        if found is not None:
            kind, near = found
            yield QueryRemark(kind, compact(each.iri), near, each.token.start, each.token.end)


def _unknown(context: Context, terms: Any, iri: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the kind of remark and similar names; None for names that exist."""
    name = compact(iri)
    if name in terms or not is_absolute_iri(iri):
        return None
    is_term = iri.startswith(KG)
    is_thing = iri.startswith((ID, SOURCE)) and "#" not in iri
    if not is_term and not is_thing and (iri.startswith(BASE) or _prefix(name) not in _OURS):
        return None
    if exists(context, iri):
        return None
    if is_thing:
        return "unknown_thing", tuple(similar_ids(context, iri))
    prefix = _prefix(name)
    near = tuple(nearest(name, [each for each in terms if _prefix(each) == prefix]))
    return ("unknown_term", near) if near or is_term else None


def _prefix(name: str) -> str:
    return name.partition(":")[0]


def _unknown_tags(
    vocabulary: Vocabulary, text: str, tokens: Sequence[Token]
) -> Iterator[QueryRemark]:
    """Remark on language tags of strings and of comparisons with LANG() that the graph lacks."""
    known = vocabulary.get("languages", {})
    if not known:
        return
    tags = {language_tag(each).lower() for each in known}
    for at, token in enumerate(tokens):
        is_range = False
        if token.kind == "language" and at and tokens[at - 1].kind == "string":
            tag = token.text[1:]
        elif token.kind == "string" and (compared := _compared(tokens, at)):
            tag, is_range = text[token.start + 1 : token.end - 1], compared == "LANGMATCHES"
        else:
            continue
        folded = tag.lower()
        within = is_range and any(each.startswith(f"{folded}-") for each in tags)
        if folded not in tags and not within and tag not in {"", "*"}:
            yield QueryRemark("unknown_tag", tag, tuple(known), token.start, token.end)


def _compared(tokens: Sequence[Token], at: int) -> str:
    """Return LANG or LANGMATCHES if the string at this place is compared with a language."""
    before = [each.text for each in tokens[max(0, at - 7) : at]]
    after = [each.text for each in tokens[at + 1 : at + 6]]
    if before[-1:] == [","] and before[-6:-5] == ["("] and before[-5:-4] == ["LANG"]:
        return "LANGMATCHES" if before[-7:-6] == ["LANGMATCHES"] else ""
    if before[-1:] in (["="], ["!="]) and before[-5:-4] == ["LANG"]:
        return "LANG"
    return "LANG" if after[:1] in (["="], ["!="]) and after[1:2] == ["LANG"] else ""


def _untagged_texts(
    vocabulary: Vocabulary, tokens: Sequence[Token], names: Sequence[_Name]
) -> Iterator[QueryRemark]:
    """Remark on strings without a language where each value of the property has one."""
    terms = vocabulary.get("terms", {})
    values: dict[str, str] = {}
    for each in names:
        name = compact(each.iri)
        if not terms.get(name, {}).get("tagged") or each.at + 1 >= len(tokens):
            continue
        following = tokens[each.at + 1]
        if following.kind == "variable":
            values[following.text[1:]] = name
        elif following.kind == "string" and _is_plain(tokens, each.at + 1):
            yield QueryRemark("untagged_text", name, (), following.start, following.end)
    for at, token in enumerate(tokens):
        if token.kind != "string" or not _is_plain(tokens, at):
            continue
        sides = [
            tokens[place]
            for place, sign in ((at - 2, at - 1), (at + 2, at + 1))
            if min(place, sign) >= 0 and max(place, sign) < len(tokens)
            if tokens[sign].text == "="
        ]
        for side in sides:
            if side.kind == "variable" and side.text[1:] in values:
                yield QueryRemark(
                    "untagged_text", values[side.text[1:]], (), token.start, token.end
                )


def _is_plain(tokens: Sequence[Token], at: int) -> bool:
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    return following is None or (following.kind != "language" and following.text != "^^")
