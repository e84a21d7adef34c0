"""What a person types into a search box, as PostgreSQL's full text search takes it."""

from purvey.kit.words import plain

SEARCH_MAX = 200


def words_of(text: str | None) -> str | None:
    """A query that wants every word, the last one as a beginning; None when nothing was typed.

    Words are quoted, so that no sign in them means anything but itself.
    """
    words = plain(text or "").split()
    if not words:
        return None
    quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in words]
    return " & ".join([*quoted[:-1], quoted[-1] + ":*"])
