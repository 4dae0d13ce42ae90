"""A small content of its own, so that the tests of the program do not hang on the real data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jiqun.knowledge.content import Content

if TYPE_CHECKING:
    from pathlib import Path

PREFIXES = """\
@prefix id: <https://w3id.org/jiqun/id/> .
@prefix kg: <https://w3id.org/jiqun/ontology#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix src: <https://w3id.org/jiqun/source/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
OWN = "@prefix passage: <https://w3id.org/jiqun/source/gazette#> .\n"
TEXT = "泵集群公报\n\n泵集群位于𠮷县。2024年有企业120家以上。\n"
ONTOLOGY = """
<https://w3id.org/jiqun/ontology> a owl:Ontology ; owl:versionInfo "0.1.0" ;
    owl:versionIRI <https://w3id.org/jiqun/ontology/0.1.0> .
kg:Region a owl:Class .
kg:Cluster a owl:Class ; rdfs:subClassOf kg:Thing ,
    [ a owl:Restriction ; owl:onProperty kg:within ; owl:minCardinality 1 ] ,
    [ a owl:Restriction ; owl:onProperty kg:size ; owl:maxCardinality 1 ] .
kg:Thing a owl:Class .
kg:Source a owl:Class .
kg:Passage a owl:Class .
kg:within a owl:ObjectProperty , owl:TransitiveProperty ; owl:inverseOf kg:contains .
kg:contains a owl:ObjectProperty .
kg:locatedIn a owl:ObjectProperty ; rdfs:subPropertyOf kg:about .
kg:about a owl:ObjectProperty .
kg:size a owl:DatatypeProperty .
kg:passageOf a owl:ObjectProperty .
kg:start a owl:DatatypeProperty .
kg:end a owl:DatatypeProperty .
kg:quote a owl:DatatypeProperty .
kg:textSha256 a owl:DatatypeProperty .
kg:textLength a owl:DatatypeProperty .
"""
SHAPES = """
kg:ClusterShape a sh:NodeShape ; sh:targetClass kg:Cluster ;
    sh:property [ sh:path kg:size ; sh:datatype xsd:integer ; sh:message "a size is a number"@en ] ;
    sh:property [ sh:path rdfs:label ; sh:minCount 1 ; sh:message "needs a label"@en ] .
"""
REGISTER = """
id:hebei a kg:Region ; rdfs:label "Hebei"@en , "河北"@zh-Hans , "河北"@zh-Hant .
id:ji-county a kg:Region ; kg:within id:zhuo-city ; rdfs:label "Ji County"@en .
id:pumps a kg:Cluster ; rdfs:label "Pumps"@en , "泵集群"@zh-Hans .
id:zhuo-city a kg:Region ; kg:within id:hebei ; rdfs:label "Zhuo City"@en .
"""
SOURCE = f"""
src:gazette a kg:Source ; kg:textLength {len(TEXT)} ;
    kg:textSha256 "{hashlib.sha256(TEXT.encode()).hexdigest()}" .
passage:p1 a kg:Passage ; kg:passageOf src:gazette ; kg:start 0 ; kg:end 5 .
passage:p2 a kg:Passage ; kg:passageOf src:gazette ; kg:start 7 ; kg:end 30 ;
    kg:quote "位于𠮷县"@zh-Hans , "企业120家以上"@zh-Hans .
"""
FACTS = """
passage:p2 { id:pumps kg:locatedIn id:ji-county ; kg:size 0120 . }
"""
RULE = """\
#+ summary: Every region lies somewhere
#+ message: "{subject} lies nowhere, it is called {name}"
#+ dataset: all

PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?subject ?name
WHERE {
  ?subject a kg:Region ; rdfs:label ?name
  FILTER (?subject != <https://w3id.org/jiqun/id/hebei>)
  MINUS { ?subject kg:within ?place }
}
"""
INFERENCE = """\
#+ summary: What lies in a part lies in the whole
PREFIX kg: <https://w3id.org/jiqun/ontology#>
CONSTRUCT { ?thing kg:locatedIn ?whole }
WHERE { ?thing kg:locatedIn ?part . ?part kg:within ?whole }
"""
QUERY = """\
#+ summary: Where is a cluster?
#+ summary@zh-Hans: 集群在哪里?
#+ summary@zh-Hant: 集群在哪裡?
#+ description: Every place that a cluster lies in.
#+ description@zh-Hans: 集群所在的每一个地点。
#+ description@zh-Hant: 集群所在的每一個地點。
#+ defaults:
#+   - cluster: id:pumps
#+ parameters:
#+   cluster: the cluster
#+   limit: how many at most
#+ tags:
#+   - places

PREFIX kg: <https://w3id.org/jiqun/ontology#>

SELECT ?place
WHERE {
  ?_cluster_iri kg:locatedIn ?place  # not ?_a_comment
  FILTER (STR(?place) != "?_a_string")
  FILTER (!BOUND(?_limit_integer) || STRLEN(STR(?place)) < ?_limit_integer)
}
ORDER BY ?place
"""


@dataclass(frozen=True)
class Small:
    """A content of its own to break: `content` is what the program sees, `texts` the texts."""

    content: Content
    texts: Path

    def path(self, name: str) -> Path:
        return self.content.root / name

    def replace(self, name: str, old: str, new: str) -> None:
        """Put `new` for `old`, which must be there, in one file."""
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")


def write_small(folder: Path) -> Small:
    """Write the content and its texts into an empty folder."""
    root = folder / "content"
    files = {
        "ontology/prefixes.ttl": PREFIXES,
        "ontology/jiqun.ttl": PREFIXES + ONTOLOGY,
        "ontology/shapes.ttl": PREFIXES + SHAPES,
        "ontology/rules/region-somewhere.rq": RULE,
        "ontology/inferences/located-upwards.rq": INFERENCE,
        "data/register/things.ttl": PREFIXES + REGISTER,
        "data/sources/gazette/source.ttl": PREFIXES + OWN + SOURCE,
        "data/sources/gazette/facts.trig": PREFIXES + OWN + FACTS,
        "queries/where.rq": QUERY,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    article = folder / "texts" / "gazette" / "article.txt"
    article.parent.mkdir(parents=True)
    article.write_bytes(TEXT.encode("utf-8"))
    return Small(Content(root), folder / "texts")
