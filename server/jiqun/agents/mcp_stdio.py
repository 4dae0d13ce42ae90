"""`jiqun mcp`: the tools over standard input and output, from a release folder or a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.client import Client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

from jiqun.agents.mcp_server import INSTRUCTIONS, make_server
from jiqun.errors import JiqunError, OperatorError
from jiqun.query.service import PROGRAM, running_service
from jiqun.release import open_release
from jiqun.settings import Settings

Context = ServerRequestContext[Any, Any]
Page = types.PaginatedRequestParams | None


def serve_release(folder: Path, settings: Settings) -> None:
    """Serve a release until standard input ends; raises `ReleaseError`."""
    asyncio.run(_serve_release(folder, settings))


async def _serve_release(folder: Path, settings: Settings) -> None:
    release = open_release(folder, verify=False)
    async with running_service(release, settings, "jiqun.web.documents") as service:
        await _serve(make_server(lambda: service))


def serve_url(url: str) -> None:
    """Serve the tools of the server at `url`; raises `OperatorError` if it is unreachable."""
    asyncio.run(_serve_url(url))


async def _serve_url(url: str) -> None:
    async with connected(url) as client:
        await _serve(_forwarding(client))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """Connect to the tools of the server at `url`; raises `OperatorError` if it has none."""
    client = Client(f"{url.rstrip('/')}/mcp", read_timeout_seconds=60)
    try:
        await client.__aenter__()
    except JiqunError:
        raise
    except Exception as error:
        raise OperatorError(
            f"{url} offers no tools over MCP: {_reason(error)}. Check that a server runs there and "
            "that JIQUN_MCP is not turned off."
        ) from None
    try:
        yield client
    finally:
        await client.__aexit__(None, None, None)


def _reason(error: BaseException) -> str:
    """Return the message of the first error that is not a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error).rstrip(".") or type(error).__name__


def _forwarding(client: Client) -> Server[Any]:
    """Create a server that forwards every request to another one."""

    async def list_tools(_context: Context, _params: Page) -> types.ListToolsResult:
        return await client.list_tools()

    async def call_tool(
        _context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        return await client.call_tool(params.name, params.arguments)

    async def list_resources(_context: Context, _params: Page) -> types.ListResourcesResult:
        return await client.list_resources()

    async def read_resource(
        _context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        return await client.read_resource(params.uri)

    async def list_prompts(_context: Context, _params: Page) -> types.ListPromptsResult:
        return await client.list_prompts()

    async def get_prompt(
        _context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        return await client.get_prompt(params.name, params.arguments)

    return Server(
        "jiqun",
        version=PROGRAM,
        title="Jiqun 集群",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
