"""The pages, rendered from plain data: what they show, and what must never be in them."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from html_audit import Audit
from jiqun.language import Reader, Text, choose_language
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import DATASET, GRAPH, ID, KG, SOURCE
from jiqun.rdf.terms import LANGUAGES, language_tag, text
from jiqun.release import Dump, Release
from jiqun.saved_queries import Parameter, SavedQuery
from jiqun.web.pages.catalogue_page import render_catalogue
from jiqun.web.pages.cells import Caption, Cell, Labels, Wording, readable_number
from jiqun.web.pages.error_page import render_error
from jiqun.web.pages.home_page import EvidenceCard, HomeContent, render_home
from jiqun.web.pages.query_page import query_section, render_queries, render_query
from jiqun.web.pages.records import Fact
from jiqun.web.pages.rendering import PHRASES, highlight, link_target, text_fragment
from jiqun.web.pages.result_table import PAGE_ROWS, Outcome, read_outcome
from jiqun.web.pages.results_page import NO_CHOICES, Section, render_query_form, render_results
from jiqun.web.pages.source_page import Passage, Source, SourceEntry, render_source, render_sources
from jiqun.web.pages.thing_facts import Thing
from jiqun.web.pages.thing_page import render_thing
from jiqun.web.pictures.amount_charts import Bar, draw_nested_bars
from jiqun.web.pictures.certainty import sign
from jiqun.web.pictures.drawing import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.query.solutions import Row

HOSTILE = "\"'><script>alert(1)</script><b onmouseover=x style=y>&amp;{{7*7}}"
ENGLISH = Reader(origin="http://127.0.0.1:8000")
XSD_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


def iri(name: str) -> Term:
    return Term("uri", ID + name)


def nothing(_query: str) -> list[Row]:
    """Stand for a store without places, which the views ask for."""
    return []


def results(text: str, outcome: Outcome, captions: Mapping[str, Caption], reader: Reader) -> str:
    return render_results(text, outcome, Labels(captions, reader), nothing)


PASSAGE = Term("uri", f"{SOURCE}tiny#p2")
CAPTIONS = {
    iri("cluster").value: Caption(
        {"en": f"Cluster {HOSTILE}", "zh-hans": "集群"}, (f"{KG}Cluster",)
    ),
    iri("hebei").value: Caption({"en": "Hebei", "zh-Hans": "河北", "zh-Hant": "河北"}),
    f"{KG}Cluster": Caption({"en": "industrial cluster", "zh-Hans": "产业集群"}),
    f"{KG}coreArea": Caption({"en": "core area", "zh-Hans": "核心区"}),
    PASSAGE.value: Caption(
        {},
        quotes=(Text("河北省", "zh-Hant"),),
        wordings=(
            Wording(Text("由河北省牽頭", "zh-Hant"), frozenset({ID + "hebei", ID + "cluster"})),
            Wording(Text("企業3219家", "zh-Hant"), frozenset({"3219", ID + "cluster"})),
        ),
    ),
}
QUERY = SavedQuery(
    name="clusters-of-a-region",
    summary={"en": f"Clusters {HOSTILE}", "zh-Hans": "一个地区的集群"},
    description={"en": "The clusters of a region."},
    tags=("places", HOSTILE),
    form="SELECT",
    text=f"# {HOSTILE}\nSELECT ?cluster WHERE {{ ?cluster <{KG}coreArea> ?_place_iri }}",
    parameters=(
        Parameter("place", "_place_iri", "iri", None, True, {"en": HOSTILE}, None),
        Parameter("year", "_year_integer", "integer", "2024", False, {}, None),
        Parameter("kind", "_kind_literal", "literal", None, False, {}, ("a", HOSTILE)),
    ),
    example={"place": "hebei"},
)
RELEASE = Release(
    folder=Path("nowhere"),
    title="Jiqun",
    version="0.1.0",
    identifier="f" * 64,
    ontology={},
    counts={"triples": 5626, "clusters": 7, "sources": 1},
    dumps={
        "jiqun.ttl.gz": Dump("jiqun.ttl.gz", Path("x"), "a" * 64, 68_500, "text/turtle", 5626),
        "odd.bin": Dump("odd.bin", Path("x"), "b" * 64, 12, "application/odd", None),
    },
    queries={QUERY.name: QUERY},
)
ENTRY = SourceEntry(f"{SOURCE}tiny", Text(HOSTILE, "zh-Hant"), "2024-12-23", iri("hebei"), 27)


def answer(given: Mapping[str, str], reader: Reader) -> Section:
    labels = Labels(CAPTIONS, reader)
    return query_section(QUERY, given, ROWS, labels, nothing, NO_CHOICES)


ROWS = Outcome(
    variables=("cluster", "clusterLabel", "lead", "count", "passage", "free", "link"),
    rows=(
        {
            "cluster": iri("cluster"),
            "clusterLabel": Term("literal", HOSTILE, "en"),
            "lead": iri("hebei"),
            "count": Term("literal", "33000", datatype=XSD_INTEGER),
            "passage": PASSAGE,
            "free": Term("literal", HOSTILE, "zh-Hans"),
            "link": Term("uri", "javascript:alert(1)"),
        },
        {"cluster": iri("cluster"), "link": Term("uri", f"https://example.org/{HOSTILE}")},
    ),
    milliseconds=0.4,
)
WHOLE_SOURCE = Source(
    f"{SOURCE}tiny",
    "tiny",
    {
        "http://purl.org/dc/terms/title": [Term("literal", HOSTILE, "zh-Hant")],
        "http://purl.org/dc/terms/publisher": [iri("hebei")],
        "https://schema.org/url": [Term("uri", "http://example.org/a?b=c")],
        "http://purl.org/dc/terms/rights": [Term("literal", HOSTILE)],
    },
    (
        Passage(
            PASSAGE.value,
            4,
            1006,
            (Text("石家庄、唐山-為核心區", "zh-Hant"), Text(HOSTILE)),
            (
                Fact(PASSAGE.value, iri("cluster"), f"{KG}coreArea", iri("hebei")),
                Fact(
                    PASSAGE.value,
                    iri("cluster"),
                    f"{KG}nickname",
                    Term("literal", HOSTILE, "zh-Hant"),
                ),
                Fact(PASSAGE.value, iri("new"), f"{KG}wording", Term("literal", "2+6", "zh-Hant")),
            ),
        ),
    ),
)
THING = Thing(
    iri("cluster").value,
    "cluster",
    (
        Fact(PASSAGE.value, iri("cluster"), f"{KG}coreArea", iri("hebei")),
        Fact(f"{GRAPH}inferred", iri("cluster"), f"{KG}locatedIn", iri("china")),
        Fact(
            f"{GRAPH}register",
            iri("cluster"),
            "http://www.w3.org/2004/02/skos/core#altLabel",
            Term("literal", HOSTILE, "zh-Hant"),
        ),
    ),
    (Fact(PASSAGE.value, iri("x"), f"{KG}about", iri("cluster")),),
    pages=3,
    total=250,
)


CATALOGUE = [
    text(DATASET, f"http://rdfs.org/ns/void#{name}", "12")
    for name in ("triples", "entities", "classes", "properties")
]


def home_content(reader: Reader) -> HomeContent:
    return HomeContent(
        coverage=draw_nested_bars(
            Sheet("coverage", HOSTILE, HOSTILE, ENGLISH),
            [Bar(Text(HOSTILE), Decimal(45), "exact", None, reader.link("/x"))],
        ),
        missing=5,
        candidates=(Cell("thing", Text(HOSTILE, "zh-Hant"), reader.link("/doc/x")),),
        questions=((HOSTILE, reader.link("/clusters")),),
        cards=(
            EvidenceCard(
                sign("more-than"),
                f"more than 2 tn {HOSTILE}",
                HOSTILE,
                Text(HOSTILE),
                Cell("thing", Text(HOSTILE, "zh-Hans"), reader.link("/doc/x")),
                HOSTILE,
                Text(f"產業規模突破2萬億元{HOSTILE}", "zh-Hant"),
                reader.link("/source/tiny#p2"),
                Text(HOSTILE),
            ),
        ),
        names=(Text(HOSTILE),),
    )


def every_page(reader: Reader) -> dict[str, str]:
    hostile = {"name": HOSTILE}
    problem = f"place must be {HOSTILE}"
    given = {"place": HOSTILE}
    return {
        "home": render_home(RELEASE, home_content(reader), reader, hostile),
        "empty home": render_home(RELEASE, HomeContent(), reader, {}),
        "catalogue": render_catalogue(CATALOGUE, RELEASE, reader),
        "queries": render_queries([QUERY], reader),
        "query": render_query(QUERY, given, answer(given, reader), reader),
        "query with problem": render_query(QUERY, given, None, reader, problem=problem),
        "form": render_query_form(reader),
        "rows": results(HOSTILE, ROWS, CAPTIONS, reader),
        "no rows": results("SELECT", Outcome(("x",)), {}, reader),
        "cut": results("SELECT", Outcome(("x",), truncated=True), {}, reader),
        "yes": results("ASK", Outcome(boolean=True), {}, reader),
        "graph": results("CONSTRUCT", Outcome(graph=f'<a:b> <a:c> "{HOSTILE}"'), {}, reader),
        "source": render_source(WHOLE_SOURCE, CAPTIONS, reader),
        "sources": render_sources([ENTRY], CAPTIONS, reader),
        "thing": render_thing(THING, CAPTIONS, reader, RELEASE),
        "error": render_error(404, "Not found", HOSTILE, reader),
        "query error": render_error(400, "Malformed query", HOSTILE, reader, HOSTILE),
    }


NAMES = tuple(every_page(ENGLISH))
ELSEWHERE = Reader("zh-Hans", chosen=True, root="/kg", origin="https://example.org", here="//a b")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_pages_are_sound_whatever_the_data(name: str, lang: str) -> None:
    audit = Audit(every_page(Reader(lang, here=f"/x?y={HOSTILE}"))[name])
    assert audit.problems == []
    assert audit.lang == lang
    assert "49" not in audit.text.replace("{{7*7}}", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_link_keeps_prefix_and_language(name: str) -> None:
    audit = Audit(every_page(ELSEWHERE)[name])
    assert audit.problems == []
    inside = [link for link in audit.links if link.startswith("/")]
    assert all(link.startswith("/kg/") for link in inside), inside


def test_hostile_text_is_shown_as_text() -> None:
    audit = Audit(render_error(400, "Malformed", HOSTILE, ENGLISH))
    assert HOSTILE in audit.text


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("http://example.org/a", "http://example.org/a"),
        (f"{ID}beijing", "/id/beijing"),
        (f"{SOURCE}tiny#p2", "/source/tiny#p2"),
        ("https://w3id.org/jiqun/query/by-year", "/queries/by-year"),
        ("https://w3id.org/jiqun//evil.example/x", "/sparql"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("JAVASCRIPT:alert(1)", None),
        ("https://", None),
        ("http://[::1", None),
        ('https://example.org/"><script>', None),
        ("urn:isbn:1", None),
        ("mailto:a@example.org", None),
        ("//example.org", None),
        ("http://user:word@example.org/", None),
        ("https://example.org@evil.example/", None),
        ("https://example.org/\u202egnp.exe", None),
        ("https://example.org/a\u200bb", None),
        (f"{ID}\u2066beijing", None),
        (f"{ID}/host", "/sparql"),
        (f"{ID}../update", "/sparql"),
        (f"{ID}a/%2E%2e/update", "/sparql"),
        (f"{SOURCE}./tiny", "/sparql"),
        ("https://w3id.org/jiqun/query/../update", "/sparql"),
        (f"{ID}a..b", "/id/a..b"),
    ],
)
def test_only_web_addresses_become_links(address: str, target: str | None) -> None:
    found = link_target(address)
    assert (found.partition("?")[0] if found and target == "/sparql" else found) == target


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("abc\u202edef", "abc⟨U+202E⟩def"),
        ("\u2066a\u2069", "⟨U+2066⟩a⟨U+2069⟩"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("a\U000e0041b", "a⟨U+E0041⟩b"),
        ("שלום", "שלום"),
        ("نص text\nline", "نص text\nline"),
    ],
)
def test_what_is_invisible_is_marked_and_values_are_isolated(value: str, shown: str) -> None:
    rows = ({"a": Term("literal", value), "b": Term("uri", f"https://example.org/{value}")},)
    page = results("SELECT", Outcome(("a", "b"), rows), {}, ENGLISH)
    assert f"<bdi>{shown}</bdi>" in page
    assert value == shown or value not in page
    text = render_error(400, "Malformed", value, ENGLISH)
    assert shown in text
    assert value == shown or value not in text


def test_the_query_in_the_form_is_what_was_asked() -> None:
    page = render_error(400, "Malformed", "no", ENGLISH, 'SELECT ("\u202e<" AS ?a) {}')
    assert "SELECT (&#34;\u202e&lt;&#34; AS ?a) {}</textarea>" in page


def test_text_fragments_escape_what_has_a_meaning_there() -> None:
    link = text_fragment("http://example.org/a", "2+6, a-b&c 集群")
    assert link == "http://example.org/a#:~:text=2%2B6%2C%20a%2Db%26c%20%E9%9B%86%E7%BE%A4"
    assert text_fragment("http://example.org/#x", "a") == "http://example.org/#x:~:text=a"
    assert text_fragment("javascript:1", "a") is None


def test_a_label_column_gives_its_words_to_the_thing_beside_it() -> None:
    page = results("SELECT", ROWS, CAPTIONS, ENGLISH)
    assert "clusterLabel" not in page
    assert 'href="/id/hebei" title="id:hebei"><bdi>Hebei</bdi></a>' in page
    assert "<bdi>33,000</bdi></td>" in page


def test_a_passage_shows_the_words_of_the_fact_in_its_row() -> None:
    by_lead = Outcome(("cluster", "lead", "passage"), ({**ROWS.rows[0]},))
    page = results("SELECT", by_lead, CAPTIONS, ENGLISH)
    assert "由河北省牽頭" in page
    figures = {
        "cluster": iri("cluster"),
        "count": Term("literal", "3219", datatype=XSD_INTEGER),
        "passage": PASSAGE,
    }
    page = results("SELECT", Outcome(tuple(figures), (figures,)), CAPTIONS, ENGLISH)
    assert "企業3219家" in page
    assert "由河北省牽頭" not in page
    alone = Outcome(("passage",), ({"passage": PASSAGE},))
    assert "河北省" in results("SELECT", alone, CAPTIONS, ENGLISH)


def test_a_bound_is_shown_beside_its_words() -> None:
    page = every_page(ENGLISH)["home"]
    assert "more than 2 tn" in page
    assert 'class="arrow"' in page
    assert 'href="/source/tiny#p2"' in page


def test_a_source_links_each_quote_to_the_original() -> None:
    page = render_source(WHOLE_SOURCE, CAPTIONS, ENGLISH)
    assert 'id="p2"' in page
    assert "http://example.org/a?b=c#:~:text=%E7%9F%B3" in page
    assert '<q dir="auto" lang="zh-Hant">2+6</q>' in page
    assert "4–1,006" in page


def test_chinese_text_is_marked_as_such() -> None:
    assert "zh-Hant" in Audit(render_source(WHOLE_SOURCE, CAPTIONS, ENGLISH)).langs
    assert language_tag("zh-hant") == "zh-Hant"
    assert language_tag("zh-hans-cn") == "zh-Hans-CN"


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [
        ("zh-Hans", "en", ("zh-Hans", True)),
        ("zh-hant", None, ("zh-Hant", True)),
        ("xx", "zh-TW", ("zh-Hant", False)),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", ("zh-Hans", False)),
        (None, "fr, en;q=0.5, zh-HK;q=0.7", ("zh-Hant", False)),
        (None, "zh;q=0, en;q=0.1", ("en", False)),
        (None, "de", ("en", False)),
        (None, ";;;,=q", ("en", False)),
        (None, None, ("en", False)),
    ],
)
def test_the_language_is_the_one_asked_for(
    asked: str | None, accepted: str | None, lang: tuple[str, bool]
) -> None:
    assert choose_language(asked, accepted) == lang


def test_results_json_is_read_with_every_kind_of_term() -> None:
    row = (
        b'{"a":{"type":"bnode","value":"x"},'
        b'"b":{"type":"literal","value":"y","xml:lang":"zh-hans"}}'
    )
    rows = b",".join([row] * (PAGE_ROWS + 1))
    result = b'{"head":{"vars":["a","b"]},"results":{"bindings":[' + rows + b"]}}"
    outcome = read_outcome("SELECT", result)
    assert outcome.rows[0]["b"] == Term("literal", "y", "zh-Hans")
    assert outcome.truncated
    assert len(outcome.rows) == PAGE_ROWS
    assert read_outcome("ASK", b'{"head":{},"boolean":false}').boolean is False


def test_every_phrase_is_given_in_every_language() -> None:
    for key, words in PHRASES.items():
        assert set(words) == set(LANGUAGES), key
        assert all(words.values()), key


@pytest.mark.parametrize(
    ("lexical", "shown"),
    [("1331", "1,331"), ("4.0", "4"), ("0.2", "0.2"), ("-12345.50", "-12,345.50"), ("1e6", "1e6")],
)
def test_numbers_are_readable_and_unchanged(lexical: str, shown: str) -> None:
    assert readable_number(lexical) == shown


def test_highlighting_changes_no_character() -> None:
    text = f'PREFIX kg: <a:b> # {HOSTILE}\nSELECT ?x WHERE {{ ?x kg:y "{HOSTILE}"@en , 1.5 }}'
    marked = str(highlight(text))
    assert unescape(re.sub(r"</?span[^>]*>", "", marked)) == text
    assert '<span class="t-keyword">SELECT</span>' in marked
