"""An agent's own tools: the shop as an MCP server at `/mcp` (Streamable HTTP), over the same actions as `/api`.

Each request stands alone, so that any number of processes serve them. The SDK is loaded by the first one.
"""

from purvey.agents.mcp.http import doors

__all__ = ["doors"]
