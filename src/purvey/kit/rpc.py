"""What chains say, by JSON-RPC over HTTP: asked for a few seconds, and then they are unavailable."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import structlog

from purvey.kit.errors import Unavailable
from purvey.kit.secret import Secret

log = structlog.get_logger("purvey.rpc")
TIMEOUT_SECONDS: Final = 5.0
REVERTED: Final = 3  # the code of a call that the contract itself refused


class NodeRefused(Unavailable):
    """A node answered with an error of its own; `words` are what it said."""

    code = "no_chain"
    words = ""


class Chains:
    """The chains this shop can ask, by CAIP-2 network such as `eip155:8453`."""

    def __init__(self, urls: Mapping[str, Secret]) -> None:
        self.urls = urls
        self._http: httpx.AsyncClient | None = None

    async def ask(self, network: str, method: str, *params: Any) -> Any:
        """The result of one method; LookupError when the contract reverted; Unavailable when there is none.

        NodeRefused, which is an Unavailable, when the node answered that it will not.
        """
        url = self.urls.get(network)
        if url is None:
            raise unavailable(network, "PURVEY_RPC_URLS names no address for it")
        self._http = self._http or httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        try:
            answer = await self._http.post(
                url.reveal(), json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            )
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise unavailable(network, f"{type(error).__name__}: {error}") from error
        if not isinstance(said, dict) or "result" not in said:
            refused = said.get("error") if isinstance(said, dict) else None
            if isinstance(refused, dict) and is_revert(refused):
                raise LookupError(refused.get("message"))
            raise refused_by_node(network, method, refused)
        return said["result"]

    async def call(self, network: str, to: str, data: bytes) -> bytes | None:
        """What a contract returns; None when it refuses the call. No bytes come from where no such contract is."""
        try:
            result = await self.ask(network, "eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")
            return bytes.fromhex(result.removeprefix("0x"))
        except LookupError:
            return None
        except (AttributeError, ValueError) as error:
            raise unavailable(network, f"eth_call answered with no hex: {error}") from error

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def is_revert(error: Mapping[str, Any]) -> bool:
    return error.get("code") == REVERTED or "revert" in str(error.get("message", "")).lower()


def refused_by_node(network: str, method: str, error: Any) -> NodeRefused:
    words = str(error.get("message")) if isinstance(error, dict) else "nothing that can be read"
    log.warning("chain refused", network=network, method=method, why=words)
    refusal = NodeRefused(f"The chain {network} did not answer; try again", retry_after_seconds=5)
    refusal.words = words
    return refusal


def unavailable(network: str, why: str) -> Unavailable:
    log.warning("chain did not answer", network=network, why=why)
    return Unavailable(
        f"The chain {network} did not answer, so nothing was decided; try again", retry_after_seconds=5, code="no_chain"
    )
