"""RDF from outside: what is read, what is refused, and that nothing takes the process down."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.errors import JiqunError, MalformedData, UnsupportedMediaType
from jiqun.rdf.parsing import check_content_type, read_file, read_graph

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = ox.NamedNode("http://example.org/graph")
BASE = "http://example.org/base/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML_HEAD = f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="http://example.org/">'
BOMB = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 9)).replace("&a0;", "&a;")
    + "]>"
)


def xml(inner: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}{XML_HEAD}{inner}</rdf:RDF>'


ONE_TRIPLE = {
    "text/turtle": "<a> <http://example.org/p> 'x' .",
    "application/n-triples": '<http://example.org/base/a> <http://example.org/p> "x" .',
    "application/rdf+xml": xml(
        f'<rdf:Description rdf:about="{BASE}a"><e:p>x</e:p></rdf:Description>'
    ),
    "application/ld+json": '{"@id": "a", "http://example.org/p": "x"}',
    "application/trig": "<a> <http://example.org/p> 'x' .",
    "application/n-quads": '<http://example.org/base/a> <http://example.org/p> "x" .',
    "TEXT/TURTLE; charset=UTF-8": "<a> <http://example.org/p> 'x' .",
}


@pytest.mark.parametrize("media_type", ONE_TRIPLE)
def test_every_format(media_type: str) -> None:
    quads = list(read_graph(ONE_TRIPLE[media_type].encode(), media_type, BASE, GRAPH))
    assert quads == [
        ox.Quad(
            ox.NamedNode(f"{BASE}a"), ox.NamedNode("http://example.org/p"), ox.Literal("x"), GRAPH
        )
    ]


REFUSED = {
    "a DOCTYPE": ("application/rdf+xml", xml("", "<!DOCTYPE x>"), "DOCTYPE"),
    "an external entity": (
        "application/rdf+xml",
        xml(
            "<rdf:Description><e:p>&f;</e:p></rdf:Description>",
            "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>",
        ),
        "DOCTYPE",
    ),
    "a billion laughs": (
        "application/rdf+xml",
        xml("<rdf:Description><e:p>&a8;</e:p></rdf:Description>", BOMB),
        "DOCTYPE",
    ),
    "an undeclared entity": (
        "application/rdf+xml",
        xml("<rdf:Description><e:p>&f;</e:p></rdf:Description>"),
        "undefined entity",
    ),
    "XML that breaks off": (
        "application/rdf+xml",
        xml("<rdf:Description><e:p>x</e:p></rdf:Description>")[:-10],
        "not well-formed",
    ),
    "XML that goes on": ("application/rdf+xml", xml("") + "<more/>", "junk after"),
    "no XML at all": ("application/rdf+xml", "", "no element found"),
    "XML that is no RDF": ("application/rdf+xml", "<html><body>x</body></html>", "RDF/XML"),
    "XML in UTF-16": ("application/rdf+xml", xml("").replace("?>", " encoding='UTF-16'?>"), "XML"),
    "XML in Latin-1": (
        "application/rdf+xml",
        xml("").replace('"1.0"', '"1.0" encoding="ISO-8859-1"'),
        "UTF-8",
    ),
    "deep XML": (
        "application/rdf+xml",
        xml("<rdf:Description><e:p>" * 50_000 + "</e:p></rdf:Description>" * 50_000),
        "nests more than 200",
    ),
    "deep JSON-LD objects": (
        "application/ld+json",
        '{"http://example.org/p":' * 20_000 + "1" + "}" * 20_000,
        "nests more than 200",
    ),
    "deep JSON-LD arrays": ("application/ld+json", "[" * 200_000, "nests more than 200"),
    "a remote context": (
        "application/ld+json",
        '{"@context": "http://127.0.0.1:9/context", "name": "x"}',
        "remote context",
    ),
    "an imported context": (
        "application/ld+json",
        '{"@context": {"@version": 1.1, "@import": "http://127.0.0.1:9/c"}}',
        "remote context",
    ),
    "a scoped remote context": (
        "application/ld+json",
        '{"@context": {"p": {"@id": "x:p", "@context": "http://127.0.0.1:9/"}}, "p": {"q": 1}}',
        "remote context",
    ),
    "JSON-LD that breaks off": ("application/ld+json", '{"@id": "a"', "JSON-LD"),
    "JSON-LD with a graph": (
        "application/ld+json",
        '{"@id": "a", "@graph": [{"@id": "b", "http://example.org/p": 1}]}',
        "named graphs",
    ),
    "TriG with a graph": ("application/trig", "<a> { <a> <b> <c> }", "named graphs"),
    "N-Quads with a graph": ("application/n-quads", "<a:a> <a:a> <a:a> <a:a> .", "named graphs"),
    "Turtle that breaks off": ("text/turtle", "<a> <b> 'c' ", "not well-formed Turtle"),
    "RDF/XML as Turtle": ("text/turtle", xml(""), "not well-formed Turtle"),
    "Turtle that is not UTF-8": ("text/turtle", "<a> <b> '\udcff' .", "Turtle"),
    "a lone surrogate": ("text/turtle", r"<a> <b> '\uD800' .", "not a valid unicode"),
    "an IRI with a blank": ("text/turtle", "<a b> <b> <c> .", "IRI"),
    "a relative IRI in N-Triples": ("application/n-triples", "<a> <b:b> <c:c> .", "N-Triples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    media_type, body, expected = REFUSED[name]
    with pytest.raises(MalformedData, match=expected) as caught:
        list(read_graph(body.encode(errors="surrogateescape"), media_type, BASE, GRAPH))
    assert len(caught.value.detail) < 500


def test_where_the_mistake_stands() -> None:
    body = b"@prefix : <http://example.org/> .\n:a :b :c ;\n   :d nonsense ."
    with pytest.raises(MalformedData) as caught:
        list(read_graph(body, "text/turtle", BASE, GRAPH))
    assert (caught.value.line, caught.value.column) == (3, 7)
    with pytest.raises(MalformedData) as caught:
        list(read_graph(b"<a>\n<b></c>\n</a>", "text/xml", BASE, GRAPH))
    assert (caught.value.line, caught.value.column) == (2, 6)


@pytest.mark.parametrize("content_type", [None, "", "text/html", "image/png", "nonsense", ";"])
def test_other_media_types(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType, match="text/turtle"):
        check_content_type(content_type)


def test_another_charset() -> None:
    with pytest.raises(UnsupportedMediaType, match="UTF-8"):
        check_content_type("text/turtle; charset=gbk")


@pytest.mark.parametrize(
    "body",
    ["(" * 30_000 + ")" * 30_000, "[<p> " * 30_000 + "1" + "]" * 30_000],
    ids=["collections", "blank nodes"],
)
def test_deep_turtle_is_harmless(body: str) -> None:
    assert len(list(read_graph(f"<a> <b> {body} .".encode(), "text/turtle", BASE, GRAPH))) > 30_000


def test_brackets_in_strings_do_not_count() -> None:
    body = '{"@id": "a", "http://example.org/p": "' + r"[{\"[" * 1000 + '"}'
    assert len(list(read_graph(body.encode(), "application/ld+json", BASE, GRAPH))) == 1


def test_blank_nodes_of_two_bodies_differ() -> None:
    body = b"_:a <http://example.org/p> _:a ."
    first, second = (next(read_graph(body, "text/turtle", BASE, GRAPH)) for _ in range(2))
    assert first.subject == first.object
    assert first.subject != second.subject


def multipart(*parts: tuple[str, str], end: str = "--x--\r\n") -> bytes:
    head = 'Content-Disposition: form-data; name="f"; filename="f"\r\n'
    return "".join(
        [f"--x\r\n{head}Content-Type: {kind}\r\n\r\n{body}\r\n" for kind, body in parts] + [end]
    ).encode()


def test_multipart() -> None:
    body = multipart(
        ("text/turtle; charset=utf-8", "<a> <p:p> '北京' ."),
        ("application/n-triples", '<a:a> <a:a> "\\u4E00" .'),
    )
    kind = "multipart/form-data; boundary=x"
    quads = list(read_graph(body, kind, BASE, GRAPH))
    assert [quad.object for quad in quads] == [ox.Literal("北京"), ox.Literal("一")]


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (multipart(("text/turtle", "<a> <p:p> 1 ."), end=""), "x"),
        (multipart(("text/turtle", "<a> <p:p> 1 .")), "y"),
        (multipart(("image/png", "x")), "x"),
        (multipart(*[("text/turtle", "")] * 300), "x"),
        (multipart(("multipart/mixed; boundary=y", "--y\r\n\r\n<a> <p:p> 1 .\r\n--y--")), "x"),
        (b"", "x"),
        (b"--x\r\n\r\n", ""),
    ],
)
def test_broken_multipart(body: bytes, boundary: str) -> None:
    with pytest.raises(JiqunError):
        list(read_graph(body, f"multipart/form-data; boundary={boundary}", BASE, GRAPH))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "data.ttl.gz"
    path.write_bytes(gzip.compress(b"<http://a> <http://b> 1 ."))
    assert [quad.graph_name for quad in read_file(path)] == [ox.DefaultGraph()]
    assert [quad.graph_name for quad in read_file(path, GRAPH)] == [GRAPH]
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(MalformedData, match=r"data\.ttl\.gz is incomplete"):
        list(read_file(path))
    quads = tmp_path / "data.nq"
    quads.write_text("<http://a> <http://b> <http://c> <http://d> .\n<http://a> <http://b> 1 .")
    with pytest.raises(MalformedData, match=r"data\.nq: .*N-Quads") as caught:
        list(read_file(quads))
    assert caught.value.line == 2
    with pytest.raises(UnsupportedMediaType, match=r"data\.csv"):
        list(read_file(tmp_path / "data.csv"))


def test_a_form_of_files_is_not_refused_early() -> None:
    check_content_type("multipart/form-data; boundary=x")
    with pytest.raises(UnsupportedMediaType):
        check_content_type("multipart/mixed; boundary=x")


def test_a_base_that_is_no_iri_is_refused_as_data() -> None:
    with pytest.raises(MalformedData, match="The data is not Turtle"):
        list(read_graph(b"<a> <p:p> 1 .", "text/turtle", "no IRI", GRAPH))
