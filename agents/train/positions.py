"""Positions labelled by a teacher: what it would play there, and how the game ended.

Games are played in lockstep, each from a start of its own and some random plies. Then every rider
follows one of several riders, the teacher among them, and on every ply the teacher is asked about
each rider that has a choice. So a student meets its own mistakes with the teacher's answer beside
them: Ross, Gordon and Bagnell (2011), "A reduction of imitation learning and structured prediction
to no-regret online learning" (DAgger).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agents.policy import select_actions
from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.ruleset import Ruleset
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    BoolArray,
    Float32Array,
    IntArray,
    Outcome,
    SeedArray,
    UInt8Array,
)

LANES: Final = 64
"""Games in lockstep."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Labelled positions, each seen from the rider to move.

    Raises:
        ValueError: the arrays do not fit together.
    """

    packed: UInt8Array
    """``(n, 5 * height * width / 8)``, the observation's bits."""
    masks: BoolArray
    """``(n, 4)``, the accepted actions, two or more a row."""
    actions: UInt8Array
    """``(n,)``, the teacher's."""
    returns: Float32Array
    """``(n,)``, how the game ended for the rider, -1 to 1, discounted by the plies until then."""

    def __post_init__(self) -> None:
        lengths = {len(self.packed), len(self.masks), len(self.actions), len(self.returns)}
        if len(lengths) != 1:
            raise ValueError(f"arrays of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.actions)

    def observations(self, rows: IntArray, side: int) -> UInt8Array:
        """Return uint8 ``(k, 5, side, side)`` for chosen rows."""
        return np.unpackbits(self.packed[rows], axis=1).reshape(-1, PLANES, side, side)

    def save(self, path: Path) -> None:
        """Write ``path`` whole or not at all."""
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                packed=self.packed,
                masks=self.masks,
                actions=self.actions,
                returns=self.returns,
            )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Positions":
        """Return what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["packed"], stored["masks"], stored["actions"], stored["returns"])


def joined(parts: Sequence[Positions]) -> Positions:
    """Return one or more sets of positions as one."""
    return Positions(
        np.concatenate([part.packed for part in parts]),
        np.concatenate([part.masks for part in parts]),
        np.concatenate([part.actions for part in parts]),
        np.concatenate([part.returns for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """How games are played for labelling."""

    count: int
    """Positions wanted, at least; games begun are played to their end."""
    opening_plies: int
    """Each game begins with 0 to this many random plies of both riders."""
    wild_share: float
    """Share of later plies on which a rider plays at random instead, 0 to 1."""
    gamma: float
    """Discount of an outcome a ply."""


class _Game:
    """What is known so far about one lane."""

    def __init__(self, opening: int, riders: tuple[int, int]) -> None:
        self.opening = opening
        self.riders = riders
        self.rows: list[tuple[int, int, UInt8Array, BoolArray, int]] = []
        """Ply, seat, packed observation, mask and label."""


class _Player:
    def __init__(
        self,
        teacher: Agent,
        riders: Sequence[Agent],
        plan: Plan,
        ruleset: Ruleset,
        generator: np.random.Generator,
    ) -> None:
        self.teacher, self.riders, self.plan, self.generator = teacher, riders, plan, generator
        self.engine = BatchEngine(ruleset, LANES)
        self.games = [self._start(lane) for lane in range(LANES)]

    def _start(self, lane: int) -> _Game:
        draw = self.generator
        seeds: SeedArray = draw.integers(0, 2**64, size=(1,), dtype=np.uint64)
        self.engine.reset([lane], seeds)
        first, second = draw.integers(0, len(self.riders), size=SEATS).tolist()
        return _Game(int(draw.integers(0, self.plan.opening_plies + 1)), (first, second))

    def ply(self) -> bool:
        """Label and play one ply of every lane; return whether a game has ended."""
        engine = self.engine
        lanes = np.repeat(np.arange(LANES, dtype=np.intp), SEATS)
        seats = np.tile(np.arange(SEATS, dtype=np.intp), LANES)
        opened = np.array([engine.plies[k] >= game.opening for k, game in enumerate(self.games)])
        masks = engine.masks[lanes, seats]
        asked = np.flatnonzero(opened[lanes] & (masks.sum(axis=1) >= 2))
        labels = np.zeros(len(lanes), dtype=np.uint8)
        if asked.size:
            labels[asked] = self.teacher.act(engine, lanes[asked], seats[asked])
        self._keep(lanes, seats, asked, labels)
        engine.step(self._choose(lanes, seats, masks, opened, asked, labels))
        return bool((engine.outcomes != Outcome.ONGOING).any())

    def _keep(self, lanes: IntArray, seats: IntArray, asked: IntArray, labels: UInt8Array) -> None:
        engine = self.engine
        seen = engine.planes[lanes[asked], seats[asked]].reshape(len(asked), -1)
        packed = np.packbits(seen, axis=1)
        for k, place in enumerate(asked.tolist()):
            lane, seat = int(lanes[place]), int(seats[place])
            row = (
                int(engine.plies[lane]),
                seat,
                packed[k],
                engine.masks[lane, seat].copy(),
                int(labels[place]),
            )
            self.games[lane].rows.append(row)

    def _choose(
        self,
        lanes: IntArray,
        seats: IntArray,
        masks: BoolArray,
        opened: BoolArray,
        asked: IntArray,
        labels: UInt8Array,
    ) -> UInt8Array:
        engine, draw = self.engine, self.generator
        noise = draw.random((len(lanes), ACTIONS))
        chosen = select_actions(noise, masks, engine.headings[lanes, seats])
        wild = ~opened[lanes] | (draw.random(len(lanes)) < self.plan.wild_share)
        rider_of = np.array([self.games[g].riders[s] for g, s in zip(lanes, seats, strict=True)])
        for number, rider in enumerate(self.riders):
            led = np.flatnonzero((rider_of == number) & ~wild)
            if not led.size:
                continue
            if rider is self.teacher:
                known = np.intersect1d(led, asked)
                chosen[known] = labels[known]
            else:
                chosen[led] = rider.act(engine, lanes[led], seats[led])
        return chosen.reshape(LANES, SEATS)

    def finish(self) -> list[tuple[UInt8Array, BoolArray, int, float]]:
        """Return the rows of the games that ended, and start others in their lanes."""
        engine = self.engine
        rows = []
        for lane in np.flatnonzero(engine.outcomes != Outcome.ONGOING).tolist():
            winner, last = Outcome(engine.outcomes[lane]).winner, int(engine.plies[lane])
            for ply, seat, packed, mask, label in self.games[lane].rows:
                sign = 0.0 if winner is None else 1.0 if winner == seat else -1.0
                rows.append((packed, mask, label, sign * self.plan.gamma ** (last - ply)))
            self.games[lane] = self._start(lane)
        return rows


def play_labelled(
    teacher: Agent,
    riders: Sequence[Agent],
    plan: Plan,
    ruleset: Ruleset,
    generator: np.random.Generator,
    progress: Callable[[int, int], None],
) -> Positions:
    """Play games until ``plan.count`` positions are labelled.

    Args:
        teacher: is asked about every rider that has a choice.
        riders: who rides, drawn evenly for each seat of each game; the teacher itself may be one.
        plan: how.
        ruleset: the game.
        generator: draws starts, openings, riders and random plies.
        progress: is told how many of how many positions there are.
    """
    player = _Player(teacher, riders, plan, ruleset, generator)
    rows: list[tuple[UInt8Array, BoolArray, int, float]] = []
    while len(rows) < plan.count:
        if player.ply():
            rows += player.finish()
            progress(min(len(rows), plan.count), plan.count)
    return Positions(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows], dtype=np.uint8),
        np.array([row[3] for row in rows], dtype=np.float32),
    )
