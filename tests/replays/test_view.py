import json
from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from replays.format import Ending, Replay
from replays.playback import Playback
from replays.view import replay_view
from tests.replays.games import alive, play, replays
from tron_env.ruleset import ARENA, Ruleset, SpawnLayout
from tron_env.types import Action, CellKind, DeathCause, Outcome, Spawn


def view_of(replay):
    return replay_view(replay, ("Ada", "Ben"), ("person", "model"))


def test_a_small_game_in_full():
    replay = Replay(
        ruleset=Ruleset(height=8, width=9),
        seed=None,
        spawns=(Spawn(3, 3, Action.RIGHT), Spawn(1, 5, Action.DOWN)),
        actions=np.array([[1, 2], [2, 3], [2, 2]]),
        outcome=Outcome.FIRST_WINS,
        causes=(DeathCause.NONE, DeathCause.OPPONENT),
    )
    assert view_of(replay) == {
        "height": 8,
        "width": 9,
        "names": ["Ada", "Ben"],
        "kinds": ["person", "model"],
        "plies": 3,
        "lead_in": [[3, 2], None],
        "trails": [
            [[3, 3], [3, 4], [4, 4], [5, 4]],
            [[1, 5], [2, 5], [2, 4]],
        ],
        "headings": [2, 2],
        "causes": ["none", "opponent"],
        "outcome": "first_wins",
        "ending": "rules",
        "takeover": None,
    }


@given(replays())
@settings(max_examples=60, deadline=None)
def test_lead_ins_and_trails_cover_exactly_the_final_trail(replay):
    view = view_of(replay)
    cells = Playback(replay).state(replay.plies).cells
    for seat in (0, 1):
        lead_in = [] if view["lead_in"][seat] is None else [view["lead_in"][seat]]
        covered = sorted(lead_in + view["trails"][seat])
        assert covered == np.argwhere(cells == CellKind.TRAIL_0 + seat).tolist()
        died = replay.causes[seat] is not DeathCause.NONE
        assert len(view["trails"][seat]) == view["plies"] + 1 - died
        if replay.ruleset.spawn is SpawnLayout.CORNERS:
            assert lead_in == []


def test_a_view_is_plain_json():
    view = view_of(play(ARENA, 4))
    assert json.loads(json.dumps(view)) == view


def test_a_game_about_to_start_has_trails_of_one_cell():
    start = replace(
        play(ARENA, 4),
        actions=np.zeros((0, 2), dtype=np.uint8),
        outcome=Outcome.ONGOING,
        causes=alive(),
        ending=Ending.ABANDONED,
    )
    view = view_of(start)
    assert view["trails"] == [[list(spawn[:2])] for spawn in start.spawns]
    assert view["headings"] == [spawn.heading for spawn in start.spawns]
    assert (view["outcome"], view["ending"], view["plies"]) == ("ongoing", "abandoned", 0)
