"""Catalog: what is sold, at which prices, how much of it is left, and how the shop shows it."""

from purvey.catalog.create import create_product
from purvey.catalog.read import find_product
from purvey.catalog.shop import shop_page, shop_product

__all__ = ["create_product", "find_product", "shop_page", "shop_product"]
