"""Everything `jiqun check` looks at, as findings with file and line.

First each file by itself: syntax, headers, passages. Only when all of them can be read is the
whole put together and the rules and shapes run over it, since they would report what follows from
a missing half as mistakes of the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from jiqun.errors import ContentError
from jiqun.knowledge.checks import shapes
from jiqun.knowledge.checks.identifiers import check_identifiers
from jiqun.knowledge.checks.passages import check_source
from jiqun.knowledge.checks.rules import HygieneRule, Rules, read_rule
from jiqun.knowledge.checks.versions import check_versions
from jiqun.knowledge.checks.wordings import check_wordings
from jiqun.knowledge.dataset import homes, with_passages
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.knowledge import complete
from jiqun.knowledge.links.rules import check_links
from jiqun.knowledge.queries.saved import SavedQuery, read_query
from jiqun.knowledge.tables import read_table
from jiqun.knowledge.turtle.parse import Document, Malformed, read
from jiqun.knowledge.turtle.positions import Locator
from jiqun.knowledge.turtle.terms import Compactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from jiqun.knowledge.content import Content

Read = TypeVar("Read")


def check(content: Content, texts: Path | None = None) -> list[Finding]:
    """Check everything and return the findings, sorted; none means that a release can be built.

    `texts` is the folder that holds `<slug>/article.txt` for the sources, when it is at hand.
    """
    findings: list[Finding] = []
    prefixes = _all(read, [content.prefixes], content, findings)
    documents = _all(read, homes(content), content, findings)
    queries = _all(read_query, content.queries(), content, findings)
    rules = _all(read_rule, content.rules(), content, findings)
    _all(read_table, content.tables(), content, findings)
    for document in documents:
        if document.path.name == "source.ttl":
            findings += check_source(document, texts)
    findings += _wordings(documents, texts)
    findings += check_identifiers(documents, content)
    findings += check_links(documents, content)
    findings += check_versions(content)
    if not any(finding.rule in {"syntax", "file"} for finding in findings):
        graphs = [str(quad.graph_name)[1:-1] for each in documents for quad in each.quads]
        shorten = Compactor(with_passages(prefixes[0].prefixes, graphs)).write
        findings += _check_whole(documents, queries, rules, content, shorten)
    return sorted(set(findings))


def _all(
    reader: Callable[[Path, Content], Read],
    paths: Iterable[Path],
    content: Content,
    findings: list[Finding],
) -> list[Read]:
    """Read all files that can be read, and add what is wrong with the others to `findings`."""
    done = []
    for path in paths:
        try:
            done.append(reader(path, content))
        except Malformed as error:
            findings.append(error.finding)
    return done


def _wordings(documents: list[Document], texts: Path | None) -> list[Finding]:
    sources = {document.path: document for document in documents}
    found: list[Finding] = []
    for facts in documents:
        source = sources.get(facts.path.with_name("source.ttl"))
        if facts.path.name == "facts.trig" and source is not None:
            found += check_wordings(facts, source, texts)
    return found


def _check_whole(
    documents: list[Document],
    queries: list[SavedQuery],
    rules: list[HygieneRule],
    content: Content,
    shorten: Callable[..., str],
) -> Iterator[Finding]:
    try:
        knowledge = complete(documents, queries, content)
    except Malformed as error:
        yield error.finding
        return
    except ContentError as error:
        yield Finding("ontology/inferences", 0, 0, error.detail, "inference")
        return
    locator = Locator(documents)
    runner = Rules(knowledge, locator, shorten)
    for rule in rules:
        try:
            yield from runner.violations(rule)
        except Malformed as error:
            yield error.finding
    yield from shapes.violations(knowledge, locator, shorten)
