"""The dataset in the terms of schema.org, as search engines of datasets read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.catalogue.files import PACKINGS, bare_type, file_address
from jiqun.endpoint.catalogue.reading import Said
from jiqun.endpoint.catalogue.words import DCAT, DCTERMS, FOAF
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.vocabulary import BASE, CATALOGUE, DATASET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.endpoint.linked.graph import Statement
    from jiqun.endpoint.release import Dump, Release

_PUBLISHER: Final = f"{DATASET}#publisher"
_PERIOD: Final = f"{DATASET}#period"


def dataset_document(
    statements: Iterable[Statement], release: Release, root: str
) -> dict[str, Any]:
    """Return the description as JSON-LD: https://schema.org/Dataset."""
    said = Said(statements)
    name = _texts(said.words(DATASET, f"{DCTERMS}title")) or release.title
    publisher = {
        "@type": "Organization",
        "@id": _PUBLISHER,
        "name": said.words(_PUBLISHER, f"{FOAF}name").get("en", release.title),
        "url": BASE,
    }
    document = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": DATASET,
        "url": f"{root}/",
        "name": name,
        "description": _texts(said.words(DATASET, f"{DCTERMS}description")) or name,
        "version": release.version,
        "identifier": DATASET,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creator": publisher,
        "publisher": publisher,
        "keywords": [_text(each.value, each.lang) for each in said.all(DATASET, f"{DCAT}keyword")],
        "inLanguage": ["en", "zh-Hans", "zh-Hant"],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": CATALOGUE,
            "name": said.words(CATALOGUE, f"{DCTERMS}title").get("en", release.title),
            "url": f"{root}/catalogue",
        },
        "distribution": [_download(each, root) for each in release.dumps.values()],
    }
    modified = said.one(DATASET, f"{DCTERMS}modified")
    if modified:
        start, end = (said.one(_PERIOD, f"{DCAT}{each}Date") for each in ("start", "end"))
        document["dateModified"] = modified
        document["temporalCoverage"] = f"{start}/{end}"
        document["spatialCoverage"] = {"@type": "Country", "name": "China", "identifier": "CN"}
    return document


def _download(dump: Dump, root: str) -> dict[str, Any]:
    kinds = [
        bare_type(dump),
        *([PACKINGS[dump.path.suffix]] if dump.path.suffix in PACKINGS else []),
    ]
    return {
        "@type": "DataDownload",
        "name": dump.title.get("en", dump.name),
        "contentUrl": file_address(root, dump),
        "encodingFormat": kinds if len(kinds) > 1 else kinds[0],
        "contentSize": f"{dump.size} B",
        "sha256": dump.sha256,
    }


def _texts(words: dict[str, str]) -> Any:
    return [_text(value, lang) for lang, value in sorted(words.items())]


def _text(value: str, lang: str) -> Any:
    return {"@language": lang, "@value": value} if lang else value
