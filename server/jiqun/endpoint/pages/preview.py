"""A thing in a few lines, for the frame in which other programs show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.pages.cells import show
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.reader import Text, pick
from jiqun.endpoint.terms import Term, address
from jiqun.vocabulary import ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.reader import Reader
    from jiqun.endpoint.search.index import IndexedClass, IndexedThing

PASSAGES: Final = 4


def render_preview(
    thing: IndexedThing,
    classes: Mapping[int, IndexedClass],
    passages: Sequence[str],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> str:
    """Render a thing with its names, what it is, and the words of passages that speak of it."""
    title = pick(thing.labels, reader)
    evidence = []
    for iri in passages[:PASSAGES]:
        cell = show(Term("uri", iri), captions, reader)
        caption = captions.get(iri)
        words = caption.words_for(frozenset({ID + thing.slug})) if caption else ()
        evidence.append((address(iri, reader), cell.text, words))
    return render(
        "preview.html",
        reader,
        title=title if title.value else Text(thing.slug),
        names=[Text(text, lang) for lang, text in thing.labels.items() if text != title.value],
        types=[pick(classes[each].labels, reader) for each in thing.types],
        description=pick(thing.description, reader),
        evidence=evidence,
        href=f"{reader.origin}{reader.link(f'/doc/{thing.slug}')}",
    )
