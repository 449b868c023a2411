"""What the JSON interface tells about rounds and replays; ``web.api_miners`` is the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from flask import Response, abort
from msgspec import Meta

from arena.records import GameFilter, GameKind, GameRow, RoundRow
from arena.storage import Storage
from arena.stored_search import MAX_PAGE
from replays.document import ReplayDocument, to_document
from replays.format import decode
from replays.report import AnalysisView
from web import payloads
from web.addresses import MAX_NUMBER
from web.crowns import crowns
from web.endpoints import BINARY, NDJSON
from web.interface import interface
from web.payloads import GameView
from web.services import StatusPayload, services
from web.texts import tell
from web.thumbs import kinds_of
from web.viewer import analysis_of, stored_replay, view_of

Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="How many at most.")]


@dataclass(frozen=True, slots=True)
class DuelPage:
    """Which duels of a round."""

    after: Annotated[
        int, Meta(ge=-1, le=MAX_NUMBER, description="Only later ones of the schedule.")
    ] = -1
    limit: Limit = 100


@dataclass(frozen=True, slots=True)
class GamePage:
    """Which games."""

    kind: Literal["duel", "human"] | None = None
    round: Annotated[int, Meta(ge=1, le=MAX_NUMBER)] | None = None
    name: Annotated[str, Meta(max_length=80, description="Rode in either seat.")] | None = None
    model: (
        Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256; rode in either seat.")]
        | None
    ) = None
    before: (
        Annotated[int, Meta(ge=1, le=MAX_NUMBER, description="Only games with smaller IDs.")] | None
    ) = None
    limit: Limit = 50


@interface.endpoint("GET", "/status", tag="Site", answer=StatusPayload)
def status() -> StatusPayload:
    """Who reigns, which round takes submissions, and how far a running one is."""
    return services().status()


@interface.endpoint("GET", "/rounds", tag="Rounds", answer=payloads.RoundsPayload)
def rounds() -> payloads.RoundsPayload:
    """All rounds, newest first."""
    storage = services().storage
    crowned = _crowned(storage)
    listed = [payloads.round_payload(row, *crowned) for row in storage.rounds()]
    return payloads.RoundsPayload(listed)


@interface.endpoint(
    "GET", "/rounds/<int:number>", tag="Rounds", answer=payloads.RoundPayload, errors=(404,)
)
def round_(number: int) -> payloads.RoundPayload:
    """One round."""
    storage = services().storage
    return payloads.round_payload(_round(storage, number), *_crowned(storage))


@interface.endpoint(
    "GET",
    "/rounds/<int:number>/standings",
    tag="Rounds",
    answer=payloads.StandingsPayload,
    errors=(404,),
)
def standings(number: int) -> payloads.StandingsPayload:
    """A round's entrants, ranked once it is done.

    While a round takes submissions nobody is in its field, so none are shown.
    """
    storage = services().storage
    row = _round(storage, number)
    entries = [payloads.entry_payload(entry) for entry in storage.entries(number)]
    return payloads.StandingsPayload(payloads.round_payload(row, *_crowned(storage)), entries)


@interface.endpoint(
    "GET",
    "/rounds/<int:number>/duels",
    tag="Rounds",
    answer=payloads.DuelsPayload,
    query=DuelPage,
    errors=(404,),
)
def duels(number: int, query: DuelPage) -> payloads.DuelsPayload:
    """A round's duels in the order of its schedule, a page at a time."""
    storage = services().storage
    _round(storage, number)
    found = storage.duel_page(number, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    more = page[-1].number if len(found) > query.limit else None
    return payloads.DuelsPayload([payloads.duel_payload(row) for row in page], more)


@interface.endpoint(
    "GET", "/rounds/<int:number>/games.ndjson", tag="Rounds", media=NDJSON, errors=(404,)
)
def round_games(number: int) -> Response:
    """All of a round's games with their moves, one JSON object a line, as they were stored.

    A line holds `game`, as in a page of games, and `replay`, which `tron replay import` reads.
    """
    storage = services().storage
    _round(storage, number)
    response = Response(_lines(storage, number), mimetype=NDJSON)
    response.headers["Content-Disposition"] = f'attachment; filename="round-{number}.ndjson"'
    return response


@interface.endpoint(
    "GET", "/duels/<int:duel_id>", tag="Rounds", answer=payloads.DuelGamesPayload, errors=(404,)
)
def duel(duel_id: int) -> payloads.DuelGamesPayload:
    """One duel and its games."""
    storage = services().storage
    row = storage.duel(duel_id)
    if row is None:
        abort(404, tell("error.no_duel", duel=duel_id))
    games = [payloads.game_payload(game) for game in storage.games(duel_id)]
    return payloads.DuelGamesPayload(payloads.duel_payload(row), games)


@interface.endpoint("GET", "/champions", tag="Rounds", answer=payloads.ChampionsPayload)
def champions() -> payloads.ChampionsPayload:
    """The champions and light champions of every finished round, newest first."""
    storage = services().storage
    now = crowns(storage)
    lines = (now.champions, now.light_champions)
    return payloads.ChampionsPayload(
        *([payloads.champion_payload(row) for row in line] for line in lines)
    )


@interface.endpoint("GET", "/replays", tag="Replays", answer=payloads.GamesPayload, query=GamePage)
def replays(query: GamePage) -> payloads.GamesPayload:
    """Stored games without their moves, newest first, a page at a time."""
    filters = GameFilter(
        kind=GameKind(query.kind) if query.kind else None,
        round=query.round,
        name=query.name,
        sha256=query.model,
    )
    storage = services().storage
    before = None if query.before is None else str(query.before)
    page = storage.find_games(filters, after=before, limit=query.limit)
    more = None if page.after is None else int(page.after)
    return payloads.GamesPayload([payloads.game_payload(found.game) for found in page.games], more)


@interface.endpoint("GET", "/replays/<int:game_id>", tag="Replays", answer=GameView, errors=(404,))
def replay(game_id: int) -> GameView:
    """One stored game, ready to draw."""
    storage = services().storage
    game, _ = _game(storage, game_id)
    return game_view(storage, game)


@interface.endpoint("GET", "/replays/<int:game_id>.trp", tag="Replays", media=BINARY, errors=(404,))
def replay_file(game_id: int) -> Response:
    """One stored game in the binary format."""
    _, encoded = _game(services().storage, game_id)
    response = Response(encoded, mimetype=BINARY)
    response.headers["Content-Disposition"] = f'attachment; filename="{game_id}.trp"'
    return response


@interface.endpoint(
    "GET", "/replays/<int:game_id>.json", tag="Replays", answer=ReplayDocument, errors=(404,)
)
def replay_document(game_id: int) -> ReplayDocument:
    """One stored game in the JSON form, which `tron replay import` reads."""
    game, encoded = _game(services().storage, game_id)
    return to_document(decode(encoded), game.names)


@interface.endpoint(
    "GET",
    "/replays/<int:game_id>/analysis",
    tag="Replays",
    answer=AnalysisView,
    errors=(404,),
)
def replay_analysis(game_id: int) -> AnalysisView:
    """What decided one stored game: marks, graphs by ply, and sentences with their facts."""
    game, encoded = _game(services().storage, game_id)
    return analysis_of(encoded, game.names)


def game_view(storage: Storage, game: GameRow) -> GameView:
    """Return a stored game as its viewer needs it; raises as ``stored_replay`` and ``view_of``."""
    reasons = [reason for reason in game.reasons if reason]
    return {
        **view_of(stored_replay(storage, game), game.names, kinds_of(game)),
        "id": game.id,
        "title": tell("game.against", first=game.names[0], second=game.names[1]),
        "duel": game.duel_id,
        "round": game.round,
        "number": game.number,
        "reason": "; ".join(reasons) or None,
        "played_at": game.played_at.isoformat(),
    }


def _round(storage: Storage, number: int) -> RoundRow:
    row = storage.round(number)
    if row is None:
        abort(404, tell("error.no_round", round=number))
    return row


def _game(storage: Storage, game_id: int) -> tuple[GameRow, bytes]:
    game, encoded = storage.game(game_id), storage.replay(game_id)
    if game is None or encoded is None:
        abort(404, tell("error.no_replay", replay=game_id))
    return game, encoded


def _crowned(storage: Storage) -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of champions and light champions by round."""
    now = crowns(storage)
    lines = (now.champions, now.light_champions)
    first, second = ({row.round: row.name for row in line} for line in lines)
    return first, second


def _lines(storage: Storage, number: int) -> Iterator[bytes]:
    """Yield a round's games, oldest first, a page of the database at a time."""
    after = -1
    while page := storage.duel_page(number, after=after, limit=MAX_PAGE):
        for game, encoded in storage.recorded([row.id for row in page]):
            moves = to_document(decode(encoded), game.names)
            line = payloads.GameLine(payloads.game_payload(game), moves)
            yield msgspec.json.encode(line) + b"\n"
        after = page[-1].number
