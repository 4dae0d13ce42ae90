"""A thing in the terms of schema.org, as the JSON-LD data block of its page.

A data block (`<script type="application/ld+json">`) is not run, so that the content security
policy of the pages, which forbids inline code, does not concern it (HTML Standard, "prepare the
script element"). Nothing in it can end the block: `<`, `>` and `&` are written as escapes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from jiqun.endpoint.linked.documents import LICENCE
from jiqun.vocabulary import BASE, KG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.pages.things import Thing
    from jiqun.endpoint.terms import Term

_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
_MOST: Final = 40
_PROPERTIES: Final = {
    f"{_SKOS}altLabel": "alternateName",
    f"{KG}nickname": "alternateName",
    f"{_SKOS}definition": "description",
    f"{_SKOS}exactMatch": "sameAs",
    f"{KG}within": "containedInPlace",
    f"{KG}locatedIn": "location",
    f"{KG}isoCode": "identifier",
    f"{KG}administrativeCode": "identifier",
}


def schema_org(thing: Thing, caption: Caption | None) -> Markup:
    """Write what schema.org has words for, ready to stand in a data block."""
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": thing.iri,
        "@type": list(thing.schema_types) or "Thing",
        "identifier": [thing.iri],
        "url": f"{BASE}doc/{thing.slug}",
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": f"{BASE}doc/{thing.slug}",
            "license": LICENCE,
        },
    }
    labels = sorted(caption.labels.items()) if caption else []
    if labels:
        document["name"] = [{"@language": tag, "@value": words} for tag, words in labels]
    for predicate, name in _PROPERTIES.items():
        values = {fact.value: None for fact in thing.of_it if fact.predicate == predicate}
        shown = [_value(each, name) for each in values][:_MOST]
        if shown:
            document[name] = [*document.get(name, ()), *shown]
    return data_block(document)


def data_block(document: Mapping[str, Any]) -> Markup:
    """Write a JSON-LD document ready to stand in a data block."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 -- all that is markup is escaped


def _value(term: Term, name: str) -> Any:
    if term.is_iri:
        return term.value if name == "sameAs" else {"@id": term.value}
    return {"@language": term.lang, "@value": term.value} if term.lang else term.value
