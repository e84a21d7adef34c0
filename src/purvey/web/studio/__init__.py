"""The author's pages: products, orders, discounts, series, settings."""
