"""Words of stories in which somebody sells something."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.vocabulary.shop import Person


async def sells(
    person: "Person", name: str = "Field Atlas", *, price: int | None = 1200, stock: int | None = None, **fields: Any
) -> dict[str, Any]:
    """A product on the person's own site, as its door answers; `stock` makes it limited to so many copies."""
    assert person.site is not None, f"{person.name} has no site"
    body = {"name": name, **({} if price is None else {"price": price}), **fields}
    if stock is not None:
        body |= {"isLimited": True, "totalQuantity": stock}
    answer = await person.post(f"/v1/sites/{person.site['id']}/products", body)
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()
    return product
