"""What an e-mail, a user name, a password and an address are, tried with whatever comes."""

import string
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.access.model import FIVE, ROLE_PERMISSIONS, Identity, Permission
from purvey.access.rules import (
    RESERVED,
    USERNAME_MAX,
    USERNAME_MIN,
    check_password,
    check_scopes,
    email_of,
    network_of,
    username_from,
    username_of,
)
from purvey.kit.errors import Invalid, Refusal
from purvey.kit.ids import SLUG, new_id
from purvey.tenants import Role


@given(st.text(max_size=300))
def test_an_address_is_either_refused_by_name_or_kept_in_one_form(text: str) -> None:
    try:
        kept = email_of(text)
    except Refusal as refused:
        assert [error.pointer for error in refused.errors] == ["/email"]
    else:
        assert kept == kept.lower() == email_of(kept)
        assert kept.isascii()
        assert len(kept) <= 254


@given(st.emails())
def test_an_address_is_the_same_however_it_is_written(address: str) -> None:
    try:
        kept = email_of(address)
    except Refusal:
        return
    assert email_of(f"  {address} ") == kept
    assert email_of(kept.upper()) == kept


@pytest.mark.parametrize(
    "good", ["ana@example.com", "a.b+shop@sub.example.co.uk", "ana@shop.test", "ana@bücher.example"]
)
def test_ordinary_addresses_are_taken(good: str) -> None:
    assert "@" in email_of(good)


@given(st.text(max_size=120))
def test_a_made_user_name_is_always_one_that_could_be_chosen(name: str) -> None:
    made = username_from(name)
    assert username_of(made) == made
    assert len(f"{made}-abcdefg") <= USERNAME_MAX


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_ .é", max_size=50))
def test_a_chosen_user_name_is_refused_by_name_or_fit_for_an_address(text: str) -> None:
    try:
        kept = username_of(text)
    except Refusal as refused:
        assert refused.errors[0].pointer == "/username"
    else:
        assert SLUG.fullmatch(kept)
        assert USERNAME_MIN <= len(kept) <= USERNAME_MAX
        assert kept not in RESERVED


@pytest.mark.parametrize("reserved", ["admin", "api", "www", "support", "V1", " Root "])
def test_the_shops_own_words_are_nobodys_name(reserved: str) -> None:
    with pytest.raises(Refusal):
        username_of(reserved)


@pytest.mark.parametrize(
    "bad", ["x" * 9, "x" * 201, "abababababab", "ana@example.com", "ANA@EXAMPLE.COM", " ana@example.com "]
)
def test_a_bad_password_is_refused(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(bad, pointer="/newPassword", others=["ana@example.com", None])
    assert refused.value.errors[0].pointer == "/newPassword"


@given(st.text(alphabet=string.printable, min_size=10, max_size=200).filter(lambda text: len(set(text)) > 2))
def test_any_other_password_is_taken_as_it_is(password: str) -> None:
    check_password(password, pointer="/password", others=["ana@example.com"])


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_household_of_ipv6_counts_as_one(household: int, one: int, another: int) -> None:
    here, there = IPv6Address(household << 64 | one), IPv6Address(household << 64 | another)
    assert network_of(str(here)) == network_of(str(there))
    assert network_of(str(here)) != network_of(str(IPv6Address((household ^ 1) << 64 | one)))


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("unknown", "unknown")],
)
def test_an_ipv4_address_counts_for_itself(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.feature("C19")
def test_roles_have_what_ruling_14_says() -> None:
    p = Permission
    assert {role: set(held) for role, held in ROLE_PERMISSIONS.items()} == {
        Role.OWNER: {
            *FIVE, p.MANAGE_REFUNDS, p.APPROVE_REFUNDS, p.MANAGE_DISCOUNTS, p.MANAGE_MEMBERS, p.MANAGE_KEYS,
        },
        Role.MANAGER: {*FIVE, p.MANAGE_REFUNDS, p.APPROVE_REFUNDS, p.MANAGE_DISCOUNTS},
        Role.EDITOR: {p.VIEW_PRODUCTS, p.EDIT_PRODUCTS},
        Role.SUPPORT: {p.VIEW_PRODUCTS, p.VIEW_BILLING_DETAILS, p.APPROVE_REFUNDS},
        Role.VIEWER: {p.VIEW_PRODUCTS},
    }  # fmt: skip


@pytest.mark.feature("C19")
def test_the_eleven_permissions_of_the_source_are_there_by_name() -> None:
    assert {permission.value for permission in Permission} >= {
        "ViewProducts", "EditProducts", "EditProductPrice", "ViewBillingDetails", "EditBillingDetails",
        "PlatformAdminViewBillingDetails", "PlatformAdminEditBillingDetails", "PlatformAdminViewSubscriptions",
        "PlatformAdminEditSubscriptions", "PlatformAdminViewTenantProducts", "PlatformAdminEditTenantProducts",
    }  # fmt: skip


roles = st.sampled_from([None, *Role])
scopes = st.none() | st.frozensets(st.sampled_from([str(permission) for permission in Permission]))


@pytest.mark.feature("C19")
@given(role=roles, scopes=scopes, is_admin=st.booleans())
def test_a_key_never_does_more_than_its_maker_and_its_scopes(
    role: Role | None, scopes: frozenset[str] | None, is_admin: bool
) -> None:
    me = Identity(
        user_id=new_id(), email=None, email_verified=False, username="ana", display_name="Ana", is_admin=is_admin,
        credential=b"", scopes=scopes, tenant_id=new_id(), role=role,
    )  # fmt: skip
    held = ROLE_PERMISSIONS[role] if role else frozenset()
    own = frozenset(Permission) if is_admin else held | {Permission.MAKE_PURCHASES}
    assert me.permissions <= own
    assert me.permissions == own if scopes is None else me.permissions <= scopes
    if not is_admin:
        assert not any(permission.startswith("PlatformAdmin") for permission in me.permissions)


def test_scopes_beyond_what_one_has_are_named() -> None:
    held = ROLE_PERMISSIONS[Role.EDITOR]
    check_scopes(held, held=held)
    with pytest.raises(Invalid) as refused:
        check_scopes([Permission.EDIT_PRODUCTS, Permission.MANAGE_KEYS], held=held)
    assert "ManageKeys" in refused.value.detail
