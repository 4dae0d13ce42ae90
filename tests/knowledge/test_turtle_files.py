from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.knowledge.turtle_files import Malformed, parse, read
from jiqun.rdf.terms import language_tag, ntriples

if TYPE_CHECKING:
    from knowledge.small_content import Small

TTL, TRIG = Path("x.ttl"), Path("x.trig")
E = "@prefix : <http://e/> .\n"


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        (E + ":a :b :c ;\n  :d :e\n:f :g :h .", TTL, "x.ttl:4:1"),
        (E + '\n:a :b "open\n" .', TTL, "x.ttl:3:12"),
        (E + ":a other:b 1 .", TTL, "x.ttl:2:4"),
        (E + ":g { :a :b :c ", TRIG, "x.trig:2:"),
        (E + ":a :b <not an iri> .", TTL, "x.ttl:2:7"),
        (E + ':a :b "x"@en--ltr .', TTL, "x.ttl"),
        (E + ":a :b <<( :a :b :c )>> .", TTL, "x.ttl"),
    ],
)
def test_malformed_text_is_refused_with_its_place(text: str, path: Path, place: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(text, path.name, path)
    assert str(refused.value).startswith(place)


def test_the_line_that_is_not_utf8_is_named(small: Small) -> None:
    path = small.path("data/register/things.ttl")
    path.write_bytes(b"# one\n# two \xff\n")
    with pytest.raises(Malformed, match=r"^data/register/things\.ttl:2: .*UTF-8"):
        read(path, small.content)


def test_a_missing_file_is_named(small: Small) -> None:
    with pytest.raises(Malformed, match=r"^data/none\.ttl: cannot be read: No such file"):
        read(small.path("data/none.ttl"), small.content)


@pytest.mark.parametrize(
    "literal",
    ['"京津冀"@zh-Hans', '"京津冀"@zh-Hant', '"x"@de-CH-1996', '"x"@en-x-us', '"x"@sl-rozaj-biske'],
)
def test_language_tags_keep_their_case(literal: str) -> None:
    (quad,) = parse(f"<http://e/a> <http://e/b> {literal} .", "x.ttl", TTL).quads
    assert ntriples(quad.object) == literal


def test_language_tags_get_the_case_of_rfc_5646() -> None:
    assert language_tag("ZH-HANS-cn") == "zh-Hans-CN"
    assert language_tag("EN-x-AB-abcd") == "en-x-ab-abcd"


@pytest.mark.parametrize("number", ["01", "+1", "-0", "2.50", "00.0", "1e3", "1.0E+03", "true"])
def test_lexical_forms_stay_as_they_are(number: str) -> None:
    (quad,) = parse(f"<http://e/a> <http://e/b> {number} .", "x.ttl", TTL).quads
    assert isinstance(quad.object, ox.Literal)
    assert quad.object.value == number
