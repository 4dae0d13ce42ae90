"""The manifest of the reconciliation service, in the words of either version of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.reconciliation.asks import MOST_QUERIES
from jiqun.endpoint.reconciliation.extension import SETTINGS
from jiqun.vocabulary import ID, KG

if TYPE_CHECKING:
    from collections.abc import Sequence

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
