"""The site over HTTP: JSON interface, headers, sessions."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from arena.settings import load_settings
from replays.document import from_document
from replays.format import decode, encode
from replays.report import AnalysisView
from replays.view import ReplayView
from tests.web.site import play_round
from web.app import create_app
from web.config import WebConfig
from web.services import EXTENSION, Services


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    play_round(folder, 1, 2, 3)
    return folder


@pytest.fixture
def client(home: Path) -> Iterator[FlaskClient]:
    app = create_app(WebConfig(load_settings({"TRON_HOME": str(home)}), "a key for tests only"))
    services: Services = app.extensions[EXTENSION]
    services.start()
    with app.test_client() as browser:
        yield browser
    services.close()


def test_status_names_the_champion_and_the_open_round(client: FlaskClient):
    status = client.get("/api/v1/status").json
    assert status is not None
    assert status["champion"]["round"] == 1
    assert status["champion"]["name"].startswith("rival-")
    assert status["open_round"] == 2
    assert status["running"] is None


def test_rounds_have_standings_and_duels(client: FlaskClient):
    listed = client.get("/api/v1/rounds").json
    assert listed is not None
    assert [row["round"] for row in listed["rounds"]] == [2, 1]
    page = client.get("/api/v1/rounds/1/standings").json
    assert page is not None
    assert [entry["rank"] for entry in page["entries"]] == [1, 2, 3]
    champion = page["entries"][0]
    assert champion["name"] == page["round"]["champion"] == listed["rounds"][1]["champion"]
    crowned = client.get("/api/v1/champions").json
    assert crowned is not None
    assert [(row["round"], row["sha256"]) for row in crowned["champions"]] == [
        (1, champion["sha256"])
    ]


def pages(client: FlaskClient, path: str, listed: str, cursor: str) -> list[list[dict[str, Any]]]:
    """Follow ``next`` from page to page; return what each listed."""
    found, address = [], path
    while True:
        page = client.get(address).json
        assert page is not None
        found.append(page[listed])
        if page["next"] is None:
            return found
        address = f"{path}&{cursor}={page['next']}"


def test_duels_come_in_pages_in_the_order_of_the_schedule(client: FlaskClient):
    found = pages(client, "/api/v1/rounds/1/duels?limit=2", "duels", "after")
    assert [[duel["number"] for duel in page] for page in found] == [[0, 1], [2]]
    for duel in itertools.chain(*found):
        assert duel["done"]
        assert sum(duel["points"]) == duel["games"]
        page = client.get(f"/api/v1/duels/{duel['id']}").json
        assert page is not None
        assert page["duel"] == duel
        assert len(page["games"]) == duel["games"]


def test_replays_come_in_pages_newest_first_and_narrowed(client: FlaskClient):
    found = pages(client, "/api/v1/replays?limit=4", "games", "before")
    numbers = [game["id"] for game in itertools.chain(*found)]
    assert numbers == sorted(numbers, reverse=True)
    assert [len(page) for page in found] == [4, 2]
    for game in itertools.chain(*pages(client, "/api/v1/replays?name=rival-2", "games", "before")):
        assert "rival-2" in game["names"]
    none = client.get("/api/v1/replays?kind=human").json
    assert none == {"games": [], "next": None}


def test_a_rounds_games_come_in_bulk(client: FlaskClient):
    answer = client.get("/api/v1/rounds/1/games.ndjson")
    assert answer.mimetype == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.data.splitlines()]
    assert len(lines) == 6
    for line in lines:
        replay, names = from_document(line["replay"])
        assert list(names) == line["game"]["names"]
        assert encode(replay) == client.get(f"/api/v1/replays/{line['game']['id']}.trp").data


def test_an_open_rounds_seed_is_secret(client: FlaskClient):
    page = client.get("/api/v1/rounds/2").json
    assert page is not None
    assert page["status"] == "open"
    assert page["seed"] is None
    assert len(page["seed_sha256"]) == 64


def test_replays_come_as_json_and_as_the_file(client: FlaskClient):
    view = client.get("/api/v1/replays/1").json
    assert view is not None
    assert set(ReplayView.__annotations__) <= set(view)
    assert view["id"] == 1
    assert view["kinds"] == ["model", "model"]
    file = client.get("/api/v1/replays/1.trp")
    replay = decode(file.data)
    assert replay.plies == view["plies"]
    document = client.get("/api/v1/replays/1.json").json
    assert from_document(document) == (replay, tuple(view["names"]))
    assert [trail[0] for trail in view["trails"]] == [list(spawn[:2]) for spawn in replay.spawns]


def test_a_replay_is_analysed(client: FlaskClient):
    view = client.get("/api/v1/replays/1").json
    analysis = client.get("/api/v1/replays/1/analysis").json
    assert view is not None
    assert analysis is not None
    assert set(AnalysisView.__annotations__) == set(analysis)
    assert analysis["plies"] == view["plies"] == len(analysis["contested"]) - 1
    assert analysis["marks"][-1]["kind"] == "end"
    assert any(view["names"][0] in sentence["text"] for sentence in analysis["sentences"])


@pytest.mark.parametrize(
    "path",
    [
        "replays/9999",
        "replays/9999.trp",
        "replays/9999/analysis",
        "replays/9999.json",
        "replays/99999999999999999999",
        "rounds/77/standings",
        "rounds/77/duels",
        "rounds/77/games.ndjson",
        "duels/9999",
        "rounds/77",
        "replays/abc",
        "nothing",
    ],
)
def test_what_is_not_there_is_a_json_404(client: FlaskClient, path: str):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == 404
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/play", "/rounds/1", "/api/v1/status", "/no/such/page"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str):
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_keep_to_the_content_security_policy(client: FlaskClient):
    for path in ("/", "/play", "/rounds", "/rounds/1", "/duels/1", "/replays", "/replays/1"):
        html = client.get(path).text
        assert " style=" not in html, path
        assert " onclick=" not in html, path
        assert "<style" not in html, path


def test_cookies_that_https_brings_are_for_https_alone(client: FlaskClient):
    def cookie(base_url: str) -> str:
        answer = client.application.test_client().get("/", base_url=base_url)
        return answer.headers["Set-Cookie"]

    assert "Secure" not in cookie("http://tron.example")
    assert "Secure" in cookie("https://tron.example")
    client.application.config["SESSION_COOKIE_SECURE"] = True
    assert "Secure" in cookie("http://tron.example")


def test_a_visitor_keeps_one_token_and_the_interface_gives_none(client: FlaskClient):
    assert "Set-Cookie" not in client.get("/api/v1/status").headers
    first = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    with client.session_transaction() as session:
        token = session["player"]
    client.get("/play")
    with client.session_transaction() as session:
        assert session["player"] == token
