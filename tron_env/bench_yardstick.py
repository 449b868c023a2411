"""The same game in plain Python and NumPy, as the yardstick that the engine is measured against.

Written to be clear and without waste, the way an environment is usually written: one object a game,
heads and headings in Python, the board and the observations in arrays. ``PlainGame`` builds what a
rider sees from the board when it is asked for; ``PatchedGame`` keeps it and writes what changed,
the fastest that one game at a time was found to go without compiling anything.
"""

from typing import Any, Final

import numpy as np

from tron_env.ruleset import Ruleset, SpawnLayout
from tron_env.spawn import spawns_for
from tron_env.types import PLANES, SEATS, BoolArray, Float32Array, UInt8Array

EMPTY, WALL, TRAIL = 0, 1, 2
NOBODY, BY_WALL, BY_SELF, BY_OPPONENT, HEAD_ON = range(5)
ONGOING, FIRST_WINS, SECOND_WINS, DRAW, TRUNCATED = range(5)
STEPS: Final = ((-1, 0), (0, 1), (1, 0), (0, -1))
REVERSE: Final = (2, 3, 0, 1)


class PlainGame:
    """One game; ``step`` plays a ply, ``observation`` and ``mask`` tell what a rider has."""

    def __init__(self, ruleset: Ruleset, seed: int) -> None:
        """Start the game that ``seed`` names."""
        self.ruleset = ruleset
        self.ply = 0
        self.outcome = ONGOING
        self.causes = [NOBODY, NOBODY]
        self.cells: UInt8Array = np.full((ruleset.height, ruleset.width), WALL, np.uint8)
        self.cells[1:-1, 1:-1] = EMPTY
        spawns = spawns_for(ruleset, seed)
        self.heads = [(spawn.row, spawn.col) for spawn in spawns]
        self.headings = [int(spawn.heading) for spawn in spawns]
        for seat in range(SEATS):
            self.cells[self.heads[seat]] = TRAIL + seat
        if ruleset.spawn is SpawnLayout.MIRRORED:
            for seat in range(SEATS):
                behind = self._beside(seat, REVERSE[self.headings[seat]])
                if self.cells[behind] == EMPTY:
                    self.cells[behind] = TRAIL + seat

    def step(self, actions: tuple[int, int]) -> None:
        """Play one ply."""
        if self.outcome != ONGOING:
            return
        for seat in range(SEATS):
            if actions[seat] != REVERSE[self.headings[seat]]:
                self.headings[seat] = actions[seat]
        targets = [self._beside(seat, self.headings[seat]) for seat in range(SEATS)]
        kinds = [self.cells[target] for target in targets]
        self.ply += 1
        if targets[0] == targets[1] and kinds[0] == EMPTY:
            self.causes = [HEAD_ON, HEAD_ON]
        else:
            self.causes = [self._cause(seat, kinds[seat]) for seat in range(SEATS)]
        for seat in range(SEATS):
            if self.causes[seat] == NOBODY:
                self.cells[targets[seat]] = TRAIL + seat
                self.heads[seat] = targets[seat]
        if any(self.causes):
            self.outcome = DRAW if all(self.causes) else 1 + bool(self.causes[0])
        elif self.ply == self.ruleset.max_plies:
            self.outcome = TRUNCATED

    def observation(self, seat: int) -> UInt8Array:
        """Return the uint8 ``(5, height, width)`` planes of one rider."""
        planes = np.zeros((PLANES, *self.cells.shape), np.uint8)
        np.equal(self.cells, WALL, out=planes[0], casting="unsafe")
        np.equal(self.cells, TRAIL + seat, out=planes[1], casting="unsafe")
        np.equal(self.cells, TRAIL + 1 - seat, out=planes[2], casting="unsafe")
        if self.causes[seat] == NOBODY:
            planes[3][self.heads[seat]] = 1
        if self.causes[1 - seat] == NOBODY:
            planes[4][self.heads[1 - seat]] = 1
        return planes

    def mask(self, seat: int) -> BoolArray:
        """Return the accepted actions of one rider, bool ``(4,)``."""
        if self.causes[seat] != NOBODY:
            return np.zeros(4, np.bool_)
        row, col = self.heads[seat]
        cells = self.cells
        around = (
            cells[row - 1, col],
            cells[row, col + 1],
            cells[row + 1, col],
            cells[row, col - 1],
        )
        mask = np.equal(around, EMPTY)
        mask[REVERSE[self.headings[seat]]] = False
        return mask

    def _beside(self, seat: int, heading: int) -> tuple[int, int]:
        row, col = self.heads[seat]
        rows, cols = STEPS[heading]
        return row + rows, col + cols

    @staticmethod
    def _cause(seat: int, kind: int) -> int:
        if kind == EMPTY:
            return NOBODY
        if kind == WALL:
            return BY_WALL
        return BY_SELF if kind == TRAIL + seat else BY_OPPONENT


class PatchedGame(PlainGame):
    """The same with both riders' planes and masks kept; what changes is written by ``step``."""

    def __init__(self, ruleset: Ruleset, seed: int) -> None:
        """Start the game that ``seed`` names."""
        super().__init__(ruleset, seed)
        observe, mask = super().observation, super().mask
        self.planes: UInt8Array = np.stack([observe(seat) for seat in range(SEATS)])
        self.masks: BoolArray = np.stack([mask(seat) for seat in range(SEATS)])

    def step(self, actions: tuple[int, int]) -> None:
        """Play one ply and patch planes and masks."""
        if self.outcome != ONGOING:
            return
        planes, before = self.planes, list(self.heads)
        super().step(actions)
        for seat, other in ((0, 1), (1, 0)):
            planes[seat, 3][before[seat]] = 0
            planes[other, 4][before[seat]] = 0
            if self.causes[seat] == NOBODY:
                head = self.heads[seat]
                planes[seat, 3][head] = 1
                planes[other, 4][head] = 1
                planes[seat, 1][head] = 1
                planes[other, 2][head] = 1
            self.masks[seat] = super().mask(seat)

    def observation(self, seat: int) -> UInt8Array:
        """Return the planes of one rider; the next ply changes them."""
        planes: UInt8Array = self.planes[seat]
        return planes

    def mask(self, seat: int) -> BoolArray:
        """Return the accepted actions of one rider; the next ply changes them."""
        mask: BoolArray = self.masks[seat]
        return mask


class PlainEnvironment:
    """``TronEnv`` as the yardstick has it: seat 0 learns, the other rides at random."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Prepare; ``reset`` starts a game."""
        self.ruleset = ruleset

    def reset(self, *, seed: int) -> tuple[Float32Array, dict[str, Any]]:
        """Start a game."""
        self.random = np.random.default_rng(seed)
        self.game = PlainGame(self.ruleset, int(self.random.integers(2**63)))
        return self._observation(), self._info()

    def step(self, action: int) -> tuple[Float32Array, float, bool, bool, dict[str, Any]]:
        """Play one ply."""
        game = self.game
        accepted = np.flatnonzero(game.mask(1))
        other = int(self.random.choice(accepted)) if accepted.size else game.headings[1]
        game.step((action, other))
        reward = {FIRST_WINS: 1.0, SECOND_WINS: -1.0}.get(game.outcome, 0.0)
        terminated = game.outcome in (FIRST_WINS, SECOND_WINS, DRAW)
        return self._observation(), reward, terminated, game.outcome == TRUNCATED, self._info()

    def _observation(self) -> Float32Array:
        return self.game.observation(0).astype(np.float32)

    def _info(self) -> dict[str, Any]:
        winner = {FIRST_WINS: 0, SECOND_WINS: 1}.get(self.game.outcome)
        mask = self.game.mask(0).astype(np.int8)
        return {"action_mask": mask, "cause": self.game.causes[0], "winner": winner, "seat": 0}
