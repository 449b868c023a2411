"""Who finished where: points, then head-to-head, then rating."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from arena.ratings import ANCHOR_RATING, StartResult, rate
from arena.records import EntryRow, RoundResult, Standing
from arena.schedule import first_seat
from arena.tally import Tally, tally_of, total
from replays.format import Ending
from tron_env.scoring import KILLS, apex_score
from tron_env.types import DeathCause, Outcome

RATING_DIGITS: Final = 6
"""Decimals of a rating, in Elo, that may rank entrants."""
SCORE_DIGITS: Final = 9
"""Decimals of a death-cause score, a mean of hundredths, that may rank entrants."""
OWN_DEATHS: Final = frozenset({DeathCause.WALL, DeathCause.SELF})


def standings(
    entries: Sequence[EntryRow],
    results: Sequence[RoundResult],
    round_seed: str,
    fixed: Mapping[str, float] | None = None,
) -> dict[int, Standing]:
    """Return each entrant's standing by its entry ID, best first.

    Points count per game, as in a Swiss round not all play equally many. Equal ones are decided by
    the points scored among those tied, then by rating, then by the order in which they entered.

    Args:
        entries: the frozen field.
        results: all games, in the order of the schedule.
        round_seed: hexadecimal; draws the intervals' resamples.
        fixed: ratings of anchors by SHA-256, from the rounds before.
    """
    place = {entry.id: index for index, entry in enumerate(entries)}
    pairs: dict[tuple[int, int], list[Tally]] = defaultdict(list)
    scores: list[list[float]] = [[] for _ in entries]
    kills = [0] * len(entries)
    own_deaths = [0] * len(entries)
    starts: list[StartResult] = []
    for _, games in groupby(results, key=lambda result: (result.duel, result.number // 2)):
        both = list(games)
        first, second = (place[entry] for entry in both[0].entries)
        tallies = [_tally(result) for result in both]
        pairs[first, second] += tallies
        pairs[second, first] += [tally.flip() for tally in tallies]
        tally = total(tallies)
        starts.append(StartResult(first, second, tally.points, tally.games - tally.both_lost))
        for result in both:
            for index, score in zip((first, second), _apex_scores(result), strict=True):
                scores[index].append(score)
            seat = first_seat(result.number)
            for index, own in ((first, seat), (second, seat.other)):
                killed_other = result.causes[own.other] in KILLS
                kills[index] += killed_other
                own_deaths[index] += result.causes[own] in OWN_DEATHS and not killed_other
    seed = np.frombuffer(bytes.fromhex(round_seed), dtype=np.uint32)
    anchors = anchor_ratings(entries, fixed or {})
    ratings = rate(starts, len(entries), anchors, np.random.default_rng(seed))

    against = {pair: total(tallies) for pair, tallies in pairs.items()}
    by_entrant: list[list[Tally]] = [[] for _ in entries]
    for (index, _), tally in against.items():
        by_entrant[index].append(tally)
    whole = [total(tallies) for tallies in by_entrant]

    means = [tally.points / tally.games if tally.games else 0.0 for tally in whole]

    def merit(index: int) -> tuple[float, float, float, int]:
        tied = [other for other in range(len(entries)) if means[other] == means[index]]
        mutual = sum(against[index, other].points for other in tied if (index, other) in against)
        # Rounded, so that what the fit leaves in the last digits ranks nobody.
        rating = round(ratings[index].value, RATING_DIGITS)
        return -means[index], -mutual, -rating, entries[index].number

    ordered = sorted(range(len(entries)), key=merit)
    return {
        entries[index].id: Standing(
            rank=rank,
            points=whole[index].points,
            games=whole[index].games,
            wins=whole[index].wins,
            draws=whole[index].draws,
            losses=whole[index].losses + whole[index].both_lost,
            forfeits=whole[index].forfeits,
            rating=ratings[index].value,
            rating_low=ratings[index].low,
            rating_high=ratings[index].high,
            apex_score=float(np.mean(scores[index])) if scores[index] else 0.0,
            kills=kills[index],
            own_deaths=own_deaths[index],
        )
        for rank, index in enumerate(ordered, start=1)
    }


def anchor_ratings(entries: Sequence[EntryRow], fixed: Mapping[str, float]) -> dict[int, float]:
    """Return the fixed ratings of a field's anchors, by their place in it.

    Where none of them is known, all count as ``ANCHOR_RATING``.
    """
    anchors = {place: entry.sha256 for place, entry in enumerate(entries) if entry.anchor}
    known = {place: fixed[sha256] for place, sha256 in anchors.items() if sha256 in fixed}
    return known or dict.fromkeys(anchors, ANCHOR_RATING)


def apex_order(entries: Sequence[EntryRow]) -> tuple[EntryRow, ...]:
    """Return the entrants of a finished round as Apex would rank them.

    By the mean death-cause score, then games won, then kills, then fewer deaths on a wall or the
    own trail without a kill; then by rank. Those without a standing are left out.
    """

    def merit(entry: EntryRow) -> tuple[float, int, int, int, int]:
        standing = entry.standing
        assert standing is not None
        score = round(standing.apex_score, SCORE_DIGITS)
        return -score, -standing.wins, -standing.kills, standing.own_deaths, standing.rank

    return tuple(sorted((entry for entry in entries if entry.standing is not None), key=merit))


def _tally(result: RoundResult) -> Tally:
    return tally_of(result.outcome, result.ending, first_seat(result.number))


def _apex_scores(result: RoundResult) -> tuple[float, float]:
    """Return the scores of the duel's first and second entrant."""
    if result.ending is Ending.FORFEIT and result.outcome is Outcome.DRAW:
        return 0.0, 0.0
    scores = apex_score(result.causes, result.outcome)
    seat = first_seat(result.number)
    return scores[seat], scores[seat.other]
