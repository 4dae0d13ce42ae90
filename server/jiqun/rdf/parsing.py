"""RDF that comes from outside, read into quads: safely, wholly, or not at all.

In: a file of bytes with its media type. Out: quads, or a `MalformedData` that says where the
mistake stands. Measured on pyoxigraph 0.5.13, and met here:

* RDF/XML that breaks off is accepted silently, and internal entities are expanded (600 bytes can
  take gigabytes). So expat looks first: well-formed to the end, no DOCTYPE, no deep nesting
  (20,000 elements inside one another take 4 s, and four times as long for twice as many).
* JSON-LD takes 5 s for 2,000 objects inside one another and does not end for 20,000. So brackets
  are counted first. Remote contexts are never fetched.
* Turtle, TriG, N-Triples and N-Quads take 200,000 nested brackets in a fraction of a second and
  need no limit but the length of the body.

Data is RDF 1.1: triple terms and strings with a direction are refused, because not every format
that graphs are given in can express them.
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

from jiqun.errors import MalformedData, UnsupportedMediaType, shorten

Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph


FORMATS: Final = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/x-turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/plain": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/xml": ox.RdfFormat.RDF_XML,
    "text/xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/json": ox.RdfFormat.JSON_LD,
    "application/trig": ox.RdfFormat.TRIG,
    "application/x-trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
    "text/x-nquads": ox.RdfFormat.N_QUADS,
}
EXTENSIONS: Final = {
    ".ttl": "text/turtle",
    ".nt": "application/n-triples",
    ".rdf": "application/rdf+xml",
    ".xml": "application/rdf+xml",
    ".owl": "application/rdf+xml",
    ".jsonld": "application/ld+json",
    ".json": "application/ld+json",
    ".trig": "application/trig",
    ".nq": "application/n-quads",
}
MULTIPART: Final = "multipart/form-data"
MOST_NESTED: Final = 200
"""Elements of RDF/XML, or brackets of JSON-LD, that may stand inside one another."""
MOST_PARTS: Final = 100

_NAMES: Final = {
    ox.RdfFormat.TURTLE: "Turtle",
    ox.RdfFormat.N_TRIPLES: "N-Triples",
    ox.RdfFormat.RDF_XML: "RDF/XML",
    ox.RdfFormat.JSON_LD: "JSON-LD",
    ox.RdfFormat.TRIG: "TriG",
    ox.RdfFormat.N_QUADS: "N-Quads",
}
_READABLE: Final = (
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
    "application/trig",
    "application/n-quads",
)
_JSON_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKET: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_PLACE: Final = re.compile(r"at line (\d+) (?:column|between columns) (\d+)")


def format_of(content_type: str | None) -> ox.RdfFormat:
    """Tell the format of a Content-Type header; raises `UnsupportedMediaType`."""
    media_type, charset = _split(content_type or "")
    found = FORMATS.get(media_type)
    if found is None:
        given = f"the Content-Type {shorten(media_type)}" if media_type else "no Content-Type"
        raise UnsupportedMediaType(f"The data has {given}. Read here: {', '.join(_READABLE)}.")
    if charset not in {"", "utf-8", "utf8", "us-ascii", "ascii"}:
        raise UnsupportedMediaType(f"The charset {shorten(charset, 40)} is not read; send UTF-8.")
    return found


def check_content_type(content_type: str | None) -> None:
    """Refuse early what `read_graph` will not read; raises `UnsupportedMediaType`."""
    if _split(content_type or "")[0] != MULTIPART:
        format_of(content_type)


def read_graph(
    body: bytes, content_type: str | None, base: str | None, graph: Graph
) -> Iterator[ox.Quad]:
    """Yield the triples of one graph as quads of `graph`, from all parts of a multipart body.

    Relative IRIs are resolved against `base`. Blank nodes get fresh labels, so that two bodies
    never share one. Raises `MalformedData` and `UnsupportedMediaType`, possibly after some quads.
    """
    if _split(content_type or "")[0] == MULTIPART:
        for part_type, part in _parts(body, content_type or ""):
            yield from read_graph(part, part_type, base, graph)
        return
    format_ = format_of(content_type)
    for quad in _read(BytesIO(body), format_, base, one_graph=True):
        yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def read_dataset(file: IO[bytes], format_: ox.RdfFormat, base: str | None) -> Iterator[ox.Quad]:
    """Yield the quads of a file that may name graphs; raises as `read_graph` does."""
    return _read(file, format_, base, one_graph=False)


def read_file(path: Path, graph: Graph | None = None, base: str | None = None) -> Iterator[ox.Quad]:
    """Yield the quads of a file, gzipped or not, into `graph` if one is given.

    The format is told by the extension; `base` is the file's own address if not given. Raises as
    `read_graph` does, and `OSError`.
    """
    packed = path.suffix == ".gz"
    extension = path.with_suffix("").suffix if packed else path.suffix
    media_type = EXTENSIONS.get(extension.lower())
    if media_type is None:
        raise UnsupportedMediaType(
            f"{path.name} has no extension of RDF. Read here: {', '.join(EXTENSIONS)}, each also "
            "with .gz."
        )
    base = base or path.absolute().as_uri()
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            opened = cast("IO[bytes]", file)
            for quad in _read(opened, FORMATS[media_type], base, one_graph=graph is not None):
                into = quad.graph_name if graph is None else graph
                yield ox.Quad(quad.subject, quad.predicate, quad.object, into)
    except MalformedData as error:
        raise MalformedData(f"{path.name}: {error.detail}", error.line, error.column) from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise MalformedData(f"{path.name} is not whole: {error}.") from None


def _read(
    file: IO[bytes], format_: ox.RdfFormat, base: str | None, *, one_graph: bool
) -> Iterator[ox.Quad]:
    if format_ == ox.RdfFormat.RDF_XML:
        _check_xml(file)
    elif format_ == ox.RdfFormat.JSON_LD:
        file = _check_json(file)
    if format_ in {ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS}:
        base = None
    try:
        for quad in ox.parse(
            file,
            format_,
            base_iri=base,
            without_named_graphs=one_graph,
            rename_blank_nodes=True,
        ):
            _check_term(quad)
            yield quad
    except SyntaxError as error:
        raise _malformed(error, _NAMES[format_]) from None
    except ValueError as error:
        raise MalformedData(f"The data is not {_NAMES[format_]}: {error}.") from None


def _check_term(quad: ox.Quad) -> None:
    value = quad.object
    if isinstance(value, ox.Triple) or isinstance(quad.subject, ox.Triple):
        raise MalformedData("The data has a triple term of RDF 1.2; here, data is RDF 1.1.")
    if isinstance(value, ox.Literal) and value.direction is not None:
        raise MalformedData(
            f"The string “{shorten(value.value, 40)}” has a direction (RDF 1.2); here, data is "
            "RDF 1.1."
        )


def _malformed(error: SyntaxError, name: str) -> MalformedData:
    message = error.msg
    if "LoadDocumentCallback" in message:
        return MalformedData(
            "The JSON-LD refers to a remote context, and remote contexts are not fetched. Put the "
            "context into the document."
        )
    if "Named graphs are not allowed" in message or "GRAPH is not" in message:
        return MalformedData(
            f"The {name} names graphs of its own, but the request is about one graph. Send a "
            "graph at a time."
        )
    found = _PLACE.search(message)
    line = error.lineno or (int(found[1]) if found else None)
    column = error.offset or (int(found[2]) if found else None)
    text = message if len(message) <= 300 else message[:300].rsplit(",", 1)[0] + " …"
    return MalformedData(f"The data is not well-formed {name}: {text}", line, column)


def _check_xml(file: IO[bytes]) -> None:
    """Read XML to its end for what the RDF/XML parser does not look at."""
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
            "The RDF/XML has a DOCTYPE, which could declare entities; it is not read. Write "
            "namespaces out instead of entities.",
            parser.CurrentLineNumber,
            parser.CurrentColumnNumber + 1,
        )

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii", "ascii"}:
            raise MalformedData("The RDF/XML is not in UTF-8, the only encoding that is read.")

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
    """Count how deep brackets nest, strings left out."""
    body = file.read()
    depth = 0
    for bracket in _JSON_STRING.sub(b"", body).translate(None, _NO_BRACKET):
        depth += 1 if bracket in b"[{" else -1
        if depth > MOST_NESTED:
            raise MalformedData(
                f"The JSON-LD nests more than {MOST_NESTED} objects and arrays in one another."
            )
    return BytesIO(body)


def _parts(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    """Yield Content-Type and body of each part of `multipart/form-data` (RFC 7578)."""
    # Takes a while to import, and is hardly ever needed.
    from email import message_from_bytes, policy  # noqa: PLC0415

    if body.count(b"\n--") > MOST_PARTS * 2:
        raise MalformedData(f"The body has more than {MOST_PARTS} parts.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
    message = message_from_bytes(head + body.lstrip(b"\r\n"), policy=policy.HTTP)
    if not message.is_multipart() or message.defects:
        raise MalformedData("The body is not multipart/form-data with the boundary it announces.")
    for part in message.iter_parts():
        if part.is_multipart():
            raise MalformedData("A part of the body has parts of its own.")
        data = part.get_payload(decode=True)
        yield str(part.get("content-type", "")), data if isinstance(data, bytes) else b""


def _split(content_type: str) -> tuple[str, str]:
    """Give media type and charset of a Content-Type header, in lower case."""
    media_type, *parameters = content_type.lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return media_type.strip(), value.strip(' "')
    return media_type.strip(), ""
