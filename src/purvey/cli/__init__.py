"""The command line: `purvey demo | serve | work | migrate | doctor | user | token | queues | audit`.

Every error is one line on standard error that says the mend; 0 is done, 1 is a failure, 2 a wrong call.
"""

import sys

import asyncpg

from purvey.kit import logs
from purvey.kit.errors import Refusal
from purvey.kit.migrate import MigrationError
from purvey.kit.postgres import EmbeddedPostgresError
from purvey.settings import SettingsError


def main() -> None:
    """The program `purvey`."""
    from cyclopts import CycloptsError

    from purvey.cli.commands import app

    logs.set_up("auto")
    try:
        sys.exit(app(exit_on_error=False, print_error=False) or 0)
    except CycloptsError as error:
        print(f"purvey: {' '.join(str(error).split())} `purvey --help` names every command", file=sys.stderr)
        sys.exit(2)
    except (SettingsError, MigrationError, EmbeddedPostgresError, Refusal) as error:
        sys.exit(f"purvey: {error}")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        sys.exit(f"purvey: the database refused: {' '.join(str(error).split())}; `purvey doctor` says more")
    except TimeoutError:
        sys.exit("purvey: the database did not answer in time; `purvey doctor` says more")
    except OSError as error:
        sys.exit(f"purvey: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
