"""A difference as SPARQL 1.1 Update that turns the old release into the new one, graph by graph.

What has blank nodes is found by its shape: DELETE DATA cannot name them. A blank node that says
more than the one to be deleted is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.endpoint.difference.statements import Statement, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.endpoint.difference.difference import Difference
    from jiqun.endpoint.difference.statements import Piece


def as_update(difference: Difference) -> str:
    """Write the difference as an update request; an empty one when nothing differs."""
    blank = [each for each in difference.removed if each.blank_nodes()]
    named = [each for each in difference.removed if not each.blank_nodes()]
    operations = []
    if named:
        operations.append(f"DELETE DATA {{\n{_quads(named)}}}")
    operations += [_delete(piece) for piece in sorted(pieces(blank), key=sorted)]
    if difference.added:
        operations.append(f"INSERT DATA {{\n{_quads(difference.added)}}}")
    return " ;\n".join(operations) + "\n" * bool(operations)


def _quads(statements: Iterable[Statement], names: Mapping[str, str] | None = None) -> str:
    """Write quads by graph; `names` says what stands for a blank node."""
    known = names or {}
    by_graph: dict[str, list[str]] = {}
    for each in statements:
        subject, value = (known.get(term, term) for term in (each.subject, each.object))
        by_graph.setdefault(each.graph, []).append(f"{subject} {each.predicate} {value} .\n")
    text = "".join(by_graph.pop("", []))
    for graph in sorted(by_graph):
        text += f"GRAPH {graph} {{\n{''.join(by_graph[graph])}}}\n"
    return text


def _delete(piece: Piece) -> str:
    nodes = sorted({node for each in piece for node in each.blank_nodes()})
    names = {node: f"?b{number}" for number, node in enumerate(nodes)}
    ordered = sorted(piece)
    pattern = _quads(ordered, names)
    guards = "".join(_guard(names[node], node, ordered) for node in nodes)
    return f"DELETE {{\n{pattern}}}\nWHERE {{\n{pattern}{guards}}}"


def _guard(name: str, node: str, piece: Iterable[Statement]) -> str:
    """Write that a blank node has no other properties than those of the piece."""
    by_graph: dict[str, set[str]] = {}
    for each in piece:
        if each.subject == node:
            by_graph.setdefault(each.graph, set()).add(each.predicate)
    text = ""
    for graph in sorted(by_graph):
        inner = f"{name} ?p ?o FILTER (?p NOT IN ({', '.join(sorted(by_graph[graph]))}))"
        scope = f"GRAPH {graph} {{ {inner} }}" if graph else inner
        text += f"FILTER NOT EXISTS {{ {scope} }}\n"
    return text
