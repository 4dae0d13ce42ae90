"""The one table of settings: each has a default, a unit and a help text.

A setting comes from the command line, else from the environment (`JIQUN_` and its name in upper
case, for example `JIQUN_DEADLINE_SECONDS=5`), else from its default. Lists are written as JSON in
the environment: `JIQUN_SERVICE_ALLOW='["https://query.wikidata.org/sparql"]'`.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[A-Za-z0-9._~\-/]*)?")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[!$%&'()*+,;=:@A-Za-z0-9._~\-/?]*)?")
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~\-]+)*")


def _processors() -> int:
    """Count the processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Settings(BaseSettings):
    """Everything an operator can set; immutable once made."""

    model_config = SettingsConfigDict(env_prefix="JIQUN_", frozen=True, extra="forbid")

    # Where the server is reached
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="TCP port to listen on; 0 takes any free one.")
    ] = 8000
    public_url: Annotated[
        str | None,
        Field(
            description="The URL the public sees, for example https://example.org/kg; used for "
            "every absolute link. Without it, links are made from the Host header."
        ),
    ] = None
    root_path: Annotated[
        str,
        Field(
            description="Path prefix under which a reverse proxy offers the server, for example "
            "/kg; it works whether or not the proxy removes the prefix."
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Field(
            description="Addresses of reverse proxies whose X-Forwarded-For, -Proto and -Host "
            "headers are trusted. Empty: these headers are ignored."
        ),
    ] = ()

    replica: Annotated[
        bool,
        Field(
            description="This server is one of several that give the same answers behind a load "
            "balancer; a workspace, which the others would not have, is refused."
        ),
    ] = False

    earlier_releases: Annotated[
        Path | None,
        Field(
            description="Folder with the releases before this one, a folder each; /changes says "
            "what came and went since the last of them by name."
        ),
    ] = None

    # The engine
    workers: Annotated[
        int,
        Field(
            ge=1,
            description="Worker processes that evaluate queries of any weight; by default one for "
            "each processor, and at least two.",
        ),
    ] = Field(default_factory=lambda: max(2, _processors()))
    light_workers: Annotated[
        int, Field(ge=1, description="Further worker processes that only take light queries.")
    ] = 1
    document_workers: Annotated[
        int, Field(ge=1, description="Further worker processes that make pages and documents.")
    ] = 1
    deadline_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="Longest time for one query, in seconds; a client may ask for less with "
            "timeout=, never for more.",
        ),
    ] = 10.0
    memory_bytes: Annotated[
        int, Field(ge=64 * MEBIBYTE, description="Memory one worker may take for a query, bytes.")
    ] = 1024 * MEBIBYTE
    store_memory_bytes: Annotated[
        int,
        Field(
            ge=0,
            description="The default graph of a release is copied into memory, once for all "
            "workers, when it would take up to so many bytes: twice the size of the store on disk. "
            "Most queries take half the time there. 0: always read from disk. Linux only.",
        ),
    ] = 1024 * MEBIBYTE
    queue_length: Annotated[
        int, Field(ge=1, description="Queries that may wait for a worker; more get 503.")
    ] = 256
    client_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Share of the workers and of the queue that one client address may hold.",
        ),
    ] = 0.5
    max_rows: Annotated[
        int, Field(ge=1, description="Rows or triples of one answer; more are cut and announced.")
    ] = 1_000_000
    max_bytes: Annotated[
        int, Field(ge=KIBIBYTE, description="Bytes of one answer; more are cut and announced.")
    ] = 512 * MEBIBYTE
    service_allow: Annotated[
        tuple[str, ...],
        Field(description="Exact endpoint URLs that SERVICE may call. Empty: SERVICE is refused."),
    ] = ()
    service_networks: Annotated[
        tuple[str, ...],
        Field(
            description="Networks, such as 10.1.0.0/16, that are not public and that the host "
            "names in service_allow may lead to all the same."
        ),
    ] = ()
    service_calls: Annotated[
        int, Field(ge=1, description="Requests that the SERVICE calls of one query may make.")
    ] = 100
    service_bytes: Annotated[
        int, Field(ge=KIBIBYTE, description="Bytes that SERVICE may bring in for one query.")
    ] = 64 * MEBIBYTE

    # An engine elsewhere
    backend: Annotated[
        str | None,
        Field(
            description="URL of the query endpoint of another SPARQL 1.1 engine that holds the "
            "release; queries are evaluated there. In it, {release} stands for the beginning of "
            "the release's identifier, so that each release has a dataset of its own."
        ),
    ] = None
    backend_kind: Annotated[
        Literal["fuseki", "oxigraph", "jiqun", "generic"],
        Field(description="What kind of engine it is."),
    ] = "generic"
    backend_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="The limit on one query that is set in the engine itself, in seconds. A "
            "query that was given up counts as running there until then.",
        ),
    ] = 30.0
    backend_connections: Annotated[
        int, Field(ge=1, description="Queries that the engine is given at once; more get 503.")
    ] = 8
    backend_credentials_file: Annotated[
        Path | None,
        Field(description="File with user:password, or with Bearer and a token, for the engine."),
    ] = None

    # The gate: limits on the text of a query
    query_length: Annotated[
        int, Field(ge=1, description="Longest text of a query, in characters.")
    ] = 100_000
    query_tokens: Annotated[
        int, Field(ge=1, description="Most tokens (words, names, numbers, signs) in a query.")
    ] = 10_000
    query_nesting: Annotated[
        int, Field(ge=1, description="Deepest nesting of brackets of any kind in a query.")
    ] = 64
    query_triple_patterns: Annotated[
        int, Field(ge=1, description="Most triple patterns in a query, templates included.")
    ] = 200
    query_path_length: Annotated[
        int, Field(ge=1, description="Most IRIs in one property path.")
    ] = 32
    query_values: Annotated[
        int, Field(ge=1, description="Most values in all VALUES blocks of a query together.")
    ] = 5_000
    query_unions: Annotated[int, Field(ge=1, description="Most UNION keywords in a query.")] = 100
    query_groups: Annotated[int, Field(ge=1, description="Most groups in braces in a query.")] = 500
    query_expressions: Annotated[
        int, Field(ge=1, description="Most expressions of a query that are given a name with AS.")
    ] = 200

    # Writing
    workspace: Annotated[
        Path | None,
        Field(
            description="Folder for what users write, apart from the release; served together "
            "with it, or alone. Made when it is missing."
        ),
    ] = None
    update_token: Annotated[
        SecretStr | None,
        Field(description="Token that allows writing; without one, nobody may write."),
    ] = None
    update_token_file: Annotated[
        Path | None, Field(description="File with the token that allows writing.")
    ] = None
    load_allow: Annotated[
        tuple[str, ...],
        Field(
            description="Origins, such as https://example.org, that LOAD may fetch from. Empty: "
            "LOAD is refused."
        ),
    ] = ()
    update_seconds: Annotated[
        float,
        Field(gt=0, description="Longest time for one update, in seconds; then it is undone."),
    ] = 60.0
    update_length: Annotated[
        int, Field(ge=1, description="Longest text of an update, in characters.")
    ] = 1_000_000
    write_bytes: Annotated[
        int,
        Field(ge=KIBIBYTE, description="Longest graph that is sent or loaded, in bytes."),
    ] = 64 * MEBIBYTE

    # Requests
    body_bytes: Annotated[
        int, Field(ge=KIBIBYTE, description="Longest request body, in bytes; longer gets 413.")
    ] = MEBIBYTE
    header_bytes: Annotated[
        int,
        Field(
            ge=KIBIBYTE,
            description="Longest headers of a request without its target, in bytes; longer gets "
            "431.",
        ),
    ] = 32 * KIBIBYTE
    header_seconds: Annotated[
        float, Field(gt=0, description="Time a client has to send the headers of a request.")
    ] = 10.0
    body_seconds: Annotated[
        float, Field(gt=0, description="Time a client has to send the body of a request.")
    ] = 30.0
    send_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="Time a client may take no data of an answer before it is cut off.",
        ),
    ] = 60.0
    connections: Annotated[
        int, Field(ge=1, description="Connections served at once; more get 503.")
    ] = 2_000
    client_connections: Annotated[
        int,
        Field(
            ge=1,
            description="Connections of one address at once; more get 503. Does not apply to the "
            "addresses in trusted_proxies.",
        ),
    ] = 512
    bodies_bytes: Annotated[
        int,
        Field(
            ge=MEBIBYTE,
            description="Memory for all request bodies that are being received, in bytes; more "
            "get 503.",
        ),
    ] = 128 * MEBIBYTE

    # Answers
    cache_bytes: Annotated[
        int, Field(ge=0, description="Memory for the result cache, in bytes; 0 turns it off.")
    ] = 64 * MEBIBYTE
    cache_entry_bytes: Annotated[
        int, Field(ge=0, description="Longest answer that is kept in the cache, in bytes.")
    ] = 2 * MEBIBYTE
    cache_seconds: Annotated[
        int,
        Field(
            ge=0,
            description="How long clients may reuse an answer without asking again (max-age).",
        ),
    ] = 300
    compress_from_bytes: Annotated[
        int, Field(ge=0, description="Answers shorter than this are never compressed.")
    ] = 860
    cors_seconds: Annotated[
        int, Field(ge=0, description="How long browsers may keep a CORS preflight answer.")
    ] = 86_400
    mcp: Annotated[
        bool,
        Field(
            description="Offer the tools for agents at /mcp, under the host name of public_url, "
            "the host that it listens on, and the loopback."
        ),
    ] = True
    log_requests: Annotated[
        bool, Field(description="Write one JSON line for each request to standard error.")
    ] = True

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is None or value == "":
            return None
        if not _PUBLIC_URL.fullmatch(value):
            raise ValueError("must be an absolute http or https URL without query or fragment")
        return value.rstrip("/")

    @field_validator("backend")
    @classmethod
    def _check_backend(cls, value: str | None) -> str | None:
        if value and not _ENDPOINT.fullmatch(value.replace("{release}", "0")):
            raise ValueError("must be an http or https URL without user and fragment")
        return value or None

    @field_validator("service_allow")
    @classmethod
    def _check_services(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not _ENDPOINT.fullmatch(each):
                raise ValueError(f"{each} is not an http or https URL without user and fragment")
        return value

    @field_validator("service_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)
        return value

    @field_validator("root_path")
    @classmethod
    def _check_root_path(cls, value: str) -> str:
        value = value.rstrip("/")
        if not _ROOT_PATH.fullmatch(value):
            raise ValueError("must start with / and hold only letters, digits and . _ ~ - /")
        return value


def table() -> list[tuple[str, str, str, str]]:
    """One row a setting: name, environment variable, default, help text; in order."""
    return [
        (
            name,
            f"JIQUN_{name.upper()}",
            "computed" if field.default_factory else repr(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
