"""Analytics: what a site sold, per product, per series and per day. Read from the books, never kept beside them.

Days are UTC. A sale counts on the day it was paid, a refund or lost dispute on the day the money was gone:
net = gross - discounts - refunds, in every row and every sum, in whole minor units per currency.
"""

from purvey.analytics.reports import BestSeller, CurrencySales, Day, RevenueGroup, Sums
from purvey.analytics.rules import By, Period, period_of
from purvey.analytics.store import ProductSales, Revenue, SiteSales, product_sales, revenue, site_sales

__all__ = [
    "BestSeller",
    "By",
    "CurrencySales",
    "Day",
    "Period",
    "ProductSales",
    "Revenue",
    "RevenueGroup",
    "SiteSales",
    "Sums",
    "period_of",
    "product_sales",
    "revenue",
    "site_sales",
]
