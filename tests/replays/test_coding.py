import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from replays.coding import MOST_GAIN, code_headings, decode_headings
from replays.turns import packed_size
from tests.replays.games import duel
from tron_env.ruleset import ARENA
from tron_env.types import Action, Spawn

SHAPE = (9, 11)
SPAWNS = (Spawn(3, 3, Action.RIGHT), Spawn(5, 8, Action.LEFT))


def ridden(turns):
    """Headings for quarter turns to the right, whether or not any rules would play them."""
    start = np.array([spawn.heading for spawn in SPAWNS])
    return ((start + np.cumsum(np.array(turns).reshape(-1, 2), axis=0)) % 4).astype(np.uint8)


@given(st.lists(st.tuples(*[st.sampled_from([0, 0, 0, 1, 3])] * 2), max_size=400))
@settings(deadline=None)
def test_any_headings_are_decoded_to_what_they_were(turns):
    headings = ridden(turns)
    code = code_headings(headings, SPAWNS, SHAPE)
    if code is not None:
        assert len(code) < packed_size(len(headings)) <= MOST_GAIN * len(code)
        assert (decode_headings(code, len(headings), SPAWNS, SHAPE) == headings).all()


@given(st.binary(max_size=40), st.integers(0, 2**16 - 1))
@settings(deadline=None)
def test_other_bytes_are_no_code(code, plies):
    headings = decode_headings(code, plies, SPAWNS, SHAPE)
    assert headings is None or code_headings(headings, SPAWNS, SHAPE) == code


def test_a_real_game_takes_about_half_of_its_packed_turns():
    replay = duel(ARENA, 3, "wall-hugger", "wall-hugger")
    code = code_headings(replay.actions, replay.spawns, (32, 32))
    assert len(code) < 0.6 * packed_size(replay.plies)


def test_what_would_gain_too_much_is_not_coded():
    """So that no short input can announce a long game."""
    circles = ridden([(1, 1)] * 4000)
    assert code_headings(circles, SPAWNS, SHAPE) is None
