"""Catalog: what is sold, at which prices, how much of it is left, and how the shop shows it."""

from purvey.catalog.archive import SetStatus, archive_product, restore_product, set_status
from purvey.catalog.avatars import remove_avatar, set_avatar
from purvey.catalog.cover import remove_cover, set_cover
from purvey.catalog.create import TooManyProducts, create_product
from purvey.catalog.events import (
    PriceCreated,
    PriceDeleted,
    PriceUpdated,
    ProductCreated,
    ProductDeleted,
    ProductUpdated,
)
from purvey.catalog.files import add_file, remove_file, replace_file
from purvey.catalog.forms import CreateProduct, UpdateProduct
from purvey.catalog.images import MOST_BYTES as IMAGE_BYTES
from purvey.catalog.lists import (
    Filters,
    FoundPrice,
    ProductSummary,
    find_price_by_sku,
    find_prices_by_sku,
    list_all_products,
    list_products,
)
from purvey.catalog.market import NEWEST as NEWEST_ON_MARKET
from purvey.catalog.market import (
    KeptProduct,
    MarketProduct,
    NoSuchProduct,
    WayToPay,
    kept_page,
    kept_product,
    market_page,
    market_product,
    way_to_pay,
)
from purvey.catalog.media import add_image, add_video, remove_medium
from purvey.catalog.model import Category, Fulfilment, Kind, Price, Product, ProductType
from purvey.catalog.moving import hand_over
from purvey.catalog.naming import SkuTaken, SlugTaken
from purvey.catalog.offers import BUNDLE, BY_HAND, PRODUCT_OFFER, Offer, find_offer
from purvey.catalog.quantities import CountHeld, TooFewCopies
from purvey.catalog.read import find_product, find_site_of
from purvey.catalog.rules import fulfilment_of
from purvey.catalog.scope import NamedProduct, named, refuse_strangers
from purvey.catalog.search import SEARCH_MAX
from purvey.catalog.shop import Badge, ShopProduct, ShopProductDetail, Sort, shop_page, shop_product
from purvey.catalog.stock import (
    GOODS,
    SharedGoods,
    Shelf,
    SoldOut,
    Taken,
    put_back,
    release,
    reserve,
    roll_up_sales,
    sell,
    sell_at_once,
    share,
    shared,
)
from purvey.catalog.update import Archived, Suspended, update_product
from purvey.catalog.uploads import find_target
from purvey.catalog.views import ProductView
from purvey.catalog.ways import Tills, Way, ways_to_pay

__all__ = [
    "BUNDLE",
    "BY_HAND",
    "GOODS",
    "IMAGE_BYTES",
    "NEWEST_ON_MARKET",
    "PRODUCT_OFFER",
    "SEARCH_MAX",
    "Archived",
    "Badge",
    "Category",
    "CountHeld",
    "CreateProduct",
    "Filters",
    "FoundPrice",
    "Fulfilment",
    "KeptProduct",
    "Kind",
    "MarketProduct",
    "NamedProduct",
    "NoSuchProduct",
    "Offer",
    "Price",
    "PriceCreated",
    "PriceDeleted",
    "PriceUpdated",
    "Product",
    "ProductCreated",
    "ProductDeleted",
    "ProductSummary",
    "ProductType",
    "ProductUpdated",
    "ProductView",
    "SetStatus",
    "SharedGoods",
    "Shelf",
    "ShopProduct",
    "ShopProductDetail",
    "SkuTaken",
    "SlugTaken",
    "SoldOut",
    "Sort",
    "Suspended",
    "Taken",
    "Tills",
    "TooFewCopies",
    "TooManyProducts",
    "UpdateProduct",
    "Way",
    "WayToPay",
    "add_file",
    "add_image",
    "add_video",
    "archive_product",
    "create_product",
    "find_offer",
    "find_price_by_sku",
    "find_prices_by_sku",
    "find_product",
    "find_site_of",
    "find_target",
    "fulfilment_of",
    "hand_over",
    "kept_page",
    "kept_product",
    "list_all_products",
    "list_products",
    "market_page",
    "market_product",
    "named",
    "put_back",
    "refuse_strangers",
    "release",
    "remove_avatar",
    "remove_cover",
    "remove_file",
    "remove_medium",
    "replace_file",
    "reserve",
    "restore_product",
    "roll_up_sales",
    "sell",
    "sell_at_once",
    "set_avatar",
    "set_cover",
    "set_status",
    "share",
    "shared",
    "shop_page",
    "shop_product",
    "update_product",
    "way_to_pay",
    "ways_to_pay",
]
