"""The shop's own statements, for doors with nothing else in them."""

from purvey.catalog import shop

SITE = "site-7"
PRODUCT_SLUG = "product-500"
PER_PAGE = 20
SHELF = shop.shelf(shop.Shape(shop.Sort.FEATURED, PER_PAGE + 1))
SHELF_REST: tuple[object, ...] = ()
SHELF_WIDTH = shop.WIDTH
ShelfRow = shop.ShopProduct
PRODUCT = shop.SHOP_PRODUCT
