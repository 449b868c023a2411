"""A game's title and tags for lists, from the same marks as its commentary."""

from typing import Final

import numpy as np

from replays.analysis import Analysis
from replays.format import Ending
from replays.marks import Mark, MarkKind, fight_end
from replays.places import place_of
from replays.playback import Playback
from tron_env.types import DeathCause, Outcome, Seat

TAGS: Final = {
    "abandoned": "a person left",
    "forfeit": "a model failed",
    "draw": "nobody won",
    "head-on": "both took one cell",
    "crash": "the loser died with free cells beside it",
    "cut-off": "a rider gained much territory at once, for good",
    "self-trap": "who did not win had shut itself in",
    "missed-win": "a proved win was given away",
    "gamble": "a rider risked a head-on that it could have avoided",
    "attrition": "both filled their halves for 25 plies or more",
    "close": "both had about as much room at the separation",
    "comeback": "the winner had been clearly behind",
    "short": "fewer than 30 plies",
    "long": "300 plies or more",
    "take-over": "a person went on from another replay",
}
"""Every tag that a game can have, and what it means."""


def title_of(
    playback: Playback, analysis: Analysis, marks: dict[MarkKind, Mark], names: tuple[str, str]
) -> str:
    """Return a game's title; ``marks`` are the first of each kind."""
    replay = playback.replay
    winner = replay.outcome.winner
    if replay.ending is Ending.ABANDONED:
        return f"{names[0]} against {names[1]}, abandoned"
    if winner is None:
        if replay.ending is Ending.FORFEIT:
            return f"{names[0]} and {names[1]} both forfeit"
        if replay.outcome is Outcome.TRUNCATED:
            return f"{names[0]} and {names[1]} ride to the limit"
        if replay.causes[0] is DeathCause.HEAD_ON:
            place = between(playback, playback.plies)
            return f"{names[0]} and {names[1]} meet head-on in {place}"
        return f"{names[0]} and {names[1]} fall together"
    best, beaten = names[winner], names[winner.other]
    end, cut_off = marks[MarkKind.END], marks.get(MarkKind.CUT_OFF)
    if replay.ending is Ending.FORFEIT:
        return f"{beaten} forfeits against {best}"
    if _missed(analysis, MarkKind.MISSED_WIN, winner.other):
        return f"{beaten} lets {best} off the hook"
    if end.amount:
        return f"{beaten} crashes against {best}"
    if decisive_trap(playback, analysis) is not None:
        return f"{beaten} shuts itself in against {best}"
    if is_close(analysis):
        return f"{best} outlasts {beaten}"
    if cut_off is not None and cut_off.seat is winner:
        return f"{best} cuts off {beaten}"
    return f"{best} beats {beaten}"


def _missed(analysis: Analysis, kind: MarkKind, seat: Seat) -> bool:
    return any(mark.kind is kind and mark.seat is seat for mark in analysis.marks)


def is_close(analysis: Analysis) -> bool:
    """Tell whether both riders had about as much room when they were separated."""
    ply = analysis.survey.separation
    if ply is None:
        return False
    first, second = analysis.survey.room_high[ply].tolist()
    return bool(abs(first - second) <= 0.05 * (first + second))


def tags_of(playback: Playback, analysis: Analysis, marks: dict[MarkKind, Mark]) -> tuple[str, ...]:
    """Return those of ``TAGS`` that hold; ``marks`` are the first of each kind."""
    replay = playback.replay
    kinds = {mark.kind for mark in analysis.marks}
    end = marks[MarkKind.END]
    given = {
        "abandoned": replay.ending is Ending.ABANDONED,
        "forfeit": replay.ending is Ending.FORFEIT,
        "draw": replay.outcome in {Outcome.DRAW, Outcome.TRUNCATED},
        "head-on": DeathCause.HEAD_ON in replay.causes,
        "crash": bool(end.amount and end.amount > 0),
        "cut-off": MarkKind.CUT_OFF in kinds,
        "self-trap": decisive_trap(playback, analysis) is not None,
        "missed-win": MarkKind.MISSED_WIN in kinds,
        "gamble": MarkKind.HEAD_ON_GAMBLE in kinds,
        "attrition": MarkKind.ATTRITION in kinds,
        "close": is_close(analysis),
        "comeback": comeback_cells(playback, analysis) > 0,
        "short": replay.plies < 30,
        "long": replay.plies >= 300,
        "take-over": replay.takeover is not None,
    }
    return tuple(tag for tag in TAGS if given[tag])


def comeback_cells(playback: Playback, analysis: Analysis) -> int:
    """Return by how many cells the winner was clearly behind at worst, or 0."""
    winner = playback.replay.outcome.winner
    counts = analysis.survey.territory[: fight_end(playback, analysis.survey) + 1]
    if winner is None or not counts.size:
        return 0
    behind = counts[:, winner.other] - counts[:, winner]
    worst = int(np.max(behind))
    return worst if worst >= 0.2 * int(counts[int(np.argmax(behind))].sum()) and worst > 0 else 0


def decisive_trap(playback: Playback, analysis: Analysis) -> Mark | None:
    """Return the self-trap of a rider that did not win and had not lost before it, if any."""
    winner = playback.replay.outcome.winner
    last = playback.plies if analysis.decided is None else analysis.decided
    traps = [mark for mark in analysis.marks if mark.kind is MarkKind.SELF_TRAP]
    return next((mark for mark in traps if mark.seat is not winner and mark.ply <= last), None)


def between(playback: Playback, ply: int) -> str:
    """Return the part of the board half-way between the heads."""
    row, col = playback.heads[ply].mean(axis=0).tolist()
    return place_of(row, col, (playback.replay.ruleset.height, playback.replay.ruleset.width))
