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

    ontology = owlready2.World().get_ontology("https://w3id.org/jiqun/ontology")
    with file.open("rb") as opened:
        ontology.load(fileobj=opened)
    return len(ontology.graph)  # the world has a triple of its own besides


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
    """Count the triples of the file that the OWL API still has after reading them as axioms.

    It adds declarations of what is used, and labels blank nodes anew: those are not compared.
    """
    made = CACHE / "scratch" / "robot.ttl"
    made.parent.mkdir(parents=True, exist_ok=True)
    main = "org.obolibrary.robot.CommandLineInterface"
    java.run("robot", main, "convert", "--input", file, "--format", "ttl", "--output", made)
    given, anonymous = _named(file)
    return len(given & _named(made)[0]) + anonymous


def _named(file: Path) -> tuple[set[str], int]:
    """Return the triples without blank nodes, and the number of those with some."""
    syntax = ox.RdfFormat.RDF_XML if file.suffix == ".rdf" else ox.RdfFormat.TURTLE
    named, anonymous = set(), 0
    for each in ox.parse(path=str(file), format=syntax):
        if isinstance(each.subject, ox.BlankNode) or isinstance(each.object, ox.BlankNode):
            anonymous += 1
        else:
            named.add(str(each.triple))
    return named, anonymous


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
