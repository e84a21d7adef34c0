"""Storage: where the bytes are. A folder by default, an object store by URL.

A key is listed as a stray before its bytes are put, and unlisted in the transaction whose rows refer to it;
what stays listed for a day is swept. So a crash at any point leaves no lost bytes and no dangling row.
"""

from purvey.storage.names import content_disposition, shown_name
from purvey.storage.port import NoSuchObject, Storage, StorageAway, Stored, open_storage
from purvey.storage.strays import (
    StorageFull,
    TookTooLong,
    abandon,
    expect,
    forget,
    keep,
    let_go,
    refer,
    room,
    sweep_strays,
)
from purvey.storage.streams import once

__all__ = [
    "NoSuchObject",
    "Storage",
    "StorageAway",
    "StorageFull",
    "Stored",
    "TookTooLong",
    "abandon",
    "content_disposition",
    "expect",
    "forget",
    "keep",
    "let_go",
    "once",
    "open_storage",
    "refer",
    "room",
    "shown_name",
    "sweep_strays",
]
