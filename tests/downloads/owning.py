"""Ana sells a file, Ben owns it."""

from typing import Any

from tests.vocabulary.shop import Person, Shop

CONTENT = bytes(range(256)) * 4000
SIZE = len(CONTENT)


class Story:
    """Who they are, what it is, and where it is downloaded."""

    def __init__(self, ana: Person, ben: Person, product: dict[str, Any], file: dict[str, Any]) -> None:
        self.ana, self.ben, self.product, self.file = ana, ben, product, file
        self.purchase: dict[str, Any] = {}

    @property
    def path(self) -> str:
        return f"/v1/purchases/{self.purchase['id']}/download"

    @property
    def files(self) -> str:
        return f"/v1/purchases/{self.purchase['id']}/files"


async def begun(shop: Shop, name: str = "atlas.pdf", content: bytes = CONTENT, **fields: Any) -> Story:
    """Ben has it; for nothing, so that most stories need no bank."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(**{"price": 0, **fields})
    story = Story(ana, ben, atlas, await ana.adds_file(atlas, name, content))
    story.purchase = await ben.buys(atlas)
    return story
