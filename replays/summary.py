"""What lists say of a game: the territory pass in a handful of values that a database can keep."""

from dataclasses import dataclass
from typing import Final

from replays.format import decode
from replays.marks import fight_end
from replays.playback import Playback
from replays.report import report_of

ANALYSIS_VERSION: Final = 2
"""Rises when the territory pass says something else of the same game; stored summaries of older
versions are made again."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One game in short."""

    title: str
    tags: tuple[str, ...]
    appeal: float
    """The interest that follows from the game alone; see ``replays.interest``."""
    separation: int | None
    """The first ply from which on the riders could never meet."""
    decided: int | None
    """The first ply from which on the result was proved."""
    lead_changes: int
    territory: tuple[int, int]
    """Cells that each rider reached first at the separation, else at the last ply of the fight."""


def summarise(encoded: bytes, names: tuple[str, str]) -> Summary:
    """Run the territory pass over a game; ``names`` are what its riders are called, by seat.

    Raises:
        ReplayFormatError: ``encoded`` is no replay.
        ReplayDesyncError: the rules play it differently from what it records.
    """
    playback = Playback(decode(encoded))
    told = report_of(playback, names)
    counted = told.analysis.survey
    first, second = counted.territory[fight_end(playback, counted)].tolist()
    return Summary(
        title=told.commentary.title,
        tags=told.commentary.tags,
        appeal=told.interest.score,
        separation=counted.separation,
        decided=told.analysis.decided,
        lead_changes=len(told.analysis.lead_changes),
        territory=(first, second),
    )
