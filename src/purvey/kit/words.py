"""Words that people type: stripped, and never blank where a name is asked."""

from purvey.kit.errors import Invalid


def name_of(text: str, *, pointer: str) -> str:
    """The text without white space around it; Invalid, naming the field, when nothing is left."""
    name = " ".join(text.split())
    if not name:
        raise Invalid.field(pointer, "must not be blank", code="blank")
    return name
