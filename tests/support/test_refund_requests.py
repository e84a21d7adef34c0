"""A buyer asks for their money back, and the seller decides."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey import payments
from purvey.kit.ids import new_id
from purvey.kit.life import ImpossibleMove
from purvey.support.model import LIFE, Happening, TicketState
from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]


async def asks(buyer: Person, purchase: Json, reason: str = "It is not what I thought") -> httpx.Response:
    return await buyer.post(f"/v1/purchases/{purchase['id']}/refund-request", {"reason": reason})


async def asked(buyer: Person, purchase: Json) -> Json:
    answer = await asks(buyer, purchase)
    assert answer.status_code == 201, answer.text
    ticket: Json = answer.json()
    return ticket


def desk(author: Person, ticket: Json | None = None, verb: str = "") -> str:
    assert author.site
    path = f"/v1/sites/{author.site['id']}/refund-requests"
    return path + (f"/{ticket['id']}" if ticket else "") + (f"/{verb}" if verb else "")


async def decides(member: Person, author: Person, ticket: Json, verb: str, **terms: Any) -> httpx.Response:
    body = terms if verb == "approve" else None
    return await member.post(desk(author, ticket, verb), body)


async def events_of(shop: Shop, ticket: Json) -> list[str]:
    rows: Any = await shop.db.records(
        "select type from events where subject_id = $1 order by at, id", UUID(ticket["id"])
    )
    return [row["type"] for row in rows]


@pytest.mark.feature("A15")
async def test_a_buyer_asks_and_no_money_moves_by_itself(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=1200)
    bought = await ben.has(product)
    ticket = await asked(ben, bought)
    await shop.settles()
    assert (ticket["purchaseId"], ticket["state"], ticket["refund"]) == (bought["id"], "OPEN", None)
    assert (ticket["itemName"], ticket["finalAmount"], ticket["currencyCode"]) == ("Field Atlas", 1200, "EUR")
    assert (await ben.get(f"/v1/purchases/{bought['id']}/refund-request")).json() == ticket
    seen = await ben.sees(bought)
    assert (seen["status"], seen["refundedAmount"], seen["refunds"]) == ("SUCCEEDED", 0, [])
    assert await ben.owns(product)
    listed = (await ana.get(desk(ana), params={"count": True})).json()
    assert (listed["total"], listed["data"]) == (1, [ticket])
    assert await events_of(shop, ticket) == ["REFUND_REQUESTED"]


@pytest.mark.feature("A15")
async def test_one_open_request_a_purchase_even_when_ten_ask_at_once(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells())
    answers = await asyncio.gather(*(asks(ben, bought) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    (ticket,) = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer.status_code == 409:
            assert (answer.json()["code"], answer.json()["ticketId"]) == ("refund_request_open", ticket["id"])


@pytest.mark.feature("A15")
async def test_a_request_is_taken_within_the_sites_window_alone(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells())
    shop.days_pass(14.01)
    late = await asks(ben, bought)
    assert (late.status_code, late.json()["code"]) == (409, "refund_window_over")
    assert late.json()["refundableUntil"] == (await ben.sees(bought))["refundableUntil"]
    shop.days_pass(-0.02)
    assert (await asks(ben, bought)).status_code == 201


@pytest.mark.feature("A15")
async def test_only_what_was_paid_can_be_asked_back(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    product = await ana.sells()
    begun = await ben.buys(product)
    assert (await asks(ben, begun)).json()["code"] == "not_refundable"
    free = await ben.buys(await ana.sells("Gift", price=0))
    assert (await asks(ben, free)).json()["code"] == "not_refundable"
    paid = await ben.pays(begun)
    assert (await asks(eve, paid)).status_code == 404
    assert (await eve.get(f"/v1/purchases/{paid['id']}/refund-request")).status_code == 404
    assert (await asks(ben, {"id": str(new_id())})).status_code == 404
    assert (await shop.http.post(f"/v1/purchases/{paid['id']}/refund-request", json={"reason": "x"})).status_code == 401
    for reason in ("", "  ", "x" * 2001, "a\u0000", None, 5):
        wrong = await ben.post(f"/v1/purchases/{paid['id']}/refund-request", {"reason": reason})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/reason")
    await ana.refunds(paid)
    await shop.settles()
    assert (await asks(ben, paid)).json()["code"] == "not_refundable"


@pytest.mark.feature("A15", "A22", "A33")
async def test_support_approves_and_who_may_manage_refunds_sends(shop: Shop) -> None:
    ana, ben, sam = await shop.author("ana"), await shop.person("ben"), await shop.person("sam")
    assert ana.site
    await shop.joins(sam, ana.site["tenantId"], "SUPPORT")
    product = await ana.sells(price=1200)
    bought = await ben.has(product)
    ticket = await asked(ben, bought)
    assert (await decides(sam, ana, ticket, "approve", execute=True)).status_code == 403
    early = await decides(ana, ana, ticket, "execute")
    assert (early.status_code, early.json()["code"]) == (409, "refund_not_approved")

    approved = (await decides(sam, ana, ticket, "approve")).json()
    await shop.settles()
    assert (approved["state"], approved["refund"]["amount"], approved["refund"]["status"]) == (
        "APPROVED",
        1200,
        "REQUESTED",
    )
    assert await ben.owns(product)
    assert (await decides(sam, ana, ticket, "execute")).status_code == 403
    assert (await decides(sam, ana, ticket, "approve")).status_code == 409

    assert (await decides(ana, ana, ticket, "execute")).status_code == 200
    await shop.settles()
    done = (await ben.get(f"/v1/refund-requests/{ticket['id']}")).json()
    assert (done["state"], done["refund"]["status"]) == ("REFUNDED", "SUCCEEDED")
    seen = await ben.sees(bought)
    assert (seen["status"], seen["refundedAmount"]) == ("REFUNDED", 1200)
    assert not await ben.owns(product)
    assert (await decides(ana, ana, ticket, "execute")).status_code == 409
    assert await events_of(shop, ticket) == ["REFUND_REQUESTED", "REFUND_REQUEST_APPROVED"]
    audit: Any = await shop.db.records(
        "select action, actor_id from audit_log where subject_id = $1 order by id", ticket["id"]
    )
    assert [tuple(row) for row in audit] == [("refund-request.approved", sam.id), ("refund-request.executed", ana.id)]
    await shop.books_agree(ana)


@pytest.mark.feature("A15", "A22")
async def test_a_part_can_go_back_and_the_rest_be_asked_for_again(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    product = await ana.sells(price=1000)
    bought = await ben.has(product)
    ticket = await asked(ben, bought)
    assert (await decides(ana, ana, ticket, "approve", amount=1001)).status_code == 409
    assert (await decides(ana, ana, ticket, "approve", amount=0)).status_code == 400
    assert (await decides(ana, ana, ticket, "approve", amount=300, execute=True)).status_code == 200
    await shop.settles()
    assert (await ben.sees(bought))["status"] == "PARTIALLY_REFUNDED"
    assert await ben.owns(product)
    first = (await ben.get(f"/v1/refund-requests/{ticket['id']}")).json()
    assert first["state"] == "REFUNDED"
    second = await asked(ben, bought)
    await decides(ana, ana, second, "approve", execute=True)
    await shop.settles()
    assert (await ben.sees(bought))["refundedAmount"] == 1000
    listed = (await ben.get("/v1/refund-requests", params={"count": True})).json()
    assert [each["id"] for each in listed["data"]] == [second["id"], ticket["id"]]
    await shop.books_agree(ana)


@pytest.mark.feature("A15")
async def test_a_declined_request_frees_what_was_set_aside_and_another_may_be_opened(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells(price=1000))
    ticket = await asked(ben, bought)
    await decides(ana, ana, ticket, "approve", amount=900)
    assert (await ana.refunds(bought, amount=200)).status_code == 409
    declined = (await decides(ana, ana, ticket, "decline")).json()
    assert (declined["state"], declined["refund"]["status"]) == ("DECLINED", "FAILED")
    assert (await decides(ana, ana, ticket, "approve")).status_code == 409
    assert (await ana.refunds(bought, amount=200)).status_code == 202
    await shop.settles()
    assert (await asks(ben, bought)).status_code == 201
    await shop.books_agree(ana)


@pytest.mark.feature("A15")
async def test_a_buyer_withdraws_until_the_money_is_on_its_way(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.person("eve")
    bought = await ben.has(await ana.sells())
    ticket = await asked(ben, bought)
    await decides(ana, ana, ticket, "approve")
    path = f"/v1/refund-requests/{ticket['id']}/withdraw"
    assert (await eve.post(path)).status_code == 404
    withdrawn = (await ben.post(path)).json()
    assert (withdrawn["state"], withdrawn["refund"]["status"]) == ("WITHDRAWN", "FAILED")
    assert (await ben.post(path)).status_code == 409
    again = await asked(ben, bought)
    await decides(ana, ana, again, "approve", execute=True)
    late = await ben.post(f"/v1/refund-requests/{again['id']}/withdraw")
    assert late.status_code == 409
    await shop.settles()
    assert (await ben.sees(bought))["status"] == "REFUNDED"


@pytest.mark.feature("A15", "A22")
async def test_a_refund_that_failed_can_be_approved_again(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells(price=1000))
    ticket = await asked(ben, bought)
    approved = (await decides(ana, ana, ticket, "approve")).json()
    async with shop.db.transaction() as tx:
        await payments.turn_down_refund(tx, UUID(approved["refund"]["id"]), reason="the bank said no", now=shop.now)
    assert (await decides(ana, ana, ticket, "execute")).json()["code"] == "refund_not_approved"
    again = (await decides(ana, ana, ticket, "approve", execute=True)).json()
    assert again["refund"]["id"] != approved["refund"]["id"]
    await shop.settles()
    assert (await ben.sees(bought))["status"] == "REFUNDED"
    await shop.books_agree(ana)


@pytest.mark.feature("A15")
async def test_a_refund_by_another_way_settles_the_open_request(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells())
    ticket = await asked(ben, bought)
    await ana.refunds(bought)
    await shop.settles()
    assert (await ana.get(desk(ana, ticket))).json()["state"] == "REFUNDED"


@pytest.mark.feature("A15")
async def test_both_sides_talk_until_it_is_decided(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.author("eve")
    bought = await ben.has(await ana.sells())
    ticket = await asked(ben, bought)
    mine, theirs = f"/v1/refund-requests/{ticket['id']}/messages", desk(ana, ticket, "messages")
    said = [
        (await ben.post(mine, {"body": " Please. "})).json(),
        (await ana.post(theirs, {"body": "Why?"})).json(),
        (await ben.post(mine, {"body": "The maps are upside down."})).json(),
    ]
    assert [(each["isBuyer"], each["body"]) for each in said] == [
        (True, "Please."), (False, "Why?"), (True, "The maps are upside down."),
    ]  # fmt: skip
    assert (await ana.get(theirs)).json()["data"] == (await ben.get(mine)).json()["data"] == said
    page = (await ben.get(mine, params={"perPage": 2, "count": True})).json()
    assert page["total"] == 3
    rest = (await ben.get(mine, params={"perPage": 2, "cursor": page["nextCursor"]})).json()
    assert rest["data"] == said[2:]
    assert (await ana.get(desk(ana, ticket))).json()["messageCount"] == 3
    for person, path in ((eve, mine), (eve, theirs), (eve, desk(eve, ticket, "messages")), (ana, mine)):
        assert (await person.get(path)).status_code == 404
        assert (await person.post(path, {"body": "Hello"})).status_code == 404
    await decides(ana, ana, ticket, "decline")
    closed = await ben.post(mine, {"body": "But!"})
    assert (closed.status_code, closed.json()["code"]) == (409, "refund_request_closed")
    answered = await events_of(shop, ticket)
    assert answered == ["REFUND_REQUESTED", *["REFUND_REQUEST_ANSWERED"] * 3, "REFUND_REQUEST_DECLINED"]


@pytest.mark.feature("A15", "A33")
async def test_requests_are_found_by_state_and_by_their_own_site_alone(shop: Shop) -> None:
    ana, ben, eve = await shop.author("ana"), await shop.person("ben"), await shop.author("eve")
    viewer, editor = await shop.person("viewer"), await shop.person("editor")
    assert ana.site
    await shop.joins(viewer, ana.site["tenantId"], "VIEWER")
    await shop.joins(editor, ana.site["tenantId"], "EDITOR")
    tickets = [await asked(ben, await ben.has(await ana.sells(name))) for name in ("A", "B", "C")]
    await decides(ana, ana, tickets[1], "decline")
    listed = (await ana.get(desk(ana), params={"state": "OPEN"})).json()["data"]
    assert [each["id"] for each in listed] == [tickets[2]["id"], tickets[0]["id"]]
    for person, status in ((viewer, 403), (editor, 403), (eve, 404), (ben, 404)):
        assert (await person.get(desk(ana))).status_code == status
        for verb in ("approve", "decline", "execute"):
            assert (await decides(person, ana, tickets[0], verb)).status_code == status
    assert (await eve.get(desk(eve, tickets[0]))).status_code == 404
    assert (await decides(eve, eve, tickets[0], "approve")).status_code == 404
    assert (await decides(eve, eve, tickets[0], "decline")).status_code == 404
    assert (await decides(eve, eve, tickets[0], "execute")).status_code == 404


@pytest.mark.feature("A15")
async def test_twenty_decisions_at_once_are_one(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    bought = await ben.has(await ana.sells(price=1000))
    ticket = await asked(ben, bought)
    verbs = ["approve", "decline"] * 10
    answers = await asyncio.gather(
        *(decides(ana, ana, ticket, verb, **({"execute": True} if verb == "approve" else {})) for verb in verbs)
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers} == {200, 409}
    await shop.settles()
    seen = await ben.sees(bought)
    assert len(seen["refunds"]) == (1 if seen["status"] == "REFUNDED" else 0)
    await shop.books_agree(ana)


@pytest.mark.feature("A15")
@pytest.mark.parametrize("state", TicketState)
@pytest.mark.parametrize("happening", Happening)
def test_every_state_of_a_request_meets_every_happening(state: TicketState, happening: Happening) -> None:
    endings = {TicketState.DECLINED, TicketState.WITHDRAWN, TicketState.REFUNDED}
    assert LIFE.endings() == endings
    possible = {
        TicketState.OPEN: {
            Happening.APPROVED: TicketState.APPROVED,
            Happening.DECLINED: TicketState.DECLINED,
            Happening.WITHDRAWN: TicketState.WITHDRAWN,
            Happening.MONEY_WENT_BACK: TicketState.REFUNDED,
        },
        TicketState.APPROVED: {
            Happening.DECLINED: TicketState.DECLINED,
            Happening.WITHDRAWN: TicketState.WITHDRAWN,
            Happening.REFUND_FAILED: TicketState.OPEN,
            Happening.MONEY_WENT_BACK: TicketState.REFUNDED,
        },
    }.get(state, {})
    if happening in possible:
        assert LIFE.after(state, happening) is possible[happening]
    else:
        with pytest.raises(ImpossibleMove):
            LIFE.after(state, happening)
