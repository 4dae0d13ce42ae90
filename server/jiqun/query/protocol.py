"""The SPARQL 1.1 Protocol: reads the operation from the parts of an HTTP request.

Pure functions of method, query string, Content-Type and body, independent of any web framework. The
HTTP method QUERY is read as in the draft of the SPARQL 1.2 Protocol: like a direct POST of a query,
but safe and idempotent.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.errors import BadParameter, MethodNotAllowed, UnsupportedMediaType
from jiqun.rdf.namespaces import absolute_iri

FORM: Final = "application/x-www-form-urlencoded"
SPARQL_QUERY: Final = "application/sparql-query"
SPARQL_UPDATE: Final = "application/sparql-update"

METHODS: Final = ("GET", "HEAD", "POST", "QUERY", "OPTIONS")
MOST_PARAMETERS: Final = 1000

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_SINGLE: Final = ("query", "update", "timeout", "excel")


@dataclass(frozen=True)
class Options:
    """Options of the client besides the operation itself.

    `timeout` is in seconds; None selects the server's default.
    """

    format: str | None = None
    timeout: float | None = None
    excel: bool = False


@dataclass(frozen=True)
class Query:
    """A query operation; the graphs are None where the request names no dataset."""

    text: str
    default_graphs: tuple[str, ...] | None
    named_graphs: tuple[str, ...] | None
    options: Options


@dataclass(frozen=True)
class Update:
    """An update operation, with the dataset of its WHERE clauses if the request names one."""

    text: str
    using_graphs: tuple[str, ...] | None
    using_named_graphs: tuple[str, ...] | None
    options: Options


@dataclass(frozen=True)
class Description:
    """A request for the service description."""

    options: Options


Operation = Query | Update | Description


def parse_parameters(encoded: bytes, where: str) -> dict[str, list[str]]:
    """Decode `name=value&…`; `where` names the source in error messages.

    Raises `BadParameter` for escapes that are not hexadecimal, bytes that are not UTF-8, and more
    than `MOST_PARAMETERS` parameters.
    """
    if not encoded:
        return {}
    parts = encoded.split(b"&", MOST_PARAMETERS)
    if len(parts) > MOST_PARAMETERS:
        raise BadParameter(f"The {where} has more than {MOST_PARAMETERS} parameters.")
    if _BROKEN_ESCAPE.search(encoded):
        raise BadParameter(
            f"The {where} has a % that is not followed by two hexadecimal digits; write it as %25."
        )
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for part in parts:
            if part:
                name, _, value = part.partition(b"=")
                found[_decode(name)].append(_decode(value))
    except UnicodeDecodeError:
        raise BadParameter(f"The {where} is not UTF-8.") from None
    return dict(found)


def _decode(encoded: bytes) -> str:
    # Valid percent escapes are those of quoted-printable with another escape character; its
    # decoder is ten times as fast, which matters for long texts.
    quoted = encoded.replace(b"+", b" ").replace(b"=", b"=3D").replace(b"%", b"=")
    return a2b_qp(quoted).decode()


def parse_content_type(header: str | None) -> tuple[str, dict[str, str]]:
    """Split a Content-Type header into the media type and its parameters, both in lower case."""
    if not header:
        return "", {}
    media_type, *rest = header.lower().split(";")
    pairs = (part.partition("=") for part in rest if "=" in part)
    return media_type.strip(), {name.strip(): value.strip(' "') for name, _, value in pairs}


def read_operation(
    method: str, query_string: bytes, content_type: str | None, body: bytes
) -> Operation:
    """Read the operation of a request to the SPARQL endpoint.

    Raises `MethodNotAllowed`, `UnsupportedMediaType`, or `BadParameter` for what is missing,
    doubled, contradictory or not decodable.
    """
    parameters = parse_parameters(query_string, "query string")
    if method in {"GET", "HEAD"}:
        return _read_get(parameters)
    if method not in {"POST", "QUERY"}:
        raise MethodNotAllowed(
            f"Method {method[:20]} not allowed. Allowed: {', '.join(METHODS)}.",
            METHODS,
        )
    media_type, attributes = parse_content_type(content_type)
    _check_charset(attributes)
    if method == "POST" and media_type == FORM:
        return _read_form(parameters, body)
    if media_type == SPARQL_QUERY:
        return _read_direct_query(parameters, _decode_body(body))
    if method == "POST" and media_type == SPARQL_UPDATE:
        return _read_direct_update(parameters, _decode_body(body))
    accepted = (SPARQL_QUERY,) if method == "QUERY" else (FORM, SPARQL_QUERY, SPARQL_UPDATE)
    given = f"the Content-Type {media_type[:80]}" if media_type else "no Content-Type"
    raise UnsupportedMediaType(
        f"The request has {given}; a {method} needs one of: {', '.join(accepted)}."
    )


def _check_charset(attributes: Mapping[str, str]) -> None:
    charset = attributes.get("charset", "utf-8")
    if charset not in _CHARSETS:
        raise UnsupportedMediaType(
            f"The charset {charset[:40]} is not supported; send SPARQL as UTF-8."
        )


def _decode_body(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadParameter(
            f"The body is not UTF-8: the byte at offset {error.start} cannot be decoded."
        ) from None


def _read_get(parameters: Mapping[str, list[str]]) -> Operation:
    _check_single(parameters)
    if "update" in parameters:
        raise BadParameter("An update is sent by POST, never by GET.")
    if "query" not in parameters:
        if {"default-graph-uri", "named-graph-uri"} & parameters.keys():
            raise BadParameter("The parameter query is missing.")
        return Description(_options(parameters))
    return _query(parameters["query"][0], parameters)


def _read_form(in_url: Mapping[str, list[str]], body: bytes) -> Operation:
    in_body = parse_parameters(body, "body")
    # The protocol puts all form parameters into the body; some in the URL are accepted as long as
    # both together make one operation.
    parameters = {
        name: [*in_body.get(name, ()), *in_url.get(name, ())] for name in {**in_body, **in_url}
    }
    _check_single(parameters)
    if "query" in parameters and "update" in parameters:
        raise BadParameter("A request is either a query or an update; this one has both.")
    if "query" in parameters:
        return _query(parameters["query"][0], parameters)
    if "update" in parameters:
        if "update" in in_url:
            raise BadParameter("The parameter update belongs in the body, not in the URL.")
        return _update(parameters["update"][0], parameters)
    raise BadParameter("The form has neither a parameter query nor a parameter update.")


def _read_direct_query(parameters: Mapping[str, list[str]], text: str) -> Operation:
    _check_single(parameters)
    if "query" in parameters or "update" in parameters:
        raise BadParameter("The query is in the body; leave query= and update= out of the URL.")
    return _query(text, parameters)


def _read_direct_update(parameters: Mapping[str, list[str]], text: str) -> Operation:
    _check_single(parameters)
    if "query" in parameters or "update" in parameters:
        raise BadParameter("The update is in the body; leave query= and update= out of the URL.")
    return _update(text, parameters)


def _check_single(parameters: Mapping[str, list[str]]) -> None:
    for name in _SINGLE:
        values = parameters.get(name, ())
        if len(values) > 1:
            raise BadParameter(f"The parameter {name} is given {len(values)} times.")


def _query(text: str, parameters: Mapping[str, list[str]]) -> Query:
    for name in ("using-graph-uri", "using-named-graph-uri"):
        if name in parameters:
            raise BadParameter(f"The parameter {name} is only allowed with updates.")
    if not text.strip():
        raise BadParameter("The query is empty.")
    default, named = _dataset(parameters, "default-graph-uri", "named-graph-uri")
    return Query(text, default, named, _options(parameters))


def _update(text: str, parameters: Mapping[str, list[str]]) -> Update:
    for name in ("default-graph-uri", "named-graph-uri"):
        if name in parameters:
            raise BadParameter(f"The parameter {name} is only allowed with queries.")
    using, named = _dataset(parameters, "using-graph-uri", "using-named-graph-uri")
    return Update(text, using, named, _options(parameters))


def _dataset(
    parameters: Mapping[str, list[str]], default: str, named: str
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    if default not in parameters and named not in parameters:
        return None, None
    # If one of them is given, the other part of the dataset is empty (§2.1.4).
    return (
        tuple(absolute_iri(iri, default) for iri in parameters.get(default, ())),
        tuple(absolute_iri(iri, named) for iri in parameters.get(named, ())),
    )


def _options(parameters: Mapping[str, list[str]]) -> Options:
    return Options(
        format=",".join(filter(None, parameters.get("format", ()))) or None,
        timeout=read_timeout(parameters.get("timeout", [None])[0]),
        excel=parameters.get("excel", ["0"])[0].lower() in {"1", "true", "yes"},
    )


def read_timeout(text: str | None) -> float | None:
    """Read `timeout=`: seconds, with decimals or not, optionally followed by `s` or `ms`."""
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)(s|ms)?", text)
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else 0.0
    if seconds <= 0:
        raise BadParameter("timeout must be a positive number of seconds, for example 2.5.")
    return seconds
