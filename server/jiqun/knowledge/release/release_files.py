"""The files of a release: writing them, and their descriptions in the manifest.

A text is written uncompressed, or as gzip (RFC 1952, without name or time) and Zstandard (RFC
8878): the same bytes on every machine that has the same libraries.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import zstandard

from jiqun.rdf.terms import LANGUAGES

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 9
_TR: Final = "https://www.w3.org/TR"
_CONTEXT: Final = 'application/ld+json; profile="http://www.w3.org/ns/json-ld#context"'


@dataclass(frozen=True)
class Offer:
    """The description of a file.

    `group` is `rdf`, `tables`, `maps`, `graphs`, or `about` for machine-readable metadata; `title`
    is by language; `conforms_to` is the URL of the specification of the format; a `packed` file is
    written as `.gz` and as `.zst`.
    """

    group: str
    media_type: str
    title: Mapping[str, str] = field(default_factory=dict)
    conforms_to: str = ""
    packed: bool = False


@dataclass(frozen=True)
class Written:
    """A file that was written, with SHA-256 in hexadecimal and size in bytes.

    `text_sha256` is that of the uncompressed content: it is the same on every machine, while the
    compressed bytes depend on the version of zlib. `counts` has its number of triples, rows or
    features.
    """

    name: str
    sha256: str
    text_sha256: str
    bytes: int
    offer: Offer
    counts: Mapping[str, int]
    packing: str = ""

    def entry(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        entry: dict[str, Any] = {
            "sha256": self.sha256,
            "textSha256": self.text_sha256,
            "bytes": self.bytes,
            "mediaType": self.offer.media_type,
            "packing": self.packing,
            "group": self.offer.group,
            "title": dict(self.offer.title),
            "conformsTo": self.offer.conforms_to,
        }
        return {key: value for key, value in entry.items() if value} | dict(self.counts)


def write_packed(
    folder: Path, name: str, text: str, offer: Offer, counts: Mapping[str, int]
) -> list[Written]:
    """Write `text` as `name.gz` and `name.zst`, and describe both."""
    raw = text.encode("utf-8")
    packed = {"gzip": (".gz", _gzip(raw)), "zstd": (".zst", _zstd(raw))}
    written = []
    for packing, (suffix, content) in packed.items():
        (folder / f"{name}{suffix}").write_bytes(content)
        digests = _sha256(content), _sha256(raw)
        size = len(content)
        written.append(Written(f"{name}{suffix}", *digests, size, offer, counts, packing))
    return written


def write_plain(
    folder: Path, name: str, content: str | bytes, offer: Offer, counts: Mapping[str, int]
) -> Written:
    """Write the content uncompressed, text as UTF-8, and describe the file."""
    raw = content.encode("utf-8") if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    return Written(name, _sha256(raw), _sha256(raw), len(raw), offer, counts)


def write_json(folder: Path, name: str, content: object) -> Written:
    """Write machine-readable metadata, indented, and describe the file."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return write_plain(folder, name, text, _METADATA, {})


def _gzip(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(
        filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=buffer, mtime=0
    ) as out:
        out.write(raw)
    return buffer.getvalue()


def _zstd(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(raw)


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


_METADATA: Final = Offer("about", "application/json")


def _offer(group: str, media_type: str, standard: str, english: str, *chinese: str) -> Offer:
    title = dict(zip(LANGUAGES, (english, *chinese), strict=True))
    packed = group == "rdf" and media_type != _CONTEXT
    return Offer(group, media_type, title, standard, packed)


OFFERS: Final[dict[str, Offer]] = {
    "jiqun.ttl": _offer(
        "rdf",
        "text/turtle",
        f"{_TR}/turtle/",
        "Turtle for people: the default graph, by kind of thing",
        "供人阅读的 Turtle：默认图，按事物种类分节",
        "供人閱讀的 Turtle：預設圖，按事物種類分節",
    ),
    "jiqun-1.2.ttl": _offer(
        "rdf",
        "text/turtle; version=1.2",
        f"{_TR}/rdf12-turtle/",
        "RDF 1.2 Turtle: the default graph, each statement with its evidence as reifiers",
        "RDF 1.2 Turtle：默认图，每条陈述以具体化节点附上依据",
        "RDF 1.2 Turtle：預設圖，每條陳述以具體化節點附上依據",
    ),
    "jiqun.nt": _offer(
        "rdf",
        "application/n-triples",
        f"{_TR}/n-triples/",
        "N-Triples: the default graph, canonical",
        "N-Triples：默认图，规范形式",
        "N-Triples：預設圖，規範形式",
    ),
    "jiqun.nq": _offer(
        "rdf",
        "application/n-quads",
        f"{_TR}/n-quads/",
        "N-Quads: everything, canonical (RDFC-1.0)",
        "N-Quads：全部内容，规范形式（RDFC-1.0）",
        "N-Quads：全部內容，規範形式（RDFC-1.0）",
    ),
    "jiqun.trig": _offer(
        "rdf",
        "application/trig",
        f"{_TR}/trig/",
        "TriG: everything, a named graph for each passage",
        "TriG：全部内容，每个段落一个命名图",
        "TriG：全部內容，每個段落一個命名圖",
    ),
    "jiqun.rdf": _offer(
        "rdf",
        "application/rdf+xml",
        f"{_TR}/rdf-syntax-grammar/",
        "RDF/XML: the default graph",
        "RDF/XML：默认图",
        "RDF/XML：預設圖",
    ),
    "jiqun.jsonld": _offer(
        "rdf",
        "application/ld+json",
        f"{_TR}/json-ld11/",
        "JSON-LD: the default graph, with its context in it",
        "JSON-LD：默认图，自带上下文",
        "JSON-LD：預設圖，自帶上下文",
    ),
    "context.jsonld": _offer(
        "rdf",
        _CONTEXT,
        f"{_TR}/json-ld11/",
        "JSON-LD context: short names for the terms",
        "JSON-LD 上下文：术语的短名",
        "JSON-LD 上下文：術語的短名",
    ),
    "evidence.ttl": _offer(
        "rdf",
        "text/turtle",
        f"{_TR}/turtle/",
        "Turtle: who says what, as RDF 1.1 statements",
        "Turtle：谁说了什么，以 RDF 1.1 陈述表示",
        "Turtle：誰說了甚麼，以 RDF 1.1 陳述表示",
    ),
    "regions.geojson": _offer(
        "maps",
        "application/geo+json",
        "https://www.rfc-editor.org/rfc/rfc7946",
        "GeoJSON: the regions, as areas or points",
        "GeoJSON：各地区的面或点",
        "GeoJSON：各地區的面或點",
    ),
    "clusters.geojson": _offer(
        "maps",
        "application/geo+json",
        "https://www.rfc-editor.org/rfc/rfc7946",
        "GeoJSON: the clusters, at the points of their places",
        "GeoJSON：各集群，以所在地的点表示",
        "GeoJSON：各集群，以所在地的點表示",
    ),
    "jiqun.gexf": _offer(
        "graphs",
        "application/gexf+xml",
        "http://gexf.net/1.2/",
        "GEXF for Gephi: who is in which cluster, and where",
        "供 Gephi 使用的 GEXF：谁在哪个集群，集群在何处",
        "供 Gephi 使用的 GEXF：誰在哪個集群，集群在何處",
    ),
    "jiqun.graphml": _offer(
        "graphs",
        "application/graphml+xml",
        "http://graphml.graphdrawing.org/",
        "GraphML for NetworkX and yEd: the same network",
        "供 NetworkX 和 yEd 使用的 GraphML：同一网络",
        "供 NetworkX 和 yEd 使用的 GraphML：同一網絡",
    ),
    "datapackage.json": _offer(
        "tables",
        "application/json",
        "https://datapackage.org/standard/data-package/",
        "Frictionless data package: what the tables and their columns are",
        "Frictionless 数据包：说明各表及其列",
        "Frictionless 數據包：說明各表及其列",
    ),
    **dict.fromkeys(("queries.json", "quality.json", "vocab.json"), _METADATA),
}
"""By name, without the suffix of the compression. The tables describe themselves."""


def ontology_offer(media_type: str) -> Offer:
    """Return the description of a file of one version of the ontology."""
    return Offer("about", media_type, {}, "https://www.w3.org/TR/owl2-overview/")
