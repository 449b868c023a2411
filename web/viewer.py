"""What the replay viewer shows of one game."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from arena.errors import StorageError
from arena.records import GameRow
from arena.schedule import first_seat
from arena.storage import Storage
from arena.stored_analyses import Judged
from replays.deep import DeepView
from replays.format import Replay, decode
from replays.report import AnalysisView, analysis_view
from replays.view import ReplayView, RiderKind, replay_view
from tron_env.types import Seat
from web.texts import tell
from web.thumbs import kinds_of
from web.tickets import may_go_on
from web.words import end_of, note_of, verdict_of, winner_of

DOWNLOADS: Final = (
    ("gif", tell("replay.film")),
    ("html", tell("replay.offline")),
    ("json", tell("replay.json")),
    ("trp", tell("replay.binary")),
)


class ToldGame(AnalysisView):
    """A game's analysis with its deep pass, where a search has judged it."""

    deep: DeepView | None
    """Its blunders are among ``marks``."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another game of the same duel, or this one."""

    game: GameRow
    tone: str
    """Whose win it is: the duel's ``first`` entrant, its ``second``, or a ``draw``."""
    text: str
    step: str
    """``next``, ``previous`` or empty."""


@dataclass(frozen=True, slots=True)
class ViewerPage:
    """One game to watch."""

    game: GameRow
    view: ReplayView
    analysis: ToldGame
    winner: Seat | None
    verdict: str
    ends: tuple[str, str]
    """How each rider ended, in words."""
    ply: int
    """The ply that a picture of the game shows."""
    decisive: int | None
    """The ply that decided it, where that is not the end itself."""
    siblings: tuple[Sibling, ...]
    downloads: tuple[tuple[str, str], ...] = DOWNLOADS
    linked: bool = True
    """Whether riders' names lead to their profiles."""
    takeover: bool = False
    """Whether people can ride on from it."""


def viewer_page(storage: Storage, game_id: int, ply: int | None = None) -> ViewerPage | None:
    """Gather a game's viewer, or None where there is no such game.

    Args:
        storage: the arena's.
        game_id: the game.
        ply: where the link leads; the decisive ply where it is None.

    Raises:
        StorageError: the database has lost its replay.
        ReplayError: the stored replay is damaged.
    """
    game = storage.game(game_id)
    if game is None:
        return None
    encoded = stored_replay(storage, game)
    analysis = analysis_of(encoded, game.names)
    first, second = (end_of(game, seat) for seat in Seat)
    return ViewerPage(
        game=game,
        view=view_of(encoded, game.names, kinds_of(game)),
        analysis=_with_deep(analysis, storage.deep(game_id)),
        winner=winner_of(game.outcome, game.ending),
        verdict=verdict_of(game.names, game.outcome, game.ending, game.plies),
        ends=(first, second),
        ply=decisive_ply(analysis) if ply is None else max(0, min(ply, game.plies)),
        decisive=_before_end(analysis, winner_of(game.outcome, game.ending)),
        siblings=_siblings(storage, game),
        takeover=may_go_on(decode(encoded)),
    )


def stored_replay(storage: Storage, game: GameRow) -> bytes:
    """Return a game's encoded replay.

    Raises:
        StorageError: the database has lost it.
    """
    encoded = storage.replay(game.id)
    if encoded is None:
        raise StorageError(f"game {game.id} has lost its replay")
    return encoded


@lru_cache(maxsize=256)
def analysis_of(encoded: bytes, names: tuple[str, str]) -> AnalysisView:
    """Return a game's analysis; it is shared, so callers must not change it.

    Raises:
        ReplayError: the replay is damaged.
    """
    return analysis_view(decode(encoded), names)


@lru_cache(maxsize=256)
def view_of(
    encoded: bytes, names: tuple[str, str], kinds: tuple[RiderKind, RiderKind]
) -> ReplayView:
    """Return a game ready to draw; it is shared, so callers must not change it.

    Raises:
        ReplayError: the replay is damaged.
    """
    return replay_view(decode(encoded), names, kinds)


def loose_page(replay: Replay, names: tuple[str, str], game: GameRow) -> ViewerPage:
    """Gather the viewer of a game that no database holds."""
    kinds = kinds_of(game)
    first, second = (end_of(game, seat) for seat in Seat)
    analysis = analysis_view(replay, names)
    return ViewerPage(
        game=game,
        view=replay_view(replay, names, kinds),
        analysis=_with_deep(analysis, None),
        winner=winner_of(game.outcome, game.ending),
        verdict=verdict_of(names, game.outcome, game.ending, game.plies),
        ends=(first, second),
        ply=decisive_ply(analysis),
        decisive=_before_end(analysis, winner_of(game.outcome, game.ending)),
        siblings=(),
        downloads=(),
        linked=False,
        takeover=False,
    )


def _with_deep(analysis: AnalysisView, judged: Judged | None) -> ToldGame:
    if judged is None:
        return ToldGame(**analysis, deep=None)
    told = ToldGame(**analysis, deep=judged["deep"])
    told["marks"] = sorted([*analysis["marks"], *judged["blunders"]], key=lambda mark: mark["ply"])
    return told


def decisive_ply(analysis: AnalysisView) -> int:
    """Return the ply that shows best what decided a game.

    That from which on it was decided, else the greatest cut-off or trap, else the last one.
    """
    if analysis["decided"] is not None:
        return analysis["decided"]
    telling = ("cut_off", "missed_win", "blunder", "self_trap")
    marks = [mark["ply"] for kind in telling for mark in analysis["marks"] if mark["kind"] == kind]
    return marks[0] if marks else analysis["plies"]


def _before_end(analysis: AnalysisView, winner: Seat | None) -> int | None:
    if winner is None and analysis["decided"] is None:
        return None
    ply = decisive_ply(analysis)
    return ply if ply < analysis["plies"] else None


def _siblings(storage: Storage, game: GameRow) -> tuple[Sibling, ...]:
    if game.duel_id is None:
        return ()
    games = storage.games(game.duel_id)
    here = next(index for index, each in enumerate(games) if each.id == game.id)
    steps = {here - 1: "previous", here + 1: "next"}
    return tuple(
        Sibling(each, _tone(each), _told(each), steps.get(index, ""))
        for index, each in enumerate(games)
    )


def _tone(game: GameRow) -> str:
    winner = winner_of(game.outcome, game.ending)
    if winner is None or game.number is None:
        return "draw"
    return "first" if winner is first_seat(game.number) else "second"


def _told(game: GameRow) -> str:
    winner = winner_of(game.outcome, game.ending)
    if winner is None:
        return tell("game.title_drawn", note=note_of(game))
    return tell("game.title_won", name=game.names[winner], note=note_of(game))
