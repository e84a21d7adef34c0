"""The framework remembers by content what strangers send: forms with passwords in them, cookies, queries, paths.

Each of these caches holds a thousand, however large, for nobody sends the same twice. Here they are taken away.
"""

import sys
from typing import Any

from litestar import Litestar
from litestar.datastructures import URL

Cached = type(URL.__dict__["_new"].__func__)  # what `functools.lru_cache` makes


def forget(app: Litestar) -> None:
    """Let the framework, and this application's router, work out anew what they are sent."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "litestar"]:
        for name, value in list(vars(module).items()):
            if isinstance(value, Cached):
                setattr(module, name, value.__wrapped__)
            elif isinstance(value, type) and value.__module__ == module.__name__:
                forget_in(value)
    router: Any = app.asgi_router
    router.handle_routing = router._handle_routing


def forget_in(kind: type) -> None:
    """The same for class methods."""
    for name, value in list(vars(kind).items()):
        if isinstance(value, classmethod) and isinstance(value.__func__, Cached):
            setattr(kind, name, classmethod(value.__func__.__wrapped__))
