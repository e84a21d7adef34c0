"""The shop that is searched."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.proof.apart import Apart
from tests.protocol.described import SETTINGS


@pytest.fixture(scope="session")
def apart(postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Apart]:
    settings = msgspec.structs.replace(SETTINGS, home=tmp_path_factory.mktemp("home"))
    apart = Apart(postgres, database=f"openapi_{worker_id}", settings=settings)
    yield apart
    apart.close()
