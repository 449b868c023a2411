"""A slow, independent statement of the rules, written from DESIGN.md alone.

Sets and dicts, no arrays but the observation at the end, and nothing of the engine except its
vocabulary (``tron_env.types``). Where kernel and reference disagree, one of them is wrong.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tron_env.types import Action, Cell, DeathCause, Outcome, Seat, Spawn

STEP = {
    Action.UP: (-1, 0),
    Action.RIGHT: (0, 1),
    Action.DOWN: (1, 0),
    Action.LEFT: (0, -1),
}
REVERSE = {
    Action.UP: Action.DOWN,
    Action.DOWN: Action.UP,
    Action.LEFT: Action.RIGHT,
    Action.RIGHT: Action.LEFT,
}
TURNS = {
    Action.UP: (Action.LEFT, Action.UP, Action.RIGHT),
    Action.RIGHT: (Action.UP, Action.RIGHT, Action.DOWN),
    Action.DOWN: (Action.RIGHT, Action.DOWN, Action.LEFT),
    Action.LEFT: (Action.DOWN, Action.LEFT, Action.UP),
}
"""Each heading's three ways on: left, straight, right."""


def beside(cell: Cell, direction: Action) -> Cell:
    rows, cols = STEP[direction]
    return Cell(cell.row + rows, cell.col + cols)


@dataclass
class ReferenceGame:
    """One game: who owns which cell, and where everybody is."""

    height: int
    width: int
    max_plies: int
    heads: dict[Seat, Cell]
    headings: dict[Seat, Action]
    owner: dict[Cell, Seat]
    causes: dict[Seat, DeathCause] = field(
        default_factory=lambda: dict.fromkeys(Seat, DeathCause.NONE)
    )
    ply: int = 0
    outcome: Outcome = Outcome.ONGOING

    @classmethod
    def start(
        cls,
        height: int,
        width: int,
        max_plies: int,
        spawns: tuple[Spawn, Spawn],
        *,
        trail_behind: bool,
    ) -> "ReferenceGame":
        heads = {seat: Cell(spawns[seat].row, spawns[seat].col) for seat in Seat}
        headings = {seat: spawns[seat].heading for seat in Seat}
        game = cls(height, width, max_plies, heads, headings, {heads[s]: s for s in Seat})
        if trail_behind:
            for seat in Seat:
                behind = beside(heads[seat], REVERSE[headings[seat]])
                if game.is_free(behind):
                    game.owner[behind] = seat
        return game

    def copy(self) -> "ReferenceGame":
        return ReferenceGame(
            self.height,
            self.width,
            self.max_plies,
            dict(self.heads),
            dict(self.headings),
            dict(self.owner),
            dict(self.causes),
            self.ply,
            self.outcome,
        )

    def is_wall(self, cell: Cell) -> bool:
        return not (0 < cell.row < self.height - 1 and 0 < cell.col < self.width - 1)

    def is_free(self, cell: Cell) -> bool:
        return not self.is_wall(cell) and cell not in self.owner

    def accepted(self, seat: Seat) -> list[Action]:
        if self.causes[seat] is not DeathCause.NONE:
            return []
        return [
            action
            for action in Action
            if action is not REVERSE[self.headings[seat]]
            and self.is_free(beside(self.heads[seat], action))
        ]

    def play(self, actions: tuple[int, int]) -> None:
        if self.outcome is not Outcome.ONGOING:
            return
        for seat in Seat:
            asked = Action(actions[seat])
            if asked is not REVERSE[self.headings[seat]]:
                self.headings[seat] = asked
        targets = {seat: beside(self.heads[seat], self.headings[seat]) for seat in Seat}
        self.causes = {seat: self._fate(seat, targets) for seat in Seat}
        survivors = [seat for seat in Seat if self.causes[seat] is DeathCause.NONE]
        for seat in survivors:
            self.heads[seat] = targets[seat]
            self.owner[targets[seat]] = seat
        self.ply += 1
        if not survivors:
            self.outcome = Outcome.DRAW
        elif survivors == [Seat.FIRST]:
            self.outcome = Outcome.FIRST_WINS
        elif survivors == [Seat.SECOND]:
            self.outcome = Outcome.SECOND_WINS
        elif self.ply == self.max_plies:
            self.outcome = Outcome.TRUNCATED

    def _fate(self, seat: Seat, targets: dict[Seat, Cell]) -> DeathCause:
        target = targets[seat]
        if self.is_wall(target):
            return DeathCause.WALL
        if target in self.owner:
            return DeathCause.SELF if self.owner[target] is seat else DeathCause.OPPONENT
        if target == targets[seat.other]:
            return DeathCause.HEAD_ON
        return DeathCause.NONE

    def observation(self, seat: Seat) -> NDArray[np.float32]:
        """Return the float32 ``(5, height, width)`` tensor that ``seat`` sees."""
        planes = np.zeros((5, self.height, self.width), dtype=np.float32)
        for row, col in product(range(self.height), range(self.width)):
            cell = Cell(row, col)
            if self.is_wall(cell):
                planes[0][cell] = 1.0
            elif cell in self.owner:
                planes[1 if self.owner[cell] is seat else 2][cell] = 1.0
        for rider in Seat:
            if self.causes[rider] is DeathCause.NONE:
                planes[3 if rider is seat else 4][self.heads[rider]] = 1.0
        return planes


def is_mirrored_start(height: int, width: int, spawns: tuple[Spawn, Spawn]) -> bool:
    """Whether ``spawns`` is a start that the mirrored layout may give."""
    first, second = spawns
    image = Spawn(height - 1 - first.row, width - 1 - first.col, REVERSE[first.heading])
    if second != image:
        return False
    if abs(first.row - second.row) + abs(first.col - second.col) < 6:
        return False
    game = ReferenceGame.start(height, width, 1, spawns, trail_behind=True)
    for seat in Seat:
        if game.is_wall(game.heads[seat]):
            return False
        once = beside(game.heads[seat], game.headings[seat])
        if not (game.is_free(once) and game.is_free(beside(once, game.headings[seat]))):
            return False
    return True


def killers(causes: tuple[DeathCause, DeathCause], seat: Seat) -> set[Seat]:
    """Who killed ``seat``, in Apex's sense."""
    return {
        DeathCause.NONE: set[Seat](),
        DeathCause.WALL: set[Seat](),
        DeathCause.SELF: {seat},
        DeathCause.OPPONENT: {seat.other},
        DeathCause.HEAD_ON: {seat.other},
    }[causes[seat]]


def reference_apex_score(causes: tuple[DeathCause, DeathCause], seat: Seat) -> float:
    """Apex's death-cause score of a finished game, row by row as the design lists it."""
    lives = causes[seat] is DeathCause.NONE
    other_lives = causes[seat.other] is DeathCause.NONE
    killed_other = seat in killers(causes, seat.other)
    killed_by_other = seat.other in killers(causes, seat)
    rows = [
        (killed_other and lives, 1.00),
        (lives and not other_lives, 0.80),
        (killed_other and not lives, 0.40),
        (lives and other_lives, 0.25),
        (killed_by_other and not killed_other, 0.10),
        (True, 0.00),
    ]
    return next(score for fits, score in rows if fits)


def games_by_ply(start: ReferenceGame, depth: int) -> Iterator[Counter[str]]:
    """Count the distinct sequences of effective headings from ``start``, ply by ply.

    Yields:
        For each ply up to ``depth``: how many sequences are then still going on, and how many end
        on that very ply in each way, named by outcome and both causes.
    """
    frontier = [start]
    for _ in range(depth):
        counts: Counter[str] = Counter()
        following = []
        for game in frontier:
            ways = product(TURNS[game.headings[Seat.FIRST]], TURNS[game.headings[Seat.SECOND]])
            for actions in ways:
                after = game.copy()
                after.play(actions)
                counts[
                    ending_name(after.outcome, after.causes[Seat(0)], after.causes[Seat(1)])
                ] += 1
                if after.outcome is Outcome.ONGOING:
                    following.append(after)
        yield counts
        frontier = following


def ending_name(outcome: Outcome, first: DeathCause, second: DeathCause) -> str:
    """Name one way for a game to stand, e.g. ``second_wins wall none``."""
    return f"{outcome.name} {first.name} {second.name}".lower()
