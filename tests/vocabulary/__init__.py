"""The words that stories are told with: a shop, its people, a clock and a bank that obey the story."""

from tests.vocabulary.shop import Person, Shop

__all__ = ["Person", "Shop"]
