"""A product comes into being with its prices, or not at all (A2, C1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access
from purvey.access import Identity
from purvey.catalog import bundles, costs, naming, rules, store
from purvey.catalog.events import PriceCreated, ProductCreated
from purvey.catalog.forms import MAX_PRICES, CreateProduct, NewPrice
from purvey.catalog.model import Price, Product, Terms
from purvey.catalog.naming import Named
from purvey.catalog.repricing import refuse
from purvey.catalog.views import ProductView, view_of
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, Invalid
from purvey.kit.events import publish
from purvey.kit.ids import new_id
from purvey.kit.money import known_currency
from purvey.tenants import Site

DEFAULT_REF = "default"


class TooManyProducts(Conflict):
    """The tenant has as many products as its limit allows."""

    code = "product_limit"


class Wanted(msgspec.Struct, frozen=True):
    """A price that the body asks for, flat or listed."""

    named: Named
    terms: Terms


async def create_product(db: Database, me: Identity, *, site: Site, form: CreateProduct, now: datetime) -> ProductView:
    """Add a product to a site; SlugTaken, SkuTaken, TooManyProducts, NotAllowed, or Invalid naming each field."""
    form = costs.with_defaults(me, form)
    wanted = wanted_prices(form, currency=form.currency_code or site.currency)
    async with db.transaction() as tx:
        await refuse_one_too_many(tx, site)
        await naming.refuse_repeated(tx, [each.named for each in wanted])
        product = await draft(tx, me, site, form, wanted, now=now)
        refuse_pricing(me, product, wanted, form.member_ids)
        terms = [each.terms for each in wanted]
        rules.refuse_unsound(product, offered=terms, default=terms[0], member_count=len(form.member_ids))
        prices = [await priced(tx, site, product, each, at) for at, each in enumerate(wanted)]
        await store.insert_product(tx, product)
        naming.refuse_taken([each.named for each in wanted], await store.insert_prices(tx, product, prices, now=now))
        await store.put_on_market(tx, product.id, rules.usdc_price_of(product, prices))
        if product.is_limited:
            await store.insert_stock(tx, product.id, total=product.total_quantity or 0)
        await bundles.fill(tx, product, form.member_ids)
        await tell(tx, me, product, prices, now=now)
        return view_of(await store.find(tx, site.id, product.id))


def wanted_prices(form: CreateProduct, *, currency: str) -> Sequence[Wanted]:
    """Every price of the body, the default first; Invalid when there is none or too many."""
    flat = [] if form.price is None else [flat_price(form, form.price, currency)]
    if not flat and (form.sku or form.compare_price is not None):
        raise Invalid.field("/price", "sku and comparePrice belong to price; send it too, or use prices alone")
    wanted = [*flat, *(listed_price(price, f"/prices/{at}", currency) for at, price in enumerate(form.prices))]
    if not wanted:
        raise Invalid.field("/price", "A product needs at least one price: send price, or prices", code="missing")
    if len(wanted) > MAX_PRICES:
        raise Invalid.field("/prices", f"A product has at most {MAX_PRICES} prices")
    return wanted


def flat_price(form: CreateProduct, amount: int, currency: str) -> Wanted:
    known_currency(currency)
    terms = Terms(amount=amount, currency=currency, compare_at_amount=form.compare_price)
    refuse(list(rules.fineness(terms, None)))
    return Wanted(Named("", DEFAULT_REF, form.sku), terms)


def listed_price(price: NewPrice, pointer: str, currency: str) -> Wanted:
    terms = Terms(
        amount=price.amount,
        currency=known_currency(price.currency_code or currency, pointer=f"{pointer}/currencyCode"),
        compare_at_amount=price.compare_at_amount,
        recurring=price.recurring,
        transform=price.quantity_transform,
    )
    refuse(list(rules.fineness(terms, pointer)))
    return Wanted(Named(pointer, price.id, price.sku), terms)


def refuse_pricing(me: Identity, product: Product, wanted: Sequence[Wanted], members: Sequence[UUID]) -> None:
    """NotAllowed for somebody who would put up more than a free draft, and may not."""
    priced = [each.named.pointer or "/price" for each in wanted if costs.is_priced(each.terms)]
    access.refuse_pricing(me, [*priced, *costs.differing(costs.FREE_DRAFT, costs.costs_of(product, members))])


async def refuse_one_too_many(tx: Tx, site: Site) -> None:
    """Hold the tenant's limit of products, however many are created at once (ruling 11)."""
    most = await store.lock_tenant(tx, site.tenant_id)
    most = rules.DEFAULT_PRODUCT_LIMIT if most is None else most
    if await store.count_products(tx, site.tenant_id, at_most=most) >= most:
        raise TooManyProducts(f"You have {most} products, which is the limit; archive one first", extra={"limit": most})


async def draft(
    tx: Tx, me: Identity, site: Site, form: CreateProduct, wanted: Sequence[Wanted], *, now: datetime
) -> Product:
    """The product as the form says, with what it leaves open filled in."""
    id, name = new_id(), form.name.strip()
    product_type, category = rules.both_kinds(form.product_type, form.category)
    return Product(
        id=id,
        tenant_id=site.tenant_id,
        site_id=site.id,
        author_id=me.user_id,
        name=name,
        slug=await naming.choose_slug(tx, site.id, wanted=form.slug, name=name, product_id=id),
        product_type=product_type,
        category=category,
        kind=rules.kind_of([each.terms for each in wanted]),
        currency=wanted[0].terms.currency,
        default_amount=wanted[0].terms.amount,
        created_at=now,
        updated_at=now,
        first_active_at=now if form.is_active else None,
        **{name: getattr(form, name) for name in rules.ALIKE},
    )


async def priced(tx: Tx, site: Site, product: Product, wanted: Wanted, position: int) -> Price:
    """A new price; who named no SKU gets `{siteSlug}/{productSlug}` (ruling 6)."""
    id = new_id()
    return Price(
        id=id,
        ref=wanted.named.ref or str(id),
        sku=wanted.named.sku or await naming.free_sku(tx, f"{site.slug}/{product.slug}", product_id=product.id),
        is_default=position == 0,
        position=position,
        version_id=new_id(),
        archived_at=None,
        terms=wanted.terms,
    )


async def tell(tx: Tx, me: Identity, product: Product, prices: Sequence[Price], *, now: datetime) -> None:
    """Publish what came into being, and note who did it."""
    publish(
        tx,
        ProductCreated(
            subject_id=product.id,
            tenant_id=product.tenant_id,
            at=now,
            site_id=product.site_id,
            slug=product.slug,
            version=product.version,
            name=product.name,
            description=product.description,
            product_type=product.product_type,
            payment_integration=product.payment_integration,
            permissions=product.permissions,
            is_active=product.is_active,
        ),
    )
    for price in prices:
        publish(tx, price_created(product, price, now=now))
    await access.audit(
        tx,
        me,
        action="product.created",
        subject_type="product",
        subject_id=product.id,
        detail={"name": product.name, "slug": product.slug, "skus": [price.sku for price in prices]},
        now=now,
    )


def price_created(product: Product, price: Price, *, now: datetime) -> PriceCreated:
    terms = price.terms
    return PriceCreated(
        subject_id=price.id,
        tenant_id=product.tenant_id,
        at=now,
        product_id=product.id,
        sku=price.sku,
        version_id=price.version_id,
        amount=terms.amount,
        currency=terms.currency,
        compare_at_amount=terms.compare_at_amount,
        recurring=terms.recurring,
        transform=terms.transform,
    )
