"""What is kept of finished rounds: it saves queries, and never outlives what it was read from."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from arena.bench_season import Season, populate
from arena.schema import analyses
from arena.storage import Storage
from tests.web import stocked
from web.services import EXTENSION, Services

REVERSED = stocked.NAMES[::-1]
PAGES_OF_ROUNDS = ("/", "/rounds", "/rounds/1", "/rounds/1?from=2", "/play", "/players", "/replays")


@pytest.fixture
def storage(app: Flask) -> Iterator[Storage]:
    services: Services = app.extensions[EXTENSION]
    with services.storage as opened:
        number = stocked.close_round(opened)
        stocked.play_round(opened, number)
        stocked.crown(opened, number)
        yield opened


@pytest.fixture
def client(app: Flask, storage: Storage) -> FlaskClient:
    return app.test_client()


def ranks(text: str) -> list[str]:
    """Return the names of a round's standings, best first."""
    standings = text.partition('class="standings"')[2].partition("</table>")[0]
    return re.findall(r'title="([^"]+)">\1</a>', standings)


def test_a_round_that_is_run_again_is_told_anew_everywhere(client: FlaskClient, storage: Storage):
    for path in PAGES_OF_ROUNDS:
        assert client.get(path).status_code == 200
    first = client.get("/rounds/1").text
    assert ranks(first) == ["ann", "&lt;b&gt;bob&lt;/b&gt;", "cyd"]
    storage.reset(1, "a look at it")
    assert not ranks(client.get("/rounds/1").text)
    assert client.get("/rounds/1/cross").status_code == 404
    assert "cyd" not in client.get("/").text
    storage.begin(1)
    stocked.play_round(storage, 1)
    stocked.crown(storage, 1, REVERSED)
    again = client.get("/rounds/1").text
    assert ranks(again) == ranks(first)[::-1]
    assert client.get("/rounds/1/cross").json["names"] == [*REVERSED]
    assert '<h1 title="cyd">' in client.get("/").text
    assert [row["name"] for row in client.get("/api/v1/champions").json["champions"]] == ["cyd"]


def test_what_the_analyst_says_appears_on_a_round_that_was_opened_before(app: Flask):
    services: Services = app.extensions[EXTENSION]
    client = app.test_client()
    with services.storage as storage:
        populate(storage, Season(rounds=1, submissions=5, games=500, replays=10))
        assert "As told later" not in client.get("/rounds/1").text
        with storage.writing() as connection:
            connection.execute(update(analyses).values(title="As told later"))
        assert "As told later" in client.get("/rounds/1").text
        lost = client.get("/replays?round=1&result=loss").text
        shown = re.findall(
            r'href="/replays/\d+(?:\?ply=(\d+))?">\s*<canvas data-thumb(?: data-at="(\d+)")?', lost
        )
        assert shown
        assert all(opened == pictured for opened, pictured in shown)
        assert any(opened for opened, _ in shown), "a defeat opens where it was decided"


def test_a_round_opened_again_asks_little(client: FlaskClient, storage: Storage):
    def asked(path: str) -> int:
        queries: list[str] = []

        def note(*said: object) -> None:
            queries.append(str(said[2]))

        event.listen(storage.engine, "before_cursor_execute", note)
        client.get(path)
        event.remove(storage.engine, "before_cursor_execute", note)
        return sum(query.startswith("SELECT") for query in queries)

    client.get("/rounds/1")
    assert asked("/rounds/1?from=2") == 4, "the round, its lines, titles, what is crowned"
    assert asked("/rounds/1/cross?first=2") == 2, "the round, the duels of the rows"
