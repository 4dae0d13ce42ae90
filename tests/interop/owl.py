"""What reads the release as an OWL ontology: owlready2, Horned-OWL, ROBOT with the OWL API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from interop import java
from interop.python_rdf import version
from interop.tool import CACHE, Refused, Tool

if TYPE_CHECKING:
    from pathlib import Path


def _owlready(file: Path) -> int:
    import owlready2  # type: ignore[import-untyped] # noqa: PLC0415 (opens a database)

    world = owlready2.World()
    with file.open("rb") as opened:
        world.get_ontology("https://w3id.org/jiqun/ontology").load(fileobj=opened)
    return len(world.graph)


def _ontology(quads: Path) -> tuple[bytes, set[str]]:
    """Return the ontology's own graph as RDF/XML, and its classes."""
    name = ox.NamedNode("https://w3id.org/jiqun/graph/ontology")
    store = ox.Store()
    store.load(path=str(quads), format=ox.RdfFormat.N_QUADS)
    data = store.dump(format=ox.RdfFormat.RDF_XML, from_graph=name) or b""
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    owl_class = ox.NamedNode("http://www.w3.org/2002/07/owl#Class")
    found = store.quads_for_pattern(None, kind, owl_class, name)
    return data, {each.subject.value for each in found if isinstance(each.subject, ox.NamedNode)}


def _horned(file: Path) -> str:
    import pyhornedowl  # noqa: PLC0415 (as owlready2)

    data, classes = _ontology(file)
    path = CACHE / "scratch" / "ontology.owl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    ontology = pyhornedowl.open_ontology_from_file(str(path))
    missing = classes - set(ontology.get_classes())
    if missing:
        raise Refused(f"classes are missing: {', '.join(sorted(missing))}")
    return f"all {len(classes)} classes of the ontology graph"


def _robot(file: Path) -> int:
    """Count the triples after the OWL API has read them as axioms and written them again."""
    made = CACHE / "scratch" / "robot.ttl"
    made.parent.mkdir(parents=True, exist_ok=True)
    main = "org.obolibrary.robot.CommandLineInterface"
    java.run("robot", main, "convert", "--input", file, "--format", "ttl", "--output", made)
    return sum(1 for _ in ox.parse(path=str(made), format=ox.RdfFormat.TURTLE))


TOOLS: Final = (
    Tool(
        "owlready2",
        "PyPI",
        "owlready2",
        lambda: version("owlready2"),
        counts={"jiqun.nt": _owlready, "jiqun.rdf": _owlready},
    ),
    Tool(
        "Horned-OWL",
        "PyPI",
        "py-horned-owl",
        lambda: version("py-horned-owl"),
        checks={"jiqun.nq": _horned},
    ),
    Tool(
        "ROBOT, OWL API",
        "Maven Central",
        "org.obolibrary.robot:robot-command",
        lambda: java.version("robot", "robot-command"),
        counts={"jiqun.ttl": _robot, "jiqun.rdf": _robot},
    ),
)
