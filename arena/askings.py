"""How often a round asked its models, counted from the replays of its games.

A rider is asked at every ply at which it has an accepted action, together with its other games of
that block. Who answered at the last ply of a forfeited game no replay tells, and a model that fails
in company is asked singly, so what is counted are bounds.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

from arena.divisions import Usage, charged_positions
from arena.records import EntryRow
from replays.format import Ending
from replays.playback import Playback
from tron_env.types import Action, CellKind, GameState, Seat

Asked: TypeAlias = tuple[int, int]
"""The fewest and the most answers that a rider can have given in a game."""


def asked(game: Playback) -> tuple[Asked, Asked]:
    """Return how often each rider of a game between models was asked, by seat."""
    plies = game.plies
    if game.replay.ending is Ending.FORFEIT:
        return (plies, plies + 1), (plies, plies + 1)
    # Whoever is boxed in dies at the next ply, so that can only have been the last.
    last = game.state(max(plies - 1, 0))  # a forged one may have no plies
    first, second = (plies - _is_boxed_in(last, seat) for seat in Seat)
    return (first, first), (second, second)


def _is_boxed_in(state: GameState, seat: Seat) -> bool:
    head = state.heads[seat]
    around = ((head.row + row, head.col + col) for row, col in (each.offset for each in Action))
    return all(state.cells[cell] != CellKind.EMPTY for cell in around)


@dataclass(slots=True)
class Askings:
    """All of a round's, by entry and block."""

    _asked: dict[int, dict[int, list[Asked]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, entry_id: int, block: int, times: Asked) -> None:
        """Count one game of an entrant."""
        self._asked[entry_id][block].append(times)

    def fault_of(self, entry: EntryRow) -> str:
        """Return what of an entrant's usage does not follow from its games; nothing if all does."""
        used, blocks = entry.usage, self._asked[entry.id].values()
        fewest, most = (sum(game[end] for games in blocks for game in games) for end in (0, 1))
        if not fewest <= used.positions <= most:
            return f"{used.positions} positions were answered, and its games have {fewest}"
        dearest = used.positions if entry.alone else sum(map(_most_charged, blocks))
        if not used.positions <= used.charged <= dearest:
            return (
                f"{used.charged} positions are charged; its games have {used.positions}, "
                f"and calls for {dearest}"
            )
        for seconds in (used.cpu_seconds, used.reference_seconds):
            if not (math.isfinite(seconds) and seconds >= 0.0):
                return f"it used {seconds} seconds"
        return ""


def was_measured(entries: list[Usage]) -> bool:
    """Whether a round kept what its models used; the earliest did not."""
    return any(used != Usage() for used in entries)


def _most_charged(games: list[Asked]) -> int:
    """Return what one block charges an entrant that is asked for all of its games at once."""
    ends = Counter(most for _, most in games)
    riding, charged = len(games), 0
    for ply in range(max(ends)):
        riding -= ends[ply]
        charged += charged_positions(riding)
    return charged
