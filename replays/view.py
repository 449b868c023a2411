"""A replay as plain data: what the JSON form holds and the browser draws."""

from typing import Literal, TypeAlias, TypedDict

from replays.format import Replay
from replays.playback import Playback
from tron_env.types import CellKind, DeathCause, GameState, Seat

RiderKind: TypeAlias = Literal["model", "person"]
Point: TypeAlias = list[int]
"""``[row, col]``."""


class TakeOverView(TypedDict):
    """Where a person went on in place of the rider on ``seat``."""

    ply: int
    seat: int


class ReplayView(TypedDict):
    """One game, ready to draw; lists over riders are in seat order."""

    height: int
    width: int
    names: list[str]
    kinds: list[RiderKind]
    plies: int
    lead_in: list[Point | None]
    """The cell behind each spawn that is trail from the start, or None."""
    trails: list[list[Point]]
    """The cell of each rider at ply 0, 1, ...; a dead rider's list ends at its last cell, so it
    may be one shorter than the other."""
    headings: list[int]
    """Where each rider went last, or died going."""
    causes: list[str]
    """none, wall, self, opponent or head_on."""
    outcome: str
    """ongoing, first_wins, second_wins, draw or truncated."""
    ending: str
    """rules, forfeit or abandoned."""
    takeover: TakeOverView | None


def replay_view(
    replay: Replay, names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> ReplayView:
    """Return what a viewer needs to draw ``replay`` at any ply.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
    """
    playback, taken = Playback(replay), replay.takeover
    start = playback.state(0)
    lasted = [playback.plies + (cause is DeathCause.NONE) for cause in replay.causes]
    return ReplayView(
        height=replay.ruleset.height,
        width=replay.ruleset.width,
        names=list(names),
        kinds=list(kinds),
        plies=playback.plies,
        lead_in=[lead_in(start, seat) for seat in Seat],
        trails=[playback.heads[: lasted[seat], seat].tolist() for seat in Seat],
        headings=[int(heading) for heading in playback.headings(playback.plies)],
        causes=[cause.name.lower() for cause in replay.causes],
        outcome=replay.outcome.name.lower(),
        ending=replay.ending.name.lower(),
        takeover=None if taken is None else TakeOverView(ply=taken.ply, seat=int(taken.seat)),
    )


def lead_in(start: GameState, seat: Seat) -> Point | None:
    """Return the cell behind a spawn that is trail from the start, or None."""
    rows, cols = start.headings[seat].reverse.offset
    row, col = start.heads[seat].row + rows, start.heads[seat].col + cols
    trail = start.cells[row, col] == CellKind.TRAIL_0 + seat
    return [row, col] if trail else None
