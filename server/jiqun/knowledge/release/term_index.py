"""The list of terms, `vocab.json`: for completion and checks in query editors.

Every class and property that is declared in the ontology or used in the default graph, by its
CURIE: `kind` is `class` or `property`, the labels are by language, `count` is the number of
instances of a class or of statements with a property; a property is `tagged` if each of its values
is a string with a language. `use` has, by class, the number of statements about its instances with
each property; `languages` counts the strings by language tag. Terms whose namespace has no prefix
are omitted. Everything is sorted, so that equal content gives equal bytes.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import OWL, PREFIXES, RDFS_LABEL, compact
from jiqun.rdf.terms import LANGUAGES, TYPE, language_tag

_KINDS: Final = {
    f"{OWL}Class": "class",
    f"{OWL}ObjectProperty": "property",
    f"{OWL}DatatypeProperty": "property",
    f"{OWL}AnnotationProperty": "property",
}

Entry = dict[str, Any]


def term_index(triples: Iterable[ox.Triple], version: str) -> str:
    """Return the text of `vocab.json` for the default graph of a release of this version."""
    types: defaultdict[str, set[str]] = defaultdict(set)
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    statements: defaultdict[str, Counter[str]] = defaultdict(Counter)
    languages: Counter[str] = Counter()
    untagged: set[str] = set()
    for subject, predicate, value in triples:
        if not isinstance(subject, ox.NamedNode):
            continue
        statements[subject.value][predicate.value] += 1
        if isinstance(value, ox.Literal) and value.language:
            languages[language_tag(value.language)] += 1
        else:
            untagged.add(predicate.value)
        if predicate == TYPE and isinstance(value, ox.NamedNode):
            types[subject.value].add(value.value)
        elif predicate.value == RDFS_LABEL and isinstance(value, ox.Literal):
            labels[subject.value][language_tag(value.language or "")] = value.value
    instances, uses, use = _count(types, statements)
    kinds = _kinds(types, instances, uses)
    terms: dict[str, Entry] = {}
    for iri in sorted(kinds):
        name = compact(iri)
        if name != iri and ":" in name:
            texts = labels.get(iri, {})
            named = {lang: texts[lang] for lang in LANGUAGES if lang in texts}
            count = (instances if kinds[iri] == "class" else uses)[iri]
            terms[name] = {"kind": kinds[iri], **named, "count": count}
            if kinds[iri] == "property" and count and iri not in untagged:
                terms[name]["tagged"] = True
    content = {
        "version": version,
        "prefixes": dict(PREFIXES),
        "languages": dict(sorted(languages.items())),
        "terms": terms,
        "use": {
            name: dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
            for iri in sorted(use)
            if (name := compact(iri)) in terms
            and (found := {compact(key): count for key, count in use[iri].items()})
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _count(
    types: dict[str, set[str]], statements: dict[str, Counter[str]]
) -> tuple[Counter[str], Counter[str], dict[str, Counter[str]]]:
    """Return the instances by class, the statements by property, and these again by class."""
    instances: Counter[str] = Counter()
    uses: Counter[str] = Counter()
    use: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for subject, counts in statements.items():
        uses.update(counts)
        for kind in types.get(subject, ()):
            instances[kind] += 1
            use[kind].update(counts)
    return instances, uses, use


def _kinds(
    types: dict[str, set[str]], instances: Counter[str], uses: Counter[str]
) -> dict[str, str]:
    kinds = dict.fromkeys(uses, "property") | dict.fromkeys(instances, "class")
    for iri, found in types.items():
        declared = [_KINDS[each] for each in sorted(found) if each in _KINDS]
        if declared:
            kinds[iri] = declared[0]
    return kinds
