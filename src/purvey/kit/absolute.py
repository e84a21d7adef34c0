"""Addresses of this shop: pages write them as they are, and JSON writes them whole, for who is on no page of ours."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import msgspec
from litestar import Response

from purvey.kit.pages import Page

T = TypeVar("T")


def whole(url: str | None, base_url: str) -> str | None:
    """An address as somebody elsewhere can follow it."""
    return f"{base_url}{url}" if url is not None and url.startswith("/") else url


def wholly(renditions: list[dict[str, Any]], base_url: str) -> list[dict[str, Any]]:
    """The same of each size of a picture."""
    return [each | {"url": whole(each["url"], base_url)} for each in renditions]


def whole_in(base_url: str) -> Callable[[Response[Any]], Awaitable[Response[Any]]]:
    """What doors do last: whatever they answer is asked for itself with whole addresses, if it has any."""

    async def last(answer: Response[Any]) -> Response[Any]:  # the framework would run any other in a thread
        if hasattr(answer, "content"):  # and is not ready, nor a stream
            answer.content = whole_of(answer.content, base_url)
        return answer

    return last


def whole_of(thing: T, base_url: str) -> T:
    """The same thing, or page of things, with whole addresses."""
    if isinstance(thing, Page):
        data = [whole_of(each, base_url) for each in thing.data]
        return cast(T, msgspec.structs.replace(thing, data=data))
    return cast(Any, thing).whole_at(base_url) if hasattr(type(thing), "whole_at") else thing
