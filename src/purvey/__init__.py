"""purvey: a self-hosted commerce engine for digital goods."""

__version__ = "0.1.0"
