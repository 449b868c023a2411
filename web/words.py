"""Games, points and records in words."""

from functools import lru_cache
from typing import Final

from arena.records import GameKind, GameRow, HumanRecord, Result, RoundStatus
from replays.format import Ending
from replays.titles import TAGS
from tron_env.types import DeathCause, Outcome, Seat
from web.human import all_tries
from web.texts import tell

ROUND_STATUS: Final = {
    status: tell(f"round_status.{status.name.lower()}") for status in RoundStatus
}
RESULT_WORDS: Final = {result: tell(f"result.{result.name.lower()}") for result in Result}
TAG_WORDS: Final = {tag: tell(f"tag.{tag}") for tag in TAGS}
"""What a search may ask for."""
ENDS: Final = {
    end: tell(f"end.{end}") for end in ("wall", "self", "opponent", "head_on", "forfeit", "none")
}
WON_BY: Final = {end: tell(f"won_by.{end}") for end in ENDS}
"""The same, said of the rider that was beaten."""
DEATHS: Final = {
    cause: tell(f"death.{cause.name.lower()}")
    for cause in DeathCause
    if cause is not DeathCause.NONE
}


RECORDS_KEPT: Final = 256
"""Records that are in words already: a model's is told at each end and each beginning of a game."""
ERRORS: Final = (400, 403, 404, 405, 409, 413, 415, 429, 503)
"""HTTP statuses that have words of their own."""


def error_texts(code: int, said: str) -> tuple[str, str]:
    """Return the title of an error's page, and what happened, was kept and can be done.

    Args:
        code: the HTTP status.
        said: what the view said of it; empty for the usual words.
    """
    kind = str(code) if code in ERRORS else "500" if code >= 500 else "400"
    return tell(f"error.title_{kind}"), said or tell(f"error.about_{kind}")


def winner_of(outcome: Outcome, ending: Ending) -> Seat | None:
    """Return who won, if anybody; an abandoned game has no winner."""
    return None if ending is Ending.ABANDONED else outcome.winner


def verdict_of(names: tuple[str, str], outcome: Outcome, ending: Ending, plies: int) -> str:
    """Say how a game ended.

    >>> verdict_of(("a", "b"), Outcome.SECOND_WINS, Ending.RULES, 57)
    'b won in 57 plies'
    """
    winner = winner_of(outcome, ending)
    length = plies_text(plies)
    if ending is Ending.ABANDONED:
        return tell("game.abandoned_after", plies=length)
    if winner is not None and ending is Ending.FORFEIT:
        return tell("game.won_by_forfeit", name=names[winner], ply=plies)
    if winner is not None:
        return tell("game.won_in", name=names[winner], plies=length)
    if outcome is Outcome.TRUNCATED:
        return tell("game.drawn_at_limit", plies=length)
    return tell("game.drawn_in", plies=length)


def plies_text(plies: int) -> str:
    """Count plies.

    >>> plies_text(1), plies_text(57)
    ('1 ply', '57 plies')
    """
    return tell("game.plies", count=plies)


def points_text(points: float) -> str:
    """Write points as chess players do.

    >>> points_text(6.5), points_text(0.5), points_text(8.0)
    ('6½', '½', '8')
    """
    whole, half = int(points), points % 1 != 0
    if half:
        return f"{whole or ''}½"
    return str(whole)


def cost_text(milliseconds: float) -> str:
    """Write a model's time for a position, with a third decimal where two would leave little.

    >>> cost_text(1.271), cost_text(0.0043)
    ('1.27', '0.004')
    """
    return f"{milliseconds:.{2 if milliseconds >= 0.01 else 3}f}"


def note_of(game: GameRow) -> str:
    """Say in one line what kind of game it was and how long."""
    words = [plies_text(game.plies)]
    if game.ending is Ending.FORFEIT:
        words.append(tell("game.forfeit"))
    if game.ending is Ending.ABANDONED:
        words.append(tell("game.abandoned"))
    elif game.outcome in (Outcome.DRAW, Outcome.TRUNCATED):
        words.append(tell("game.drawn"))
    if game.kind is GameKind.HUMAN:
        words.append(tell("game.live"))
    elif game.round is not None:
        words.append(tell("round.named", round=game.round))
    return ", ".join(words)


def end_of(game: GameRow, seat: Seat) -> str:
    """Say how one rider ended."""
    cause = game.causes[seat]
    if cause is not DeathCause.NONE:
        return DEATHS[cause]
    if game.ending is Ending.FORFEIT and game.outcome.winner is not seat:
        return game.reasons[seat] or tell("game.forfeited")
    if game.ending is Ending.ABANDONED and game.human_seat == seat:
        return tell("game.left")
    return tell("game.rode_on")


@lru_cache(maxsize=RECORDS_KEPT)
def record_text(record: HumanRecord) -> str:
    """Say how people have fared against a model in all.

    >>> record_text(HumanRecord(28, 9, 1, 3, 0, 0, 0))
    'Beaten in 24% (13 to 39) of 38 games by people; 3 more were abandoned'
    >>> record_text(HumanRecord(0, 0, 0, 0, 0, 0, 0))
    'Nobody has finished a game against it yet'
    """
    tried = all_tries(record)
    if not tried.tries:
        return tell("people.untried")
    low, high = tried.interval
    text = tell("people.beaten", percent=tried.percent, low=low, high=high, count=tried.tries)
    if record.abandoned:
        text += tell("people.abandoned", count=record.abandoned)
    return text
