"""The test bank: a gateway of our own, for the demo and for tests. Its money is not real, its webhooks are.

It calls back over HTTP into the same inbox as any gateway, and can be told to call twice, late, out of order or never.
"""

from purvey.payments.testbank.gateway import TestBank
from purvey.payments.testbank.model import Delivery, Outcome
from purvey.payments.testbank.reactions import reactions

__all__ = ["Delivery", "Outcome", "TestBank", "reactions"]
