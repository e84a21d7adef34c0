"""The SQL of downloads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey.downloads.model import Access, Download, Holding, OwnedFile
from purvey.kit.db import Queries, Record, Tx, read
from purvey.kit.ids import new_id
from purvey.kit.pages import Asked, Order
from purvey.purchases import MOST_DOWNLOADS

AGENT_LENGTH = 500
NEWEST_FIRST = Order[Record](
    "newest-download",
    sql=("l.at", "l.id"),
    kinds=(datetime, UUID),
    place=lambda row: (row["at"], row["id"]),
    descending=True,
)

# Every file of what a purchase holds: the product's own and, of a bundle, its members' as they were when sold.
# A file that was taken off later is still theirs. A purchase without files has one row of nulls.
FILES = f"""
select p.tenant_id, i.product_id,
    (
        select e.state
        from entitlements e
        where e.source = 'PURCHASE'
            and e.source_id = p.id
        order by (e.product_id = i.product_id) desc nulls last, e.state = 'LIVE' desc, e.id
        limit 1
    ) as access,
    f.id as file_id, v.id as version_id, v.storage_key, v.file_name, v.size_bytes, v.mime_type, v.sha256,
    f.removed_at is not null as is_removed,
    {MOST_DOWNLOADS} as most, coalesce(c.started, 0) as started
from purchases p
left join products product on product.id = p.product_id
left join purchase_items i on i.purchase_id = p.id
left join products m on m.id = i.product_id
left join product_files f on f.product_id = i.product_id
    and (f.removed_at is null or f.removed_at > p.created_at)
left join file_versions v on v.id = f.current_version_id
left join download_counts c on c.purchase_id = p.id and c.file_version_id = v.id
"""
IN_ORDER = "order by i.product_id <> p.product_id, i.product_id, f.position, f.id"

OF_BUYER = f"{FILES} where p.id = $1 and p.buyer_id = $2 {IN_ORDER}"
OF_SITE = f"{FILES} where p.id = $1 and p.site_id = $2 {IN_ORDER}"


def log_of(done: str, *, counted: bool) -> str:
    """A line in the log when `done` has a row."""
    return f"""
insert into download_log
    (id, tenant_id, purchase_id, file_version_id, user_id, address, agent, byte_range, at, counted)
select $3, $4, $1, $2, $5, $6, $7, $8, $9, {counted}
from {done}
"""


# A range of a download that is going on: its bytes come off the grant, when there are enough, and it is logged.
GO_ON = f"""
with granted as (
    update download_counts
    set grant_bytes_left = grant_bytes_left - $10
    where purchase_id = $1
        and file_version_id = $2
        and grant_until > $9
        and grant_bytes_left >= $10
    returning 1
)
{log_of("granted", counted=False)}
"""

# One more download begun, with a grant for its ranges, noted and logged; no row when the limit is reached.
BEGIN = f"""
with counted as (
    insert into download_counts (purchase_id, file_version_id, started, grant_until, grant_bytes_left)
    values ($1, $2, 1, $10, $11)
    on conflict (purchase_id, file_version_id) do update
    set started = download_counts.started + 1,
        grant_until = excluded.grant_until,
        grant_bytes_left = excluded.grant_bytes_left
    where $12::bigint is null
        or download_counts.started < $12::bigint
    returning 1
), noted as (
    update purchases
    set download_count = download_count + 1,
        last_download_at = greatest(last_download_at, $9)
    where id = $1
        and exists (select from counted)
)
{log_of("counted", counted=True)}
"""

# The downloads of a purchase, the newest first.
LOGGED = f"""
select l.id, v.file_id, v.file_name, v.number as version, l.address, l.agent, l.byte_range, l.counted, l.at
from download_log l
join purchases p on p.id = l.purchase_id
join file_versions v on v.id = l.file_version_id
where l.purchase_id = $1
    and p.site_id = $2
    and {NEWEST_FIRST.beyond(5)}
order by {NEWEST_FIRST.by}
limit $3
offset $4
"""

COUNT_LOGGED = "select count(*) from download_log where purchase_id = $1"
SOLD_HERE = "select true from purchases where id = $1 and site_id = $2"

START_ANEW = """
update download_counts
set started = 0,
    forgiven = forgiven + started,
    grant_until = null,
    grant_bytes_left = 0
where purchase_id = $1
"""

FORGET_ON_PURCHASE = "update purchases set download_count = 0 where id = $1"


async def owned(db: Queries, purchase_id: UUID, buyer_id: UUID) -> Holding | None:
    """What this buyer's purchase holds; None when they have no such purchase."""
    return holding(await db.records(OF_BUYER, purchase_id, buyer_id))


async def sold(db: Queries, purchase_id: UUID, site_id: UUID) -> Holding | None:
    """The same for who sold it; None when the site has no such sale."""
    return holding(await db.records(OF_SITE, purchase_id, site_id))


def holding(rows: Sequence[Record]) -> Holding | None:
    if not rows:
        return None
    access = frozenset(Access(row["access"]) for row in rows if row["access"])
    return Holding(access, [read(OwnedFile, row) for row in rows if row["file_id"]])


async def go_on(db: Queries, download: Download, *, size_bytes: int) -> bool:
    """Whether a download that is going on covers so many more bytes."""
    return await db.do(GO_ON, *line(download), size_bytes) == 1


async def begin(db: Queries, download: Download, *, grant_until: datetime, grant_bytes: int) -> bool:
    """Count a download that begins; False when the limit is reached."""
    return await db.do(BEGIN, *line(download), grant_until, grant_bytes, download.file.most) == 1


def line(download: Download) -> tuple[object, ...]:
    """What the log says of it."""
    file, wanted, part = download.file, download.wanted, download.part
    return (
        download.purchase_id,
        file.version_id,
        new_id(),
        file.tenant_id,
        download.user_id,
        wanted.address,
        (wanted.agent or "")[:AGENT_LENGTH] or None,
        f"{part.start}-{part.end - 1}" if part else None,
        download.at,
    )


async def start_anew(tx: Tx, purchase_id: UUID) -> None:
    """Nothing was downloaded, as far as the limit goes; the log stays."""
    await tx.do(START_ANEW, purchase_id)
    await tx.do(FORGET_ON_PURCHASE, purchase_id)


async def logged(db: Queries, purchase_id: UUID, site_id: UUID, asked: Asked) -> Sequence[Record]:
    return await db.records(LOGGED, purchase_id, site_id, asked.limit, asked.offset, *asked.place(NEWEST_FIRST))


async def count_logged(db: Queries, purchase_id: UUID) -> int:
    return int(await db.value(COUNT_LOGGED, purchase_id))


async def sold_here(db: Queries, purchase_id: UUID, site_id: UUID) -> bool:
    return bool(await db.value(SOLD_HERE, purchase_id, site_id))
