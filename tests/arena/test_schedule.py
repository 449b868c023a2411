from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.schedule import MAX_GROUP, first_seat, game_seeds, round_robin
from tron_env.types import Seat

SEED = "5a" * 32


@given(st.integers(0, 60))
def test_every_pair_meets_exactly_once(entrants):
    duels = round_robin(entrants)
    assert sorted((duel.first, duel.second) for duel in duels) == list(
        combinations(range(entrants), 2)
    )
    assert [duel.number for duel in duels] == list(range(len(duels)))


@given(st.integers(2, 60))
def test_blocks_are_consecutive_and_bounded(entrants):
    blocks = [duel.block for duel in round_robin(entrants)]
    assert blocks == sorted(blocks)
    assert set(blocks) == set(range(max(blocks) + 1))
    assert max(Counter(blocks).values()) <= MAX_GROUP**2


@pytest.mark.parametrize(("entrants", "models", "blocks"), [(100, 16, 91), (400, 32, 325)])
def test_blocks_of_a_large_field_hold_few_models_at_once(entrants, models, blocks):
    members: dict[int, set[int]] = {}
    for duel in round_robin(entrants):
        members.setdefault(duel.block, set()).update((duel.first, duel.second))
    assert max(map(len, members.values())) == models
    assert len(members) == blocks


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_every_start_is_played_from_both_seats(duel, starts):
    seeds = game_seeds(SEED, duel, starts)
    assert [first_seat(number) for number in range(2 * starts)] == [*Seat] * starts
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == len(seeds) / 2 == starts


def test_starts_follow_from_round_and_duel():
    seeds = {
        start
        for seed in (SEED, "00" * 32)
        for duel in range(50)
        for start in game_seeds(seed, duel, 4)
    }
    assert len(seeds) == 2 * 50 * 4
    assert game_seeds(SEED, 3, 6)[:8] == game_seeds(SEED, 3, 4)


@pytest.mark.parametrize(("duel", "start", "seed"), [(0, 0, 0), (7, 1, 0)])
def test_seeds_are_the_documented_hash(duel, start, seed):
    import hashlib

    text = bytes.fromhex(SEED) + duel.to_bytes(4, "little") + start.to_bytes(4, "little")
    expected = int.from_bytes(hashlib.sha256(text).digest()[:8], "little")
    assert game_seeds(SEED, duel, 2)[2 * start] == expected != seed
