"""What all tests share: how examples are drawn, and real servers, started once where asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import Postgres

# A verdict must not depend on luck or on what else the machine does: the same examples every time,
# however long they take. `pytest --hypothesis-profile=wander` draws others.
settings.register_profile("wander", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("wander"), derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL server."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database at the newest migration, to make copies of."""
    from arena.storage import Storage

    name = postgres.fresh()
    Storage(postgres.url(name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, in turn of each kind that is supported."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'arena.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.url(postgres.fresh(request.getfixturevalue("migrated")))
