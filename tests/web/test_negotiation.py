from __future__ import annotations

import pytest

from jiqun.compression import CODINGS
from jiqun.errors import BadParameter, NotAcceptable
from jiqun.rdf.formats import GRAPHS, HTML, SOLUTIONS
from jiqun.web.negotiation import choose, choose_coding, choose_named, negotiate

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
JENA = (
    "text/turtle,application/n-triples;q=0.9,application/ld+json;q=0.8,application/rdf+xml;q=0.7,"
    "*/*;q=0.3"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("   ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", "text/csv"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv;q=0.1", "text/csv"),
        ("text/csv;q=0.1,*/*;q=0.2", JSON),
        ("text/csv; q=0.5 , text/tab-separated-values;q=0.6", "text/tab-separated-values"),
        # the server's order decides between equals
        (f"text/csv,{XML}", XML),
        (f"{XML},{JSON}", JSON),
        # what q=0 excludes no wildcard brings back
        (f"{JSON};q=0,*/*", XML),
        (f"*/*,{JSON};q=0.0,{XML};q=0.000", "text/csv"),
        ("application/*;q=0,*/*;q=0.1", "text/csv"),
        # the most specific range counts, not the best
        (f"*/*;q=1,{JSON};q=0.1", XML),
        ("application/*;q=0.2,*/*;q=0.9", "text/csv"),
        # parameters
        (f"{XML};charset=utf-8", XML),
        (f"{XML};charset=UTF-8;q=0.5,text/csv;q=0.4", XML),
        (
            'text/csv;header="present";q=1,text/tab-separated-values;q=0.1',
            "text/tab-separated-values",
        ),
        (f'text/csv;note="a,b;c",{XML};q=0.5', XML),
        # whatever follows q is an extension
        ("text/csv;q=0.5;header=present", "text/csv"),
        # aliases go under the name that was asked for
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml;q=0.5,text/csv;q=0.4", "text/xml"),
        # elements that are not well-formed are left out
        ("nonsense, text/csv", "text/csv"),
        ("text/csv;q=2, text/tab-separated-values;q=0.1", "text/tab-separated-values"),
        (",,,text/csv,,", "text/csv"),
        ("text/csv;", "text/csv"),
    ],
)
def test_the_best_format_for_solutions(accept: str | None, expected: str) -> None:
    assert choose(accept, SOLUTIONS).media_type == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/turtle"),
        (JENA, "text/turtle"),
        ("application/rdf+xml", "application/rdf+xml"),
        (
            "application/ld+json;profile=http://www.w3.org/ns/json-ld#compacted,*/*;q=0.1",
            "text/turtle",
        ),
        ("application/json", "application/json"),
        ("text/plain", "text/plain"),
        ("application/n-quads;q=0.3, application/trig;q=0.4", "application/trig"),
    ],
)
def test_the_best_format_for_graphs(accept: str | None, expected: str) -> None:
    assert choose(accept, GRAPHS).media_type == expected


def test_a_browser_gets_html_where_there_is_some() -> None:
    assert choose(BROWSER, (*SOLUTIONS, HTML)).format is HTML
    assert choose("*/*", (*SOLUTIONS, HTML)).media_type == JSON


@pytest.mark.parametrize(
    "accept",
    [
        "text/turtle",
        "image/*",
        f"*/*;q=0,{JSON};q=0",
        "x",
        "/",
        "a/b/c",
        "*/json",
        '"',
        "q=1",
        "*;q=1",
    ],
)
def test_what_cannot_be_given_is_refused_with_the_list(accept: str) -> None:
    with pytest.raises(
        NotAcceptable, match=r"Available: application/sparql-results\+json, .*text/csv"
    ):
        choose(accept, SOLUTIONS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("json", JSON),
        ("JSON", JSON),
        ("csv", "text/csv"),
        ("application/sparql-results+xml", XML),
        ("application/sparql-results xml", XML),
        ("application/json", "application/json"),
    ],
)
def test_format_names_and_media_types(name: str, expected: str) -> None:
    assert choose_named(name, SOLUTIONS).media_type == expected


def test_xml_and_json_mean_the_format_that_fits() -> None:
    assert choose_named("xml", GRAPHS).media_type == "application/rdf+xml"
    assert choose_named("json", GRAPHS).media_type == "application/ld+json"


@pytest.mark.parametrize("name", ["pdf", "turtle", "\r\nX: y", "j" * 5000])
def test_an_impossible_format_is_refused_with_the_names(name: str) -> None:
    with pytest.raises(BadParameter, match=r"Available: json, xml, csv, tsv\.$") as caught:
        choose_named(name, SOLUTIONS)
    assert "\n" not in caught.value.detail
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1, br;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("*", "zstd"),
        ("zstd;q=0, *", "br"),
        ("*;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("gzip;q=nonsense", None),
        ("deflate", None),
    ],
)
def test_content_codings(header: str | None, expected: str | None) -> None:
    assert choose_coding(header, CODINGS) == expected


@pytest.mark.parametrize(
    ("accept", "names", "expected"),
    [
        (None, "pdf,csv", "text/csv"),
        ("text/csv", "json,xml", "application/sparql-results+json"),
        ("text/csv", "n3,rdf+xml", "text/csv"),
        ("text/csv", ",", "text/csv"),
        (None, "tsv,tsv", "text/tab-separated-values"),
    ],
)
def test_of_several_formats_the_first_that_is_available_counts(
    accept: str | None, names: str, expected: str
) -> None:
    assert negotiate(accept, names, SOLUTIONS).media_type == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n3", "text/turtle"),
        ("rdf+xml", "application/rdf+xml"),
        ("rdf xml", "application/rdf+xml"),
        ("json-ld", "application/ld+json"),
        ("turtle", "text/turtle"),
        ("n-triples", "application/n-triples"),
    ],
)
def test_the_names_that_clients_send(name: str, expected: str) -> None:
    assert negotiate(None, name, GRAPHS).media_type == expected
