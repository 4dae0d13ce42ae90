"""schema.org: the dataset for search engines, and its tables in Croissant 1.0.

Croissant (https://docs.mlcommons.org/croissant/docs/croissant-spec.html) is generated from the
Frictionless descriptor `datapackage.json`, which has the columns, and from the manifest, which has
the files.

A data block (`<script type="application/ld+json">`) is not executed, so the content security policy
of the pages, which forbids inline code, does not apply to it (HTML Standard, "prepare the script
element"). Nothing in it can end the block: `<`, `>` and `&` are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import Markup
from pyoxigraph import Triple

from jiqun.errors import NotFound, ReleaseError
from jiqun.rdf.namespaces import BASE, CATALOGUE, DATASET, DCAT, DCTERMS, FOAF, LICENCE
from jiqun.release import Dump, Release
from jiqun.web.documents import Context, Document, json_document
from jiqun.web.linked_data.descriptions import descriptions, first, texts
from jiqun.web.metadata.dcat import PACKINGS, bare_type, file_address, read_catalogue_graph

_PUBLISHER: Final = f"{DATASET}#publisher"
_PERIOD: Final = f"{DATASET}#period"
DESCRIPTOR: Final = "datapackage.json"
_VERSION: Final = "http://mlcommons.org/croissant/1.0"
_TERMS: Final = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
    "conformsTo": "dct:conformsTo",
}
_TYPES: Final = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}
_ESCAPES: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def dataset_document(triples: Iterable[Triple], release: Release, root: str) -> dict[str, Any]:
    """Return the description as JSON-LD: https://schema.org/Dataset."""
    described = descriptions(triples)
    dataset = described[DATASET]
    name = _language_map(texts(dataset, f"{DCTERMS}title")) or release.title
    publisher = {
        "@type": "Organization",
        "@id": _PUBLISHER,
        "name": texts(described[_PUBLISHER], f"{FOAF}name").get("en", release.title),
        "url": BASE,
    }
    document = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": DATASET,
        "url": f"{root}/",
        "name": name,
        "description": _language_map(texts(dataset, f"{DCTERMS}description")) or name,
        "version": release.version,
        "identifier": DATASET,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creator": publisher,
        "publisher": publisher,
        "keywords": [_text(each.value, each.lang) for each in dataset.get(f"{DCAT}keyword", ())],
        "inLanguage": ["en", "zh-Hans", "zh-Hant"],
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "@id": CATALOGUE,
            "name": texts(described[CATALOGUE], f"{DCTERMS}title").get("en", release.title),
            "url": f"{root}/catalogue",
        },
        "distribution": [_download(each, root) for each in release.dumps.values()],
    }
    modified = first(dataset, f"{DCTERMS}modified")
    if modified:
        start, end = (first(described[_PERIOD], f"{DCAT}{each}Date") for each in ("start", "end"))
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


def _language_map(words: dict[str, str]) -> Any:
    return [_text(value, lang) for lang, value in sorted(words.items())]


def _text(value: str, lang: str) -> Any:
    return {"@language": lang, "@value": value} if lang else value


def croissant_document(context: Context, root: str) -> Document:
    """Return the Croissant description of the tables; raises `NotFound` without tables."""
    release = context.release
    descriptor = release.dumps.get(DESCRIPTOR)
    if descriptor is None:
        raise NotFound("This release has no tables.")
    catalogue = descriptions(read_catalogue_graph(context.select))
    modified = first(catalogue[DATASET], f"{DCTERMS}modified")
    try:
        package = json.loads(descriptor.path.read_bytes())
        document = croissant(package, release, root, modified)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseError(f"{DESCRIPTOR} of the release is damaged.") from None
    return json_document(document, vary="Accept-Encoding", indent=1)


def croissant(
    package: Mapping[str, Any], release: Release, root: str, modified: str
) -> dict[str, Any]:
    """Return the description as JSON-LD; `package` is the descriptor, `modified` an ISO date."""
    files = [each for each in package["resources"] if each["path"] in release.dumps]
    keys = {each["name"]: list(each["schema"].get("primaryKey", ())) for each in files}
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _VERSION,
        "name": "jiqun",
        "description": f"{package.get('title', release.title)}. {package.get('description', '')}",
        "license": LICENCE,
        "url": f"{root}/",
        "version": release.version,
        "creator": {"@type": "Organization", "name": "The Jiqun project", "url": BASE},
        "citeAs": f"The Jiqun project: Jiqun, version {release.version}. {BASE}",
        "distribution": [_file(each["path"], release, root) for each in files],
        "recordSet": [_records(each, keys) for each in files],
    }
    return document | ({"datePublished": modified} if modified else {})


def _file(name: str, release: Release, root: str) -> dict[str, Any]:
    dump = release.dumps[name]
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": file_address(root, dump),
        "contentSize": f"{dump.size} B",
        "encodingFormat": bare_type(dump),
        "sha256": dump.sha256,
    }


def _records(resource: Mapping[str, Any], keys: Mapping[str, list[str]]) -> dict[str, Any]:
    name, schema = resource["name"], resource["schema"]
    refers = {
        key["fields"]: f"{key['reference']['resource']}/{key['reference']['fields']}"
        for key in schema.get("foreignKeys", ())
        # mlcroissant cannot load a record set that refers to itself
        if isinstance(key["fields"], str) and key["reference"]["resource"] in keys.keys() - {name}
    }
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": resource.get("title", name),
        "key": [{"@id": f"{name}/{each}"} for each in keys[name]],
        "field": [_field(name, resource["path"], each, refers) for each in schema["fields"]],
    }


def _field(
    table: str, path: str, field: Mapping[str, Any], refers: Mapping[str, str]
) -> dict[str, Any]:
    name = field["name"]
    uri = field.get("format") == "uri"
    described = {
        "@type": "cr:Field",
        "@id": f"{table}/{name}",
        "name": f"{table}/{name}",
        "description": field.get("description", name),
        "dataType": "sc:URL" if uri else _TYPES.get(field.get("type", ""), "sc:Text"),
        "source": {"fileObject": {"@id": path}, "extract": {"column": name}},
    }
    if name in refers:
        described["references"] = {"field": {"@id": refers[name]}}
    return described


def data_block(document: Mapping[str, Any]) -> Markup:
    """Return a JSON-LD document as the content of a data block."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 -- all markup is escaped
