"""The JSON interface, version 1. Errors are ``{"error": {"code", "message"}}``."""

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, jsonify
from werkzeug.exceptions import HTTPException

from arena.records import EntryRow, GameRow, RoundRow
from arena.storage import Storage
from replays.format import decode
from replays.report import AnalysisView, analysis_view
from replays.view import ReplayView
from web.present import stored_view
from web.services import services

api = Blueprint("api", __name__, url_prefix="/api/v1")


class GameView(ReplayView):
    """A stored game: its replay's view, and what the database knows of it."""

    id: int
    title: str
    duel: int | None
    round: int | None
    number: int | None
    reason: str | None
    """Why a rider forfeited."""
    played_at: str


@api.get("/status")
def status() -> Response:
    """Who reigns, which round takes submissions, and how far a running one is."""
    return jsonify(services().status())


@api.get("/replays/<int:game_id>")
def replay(game_id: int) -> Response:
    """One stored game, ready to draw."""
    storage = services().storage
    game = storage.game(game_id)
    if game is None:
        abort(404, f"there is no replay {game_id}")
    return jsonify(game_view(storage, game))


@api.get("/replays/<int:game_id>.trp")
def replay_file(game_id: int) -> Response:
    """One stored game in the binary format."""
    encoded = services().storage.replay(game_id)
    if encoded is None:
        abort(404, f"there is no replay {game_id}")
    response = Response(encoded, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{game_id}.trp"'
    return response


@api.get("/replays/<int:game_id>/analysis")
def replay_analysis(game_id: int) -> Response:
    """What decided one stored game: marks, graphs by ply, and sentences with their facts."""
    storage = services().storage
    game, encoded = storage.game(game_id), storage.replay(game_id)
    if game is None or encoded is None:
        abort(404, f"there is no replay {game_id}")
    return jsonify(_analyzed(encoded, game.names))


@api.get("/rounds")
def rounds() -> Response:
    """All rounds, newest first."""
    storage = services().storage
    champions = {row.round: row.name for row in storage.champions()}
    listed = [_round(row) | {"champion": champions.get(row.number)} for row in storage.rounds()]
    return jsonify({"rounds": listed})


@api.get("/rounds/<int:number>")
def round_(number: int) -> Response:
    """One round with its entrants (ranked once it is done) and its duels."""
    storage = services().storage
    row = storage.round(number)
    if row is None:
        abort(404, f"there is no round {number}")
    entries = storage.entries(number)
    champion = [entry.name for entry in entries if entry.id == row.champion_entry_id]
    duels = [
        {
            "id": duel.id,
            "names": duel.names,
            "done": duel.done,
            "points": duel.points,
            "games": duel.games,
            "forfeits": duel.forfeits,
        }
        for duel in storage.duels(number)
    ]
    body = {
        "champion": champion[0] if champion else None,
        "entries": [_entry(entry) for entry in entries],
        "duels": duels,
    }
    return jsonify(_round(row) | body)


@api.get("/<path:rest>")
def nothing(rest: str) -> Response:
    """Answer addresses that are not here in JSON too."""
    abort(404, f"there is no /api/v1/{rest}")


@api.errorhandler(HTTPException)
def failed(error: HTTPException) -> tuple[Response, int]:
    """Present an error."""
    code = error.code or 500
    return jsonify({"error": {"code": code, "message": error.description}}), code


def game_view(storage: Storage, game: GameRow) -> GameView:
    """Return a stored game as its viewer needs it; raises as ``stored_view``."""
    reasons = [reason for reason in game.reasons if reason]
    return {
        **stored_view(storage, game),
        "id": game.id,
        "title": f"{game.names[0]} against {game.names[1]}",
        "duel": game.duel_id,
        "round": game.round,
        "number": game.number,
        "reason": "; ".join(reasons) or None,
        "played_at": game.played_at.isoformat(),
    }


@lru_cache(maxsize=256)
def _analyzed(encoded: bytes, names: tuple[str, str]) -> AnalysisView:
    return analysis_view(decode(encoded), names)


def _round(row: RoundRow) -> dict[str, Any]:
    return {
        "round": row.number,
        "status": row.status.value,
        "ruleset": row.ruleset,
        "starts": row.starts,
        "seed": row.seed,
        "seed_sha256": row.seed_sha256,
        "entrants": row.entrants,
        "done": row.duels_done,
        "total": row.duels_total,
        "opened_at": row.opened_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }


def _entry(entry: EntryRow) -> dict[str, Any]:
    standing = entry.standing
    body: dict[str, Any] = {
        "name": entry.name,
        "kind": entry.kind.value,
        "anchor": entry.anchor,
        "sha256": entry.sha256,
    }
    if standing is None:
        return body
    names = ("rank", "points", "games", "wins", "draws", "losses", "forfeits")
    ratings = ("rating", "rating_low", "rating_high", "apex_score")
    return body | {name: getattr(standing, name) for name in names + ratings}
