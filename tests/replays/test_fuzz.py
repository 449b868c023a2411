"""What strangers may send: readers of replays and of JSON neither crash, hang nor take memory."""

import contextlib
import json
import tracemalloc

import numpy as np
import pytest

from replays.errors import ReplayError
from replays.fields import parse_json
from replays.format import decode, encode
from replays.interop import import_games
from tests.replays.apex import apex_duel
from tests.replays.games import play
from tests.replays.test_format import GOLDEN, sealed
from tron_env.ruleset import APEX, ARENA

FIXED = 200_000
"""Bytes beyond the input's multiple: boards, counts, and what errors hold."""


def mutated(rng, data):
    """Bytes with some flipped, cut out, repeated or put in."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(changed) + 1))
        size = int(rng.integers(1, 9))
        match int(rng.integers(4)):
            case 0:
                changed[at : at + size] = rng.bytes(size)
            case 1:
                del changed[at : at + size]
            case 2:
                changed[at:at] = changed[at : at + size] * int(rng.integers(1, 4))
            case _:
                changed[at:at] = rng.bytes(size)
    return bytes(changed)


def peak_of(read, data):
    """Read ``data``, which may be refused by an error of ours alone; return the most memory."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    with contextlib.suppress(ReplayError):
        read(data)
    return tracemalloc.get_traced_memory()[1] - before


def fuzz_decoder(rounds, seed):
    rng = np.random.default_rng(seed)
    corpus = [path.read_bytes() for path in sorted(GOLDEN.glob("*.trp"))]
    corpus += [encode(play(ARENA, number, careful=1.0)) for number in range(8)]
    tracemalloc.start()
    try:
        for number in range(rounds):
            data = mutated(rng, corpus[int(rng.integers(len(corpus)))])
            # Every second one as a hostile writer would, who gets magic and checksum right.
            if number % 2:
                data = sealed(b"T" + bytes([1 + number // 2 % 2]) + data[2:-4])
            assert peak_of(decode, data) <= 512 * len(data) + FIXED
    finally:
        tracemalloc.stop()


def fuzz_importer(rounds, seed):
    rng = np.random.default_rng(seed)
    games = [play(APEX, number, careful=1.0) for number in range(2)]
    corpus = [json.dumps(apex_duel(*games)).encode()]
    corpus += [json.dumps({"type": "tron_replay", "version": 2, "names": ["a"]}).encode()]
    tracemalloc.start()
    try:
        for _ in range(rounds):
            data = mutated(rng, corpus[int(rng.integers(len(corpus)))])
            peak = peak_of(lambda each: import_games(parse_json(each)), data)
            assert peak <= 64 * len(data) + FIXED
    finally:
        tracemalloc.stop()


def test_hostile_replays_cost_little():
    fuzz_decoder(1500, seed=1)


def test_hostile_documents_cost_little():
    fuzz_importer(150, seed=1)


@pytest.mark.proof
def test_100_000_hostile_replays_cost_little():
    fuzz_decoder(100_000, seed=2)


@pytest.mark.proof
def test_10_000_hostile_documents_cost_little():
    fuzz_importer(10_000, seed=2)
