"""Content: series and chapters that are read on the site itself, free, bought one by one, or opened by a product.

Authors keep them here; who may read a chapter is decided above, where it is known what a reader owns.
"""

from purvey.content.model import AccessLevel, Chapter, ReadableChapter, Series
from purvey.content.offers import CHAPTER_OFFER
from purvey.content.public import (
    PublicSeries,
    PublicSeriesDetail,
    public_series,
    public_series_detail,
    readable_chapter,
)

__all__ = [
    "CHAPTER_OFFER",
    "AccessLevel",
    "Chapter",
    "PublicSeries",
    "PublicSeriesDetail",
    "ReadableChapter",
    "Series",
    "public_series",
    "public_series_detail",
    "readable_chapter",
]
