"""A release small enough to know by heart, written by hand in release format 1.

Default graph: the merge of the named graphs, as in any release. Two clusters, two regions, one
application in two passages; labels in three languages; a literal with every awkward character.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import zstandard
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse, serialize

if TYPE_CHECKING:
    from pathlib import Path

PREFIXES: Final = {
    "id": "https://w3id.org/jiqun/id/",
    "kg": "https://w3id.org/jiqun/ontology#",
    "graph": "https://w3id.org/jiqun/graph/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "passage": "https://w3id.org/jiqun/source/tiny#",
}
HEADER: Final = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())

CONTENT: Final = (
    HEADER
    + r"""
graph:register {
  id:beijing a kg:Region ; rdfs:label "Beijing"@en , "北京"@zh-Hans , "北京"@zh-Hant .
  id:tianjin a kg:Region ; rdfs:label "Tianjin"@en , "天津"@zh-Hans , "天津"@zh-Hant .
  id:baoding-power a kg:Cluster ; rdfs:label "Baoding power equipment cluster"@en .
  id:life-health a kg:Cluster ; rdfs:label "Life and health cluster"@en , "生命健康集群"@zh-Hans .
  id:awkward rdfs:comment "a \"quoted\", comma\nnewline\ttab \\ backslash <&> 😀" .
}
graph:sources {
  <https://w3id.org/jiqun/source/tiny> a kg:Source ; rdfs:label "A tiny source"@en .
  passage:p1 a kg:Passage ; kg:passageOf <https://w3id.org/jiqun/source/tiny> ;
    kg:start 0 ; kg:end 4 ; kg:quote "生命健康"@zh-Hans .
  passage:p2 a kg:Passage ; kg:passageOf <https://w3id.org/jiqun/source/tiny> ;
    kg:start 4 ; kg:end 6 ; kg:quote "北京"@zh-Hans .
}
passage:p1 { id:life-health kg:coreArea id:beijing , id:tianjin ; kg:companies 1331 . }
passage:p2 { id:life-health kg:coreArea id:beijing ; kg:designatedOn "2024-02-01"^^xsd:date . }
"""
)

OFN: Final = "text/owl-functional"
BROWSE: Final = (
    "PREFIX kg: <https://w3id.org/jiqun/ontology#>\n"
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
)

QUALITY: Final[dict[str, Any]] = {
    "classes": [{"class": "https://w3id.org/jiqun/ontology#Cluster", "things": 2, "told": 1}],
    "sources": [
        {
            "source": "https://w3id.org/jiqun/source/tiny",
            "issued": "2024-12",
            "held": True,
            "passages": 2,
            "statements": 5,
        }
    ],
    "facts": {"stated": 5, "curated": 0, "share": 1.0},
    "links": [],
    "candidates": [{"candidate": "https://w3id.org/jiqun/id/baoding-power"}],
    "lists": [
        {
            "list": "https://w3id.org/jiqun/id/life-health",
            "size": 3,
            "missing": 2,
            "named": 1,
            "candidates": 1,
        }
    ],
    "depth": [{"measure": "promoter", "number": 1, "of": 2}],
    "open": {
        "disagreements": 0,
        "brandsWithCandidates": 0,
        "locationsReadFromNames": 0,
        "industriesMapped": 0,
    },
    "rules": {
        "checked": 2,
        "findings": 3,
        "broken": [{"rule": "data-label", "findings": 3}],
    },
    "freshness": {
        "newest": "2024-12",
        "oldest": "2024-12",
        "years": [{"year": "2024", "sources": 1, "statements": 5}],
    },
    "datasets": [
        {
            "dataset": "https://w3id.org/jiqun/id/beijing",
            "licence": "https://creativecommons.org/licenses/by/4.0/",
            "attribution": "Contains data from somebody <else>",
            "address": "https://example.org/",
        }
    ],
    "labels": {
        "https://w3id.org/jiqun/id/life-health": {"en": "Life and health cluster"},
        "https://w3id.org/jiqun/id/baoding-power": {"en": "Baoding power equipment cluster"},
    },
}

QUERIES: Final[list[dict[str, Any]]] = [
    {
        "name": "clusters-of-a-region",
        "summary": {"en": "Clusters of a region", "zh-Hans": "一个地区的集群"},
        "description": {"en": "The clusters that have the region as a core area."},
        "tags": ["places"],
        "form": "SELECT",
        "text": BROWSE
        + "SELECT ?cluster ?area WHERE { ?cluster kg:coreArea ?_place_iri , ?area }\n"
        + "ORDER BY ?cluster ?area",
        "parameters": [
            {
                "name": "place",
                "variable": "_place_iri",
                "type": "iri",
                "default": None,
                "required": False,
                "description": {"en": "The region."},
                "values": None,
            }
        ],
        "example": {"place": "beijing"},
    },
    {
        "name": "things-by-label",
        "summary": {"en": "Things by label"},
        "description": {"en": "The things whose label contains a text."},
        "tags": ["look-up"],
        "form": "SELECT",
        "text": BROWSE
        + "SELECT ?thing ?label WHERE { ?thing rdfs:label ?label\n"
        + "FILTER(CONTAINS(STR(?label), STR(?_name_literal)) && LANG(?label) = ?_language_lang) }\n"
        + "ORDER BY ?thing ?label",
        "parameters": [
            {
                "name": "name",
                "variable": "_name_literal",
                "type": "literal",
                "default": None,
                "required": True,
                "description": {"en": "A part of the label."},
                "values": None,
            },
            {
                "name": "language",
                "variable": "_language_lang",
                "type": "lang",
                "default": "en",
                "required": False,
                "description": {"en": "The language of the label."},
                "values": ["en", "zh-hans"],
            },
        ],
        "example": {"name": "Bei"},
    },
    {
        "name": "size-over",
        "summary": {"en": "Is there a cluster with more companies?"},
        "description": {"en": "Whether a cluster has more companies than a number."},
        "tags": ["figures"],
        "form": "ASK",
        "text": BROWSE + "ASK { ?cluster kg:companies ?count FILTER(?count > ?_least_integer) }",
        "parameters": [
            {
                "name": "least",
                "variable": "_least_integer",
                "type": "integer",
                "default": "1000",
                "required": False,
                "description": {"en": "The number."},
                "values": None,
            }
        ],
        "example": {"least": "1000"},
    },
    {
        "name": "areas-as-graph",
        "summary": {"en": "Areas as a graph"},
        "description": {"en": "The core areas as triples."},
        "tags": ["places"],
        "form": "CONSTRUCT",
        "text": BROWSE
        + "CONSTRUCT { ?cluster kg:coreArea ?area } WHERE { ?cluster kg:coreArea ?area }",
        "parameters": [],
        "example": {},
    },
]


FURTHER: Final[dict[str, tuple[bytes, dict[str, Any]]]] = {
    "clusters.csv": (
        b"cluster,label_en\r\nhttps://w3id.org/jiqun/id/life-health,Life and health\r\n",
        {
            "mediaType": "text/csv; charset=utf-8; header=present",
            "rows": 1,
            "group": "tables",
            "title": {"en": "Clusters", "zh-Hans": "集群", "zh-Hant": "集群"},
            "conformsTo": "https://www.rfc-editor.org/rfc/rfc4180",
        },
    ),
    "context.jsonld": (
        b'{"@context": {"kg": "https://w3id.org/jiqun/ontology#"}}',
        {"mediaType": "application/ld+json", "group": "rdf"},
    ),
}


def _packed(content: bytes | None) -> tuple[bytes, dict[str, Any]]:
    packed = zstandard.ZstdCompressor().compress(content or b"")
    return packed, {"mediaType": "application/n-triples", "packing": "zstd"}


def _ontology(quads: list[Quad]) -> bytes:
    graph = NamedNode("https://w3id.org/jiqun/graph/ontology")
    triples = [quad.triple for quad in quads if quad.graph_name == graph]
    return serialize(triples, format=RdfFormat.TURTLE) or b""


def write_release(folder: Path, further: str = "", version: str = "0.0.1") -> Path:
    """Write the tiny release into `folder`, the manifest last; gives `folder` back.

    `further` is Turtle for the register, for a release that differs.
    """
    folder.mkdir(parents=True)
    named = list(parse(f"{CONTENT}graph:register {{ {further} }}", RdfFormat.TRIG))
    merged = sorted(
        {Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in named}, key=str
    )
    store = Store(str(folder / "store"))
    store.extend([*named, *merged])
    store.flush()
    store.optimize()
    del store
    triples = [quad.triple for quad in merged]
    contents = {
        "jiqun.ttl.gz": (serialize(triples, format=RdfFormat.TURTLE), "text/turtle", len(triples)),
        "jiqun.nt.gz": (
            serialize(triples, format=RdfFormat.N_TRIPLES),
            "application/n-triples",
            len(triples),
        ),
        "jiqun.nq.gz": (
            serialize([*merged, *named], format=RdfFormat.N_QUADS),
            "application/n-quads",
            len(merged) + len(named),
        ),
        "jiqun.trig.gz": (
            serialize([*merged, *named], format=RdfFormat.TRIG),
            "application/trig",
            len(merged) + len(named),
        ),
    }
    files: dict[str, dict[str, Any]] = {}
    for name, (content, media_type, count) in contents.items():
        packed = gzip.compress(content or b"", 6, mtime=0)
        (folder / name).write_bytes(packed)
        files[name] = {
            "sha256": hashlib.sha256(packed).hexdigest(),
            "bytes": len(packed),
            "mediaType": media_type,
            "triples": count,
        }
    further_files = {**FURTHER, "jiqun.nt.zst": _packed(contents["jiqun.nt.gz"][0])}
    for name, (raw, entry) in further_files.items():
        (folder / name).write_bytes(raw)
        digest = hashlib.sha256(raw).hexdigest()
        files[name] = {"sha256": digest, "bytes": len(raw), **entry}
    plain = {
        "quality.json": (json.dumps(QUALITY, ensure_ascii=False).encode(), "application/json"),
        "ontology-0.0.1.ttl": (_ontology(named), "text/turtle"),
        "ontology-0.0.1.ofn": (b"Ontology(<https://w3id.org/jiqun/ontology>)\n", OFN),
    }
    for name, (raw, media_type) in plain.items():
        (folder / name).write_bytes(raw)
        digest = hashlib.sha256(raw).hexdigest()
        files[name] = {"sha256": digest, "bytes": len(raw), "mediaType": media_type}
    (folder / "queries.json").write_text(json.dumps(QUERIES, ensure_ascii=False), "utf-8")
    manifest = {
        "format": 1,
        "title": "Jiqun",
        "version": version,
        "release": hashlib.sha256(contents["jiqun.nq.gz"][0] or b"").hexdigest(),
        "ontology": {
            "iri": "https://w3id.org/jiqun/ontology",
            "versionIRI": "https://w3id.org/jiqun/ontology/0.0.1",
        },
        "counts": {
            "triples": len(merged),
            "quads": len(named),
            "graphs": 4,
            "sources": 1,
            "passages": 2,
            "statements": 5,
            "clusters": 2,
            "regions": 2,
            "queries": len(QUERIES),
        },
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
    return folder
