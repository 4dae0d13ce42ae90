"""Short URLs of queries: the compressed query itself, so that nothing needs to be stored.

Any server of any release can read them. `_WORDS` is part of the format and never changes; a
different dictionary would be another version, with another first character.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from jiqun.errors import NotFound

LONGEST: Final = 4000
"""Maximum length of a query with a short URL, in characters."""

_VERSION: Final = "1"
_WORDS: Final = (
    b"GROUP_CONCAT(DISTINCT COALESCE(STRSTARTS(CONTAINS(LCASE(REGEX(BOUND(COUNT(SUM(MAX(MIN("
    b"skos:prefLabel skos:altLabel dcterms:issued dcterms:publisher geo:hasGeometry/geo:asWKT "
    b"kg:Observation kg:Company kg:Brand kg:Region kg:Goal kg:Claim kg:Participation kg:Application"
    b" kg:Designation kg:PolicyDocument kg:Source kg:Passage kg:CandidateCluster kg:population "
    b"kg:period kg:targetValue kg:wording kg:about kg:metric kg:value kg:bound kg:unit kg:quote "
    b"kg:keyArea kg:coreArea kg:within kg:locatedIn kg:applicationFor kg:leadApplicant "
    b"kg:jointApplicant kg:participant kg:inProvince kg:listedOn kg:inIndustry kg:NationalCluster "
    b"PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n"
    b"PREFIX src: <https://w3id.org/jiqun/source/>\n"
    b"PREFIX graph: <https://w3id.org/jiqun/graph/>\n"
    b"PREFIX geo: <http://www.opengis.net/ont/geosparql#>\n"
    b"PREFIX dcterms: <http://purl.org/dc/terms/>\n"
    b"PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n"
    b"PREFIX id: <https://w3id.org/jiqun/id/>\n"
    b"PREFIX kg: <https://w3id.org/jiqun/ontology#>\n"
    b"PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n\nSELECT DISTINCT ?cluster ?label "
    b"?passage ?value ?unit ?thing ?place\nWHERE {\n  GRAPH ?passage { ?figure ?application a "
    b"kg:Cluster ; rdfs:label ?label .\n  OPTIONAL { ?cluster rdfs:label ?clusterLabel FILTER "
    b'(LANGMATCHES(LANG(?label), "en")) "zh-Hans" "zh-Hant" }\n  FILTER NOT EXISTS { BIND (STR('
    b" AS ?count) UNION { VALUES MINUS { }\n}\nGROUP BY ?cluster\nORDER BY DESC(?value) ?cluster\n"
    b"LIMIT 100\n"
)


def short_path(query: str) -> str | None:
    """Return the short path of a query; None if it is too long."""
    if len(query) > LONGEST:
        return None
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    packed = packer.compress(query.encode(errors="replace")) + packer.flush()
    return f"/q/{_VERSION}{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def read_short(code: str) -> str:
    """Decode the last segment of a short path; raises `NotFound`."""
    damaged = NotFound("This is not the short URL of a query, or it is incomplete.")
    if not code.startswith(_VERSION) or len(code) > 4 * LONGEST:
        raise damaged
    body = code[len(_VERSION) :]
    unpacker = zlib.decompressobj(-15, _WORDS)
    try:
        packed = base64.b64decode(f"{body}{'=' * (-len(body) % 4)}", b"-_", validate=True)
        text = unpacker.decompress(packed, 4 * LONGEST).decode()
    except (binascii.Error, ValueError, zlib.error):
        raise damaged from None
    if not unpacker.eof or unpacker.unused_data or len(text) > LONGEST:
        raise damaged
    return text
