import dataclasses
import hashlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replays.coding import code_headings
from replays.errors import ReplayFormatError
from replays.format import (
    FORMAT_VERSION,
    MAX_BYTES,
    MIN_BYTES,
    PERSON,
    Ending,
    Replay,
    TakeOver,
    decode,
    encode,
    model_prefix,
)
from replays.turns import pack_turns
from replays.view import replay_view
from tests.replays.games import alive, play, replays
from tron_env.ruleset import APEX, ARENA, MAX_PLIES_LIMIT, Ruleset, SpawnLayout
from tron_env.spawn import spawns_for
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn

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


TWO_SPAWNS = (Spawn(5, 5, Action.UP), Spawn(9, 9, Action.UP))
IMAGE = struct.pack("<H", 26 << 8 | 26 << 2 | Action.DOWN)


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
    """Whatever the turns are: random ones have no shorter code than five to a byte."""
    rng = np.random.default_rng(9)
    circles = circling(200)
    start = np.array(circles.headings)
    for _ in range(20):
        turns = rng.choice([0, 1, 3], (200, 2))
        wild = dataclasses.replace(circles, actions=(start + np.cumsum(turns, axis=0)) % 4)
        assert len(encode(wild)) <= 117
        taken = TakeOver(b"s" * 8, 150, Seat.FIRST)
        ridden_on = dataclasses.replace(wild, models=(PERSON, b"\xee" * 8), takeover=taken)
        assert len(encode(ridden_on)) <= 119
        assert decode(encode(ridden_on)) == ridden_on


def test_every_game_fits_the_stated_limits():
    longest = circling(MAX_PLIES_LIMIT, ruleset=Ruleset(max_plies=MAX_PLIES_LIMIT))
    assert len(encode(longest)) < MAX_BYTES
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
        ({"actions": np.full((1, 2), 4, np.uint8)}, "0 to 3"),
        ({"actions": np.full((1, 2), 256, np.int16)}, "0 to 3"),
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
        models=(PERSON, rng.bytes(8)),
        takeover=None if rng.random() < 0.5 else TakeOver(rng.bytes(8), plies // 2, Seat.FIRST),
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
        assert again == replay
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
@example(b"T\x02" + bytes(100))
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
    hostile = sealed(b"T\x02" + fields)
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
    ("bits", "message"),
    [
        (1 << 23, "reserved bits"),
        (7, "7 is not a valid Outcome"),
        (1 << 19, "none was taken over"),
        (1 << 20, "not the code of 0 plies"),
    ],
)
def test_each_bit_is_checked_behind_a_valid_checksum(bits, message):
    body = bytearray(encode(unplayed())[:-4])
    flags = int.from_bytes(body[2:5], "little")
    flags = flags & ~7 | bits if bits == 7 else flags | bits
    body[2:5] = flags.to_bytes(3, "little")
    with pytest.raises(ReplayFormatError, match=message):
        decode(sealed(bytes(body)))


@pytest.mark.parametrize(
    ("changes", "at", "value", "message"),
    [
        ({}, 5, b"\xff\xff", "reserved bits of a spawn"),
        ({}, 5, b"\x00\x00", "spawn of seat 0"),
        ({}, 7, b"\x01\x00", "1 plies take 1"),
        ({"ruleset": Ruleset(32, 33)}, 5, b"\x07", "height"),
        ({"ruleset": Ruleset(32, 33)}, 6, b"\x20", "standard"),
        ({"ruleset": Ruleset(max_plies=9)}, 5, b"\x00\x00", "max_plies is stored"),
        ({"ruleset": Ruleset(max_plies=9)}, 5, b"\xf4\x01", "max_plies is stored"),
        ({"models": (b"m" * 8, bytes(8))}, 7, bytes(8), "a person is stored"),
        ({"takeover": TakeOver(b"s" * 8, 0, Seat.SECOND)}, 7, b"\x01", "taken over at ply 1 of 0"),
        ({"spawns": TWO_SPAWNS}, 7, IMAGE, "image"),
    ],
)
def test_each_field_is_checked_behind_a_valid_checksum(changes, at, value, message):
    spawns = (Spawn(5, 5, Action.UP), Spawn(26, 26, Action.DOWN))
    with pytest.raises(ReplayFormatError, match=message):
        decode(patched(unplayed(**({"spawns": spawns} | changes)), at, value))


def test_second_encodings_of_turns_are_refused():
    """Packed turns whose code is shorter, and codes that no encoder would write."""
    replay = play(ARENA, 5, careful=1.0)
    data = encode(replay)
    start = len(data) - 4 - len(code_headings(replay.actions, replay.spawns, (32, 32)))
    bits = int.from_bytes(data[2:5], "little")
    head = data[:2] + (bits & ~(1 << 20)).to_bytes(3, "little") + data[5:start]
    packed = pack_turns(replay.actions, replay.headings)
    with pytest.raises(ReplayFormatError, match="their code is shorter"):
        decode(sealed(head + packed))
    with pytest.raises(ReplayFormatError, match="not the code"):
        decode(sealed(data[:-4] + b"\x00"))


def test_later_versions_are_named():
    body = bytearray(encode(unplayed())[:-4])
    body[1] = 3
    with pytest.raises(ReplayFormatError, match="format version is 3"):
        decode(sealed(bytes(body)))


def test_a_take_over_names_the_replay_that_it_goes_on_from():
    source = encode(play(ARENA, 5))
    taken = TakeOver.of(source, 3, Seat.FIRST)
    assert taken.source == hashlib.sha256(source).digest()[:8]
    replay = play(ARENA, 5, models=(PERSON, b"m" * 8))
    with pytest.raises(ReplayFormatError, match="recorded as a model's"):
        dataclasses.replace(replay, takeover=TakeOver.of(source, 3, Seat.SECOND))
    ridden_on = dataclasses.replace(replay, takeover=taken)
    assert decode(encode(ridden_on)).takeover == taken
    assert decode(encode(ridden_on)) != replay


def test_hostile_sizes_allocate_little():
    """Announcing 65,535 plies in a short file costs no memory for them."""
    announced = patched(unplayed(), 7, b"\xff\xff")
    coded = bytearray(announced[:-4] + bytes(90))
    coded[4] |= 1 << 4
    decode(encode(unplayed()))
    tracemalloc.start()
    for data in (announced, sealed(bytes(coded)), bytes(MAX_BYTES + 1)):
        with pytest.raises(ReplayFormatError):
            decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_decoding_allocates_a_small_multiple_of_the_input():
    longest = circling(MAX_PLIES_LIMIT, ruleset=Ruleset(max_plies=MAX_PLIES_LIMIT))
    rng = np.random.default_rng(3)
    turns = rng.choice([0, 1, 3], longest.actions.shape)
    wild = dataclasses.replace(
        longest, actions=(np.array(longest.headings) + np.cumsum(turns, axis=0)) % 4
    )
    # The code of a game like the second is at least an eighth of the packed turns.
    for replay, most in ((wild, 64), (play(ARENA, 5, careful=1.0), 8 * 64)):
        data = encode(replay)
        decode(data)
        tracemalloc.start()
        decode(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < most * len(data) + 20_000, "the board and the counts"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("replay_v*.trp")), ids=lambda path: path.stem)
def test_golden_files_decode_for_ever(path):
    """Files of every version are kept; what they mean stands beside them."""
    data = path.read_bytes()
    replay = decode(data)
    meaning = path.with_suffix(".txt").read_text().splitlines()
    assert describe(replay) == meaning
    if path.stem.startswith(f"replay_v{FORMAT_VERSION}_"):
        assert encode(replay) == data
    else:
        assert decode(encode(replay)) == replay


def describe(replay):
    view = replay_view(replay, ("first", "second"), ("model", "model"))
    return [
        f"ruleset {replay.ruleset.height}x{replay.ruleset.width} {replay.ruleset.spawn} "
        f"{replay.ruleset.max_plies}",
        f"seed {replay.seed}",
        f"models {replay.models[0].hex()} {replay.models[1].hex()}",
        f"end {view['outcome']} {view['ending']} {' '.join(view['causes'])} {view['headings']}",
        *(f"trail {view['lead_in'][seat]} {view['trails'][seat]}" for seat in (0, 1)),
        *([f"taken {replay.takeover}"] if replay.takeover else []),
    ]


def test_golden_files_exist():
    for version in range(1, FORMAT_VERSION + 1):
        assert list(GOLDEN.glob(f"replay_v{version}_*.trp"))


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("replay_v1_*.trp")), ids=lambda path: path.stem)
def test_damage_to_old_versions_is_noticed(path):
    whole = path.read_bytes()
    damaged = [whole[:cut] for cut in range(len(whole))]
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    for data in damaged:
        with pytest.raises(ReplayFormatError):
            decode(data)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (3, b"\x80", "reserved bits"),
        (4, b"\x07", "height"),
        (6, b"\x00\x00", "max_plies is 0"),
        (8, b"\xff\xff", "reserved bits of a spawn"),
        (8, b"\x00\x00", "spawn of seat 0"),
        (2, b"\x07", "7 is not a valid Outcome"),
        (-2, b"\xff\xff", "65535 plies take 26214"),
    ],
)
def test_each_field_of_version_1_is_checked_behind_a_valid_checksum(at, value, message):
    body = bytearray((GOLDEN / "replay_v1_forfeit_at_start.trp").read_bytes()[:-4])
    at %= len(body)
    body[at : at + len(value)] = value
    with pytest.raises(ReplayFormatError, match=message):
        decode(sealed(bytes(body)))
