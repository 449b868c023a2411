"""The engine against the slow reference, compared at every ply."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.games import SCRIPTS, SEEDS, plies, reference_of, rulesets
from tests.reference import ReferenceGame, ending_name, games_by_ply
from tron_env import observation
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.types import Action, Cell, CellKind, DeathCause, Outcome, Seat, Spawn

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "perft.json").read_text())


def assert_same(engine: BatchEngine, reference: ReferenceGame) -> None:
    """Everything the engine shows of its game 0 is what the reference says."""
    state = engine.state(0)
    assert state.ply == reference.ply
    assert state.outcome is reference.outcome
    for seat in Seat:
        assert state.heads[seat] == reference.heads[seat]
        assert state.headings[seat] is reference.headings[seat]
        assert state.causes[seat] is reference.causes[seat]
        assert np.flatnonzero(engine.masks[0, seat]).tolist() == reference.accepted(seat)
        np.testing.assert_array_equal(engine.planes[0, seat], reference.observation(seat))
    assert {
        Cell(*map(int, cell)): Seat(state.cells[tuple(cell)] - CellKind.TRAIL_0)
        for cell in np.argwhere(state.cells >= CellKind.TRAIL_0)
    } == reference.owner


@settings(deadline=None, max_examples=150)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_every_ply_matches_the_reference(ruleset, seed, script):
    engine, reference = BatchEngine(ruleset, 1), reference_of(ruleset, seed)
    engine.reset([0], [seed])
    assert_same(engine, reference)
    for actions in plies(engine, [script]):
        reference.play((actions[0, 0], actions[0, 1]))
        assert_same(engine, reference)
    assert reference.outcome is not Outcome.ONGOING


@settings(deadline=None, max_examples=60)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_planes_kept_up_to_date_equal_planes_from_nothing(ruleset, seed, script):
    engine = BatchEngine(ruleset, 1)
    engine.reset([0], [seed])
    for _ in plies(engine, [script]):
        fresh = np.full_like(engine.planes, 7)
        observation.encode_state(0, engine.cells, engine.heads, engine.causes, fresh)
        np.testing.assert_array_equal(engine.planes, fresh)


@settings(deadline=None, max_examples=30)
@given(ruleset=rulesets(), seed=SEEDS, script=SCRIPTS)
def test_gathered_observations_are_the_planes_as_float32(ruleset, seed, script):
    engine = BatchEngine(ruleset, 3)
    engine.reset([0, 1, 2], [seed, seed ^ 1, seed ^ 2])
    for _ in plies(engine, [script, b"", script[::-1]]):
        pass
    out = np.full((4, 5, ruleset.height, ruleset.width), 9, dtype=np.float32)
    engine.gather(np.array([2, 0, 2]), np.array([1, 0, 0]), out)
    np.testing.assert_array_equal(out[:3], engine.planes[[2, 0, 2], [1, 0, 0]])
    assert (out[3] == 9).all()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
class TestCounts:
    """How many games there are, counted by both, and pinned."""

    def test_reference(self, case):
        spawns = start_of(case)
        start = ReferenceGame.start(
            case["height"], case["width"], case["max_plies"], spawns, trail_behind=True
        )
        assert [dict(counts) for counts in games_by_ply(start, 4)] == case["plies"][:4]

    def test_kernel(self, case):
        depth = len(case["plies"])
        assert [dict(counts) for counts in kernel_counts(case, depth)] == case["plies"]


def start_of(case: dict) -> tuple[Spawn, Spawn]:
    first, second = (Spawn(row, col, Action(heading)) for row, col, heading in case["spawns"])
    return first, second


def kernel_counts(case: dict, depth: int) -> list[Counter[str]]:
    """Play every sequence of turns at once, one game each: game k rides the digits of k."""
    ruleset = Ruleset(case["height"], case["width"], SpawnLayout.MIRRORED, case["max_plies"])
    n = 9**depth
    engine = BatchEngine(ruleset, n)
    for game in range(n):
        engine.reset_to(game, start_of(case))
    index = np.arange(n)
    counted = []
    for ply in range(depth):
        ongoing = engine.outcomes == Outcome.ONGOING
        digit = index // 9 ** (depth - 1 - ply) % 9
        turns = np.stack([digit // 3, digit % 3], axis=1) + 3
        engine.step(((engine.headings + turns) % 4).astype(np.uint8))
        copies = 9 ** (depth - 1 - ply)
        counts: Counter[str] = Counter()
        ways = np.column_stack([engine.outcomes, engine.causes])[ongoing]
        for (outcome, *causes), times in zip(
            *np.unique(ways, axis=0, return_counts=True), strict=True
        ):
            first, second = map(DeathCause, causes)
            counts[ending_name(Outcome(outcome), first, second)] = int(times) // copies
        counted.append(counts)
    return counted
