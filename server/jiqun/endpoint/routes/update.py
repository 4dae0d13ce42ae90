"""`/update`: the update operation of the SPARQL 1.1 Protocol, for whoever has the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.accounts import account_of
from jiqun.endpoint.http.protocol import Update, read_operation
from jiqun.endpoint.http.replies import Reply, send_whole
from jiqun.endpoint.http.requests import header, public_url, read_body
from jiqun.endpoint.writing.permission import check_permission
from jiqun.errors import BadParameter, MethodNotAllowed

if TYPE_CHECKING:
    from jiqun.endpoint.http.replies import Receive, Scope, Send
    from jiqun.endpoint.writing.changes import Writing

PATH: Final = "/update"
METHODS: Final = ("POST", "OPTIONS")
# A character takes up to four bytes in UTF-8.
_BYTES_OF_A_CHARACTER: Final = 4


async def serve_update(scope: Scope, receive: Receive, send: Send) -> None:
    """Carry out one update, and answer 204 when readers find it."""
    state = scope["app"].state
    if scope["method"] != "POST":
        raise MethodNotAllowed("An update is sent by POST.", METHODS)
    check_permission(scope, state.token)
    most = _BYTES_OF_A_CHARACTER * state.settings.update_length
    body = await read_body(scope, receive, state.settings, most)
    content_type = header(scope, b"content-type")
    operation = read_operation("POST", scope["query_string"], content_type, body)
    if not isinstance(operation, Update):
        raise BadParameter("This address takes updates; queries are sent to /sparql.")
    account = account_of(scope)
    account.query, account.form = operation.text, "UPDATE"
    writing: Writing = state.writing
    await writing.update(operation, public_url(scope, state.settings) + PATH)
    account.outcome = "written"
    await send_whole(Reply(204, ((b"cache-control", b"no-store"),)), "POST", send)
