"""Who may write: whoever sends the operator's token, as a bearer token (RFC 6750) in the header.

A token in a URL is refused even when it is right: URLs end up in logs and histories.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from jiqun.errors import BadParameter, SettingsError, Unauthorized, UpdateRefused
from jiqun.query.protocol import parse_parameters
from jiqun.settings import Settings
from jiqun.web.http import Scope, header

LEAST_CHARACTERS: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_IN_URL: Final = frozenset({"access_token", "token", "update_token", "authorization"})


def read_token(settings: Settings) -> str | None:
    """Give the token that allows writing, None when writing is off.

    Raises `SettingsError` for a token that cannot be read, sent or trusted.
    """
    token = settings.update_token.get_secret_value() if settings.update_token else ""
    if settings.update_token_file is not None:
        if token:
            raise SettingsError("Give the update token or a file with it, not both.")
        try:
            token = settings.update_token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The update token cannot be read from {settings.update_token_file}: {error}."
            ) from None
        if not token:
            raise SettingsError(f"{settings.update_token_file} is empty: it must hold the token.")
    if not token:
        return None
    if len(token) < LEAST_CHARACTERS or not _TOKEN.fullmatch(token):
        raise SettingsError(
            f"The update token needs at least {LEAST_CHARACTERS} characters, all of them letters, "
            "digits or - . _ ~ + /, for example the output of `openssl rand -hex 32`."
        )
    return token


def check_permission(scope: Scope, token: str | None) -> None:
    """Let a request pass that may write.

    Raises `UpdateRefused` when nobody may, `BadParameter` for a token in the URL, and
    `Unauthorized`.
    """
    if token is None:
        raise UpdateRefused(
            "Writing is off: this endpoint answers queries only. Its operator turns writing on "
            "with --workspace and --update-token-file."
        )
    if _IN_URL & {name.lower() for name in parse_parameters(scope["query_string"], "query string")}:
        raise BadParameter(
            "A token never belongs into a URL, which is logged on its way. Send it in the header "
            "Authorization: Bearer …"
        )
    sent = header(scope, b"authorization")
    if not sent:
        raise Unauthorized("Writing needs a token: send the header Authorization: Bearer …")
    scheme, _, given = sent.partition(" ")
    same = hmac.compare_digest(given.strip(" ").encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not same:
        raise Unauthorized("The token in the header Authorization is not the right one.", True)
