"""Looks through a page for what must not be there: inline code, odd links, unlabelled parts."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any, Final

_VOID: Final = frozenset({"meta", "link", "img", "input", "br", "hr", "source", "wbr"})
_FIELDS: Final = frozenset({"input", "select", "textarea"})
_ADDRESSES: Final = ("href", "src", "action", "formaction")


class Audit(HTMLParser):
    """A page taken apart; `problems` lists what is wrong with it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.tags: Counter[str] = Counter()
        self.lang = ""
        self.langs: set[str] = set()
        self.blocks: list[dict[str, Any]] = []
        self._in_data_block = False
        self._open: list[str] = []
        self._ids: Counter[str] = Counter()
        self._labelled: set[str] = set()
        self._fields: list[str] = []
        self._referred: set[str] = set()
        self._level = 0
        self.feed(page)
        self.close()
        self._conclude()

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        drawn = tag == "title" and "svg" in self._open
        self.tags["title of a drawing" if drawn else tag] += 1
        if tag not in _VOID:
            self._open.append(tag)
        self._check_safety(tag, given)
        self._check_structure(tag, given)
        self._note(tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._in_data_block = False
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self._in_data_block:
            self.blocks.append(json.loads(data))
            return
        if self._open and self._open[-1] in {"script", "style"} and data.strip():
            self.problems.append(f"inline {self._open[-1]}")
        self.words.append(data)

    def _check_safety(self, tag: str, given: dict[str, str]) -> None:
        if tag in {"style", "iframe", "object", "embed", "base"}:
            self.problems.append(f"<{tag}>")
        self._in_data_block = tag == "script" and given == {"type": "application/ld+json"}
        if tag == "script" and not self._in_data_block and not given.get("src", "").startswith("/"):
            self.problems.append("a script that is not a file of this site")
        self.problems += [f"attribute {name}" for name in given if name.startswith("on")]
        if "style" in given:
            self.problems.append("inline style")
        for name in _ADDRESSES:
            if name in given:
                self._check_address(tag, given[name])

    def _check_address(self, tag: str, address: str) -> None:
        self.links.append(address)
        here = address.startswith(("/", "#")) and not address.startswith("//")
        away = tag == "a" and address.startswith(("http://", "https://"))
        if not here and not away:
            self.problems.append(f"{tag} leads to {address}")

    def _check_structure(self, tag: str, given: dict[str, str]) -> None:
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            level = int(tag[1])
            if level > self._level + 1:
                self.problems.append(f"{tag} follows a heading of level {self._level}")
            self._level = level
        if tag == "th" and "scope" not in given:
            self.problems.append("th without scope")
        if tag == "img" and "alt" not in given:
            self.problems.append("img without alt")
        if tag == "nav" and not given.get("aria-label"):
            self.problems.append("nav without a name")
        is_named = given.get("aria-labelledby") or given.get("aria-label")
        if given.get("role") == "group" and not is_named:
            self.problems.append("group without a name")

    def _note(self, tag: str, given: dict[str, str]) -> None:
        if tag == "html":
            self.lang = given.get("lang", "")
        if "lang" in given:
            self.langs.add(given["lang"])
        if "id" in given:
            self._ids[given["id"]] += 1
        if tag == "label":
            self._labelled.add(given.get("for", ""))
        if tag in _FIELDS and given.get("type") != "hidden":
            self._fields.append(given.get("id", ""))
        for name in ("aria-labelledby", "aria-describedby"):
            self._referred.update(given.get(name, "").split())

    def _conclude(self) -> None:
        self.problems += [f"never closed: {tag}" for tag in self._open]
        self.problems += [f"id {each} twice" for each, count in self._ids.items() if count > 1]
        self.problems += [
            f"field {each!r} without label" for each in self._fields if each not in self._labelled
        ]
        self.problems += [
            f"nothing has the id {each}" for each in sorted(self._referred - self._ids.keys())
        ]
        self.problems += [
            f"{self.tags[tag]} times <{tag}>"
            for tag in ("h1", "main", "title")
            if self.tags[tag] != 1
        ]
        if not self.lang:
            self.problems.append("html without lang")
