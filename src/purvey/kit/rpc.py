"""What chains say, by JSON-RPC over HTTP: asked for a few seconds, and then they are unavailable.

A node is an outsider: an answer that is too long, too late, or not of the kind that was asked for is no answer.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import httpx
import msgspec
import structlog

from purvey.kit.depth import keep_limit
from purvey.kit.errors import Unavailable
from purvey.kit.fields import TO_THE_END
from purvey.kit.outside import NoAnswer, asked, said_plainly
from purvey.kit.secret import Secret

log = structlog.get_logger("purvey.rpc")
TIMEOUT_SECONDS: Final = 5.0
MOST_BYTES: Final = 8 << 20
REVERTED: Final = 3  # the code of a call that the contract itself refused

T = TypeVar("T")
Hash = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{64}" + TO_THE_END)]
Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{40}" + TO_THE_END)]
Data = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-fA-F]{2})*" + TO_THE_END)]


class Quantity(int):
    """A number as nodes write it, such as `0x1f`; never more than is counted here."""

    below = 1 << 63


class Index(Quantity):
    """The same of places in a block."""

    below = 1 << 31


class Wei(Quantity):
    """The same of money."""

    below = 1 << 256


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
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        keep_limit()
        try:
            body = await asked(
                self._http, "POST", url.reveal(), json=call, seconds=TIMEOUT_SECONDS, most_bytes=MOST_BYTES
            )  # fmt: skip
            said = msgspec.json.decode(body)
        except (NoAnswer, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise unavailable(network, f"{type(error).__name__}: {error}") from error
        if not isinstance(said, dict) or "result" not in said:
            refused = said.get("error") if isinstance(said, dict) else None
            if isinstance(refused, dict) and is_revert(refused):
                raise LookupError(said_plainly(refused.get("message")))
            raise refused_by_node(network, method, refused)
        return said["result"]

    async def maybe(self, kind: type[T], network: str, method: str, *params: Any) -> T | None:
        """The same, of the kind that it must be, or None; an answer of any other kind is Unavailable."""
        result = await self.ask(network, method, *params)
        try:
            return None if result is None else msgspec.convert(result, kind, dec_hook=hook)
        except msgspec.ValidationError as error:
            raise unavailable(network, f"{method} answered what it cannot: {said_plainly(error)}") from None

    async def read(self, kind: type[T], network: str, method: str, *params: Any) -> T:
        """The same where None is no answer."""
        found = await self.maybe(kind, network, method, *params)
        if found is None:
            raise unavailable(network, f"{method} answered null")
        return found

    async def call(self, network: str, to: str, data: bytes) -> bytes | None:
        """What a contract returns; None when it refuses the call. No bytes come from where no such contract is."""
        try:
            result: str = await self.read(Data, network, "eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")
        except LookupError:
            return None
        return bytes.fromhex(result[2:])

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def hook(kind: type[Quantity], value: Any) -> Quantity:
    """A number of JSON-RPC; ValueError, TypeError for anything else."""
    number = int(value, 16)
    if not 0 <= number < kind.below:
        raise ValueError("this is more than is counted here")
    return kind(number)


def is_revert(error: Mapping[str, Any]) -> bool:
    return error.get("code") == REVERTED or "revert" in str(error.get("message", "")).lower()


def refused_by_node(network: str, method: str, error: Any) -> NodeRefused:
    words = said_plainly(error.get("message")) if isinstance(error, dict) else "nothing that can be read"
    log.warning("chain refused", network=network, method=method, why=words)
    refusal = NodeRefused(f"The chain {network} did not answer; try again", retry_after_seconds=5)
    refusal.words = words
    return refusal


def unavailable(network: str, why: str) -> Unavailable:
    log.warning("chain did not answer", network=network, why=why)
    return Unavailable(
        f"The chain {network} did not answer, so nothing was decided; try again", retry_after_seconds=5, code="no_chain"
    )
