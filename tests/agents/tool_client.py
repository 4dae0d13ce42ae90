"""The official MCP client, over HTTP and over standard input and output."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mcp_types import CallToolResult


def at(url: str) -> Client:
    """Return a client of the server at `url`."""
    return Client(f"{url}/mcp", read_timeout_seconds=60)


def on_stdio(*arguments: str | Path) -> Client:
    """Return a client of `jiqun mcp`, which it starts."""
    command = ["-W", "error", "-m", "jiqun", "mcp", *map(str, arguments)]
    return Client(
        StdioServerParameters(command=sys.executable, args=command), read_timeout_seconds=60
    )


def run(client: Client, use: Callable[[Client], Awaitable[Any]]) -> Any:
    """Connect, use the client and close it; return what `use` returns."""

    async def connected() -> Any:
        async with client as open_client:
            return await use(open_client)

    return asyncio.run(connected())


def call(client: Client, tool: str, **arguments: object) -> CallToolResult:
    """Call one tool on a connection of its own."""
    result: CallToolResult = run(client, lambda each: each.call_tool(tool, arguments))
    return result


def text_of(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (content,) = result.content
    assert content.type == "text"
    return content.text
