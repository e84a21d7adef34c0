"""What can be called. Each command reads the settings, opens what it needs and says what it did."""

import asyncio
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from purvey import __version__

app = cyclopts.App(
    name="purvey",
    version=__version__,
    help="A self-hosted commerce engine for digital goods.",
    result_action="return_value",
)
user = cyclopts.App(name="user", help="People.")
queues = cyclopts.App(name="queues", help="Waiting, running and parked tasks.")
app.command(user)
app.command(queues)


@app.command
def demo(*, host: str = "127.0.0.1", port: int = 8000) -> int:
    """Start a shop with real products in it, and say where it is."""
    from purvey.cli.demo import run_demo

    return run_demo(host=host, port=port)


@app.command
def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=1, lte=64))] = 1,
    worker: Annotated[bool, Parameter(help="Do the background work in the same processes.")] = True,
) -> int:
    """Serve the shop: web, and the background work with it."""
    from purvey.cli.serving import run_server

    return run_server(host=host, port=port, workers=workers, with_worker=worker)


@app.command
def work(*, queues: Annotated[str, Parameter(help="Only these queues, with commas between.")] = "") -> int:
    """Do the background work alone."""
    from purvey.cli.working import run_worker

    return run_worker([name.strip() for name in queues.split(",") if name.strip()])


@app.command
def migrate(
    *, check: Annotated[bool, Parameter(help="Change nothing; exit 1 when something is pending.")] = False
) -> int:
    """Bring the database to this version."""
    from purvey.cli.upkeep import run_migrate

    return asyncio.run(run_migrate(check=check))


@app.command
def doctor(*, life: Annotated[bool, Parameter(help="Draw the life of a payment as Mermaid.")] = False) -> int:
    """Look at the settings, the database, storage and mail, and say how to mend what is wrong."""
    from purvey.cli.doctor import draw_lives, run_doctor

    return draw_lives() if life else asyncio.run(run_doctor())


@app.command
def audit() -> int:
    """Prove the books: money taken and goods given agree, everywhere."""
    from purvey.cli.upkeep import run_audit

    return asyncio.run(run_audit())


@app.command
def token(*, email: str) -> int:
    """Print a bearer token for a person, alone."""
    from purvey.cli.upkeep import run_token

    return asyncio.run(run_token(email=email))


@user.command(name="create")
def create_user(
    *,
    email: str,
    password_stdin: Annotated[bool, Parameter(negative=(), help="Ask for a password, or read it from a pipe.")] = False,
    admin: bool = False,
) -> int:
    """Make a person; without a password they reset it by mail. `--admin`: a platform admin."""
    from purvey.cli.upkeep import read_password, run_create_user

    password = read_password() if password_stdin else None
    return asyncio.run(run_create_user(email=email, password=password, admin=admin))


@queues.command(name="list")
def list_queues() -> int:
    """Every queue: how many tasks wait, run and are parked."""
    from purvey.cli.queues import run_list

    return asyncio.run(run_list())


@queues.command(name="show")
def show_queue(name: str, *, limit: int = 50) -> int:
    """The tasks of a queue; `product-retry` holds those whose retries are spent."""
    from purvey.cli.queues import run_show

    return asyncio.run(run_show(name, limit=limit))


@queues.command(name="replay")
def replay(*ids: int, all: bool = False) -> int:
    """Put parked tasks back in their queues, by id or `--all`."""
    from purvey.cli.queues import run_replay

    return asyncio.run(run_replay(list(ids), everything=all))
