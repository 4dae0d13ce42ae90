"""The tables of a release in Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html).

Made from the Frictionless descriptor `datapackage.json`, which knows the columns, and from the
manifest, which knows the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.catalogue.files import bare_type, file_address
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.vocabulary import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.endpoint.release import Release

DESCRIPTOR: Final = "datapackage.json"
_VERSION: Final = "http://mlcommons.org/croissant/1.0"
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES: Final = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}


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
    told = {
        "@type": "cr:Field",
        "@id": f"{table}/{name}",
        "name": f"{table}/{name}",
        "description": field.get("description", name),
        "dataType": "sc:URL" if uri else _TYPES.get(field.get("type", ""), "sc:Text"),
        "source": {"fileObject": {"@id": path}, "extract": {"column": name}},
    }
    if name in refers:
        told["references"] = {"field": {"@id": refers[name]}}
    return told
