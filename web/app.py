"""The application factory: one site over one home folder."""

import secrets
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, abort, jsonify, request, session

from arena.models import ModelStore
from arena.storage import open_storage
from tron_env.ruleset import ARENA
from web.addresses import NumberConverter
from web.api import api
from web.config import WebConfig
from web.council import Council
from web.films import Films
from web.hardening import harden
from web.live import LiveGames
from web.lobby import Lobby
from web.opponents import Opponents
from web.pages import pages
from web.recorder import Recorder
from web.referee import Referee
from web.reference import reference
from web.services import EXTENSION, Services, services
from web.sockets import PLAYER, LiveNamespace, Transport, make_socketio
from web.watch import watch

MAX_REQUEST_BYTES: Final = 64 * 1024
"""No page takes more; uploads of models have their own limit once there are any."""
PLAYER_BYTES: Final = 16


def secret_seed() -> int:
    """Draw the start of a live game."""
    return secrets.randbits(63)


def create_app(config: WebConfig, draw_seed: Callable[[], int] = secret_seed) -> Flask:
    """Return the site; its live play runs once ``services.start()`` was called.

    Args:
        config: everything it is told from outside.
        draw_seed: draws the start of each live game.

    Raises:
        StorageError: the database cannot be opened.
    """
    app = Flask(__name__, template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        SESSION_COOKIE_NAME="tron",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    socketio = make_socketio()
    send = Transport(socketio)
    app.url_map.converters["int"] = NumberConverter
    storage = open_storage(config.arena)
    opponents = Opponents(storage, ModelStore(config.arena.models))
    recorder = Recorder(storage, send, config.capacity)
    games = LiveGames(ARENA, config.capacity, config.countdown_slots)
    referee = Referee(games, send, recorder.finish, recorder.resume)
    lobby = Lobby(referee, opponents, recorder.admit, draw_seed)
    app.extensions[EXTENSION] = Services(
        storage=storage,
        opponents=opponents,
        referee=referee,
        recorder=recorder,
        lobby=lobby,
        council=Council(opponents.council, opponents.load, opponents.says_logits),
        films=Films(config.arena.home),
    )

    app.register_blueprint(pages)
    app.register_blueprint(api)
    app.register_blueprint(reference)
    app.register_blueprint(watch)
    app.before_request(_know_player)
    harden(app)
    app.add_url_rule("/healthz", view_func=_health)
    socketio.init_app(app)
    socketio.on_namespace(LiveNamespace(lobby))
    return app


def _know_player() -> None:
    """Give every visitor of a page a token, which tells first tries from later ones."""
    if request.blueprint == pages.name and PLAYER not in session:
        session[PLAYER] = secrets.token_hex(PLAYER_BYTES)
        session.permanent = True


def _health() -> Response:
    """Answer whether live play and the database work."""
    if not services().referee.alive:
        abort(503, "live play has stopped")
    services().storage.open_round()
    return jsonify({"status": "ok"})
