"""The deep pass: what a search thinks of every move before the separation, and the blunders.

The search comes from above as an ``Evaluator``. A search that lets one rider answer the other takes
the mover for worse off than it is, so that a position counts as half the difference of both riders'
views. A move's loss is by how much its rider's value falls from the position before the ply to the
one after it; the other's move is part of that, and a mistake that goes unpunished costs nothing. A
blunder is a loss that a deeper search confirms, with another move as its best.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, Protocol, TypedDict

import numpy as np

from replays.analysis import Analysis
from replays.errors import ReplayExportError
from replays.marks import Mark, MarkKind, fight_end
from replays.playback import Playback
from tron_env.batch import BatchEngine
from tron_env.types import Action, Int16Array, Outcome, Seat

EVALUATOR_GROUP: Final = "tron.evaluators"

DEEP_VERSION: Final = 2
"""Rises when the same evaluators would find something else; stored deep passes of older versions
are made again."""

DEEP: Final = "minimax:nodes=3000"
CONFIRM: Final = "minimax:nodes=30000"
"""SPECs of the evaluators that judge and confirm where nothing else is asked for."""

MOST_CELLS: Final = 300
"""A forced win, and a limit for every value."""

SUSPECT_CELLS: Final = 60
"""A loss that is looked at with the deeper search."""

BLUNDER_CELLS: Final = 45
"""A loss that, confirmed, is a blunder."""

LINE_MOVES: Final = 12
"""Of the better line that a blunder's mark tells, both riders' together."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a search thinks of one position for the rider to move."""

    action: Action
    """Its best move."""
    cells: int
    """How far ahead the rider is, in cells of territory; ``MOST_CELLS`` or more is a forced win."""
    line: tuple[Action, ...] = ()
    """What it expects, from ``action`` on: own moves and the other's answers in turn."""


class Evaluator(Protocol):
    """Judges positions; the same position always alike."""

    def judge(self, engine: BatchEngine, game: int, seat: int) -> Judgement:
        """Judge one unfinished game in which the riders can still meet."""


class EvaluatorFactory(Protocol):
    """Makes an evaluator from the part of its SPEC behind the name ("" when there is none)."""

    def __call__(self, argument: str) -> Evaluator:
        """Raise ``AgentSpecError`` where ``argument`` is malformed."""


@dataclass(frozen=True, slots=True, eq=False)
class DeepAnalysis:
    """The deep pass over one game; ``m`` plies come before the separation or the end."""

    values: Int16Array
    """``(m + 1,)``: how many cells seat 0 is ahead, at most ``MOST_CELLS`` either way."""
    losses: Int16Array
    """``(m, 2)``: what each rider's move cost it."""
    blunders: tuple[Mark, ...]
    """By ply."""


class DeepView(TypedDict):
    """A deep pass as plain data."""

    values: list[int]
    """``[ply]``: how many cells seat 0 is ahead."""
    losses: list[list[int]]
    """``[seat][ply]``: of the move that led from this ply to the next."""


def deep_view(deep: DeepAnalysis) -> DeepView:
    """Return a deep pass, ready for JSON; its blunders are marks like any others."""
    return DeepView(values=deep.values.tolist(), losses=deep.losses.T.tolist())


def make_evaluator(spec: str) -> Evaluator:
    """Return the evaluator that a SPEC such as ``minimax:nodes=500`` names.

    Raises:
        ReplayExportError: no installed package has it.
        AgentSpecError: the argument is malformed.
    """
    name, _, argument = spec.partition(":")
    found = entry_points(group=EVALUATOR_GROUP)
    if name not in found.names:
        known = ", ".join(sorted(found.names)) or "none"
        raise ReplayExportError(f"no evaluator is called {name!r}; installed are: {known}")
    factory: EvaluatorFactory = found[name].load()
    return factory(argument)


def deepen(
    playback: Playback,
    analysis: Analysis,
    evaluator: Evaluator,
    deeper: Evaluator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> DeepAnalysis:
    """Judge every move before the separation.

    Args:
        playback: the game.
        analysis: its territory pass.
        evaluator: judges every position.
        deeper: confirms what looks like a blunder; several times the budget of ``evaluator``.
        progress: told after each ply how many of how many are done.
    """
    end = fight_end(playback, analysis.survey)
    last = min(end + 1, playback.plies) if analysis.survey.separation is None else end
    engine = BatchEngine(playback.replay.ruleset, 1)
    values: Int16Array = np.zeros(last + 1, dtype=np.int16)
    for ply in range(last + 1):
        values[ply] = _judge(playback, analysis, engine, evaluator, ply)[0]
        progress(ply, last)
    falls = values[:-1] - values[1:]
    losses: Int16Array = np.maximum(np.stack([falls, -falls], axis=1), 0)
    blunders = []
    for ply, number in np.argwhere(losses >= SUSPECT_CELLS).tolist():
        seat = Seat(number)
        before, best = _judge(playback, analysis, engine, deeper, ply)
        after, _ = _judge(playback, analysis, engine, deeper, ply + 1)
        loss = before - after if seat is Seat.FIRST else after - before
        found = best[seat]
        if found is None or found.action == playback.replay.actions[ply, seat]:
            continue
        if loss >= BLUNDER_CELLS:
            line = found.line[:LINE_MOVES]
            blunders.append(
                Mark(ply + 1, MarkKind.BLUNDER, seat, amount=loss, better=found.action, line=line)
            )
    return DeepAnalysis(values=values, losses=losses, blunders=tuple(blunders))


_NO_BEST: Final = (None, None)


def _judge(
    playback: Playback, analysis: Analysis, engine: BatchEngine, evaluator: Evaluator, ply: int
) -> tuple[int, tuple[Judgement | None, Judgement | None]]:
    """Return how many cells seat 0 is ahead at one ply, and what both riders' searches found."""
    counted = analysis.survey
    if ply == playback.plies and playback.replay.outcome is not Outcome.ONGOING:
        return _worth(playback.replay.outcome), _NO_BEST
    if counted.separation is not None and ply >= counted.separation:
        forced = analysis.forced[ply]
        if forced is not None:
            return _worth(forced), _NO_BEST
        first, second = (counted.room_low[ply] + counted.room_high[ply]).tolist()
        return _capped((first - second) // 2), _NO_BEST
    engine.reset_to_state(0, playback.state(ply))
    one, other = (evaluator.judge(engine, 0, int(seat)) for seat in Seat)
    cells = (_capped(one.cells) - _capped(other.cells)) / 2
    return round(cells), (one, other)


def _worth(outcome: Outcome) -> int:
    if outcome.winner is None:
        return 0
    return MOST_CELLS if outcome.winner is Seat.FIRST else -MOST_CELLS


def _capped(cells: int) -> int:
    return max(-MOST_CELLS, min(MOST_CELLS, cells))
