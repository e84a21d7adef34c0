"""Downloads: an owner gets a file, whole or in parts, from this machine or by a presigned link (A14, A26).

A live entitlement decides access. A download begun counts once against the product's limit; its ranged
continuation within an hour does not (ruling 24). Every one leaves a row.
"""

from purvey.downloads.actions import list_downloads, reset_downloads
from purvey.downloads.answer import answer
from purvey.downloads.links import LinkOver, offer_link, write_link
from purvey.downloads.model import Delivery, DownloadableFile, DownloadView, Wanted
from purvey.downloads.opening import list_files, open_download

__all__ = [
    "Delivery",
    "DownloadView",
    "DownloadableFile",
    "LinkOver",
    "Wanted",
    "answer",
    "list_downloads",
    "list_files",
    "offer_link",
    "open_download",
    "reset_downloads",
    "write_link",
]
