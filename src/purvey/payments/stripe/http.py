"""The JSON doors of a tenant's own Stripe keys. What is given here is never shown again."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey import access
from purvey.access.guards import may
from purvey.access.model import Identity, Permission
from purvey.kit.db import Database
from purvey.kit.errors import Invalid
from purvey.kit.fields import TO_THE_END
from purvey.kit.secret import Secret
from purvey.payments import gateway_keys
from purvey.payments.gateway import Credentials, Gateways, KeyRefused
from purvey.payments.gateway_keys import GivenKeys
from purvey.payments.stripe.gateway import StripeAccount
from purvey.settings import Settings

PATH = "/tenants/{tenant_id:uuid}/gateways/stripe"
STRIPE = StripeAccount.name
TRIES = 20  # an hour: each asks Stripe, which may not be used to find out keys
SECRET = {"idempotency": "exempt"}
SecretKey = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[rs]k_(test|live)_[A-Za-z0-9]+" + TO_THE_END,
        min_length=16,
        max_length=255,
        description="A key of Stripe that begins with sk_ or rk_",
    ),
]
WebhookSecret = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^whsec_[A-Za-z0-9+/=_-]+" + TO_THE_END,
        min_length=10,
        max_length=255,
        description="A secret of Stripe that begins with whsec_",
    ),
]


class GiveKeys(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """`secretKey`: a secret or restricted key (`sk_…`, `rk_…`). `webhookSecret`: the signing secret of the endpoint."""

    secret_key: SecretKey
    webhook_secret: WebhookSecret


class KeysView(msgspec.Struct, frozen=True, rename="camel"):
    """The keys in use, by the last letters of the secret one; and where Stripe's webhooks are to be sent."""

    provider: str
    secret_key_ending: str
    webhook_url: str
    created_at: datetime


@put(PATH, guards=[may(Permission.MANAGE_KEYS)], opt=SECRET, tags=["Payments"])
async def give_keys(
    *,
    tenant_id: FromPath[UUID],
    data: JSONBody[GiveKeys],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    settings: NamedDependency[Settings],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> KeysView:
    """Sell by a Stripe account of one's own from now on. Stripe is asked whether it knows the key."""
    await access.throttle(db, key=f"stripe-keys:{tenant_id}", limit=TRIES, window=timedelta(hours=1), now=now)
    credentials = Credentials(Secret(data.secret_key), Secret(data.webhook_secret))
    try:
        await gateways.check_keys(STRIPE, credentials)
    except KeyRefused:
        raise Invalid.field("/secretKey", "Stripe does not accept this key", code="key_refused") from None
    given = await gateway_keys.give(
        db,
        me,
        tenant_id=tenant_id,
        provider=STRIPE,
        credentials=credentials,
        secret_key=settings.secret_key,
        now=now,
    )
    return view(given, tenant_id, settings)


@get(PATH, guards=[may(Permission.MANAGE_KEYS)], tags=["Payments"])
async def show_keys(
    tenant_id: FromPath[UUID], db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> KeysView:
    """Which keys are in use."""
    return view(await gateway_keys.given(db, tenant_id, STRIPE), tenant_id, settings)


@delete(PATH, guards=[may(Permission.MANAGE_KEYS)], tags=["Payments"])
async def remove_keys(
    tenant_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> None:
    """Begin no new sale by these keys. They are erased once nothing open was made with them."""
    await gateway_keys.remove(db, me, tenant_id=tenant_id, provider=STRIPE, now=now)


def view(given: GivenKeys, tenant_id: UUID, settings: Settings) -> KeysView:
    return KeysView(
        provider=given.provider,
        secret_key_ending=given.ending,
        webhook_url=f"{settings.base_url}/v1/webhooks/{STRIPE}/{tenant_id}",
        created_at=given.created_at,
    )


doors: list[Any] = [give_keys, show_keys, remove_keys]
