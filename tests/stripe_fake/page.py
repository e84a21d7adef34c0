"""The hosted page: plain HTML with buttons, which works without a script."""

from html import escape

from .money import shown
from .resources.sessions import plan_of
from .spec import Json
from .world import World

LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""
FORM = '<form method="post">{fields}{buttons}</form>'
BUTTON = '<button type="submit" name="outcome" value="{value}">{label}</button>'
CHALLENGE = {"pay": "Complete authentication", "decline": "Fail authentication"}
CHOICES = {
    "pay": "Pay",
    "decline": "Decline",
    "authenticate": "3-D Secure",
    "processing": "Bank debit",
    "leave": "Leave",
}


def checkout_page(world: World, session: Json, *, email: str) -> str:
    """What a buyer sees at the session's url."""
    if session["status"] == "complete":
        return message("You're all done here", "You have already paid, or your payment is on its way.")
    if session["status"] == "expired":
        return message("This link has expired", "Go back to the shop and start again.")
    intent = world.find(session["payment_intent"] or "")
    if intent and intent["status"] == "requires_action":
        return challenge_page()
    choices = dict(CHOICES)
    if session["payment_method_types"] == ["card"]:
        del choices["processing"]
    field = f'<label>E-mail <input type="email" name="email" value="{escape(email)}"></label>'
    error = (intent or {}).get("last_payment_error")
    body = f'<p role="alert">{escape(error["message"])}</p>' if error else ""
    return _layout("Checkout", body + _bill(world, session) + _form(field, choices))


def challenge_page() -> str:
    """The 3-D Secure challenge."""
    return _layout("3-D Secure", "<p>Your bank asks: is it you?</p>" + _form("", CHALLENGE))


def message(title: str, text: str) -> str:
    return _layout(title, f"<p>{escape(text)}</p>")


def _bill(world: World, session: Json) -> str:
    rows = "".join(
        f"<li>{escape(line['description'])} &times; {line['quantity']}: {_amount(line)}</li>"
        for line in plan_of(world, session).lines
    )
    total = f"{_amount(session)} {session['currency'].upper()}"
    return f"<ul>{rows}</ul><p>Total: <strong>{total}</strong></p>"


def _amount(thing: Json) -> str:
    return shown(thing["amount_total"], thing["currency"])


def _form(fields: str, choices: dict[str, str]) -> str:
    buttons = "".join(BUTTON.format(value=v, label=escape(label)) for v, label in choices.items())
    return FORM.format(fields=fields, buttons=buttons)


def _layout(title: str, body: str) -> str:
    return LAYOUT.format(title=escape(title), body=body)
