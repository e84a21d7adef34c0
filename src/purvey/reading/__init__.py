"""Reading: whether somebody may read a chapter, and the chapter itself (A16).

Free chapters are everybody's; a PAID one is whose who bought it, a SUBSCRIBERS one whose who owns a product
that opens its series; the site's own team reads everything.
"""

from purvey.reading.actions import Chapter, NoAccess, check_access, read_chapter
from purvey.reading.rules import Access

__all__ = ["Access", "Chapter", "NoAccess", "check_access", "read_chapter"]
