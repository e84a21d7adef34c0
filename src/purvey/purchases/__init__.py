"""Purchases: a buyer chooses something, pays for it, and owns it; or gets the money back.

Start at `buying.buy`, then `settling.settle`: what follows when the money moved. `recovery` finishes what nobody did.
"""

from purvey.purchases.actions import (
    NothingToFulfil,
    NotOpen,
    cancel,
    execute_refund,
    fulfil,
    refund,
    request_refund,
    with_payment,
)
from purvey.purchases.books import LAWS, Law, audit_books
from purvey.purchases.bought import Bought, BoughtWhole, bought, bought_by
from purvey.purchases.buying import buy
from purvey.purchases.checkouts import CheckoutClosed
from purvey.purchases.events import (
    FulfilmentMoved,
    OneTimePurchaseCompleted,
    PurchaseBegun,
    PurchaseClosed,
    PurchaseRefunded,
)
from purvey.purchases.http_buyer import BuyChapter, BuyProduct
from purvey.purchases.http_seller import MoveFulfilment, OrderRefund, ReleasePayment
from purvey.purchases.model import FULFILMENT_LIFE, Address, Fulfilment, Goods, ItemType, Order, Purchase, Started
from purvey.purchases.moving import hand_over
from purvey.purchases.quoting import Summary, summary
from purvey.purchases.reactions import reactions
from purvey.purchases.reads import MOST_DOWNLOADS, detail, mine, of_site, open_order, sale
from purvey.purchases.reads import NEWEST as NEWEST_PURCHASES
from purvey.purchases.recovery import catch_up, sweep_payments, sweep_refunds
from purvey.purchases.releasing import NothingToHandOver, release
from purvey.purchases.rules import OtherTotal
from purvey.purchases.store import count_held, find
from purvey.purchases.views import PurchaseDetail, PurchaseView, SaleDetail, SaleView
from purvey.purchases.wallets import buy as buy_by_wallet
from purvey.purchases.wallets import price as price_by_wallet
from purvey.purchases.wishes import Asking, Duplicate, Pending, Sold, Till, Wish

__all__ = [
    "FULFILMENT_LIFE",
    "LAWS",
    "MOST_DOWNLOADS",
    "NEWEST_PURCHASES",
    "Address",
    "Asking",
    "Bought",
    "BoughtWhole",
    "BuyChapter",
    "BuyProduct",
    "CheckoutClosed",
    "Duplicate",
    "Fulfilment",
    "FulfilmentMoved",
    "Goods",
    "ItemType",
    "Law",
    "MoveFulfilment",
    "NotOpen",
    "NothingToFulfil",
    "NothingToHandOver",
    "OneTimePurchaseCompleted",
    "Order",
    "OrderRefund",
    "OtherTotal",
    "Pending",
    "Purchase",
    "PurchaseBegun",
    "PurchaseClosed",
    "PurchaseDetail",
    "PurchaseRefunded",
    "PurchaseView",
    "ReleasePayment",
    "SaleDetail",
    "SaleView",
    "Sold",
    "Started",
    "Summary",
    "Till",
    "Wish",
    "audit_books",
    "bought",
    "bought_by",
    "buy",
    "buy_by_wallet",
    "cancel",
    "catch_up",
    "count_held",
    "detail",
    "execute_refund",
    "find",
    "fulfil",
    "hand_over",
    "mine",
    "of_site",
    "open_order",
    "price_by_wallet",
    "reactions",
    "refund",
    "release",
    "request_refund",
    "sale",
    "summary",
    "sweep_payments",
    "sweep_refunds",
    "with_payment",
]
