"""A facilitator over HTTP is an outsider: nothing that it answers, or does not, is a crash or moves our mind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from purvey.kit.errors import Unavailable
from purvey.payments.x402 import PaymentRefused, State
from tests.vocabulary.chain import Chain
from tests.vocabulary.rail import ATLAS, Counter, counter_of, hands_in, signs

pytestmark = pytest.mark.feature("B7")


class Odd:
    """`answer` is the whole of what it sends; `asked` the first line of each request; `slow` a pause between bytes."""

    def __init__(self) -> None:
        self.url, self.answer, self.slow = "", b"", 0.0
        self.asked: list[str] = []

    def says(self, body: bytes, *, status: str = "200 OK", head: str = "") -> None:
        self.answer = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}Connection: close\r\n\r\n".encode() + body
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.asked.append((await reader.readline()).decode().strip())
            await reader.readuntil(b"\r\n\r\n")
            for start in range(0, len(self.answer), 1 if self.slow else len(self.answer) or 1):
                writer.write(self.answer[start : start + 1] if self.slow else self.answer)
                await writer.drain()
                await asyncio.sleep(self.slow)
        writer.close()


@contextlib.asynccontextmanager
async def odd_one() -> AsyncIterator[Odd]:
    odd = Odd()
    server = await asyncio.start_server(odd.serve, "127.0.0.1", 0)
    odd.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield odd
    finally:
        server.close()


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    async with odd_one() as odd:
        yield odd


@pytest.fixture
async def over_http(chain: Chain, ledger: str, odd: Odd) -> AsyncIterator[Counter]:
    async with counter_of(chain, ledger, x402_facilitator_url=odd.url, wait_seconds=0.1) as counter:
        yield counter


ODD = [
    b"", b"null", b"[]", b"7", b'"yes"', b"{}", b'{"isValid": "true", "success": "true"}', b"<html>",
    b'{"isValid": false, "invalidReason": 7, "success": 1}', b"[" * 50_000, b"\xff\xfe\x00",
    b'{"isValid": true, "success": true, "payer": {"a": [' + b"[" * 50_000,
    b'{"isValid": false, "invalidReason": "no\\u0000thing\\n<b>", "success": false, "errorReason": "a\\u0000b",'
    b' "transaction": "0x\\u0000"}',
    b'{"isValid": false, "invalidReason": "' + b"x" * 100_000 + b'", "success": false, "errorReason": "'
    + b"y" * 100_000 + b'", "transaction": "' + b"0" * 100_000 + b'"}',
    b'{"isValid": false, "success": false, "errorReason": "' + b"z" * (2 << 20) + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("status", ["200 OK", "500 Oops", "402 Payment Required"])
async def test_an_answer_of_any_shape_is_a_clean_outcome_and_the_chain_decides(
    over_http: Counter, odd: Odd, body: bytes, status: str
) -> None:
    quote = await over_http.quotes()
    shown = signs(await over_http.payer(), quote)
    odd.says(body, status=status)
    with pytest.raises((PaymentRefused, Unavailable)) as refused:
        await over_http.verify(shown, quote)
    assert len(refused.value.detail) < 500 and refused.value.detail.isprintable()
    tried = await over_http.carries_out(await over_http.enters(shown, quote))
    assert tried.state is State.SENT
    assert tried.reason is None or tried.reason.isprintable()
    await hands_in(over_http, tried)
    assert (await over_http.carries_out(tried)).settled


async def test_it_leads_nowhere_else(over_http: Counter, odd: Odd) -> None:
    """A redirect would send the buyer's authorization, and our request, wherever it likes: inside our own network."""
    quote = await over_http.quotes()
    shown = signs(await over_http.payer(), quote)
    async with odd_one() as inside:
        inside.says(b'{"isValid": true, "success": true}')
        for status in ("307 Temporary Redirect", "308 Permanent Redirect", "302 Found"):
            odd.says(b"", status=status, head=f"Location: {inside.url}/verify\r\n")
            with pytest.raises(Unavailable):
                await over_http.verify(shown, quote)
            with pytest.raises(Unavailable):
                await over_http.rail.facilitator.about()
        assert inside.asked == []


async def test_one_that_answers_a_byte_at_a_time_is_waited_for_only_so_long(over_http: Counter, odd: Odd) -> None:
    quote = await over_http.quotes()
    shown = signs(await over_http.payer(), quote)
    odd.says(b'{"isValid": true, "success": true}')
    odd.slow = 0.05
    over_http.rail.facilitator.patience = 0.3  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="not within"):
        await over_http.verify(shown, quote)


async def test_what_is_packed_is_not_unpacked(over_http: Counter, odd: Odd) -> None:
    import gzip

    quote = await over_http.quotes()
    shown = signs(await over_http.payer(), quote)
    bomb = gzip.compress(b'{"isValid": true, "more": "' + b" " * (64 << 20) + b'"}')
    odd.says(bomb, head="Content-Encoding: gzip\r\n")
    with pytest.raises(Unavailable):
        await over_http.verify(shown, quote)


async def test_its_yes_moves_no_money_and_gives_nothing(over_http: Counter, odd: Odd) -> None:
    quote = await over_http.quotes()
    poor = await over_http.payer(usdc=1)
    odd.says(b'{"isValid": true, "success": true, "transaction": "0x' + b"ab" * 32 + b'"}')
    shown = signs(poor, quote)
    await over_http.verify(shown, quote)
    tried = await over_http.carries_out(await over_http.enters(shown, quote))
    assert tried.unknown
    assert await over_http.chain.balance(over_http.author.address) == 0
    assert await over_http.chain.balance(poor.address) == 1 < ATLAS
