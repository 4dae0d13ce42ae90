"""RDF4J and GraphDB answer; Neo4j takes the triples in through neosemantics; HDT packs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop import batch, java
from interop.tool import CACHE, HERE, Question, Refused, Tool, fresh

if TYPE_CHECKING:
    from pathlib import Path

_OPTIONS: Final = {
    "rdf4j": (),
    # GraphDB would tell its makers that it was started; here nothing leaves the machine.
    "graphdb": (
        "-Dstatistics-endpoint=disabled",
        f"-Dgraphdb.home={CACHE / 'scratch' / 'graphdb-home'}",
        f"-Dlogback.configurationFile={HERE / 'java' / 'logback.xml'}",
    ),
}
_NEO4J_JAVA: Final = 17


def _rdf4j(sail: str, file: Path, questions: list[Question]) -> tuple[int, batch.Answers]:
    scratch = fresh(CACHE / "scratch" / sail)
    folder = batch.write(CACHE / "scratch" / f"{sail}-queries", questions)
    arguments = ("Rdf4jQueries.java", sail, file, scratch, folder)
    said = java.run(sail, *arguments, options=_OPTIONS[sail])
    return int(said.split()[-1]), batch.read(folder, questions)


def _store(name: str, sail: str, package: str, jar: str, files: tuple[str, ...]) -> Tool:
    return Tool(
        name,
        "Maven Central",
        package,
        lambda: java.version(sail, jar),
        counts=dict.fromkeys(files, lambda file: _rdf4j(sail, file, [])[0]),
        answers=dict.fromkeys(
            ("jiqun.nt", "jiqun.nq"), lambda file, asked: _rdf4j(sail, file, asked)[1]
        ),
        few=True,
    )


def neo4j(folder: str, statements: str) -> list[str]:
    """Run Cypher in a new database with neosemantics; return the rows."""
    home = fresh(CACHE / "scratch" / folder)
    (home / "plugins").mkdir()
    for jar in java.jars("neo4j").glob("neosemantics-*.jar"):
        (home / "plugins" / jar.name).write_bytes(jar.read_bytes())
    (home / "neo4j.conf").write_text("dbms.security.procedures.unrestricted=n10s.*\n", "utf-8")
    script = home / "statements.cypher"
    script.write_text(statements, "utf-8")
    return java.run("neo4j", "Neosemantics.java", home, script, most=_NEO4J_JAVA).splitlines()


def _neosemantics(file: Path) -> int:
    syntax = {"ttl": "Turtle", "nt": "N-Triples"}[file.suffix[1:]]
    rows = neo4j(
        "neo4j",
        "CREATE CONSTRAINT n10s_unique_uri FOR (r:Resource) REQUIRE r.uri IS UNIQUE;\n"
        "CALL n10s.graphconfig.init({handleVocabUris: 'IGNORE', handleMultival: 'ARRAY',"
        " keepLangTag: true, keepCustomDataTypes: true});\n"
        f"CALL n10s.rdf.import.fetch('{file.as_uri()}', '{syntax}')"
        " YIELD triplesLoaded, extraInfo RETURN triplesLoaded, extraInfo;\n",
    )
    loaded, _, said = rows[-1].partition("\t")
    if said.strip():
        raise Refused(said)
    return int(loaded)


def _neo4j_version() -> str:
    java.runtime(_NEO4J_JAVA, _NEO4J_JAVA)
    return f"{java.version('neo4j', 'neosemantics')} in {java.version('neo4j', 'neo4j')}"


def _hdt(file: Path) -> int:
    made = CACHE / "scratch" / "jiqun.hdt"
    return int(java.run("hdt", "Hdt.java", file, made).split()[-1])


_FILES: Final = ("jiqun.ttl", "jiqun.nt", "jiqun.nq", "jiqun.trig", "jiqun.rdf", "jiqun.jsonld")
TOOLS: Final = (
    _store("RDF4J", "rdf4j", "org.eclipse.rdf4j:rdf4j-storage", "rdf4j-sail-memory", _FILES),
    _store("GraphDB", "graphdb", "com.ontotext.graphdb:graphdb-runtime", "graphdb-runtime", _FILES),
    Tool(
        "Neo4j neosemantics",
        "Maven Central",
        "org.neo4j:neosemantics",
        _neo4j_version,
        counts={"jiqun.ttl": _neosemantics},
    ),
    Tool(
        "HDT (hdt-java)",
        "Maven Central",
        "org.rdfhdt:hdt-java-core",
        lambda: java.version("hdt", "hdt-java-core"),
        counts={"jiqun.nt": _hdt},
    ),
)
