"""Reads RDF from untrusted sources into quads.

In: a file of bytes with its media type. Out: quads, or a `MalformedData` with the position of the
mistake. Measured on pyoxigraph 0.5.13, and prevented here:

* Truncated RDF/XML is accepted silently, and internal entities are expanded (600 bytes can take
  gigabytes). So expat checks first: well-formed to the end, no DOCTYPE, no deep nesting (20,000
  nested elements take 4 s, and four times as long for twice as many).
* JSON-LD takes 5 s for 2,000 nested objects and does not end for 20,000. So brackets are counted
  first. Remote contexts are never fetched.
* Turtle, TriG, N-Triples and N-Quads take 200,000 nested brackets in a fraction of a second and
  need no limit but the length of the body.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final, cast
from xml.parsers import expat

import pyoxigraph as ox

from jiqun.errors import MalformedData, UnsupportedMediaType, shorten, useful_part
from jiqun.rdf.formats import (
    GRAPH_EXTENSIONS,
    GRAPHS,
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    RDF_XML,
    Format,
    graph_format,
    graph_format_of_file,
)

Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph

MULTIPART: Final = "multipart/form-data"
MOST_NESTED: Final = 200
"""The deepest nesting of elements in RDF/XML and of brackets in JSON-LD."""
MOST_PARTS: Final = 100

_JSON_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKET: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_PLACE: Final = re.compile(r"at line (\d+) (?:column|between columns) (\d+)")


def format_of(content_type: str | None) -> Format:
    """Return the format named by a Content-Type header; raises `UnsupportedMediaType`."""
    media_type, charset = _split(content_type or "")
    found = graph_format(media_type)
    if found is None:
        given = f"the Content-Type {shorten(media_type)}" if media_type else "no Content-Type"
        readable = ", ".join(each.media_type for each in GRAPHS)
        raise UnsupportedMediaType(f"The data has {given}. Supported: {readable}.")
    if charset not in {"", "utf-8", "utf8", "us-ascii", "ascii"}:
        raise UnsupportedMediaType(
            f"The charset {shorten(charset, 40)} is not supported; send UTF-8."
        )
    return found


def check_content_type(content_type: str | None) -> None:
    """Check early that `read_graph` supports the type; raises `UnsupportedMediaType`."""
    if _split(content_type or "")[0] != MULTIPART:
        format_of(content_type)


def read_graph(
    body: bytes, content_type: str | None, base: str | None, graph: Graph
) -> Iterator[ox.Quad]:
    """Yield the triples of one graph as quads of `graph`, from all parts of a multipart body.

    Relative IRIs are resolved against `base`. Blank nodes get fresh labels, so two bodies never
    share one. Raises `MalformedData` and `UnsupportedMediaType`, possibly after some quads.
    """
    if _split(content_type or "")[0] == MULTIPART:
        for part_type, part in _parts(body, content_type or ""):
            yield from read_graph(part, part_type, base, graph)
        return
    format_ = format_of(content_type)
    for quad in _read(BytesIO(body), format_, base, one_graph=True):
        yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def read_file(path: Path, graph: Graph | None = None, base: str | None = None) -> Iterator[ox.Quad]:
    """Yield the quads of a file, gzipped or not, into `graph` if one is given.

    The extension determines the format; `base` defaults to the file's own address. Raises as
    `read_graph` does, and `OSError`.
    """
    packed = path.suffix == ".gz"
    extension = path.with_suffix("").suffix if packed else path.suffix
    format_ = graph_format_of_file(extension)
    if format_ is None:
        readable = ", ".join(GRAPH_EXTENSIONS)
        raise UnsupportedMediaType(
            f"{path.name} has no RDF file extension. Supported: {readable}, each also with .gz."
        )
    base = base or path.absolute().as_uri()
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            opened = cast("IO[bytes]", file)
            for quad in _read(opened, format_, base, one_graph=graph is not None):
                into = quad.graph_name if graph is None else graph
                yield ox.Quad(quad.subject, quad.predicate, quad.object, into)
    except MalformedData as error:
        raise MalformedData(f"{path.name}: {error.detail}", error.line, error.column) from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path.name} is incomplete: {error}.") from None


def _read(
    file: IO[bytes], format_: Format, base: str | None, *, one_graph: bool
) -> Iterator[ox.Quad]:
    if format_ == RDF_XML:
        _check_xml(file)
    elif format_ == JSON_LD:
        file = _check_json(file)
    if format_ in {N_TRIPLES, N_QUADS}:
        base = None
    try:
        yield from ox.parse(
            file,
            format_.oxigraph,
            base_iri=base,
            without_named_graphs=one_graph,
            rename_blank_nodes=True,
        )
    except SyntaxError as error:
        raise malformed(error, format_.label) from None
    except ValueError as error:
        raise MalformedData(f"The data is not {format_.label}: {error}.") from None


def malformed(error: SyntaxError, name: str) -> MalformedData:
    """Translate a parser error; `name` is that of the format."""
    message = error.msg
    if "LoadDocumentCallback" in message:
        return MalformedData(
            "The JSON-LD refers to a remote context, and remote contexts are not fetched. Include "
            "the context in the document."
        )
    if "Named graphs are not allowed" in message or "GRAPH is not" in message:
        return MalformedData(
            f"The {name} has named graphs, but the request is for one graph. Send one graph at a "
            "time."
        )
    found = _PLACE.search(message)
    line = error.lineno or (int(found[1]) if found else None)
    column = error.offset or (int(found[2]) if found else None)
    text = useful_part(message)
    return MalformedData(f"The data is not well-formed {name}: {text}", line, column)


def _check_xml(file: IO[bytes]) -> None:
    """Read XML to its end and refuse what the RDF/XML parser wrongly accepts."""
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_NESTED:
            raise MalformedData(
                f"The RDF/XML nests more than {MOST_NESTED} elements: <{shorten(name, 40)}> at "
                f"line {parser.CurrentLineNumber}.",
                parser.CurrentLineNumber,
                parser.CurrentColumnNumber + 1,
            )

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_arguments: object) -> None:
        raise MalformedData(
            "The RDF/XML has a DOCTYPE, which could declare entities and is not allowed. Use full "
            "namespaces instead of entities.",
            parser.CurrentLineNumber,
            parser.CurrentColumnNumber + 1,
        )

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii", "ascii"}:
            raise MalformedData("The RDF/XML is not in UTF-8, the only supported encoding.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declaration
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise MalformedData(
            f"The RDF/XML is not well-formed: {reason} at line {error.lineno}, column "
            f"{error.offset + 1}.",
            error.lineno,
            error.offset + 1,
        ) from None
    file.seek(0)


def _check_json(file: IO[bytes]) -> IO[bytes]:
    """Return the file, rewound, if its brackets do not nest too deeply."""
    body = file.read()
    depth = 0
    for bracket in _JSON_STRING.sub(b"", body).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > MOST_NESTED:
            raise MalformedData(f"The JSON-LD nests more than {MOST_NESTED} objects and arrays.")
    return BytesIO(body)


def _parts(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    """Yield Content-Type and body of each part of `multipart/form-data` (RFC 7578)."""
    # Slow to import and rarely needed.
    from email import message_from_bytes, policy  # noqa: PLC0415

    if body.count(b"\n--") > MOST_PARTS * 2:
        raise MalformedData(f"The body has more than {MOST_PARTS} parts.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
    message = message_from_bytes(head + body.lstrip(b"\r\n"), policy=policy.HTTP)
    if not message.is_multipart() or message.defects:
        raise MalformedData("The body is not multipart/form-data with the declared boundary.")
    for part in message.iter_parts():
        if part.is_multipart():
            raise MalformedData("A part of the body is itself multipart.")
        data = part.get_payload(decode=True)
        yield str(part.get("content-type", "")), data if isinstance(data, bytes) else b""


def _split(content_type: str) -> tuple[str, str]:
    """Return media type and charset of a Content-Type header, in lower case."""
    media_type, *parameters = content_type.lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return media_type.strip(), value.strip(' "')
    return media_type.strip(), ""
