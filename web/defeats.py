"""How a submission lost its trial games, shown on its page."""

from typing import Final

from arena.records import SubmissionRow
from arena.storage import Storage
from arena.trial import Trial
from replays.format import decode
from web.offline import loose_row
from web.thumbs import Thumb, small_view
from web.viewer import analysis_of, decisive_ply
from web.words import note_of, winner_of

SHOWN: Final = 4


def defeats(storage: Storage, row: SubmissionRow, trial: Trial) -> tuple[Thumb, ...]:
    """Return lost trial games, the first against each opponent; ``id`` is the game's number.

    Each is shown at the ply that decided it, with a title that says how.
    """
    lost = {game.opponent: game for game in reversed(trial.games) if game.points == 0}
    found = []
    for game in sorted(lost.values(), key=lambda each: each.number)[:SHOWN]:
        encoded = storage.trial(row.id, game.number)
        if encoded is None:
            continue
        names = (row.name, game.opponent) if game.seat == 0 else (game.opponent, row.name)
        told = loose_row(decode(encoded), names)
        analysis = analysis_of(encoded, names)
        found.append(
            Thumb(
                id=game.number,
                names=names,
                winner=winner_of(told.outcome, told.ending),
                note=note_of(told),
                view=small_view(encoded, names, ("model", "model")),
                title=analysis["title"],
                ply=decisive_ply(analysis),
            )
        )
    return tuple(found)
