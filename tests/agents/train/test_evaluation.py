import numpy as np
import pytest

from agents.train.evaluation import Score, evaluate
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.types import IntArray, UInt8Array


class Recorder:
    """Goes straight on, and notes where and from which seat it started."""

    name = "recorder"

    def __init__(self) -> None:
        self.started: dict[int, tuple[int, bytes]] = {}

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        for game, seat in zip(games.tolist(), seats.tolist(), strict=True):
            self.started.setdefault(game, (seat, engine.cells[game].tobytes()))
        return engine.headings[games, seats].copy()


def test_every_start_is_played_from_both_seats():
    recorder = Recorder()
    score = evaluate(recorder, make_agent("wall-hugger"), starts=6, seed=4)
    assert score.games == 12
    pairs = [(recorder.started[2 * k], recorder.started[2 * k + 1]) for k in range(6)]
    for (first_seat, first_cells), (second_seat, second_cells) in pairs:
        assert (first_seat, second_seat) == (0, 1)
        assert first_cells == second_cells
    assert len({first[1] for first, _ in pairs}) == 6


def test_scores_mirror_when_the_agents_are_exchanged():
    hugger, wild = make_agent("wall-hugger"), make_agent("random")
    score = evaluate(hugger, wild, starts=25, seed=9)
    mirrored = evaluate(wild, hugger, starts=25, seed=9)
    assert (score.wins, score.draws, score.losses) == (
        mirrored.losses,
        mirrored.draws,
        mirrored.wins,
    )
    assert score.points > 0.8


def test_interval_narrows_with_games_and_contains_the_points():
    few = Score("x", wins=15, draws=2, losses=3)
    many = Score("x", wins=150, draws=20, losses=30)
    assert few.points == many.points == 0.8
    widths = [score.interval[1] - score.interval[0] for score in (few, many)]
    assert widths[1] < widths[0] / 2
    assert few.interval[0] < 0.8 < few.interval[1]
    assert np.isclose(many.interval, (0.711, 0.867), atol=0.001).all()


def test_interval_stays_within_the_possible():
    low, high = Score("x", wins=0, draws=0, losses=4).interval
    assert low == pytest.approx(0.0)
    assert 0 < high < 1
