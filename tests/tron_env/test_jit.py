"""The public kernels: compiled, documented, and the very ones the engine plays by."""

import numpy as np
import pytest
from numba import njit
from numba.core.registry import CPUDispatcher

from tron_env import ARENA, BatchEngine, jit
from tron_env.types import Outcome

FUNCTIONS = [name for name in jit.__all__ if name.islower()]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_is_compiled_and_described_in_place_and_in_the_table(name):
    function = getattr(jit, name)
    assert isinstance(function, CPUDispatcher)
    assert function.__doc__
    assert f"``{name}(" in jit.__doc__


@njit
def ride(cells, heads, headings, causes, plies, outcomes, actions, max_plies):
    for ply in range(actions.shape[0]):
        first, second = actions[ply, 0], actions[ply, 1]
        jit.advance(0, cells, heads, headings, causes, plies, outcomes, first, second, max_plies)


def test_a_loop_of_ones_own_plays_the_engines_games():
    engine = BatchEngine(ARENA, 1)
    for seed in range(5):
        engine.reset([0], [seed])
        own = [
            array.copy()
            for array in (
                engine.cells,
                engine.heads,
                engine.headings,
                engine.causes,
                engine.plies,
                engine.outcomes,
            )
        ]
        actions = []
        while engine.outcomes[0] == Outcome.ONGOING:
            actions.append([int(mask.argmax()) for mask in engine.masks[0]])
            engine.step(np.array(actions[-1:]))
        ride(*own, np.array(actions), ARENA.max_plies)
        np.testing.assert_array_equal(own[0], engine.cells)
        np.testing.assert_array_equal(own[3], engine.causes)
        np.testing.assert_array_equal(own[5], engine.outcomes)
