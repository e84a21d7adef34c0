"""Content: series and chapters that are read on the site itself, free, bought one by one, or opened by a product.

Authors keep them here; who may read a chapter is decided above, where it is known what a reader owns.
"""

from purvey.content.chapters import change_chapter, create_chapter, find_chapter, remove_chapter
from purvey.content.model import AccessLevel, Chapter, ReadableChapter, Series
from purvey.content.offers import CHAPTER_OFFER
from purvey.content.public import (
    PublicSeries,
    PublicSeriesDetail,
    public_series,
    public_series_detail,
    readable_chapter,
)
from purvey.content.series import change_series, create_series, find_series, remove_series
from purvey.content.store import NEWEST_SERIES, chapters_of_series, series_of

__all__ = [
    "CHAPTER_OFFER",
    "NEWEST_SERIES",
    "AccessLevel",
    "Chapter",
    "PublicSeries",
    "PublicSeriesDetail",
    "ReadableChapter",
    "Series",
    "change_chapter",
    "change_series",
    "chapters_of_series",
    "create_chapter",
    "create_series",
    "find_chapter",
    "find_series",
    "public_series",
    "public_series_detail",
    "readable_chapter",
    "remove_chapter",
    "remove_series",
    "series_of",
]
