"""`purvey` with a bug in it that can be let loose: once its home holds `broken`, each question to the database raises.

Who is asking is still found out, so that what breaks holds as much as it can of whom it serves.
"""

import os
from pathlib import Path
from typing import Any

from purvey.cli import main as purvey
from purvey.kit.db import Queries

WORDS = "broken on purpose"
ASKED = ("rows", "maybe", "records", "record", "value", "do")
OF_WHO_ASKS = ("sessions", "api_keys", "pgqueuer")


def breaks(name: str) -> None:
    asked, mark = getattr(Queries, name), Path(os.environ["PURVEY_HOME"]) / "broken"

    async def broken(self: Queries, *asks: Any) -> Any:
        sql = next(each for each in asks if isinstance(each, str))
        if mark.exists() and not any(word in sql for word in OF_WHO_ASKS):
            raise RuntimeError(WORDS)
        return await asked(self, *asks)

    setattr(Queries, name, broken)


def main() -> None:
    for name in ASKED:
        breaks(name)
    purvey()
