"""A wallet is linked on pages, without a script: the shop shows a text, the wallet signs it, the person pastes it."""

import html
import re

from eth_account import Account

from tests.vocabulary.agents import signed
from tests.vocabulary.shop import Shop
from tests.web.browsing import Browser


async def test_a_person_links_and_unlinks_a_wallet(shop: Shop) -> None:
    ana, agent = await shop.person("ana"), await shop.agent()
    browser = Browser(shop, ana)
    await browser.open("/account/wallets")
    r = await browser.send("/account/wallets/ask", address="0x12")
    assert r.status_code == 422 and 'id="e-address"' in r.text
    r = await browser.send("/account/wallets/ask", address=agent.address)
    found = re.search(r"<pre>(.*?)</pre>", r.text, re.DOTALL)
    assert found is not None
    text = html.unescape(found[1])
    r = await browser.send("/account/wallets$", message=text, signature=signed(Account.create(), text)["signature"])
    assert r.status_code == 422 and "Invalid signature" in r.text
    r = await browser.send("/account/wallets$", message=text, signature=signed(agent.wallet, text)["signature"])
    assert r.status_code == 200 and "The wallet is yours" in r.text and agent.address in r.text
    assert (await shop.agent(agent.wallet)).id == ana.id
    r = await browser.send("/account/wallets/unlink", address=agent.address)
    assert "no longer signs for you" in r.text and agent.address not in r.text
