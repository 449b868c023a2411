"""What a game counts as whose player left it: lost, where the board already proves that."""

from dataclasses import replace

from replays.analysis import forced_outcomes
from replays.playback import Playback
from replays.survey import survey
from tron_env.types import Outcome, Seat
from web.live_types import FinishedGame, LiveEnding
from web.tickets import Ticket, replay_of


def needs_judging(record: FinishedGame) -> bool:
    """Whether a game's record says less than the board may prove."""
    return record.ending is LiveEnding.ABANDONED and record.begun


def judged(ticket: Ticket, record: FinishedGame) -> FinishedGame:
    """Return a game that its player left as lost where best play could not have saved it.

    That is proved where the riders cannot meet any more and the model can ride on for longer than
    the person. A site that closes judges nobody. Takes some milliseconds.
    """
    if not needs_judging(record):
        return record
    playback = Playback(replay_of(ticket, record))
    lost = Outcome.SECOND_WINS if ticket.opening.seat is Seat.FIRST else Outcome.FIRST_WINS
    if forced_outcomes(playback, survey(playback))[-1] is not lost:
        return record
    return replace(record, ending=LiveEnding.CONCEDED, outcome=lost)
