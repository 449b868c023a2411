"""New champions on a running site: submitted models, behind their sandbox."""

from pathlib import Path

import pytest

from agents.zoo import DEFAULT_CHAMPION
from arena.models import ModelStore
from arena.rounds import close_round, ensure_open, run_round
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from replays.format import decode, model_prefix
from tests.arena.entering import submitted
from tests.arena.rivals import SerialExecutor, rival
from tests.web.site import play_round, riding, serving
from web.errors import Refusal, RefusedError
from web.opponents import Opponents
from web.policies import SandboxedPolicy, ShippedPolicy


@pytest.fixture
def played(tmp_path: Path) -> Path:
    play_round(tmp_path, 1, 2)
    return tmp_path


def opponents_in(home: Path) -> tuple[Opponents, Storage]:
    settings = load_settings({"TRON_HOME": str(home)})
    storage = open_storage(settings)
    return Opponents(storage, ModelStore(settings.models)), storage


def test_a_new_champion_takes_new_games_while_running_ones_keep_the_old(tmp_path: Path):
    with serving(tmp_path) as site, riding(site) as early, riding(site) as late:
        first = early.join("champion", 8)
        play_round(tmp_path, 1, 2)
        ridden = late.ride("champion", 14)
        second = ridden.game
        assert first["opponent"]["round"] is None
        assert second["opponent"]["round"] == 1
        assert second["opponent"]["name"] != first["opponent"]["name"]
        assert site.services.status()["champion"]["name"] == second["opponent"]["name"]
        number = ridden.number
        ended = early.next("end")
        early.send("rematch", {"game": first["game"]})
        assert early.next("game")["opponent"] == first["opponent"], "a rematch is with the same"
        assert early.join("champion")["opponent"] == second["opponent"]
        storage = site.services.storage
        champion = storage.champion()
        assert champion is not None
        game = storage.game(number)
        assert game is not None
        assert champion.sha256 in game.models
        assert game.round == 1
        assert first["opponent"]["name"] in ended["view"]["names"], "it ended as it began"
        encoded = storage.replay(number)
        assert encoded is not None
        assert model_prefix(champion.sha256) in decode(encoded).models
        record = storage.human_record(champion.sha256)
        assert game.human_seat is not None
        winner = game.outcome.winner
        assert (record.wins, record.losses, record.draws) == (
            winner is game.human_seat.other,
            winner is game.human_seat,
            winner is None,
        )


def test_who_waits_for_the_light_champion_is_offered_the_cheapest_other(tmp_path: Path):
    opponents, storage = opponents_in(tmp_path)
    with storage:
        light = opponents.light_champion()
        assert opponents.light_besides(light.sha256).spec == "zoo/wall-hugger"
        assert opponents.light_besides(opponents.champion().sha256) == light


def test_former_champions_stay_playable_by_their_round(played: Path):
    play_round(played, 3, 4, 5)
    opponents, storage = opponents_in(played)
    with storage:
        assert opponents.find("champion").spec == "champion@2"
        assert opponents.find("champion@1").round == 1
        specs = [opponent.spec for opponent in opponents.all()]
        assert specs[:2] == ["champion@2", "champion@1"]
        assert f"zoo/{DEFAULT_CHAMPION}" in specs
        with pytest.raises(RefusedError) as refusal:
            opponents.find("champion@3")
        assert refusal.value.code is Refusal.UNKNOWN_OPPONENT


def test_only_shipped_files_are_loaded_in_process(played: Path):
    opponents, storage = opponents_in(played)
    with storage:
        own = opponents.load(opponents.find("zoo/wall-hugger"))
        submitted = opponents.load(opponents.find("champion"))
        assert isinstance(own, ShippedPolicy)
        assert isinstance(submitted, SandboxedPolicy)
        submitted.close()


def test_a_champion_that_minds_its_neighbours_is_asked_alone(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    models = ModelStore(settings.models)
    with open_storage(settings) as storage:
        ensure_open(storage)
        for seed in (1, 2):
            submitted(storage, f"rival-{seed}", models.put(rival(seed)), alone=True)
        close_round(storage, models, starts=1, anchors=())
        run_round(storage, SerialExecutor(models))
        opponents = Opponents(storage, models)
        loaded = opponents.load(opponents.champion())
        assert isinstance(loaded, SandboxedPolicy)
        loaded.start()
        assert loaded.fed_alone
        loaded.close()


def test_a_champion_whose_file_is_missing_is_unavailable(played: Path):
    opponents, storage = opponents_in(played)
    with storage:
        (played / "models" / f"{opponents.champion().sha256}.onnx").unlink()
    with serving(played) as site, riding(site) as rider:
        assert rider.join("champion")["code"] == "unavailable"
        assert "game" in rider.join("zoo/wall-hugger")
