"""Games and points in words."""

from typing import Final

from arena.records import GameKind, GameRow, Result, RoundStatus
from replays.format import Ending
from tron_env.types import DeathCause, Outcome, Seat

SITE: Final = "Train, pit, watch and fight Tron agents: ride against the champion of any round."

ROUND_STATUS: Final = {
    RoundStatus.OPEN: "open for submissions",
    RoundStatus.CLOSED: "about to begin",
    RoundStatus.RUNNING: "being played",
    RoundStatus.DONE: "done",
    RoundStatus.CANCELLED: "cancelled",
}

RESULT_WORDS: Final = {
    Result.WIN: "Won",
    Result.LOSS: "Lost",
    Result.DRAW: "Both died",
    Result.LIMIT: "Ply limit",
    Result.FORFEIT: "Forfeit",
    Result.ABANDONED: "Abandoned",
}

TAG_WORDS: Final = {
    "abandoned": "Abandoned",
    "forfeit": "A forfeit",
    "draw": "A draw",
    "head-on": "A head-on",
    "crash": "A needless crash",
    "cut-off": "A cut-off",
    "self-trap": "Trapped itself",
    "missed-win": "A win given away",
    "gamble": "A head-on gamble",
    "attrition": "A long fill",
    "close": "A close finish",
    "comeback": "A comeback",
    "short": "A short game",
    "long": "A long game",
    "take-over": "A take-over",
}
"""What a search may ask for; the keys are those of ``replays.titles.TAGS``."""

ENDS: Final = {
    "wall": "into the wall",
    "self": "into its own trail",
    "opponent": "into the other's trail",
    "head_on": "head-on",
    "forfeit": "by forfeit",
    "none": "at the ply limit",
}

DEATHS: Final = {
    DeathCause.WALL: "hit the wall",
    DeathCause.SELF: "hit its own trail",
    DeathCause.OPPONENT: "hit the other's trail",
    DeathCause.HEAD_ON: "met head-on",
}


def winner_of(outcome: Outcome, ending: Ending) -> Seat | None:
    """Return who won, if anybody; an abandoned game has no winner."""
    return None if ending is Ending.ABANDONED else outcome.winner


def verdict_of(names: tuple[str, str], outcome: Outcome, ending: Ending, plies: int) -> str:
    """Say how a game ended.

    >>> verdict_of(("a", "b"), Outcome.SECOND_WINS, Ending.RULES, 57)
    'b won in 57 plies'
    """
    winner = winner_of(outcome, ending)
    if ending is Ending.ABANDONED:
        return f"Abandoned after {plies_text(plies)}"
    if winner is not None and ending is Ending.FORFEIT:
        return f"{names[winner]} won by forfeit at ply {plies}"
    if winner is not None:
        return f"{names[winner]} won in {plies_text(plies)}"
    if outcome is Outcome.TRUNCATED:
        return f"Drawn at the limit of {plies_text(plies)}"
    return f"Drawn in {plies_text(plies)}"


def plies_text(plies: int) -> str:
    """Count plies.

    >>> plies_text(1), plies_text(57)
    ('1 ply', '57 plies')
    """
    return f"{plies} {'ply' if plies == 1 else 'plies'}"


def points_text(points: float) -> str:
    """Write points as chess players do.

    >>> points_text(6.5), points_text(0.5), points_text(8.0)
    ('6½', '½', '8')
    """
    whole, half = int(points), points % 1 != 0
    if half:
        return f"{whole or ''}½"
    return str(whole)


def note_of(game: GameRow) -> str:
    """Say in one line what kind of game it was and how long."""
    words = [plies_text(game.plies)]
    if game.ending is Ending.FORFEIT:
        words.append("forfeit")
    if game.ending is Ending.ABANDONED:
        words.append("abandoned")
    elif game.outcome in (Outcome.DRAW, Outcome.TRUNCATED):
        words.append("drawn")
    words.append("live" if game.kind is GameKind.HUMAN else f"round {game.round}")
    return ", ".join(words)


def end_of(game: GameRow, seat: Seat) -> str:
    """Say how one rider ended."""
    cause = game.causes[seat]
    if cause is not DeathCause.NONE:
        return DEATHS[cause]
    if game.ending is Ending.FORFEIT and game.outcome.winner is not seat:
        return game.reasons[seat] or "forfeited"
    if game.ending is Ending.ABANDONED and game.human_seat == seat:
        return "left"
    return "rode on"
