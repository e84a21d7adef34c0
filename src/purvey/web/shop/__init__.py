"""The shop as its buyers see it."""
