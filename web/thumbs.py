"""Games small enough for lists: what a browser needs to draw one, in about a kilobyte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TypedDict

from arena.errors import StorageError
from arena.found_games import FoundGame, GameSummary
from arena.records import GameRow
from arena.storage import Storage
from replays.document import LETTERS
from replays.format import Replay, decode
from replays.view import Point, RiderKind, lead_ins
from tron_env.types import Seat
from web.words import note_of, winner_of


class SmallView(TypedDict):
    """A replay as ``ReplayView`` has it, with moves in place of cells; by seat."""

    height: int
    width: int
    names: list[str]
    kinds: list[RiderKind]
    plies: int
    lead_in: list[Point | None]
    starts: list[Point]
    moves: list[str]
    """Runs of headings, such as ``"U12R3U"``; that of a rider's death is the last one."""
    causes: list[str]
    outcome: str
    ending: str


@dataclass(frozen=True, slots=True)
class Thumb:
    """A game small enough for a list."""

    id: int
    names: tuple[str, str]
    winner: Seat | None
    note: str
    view: SmallView
    title: str = ""
    """What happened, where the game was analysed."""
    ply: int | None = None
    """The decisive one, which the picture shows; the last where it is None."""


def thumbs(storage: Storage, games: Sequence[GameRow]) -> tuple[Thumb, ...]:
    """Return list items for ``games``, in their order.

    Raises:
        StorageError: the database has lost a replay.
        ReplayError: a stored replay is damaged.
    """
    replays = storage.replays([game.id for game in games])
    summaries = storage.summaries([game.id for game in games])
    return _items(games, replays, summaries)


def untitled(storage: Storage, games: Sequence[GameRow]) -> tuple[Thumb, ...]:
    """Return the same without what the analyst says of them; raises as ``thumbs``."""
    return _items(games, storage.replays([game.id for game in games]), {})


def found_thumbs(storage: Storage, found: Sequence[FoundGame]) -> tuple[Thumb, ...]:
    """Return list items for a page of a search; raises as ``thumbs``."""
    replays = storage.replays([each.game.id for each in found])
    summaries = {each.game.id: each.summary for each in found if each.summary is not None}
    return _items([each.game for each in found], replays, summaries)


def _items(
    games: Sequence[GameRow],
    replays: Mapping[int, bytes],
    summaries: Mapping[int, GameSummary],
) -> tuple[Thumb, ...]:
    items = []
    for game in games:
        if game.id not in replays:
            raise StorageError(f"game {game.id} has lost its replay")
        items.append(
            Thumb(
                id=game.id,
                names=game.names,
                winner=winner_of(game.outcome, game.ending),
                note=note_of(game),
                view=small_view(replays[game.id], game.names, kinds_of(game)),
                title=summaries[game.id].title if game.id in summaries else "",
                ply=summaries[game.id].decided if game.id in summaries else None,
            )
        )
    return tuple(items)


def kinds_of(game: GameRow) -> tuple[RiderKind, RiderKind]:
    """Return what rides on each seat."""
    return (
        "person" if game.human_seat is Seat.FIRST else "model",
        "person" if game.human_seat is Seat.SECOND else "model",
    )


@lru_cache(maxsize=2048)
def small_view(
    encoded: bytes, names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> SmallView:
    """Return a stored game ready to draw; it is shared, so callers must not change it.

    Raises:
        ReplayError: the replay is damaged.
    """
    replay = decode(encoded)
    return SmallView(
        height=replay.ruleset.height,
        width=replay.ruleset.width,
        names=list(names),
        kinds=list(kinds),
        plies=replay.plies,
        lead_in=lead_ins(replay),
        starts=[[row, col] for row, col, _ in replay.spawns],
        moves=[_runs(replay, seat) for seat in Seat],
        causes=[cause.name.lower() for cause in replay.causes],
        outcome=replay.outcome.name.lower(),
        ending=replay.ending.name.lower(),
    )


def _runs(replay: Replay, seat: Seat) -> str:
    """Return a rider's headings run by run.

    A run of one has no number.
    """
    if replay.plies == 0:
        return f"{LETTERS[replay.spawns[seat].heading]}0"
    runs = (
        (LETTERS[way], len(list(run))) for way, run in groupby(replay.actions[:, seat].tolist())
    )
    return "".join(way if count == 1 else f"{way}{count}" for way, count in runs)
