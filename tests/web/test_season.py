"""Every page and answer over a season: each is there, and none reads a whole large table."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from arena.bench_season import Season, populate
from arena.settings import load_settings
from web.app import create_app
from web.bench_pages import kinds_of
from web.config import WebConfig
from web.interface import PREFIX
from web.services import EXTENSION, Services

SEASON = Season(rounds=7, submissions=7 * 60, games=6000, starts=2, replays=25, sessions=50)
GROWING = ("games", "analyses", "game_tags", "duels", "entries", "submissions", "insights")
"""Tables that have rows for every game, pair or entrant."""
ADDRESSES = 6
"""Opened of each kind."""
UNREAD_IN_CROWDS = ("/openapi.json", "/rounds/3/games.ndjson", "/miner", "/submissions")
"""What the benchmark's readers do not open: bulk, and what takes a token."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    settings = load_settings({"TRON_HOME": str(tmp_path_factory.mktemp("home"))})
    made = create_app(WebConfig(settings, "a key for tests only", capacity=1))
    services: Services = made.extensions[EXTENSION]
    with services.storage as storage:
        populate(storage, SEASON)
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def addresses(app: Flask) -> dict[str, list[str]]:
    services: Services = app.extensions[EXTENSION]
    kinds = kinds_of(services.storage, SEASON, random.Random(5))
    return {
        kind: [address() for _ in range(ADDRESSES * (1 + 3 * (kind == "replays")))]
        for kind, address in kinds.items()
    }


def test_every_page_of_a_season_is_there(client: FlaskClient, addresses: dict[str, list[str]]):
    broken = [
        address
        for each in addresses.values()
        for address in each
        if client.get(address).status_code != 200
    ]
    assert not broken


def token_of(client: FlaskClient) -> str:
    """Register somebody who submits over the network."""
    answer = client.post(f"{PREFIX}/miners", json={"name": "ann"})
    assert answer.json is not None
    return str(answer.json["token"])


def test_no_page_reads_a_whole_table_that_grows(
    app: Flask, client: FlaskClient, addresses: dict[str, list[str]]
):
    """The database itself says how it would: by an index, or from an end up to a limit."""
    storage = app.extensions[EXTENSION].storage
    asked: dict[str, Any] = {}

    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.startswith("SELECT") and not many:
            asked.setdefault(statement, parameters)

    known = {"Authorization": f"Bearer {token_of(client)}"}
    event.listen(storage.engine, "before_cursor_execute", note)
    try:
        for each in addresses.values():
            for address in each:
                client.get(address)
        for address in UNREAD_IN_CROWDS:
            assert client.get(f"{PREFIX}{address}", headers=known).status_code == 200
        for work in (storage.next_uncounted, storage.rate_interest, storage.claim_deep):
            work()
    finally:
        event.remove(storage.engine, "before_cursor_execute", note)
    assert len(asked) > 50
    whole = re.compile(rf"SCAN ({'|'.join(GROWING)})\b")
    with storage.reading() as connection:
        for statement, parameters in asked.items():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in plan]
            # From an end up to a limit; what is sorted first is read whole.
            sorted_first = any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
            limited = " LIMIT " in statement and not sorted_first
            bounded = limited or "max(games.id)" in statement
            assert bounded or not any(map(whole.match, steps)), f"{statement}\n{steps}"
