from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replays.errors import ReplayDesyncError
from replays.format import Ending, Replay
from replays.playback import Playback, verify
from tests.replays.games import alive, play, replays
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA, Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Spawn

SMALL = Ruleset(height=8, width=8, spawn=SpawnLayout.CORNERS)


def first_hits_wall(**changes):
    """Seat 0 at (1, 1) rides up into the wall at ply 2, seat 1 rides down column 5."""
    fields = {
        "ruleset": SMALL,
        "seed": None,
        "spawns": (Spawn(2, 1, Action.UP), Spawn(1, 5, Action.DOWN)),
        "actions": np.array([[0, 2], [0, 2]]),
        "outcome": Outcome.SECOND_WINS,
        "causes": (DeathCause.WALL, DeathCause.NONE),
    }
    return Replay(**(fields | changes))


@given(replays(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_ply_is_the_engines(replay, data):
    playback = Playback(replay)
    engine = BatchEngine(replay.ruleset, 1)
    engine.reset_to(0, replay.spawns)
    stop = data.draw(st.integers(0, replay.plies))
    for ply in range(stop):
        assert (playback.heads[ply] == engine.heads[0]).all()
        engine.step(replay.actions[ply : ply + 1])
    expected, state = engine.state(0), playback.state(stop)
    assert (state.cells == expected.cells).all()
    assert (state.heads, state.headings, state.causes, state.ply, state.outcome) == (
        expected.heads,
        expected.headings,
        expected.causes,
        expected.ply,
        expected.outcome,
    )


def test_a_dead_rider_stays_where_it_was():
    playback = Playback(first_hits_wall())
    assert playback.heads[:, 0].tolist() == [[2, 1], [1, 1], [1, 1]]
    assert playback.heads[:, 1].tolist() == [[1, 5], [2, 5], [3, 5]]
    assert playback.state(1).causes == alive()
    assert playback.state(2).causes == (DeathCause.WALL, DeathCause.NONE)
    assert playback.state(2).outcome is Outcome.SECOND_WINS


@pytest.mark.parametrize("ply", [-1, 3])
def test_plies_outside_the_game_are_refused(ply):
    with pytest.raises(IndexError, match="plies 0 to 2"):
        Playback(first_hits_wall()).state(ply)


@pytest.mark.parametrize(
    ("changes", "ply", "field", "recorded", "replayed"),
    [
        (
            {"actions": np.array([[0, 2], [0, 2], [0, 2]])},
            2,
            "outcome",
            "ONGOING",
            "SECOND_WINS",
        ),
        ({"actions": np.array([[0, 2]])}, 1, "outcome", "SECOND_WINS", "ONGOING"),
        (
            {"outcome": Outcome.FIRST_WINS, "causes": (DeathCause.NONE, DeathCause.WALL)},
            2,
            "outcome",
            "FIRST_WINS",
            "SECOND_WINS",
        ),
        (
            {"causes": (DeathCause.SELF, DeathCause.NONE)},
            2,
            "causes",
            "(SELF, NONE)",
            "(WALL, NONE)",
        ),
        (
            {"ending": Ending.FORFEIT, "outcome": Outcome.FIRST_WINS, "causes": alive()},
            2,
            "outcome",
            "ONGOING",
            "SECOND_WINS",
        ),
        ({"seed": 5}, 0, "start", "((2, 1, UP), (1, 5, DOWN))", "((1, 1, DOWN), (6, 6, UP))"),
    ],
)
def test_the_first_wrong_ply_is_named(changes, ply, field, recorded, replayed):
    with pytest.raises(ReplayDesyncError) as caught:
        verify(first_hits_wall(**changes))
    error = caught.value
    assert (error.ply, error.field, error.recorded, error.replayed) == (
        ply,
        field,
        recorded,
        replayed,
    )
    assert str(error) == (
        f"ply {ply}: {field} is recorded as {recorded}, but the rules give {replayed}"
    )


@given(replays(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_game_cut_short_does_not_verify(replay, data):
    kept = data.draw(st.integers(0, replay.plies - 1))
    with pytest.raises(ReplayDesyncError) as caught:
        verify(replace(replay, actions=replay.actions[:kept], takeover=None))
    assert caught.value.ply == kept


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(Ending.FORFEIT, Outcome.FIRST_WINS), (Ending.ABANDONED, Outcome.ONGOING)],
)
@pytest.mark.parametrize("kept", [0, 5])
def test_stopped_games_keep_their_recorded_outcome(ending, outcome, kept):
    whole = play(ARENA, 22, careful=1.0)
    stopped = Playback(
        replace(whole, actions=whole.actions[:kept], outcome=outcome, causes=alive(), ending=ending)
    )
    assert stopped.state(kept).outcome is outcome
    assert stopped.state(kept).causes == alive()
