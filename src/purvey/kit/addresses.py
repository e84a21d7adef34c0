"""Addresses of wallets (EIP-55): capitals are the checksum that finds a mistyped one. Kept as they are shown."""

from typing import Annotated

from msgspec import Meta

from purvey.kit.errors import Invalid
from purvey.kit.fields import TO_THE_END

Address = Annotated[
    str, Meta(pattern=r"^0x[0-9a-fA-F]{40}" + TO_THE_END, description="A wallet: 0x and 40 hexadecimal digits")
]
Hash = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{64}" + TO_THE_END, description="0x and 64 hexadecimal digits")]
Bytes = Annotated[
    str,
    Meta(
        pattern=r"^0x([0-9a-fA-F]{2}){1,4000}" + TO_THE_END,
        max_length=8_002,
        description="0x and hexadecimal digits, two for each byte",
    ),
]


def checked(address: str, *, pointer: str) -> str:
    """The address, whose checksum is right; Invalid names the field."""
    from eth_utils.address import is_checksum_address

    if not is_checksum_address(address):
        raise Invalid.field(
            pointer,
            "This is no address with a right checksum: copy it as your wallet shows it, capitals and all",
            code="bad_checksum",
        )
    return address
