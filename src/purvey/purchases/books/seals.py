"""The laws of what stays as it was written: rows that never change are sealed, entries of the audit log are chained.

Each seal is made again from its row. docs/decisions/0010-seals-and-chains.md says how.
"""

from collections.abc import Mapping
from typing import Final

from purvey.purchases.books.law import Law

# Whose a sealed row is: its own column, or that of what it belongs to. The platform's own rows are looked at in all.
TENANTS: Final[Mapping[str, str]] = {
    "purchases": "tenant_id",
    "purchase_items": "(select tenant_id from purchases p where p.id = sealed.purchase_id)",
    "payments": "tenant_id",
    "refunds": "tenant_id",
    "stray_refunds": "(select tenant_id from payments p where p.id = sealed.payment_id)",
    "entitlements": "tenant_id",
    "products": "tenant_id",
    "prices": "tenant_id",
    "price_versions": "(select tenant_id from prices p where p.id = sealed.price_id)",
    "discount_codes": "tenant_id",
    "customers": "tenant_id",
    "download_log": "tenant_id",
    "tickets": "tenant_id",
    "x402_quotes": "null",
    "x402_settlements": "(select tenant_id from payments p where p.id = sealed.payment_id)",
    "fee_credits": "null",
    "purchase_fees": "tenant_id",
}


def sealed(table: str, tenant: str) -> Law:
    return Law(
        f"sealed-{table.replace('_', '-')}",
        f"what is sealed in {table} is as it was written",
        f"""
        select to_jsonb(sealed) ->> '{KEYS.get(table, "id")}' as what
        from {table} sealed
        where ($1::uuid is null or {tenant} = $1)
            and sealed.seal <> seal_of(sealed)
        """,
    )


KEYS: Final[Mapping[str, str]] = {
    "purchase_items": "purchase_id",
    "stray_refunds": "payment_id",
    "purchase_fees": "purchase_id",
}

LAWS_OF_SEALS: Final = (
    *(sealed(table, tenant) for table, tenant in TENANTS.items()),
    Law(
        "audit-chained",
        "the audit log is as it was written",
        """
        select format('entry %s of %s %s: %s', (entry).number, (entry).subject_type, (entry).subject_id,
            (entry).action) as what
        from (
            select a as entry,
                lag(hash) over (partition by tenant_id, subject_type, subject_id order by number) as before
            from audit_log a
            where $1::uuid is null or tenant_id = $1
        ) as chained
        where (entry).hash <> hash_of(entry, before)
        """,
    ),
    Law(
        "audit-whole",
        "the audit log of a thing has as many entries as were written, and ends as it did",
        """
        select format('%s %s: %s of %s entries', coalesce(c.subject_type, a.subject_type),
            coalesce(c.subject_id, a.subject_id), coalesce(a.entries, 0), coalesce(c.entries, 0)) as what
        from audit_chains c
        full join (
            select coalesce(tenant_id::text, '') as tenant, subject_type, subject_id, count(*) as entries,
                max(number) as last, (array_agg(hash order by number desc))[1] as head
            from audit_log
            group by tenant_id, subject_type, subject_id
        ) as a on a.tenant = coalesce(c.tenant_id::text, '')
            and a.subject_type = c.subject_type
            and a.subject_id = c.subject_id
        where ($1::uuid is null or c.tenant_id = $1 or a.tenant = $1::text)
            and (c.entries is distinct from a.entries or c.entries is distinct from a.last
                or c.head is distinct from a.head)
        """,
    ),
)
