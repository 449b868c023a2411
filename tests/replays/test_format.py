import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replays.errors import ReplayFormatError
from replays.format import MAX_BYTES, MIN_BYTES, Ending, Replay, decode, encode, model_prefix
from replays.view import replay_view
from tests.replays.games import alive, play, replays
from tron_env.ruleset import APEX, ARENA, MAX_PLIES_LIMIT, Ruleset, SpawnLayout
from tron_env.spawn import spawns_for
from tron_env.types import Action, DeathCause, Outcome, Spawn

GOLDEN = Path(__file__).parents[1] / "golden"


def circling(plies, *, ruleset=ARENA, seed=7):
    """A record of ``plies`` plies that need not fit the rules; only its size matters."""
    spawns = spawns_for(ruleset, seed)
    headings = [spawn.heading for spawn in spawns]
    turns = np.arange(1, plies + 1)[:, None]
    return Replay(
        ruleset=ruleset,
        seed=seed,
        spawns=spawns,
        actions=(np.array(headings) + turns) % 4,
        outcome=Outcome.DRAW,
        causes=(DeathCause.SELF, DeathCause.SELF),
        models=(b"\xff" * 8, b"\xee" * 8),
    )


def unplayed(**changes):
    fields = {
        "ruleset": APEX,
        "seed": None,
        "spawns": spawns_for(APEX, 0),
        "actions": np.zeros((0, 2), dtype=np.uint8),
        "outcome": Outcome.ONGOING,
        "causes": alive(),
        "ending": Ending.ABANDONED,
    }
    return Replay(**(fields | changes))


def sealed(body):
    return body + struct.pack("<I", zlib.crc32(body))


@given(replays())
@settings(max_examples=60, deadline=None)
def test_every_game_survives_the_round_trip(replay):
    data = encode(replay)
    again = decode(data)
    assert (again.actions == replay.actions).all()
    assert (again.ruleset, again.seed, again.spawns) == (
        replay.ruleset,
        replay.seed,
        replay.spawns,
    )
    assert (again.outcome, again.causes, again.ending) == (
        replay.outcome,
        replay.causes,
        replay.ending,
    )
    assert again.models == replay.models
    assert again == replay
    assert encode(again) == data


@pytest.mark.parametrize("ending", Ending)
def test_endings_survive_the_round_trip(ending):
    played = play(ARENA, 3)
    outcomes = {
        Ending.RULES: (played.outcome, played.causes),
        Ending.FORFEIT: (Outcome.SECOND_WINS, alive()),
        Ending.ABANDONED: (Outcome.ONGOING, alive()),
    }
    outcome, causes = outcomes[ending]
    replay = Replay(
        ruleset=ARENA,
        seed=3,
        spawns=played.spawns,
        actions=played.actions,
        outcome=outcome,
        causes=causes,
        ending=ending,
    )
    assert decode(encode(replay)).ending is ending
    assert decode(encode(replay)) == replay


def test_200_plies_take_at_most_120_bytes():
    assert len(encode(circling(200))) <= 120


def test_every_game_fits_the_stated_limits():
    longest = circling(MAX_PLIES_LIMIT, ruleset=Ruleset(max_plies=MAX_PLIES_LIMIT))
    assert len(encode(longest)) == MAX_BYTES - 2, "its second spawn is an image of the first"
    assert len(encode(unplayed())) == MIN_BYTES
    assert decode(encode(longest)) == longest


def test_actions_are_a_read_only_copy():
    given_actions = np.zeros((1, 2), dtype=np.int64)
    spawns = (Spawn(5, 5, Action.UP), Spawn(9, 9, Action.UP))
    replay = unplayed(spawns=spawns, actions=given_actions)
    given_actions[:] = 1
    assert replay.actions.tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        replay.actions[0, 0] = 1


def test_model_prefix_is_the_start_of_the_hash():
    assert model_prefix("ab" * 32) == b"\xab" * 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2**64}, "seed"),
        ({"seed": -1}, "seed"),
        ({"spawns": (Spawn(0, 5, Action.UP), Spawn(9, 9, Action.UP))}, "spawn of seat 0"),
        ({"spawns": (Spawn(5, 5, Action.UP), Spawn(9, 31, Action.UP))}, "spawn of seat 1"),
        ({"spawns": (Spawn(5, 5, Action.UP), Spawn(5, 5, Action.DOWN))}, "both spawns"),
        ({"actions": np.zeros((1, 2))}, "actions are float64"),
        ({"actions": np.zeros((1, 3), dtype=np.uint8)}, "actions are uint8"),
        ({"actions": np.full((1, 2), 4)}, "0 to 3"),
        ({"actions": np.full((1, 2), -1)}, "0 to 3"),
        ({"actions": np.array([[2, 2]])}, "seat 1 reverses at ply 1"),
        ({"actions": np.array([[2, 1], [0, 1]])}, "seat 0 reverses at ply 2"),
        ({"actions": np.tile([[2, 0]], (501, 1))}, "501 plies"),
        ({"models": (b"short", bytes(8))}, "models"),
        ({"ending": Ending.RULES}, "cannot end by RULES"),
        ({"ending": Ending.FORFEIT}, "cannot end by FORFEIT"),
        ({"outcome": Outcome.FIRST_WINS}, "cannot end by ABANDONED"),
        ({"causes": (DeathCause.WALL, DeathCause.NONE)}, "cannot end by ABANDONED"),
        (
            {
                "ending": Ending.RULES,
                "outcome": Outcome.FIRST_WINS,
                "causes": (DeathCause.WALL, DeathCause.NONE),
            },
            "FIRST_WINS with causes WALL and NONE",
        ),
    ],
)
def test_contradictory_fields_are_named(changes, message):
    with pytest.raises(ReplayFormatError, match=message):
        unplayed(**changes)


def any_record(rng):
    """A record of any fields that fit together, whether or not the rules play it so."""
    height, width = (int(side) for side in rng.integers(8, 65, 2))
    spawn = rng.choice(list(SpawnLayout))
    plies = int(rng.integers(0, 250))
    ruleset = Ruleset(height, width, spawn, max_plies=int(rng.integers(max(plies, 1), 65_536)))
    seed = int(rng.integers(0, 2**64, dtype=np.uint64))
    spawns = spawns_for(ruleset, seed)
    if rng.random() < 0.3:
        free = Spawn(int(rng.integers(1, height - 1)), 1, Action(int(rng.integers(4))))
        spawns = (free, Spawn(free.row, 2, Action(int(rng.integers(4)))))
    turns = rng.choice([0, 1, 3], (plies, 2)).astype(np.uint8)
    start = np.array([spawn.heading for spawn in spawns], dtype=np.uint8)
    ends = [
        (Outcome.FIRST_WINS, (DeathCause.NONE, DeathCause.SELF), Ending.RULES),
        (Outcome.SECOND_WINS, (DeathCause.OPPONENT, DeathCause.NONE), Ending.RULES),
        (Outcome.DRAW, (DeathCause.HEAD_ON, DeathCause.HEAD_ON), Ending.RULES),
        (Outcome.TRUNCATED, alive(), Ending.RULES),
        (Outcome.SECOND_WINS, alive(), Ending.FORFEIT),
        (Outcome.ONGOING, alive(), Ending.ABANDONED),
    ]
    outcome, causes, ending = ends[rng.integers(len(ends))]
    return Replay(
        ruleset=ruleset,
        seed=None if rng.random() < 0.3 else seed,
        spawns=spawns,
        actions=(start + np.cumsum(turns, axis=0, dtype=np.uint8)) & 3,
        outcome=outcome,
        causes=causes,
        ending=ending,
        models=(rng.bytes(8), rng.bytes(8)),
    )


def check_records(count, seed):
    """Round trip, one truncation and one flipped bit of ``count`` random records."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        replay = any_record(rng)
        data = encode(replay)
        again = decode(data)
        assert encode(again) == data
        assert (again.actions == replay.actions).all()
        assert (again.ruleset, again.seed, again.spawns, again.outcome) == (
            replay.ruleset,
            replay.seed,
            replay.spawns,
            replay.outcome,
        )
        bit = int(rng.integers(8 * len(data)))
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        for damaged in (data[: int(rng.integers(len(data)))], bytes(flipped)):
            with pytest.raises(ReplayFormatError):
                decode(damaged)


def test_random_records_survive_and_damage_is_noticed():
    check_records(500, seed=1)


@pytest.mark.proof
def test_100_000_random_records_survive_and_damage_is_noticed():
    check_records(100_000, seed=2)


@given(st.binary(max_size=200))
@example(b"")
@example(b"T\x01" + bytes(100))
def test_random_bytes_are_no_replay(data):
    with pytest.raises(ReplayFormatError):
        decode(data)


@given(replays(), st.data())
@settings(max_examples=60, deadline=None)
def test_truncated_and_extended_bytes_are_no_replay(replay, data):
    whole = encode(replay)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ReplayFormatError):
        decode(whole[:cut])
    with pytest.raises(ReplayFormatError):
        decode(whole + data.draw(st.binary(min_size=1, max_size=9)))


def test_every_single_bit_flip_is_noticed():
    whole = encode(play(ARENA, 5))
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ReplayFormatError):
            decode(bytes(damaged))


@given(replays(), st.data())
@settings(max_examples=200, deadline=None)
def test_sealed_hostile_bytes_are_refused_or_mean_one_replay(replay, data):
    """A hostile writer gets the checksum right; what is accepted has exactly one encoding."""
    body = bytearray(encode(replay)[:-4])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(2, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    hostile = sealed(bytes(body[: data.draw(st.sampled_from([len(body), len(body) - 1]))]))
    try:
        accepted = decode(hostile)
    except ReplayFormatError:
        return
    assert encode(accepted) == hostile


@given(st.binary(min_size=MIN_BYTES - 6, max_size=120))
@settings(max_examples=300)
def test_sealed_random_fields_are_refused_or_mean_one_replay(fields):
    hostile = sealed(b"T\x01" + fields)
    try:
        accepted = decode(hostile)
    except ReplayFormatError:
        return
    assert encode(accepted) == hostile


def patched(replay, at, value):
    body = bytearray(encode(replay)[:-4])
    body[at : at + len(value)] = value
    return sealed(bytes(body))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (3, b"\x80", "reserved bits"),
        (4, b"\x07", "height"),
        (6, b"\x00\x00", "max_plies is 0"),
        (8, b"\xff\xff", "reserved bits of a spawn"),
        (8, b"\x00\x00", "spawn of seat 0"),
        (2, b"\x07", "7 is not a valid Outcome"),
        (26, b"\x01\x00", "1 plies take 1"),
    ],
)
def test_each_field_is_checked_behind_a_valid_checksum(at, value, message):
    with pytest.raises(ReplayFormatError, match=message):
        decode(patched(unplayed(), at, value))


def test_second_encodings_are_refused():
    spawns = (Spawn(5, 5, Action.UP), Spawn(9, 9, Action.UP))
    two_spawns = unplayed(spawns=spawns)
    image = Spawn(26, 26, Action.DOWN)
    packed = struct.pack("<H", image.row << 8 | image.col << 2 | image.heading)
    with pytest.raises(ReplayFormatError, match="image"):
        decode(patched(two_spawns, 10, packed))

    one_ply = unplayed(actions=np.array([[2, 0]]))
    assert decode(patched(one_ply, 28, b"\x00")) == one_ply
    with pytest.raises(ReplayFormatError, match="unused digits"):
        decode(patched(one_ply, 28, bytes([9])))
    with pytest.raises(ReplayFormatError, match="above 242"):
        decode(patched(one_ply, 28, bytes([243])))


def test_later_versions_are_named():
    body = bytearray(encode(unplayed())[:-4])
    body[1] = 2
    with pytest.raises(ReplayFormatError, match="format version is 2"):
        decode(sealed(bytes(body)))


def test_hostile_sizes_allocate_little():
    """Announcing 65,535 plies in a short file costs no memory for them."""
    announced = patched(unplayed(), 26, b"\xff\xff")
    decode(encode(unplayed()))
    tracemalloc.start()
    for data in (announced, bytes(MAX_BYTES + 1)):
        with pytest.raises(ReplayFormatError):
            decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_decoding_allocates_a_small_multiple_of_the_input():
    data = encode(circling(MAX_PLIES_LIMIT, ruleset=Ruleset(max_plies=MAX_PLIES_LIMIT)))
    decode(data)
    tracemalloc.start()
    decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * len(data)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("replay_v*.trp")), ids=lambda path: path.stem)
def test_golden_files_decode_for_ever(path):
    """Files of every version are kept; what they mean stands beside them."""
    data = path.read_bytes()
    replay = decode(data)
    meaning = path.with_suffix(".txt").read_text().splitlines()
    assert describe(replay) == meaning
    if path.stem.startswith("replay_v1_"):
        assert encode(replay) == data


def describe(replay):
    view = replay_view(replay, ("first", "second"), ("model", "model"))
    return [
        f"ruleset {replay.ruleset.height}x{replay.ruleset.width} {replay.ruleset.spawn} "
        f"{replay.ruleset.max_plies}",
        f"seed {replay.seed}",
        f"models {replay.models[0].hex()} {replay.models[1].hex()}",
        f"end {view['outcome']} {view['ending']} {' '.join(view['causes'])} {view['headings']}",
        *(f"trail {view['lead_in'][seat]} {view['trails'][seat]}" for seat in (0, 1)),
    ]


def test_golden_files_exist():
    assert list(GOLDEN.glob("replay_v1_*.trp"))
