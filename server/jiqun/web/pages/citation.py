"""Citations: the original publisher first, then this graph, its version and the identifier.

As text in three languages, as BibTeX, and as CSL-JSON (https://docs.citationstyles.org/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jiqun.rdf.namespaces import BASE, LICENCE
from jiqun.rdf.terms import LANGUAGES
from jiqun.web.pages.evidence import Mark
from jiqun.web.pages.rendering import phrase

_TITLE: Final = "Jiqun 集群"
_SPECIAL: Final = str.maketrans(
    {each: f"\\{each}" for each in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_INNER: Final = str.maketrans("“”", "‘’")
"""Quotation marks within quotation marks."""


@dataclass(frozen=True)
class Citation:
    """A citation: `texts` by language tag, and in formats for reference managers."""

    texts: tuple[tuple[str, str], ...]
    bibtex: str
    csl_json: str


def cite_source(marks: Mapping[str, Mark], title: str, iri: str, version: str) -> Citation:
    """Return the citation of a statement of a source, identified here by `iri`.

    `marks` is the mark of the passage in each language, `title` the cited thing, in English.
    """
    mark = marks["en"]
    quote = mark.words[0][0].value if mark.words else ""
    texts = tuple((lang, _in_words(marks[lang], quote, iri, version, lang)) for lang in LANGUAGES)
    return Citation(
        texts, _bibtex(mark, quote, title, iri, version), _csl(mark, quote, iri, version)
    )


def cite_record(names: Sequence[tuple[str, str]], iri: str, version: str) -> Citation:
    """Return the citation of a thing in this graph; `names` are its names by language."""
    known = dict(names)
    any_name = next(iter(known.values()), iri)
    texts = tuple(
        (
            lang,
            _filled("cite_record", lang, title=known.get(lang, any_name), iri=iri, version=version),
        )
        for lang in LANGUAGES
    )
    title = known.get("en", any_name)
    return Citation(texts, _own_bibtex(title, iri, version), _json([_own_csl(title, iri, version)]))


def _in_words(mark: Mark, quote: str, iri: str, version: str, lang: str) -> str:
    originals = _names(mark.originals or mark.publishers)
    parts = [originals or mark.name.value]
    if mark.originals and mark.publishers:
        parts.append(_filled("cite_via", lang, publisher=_names(mark.publishers)))
    title = mark.title.value or mark.source.text.value
    source = "".join(parts)
    date = written_date(mark.issued, lang) or phrase("cite_no_date", lang)
    if lang == "en":
        title = title.translate(_INNER)
    if lang != "zh-Hant":
        quote = quote.translate(_INNER)
    quoted = _filled("cite_quote", lang, quote=quote) if quote else ""
    return _filled(
        "cite_source",
        lang,
        source=source,
        title=title,
        date=date,
        quote=quoted,
        iri=iri,
        version=version,
    )


def _names(cells: Sequence[Any]) -> str:
    return ", ".join(cell.text.value for cell in cells)


def _filled(key: str, lang: str, **parts: str) -> str:
    return phrase(key, lang).format(**parts)


def written_date(issued: str, lang: str) -> str:
    """Write an ISO date, month or year in words; "" for anything else."""
    found = _DATE.fullmatch(issued)
    if found is None:
        return ""
    year, month, day = found.groups()
    if lang == "en":
        name = _MONTHS[int(month) - 1] if month and 1 <= int(month) <= len(_MONTHS) else ""
        return " ".join(each for each in (str(int(day)) if day else "", name, year) if each)
    written = f"{year}年"
    written += f"{int(month)}月" if month else ""
    return written + (f"{int(day)}日" if day else "")


def _key(iri: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", iri.removeprefix(BASE).replace("/", "-"))


def _bibtex(mark: Mark, quote: str, title: str, iri: str, version: str) -> str:
    fields = {
        "author": f"{{{_tex(_names(mark.originals or mark.publishers) or mark.name.value)}}}",
        "title": _tex(mark.title.value or mark.source.text.value),
        "publisher": _tex(_names(mark.publishers)) if mark.originals else "",
        "year": mark.issued[:4],
        "date": mark.issued,
        "url": mark.web_page or "",
        "note": _tex(f"“{quote}” ({title}; {_TITLE} {version}, {iri})" if quote else title),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join(
        [
            f"@misc{{{_key(mark.passage.note or iri)},",
            *lines,
            "}",
            "",
            _own_bibtex(title, iri, version),
        ]
    )


def _own_bibtex(title: str, iri: str, version: str) -> str:
    return "\n".join(
        [
            f"@dataset{{jiqun-{_key(iri)},",
            f"  author = {{{{{_TITLE}}}}},",
            f"  title = {{{_tex(title)}}},",
            f"  version = {{{_tex(version)}}},",
            f"  url = {{{iri}}},",
            f"  note = {{CC BY 4.0, {LICENCE}}},",
            "}",
        ]
    )


def _tex(text: str) -> str:
    return text.translate(_SPECIAL)


def _csl(mark: Mark, quote: str, iri: str, version: str) -> str:
    source: dict[str, Any] = {
        "id": mark.passage.note or iri,
        "type": "article-newspaper",
        "title": mark.title.value or mark.source.text.value,
        "container-title": _names(mark.originals or mark.publishers) or mark.name.value,
    }
    if mark.originals:
        source["publisher"] = _names(mark.publishers)
    found = _DATE.fullmatch(mark.issued)
    if found is not None:
        source["issued"] = {"date-parts": [[int(part) for part in found.groups() if part]]}
    if mark.web_page:
        source["URL"] = mark.web_page
    if quote:
        source["note"] = quote
    return _json([source, _own_csl(_TITLE, iri, version)])


def _own_csl(title: str, iri: str, version: str) -> dict[str, Any]:
    return {
        "id": iri,
        "type": "dataset",
        "title": title,
        "publisher": _TITLE,
        "version": version,
        "URL": iri,
        "license": LICENCE,
    }


def _json(items: Sequence[dict[str, Any]]) -> str:
    return json.dumps(items, ensure_ascii=False, indent=2)
