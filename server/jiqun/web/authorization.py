"""Authorization of writes: the operator's token, sent as a bearer token (RFC 6750) in the header.

A token in a URL is refused even when it is valid: URLs end up in logs and histories.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from jiqun.errors import BadParameter, SettingsError, Unauthorized, UpdateRefused
from jiqun.query.protocol import parse_parameters
from jiqun.secret_file import read_secret
from jiqun.settings import Settings
from jiqun.web.http import Scope, header

LEAST_CHARACTERS: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_IN_URL: Final = frozenset({"access_token", "token", "update_token", "authorization"})


def read_token(settings: Settings) -> str | None:
    """Return the token that allows writing, None when writing is off.

    Raises `SettingsError` for a token that cannot be read or sent, that is too short, or whose file
    other users of the machine may read or change.
    """
    token = settings.update_token.get_secret_value() if settings.update_token else ""
    if settings.update_token_file is not None:
        if token:
            raise SettingsError("Set the update token or a file with it, not both.")
        token = read_secret(settings.update_token_file, "The update token")
    if not token:
        return None
    if len(token) < LEAST_CHARACTERS or not _TOKEN.fullmatch(token):
        raise SettingsError(
            f"The update token needs at least {LEAST_CHARACTERS} characters, all of them letters, "
            "digits or - . _ ~ + /, for example the output of `openssl rand -hex 32`."
        )
    return token


def check_permission(scope: Scope, token: str | None) -> None:
    """Return if a request may write.

    Raises `UpdateRefused` when writing is off, `BadParameter` for a token in the URL, and
    `Unauthorized`.
    """
    if token is None:
        raise UpdateRefused(
            "Writing is disabled: this endpoint only answers queries. The operator can enable it "
            "with --workspace and --update-token-file."
        )
    if _IN_URL & {name.lower() for name in parse_parameters(scope["query_string"], "query string")}:
        raise BadParameter(
            "Tokens are not accepted in URLs, which are logged. Send it in the header "
            "Authorization: Bearer …"
        )
    value = header(scope, b"authorization")
    if not value:
        raise Unauthorized("Writing needs a token: send the header Authorization: Bearer …")
    scheme, _, sent = value.partition(" ")
    same = hmac.compare_digest(sent.strip(" ").encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not same:
        raise Unauthorized("The token in the header Authorization is not valid.", True)
