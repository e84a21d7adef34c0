"""Storage: where the bytes are. A folder by default, an object store by URL."""

from purvey.storage.port import Storage, Stored, open_storage

__all__ = ["Storage", "Stored", "open_storage"]
