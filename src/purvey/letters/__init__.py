"""Letters: what we write to people, when something happened that they should know.

Each letter is written in `reactions.py` from an event, rendered from `templates/` and sent once.
"""

from purvey.letters.reactions import reactions

__all__ = ["reactions"]
