"""A model's trial: a few games against the anchors, and where it would have finished.

The starts are always the same, so that a file does the same here as on a server. What the model
uses is measured as in a round, and the trial ends when that is more than it may. The rating is
fitted to what the anchors were rated in a finished round, and its place is the one that rating
would have had there.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.zoo import ShippedModel, baselines
from arena.contestants import ModelContestant
from arena.divisions import Cost, Usage
from arena.duel import DuelPlan, PlayedDuel, play_duels
from arena.estimate import USUAL_PLIES
from arena.estimate import position_ms as expected_ms
from arena.limits import Limits
from arena.ratings import rate_newcomer
from arena.records import EntryRow
from arena.schedule import first_seat, game_seeds
from arena.tally import tally_of
from arena.yardstick import Yardstick
from replays.format import encode
from tron_env.ruleset import ARENA

STARTS: Final = 4
TRIAL_SECONDS: Final = 60.0
"""What games of usual length may take on the reference machine: others wait for their checks."""
PLACED_STARTS: Final = 6
"""Of fewer starts no interval of 95 % follows: five fair coins agree in one of 16 throws."""
SEED: Final = hashlib.sha256(b"trial games").hexdigest()
RESAMPLING_SEED: Final = 20


@dataclass(frozen=True, slots=True)
class TrialGame:
    """One game of a trial; its replay is kept beside."""

    number: int
    opponent: str
    seat: int
    """The seat of the model on trial."""
    points: float
    plies: int
    reason: str | None
    """Why the model forfeited it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where a model would have finished in a round."""

    round: int
    rating: float
    rating_low: float
    rating_high: float
    """The interval is of the model's own games; the anchors' ratings are taken as they are."""
    rank: int
    rank_best: int
    rank_worst: int
    entrants: int
    """Of the round, and this model."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial came to."""

    games: tuple[TrialGame, ...]
    estimate: Estimate | None
    """None where no finished round has rated the anchors that were met in enough starts."""

    @property
    def points(self) -> float:
        """Over all games."""
        return sum(game.points for game in self.games)


@dataclass(frozen=True, slots=True)
class PlayedTrial:
    """A trial, the encoded replays of its games in their order, and what the model used."""

    trial: Trial
    replays: tuple[bytes, ...]
    usage: Usage


class _TooDearError(Exception):
    """The model used more than it may; the rest of the trial is not played."""


def play_trial(
    model: bytes,
    *,
    alone: bool,
    limits: Limits,
    position_ms: float,
    cost: Cost,
    field: Sequence[EntryRow] = (),
    anchors: Sequence[ShippedModel] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PlayedTrial:
    """Play a model's trial; a game that it cannot finish it forfeits.

    It is ended, without games, when it takes more than it may.

    Args:
        model: content of an admitted file.
        alone: whether it is asked for one position at a time.
        limits: what it may use.
        position_ms: what a position may take in the mean, on the reference machine.
        cost: what one took at admission; the dearer, the fewer games are played.
        field: entrants of the round to be compared with, ranked.
        anchors: whom it meets; the baselines by default.
        progress: told games over and games in all.

    Raises:
        ArenaFault: a fault of ours.
    """
    anchors = baselines() if anchors is None else anchors
    starts, met = extent(cost, len(anchors))
    total = 2 * starts * len(met)
    plans = [
        DuelPlan(place, 0, 1 + place, game_seeds(SEED, number, starts))
        for place, number in enumerate(met)
    ]
    anchors = [anchors[number] for number in met]
    with ExitStack() as stack:

        def seated(content: bytes, positions: int, *, singly: bool = False) -> ModelContestant:
            contestant = ModelContestant(content, limits=limits, max_batch=positions, alone=singly)
            return stack.enter_context(contestant)

        contestants = [seated(model, total, singly=alone)]
        contestants += [seated(anchor.path.read_bytes(), 2 * starts) for anchor in anchors]
        yardstick = Yardstick()
        yardstick.measure(batch=True)

        def tell(over: int) -> None:
            used = contestants[0].usage(yardstick.batch_factor)
            if used.exceeds(position_ms, limits.trial_cpu_seconds):
                raise _TooDearError
            if progress is not None:
                progress(over, total)

        try:
            duels = play_duels(ARENA, plans, contestants, tell)
        except _TooDearError:
            usage = contestants[0].usage(yardstick.batch_factor)
            return PlayedTrial(Trial((), None), (), usage)
        yardstick.measure(batch=True)
        usage = contestants[0].usage(yardstick.batch_factor)
    games = [
        _game(len(duel.games) * duel.number + place, anchors[duel.number].name, place, duel)
        for duel in duels
        for place in range(len(duel.games))
    ]
    replays = tuple(encode(game.replay) for duel in duels for game in duel.games)
    return PlayedTrial(Trial(tuple(games), _estimate(duels, anchors, field)), replays, usage)


def extent(cost: Cost, anchors: int) -> tuple[int, tuple[int, ...]]:
    """Return in how many starts a model of this cost meets which of so many anchors.

    It is as much as fits ``TRIAL_SECONDS``: all starts against all, else fewer starts, else one
    against some, spread over all; at least one against one.

    >>> extent(Cost(1.0, 1.0, 1.0), 9)
    (4, (0, 1, 2, 3, 4, 5, 6, 7, 8))
    >>> extent(Cost(30.0, 30.0, 30.0), 9)
    (1, (0, 1, 3, 4, 6, 7))
    """

    def fits(starts: int, met: int) -> bool:
        games = 2 * starts * met
        return games * USUAL_PLIES * expected_ms(cost, games) <= 1000.0 * TRIAL_SECONDS

    starts = next((n for n in range(STARTS, 1, -1) if fits(n, anchors)), 1)
    met = next((n for n in range(anchors, 1, -1) if fits(starts, n)), 1)
    return starts, tuple(place * anchors // met for place in range(met))


def _game(number: int, opponent: str, place: int, duel: PlayedDuel) -> TrialGame:
    played = duel.games[place]
    seat = first_seat(place)
    return TrialGame(
        number=number,
        opponent=opponent,
        seat=int(seat),
        points=tally_of(played.replay.outcome, played.replay.ending, seat).points,
        plies=played.replay.plies,
        reason=played.reasons[seat],
    )


def _estimate(
    duels: Sequence[PlayedDuel], anchors: Sequence[ShippedModel], field: Sequence[EntryRow]
) -> Estimate | None:
    ratings = {entry.sha256: entry.standing.rating for entry in field if entry.standing}
    results = [
        (ratings[anchor.sha256], start.points, start.games - start.both_lost)
        for duel, anchor in zip(duels, anchors, strict=True)
        if anchor.sha256 in ratings
        for start in duel.starts
    ]
    if len(results) < PLACED_STARTS:
        return None
    rating = rate_newcomer(results, np.random.default_rng(RESAMPLING_SEED))
    if rating is None:
        return None
    others = np.array(sorted(ratings.values()))

    def place(value: float) -> int:
        return 1 + int((others > value).sum())

    return Estimate(
        round=field[0].round,
        rating=rating.value,
        rating_low=rating.low,
        rating_high=rating.high,
        rank=place(rating.value),
        rank_best=place(rating.high),
        rank_worst=place(rating.low),
        entrants=1 + len(others),
    )
