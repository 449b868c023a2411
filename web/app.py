"""The application factory: one site over one home folder."""

import logging
import secrets
from collections.abc import Callable
from typing import Final, NoReturn

from flask import Flask, abort, current_app, request, session
from flask.typing import ResponseReturnValue
from flask_socketio import SocketIO
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from arena.confinement import available_layers, lacking_for_strangers
from arena.errors import DatabaseAwayError
from arena.models import ModelStore
from arena.storage import open_storage
from tron_env.ruleset import ARENA
from web.addresses import NumberConverter
from web.config import WebConfig, load_config
from web.council import Council
from web.films import Films
from web.hardening import harden
from web.interface import api
from web.live import LiveGames
from web.lobby import Lobby
from web.logs import start_logging
from web.miner_pages import upload
from web.miners import MinerDesk
from web.operations import operations
from web.opponents import Opponents
from web.page_processes import PageProcesses
from web.pages import pages
from web.people import people
from web.players import Ladder
from web.recorder import Recorder
from web.referee import Referee
from web.reference import reference
from web.services import EXTENSION, Services
from web.sockets import PLAYER, LiveNamespace, make_socketio
from web.spare_time import SpareTime
from web.taking_over import TakeOvers
from web.texts import tell
from web.transport import Transport
from web.watch import watch

logger = logging.getLogger(__name__)

MAX_REQUEST_BYTES: Final = 64 * 1024
"""No page takes more; what takes models has its own limit."""
PLAYER_BYTES: Final = 16
RETRY_SECONDS: Final = 5
"""After which a database that did not answer may be asked again."""


def secret_seed() -> int:
    """Draw the start of a live game."""
    return secrets.randbits(63)


def site() -> Flask:
    """Return the site that the environment describes, for servers that want a factory."""
    config = load_config()
    start_logging(as_json=config.log_json)
    return create_app(config)


def create_app(
    config: WebConfig,
    draw_seed: Callable[[], int] = secret_seed,
    transport_of: Callable[[SocketIO], Transport] = Transport,
) -> Flask:
    """Return the site; its live play runs once ``services.start()`` was called.

    Args:
        config: everything it is told from outside.
        draw_seed: draws the start of each live game.
        transport_of: makes what carries live play's messages.

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
        SESSION_COOKIE_SECURE=config.secure_cookies,
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, *(config.proxies for _ in ("for", "proto", "host"))
        )
    socketio = make_socketio(config.redis_url)
    transport = transport_of(socketio)
    app.url_map.converters["int"] = NumberConverter
    storage = open_storage(config.arena)
    models = ModelStore(config.arena.models)
    opponents = Opponents(storage, models)
    spare_time = SpareTime()
    unstored = config.arena.home / "unstored"
    recorder = Recorder(storage, transport, unstored, opponents.knows, spare_time)
    games = LiveGames(ARENA, config.capacity, config.countdown_slots)
    referee = Referee(
        games,
        transport,
        recorder,
        model_copies=config.model_copies,
    )
    lobby = Lobby(
        referee,
        opponents,
        TakeOvers(storage, opponents),
        recorder.admit,
        transport,
        draw_seed,
        config.capacity,
    )
    app.extensions[EXTENSION] = Services(
        storage=storage,
        opponents=opponents,
        ladder=Ladder(storage),
        referee=referee,
        recorder=recorder,
        lobby=lobby,
        transport=transport,
        spare_time=spare_time,
        council=Council(opponents.council, opponents.load, opponents.says_logits),
        films=Films(config.arena.home),
        miners=MinerDesk(storage, models, config.policy, config.secret_key, _lacking(config)),
        pages=PageProcesses(config),
    )

    app.register_blueprint(pages)
    app.register_blueprint(api)
    app.register_blueprint(reference)
    app.register_blueprint(watch)
    app.register_blueprint(operations)
    app.register_blueprint(people)
    app.register_blueprint(upload)
    app.before_request(_know_player)
    app.register_error_handler(DatabaseAwayError, _busy)
    harden(app)
    socketio.init_app(app)
    # Its own middleware answers there. Known to Flask too, since it gives every event a request:
    # refusing each with an exception would leave a ring of frames to the garbage collector.
    for websocket in (False, True):
        app.url_map.add(Rule("/socket.io/", endpoint="socket.io", websocket=websocket))
    app.view_functions["socket.io"] = _not_here
    transport.use()
    socketio.on_namespace(LiveNamespace(lobby, transport, recorder.check_door))
    return app


def _lacking(config: WebConfig) -> str:
    return "" if config.accept_unsandboxed else lacking_for_strangers(available_layers())


def _not_here() -> NoReturn:
    """Answer what the middleware does not take for its own, such as ``//socket.io/``."""
    abort(404)


def _busy(error: DatabaseAwayError) -> ResponseReturnValue:
    """Say that the database does not answer as whoever asked is used to, as a page or as JSON."""
    logger.warning("%s could not be answered: %s", request.path, error)
    told = ServiceUnavailable(tell("error.about_503"), retry_after=RETRY_SECONDS)
    return current_app.handle_http_exception(told)


def _know_player() -> None:
    """Give every visitor of a page a token, which tells first tries from later ones."""
    if request.blueprint == pages.name and PLAYER not in session:
        session[PLAYER] = secrets.token_hex(PLAYER_BYTES)
        session.permanent = True
