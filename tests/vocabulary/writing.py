"""Words of stories in which somebody writes something to read."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.vocabulary.shop import Person


async def begins_series(person: "Person", title: str = "The Long Walk", **fields: Any) -> dict[str, Any]:
    """A series on the person's own site, as its door answers."""
    assert person.site is not None, f"{person.name} has no site"
    answer = await person.post(f"/v1/sites/{person.site['id']}/series", {"title": title, **fields})
    assert answer.status_code == 201, answer.text
    series: dict[str, Any] = answer.json()
    return series


async def writes(
    person: "Person", series: dict[str, Any], title: str = "One", *, body: str = "It began.", **fields: Any
) -> dict[str, Any]:
    """A chapter of a series of the person's own, as its door answers; with a `price` it is PAID."""
    assert person.site is not None, f"{person.name} has no site"
    if "price" in fields:
        fields.setdefault("accessLevel", "PAID")
    answer = await person.post(
        f"/v1/sites/{person.site['id']}/chapters", {"seriesId": series["id"], "title": title, "body": body, **fields}
    )
    assert answer.status_code == 201, answer.text
    chapter: dict[str, Any] = answer.json()
    return chapter
