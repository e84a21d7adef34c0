"""The shop's own statements, for doors with nothing else in them."""

from purvey.catalog import shop

SITE = "site-7"
PRODUCT_SLUG = "product-500"
PER_PAGE = 20
SHELF = shop.SHELVES[shop.Sort.FEATURED]
SHELF_REST: tuple[object, ...] = (False, None, None, PER_PAGE + 1, 0, *shop.ORDERS[shop.Sort.FEATURED].start)
SHELF_WIDTH = shop.WIDTH
ShelfRow = shop.ShopProduct
PRODUCT = shop.SHOP_PRODUCT
