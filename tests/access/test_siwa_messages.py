"""What is signed is read line by line, and nothing that is not such a message is taken for one."""

import contextlib
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.access.siwa.messages import SignIn, parse, plain_message
from purvey.access.siwa.model import Registry, Unreadable

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
REGISTRY = "eip155:84532:0x8004A818BFB912233c491871b3d84c89A494BD9e"
AGENT = f"""shop.example wants you to sign in with your Agent account:
{ADDRESS}

Authenticate as a registered ERC-8004 agent.

URI: https://shop.example/siwa/verify
Version: 1
Agent ID: 7
Agent Registry: {REGISTRY}
Chain ID: 84532
Nonce: abcDEF12345678
Issued At: 2026-11-22T00:00:00.000Z
Expiration Time: 2026-11-22T00:05:00.000Z
Not Before: 2026-11-22T00:00:00.000Z
Request ID: one"""
PLAIN = re.sub(r"Agent (ID|Registry): .*\n", "", AGENT).replace("Agent account", "Ethereum account")
BARE = AGENT.replace("Authenticate as a registered ERC-8004 agent.\n", "").partition("\nExpiration")[0]


@pytest.mark.feature("B5")
def test_an_agents_message_says_all_it_says() -> None:
    assert parse(AGENT) == SignIn(
        scheme=None,
        domain="shop.example",
        address=ADDRESS.lower(),
        statement="Authenticate as a registered ERC-8004 agent.",
        uri="https://shop.example/siwa/verify",
        chain_id=84532,
        agent_id=7,
        registry=Registry(84532, REGISTRY.rpartition(":")[2].lower()),
        nonce="abcDEF12345678",
        issued_at=datetime(2026, 11, 22, tzinfo=UTC),
        expires_at=datetime(2026, 11, 22, 0, 5, tzinfo=UTC),
        not_before=datetime(2026, 11, 22, tzinfo=UTC),
    )
    said = parse(BARE)
    assert (said.statement, said.expires_at, said.not_before) == (None, None, None)
    assert parse(AGENT.replace("Agent ID: 7", "Agent ID: 0")).agent_id == 0


@pytest.mark.feature("B5")
def test_a_plain_wallets_message_is_the_standards_own() -> None:
    said = parse(
        PLAIN.replace("shop.example wants", "https://shop.example wants") + "\nResources:\n- https://a\n- ipfs:b"
    )
    assert (said.scheme, said.domain, said.agent_id, said.registry) == ("https", "shop.example", None, None)


WRONG = {
    "a line more at the end": AGENT + "\n",
    "no blank line": AGENT.replace("\n\n", "\n", 1),
    "no agent's id": AGENT.replace("Agent ID: 7\n", ""),
    "an agent's id in a plain one": PLAIN.replace("Chain ID", "Agent ID: 7\nChain ID"),
    "an id twice": AGENT.replace("Agent ID: 7", "Agent ID: 7\nAgent ID: 8"),
    "an id with a sign": AGENT.replace("Agent ID: 7", "Agent ID: -7"),
    "an id with a zero before it": AGENT.replace("Agent ID: 7", "Agent ID: 07"),
    "an id beyond counting": AGENT.replace("Agent ID: 7", "Agent ID: 9007199254740992"),
    "an id in other digits": AGENT.replace("Agent ID: 7", "Agent ID: \N{ARABIC-INDIC DIGIT SEVEN}"),
    "another version": AGENT.replace("Version: 1", "Version: 2"),
    "another order": AGENT.replace("Version: 1\nAgent ID: 7", "Agent ID: 7\nVersion: 1"),
    "a short address": AGENT.replace(ADDRESS, ADDRESS[:-1]),
    "a statement of two lines": AGENT.replace("Authenticate", "Authenticate\nme"),
    "a short nonce": AGENT.replace("abcDEF12345678", "abc"),
    "a month that is none": AGENT.replace("Issued At: 2026-11", "Issued At: 2026-13"),
    "a time of no zone": AGENT.replace("Issued At: 2026-11-22T00:00:00.000Z", "Issued At: 2026-11-22T00:00:00"),
    "carriage returns": AGENT.replace("\n", "\r\n"),
    "another kind": AGENT.replace("Agent account", "Solana account"),
    "a domain with a path": AGENT.replace("shop.example wants", "shop.example/x wants"),
    "too long": AGENT + "\n" * 4_000,
    "nothing": "",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_what_differs_from_it_is_no_message(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


@given(st.text() | st.text("0x123 :\n-ABCZT").map(lambda text: AGENT.partition("\nURI")[0] + text))
def test_whatever_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        parse(text)


@given(at=st.integers(0, len(AGENT)), cut=st.integers(0, 40), put=st.text(max_size=5))
def test_a_changed_message_reads_otherwise_or_not_at_all(at: int, cut: int, put: str) -> None:
    changed = AGENT[:at] + put + AGENT[at + cut :]
    try:
        same = parse(changed) == parse(AGENT)
    except Unreadable:
        return
    silent = [AGENT.rindex("Request ID"), AGENT.index(ADDRESS), AGENT.index("2026")]  # case of letters, zeros of times
    assert not same or changed == AGENT or at + cut >= min(silent)


@given(
    statement=st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=100),
    chain_id=st.integers(1, 2**53 - 1),
)
def test_what_the_shop_writes_it_reads(statement: str, chain_id: int) -> None:
    fields: dict[str, Any] = {"domain": "127.0.0.1:8000", "statement": statement, "chain_id": chain_id}
    times = {"issued_at": "2026-11-22T00:00:00.000Z", "expires_at": "2026-11-22T00:05:00.000Z"}
    said = parse(plain_message(address=ADDRESS, uri="http://127.0.0.1:8000", nonce="abcd1234", **times, **fields))
    assert {name: getattr(said, name) for name in fields} == fields
