"""All settings, each with a default, a unit and a help text.

A setting comes from the command line, else from the environment (`JIQUN_` and its name in upper
case, for example `JIQUN_DEADLINE_SECONDS=5`), else from its default. Lists are written as JSON in
the environment: `JIQUN_SERVICE_ALLOW='["https://query.wikidata.org/sparql"]'`.
"""

from __future__ import annotations

import os
import re
import stat
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from jiqun.errors import SettingsError

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[A-Za-z0-9._~\-/]*)?")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+(/[!$%&'()*+,;=:@A-Za-z0-9._~\-/?]*)?")
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~\-]+)*")


def _processors() -> int:
    """Return the number of processors available to this process."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Settings(BaseSettings):
    """All settings; immutable."""

    model_config = SettingsConfigDict(env_prefix="JIQUN_", frozen=True, extra="forbid")

    # Addresses
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="TCP port to listen on; 0 selects a free one.")
    ] = 8000
    public_url: Annotated[
        str | None,
        Field(
            description=(
                "Public URL, for example https://example.org/kg, used in absolute links. Without "
                "it, links use the Host header."
            )
        ),
    ] = None
    root_path: Annotated[
        str,
        Field(
            description=(
                "Path prefix under which a reverse proxy publishes the server, for example /kg; "
                "the proxy may or may not strip it."
            )
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Field(
            description=(
                "Addresses of reverse proxies whose X-Forwarded-For, -Proto and -Host headers are "
                "trusted. Empty: these headers are ignored."
            )
        ),
    ] = ()

    replica: Annotated[
        bool,
        Field(
            description=(
                "This server is one of several identical ones behind a load balancer; a workspace "
                "is refused, because the others would not have it."
            )
        ),
    ] = False

    earlier_releases: Annotated[
        Path | None,
        Field(
            description=(
                "Folder with earlier releases, one subfolder each; /changes compares this release "
                "with the last of them by name."
            )
        ),
    ] = None

    # The engine
    workers: Annotated[
        int,
        Field(
            ge=1,
            description=(
                "Worker processes for queries of any kind; by default one per processor, at least "
                "two."
            ),
        ),
    ] = Field(default_factory=lambda: max(2, _processors()))
    light_workers: Annotated[
        int, Field(ge=1, description="Additional worker processes for light queries only.")
    ] = 1
    document_workers: Annotated[
        int, Field(ge=1, description="Additional worker processes for pages and documents.")
    ] = 1
    spare_workers: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Worker processes of each kind that wait to replace one that was killed. With 0, "
                "the replacement is started then, which takes some tenths of a second."
            ),
        ),
    ] = 1
    deadline_seconds: Annotated[
        float,
        Field(
            gt=0,
            description=(
                "Time limit for a query, in seconds; a client may set a lower one with timeout=."
            ),
        ),
    ] = 10.0
    memory_bytes: Annotated[
        int,
        Field(ge=64 * MEBIBYTE, description="Memory limit of a worker for one query, in bytes."),
    ] = 1024 * MEBIBYTE
    store_memory_bytes: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "The default graph of a release is copied into memory, shared by all workers, if "
                "its estimated size is at most this many bytes: twice the size of the store on "
                "disk. Most queries take half the time there. If three copies fit, there is "
                "another one for joins, and one in the server for look-ups; if five, one with the "
                "named graphs, which takes as much as two. 0: always read from disk. Linux only."
            ),
        ),
    ] = 1024 * MEBIBYTE
    queue_length: Annotated[
        int,
        Field(ge=1, description="Maximum number of queries waiting for a worker; more get 503."),
    ] = 256
    client_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Share of the workers and the queue that one client address may use.",
        ),
    ] = 0.5
    max_rows: Annotated[
        int,
        Field(
            ge=1,
            description=(
                "Maximum rows or triples of one answer; longer answers are truncated, with a "
                "header."
            ),
        ),
    ] = 1_000_000
    max_bytes: Annotated[
        int,
        Field(
            ge=KIBIBYTE,
            description="Maximum bytes of one answer; longer answers are truncated, with a header.",
        ),
    ] = 512 * MEBIBYTE
    service_allow: Annotated[
        tuple[str, ...],
        Field(description="Exact endpoint URLs that SERVICE may call. Empty: SERVICE is refused."),
    ] = ()
    service_networks: Annotated[
        tuple[str, ...],
        Field(
            description=(
                "Non-public networks, such as 10.1.0.0/16, to which host names in service_allow "
                "may resolve."
            )
        ),
    ] = ()
    service_calls: Annotated[
        int, Field(ge=1, description="Maximum number of SERVICE calls of one query.")
    ] = 100
    service_bytes: Annotated[
        int, Field(ge=KIBIBYTE, description="Maximum bytes of SERVICE responses for one query.")
    ] = 64 * MEBIBYTE

    # A backend
    backend: Annotated[
        str | None,
        Field(
            description="URL of the query endpoint of another SPARQL 1.1 engine that holds the "
            "release; queries are evaluated there. {release} in it is replaced by the prefix of "
            "the release's identifier, so that each release has its own dataset."
        ),
    ] = None
    backend_kind: Annotated[
        Literal["fuseki", "oxigraph", "jiqun", "generic"],
        Field(description="Kind of backend, for its dialect of SPARQL."),
    ] = "generic"
    backend_seconds: Annotated[
        float,
        Field(
            gt=0,
            description=(
                "Query time limit configured in the backend itself, in seconds. An abandoned query "
                "counts as running there until then."
            ),
        ),
    ] = 30.0
    backend_connections: Annotated[
        int,
        Field(
            ge=1, description="Maximum number of simultaneous queries on the backend; more get 503."
        ),
    ] = 8
    backend_credentials_file: Annotated[
        Path | None,
        Field(description="File with user:password, or with Bearer and a token, for the backend."),
    ] = None

    # The gate: limits on the text of a query
    query_length: Annotated[
        int, Field(ge=1, description="Maximum length of a query, in characters.")
    ] = 100_000
    query_tokens: Annotated[
        int, Field(ge=1, description="Maximum number of tokens in a query.")
    ] = 10_000
    query_nesting: Annotated[
        int, Field(ge=1, description="Maximum nesting of brackets of any kind in a query.")
    ] = 64
    query_triple_patterns: Annotated[
        int,
        Field(
            ge=1, description="Maximum number of triple patterns in a query, including templates."
        ),
    ] = 200
    query_path_length: Annotated[
        int, Field(ge=1, description="Maximum number of IRIs in one property path.")
    ] = 32
    query_values: Annotated[
        int, Field(ge=1, description="Maximum number of values in all VALUES blocks of a query.")
    ] = 5_000
    query_unions: Annotated[
        int, Field(ge=1, description="Maximum number of UNION keywords in a query.")
    ] = 100
    query_groups: Annotated[
        int, Field(ge=1, description="Maximum number of groups in braces in a query.")
    ] = 500
    query_expressions: Annotated[
        int, Field(ge=1, description="Maximum number of expressions with AS in a query.")
    ] = 200

    # Writing
    workspace: Annotated[
        Path | None,
        Field(
            description=(
                "Folder for the data of users, separate from the release; served together with it, "
                "or alone. Created if missing."
            )
        ),
    ] = None
    update_token: Annotated[
        SecretStr | None,
        Field(description="Token that allows writing; without one, writing is disabled."),
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
        Field(gt=0, description="Time limit for an update, in seconds; then it is undone."),
    ] = 60.0
    update_length: Annotated[
        int, Field(ge=1, description="Maximum length of an update, in characters.")
    ] = 1_000_000
    write_bytes: Annotated[
        int,
        Field(ge=KIBIBYTE, description="Maximum size of an uploaded or loaded graph, in bytes."),
    ] = 64 * MEBIBYTE

    # Requests
    body_bytes: Annotated[
        int, Field(ge=KIBIBYTE, description="Maximum request body, in bytes; larger ones get 413.")
    ] = MEBIBYTE
    header_bytes: Annotated[
        int,
        Field(
            ge=KIBIBYTE,
            description=(
                "Maximum headers of a request without its target, in bytes; larger ones get 431."
            ),
        ),
    ] = 32 * KIBIBYTE
    header_seconds: Annotated[
        float, Field(gt=0, description="Time limit for receiving the headers of a request.")
    ] = 10.0
    body_seconds: Annotated[
        float, Field(gt=0, description="Time limit for receiving the body of a request.")
    ] = 30.0
    send_seconds: Annotated[
        float,
        Field(
            gt=0,
            description="Time after which a connection is closed if the client reads no data.",
        ),
    ] = 60.0
    connections: Annotated[
        int, Field(ge=1, description="Maximum number of connections; more get 503.")
    ] = 2_000
    client_connections: Annotated[
        int,
        Field(
            ge=1,
            description=(
                "Maximum number of connections from one address; more get 503. Does not apply to "
                "addresses in trusted_proxies."
            ),
        ),
    ] = 512
    bodies_bytes: Annotated[
        int,
        Field(
            ge=MEBIBYTE,
            description="Memory for request bodies being received, in bytes; more get 503.",
        ),
    ] = 128 * MEBIBYTE

    # Responses
    cache_bytes: Annotated[
        int, Field(ge=0, description="Memory for the result cache, in bytes; 0 turns it off.")
    ] = 64 * MEBIBYTE
    cache_entry_bytes: Annotated[
        int, Field(ge=0, description="Maximum size of a cached answer, in bytes.")
    ] = 2 * MEBIBYTE
    cache_seconds: Annotated[
        int,
        Field(
            ge=0,
            description=(
                "Time for which clients may reuse a response without revalidation (max-age)."
            ),
        ),
    ] = 300
    compress_from_bytes: Annotated[
        int, Field(ge=0, description="Responses smaller than this, in bytes, are not compressed.")
    ] = 860
    cors_seconds: Annotated[
        int, Field(ge=0, description="Time for which browsers may cache a CORS preflight response.")
    ] = 86_400
    mcp: Annotated[
        bool,
        Field(
            description=(
                "Offer the tools for agents at /mcp, for the host name of public_url, the host "
                "that it listens on, and loopback."
            )
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
            raise ValueError("must start with / and contain only letters, digits and . _ ~ - /")
        return value


def table() -> list[tuple[str, str, str, str]]:
    """Return one row per setting: name, environment variable, default, help text."""
    return [
        (
            name,
            f"JIQUN_{name.upper()}",
            "computed" if field.default_factory else repr(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def read_secret(path: Path, what: str) -> str:
    """Return the content of a file; `what` names it at the beginning of a sentence.

    Raises `SettingsError` when it cannot be read, is empty, or other users may read or change it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{what} cannot be read from {path}: {error}.") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(
            f"Every user of this machine may read or change {path} (mode {mode & 0o777:o}). "
            f"{what} must be private: chmod 600 {path}"
        )
    if not secret:
        raise SettingsError(f"{path} is empty. It must contain: {what}.")
    return secret
