"""Changes since an earlier release: a page, JSON, and an Atom feed (RFC 4287)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.difference import Change, Difference, Entity, as_json, compare, kind_of
from jiqun.errors import NotFound, ReleaseError, shorten
from jiqun.language import Reader, Text, pick
from jiqun.rdf.formats import HTML, PLAIN_JSON
from jiqun.rdf.namespaces import DATASET, ID, KG, SOURCE, compact
from jiqun.release import Release, open_release
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.rendering import PHRASES, address, html_document, phrase, render

_MOST_THINGS: Final = 40
"""Maximum number of things of one kind on the page."""

_MOST_CHANGES: Final = 10
_MOST_RELEASES: Final = 20
_ATOM: Final = "application/atom+xml; charset=utf-8"
_COUNTED: Final = ("clusters", "companies", "observations", "goals", "sources", "statements")


@dataclass(frozen=True)
class Since:
    """The kept release since which a thing is `new`, `changed`, or the `same` in all later ones."""

    release: str
    kind: str


@dataclass(frozen=True)
class Line:
    """An added or removed statement: the property, the value, and its link."""

    came: bool
    property: Text
    value: Text
    href: str | None


@dataclass(frozen=True)
class ChangedThing:
    """A thing with added and removed statements, and the number of further ones."""

    name: Text
    href: str | None
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True)
class Group:
    """The things of one kind, and the number of further ones."""

    kind: str
    things: tuple[ChangedThing, ...]
    more: int

    @property
    def count(self) -> int:
        """The number of things."""
        return len(self.things) + self.more


@dataclass(frozen=True)
class FeedEntry:
    """A release in the feed: when it was made, where its changes are, and what they are."""

    release: Release
    updated: str
    link: str
    summary: str


def earlier_releases(folder: Path | None, current: str) -> dict[str, Release]:
    """Return the releases in a folder by the names of their folders, the last name first.

    The current release (by its identifier) and folders that are not releases are omitted.
    """
    found: dict[str, Release] = {}
    for path in sorted(folder.iterdir(), reverse=True) if folder and folder.is_dir() else ():
        if (path / "manifest.json").is_file() and not path.name.startswith("."):
            try:
                release = open_release(path, verify=False, check_files=False)
            except ReleaseError:
                continue
            if release.identifier != current and len(found) < _MOST_RELEASES:
                found[path.name] = release
    return found


def changes_page(context: Context, reader: Reader, since: str, choice: Choice) -> Document:
    """Return the changes since an earlier release, the last one by default.

    Raises `NotFound` for an unknown release, and for JSON if there is none.
    """
    kept = earlier_releases(context.settings.earlier_releases, context.release.identifier)
    if since and since not in kept:
        raise NotFound(f"This server has no release {shorten(since)}. {_listed(kept)}")
    name = since or next(iter(kept), "")
    if not name and choice.format != HTML:
        raise NotFound("This server has no earlier release to compare with.")
    difference = (
        compare_folders(str(kept[name].folder), str(context.release.folder)) if name else None
    )
    if difference is not None and choice.format == PLAIN_JSON:
        return Document(as_json(difference).encode(), PLAIN_JSON.media_type)
    sections = _sections(difference, context, reader) if difference else {}
    page = render(
        "changes.html",
        reader,
        kept=kept,
        since=name,
        release=context.release,
        difference=difference,
        counts=_counts(kept[name], context.release, reader) if name else [],
        sections=sections,
        others=_others(difference) if difference else 0,
    )
    return html_document(page, reader)


def _listed(kept: Iterable[str]) -> str:
    names = ", ".join(kept)
    return f"There are: {names}." if names else "There is none."


@lru_cache(maxsize=1)
def compare_folders(old: str, new: str) -> Difference:
    """Compare the releases in two folders, which never change."""
    former, present = (
        open_release(Path(folder), verify=False, check_files=False) for folder in (old, new)
    )
    return compare(former, present)


def _counts(old: Release, new: Release, reader: Reader) -> list[tuple[str, int, int]]:
    """Return the counts that differ between the releases: name, before, after."""
    return [
        (phrase(f"count_{name}", reader.lang), old.counts.get(name, 0), new.counts.get(name, 0))
        for name in _COUNTED
        if old.counts.get(name, 0) != new.counts.get(name, 0)
    ]


def _is_thing(entity: Entity) -> bool:
    return entity.iri.startswith((ID, SOURCE)) and "#" not in entity.iri


def _others(difference: Difference) -> int:
    return sum(not _is_thing(each) for each in difference.entities)


def _sections(difference: Difference, context: Context, reader: Reader) -> dict[str, list[Group]]:
    """Return the new, changed and removed things, by kind."""
    terms: Mapping[str, Mapping[str, str]] = context.release.vocabulary.get("terms", {})
    found: dict[str, dict[str, list[Entity]]] = {"new": {}, "changed": {}, "gone": {}}
    for entity in filter(_is_thing, difference.entities):
        state = "new" if not entity.before else "gone" if not entity.after else "changed"
        found[state].setdefault(kind_of(entity), []).append(entity)
    return {
        state: [
            Group(
                _kind_name(kind, terms, reader),
                tuple(
                    _thing(each, difference, terms, reader, detailed=state == "changed")
                    for each in entities[:_MOST_THINGS]
                ),
                max(0, len(entities) - _MOST_THINGS),
            )
            for kind, entities in sorted(kinds.items(), key=lambda pair: (not pair[0], pair[0]))
        ]
        for state, kinds in found.items()
        if kinds
    }


def _kind_name(kind: str, terms: Mapping[str, Mapping[str, str]], reader: Reader) -> str:
    name = _term_name(f"{KG}{kind}", terms, reader).value if kind else ""
    return name or phrase("changes_others", reader.lang)


def _term_name(iri: str, terms: Mapping[str, Mapping[str, str]], reader: Reader) -> Text:
    name = compact(iri)
    if name in PHRASES:
        return Text(PHRASES[name][reader.lang], reader.lang)
    labels = terms.get(name, {})
    texts = {lang: labels[lang] for lang in ("en", "zh-Hans", "zh-Hant") if lang in labels}
    return pick(texts, reader) if texts else Text(name)


def _thing(
    entity: Entity,
    difference: Difference,
    terms: Mapping[str, Mapping[str, str]],
    reader: Reader,
    *,
    detailed: bool,
) -> ChangedThing:
    changes = [(False, each) for each in entity.removed] + [(True, each) for each in entity.added]
    changes.sort(key=lambda pair: (pair[1].predicate, pair[0]))
    shown = changes[:_MOST_CHANGES] if detailed else []
    lines = tuple(
        Line(
            came,
            _term_name(each.predicate, terms, reader),
            *_value(each, difference, reader),
        )
        for came, each in shown
    )
    return ChangedThing(
        _label(entity.iri, difference, reader),
        address(entity.iri, reader) if entity.after else None,
        lines,
        len(changes) - len(lines) if detailed else 0,
    )


def _value(change: Change, difference: Difference, reader: Reader) -> tuple[Text, str | None]:
    value = change.object
    if isinstance(value, ox.NamedNode):
        return _label(value.value, difference, reader), address(value.value, reader)
    if isinstance(value, ox.Literal):
        return Text(value.value[:300], value.language or ""), None
    return Text(str(value)[:300]), None


def _label(iri: str, difference: Difference, reader: Reader) -> Text:
    labels = difference.labels.get(iri)
    return pick(labels, reader) if labels else Text(compact(iri))


def changes_feed(context: Context, root: str) -> Document:
    """Return the releases as an Atom feed; `root` is the public URL of the site."""
    current = context.release
    kept = earlier_releases(context.settings.earlier_releases, current.identifier)
    releases = [current, *kept.values()]
    entries = [
        FeedEntry(release, _updated(release), f"{root}/changes", _summary(before, release))
        for release, before in zip_longest(releases, releases[1:])
    ]
    if kept:
        since = f"{root}/changes?since={next(iter(kept))}"
        entries[0] = replace(entries[0], link=since)
    text = render(
        "feed.xml", Reader(), dataset=DATASET, title=current.title, root=root, entries=entries
    )
    return Document(text.encode(), _ATOM, headers={"Vary": "Accept-Encoding"})


def _summary(before: Release | None, release: Release) -> str:
    """Say in English how the counts of a release differ from those of the one before it."""
    if before is None:
        return "The first release on this server."
    counts = _counts(before, release, Reader())
    changed = "; ".join(f"{what}: {old:,} → {new:,}" for what, old, new in counts)
    return changed or "The same numbers of things as before."


def _updated(release: Release) -> str:
    """Return the modification time of the manifest of a release."""
    try:
        seconds = (release.folder / "manifest.json").stat().st_mtime
    except OSError as error:
        raise ReleaseError("The manifest of a release is currently unreadable.") from error
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
