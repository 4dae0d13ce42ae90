"""The generated pages of `docs/`: saved queries, ontology terms, and the files of a release."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.content import Content
from jiqun.knowledge.query_files import read_query
from jiqun.knowledge.release.release_files import OFFERS, Offer
from jiqun.knowledge.release.tabular import TABLE_FORMATS
from jiqun.knowledge.tables import Table, read_table
from jiqun.knowledge.turtle_files import read
from jiqun.rdf.namespaces import KG, OWL, RDFS, SKOS
from jiqun.rdf.terms import TYPE, language_tag
from jiqun.saved_queries import Parameter, SavedQuery, term_uses
from jiqun.settings import table

_GROUPS: Final = {
    "rdf": "RDF",
    "tables": "Tables",
    "maps": "Maps",
    "graphs": "Networks",
    "about": "For programs",
}
_HEAD: Final = "| file | what | media type |\n|---|---|---|"
MADE: Final = "<!-- Made by `jiqun docs`; change the content and run it again. -->"
FIRST: Final = "clusters-of-region"
_KINDS: Final = {
    "Class": "Classes",
    "ObjectProperty": "Properties between things",
    "DatatypeProperty": "Properties with values",
    "AnnotationProperty": "Annotations",
}
_FACTS: Final = {
    f"{RDFS}subClassOf": "kind of",
    f"{RDFS}subPropertyOf": "implies",
    f"{RDFS}domain": "of",
    f"{RDFS}range": "to",
    f"{OWL}inverseOf": "inverse of",
}
_TRAITS: Final = {
    f"{OWL}FunctionalProperty": "at most one value",
    f"{OWL}TransitiveProperty": "transitive",
    f"{OWL}SymmetricProperty": "symmetric",
    f"{OWL}InverseFunctionalProperty": "identifying",
}
_SETTINGS: Final = re.compile(r"(?:^\| `JIQUN_[^\n]*\n)+", re.MULTILINE)
Facts = dict[str, list[ox.NamedNode | ox.Literal]]


def release_files(tables: Sequence[Table], made: str) -> str:
    """Return the page; `made` is the comment that names the generator."""
    lines = [
        "# The files of a release",
        made,
        "How to use and check them: [dumps.md](dumps.md).",
    ]
    for group, heading in _GROUPS.items():
        rows = [_row(name, offer) for name, offer in sorted(OFFERS.items()) if offer.group == group]
        lines += [f"## {heading}", "\n".join([_HEAD, *rows])]
        if group == "tables":
            for table in tables:
                lines += _table(table)
    return "\n\n".join(lines) + "\n"


def file_names(name: str, offer: Offer) -> list[str]:
    """Return the names of a file in the release folder, compressed or not."""
    return [f"{name}.gz", f"{name}.zst"] if offer.packed else [name]


def _row(name: str, offer: Offer) -> str:
    names = ", ".join(f"`{each}`" for each in file_names(name, offer))
    title = offer.title.get("en", "read by the server")
    linked = f"[{title}]({offer.conforms_to})" if offer.conforms_to else title
    return f"| {names} | {linked} | `{offer.media_type}` |"


def _table(table: Table) -> Iterator[str]:
    names = ", ".join(f"`{table.name}.{suffix}`" for suffix in TABLE_FORMATS)
    yield f"### {table.name}"
    yield f"**{table.title['en']}** {table.title['zh-Hans']}. {table.description} {names}"
    rows = ["| column | type | |", "|---|---|---|"]
    for column in table.columns:
        key = "key; " if column.name in table.key else ""
        to = f" → [{column.refers}](#{column.refers})" if column.refers else ""
        rows.append(f"| `{column.name}` | {column.type}{to} | {key}{column.description} |")
    yield "\n".join(rows)


def documentation(content: Content) -> dict[Path, str]:
    """Return the generated pages and their text; raises `Malformed`."""
    queries = [read_query(path, content) for path in content.queries()]
    tables = [read_table(path, content) for path in content.tables()]
    ontology = {quad.triple for quad in read(content.ontology, content).quads}
    folder = content.root / "docs"
    endpoint = folder / "endpoint.md"
    described = endpoint.read_text("utf-8") if endpoint.exists() else ""
    return {
        folder / "queries.md": query_list(queries),
        folder / "ontology-terms.md": ontology_terms(ontology, queries),
        folder / "release-files.md": release_files(tables, MADE),
        endpoint: with_settings(described),
    }


def stale(content: Content) -> dict[Path, str]:
    """Return the generated pages that are missing or out of date.

    Raises `ContentError` where there is no `docs/`, as in an installed package.
    """
    if not (content.root / "docs").is_dir():
        raise ContentError(f"{content.root}: there is no folder docs to write to.")
    return {
        path: text
        for path, text in documentation(content).items()
        if not path.exists() or path.read_bytes() != text.encode("utf-8")
    }


def with_settings(page: str) -> str:
    """Return the page with the rows of its table of settings regenerated."""
    rows = [f"| `{variable}` | `{default}` | {text} |\n" for _, variable, default, text in table()]
    return _SETTINGS.sub(lambda _: "".join(rows), page, count=1)


def query_list(queries: Sequence[SavedQuery]) -> str:
    """Return the list of saved queries, by subject, with their parameters."""
    subjects: dict[str, list[SavedQuery]] = defaultdict(list)
    for query in sorted(queries, key=lambda each: (each.name != FIRST, each.name)):
        subjects[query.tags[0]].append(query)
    introduction = (
        f"The {len(queries)} queries below are in `queries/`, one file each. Run one with "
        "`jiqun query NAME --parameter value`, or at `/queries/NAME?parameter=value` of a "
        "running endpoint. IRIs may be written as `id:beijing` or `beijing`. A parameter without a "
        "value uses its default, or does not restrict the answer."
    )
    lines = ["# Saved queries", MADE, introduction]
    leading = {query.tags[0] for query in queries if query.name == FIRST}
    for subject in sorted(subjects, key=lambda each: (each not in leading, each)):
        lines.append(f"## {subject.capitalize()}")
        for query in subjects[subject]:
            lines += _query(query)
    return "\n\n".join(lines) + "\n"


def _query(query: SavedQuery) -> Iterator[str]:
    yield f"### {query.name}"
    yield f"**{query.summary['en']}** {query.summary['zh-Hans']}"
    yield query.description["en"]
    if query.parameters:
        yield "\n".join(_parameter(each) for each in query.parameters)
    form = "" if query.form == "SELECT" else f" · {query.form}"
    yield f"[{query.name}.rq](../queries/{query.name}.rq) · {', '.join(query.tags)}{form}"


def _parameter(parameter: Parameter) -> str:
    text = f"- `{parameter.name}` ({parameter.type}): {parameter.description['en']}"
    if parameter.values is not None:
        text += f" One of {', '.join(f'`{value}`' for value in parameter.values)}."
    return text if parameter.default is None else f"{text} Default: `{parameter.default}`."


def ontology_terms(graph: Iterable[ox.Triple], queries: Sequence[SavedQuery] = ()) -> str:
    """Return the terms of the ontology, with the saved queries that use each of them."""
    terms = _statements(graph)
    users = term_uses(queries)
    introduction = (
        f"Namespace `{KG}`, prefix `kg:`. [The guide](ontology-guide.md) explains how the terms "
        "work together."
    )
    lines = ["# Terms of the ontology", MADE, introduction]
    for kind, heading in _KINDS.items():
        names = sorted(
            name
            for name, facts in terms.items()
            if any(value == ox.NamedNode(f"{OWL}{kind}") for value in facts[TYPE.value])
        )
        lines.append(f"## {heading} ({len(names)})")
        for name in names:
            lines += _term(name, terms[name], users.get(name, []))
    return "\n\n".join(lines) + "\n"


def _statements(graph: Iterable[ox.Triple]) -> dict[str, Facts]:
    """Return the values of each term by predicate, without restrictions."""
    terms: dict[str, Facts] = defaultdict(lambda: defaultdict(list))
    for triple in sorted(graph, key=str):
        value = triple.object
        if (
            isinstance(triple.subject, ox.NamedNode)
            and triple.subject.value.startswith(KG)
            and isinstance(value, ox.NamedNode | ox.Literal)
        ):
            terms[triple.subject.value.removeprefix(KG)][triple.predicate.value].append(value)
    return terms


def _term(name: str, facts: Facts, users: Sequence[str]) -> Iterator[str]:
    labels = _by_language(facts[f"{RDFS}label"])
    definitions = _by_language(facts[f"{SKOS}definition"])
    yield f"### kg:{name}"
    yield " · ".join(labels[language] for language in sorted(labels))
    yield " ".join(definitions[language] for language in sorted(definitions))
    rows = []
    for iri, words in _FACTS.items():
        named = sorted(_short(each) for each in facts[iri] if isinstance(each, ox.NamedNode))
        if named:
            rows.append(f"- {words}: {', '.join(named)}")
    traits = sorted(_TRAITS[each.value] for each in facts[TYPE.value] if each.value in _TRAITS)
    if traits:
        rows.append(f"- {', '.join(traits)}")
    rows += [f"- example: `{text}`" for text in _by_language(facts[f"{SKOS}example"]).values()]
    links = [f"[{user}](queries.md#{user})" for user in users]
    if links:
        rows.append(f"- used in {', '.join(links)}")
    yield "\n".join(rows)


def _by_language(values: Iterable[ox.NamedNode | ox.Literal]) -> dict[str, str]:
    literals = [value for value in values if isinstance(value, ox.Literal)]
    return {language_tag(value.language or ""): value.value for value in literals}


def _short(term: ox.NamedNode) -> str:
    if term.value.startswith(KG):
        name = term.value.removeprefix(KG)
        return f"[kg:{name}](#kg{name.lower()})"
    return f"`{re.split('[#/]', term.value)[-1]}`"
