"""A JSON body means what it says: "20" is text and never a number, and each fault is named by its place."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException


class StrictRequest(Request[Any, Any, Any]):
    """The framework bends what is sent until it fits; this reads the body as the door's own type or not at all."""

    async def json(self) -> Any:
        field = self.route_handler.parsed_data_field
        if field is None:
            return await super().json()
        try:
            return msgspec.json.decode(await self.body(), type=field.annotation)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValidationException(str(error), extra=[{"message": str(error)}]) from None
