"""What an e-mail address, a user name, a password and a key's scopes must be. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

from email_validator import EmailNotValidError, validate_email

from purvey.access.model import Identity, Permission
from purvey.kit.errors import FieldError, Invalid, Malformed, NotAllowed
from purvey.kit.ids import SLUG, slug_of

USERNAME_MIN, USERNAME_MAX = 3, 40
PASSWORD_MIN, PASSWORD_MAX = 10, 200
RESERVED_WORDS = """
about account admin administrator anonymous api app assets auth billing blog cart checkout contact
dashboard demo docs download downloads everyone favicon feed healthz help home invitations invoices
jobs legal library login logout mail me metrics moderator new nobody null orders owner payment
payments platform postmaster privacy products purchase purchases purvey readyz refunds register root
schema search security session sessions settings shop sign-in sign-out sign-up signin signout signup
site sites staff static status store studio support system team tenant tenants terms test-bank
undefined user users v1 verify webhook webhooks webmaster www
"""
RESERVED = frozenset(RESERVED_WORDS.split())


def email_of(text: str, *, pointer: str = "/email") -> str:
    """An address as it is kept: checked for its form (RFC 5321), ASCII, lower case. No name server is asked."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        why = str(error).rstrip(".")
        raise Malformed.field(pointer, f"is not an e-mail address: {why}", code="invalid_email") from None
    assert found.ascii_email is not None
    return found.ascii_email.lower()


def sign_in_email(text: str) -> str:
    """An address as whoever signed up with it types it again; what is no address is nobody's."""
    try:
        return email_of(text)
    except Malformed:
        return text.strip().lower()


def username_of(text: str, *, pointer: str = "/username") -> str:
    """A public name that somebody chose: 3 to 40 letters, digits and single hyphens, and no word of the shop's own."""
    username = text.strip().lower()
    if not USERNAME_MIN <= len(username) <= USERNAME_MAX or not SLUG.fullmatch(username):
        raise Malformed.field(
            pointer,
            f"must be {USERNAME_MIN} to {USERNAME_MAX} letters a to z, digits and single hyphens between them",
            code="invalid_username",
        )
    if username in RESERVED:
        raise Invalid.field(pointer, "is a word of the shop's own; choose another", code="reserved")
    return username


def username_from(display_name: str) -> str:
    """The user name to try first for somebody who chose none."""
    slug = slug_of(display_name, default="reader")[: USERNAME_MAX - 8].strip("-")
    return f"{slug}-reader" if len(slug) < USERNAME_MIN or slug in RESERVED else slug


def check_password(password: str, *, pointer: str, others: Iterable[str | None]) -> None:
    """Invalid when it is too short or too long, or is nothing but one of the person's `others`: e-mail, user name."""
    password = unicodedata.normalize("NFKC", password)
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise Invalid.field(
            pointer, f"must be {PASSWORD_MIN} to {PASSWORD_MAX} characters long", code="invalid_password"
        )
    if len(set(password)) < 3:
        raise Invalid.field(pointer, "must not be one or two characters repeated", code="invalid_password")
    said = password.strip().lower()
    if said in {other.lower() for other in others if other}:
        raise Invalid.field(pointer, "must not be your e-mail address or your name", code="invalid_password")


def check_scopes(scopes: Iterable[Permission], *, held: frozenset[Permission]) -> None:
    """Invalid when a key would be given more than its maker may do."""
    if missing := sorted(scope for scope in scopes if scope not in held):
        raise Invalid.field("/scopes", f"may not hold {missing[0]}, which you do not have yourself", code="not_yours")


def refuse_pricing(me: Identity, pointers: Sequence[str]) -> None:
    """NotAllowed that names these fields, when there are any and somebody may not decide what things cost."""
    needed = Permission.EDIT_PRODUCT_PRICE
    if not pointers or needed in me.permissions:
        return
    names = ", ".join(pointer.lstrip("/") for pointer in pointers)
    detail = f"What decides what something costs needs the permission {needed}: {names}"
    errors = [FieldError(pointer, f"This needs the permission {needed}", code="forbidden") for pointer in pointers]
    raise NotAllowed(detail, errors=errors, extra={"permission": needed})


def network_of(address: str) -> str:
    """What counts as one address: itself, or the /64 that one household of IPv6 is given."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
