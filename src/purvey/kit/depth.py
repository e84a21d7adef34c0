"""How deep what strangers send may be nested before its reader gives up, instead of the whole process.

Libraries that read curves raise Python's limit beyond what the stack holds, the moment they are imported: from then
on a few kilobytes of brackets would end the server.
"""

import sys
from typing import Final

MOST: Final = 1_000  # Python's own


def keep_limit() -> None:
    """Take back what a library made of the limit, if one did; cheap enough for every request."""
    if sys.getrecursionlimit() > MOST:
        sys.setrecursionlimit(MOST)
