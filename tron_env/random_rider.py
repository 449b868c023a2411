"""The rider that rides at random, whose actions may be drawn where the ply is played."""

from typing import Final

import numpy as np

from tron_env.batch import BatchEngine
from tron_env.riding import draw_actions
from tron_env.spawn import MIX_1
from tron_env.types import IntArray, UInt8Array


class RandomRider:
    """Any accepted action, each as likely as the others.

    What it draws follows from the game's seed, the ply, the seat and its own seed, and so depends
    neither on other games nor on their order. With seed 0 it rides as ``play_random`` does.

    Attributes:
        name: shown to people.
        key: what its seed becomes in the draws: 64 bits, as a signed number.
    """

    def __init__(self, name: str = "random", seed: int = 0) -> None:
        """Make one of the riders that ``seed``, 0 to 2**64 - 1, tells apart."""
        self.name = name
        # By an odd number, so that no two seeds become one key.
        product = seed * int(MIX_1) % 2**64
        self.key: Final = product - 2**64 * (product >= 2**63)

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        actions: UInt8Array = np.empty(len(games), dtype=np.uint8)
        index, riders = np.ascontiguousarray(games), np.ascontiguousarray(seats)
        draw_actions(*engine.where, index, riders, self.key, actions)
        return actions
