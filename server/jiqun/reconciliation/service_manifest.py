"""The service manifest and the suggest service.

The manifest of the reconciliation service, in the words of either version of the API.

Suggestions while somebody types: things, types and properties whose names begin so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from jiqun.errors import BadParameter
from jiqun.rdf.namespaces import ID, KG
from jiqun.reconciliation.extension import SETTINGS
from jiqun.reconciliation.requests import MOST_QUERIES
from jiqun.search.index import IndexedThing, SearchIndex
from jiqun.search.matching import find_candidates

VERSION: Final = "0.2"
DRAFT: Final = "1.0-draft"
DEFAULT_TYPES: Final = ("Cluster", "Region", "Organisation", "Company", "Brand", "Person")

_WIDTH: Final = 420
_HEIGHT: Final = 260


def manifest(
    root: str, title: str, version: str, types: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Describe the service of version 0.2 that is reached at `root`/reconcile."""
    place = f"{root}/reconcile"

    def service(path: str) -> dict[str, str]:
        return {"service_url": place, "service_path": path}

    return {
        **_common(root, title, version, types),
        "versions": [VERSION, DRAFT],
        "view": {"url": f"{root}/doc/{{{{id}}}}"},
        "preview": {
            "url": f"{place}/preview?id={{{{id}}}}",
            "width": _WIDTH,
            "height": _HEIGHT,
        },
        "suggest": {kind: service(f"/suggest/{kind}") for kind in ("entity", "type", "property")},
        "extend": {
            "propose_properties": service("/extend/propose"),
            "property_settings": [
                {"name": key, "type": kind, "default": default, "label": name, "help_text": text}
                for key, kind, default, name, text in SETTINGS
            ],
        },
    }


def draft_manifest(
    root: str, title: str, version: str, types: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Describe the same service in the words of version 1.0-draft."""
    return {
        **_common(root, title, version, types),
        "versions": [DRAFT, VERSION],
        "view": {"url": f"{root}/doc/{{id}}"},
        "preview": {"width": _WIDTH, "height": _HEIGHT},
        "suggest": {"entity": True, "type": True, "property": True},
        "extend": {
            "proposeProperties": True,
            "propertySettings": [
                {"id": key, "type": kind, "default": default, "name": name, "helpText": text}
                for key, kind, default, name, text in SETTINGS
            ],
        },
    }


def _common(root: str, title: str, version: str, types: Sequence[dict[str, str]]) -> dict[str, Any]:
    return {
        "name": title,
        "identifierSpace": ID,
        "schemaSpace": KG,
        "documentation": f"{root}/openapi.json",
        "serviceVersion": version,
        "logo": f"{root}/static/mark.svg",
        "defaultTypes": list(types),
        "batchSize": MOST_QUERIES,
        "standardizedScore": True,
    }


MOST: Final = 20
LAST: Final = 1000

_LONGEST: Final = 200
_ENOUGH: Final = 50.0


def check_prefix(text: str) -> str:
    """Give the prefix without what stands around it; raises `BadParameter` for a long one."""
    if len(text) > _LONGEST:
        raise BadParameter(f"prefix has {len(text)} characters; at most {_LONGEST} are looked for.")
    return text.strip()


def suggest_things(
    index: SearchIndex, prefix: str, classes: Sequence[int] | None, cursor: int
) -> list[IndexedThing]:
    """Give the things with a name that begins with, else holds, else resembles the prefix."""
    name = index.read(prefix)
    if not name.form:
        return []
    wanted = cursor + MOST
    names = index.beginning_with(name.form, classes, 4 * wanted)
    ids = dict.fromkeys(each.thing for each in names)
    if len(ids) < wanted:
        found = find_candidates(index, prefix, classes, wanted)
        ids |= dict.fromkeys(each.thing.id for each in found if each.score >= _ENOUGH)
    chosen = list(ids)[cursor:wanted]
    things = index.things(chosen)
    return [things[each] for each in chosen]


def with_prefix(
    index: SearchIndex, prefix: str, named: Iterable[tuple[str, Mapping[str, str]]]
) -> list[str]:
    """Choose from identifiers with labels those that the prefix fits, the beginnings first."""
    wanted = index.read(prefix).form
    chosen = []
    for place, (identifier, labels) in enumerate(named):
        forms = [index.read(text).form for text in (identifier, *labels.values())]
        if any(form.startswith(wanted) for form in forms):
            chosen.append((0, place, identifier))
        elif any(wanted in form for form in forms):
            chosen.append((1, place, identifier))
    return [identifier for _, _, identifier in sorted(chosen)]
