"""Counting, capping and mending results in pieces gives the same as doing it to the whole."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.query.result_stream import (
    CSV,
    HOLD,
    JSON,
    TSV,
    XML,
    NotRepresentable,
    ResultStream,
    RowCount,
    TooLarge,
    first_rows,
    well_formed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS = {
    JSON: ox.QueryResultsFormat.JSON,
    XML: ox.QueryResultsFormat.XML,
    CSV: ox.QueryResultsFormat.CSV,
    TSV: ox.QueryResultsFormat.TSV,
}
# Literals that look like the marks by which rows are told apart.
TRICKY = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ['},{"', '"},{"x":{', '{"a":{"type":"', "\r\n", '"\r\n"', '"', "\\", '\\"', "},{"]
    ),
    st.sampled_from(["</result>", "\n", "\r", ",", "x\r\ny,z", "\x01\ufffe", "{", "[", "}"]),
)
ROWS = st.lists(st.tuples(TRICKY, st.one_of(TRICKY, st.none())), max_size=8)


def serialized(rows: list[tuple[str, str | None]], media_type: str) -> bytes:
    values = " ".join(
        f"({ox.Literal(a)} {'UNDEF' if b is None else ox.Literal(b, language='en')})"
        for a, b in rows
    )
    return evaluated(f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {values} }} }}", media_type)


def evaluated(query: str, media_type: str) -> bytes:
    results = ox.Store().query(query)
    assert isinstance(results, ox.QuerySolutions)
    written = results.serialize(format=FORMATS[media_type])
    assert written is not None
    return written


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    cut: list[bytes] = []
    at = 0
    while at < len(data):
        size = sizes[len(cut) % len(sizes)]
        cut.append(data[at : at + size])
        at += size
    return cut


@pytest.mark.parametrize("media_type", FORMATS)
@settings(max_examples=150)
@given(rows=ROWS, sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_rows_are_counted(
    media_type: str, rows: list[tuple[str, str | None]], sizes: list[int]
) -> None:
    count = RowCount(media_type)
    for piece in pieces(serialized(rows, media_type), sizes):
        count.add(piece)
    assert count.count == len(rows)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_empty_rows_are_counted(media_type: str, rows: int) -> None:
    query = f"SELECT ?a ?b {{ VALUES ?c {{ {'1 ' * rows} }} }}"
    data = evaluated(query, media_type)
    for size in (1, 2, 3, 5, 1000):
        count = RowCount(media_type)
        for piece in pieces(data, [size]):
            count.add(piece)
        assert count.count == rows


READERS: dict[str, Callable[[bytes], int]] = {
    JSON: lambda data: len(json.loads(data)["results"]["bindings"]),
    XML: lambda data: len(ElementTree.fromstring(data)[1]),
    CSV: lambda data: len(list(csv.reader(io.StringIO(data.decode(), newline="")))) - 1,
    TSV: lambda data: len(data.decode().split("\n")) - 2,
}


@pytest.mark.parametrize("media_type", FORMATS)
@settings(max_examples=100)
@given(rows=ROWS, most=st.integers(0, 9))
def test_first_rows(media_type: str, rows: list[tuple[str, str | None]], most: int) -> None:
    if len(rows) <= most:
        return
    data = serialized(rows, media_type)
    if media_type == XML:
        try:
            data = well_formed(data)
        except NotRepresentable:
            return
    assert READERS[media_type](first_rows(media_type, data, most)) == most


@settings(max_examples=100)
@given(text=st.text(), sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_xml_is_well_formed_in_any_pieces(text: str, sizes: list[int]) -> None:
    sent: list[bytes] = []
    stream = ResultStream(XML, (None, None), sent.append)
    for piece in pieces(serialized([(text, None)], XML), sizes):
        stream.write(piece)
    if all(c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") for c in text):
        data = stream.held()
        assert data is not None
        literal = ElementTree.fromstring(data).find(".//{*}literal")
        assert literal is not None
        assert (literal.text or "") == text
    else:
        with pytest.raises(NotRepresentable, match=r"XML 1\.0 cannot represent"):
            stream.held()


def test_a_small_result_is_held_and_a_large_one_streams() -> None:
    sent: list[bytes] = []
    stream = ResultStream(TSV, (None, None), sent.append)
    stream.write(b"?x\n" + b"1\n" * (HOLD // 2 - 10))
    assert not sent
    stream.write(b"2\n" * 100_000)
    assert sent
    assert stream.held() is None
    assert len(b"".join(sent)) == 3 + HOLD - 20 + 200_000
    assert stream.rows.count == HOLD // 2 - 10 + 100_000
    assert max(map(len, sent)) <= 64 * 1024


@pytest.mark.parametrize(
    ("caps", "message"), [((10, None), "10 rows"), ((None, 1000), "1000 bytes")]
)
def test_a_cap_breaks_a_stream(caps: tuple[int | None, int | None], message: str) -> None:
    stream = ResultStream(TSV, caps, lambda _: None)
    with pytest.raises(TooLarge, match=message):
        stream.write(b"?x\n" + b"1\n" * HOLD)


def test_a_held_result_over_the_cap_of_bytes_is_refused() -> None:
    stream = ResultStream(TSV, (None, 10), lambda _: None)
    stream.write(b"?x\n" + b"1\n" * 10)
    with pytest.raises(TooLarge, match="10 bytes"):
        stream.held()
