"""A shop that everybody uses at once for as long as one likes, and what its processes weigh meanwhile."""

import asyncio
import io
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
import psutil
from PIL import Image

from purvey.kit.db import connect
from purvey.kit.ids import new_token
from purvey.world import World
from tests.proof.program import Program
from tests.vocabulary.people import application, fresh_email, signs_in
from tests.vocabulary.selling import sells
from tests.vocabulary.shop import Clock, Person, Shop
from tests.vocabulary.uploading import adds_file, product_path

WARM_SECONDS = 600.0
LOOK_SECONDS = 5.0
AT_ONCE = 4
PAUSE_SECONDS = 0.3
FOR_HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
MCP = {"accept": "application/json, text/event-stream"}
PAGES = 120.0  # seconds for which a median is taken, at the end of the warming and at the end


class Weight(msgspec.Struct, frozen=True):
    """Bytes that stay in memory, `at` so many seconds since the beginning."""

    at: float
    web: int
    worker: int


class Soak:
    """What happens, how often it did, what went wrong."""

    def __init__(self, shop: Shop, http: httpx.AsyncClient, seed: int) -> None:
        self.shop, self.http, self.chance = shop, http, random.Random(seed)
        self.authors: list[Person] = []
        self.products: list[dict[str, Any]] = []
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def begins(self) -> None:
        for name in ("ana", "cleo"):
            author = await self.shop.author(name)
            self.authors.append(author)
            for number in range(5):
                product = await sells(author, f"Guide {number}", stock=None if number else 100_000)
                await adds_file(author, product, content=b"%PDF-1.7 " + os.urandom(200_000))
                self.products.append(product | {"author": author})

    async def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = await self.http.request(method, path, **how)
        if answer.status_code >= 500:
            self.wrong.append(f"{method} {path}: {answer.status_code}")
        return answer

    def site(self) -> str:
        site = self.chance.choice(self.authors).site
        assert site is not None
        return str(site["slug"])

    async def looks(self) -> None:
        site, word = self.site(), new_token()
        for path in ("/", f"/s/{site}/shop", f"/s/{site}/shop?q={word}", f"/{word}", f"/s/{word}/shop", "/llms.txt"):
            await self.ask("GET", path, headers=FOR_HTML | {"cookie": f"a={word}; purvey_visitor={word}"})
        for path in (f"/v1/s/{site}/shop", f"/v1/s/{site}/shop/guide-1", "/schema/openapi.json"):
            await self.ask(self.chance.choice(["GET", "HEAD"]), path)

    async def sends_junk(self) -> None:
        word = new_token() * 100
        await self.ask("POST", "/sign-in", content=f"csrf={word}&email={word}&password={word}", headers=FORM)
        await self.ask("POST", "/v1/auth/sign-up", content=b"[" * 5_000, headers={"content-type": "application/json"})
        await self.ask("GET", "/", headers={"cookie": "; ".join(f"{word[:9]}{n}={word[:40]}" for n in range(49))})
        await self.ask("POST", "/v1/auth/sign-in", json={"email": fresh_email(), "password": word[:100]})

    async def signs_up(self) -> None:
        email = fresh_email("soak")
        await self.ask("POST", "/v1/auth/sign-up", json=application(email))
        await signs_in(self.shop, email)

    async def buys(self) -> None:
        person = await self.shop.person("ben")
        product = self.chance.choice(self.products)
        purchase = await person.buys(product)
        await person.answers_the_bank(purchase, self.chance.choice(["pay", "pay", "decline"]))
        for _ in range(20):
            await asyncio.sleep(0.5)
            if (await person.sees(purchase))["status"] != "PENDING":
                break
        await person.get(f"/v1/purchases/{purchase['id']}/download", headers={"range": "bytes=0-99999"})
        await self.ask("GET", f"/purchases/{purchase['id']}", headers=FOR_HTML | self.cookie(person))

    async def keeps_shop(self) -> None:
        author = self.chance.choice(self.authors)
        product = await sells(author, f"Draft {new_token()[:6]}")
        file = io.BytesIO()
        Image.effect_noise((900, 700), 90).save(file, "PNG")
        await author.post(f"{product_path(author, product)}/cover", files={"file": ("a.png", file.getvalue())})
        await adds_file(author, product, content=b"%PDF-1.7 " + os.urandom(1_000_000))
        for path in ("/products", "/stats", f"/products/{product['id']}/edit"):
            await self.ask("GET", path, headers=FOR_HTML | self.cookie(author))
        await author.delete(product_path(author, product))

    async def agents_look(self) -> None:
        await self.ask("GET", "/api/products/public")
        for method, params in {"tools/list": {}, "tools/call": {"name": "search_products", "arguments": {}}}.items():
            message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            await self.ask("POST", "/mcp", json=message, headers=MCP)

    def cookie(self, person: Person) -> dict[str, str]:
        return {"cookie": f"purvey_session={person.token}"}

    async def happens(self, until: float) -> None:
        """One thing after the other, the dear ones rarely."""
        doings: dict[Callable[[], Awaitable[None]], int] = {
            self.looks: 8, self.sends_junk: 5, self.agents_look: 4, self.buys: 4, self.keeps_shop: 1, self.signs_up: 1,
        }  # fmt: skip
        while time.monotonic() < until:
            doing = self.chance.choices([*doings], [*doings.values()])[0]
            name = cast(Any, doing).__name__
            try:
                await doing()
                self.done[name] += 1
            except (AssertionError, httpx.HTTPError) as error:
                self.wrong.append(f"{name}: {error!r}"[:300])
            await asyncio.sleep(PAUSE_SECONDS)


async def soak(program: Program, *, seconds: float, log: Path, seed: int = 1) -> tuple[Soak, list[Weight]]:
    """Use the shop for so long. `log` gets a line every time that its processes are weighed."""
    await program.serves("--no-worker", PURVEY_SIGN_UP_LIMIT="0", PURVEY_SIWA_PLAIN_WALLETS="1")
    worker = program.works()
    assert program.process is not None and program.dsn is not None
    db = await connect(program.dsn, max_size=4)
    weights: list[Weight] = []
    async with httpx.AsyncClient(base_url=program.base_url, timeout=60) as http:
        shop = Shop(cast(World, SimpleNamespace(db=db)), base_url=program.base_url, clock=Clock(), http=http)
        soaked = Soak(shop, http, seed)
        await soaked.begins()
        began = time.monotonic()
        doing = [asyncio.create_task(soaked.happens(began + seconds)) for _ in range(AT_ONCE)]
        with log.open("w", buffering=1) as lines:
            while not all(task.done() for task in doing):
                await asyncio.sleep(min(LOOK_SECONDS, seconds / 10))
                weights.append(Weight(time.monotonic() - began, weigh(program.process.pid), weigh(worker.pid)))
                lines.write(line_of(weights[-1], soaked) + "\n")
        await asyncio.gather(*doing)
        assert program.process.poll() is None and worker.poll() is None, program.said()
    await db.pool.close()
    return soaked, weights


def weigh(pid: int) -> int:
    """What a process and those it started keep in memory."""
    main = psutil.Process(pid)
    total = 0
    for each in [main, *main.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def line_of(weight: Weight, soaked: Soak) -> str:
    told = {
        "minute": round(weight.at / 60, 2), "web_mb": round(weight.web / 1e6, 1),
        "worker_mb": round(weight.worker / 1e6, 1), "done": dict(soaked.done), "wrong": len(soaked.wrong),
    }  # fmt: skip
    return json.dumps(told)


def grown(weights: Sequence[Weight], *, warm_seconds: float = WARM_SECONDS) -> dict[str, float]:
    """By which part each process is heavier at the end than it was when it had become warm."""
    end = weights[-1].at
    warm = [weight for weight in weights if warm_seconds - PAGES <= weight.at <= warm_seconds]
    last = [weight for weight in weights if weight.at >= end - PAGES]
    assert warm and last and end > warm_seconds + PAGES, "too short to say"
    return {
        name: median(getattr(weight, name) for weight in last) / median(getattr(weight, name) for weight in warm) - 1
        for name in ("web", "worker")
    }
