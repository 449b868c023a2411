"""What surrounds a replay: picture, territory, council, downloads, embedded and offline viewer."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from agents.zoo import shipped_model
from arena.errors import StorageError
from arena.settings import load_settings
from arena.storage import Storage
from replays.document import from_document
from replays.export import NamedReplay, export
from replays.format import decode
from replays.playback import Playback
from tests.web import stocked
from tron_env.regions import territory_map
from web.app import create_app
from web.config import WebConfig
from web.council import Council, CouncilBusyError
from web.opponents import DEFAULT_LIGHT
from web.owners import packed_owners
from web.policies import ShippedPolicy
from web.rates import Rate
from web.services import EXTENSION, Services
from web.tickets import Opponent


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    settings = load_settings({"TRON_HOME": str(tmp_path_factory.mktemp("home"))})
    made = create_app(WebConfig(settings, "a key for tests only", capacity=1))
    services: Services = made.extensions[EXTENSION]
    with services.storage as storage:
        number = stocked.close_round(storage)
        stocked.play_round(storage, number)
        stocked.crown(storage, number)
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def storage(app: Flask) -> Storage:
    services: Services = app.extensions[EXTENSION]
    return services.storage


def stored(storage: Storage, game_id: int) -> bytes:
    encoded = storage.replay(game_id)
    assert encoded is not None
    return encoded


def test_territory_is_that_of_the_environment_at_every_ply(client: FlaskClient, storage: Storage):
    encoded = stored(storage, 1)
    body = client.get("/replays/1/territory").data
    assert body == packed_owners(encoded)
    playback = Playback(decode(encoded))
    pairs = np.frombuffer(body, dtype=np.uint8)[:, None] >> np.array([0, 2, 4, 6]) & 3
    cells = pairs.reshape(-1)[: (playback.plies + 1) * 900].reshape(-1, 30, 30)
    for ply in range(playback.plies + 1):
        expected = territory_map(playback.state(ply))[1:-1, 1:-1]
        assert np.array_equal(cells[ply], expected), ply


def test_a_picture_shows_the_board_at_the_ply_asked_for(client: FlaskClient):
    def picture(query: str) -> Image.Image:
        response = client.get(f"/replays/1/card.png{query}")
        assert response.mimetype == "image/png"
        return Image.open(io.BytesIO(response.data))

    first, last = picture("?ply=0"), picture("?ply=9999")
    assert first.size == last.size == (1200, 630)
    assert first.tobytes() != last.tobytes()
    assert picture("").tobytes() != first.tobytes(), "the decisive ply is not the first"
    assert client.get("/replays/99/card.png").status_code == 404


def test_links_show_title_and_picture_elsewhere(client: FlaskClient):
    text = client.get("/replays/1?ply=3").text
    assert '<meta property="og:image" content="http://localhost/replays/1/card.png?ply=3">' in text
    assert '<meta property="og:title" content="' in text
    assert client.get("/card.png").mimetype == "image/png"


def test_downloads_hold_the_same_game(client: FlaskClient, storage: Storage):
    encoded = stored(storage, 1)
    assert client.get("/replays/1/file.trp").data == encoded
    replay, names = from_document(json.loads(client.get("/replays/1/file.json").data))
    assert names == ("ann", "<b>bob</b>")
    assert np.array_equal(replay.actions, decode(encoded).actions)
    film = client.get("/replays/1/file.gif")
    assert film.headers["Content-Disposition"] == 'attachment; filename="tron-1.gif"'
    with Image.open(io.BytesIO(film.data)) as image:
        assert getattr(image, "n_frames", 0) == replay.plies + 1
    assert client.get("/replays/1/file.exe").status_code == 404


def test_the_offline_viewer_is_one_file_that_asks_for_nothing(storage: Storage, tmp_path: Path):
    replay = decode(stored(storage, 1))
    path = tmp_path / "game.html"
    export(path, [NamedReplay(replay, ("ann", "<b>bob</b>"))])
    text = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "<b>bob</b>" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "src=" not in text.split("<script", 1)[0]


def council(*names: str) -> Council:
    members = [
        Opponent(f"zoo/{name}", name, "shipped", None, shipped_model(name).sha256) for name in names
    ]
    return Council(
        lambda: members,
        lambda member: ShippedPolicy(shipped_model(member.name).path, member.name),
        lambda member: shipped_model(member.name).logits,
    )


def test_the_council_says_what_each_would_have_played(storage: Storage):
    asked = council("wall-hugger", "ppo-small")
    answer = asked.ask(stored(storage, 1), 0)
    assert answer["ply"] == 0
    assert [member["name"] for member in answer["members"]] == ["wall-hugger", "ppo-small"]
    for member in answer["members"]:
        for voice in member["voices"]:
            assert voice is not None
            assert voice["action"] in range(4)
            assert voice["rank"] in range(1, 5), "both rode straight on, which was open"
            logits = shipped_model(member["name"]).logits
            assert (voice["share"] is not None) is logits, "shares only of logits"
    assert asked.ask(stored(storage, 1), 0) is answer, "remembered"
    with pytest.raises(IndexError):
        asked.ask(stored(storage, 1), decode(stored(storage, 1)).plies)
    asked.close()


def test_a_member_that_cannot_be_loaded_silences_nobody(storage: Storage):
    gone = Opponent("champion@1", "gone", "champion of round 1", 1, "0" * 64)
    there = Opponent("zoo/x", "there", "shipped", None, shipped_model("wall-hugger").sha256)

    def load(member: Opponent) -> ShippedPolicy:
        if member is gone:
            raise StorageError("model 000 is missing")
        return ShippedPolicy(shipped_model("wall-hugger").path, member.name)

    asked = Council(lambda: [gone, there], load, lambda _: False)
    first, second = asked.ask(stored(storage, 1), 0)["members"]
    assert first["voices"] == [None, None]
    assert None not in second["voices"]
    asked.close()


def test_a_question_to_a_busy_council_is_refused(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("web.council.WAIT_SECONDS", 0.01)
    asked = council("wall-hugger")
    with asked._asking, pytest.raises(CouncilBusyError):
        asked.ask(stored(storage, 1), 0)
    assert asked.ask(stored(storage, 1), 0)["members"], "nothing is lost"


def test_the_council_is_asked_over_http_within_a_rate(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.watch.COUNCIL_RATE", Rate(2, 60.0))
    answer = client.get("/replays/1/council?ply=1").json
    assert answer is not None
    assert [member["name"] for member in answer["members"]] == [shipped_model(DEFAULT_LIGHT).title]
    assert all(voice["action"] in range(4) for voice in answer["members"][0]["voices"])
    assert client.get("/replays/1/council?ply=2").status_code == 200
    refused = client.get("/replays/1/council?ply=3")
    assert refused.status_code == 429
    assert "Nothing is lost" in refused.text
    assert client.get("/replays/1/council?ply=9999").status_code == 404


def test_a_search_judges_a_game_on_request(client: FlaskClient, storage: Storage):
    assert client.post("/replays/1/deep").status_code == 403, "no token, no work"
    text = client.get("/replays/1").text
    token = re.findall(r'name="csrf" value="([0-9a-f]+)"', text)[0]
    asked = client.post("/replays/1/deep", data={"csrf": token})
    assert asked.headers["Location"] == "/replays/1?judged=1"
    claimed = storage.claim_deep()
    assert claimed is not None
    assert claimed.id == 1
    values = [0] * 3
    blunder = {
        "ply": 2,
        "kind": "blunder",
        "seat": 0,
        "pair": None,
        "amount": 60,
        "better": 1,
        "line": [1, 3, 2],
    }
    deep = {"values": values, "losses": [[60, 0], [0, 0]]}
    storage.save_deep(1, {"judges": "a b", "deep": deep, "blunders": [blunder]})
    told = client.get("/replays/1").text
    assert "Let a search judge" not in told
    [analysis] = [json.loads(found) for found in re.findall(r"data-analysis='([^']+)'", told)]
    assert analysis["deep"]["values"] == values
    assert blunder in analysis["marks"]


def test_a_rate_lets_each_visitor_ask_so_often_in_any_window():
    now = [0.0]
    rate = Rate(2, 10.0, clock=lambda: now[0])
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]
    assert rate.allows("b")
    now[0] = 9.9
    assert not rate.allows("a")
    now[0] = 10.0
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]


def test_a_replay_is_told_without_any_script(client: FlaskClient):
    text = client.get("/replays/1").text
    assert 'href="/replays/1?ply=' in text
    assert 'aria-label="Games of this duel"' in text
    assert text.count('class="sibling ') == 2
    assert f'href="/models/{stocked.SHA256["ann"]}"' in text
