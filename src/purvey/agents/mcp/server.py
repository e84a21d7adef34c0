"""The protocol's side of the tools: what the SDK asks, answered from the table of tools."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from purvey import __version__
from purvey.agents.http import refusal_of
from purvey.agents.mcp.calls import Answer, Call
from purvey.agents.mcp.http import BODY_LIMIT_BYTES
from purvey.agents.mcp.tools import INSTRUCTIONS, TOOLS, Spec, argument
from purvey.kit import problems
from purvey.kit.asgi import Receive, Scope, Send
from purvey.kit.bodies import misread, refuse_nul
from purvey.kit.errors import Invalid
from purvey.kit.ids import Id
from purvey.kit.misreads import fault_of
from purvey.kit.times import refuse_beyond

Context = ServerRequestContext[Any, Any]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request. Its manager lives as long as it does: nothing is kept for the next."""
    manager = StreamableHTTPSessionManager(
        SERVER,
        json_response=True,
        stateless=True,
        security_settings=guarded(scope["litestar_app"].state.world.settings.base_url),
        max_request_body_size=BODY_LIMIT_BYTES,
    )
    async with manager.run():
        await manager.asgi_app(cast(Any, scope), cast(Any, receive), cast(Any, send))


@cache
def guarded(base_url: str) -> TransportSecuritySettings | None:
    """On this machine alone, a page from elsewhere shall not reach the shop by a name that it points here."""
    if urlsplit(base_url).hostname not in LOOPBACK:
        return None
    hosts = [f"[{host}]:*" if ":" in host else f"{host}:*" for host in LOOPBACK]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts])


async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=LISTED)


async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
    """Run a tool. A refusal is a result that says why, so that the model reads it and can do better."""
    assert context.request is not None
    scope = context.request.scope
    try:
        spec = TOOLS.get(params.name)
        if spec is None:
            raise Invalid(f"There is no tool {params.name!r}; the list of tools names them all", code="unknown_tool")
        form = read(spec, params.arguments or {})
        return said(await spec.run(Call.of(scope, params.meta or {}), form))
    except Exception as error:
        return failed(error, scope)


def read(spec: Spec, arguments: Mapping[str, Any]) -> Any:
    """The arguments as the tool's own form; what is wrong is refused by its name."""
    refuse_nul(arguments)
    try:
        sent: Any = msgspec.convert(arguments, spec.form, dec_hook=argument)
    except msgspec.ValidationError as error:
        raise misread(fault_of(str(error), spec.form)) from None
    refuse_beyond(sent)
    return sent


def said(value: Any) -> CallToolResult:
    answer = value if isinstance(value, Answer) else Answer(value)
    told = msgspec.to_builtins(answer.value)
    return CallToolResult(
        content=[text_of(told)],
        structured_content=told,
        is_error=answer.is_error,
        _meta=dict(answer.meta) or None,
    )


def failed(error: Exception, scope: Scope) -> CallToolResult:
    """What went wrong, said as the doors under `/api` say it, and logged as they do."""
    body = refusal_of(problems.said(Request(cast(Any, scope)), error), error)[1]
    return CallToolResult(content=[text_of(body)], structured_content=body, is_error=True)


def text_of(value: Any) -> TextContent:
    return TextContent(text=msgspec.json.encode(value).decode())


def schema_of(kind: type) -> dict[str, Any]:
    """A type as JSON Schema whose root is the object itself."""
    (root,), parts = msgspec.json.schema_components([kind], schema_hook=described, ref_template="#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    return {**parts.pop(name), **({"$defs": parts} if parts else {})}


def described(kind: type) -> dict[str, Any]:
    if kind is Id:
        return {"type": "string", "format": "uuid"}
    return {"type": "number", "minimum": 0, "description": kind.__doc__ or ""}


LISTED = [
    Tool(
        name=name,
        title=spec.title,
        description=spec.description,
        input_schema=schema_of(spec.form),
        annotations=ToolAnnotations(
            title=spec.title,
            read_only_hint=not spec.spends,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=spec.spends,
        ),
    )
    for name, spec in TOOLS.items()
]

SERVER: Server[Any] = Server(
    "purvey",
    version=__version__,
    title="purvey",
    instructions=INSTRUCTIONS,
    on_list_tools=list_tools,
    on_call_tool=call_tool,
)
