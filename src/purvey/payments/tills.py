"""What takes money at a site, in one value that pages and feeds ask."""

from typing import Final

import msgspec

from purvey.kit.db import Queries
from purvey.kit.money import USDC
from purvey.payments.stripe import STRIPE
from purvey.payments.stripe.units import takes

# Whether a site's tenant has given Stripe keys, or is the platform, and whether the site says where its USDC goes.
OF_SITE = """
select t.is_platform, s.payout_wallet is not null as has_wallet,
    exists (
        select
        from gateway_keys k
        where k.tenant_id = t.id
            and k.provider = $2
            and k.retired_at is null
    ) as has_keys
from sites s
join tenants t on t.id = s.tenant_id
where s.slug = $1
"""


class Facts(msgspec.Struct, frozen=True):
    is_platform: bool
    has_wallet: bool
    has_keys: bool


NOTHING: Final = Facts(is_platform=False, has_wallet=False, has_keys=False)


class SiteTills(msgspec.Struct, frozen=True, kw_only=True):
    """The test bank takes every currency, Stripe its own, x402 USDC. Speaks `catalog.Tills`."""

    test_bank: bool
    stripe: bool
    takes_usdc: bool

    def at_checkout(self, currency: str) -> bool:
        return self.test_bank or (self.stripe and takes(currency))


async def facts_of(db: Queries, site_slug: str) -> Facts:
    """What is known of a site; nothing where there is none such."""
    return await db.maybe(Facts, OF_SITE, site_slug, STRIPE) or NOTHING


def why_not(currency: str, *, x402: bool) -> str:
    """What a buyer is told whose money is not taken at a checkout, with their own way out."""
    if currency == USDC and x402:
        return (
            "USDC is paid here by a wallet or an agent, at no checkout: POST /api/products/{product_id}/buy answers "
            "what to pay (x402)"
        )
    return f"Nobody can pay {currency} at this shop yet; ask its seller for another way"
