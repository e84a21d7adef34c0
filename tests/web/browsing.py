"""A browser without a screen: it keeps cookies, fills in forms as they stand, and follows where they lead."""

import asyncio
import re
from html.parser import HTMLParser
from typing import Any

import httpx

from purvey.access.guards import SESSION_COOKIE
from tests.vocabulary import Person, Shop


class Forms(HTMLParser):
    """The forms of a page with what their fields hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.open: dict[str, Any] | None = None
        self.select = self.area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = {"action": given.get("action", ""), "method": given.get("method", "get"), "fields": {}}
            self.open["enctype"] = given.get("enctype", "")
            self.forms.append(self.open)
        if self.open is None:
            return
        fields = self.open["fields"]
        name = given.get("name", "")
        if tag == "input" and name:
            if given.get("type") in ("checkbox", "radio") and "checked" not in given:
                return
            value = given.get("value", "on" if given.get("type") == "checkbox" else "")
            fields.setdefault(name, []).append(re.sub(r"[\r\n]", "", value))  # as a browser does
        if tag == "select":
            self.select = name
        if tag == "option" and self.select and ("selected" in given or self.select not in fields):
            fields[self.select] = [given.get("value", "")]
        if tag == "textarea":
            self.area = name
            fields[name] = [""]

    def handle_data(self, data: str) -> None:
        if self.area and self.open is not None:
            self.open["fields"][self.area] = [self.open["fields"][self.area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""
        if tag == "textarea" and self.open is not None:
            text = re.sub(r"\r\n?|\n", "\n", self.open["fields"][self.area][0]).removeprefix("\n")
            self.open["fields"][self.area] = [text.replace("\n", "\r\n")]
            self.area = ""


class Browser:
    """One visitor. `page` is the last answer."""

    def __init__(self, shop: Shop, person: Person | None = None) -> None:
        cookies = {SESSION_COOKIE: person.token} if person else {}
        self.shop = shop
        self.http = httpx.AsyncClient(
            base_url=shop.base_url, cookies=cookies, timeout=30, headers={"Accept": "text/html"}
        )
        self.page: httpx.Response = httpx.Response(0)

    async def open(self, path: str, *, follow: bool = True) -> httpx.Response:
        self.page = await self.http.get(path, follow_redirects=follow)
        return self.page

    def form(self, action: str) -> dict[str, Any]:
        """The form of the page that goes to an address."""
        found = [each for each in Forms(self.page.text).forms if re.search(action, each["action"])]
        assert found, f"no form to {action} on {self.page.url}: {[f['action'] for f in Forms(self.page.text).forms]}"
        return found[0]

    async def clicks_twice(self, action: str, **typed: Any) -> list[httpx.Response]:
        """Send the form again before the first answer is there; both answers, and where they lead."""
        page = self.page
        answers = await asyncio.gather(*(self.send(action, **typed) for _ in range(2)))
        self.page = page
        return answers

    async def send(self, action: str, *, follow: bool = True, **typed: Any) -> httpx.Response:
        """Fill in the form to that address and send it. None leaves a field (a box unticked) out."""
        form = self.form(action)
        fields = {
            **form["fields"],
            **{name: value if isinstance(value, list) else [value] for name, value in typed.items()},
        }
        data = {name: value for name, value in fields.items() if value != [None]}
        path = form["action"] or str(self.page.url)
        if form["method"].lower() == "get":
            self.page = await self.http.get(path, params=data, follow_redirects=follow)
        else:
            self.page = await self.http.post(path, data=data, follow_redirects=follow)
        return self.page

    async def upload(self, action: str, name: str, content: bytes, mime: str) -> httpx.Response:
        form = self.form(action)
        assert form["enctype"] == "multipart/form-data"
        self.page = await self.http.post(form["action"], files={"file": (name, content, mime)}, follow_redirects=True)
        return self.page
