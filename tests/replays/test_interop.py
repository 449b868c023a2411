import copy
import json
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replays.document import to_document
from replays.errors import ReplayDesyncError, ReplayError, ReplayFormatError
from replays.fields import parse_json
from replays.format import Ending, Replay, encode
from replays.interop import import_games
from replays.playback import verify
from tests.replays.apex import apex_duel, apex_game
from tests.replays.games import duel, play
from tron_env.ruleset import APEX, ARENA, Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Spawn

SAMPLE = (Path(__file__).parent / "data" / "apex_duel.json").read_bytes()
"""A real duel of three games between two untrained nets."""

CORNERS = Ruleset(8, 9, SpawnLayout.CORNERS, 40)
EVEN = Ruleset(8, 8, SpawnLayout.CORNERS, 40)
"""Where riders from the corners can meet on one cell."""
SHORT = Ruleset(8, 9, SpawnLayout.CORNERS, 5)


def filling(plies):
    """A game of exactly ``plies`` plies that both riders spend sweeping their halves."""
    lanes = [(Action.RIGHT, Action.LEFT), (Action.DOWN, Action.UP)]
    first = []
    while len(first) < plies:
        across = lanes[0][len(first) // 30 % 2]
        first += [across] * 29 + [Action.DOWN]
    actions = np.array(first[:plies], dtype=np.uint8)
    spawns = (Spawn(1, 1, Action.RIGHT), Spawn(30, 30, Action.LEFT))
    return spawns, np.stack([actions, actions ^ 2], axis=1)


def test_a_real_duel_is_read_and_plays_exactly():
    games = import_games(parse_json(SAMPLE))
    assert [game.names for game in games] == [
        ("apex0.pt", "apex1.pt"),
        ("apex1.pt", "apex0.pt"),
        ("apex0.pt", "apex1.pt"),
    ]
    for number, game in enumerate(games):
        verify(game.replay)
        assert game.replay.ruleset == APEX
        assert game.replay.seed == 42 + number
        assert game.replay.plies == 29
        assert game.replay.outcome is Outcome.DRAW
        assert game.replay.causes == (DeathCause.HEAD_ON, DeathCause.HEAD_ON)
    assert set(games[0].replay.actions[:, 0].tolist()) == {Action.DOWN}
    assert set(games[1].replay.actions[:, 0].tolist()) == {Action.RIGHT}


EVERYTHING = [
    play(ruleset, seed, careful=[0.9, 1.0][seed % 2])
    for ruleset, seeds in ((CORNERS, 25), (EVEN, 25), (SHORT, 4))
    for seed in range(seeds)
]


@pytest.mark.parametrize("replay", EVERYTHING)
def test_whatever_can_happen_in_a_game_is_imported(replay):
    (game,) = import_games(apex_duel(replay))
    assert (game.replay.actions == replay.actions).all()
    assert (game.replay.outcome, game.replay.causes) == (replay.outcome, replay.causes)


def test_these_games_hold_every_outcome_and_every_cause_of_death():
    assert {replay.outcome for replay in EVERYTHING} == set(Outcome) - {Outcome.ONGOING}
    assert {cause for replay in EVERYTHING for cause in replay.causes} == set(DeathCause)


def test_reversals_are_ignored_as_apex_does():
    duel = json.loads(SAMPLE)
    for step in duel["games"][0]["result"]["history"]:
        if step["step"] > 1:
            step["actions"]["0"] = Action.UP
    replay = import_games(duel)[0].replay
    assert set(replay.actions[:, 0].tolist()) == {Action.DOWN}


def test_spawns_outside_the_corners_are_kept():
    replay = play(
        Ruleset(10, 12, SpawnLayout.CORNERS),
        3,
        spawns=(Spawn(4, 4, Action.RIGHT), Spawn(7, 9, Action.UP)),
    )
    (game,) = import_games(apex_duel(replay))
    assert game.replay.spawns == replay.spawns
    assert game.replay.seed is None


def test_a_200_ply_game_is_250_times_smaller_than_its_json():
    spawns, actions = filling(200)
    replay = Replay(
        ruleset=APEX,
        seed=None,
        spawns=spawns,
        actions=actions,
        outcome=Outcome.FIRST_WINS,
        causes=(DeathCause.NONE, DeathCause.NONE),
        ending=Ending.FORFEIT,
    )
    verify(replay)
    theirs = json.dumps(apex_duel(replay)["games"][0]).encode()
    real = json.dumps(json.loads(SAMPLE)["games"][0])
    assert len(theirs) / 200 == pytest.approx(len(real) / 29, rel=0.25), "as long a ply as theirs"
    assert len(theirs) >= 250 * len(encode(replay))


@pytest.mark.parametrize("seed", [0, 2, 3, 9, 10, 11])
def test_long_games_of_real_riders_are_too(seed):
    replay = duel(ARENA, seed, "wall-hugger", "voronoi")
    assert replay.plies > 190
    assert len(json.dumps(apex_game(replay)).encode()) >= 250 * len(encode(replay))


def changed(path, value):
    duel = json.loads(SAMPLE)
    target = duel
    for name in path[:-1]:
        target = target[name]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return duel


RESULT = ("games", 1, "result")
STEP = (*RESULT, "history", 4)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*STEP, "positions", "1"), [3, 3], r"ply 5: position of seat 1 is recorded as \[3, 3\]"),
        ((*STEP, "alive", "0"), False, "ply 5: alive of seat 0"),
        ((*STEP, "step"), 9, "ply 5: step"),
        ((*STEP, "actions", "0"), 2, "ply 5: position of seat 0"),
        ((*RESULT, "winner"), 1, "ply 29: winner is recorded as 1"),
        ((*RESULT, "steps"), 30, "ply 29: steps"),
        ((*RESULT, "death_causes", "0", "killed_by"), [0], "death of seat 0 .* itself"),
        ((*RESULT, "death_causes", "1"), None, "death of seat 1 is recorded as None"),
    ],
)
def test_games_that_the_rules_play_differently_are_named(path, value, message):
    with pytest.raises(ReplayDesyncError, match=message):
        import_games(changed(path, value))


def test_a_game_that_goes_on_after_its_end_is_named():
    duel = json.loads(SAMPLE)
    history = duel["games"][0]["result"]["history"]
    history.append(history[-1] | {"step": 30})
    with pytest.raises(ReplayDesyncError, match="ply 29: outcome"):
        import_games(duel)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("type",), "chess", "file.type is 'chess'"),
        (("version",), 2, "duel.version is 2"),
        (("model_a",), 7, "duel.model_a is 7"),
        (("model_b",), "\udfff", "duel.model_b is .* printable"),
        (("model_b",), "net\r\x1b[1A", "duel.model_b is .* printable"),
        (("games",), {}, "duel.games is an object"),
        (("games", 0), [], r"duel.games\[0\] is a list"),
        ((*RESULT, "history"), [], "ends after 0 steps"),
        ((*RESULT, "config", "wall_wrap"), True, "wall_wrap is on"),
        ((*RESULT, "config", "num_players"), 3, "num_players is 3"),
        ((*RESULT, "config", "trail_fade"), 9, "trail_fade is 9"),
        ((*RESULT, "config", "width"), 10**9, "width is 1000000000"),
        ((*RESULT, "config", "height"), True, "height is True"),
        ((*RESULT, "config", "max_steps"), 3, "history has 29 items; at most 3"),
        ((*RESULT, "spawn_positions", "0", "y"), 0, r"spawn of seat 0 is \(0, 1\)"),
        ((*STEP, "actions", "1"), 4, r"history\[4\].actions.1 is 4"),
        ((*STEP, "positions"), None, r"history\[4\].positions is missing"),
    ],
)
def test_what_is_no_duel_is_refused_with_its_place(path, value, message):
    with pytest.raises(ReplayFormatError, match=message):
        import_games(changed(path, value))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 10_000, "no JSON"),
        (b"[]", "file is a list"),
        (b"null", "file is None"),
        (b'{"type": {}}', "file.type is an object"),
    ],
)
def test_what_is_no_json_of_ours_is_refused(data, message):
    with pytest.raises(ReplayFormatError, match=message):
        import_games(parse_json(data))


def places(value, at=()):
    """Every path into a JSON value."""
    yield at
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        if isinstance(inner, dict | list):
            yield from places(inner, (*at, name))
        else:
            yield (*at, name)


SMALL = {
    "apex": apex_duel(play(CORNERS, 1), play(CORNERS, 2)),
    "own": to_document(play(CORNERS, 1), ("Ada", "Bo")),
}
PLACES = {kind: [at for at in places(value) if at] for kind, value in SMALL.items()}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(SMALL)), st.data())
@settings(max_examples=100, deadline=None)
def test_damaged_documents_are_refused_or_play_exactly(kind, data):
    document = copy.deepcopy(SMALL[kind])
    target = document
    *way, name = data.draw(st.sampled_from(PLACES[kind]))
    for step in way:
        target = target[step]
    if data.draw(st.booleans()):
        del target[name]
    else:
        target[name] = data.draw(JUNK)
    try:
        for game in import_games(document):
            verify(game.replay)
    except ReplayError:
        return


def fuzz(rounds, seed):
    """Damage the bytes of real documents; only ``ReplayError`` may come out."""
    rng = random.Random(seed)
    sources = [json.dumps(value).encode() for value in SMALL.values()]
    for _ in range(rounds):
        data = bytearray(rng.choice(sources))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            match rng.randrange(3):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    del data[at : at + rng.randint(1, 40)]
                case _:
                    data[at:at] = bytes(rng.choice(b'{}[]",:0123456789-eE. tfn') for _ in range(4))
        try:
            import_games(parse_json(bytes(data)))
        except ReplayError:
            continue


def test_damaged_bytes_never_crash_the_importer():
    fuzz(300, seed=1)


@pytest.mark.proof
def test_many_damaged_bytes_never_crash_the_importer():
    fuzz(100_000, seed=2)


def test_importing_allocates_a_small_multiple_of_the_input():
    import_games(parse_json(SAMPLE))
    tracemalloc.start()
    import_games(parse_json(SAMPLE))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * len(SAMPLE)
