"""Recording of labelled games: a search rides against itself and others, and labels both seats.

Seven games in ten begin with up to 24 plies at random, most of them straight on. Then either both
seats are the teacher's, or each is drawn among the teacher and two others, so that positions come
up that the teacher alone would avoid; and now and then a rider strays, so that mistakes are made
and answered. On every ply the teacher is asked about both riders.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.decisions import FillDecision
from agents.graphs.agent import make_tree
from agents.search import MAX_AMOUNT, Limit, Minimax
from agents.train.errors import GamesFileError, TrainingConfigError
from agents.train.games import ROW, UNLABELLED, LabelledGames, Rider, joined
from tron_env.batch import BatchEngine
from tron_env.ruleset import ARENA
from tron_env.types import SEATS, IntArray, Outcome, SeedArray, UInt8Array

OPENED_SHARE: Final = 0.7
"""Of the games that begin at random."""
MOST_OPENING: Final = 24
"""Plies at random in the beginning."""
TURNING_SHARE: Final = 0.3
"""Of these, on which a rider draws among all accepted actions instead of going on."""
MIXED_SHARE: Final = 0.6
"""Of the games in which others than the teacher may ride."""
MIX: Final = (Rider.TEACHER,) * 4 + (Rider.SHALLOW, Rider.TREE)
"""Drawn from evenly for each seat of such a game."""
STRAYING_SHARE: Final = 0.003
"""Of later plies, on which a rider draws among the accepted actions."""

SHALLOW_DEPTH: Final = 3
TREE: Final = "rounds=4,width=24,hope=4,clash=20000,inner=1200"
TABLE_BITS: Final = 16
"""Of the searches' tables: enough for some thousand nodes, and small enough for the cache."""

MOST_VALUE: Final = 2**31 - 1
"""What a row can hold."""

GAMES_A_BLOCK: Final = 4
"""Games that a process records at once."""
SAVED_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """What is recorded; the same games whatever the number of ``workers``.

    Raises:
        TrainingConfigError: a field is out of range; the message names it.
    """

    games: int
    nodes: int = 6000
    """The teacher's budget a decision: it is ``minimax:nodes=...``."""
    seed: int = 0
    workers: int = 1
    """Processes."""

    def __post_init__(self) -> None:
        for name in ("games", "nodes", "workers"):
            number = getattr(self, name)
            if number < 1:
                raise TrainingConfigError(f"{name} is {number}; allowed are 1 or more")
        if self.nodes > MAX_AMOUNT[Limit.NODES]:
            raise TrainingConfigError(f"nodes is {self.nodes}; allowed are 10**9 at most")
        if not 0 <= self.seed < 2**32:
            raise TrainingConfigError(f"seed is {self.seed}; allowed are 0 to 2**32 - 1")


def record(config: RecordConfig, path: Path, progress: Callable[[int, int], None]) -> None:
    """Record games into ``path``, which once a minute holds all that there are so far.

    Args:
        config: what.
        path: see ``agents.train.games``.
        progress: is told how many of how many games are recorded.

    Raises:
        GamesFileError: ``path`` cannot be written; nothing has been recorded then.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise GamesFileError(f"{path} cannot be written: {error.strerror}") from error
    parts: list[LabelledGames] = []
    saved = time.monotonic()
    done = 0
    for block in _blocks(config):
        parts.append(block)
        done += len(block)
        progress(done, config.games)
        if time.monotonic() - saved > SAVED_EVERY_S:
            joined(parts).save(path)
            saved = time.monotonic()
    joined(parts).save(path)


def _blocks(config: RecordConfig) -> Iterator[LabelledGames]:
    starts = range(0, config.games, GAMES_A_BLOCK)
    blocks = [range(start, min(start + GAMES_A_BLOCK, config.games)) for start in starts]
    arguments = [(config.nodes, config.seed, block) for block in blocks]
    workers = min(config.workers, len(blocks))
    if workers == 1:
        yield from map(_record_block, arguments)
        return
    # Spawned: Numba keeps threads, which do not survive a fork.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_record_block, arguments)


def _record_block(arguments: tuple[int, int, range]) -> LabelledGames:
    nodes, seed, numbers = arguments
    recorder = Recorder(nodes)
    return joined([recorder.play(np.random.default_rng((seed, number))) for number in numbers])


class Recorder:
    """Plays one game after another.

    Args:
        nodes: the teacher's budget a decision.
    """

    def __init__(self, nodes: int) -> None:
        self.teacher = Minimax(Limit.NODES, nodes, table_bits=TABLE_BITS)
        self._shallow = Minimax(Limit.DEPTH, SHALLOW_DEPTH, table_bits=TABLE_BITS)
        self._tree = make_tree(TREE)
        self._fill = FillDecision()
        self._engine = BatchEngine(ARENA, 1)

    def play(self, draw: np.random.Generator) -> LabelledGames:
        """Return one game, drawn from ``draw``; one that ends in its opening is played anew."""
        while True:
            game = self._played(draw)
            if game is not None:
                return game

    def _played(self, draw: np.random.Generator) -> LabelledGames | None:
        engine = self._engine
        seeds: SeedArray = draw.integers(0, 2**63, size=1, dtype=np.uint64)
        engine.reset([0], seeds)
        opening = 0
        if draw.random() < OPENED_SHARE:
            opening = int(draw.integers(0, MOST_OPENING + 1))
        riders = np.zeros(SEATS, dtype=np.intp)
        if draw.random() < MIXED_SHARE:
            riders = np.array(MIX)[draw.integers(0, len(MIX), size=SEATS)]
        heads = engine.heads[0].reshape(1, -1).astype(np.uint8)
        headings = engine.headings[:1].copy()
        rows: list[NDArray[np.void]] = []
        parted = False
        while engine.outcomes[0] == Outcome.ONGOING:
            row = np.zeros((), dtype=ROW)
            row["labels"] = UNLABELLED
            if len(rows) < opening:
                self._open(row, draw)
            elif not self._label(row):
                parted = True
                break
            else:
                self._ride(row, riders, draw)
            rows.append(row)
            engine.step(row["actions"][None])
        if len(rows) <= opening:
            return None
        result = self._fill.longer(engine, 0) if parted else _result(Outcome(engine.outcomes[0]))
        return LabelledGames(
            heads=heads,
            headings=headings,
            plies=np.array([len(rows)], dtype=np.int32),
            result=np.array([result], dtype=np.int8),
            riders=riders.astype(np.uint8)[None],
            rows=np.stack(rows),
        )

    def _open(self, row: NDArray[np.void], draw: np.random.Generator) -> None:
        """Draw the actions of a ply of the opening."""
        row["wild"] = 1
        for seat in range(SEATS):
            heading, accepted = self._engine.headings[0, seat], self._accepted(seat)
            turning = draw.random() < TURNING_SHARE or heading not in accepted
            row["actions"][seat] = draw.choice(accepted) if accepted.size and turning else heading

    def _label(self, row: NDArray[np.void]) -> bool:
        """Ask the teacher about both riders; return whether they can still meet."""
        for seat in range(SEATS):
            thought = self.teacher.think(self._engine, 0, seat)
            if thought.alone:
                return False
            row["actions"][seat] = thought.action
            if thought.depth:
                row["labels"][seat] = thought.action
                row["depths"][seat] = thought.depth
                row["values"][seat] = min(max(thought.value, -MOST_VALUE), MOST_VALUE)
        return True

    def _ride(self, row: NDArray[np.void], riders: IntArray, draw: np.random.Generator) -> None:
        """Let those ride who are not the teacher, and some stray."""
        engine = self._engine
        for seat in range(SEATS):
            accepted = self._accepted(seat)
            if accepted.size >= 2 and riders[seat] != Rider.TEACHER:
                agent = self._shallow if riders[seat] == Rider.SHALLOW else self._tree
                acted: UInt8Array = agent.act(engine, np.array([0]), np.array([seat]))
                row["actions"][seat] = acted[0]
            if accepted.size and draw.random() < STRAYING_SHARE:
                row["actions"][seat] = draw.choice(accepted)
                row["wild"][seat] = 1

    def _accepted(self, seat: int) -> IntArray:
        return np.flatnonzero(self._engine.masks[0, seat])


def _result(outcome: Outcome) -> int:
    return {Outcome.FIRST_WINS: 1, Outcome.SECOND_WINS: -1}.get(outcome, 0)
