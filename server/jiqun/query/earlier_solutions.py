"""Converts solutions with RDF 1.2 terms to earlier versions, on serialized bytes.

A triple term becomes its blank node as in `rdf.earlier_versions`, a string with a direction a
literal with a datatype of the i18n namespace. Triple terms nest in their objects only, so the
innermost are replaced until there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jiqun.rdf.earlier_versions import BASIC, I18N, NEWEST, blank_label

_NAME: Final = rb'"[a-z:]+":"(?:[^"\\]++|\\.)*+"'
_JSON_TERM: Final = rb'\{"type":"(?:uri|bnode|literal)"(?:,' + _NAME + rb")++\}"
_XML_TERM: Final = rb"(?:<uri>[^<]*+</uri>|<bnode>[^<]*+</bnode>|<literal[^>]*+>[^<]*+</literal>)"
_TEXT: Final = rb'"(?:[^"\\]++|\\.)*+"(?:@[A-Za-z0-9-]++|\^\^<[^<>]*+>)?+'
_TSV_TERM: Final = rb"(?:<[^<>]*+>|_:[^ \t\n]++|[0-9+.\-][^ \t\n]*+|true|false|" + _TEXT + rb")"


@dataclass(frozen=True)
class _Syntax:
    """How a format writes terms: `marks` are in every newer one, `opening` begins a triple term.

    `triple` matches an innermost triple term, and, as its group `kept`, what only looks like one.
    Lines are never cut in two, so a format of lines has no `opening` to wait for.
    """

    marks: tuple[bytes, ...]
    opening: bytes
    triple: re.Pattern[bytes]
    node: Callable[[str], bytes]
    directed: re.Pattern[bytes]
    typed: Callable[[re.Match[bytes]], bytes]


def _kind(language: bytes, direction: bytes) -> bytes:
    return I18N.encode() + language.lower() + b"_" + direction


def _typed_in_tsv(found: re.Match[bytes]) -> bytes:
    if found["language"] is None:
        return found[0]
    return found["text"] + b"^^<" + _kind(found["language"], found["direction"]) + b">"


_SYNTAXES: Final = {
    "application/sparql-results+json": _Syntax(
        (b'"type":"triple"', b'"its:dir":"'),
        b'{"type":"triple"',
        re.compile(
            rb'(?P<kept>(?!))|\{"type":"triple","value":'
            rb'\{"subject":%(t)b,"predicate":%(t)b,"object":%(t)b\}\}' % {b"t": _JSON_TERM}
        ),
        lambda label: b'{"type":"bnode","value":"%b"}' % label.encode(),
        re.compile(rb'"xml:lang":"(?P<language>[^"]++)","its:dir":"(?P<direction>[a-z]++)"'),
        lambda found: b'"datatype":"' + _kind(found["language"], found["direction"]) + b'"',
    ),
    "application/sparql-results+xml": _Syntax(
        (b"<triple>", b' its:dir="'),
        b"<triple>",
        re.compile(
            rb"(?P<kept>(?!))|<triple><subject>%(t)b</subject><predicate>%(t)b</predicate>"
            rb"<object>%(t)b</object></triple>" % {b"t": _XML_TERM}
        ),
        lambda label: b"<bnode>%b</bnode>" % label.encode(),
        re.compile(
            rb' xml:lang="(?P<language>[^"]++)" its:dir="(?P<direction>[a-z]++)"'
            rb'(?: (?:xmlns:its|its:version)="[^"]*+")*+'
        ),
        lambda found: b' datatype="' + _kind(found["language"], found["direction"]) + b'"',
    ),
    "text/tab-separated-values": _Syntax(
        (b"<<(", b"--ltr", b"--rtl"),
        b"",
        re.compile(b"(?P<kept>" + _TEXT + rb")|<<\( %(t)b %(t)b %(t)b \)>>" % {b"t": _TSV_TERM}),
        lambda label: b"_:" + label.encode(),
        re.compile(
            rb'(?P<text>"(?:[^"\\]++|\\.)*+")'
            rb"(?:@(?P<language>[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+)--(?P<direction>ltr|rtl))?+"
        ),
        _typed_in_tsv,
    ),
}


class EarlierSolutions:
    """Rewrites the bytes of one result; `used` is true if it had newer terms."""

    def __init__(self, media_type: str, version: str) -> None:
        """Write for readers of a version of RDF; a format that is text alone stays as it is."""
        self.used = False
        self._syntax = _SYNTAXES.get(media_type) if version != NEWEST else None
        self._directions = version == BASIC

    def write(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what can be sent, and the rest, which begins a triple term that is not whole."""
        syntax = self._syntax
        if syntax is None or not any(mark in data for mark in syntax.marks):
            return data, b""
        if not self._directions:
            data = self._replaced(syntax.directed, syntax.typed, data)
        while True:
            before = data
            data = self._replaced(syntax.triple, self._node, data)
            if data == before:
                break
        cut = data.find(syntax.opening) if syntax.opening else -1
        return (data, b"") if cut < 0 else (data[:cut], data[cut:])

    def _node(self, found: re.Match[bytes]) -> bytes:
        assert self._syntax is not None
        return found["kept"] or self._syntax.node(blank_label(found[0]))

    def _replaced(
        self,
        pattern: re.Pattern[bytes],
        replacement: Callable[[re.Match[bytes]], bytes],
        data: bytes,
    ) -> bytes:
        changed = pattern.sub(replacement, data)
        self.used |= changed != data
        return changed
