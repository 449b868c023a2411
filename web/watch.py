"""What surrounds a replay: its picture, territory, council, downloads and the embedded viewer."""

import json
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response as WerkzeugResponse

from arena.records import GameRow
from arena.stored_analyses import DeepState
from replays.document import to_document
from replays.format import decode
from web.cards import card as draw_card
from web.council import CouncilBusyError
from web.demo import demo_replay
from web.films import RETRY_SECONDS, FilmBusyError
from web.hardening import allow_embedding, check_csrf
from web.offline import replay_html
from web.owners import packed_owners
from web.rates import Rate
from web.services import services
from web.texts import tell
from web.viewer import analysis_of, decisive_ply, stored_replay, viewer_page

watch = Blueprint("watch", __name__)

DAY_SECONDS: Final = 86_400
COUNCIL_RATE: Final = Rate(times=40, seconds=60.0)
DEEP_RATE: Final = Rate(times=10, seconds=600.0)
FILM_RATE: Final = Rate(times=6, seconds=60.0)
MEDIA: Final = {
    "gif": "image/gif",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "trp": "application/octet-stream",
}


@watch.get("/card.png")
def home_card() -> Response:
    """The picture of the site itself: the exhibition's decisive board."""
    encoded, names = demo_replay()
    ply = decisive_ply(analysis_of(encoded, names))
    riders = (tell("replay.card_names"), tell("replay.card_against"))
    return _kept(draw_card(encoded, riders, tell("replay.card_title"), ply))


@watch.get("/replays/<int:game_id>/card.png")
def card(game_id: int) -> Response:
    """The board at ``?ply=`` (else the decisive one) with names and title, as a PNG."""
    game, encoded = _game(game_id)
    analysis = analysis_of(encoded, game.names)
    ply = request.args.get("ply", type=int)
    shown = decisive_ply(analysis) if ply is None else max(0, min(ply, game.plies))
    return _kept(draw_card(encoded, game.names, analysis["title"], shown))


@watch.get("/replays/<int:game_id>/territory")
def territory(game_id: int) -> Response:
    """Who reaches each cell first at each ply, see ``web.owners``."""
    _, encoded = _game(game_id)
    return _kept(packed_owners(encoded), "application/octet-stream")


@watch.get("/replays/<int:game_id>/council")
def council(game_id: int) -> Response:
    """What the last light champions would have played after ``?ply=`` plies."""
    game, encoded = _game(game_id)
    ply = request.args.get("ply", type=int)
    if ply is None or not 0 <= ply < game.plies:
        abort(404, tell("error.no_move", last=game.plies - 1))
    if not COUNCIL_RATE.allows(_visitor()):
        abort(429, tell("error.slow_down"))
    try:
        return jsonify(services().council.ask(encoded, ply))
    except CouncilBusyError:
        abort(429, tell("error.slow_down"))


@watch.post("/replays/<int:game_id>/deep")
def deepen(game_id: int) -> WerkzeugResponse:
    """Ask for the deep pass of a game, which a worker makes by and by."""
    check_csrf()
    _game(game_id)
    if not DEEP_RATE.allows(_visitor()):
        abort(429, tell("error.slow_down"))
    if services().storage.request_deep(game_id) is DeepState.REFUSED:
        abort(503, tell("error.many_wait"))
    return redirect(url_for("pages.replay", game_id=game_id, judged=1))


@watch.get("/replays/<int:game_id>/embed")
def embed(game_id: int) -> Response:
    """The viewer alone, for frames on other sites."""
    page = viewer_page(services().storage, game_id, request.args.get("ply", type=int))
    if page is None:
        abort(404, tell("error.no_replay", replay=game_id))
    return allow_embedding(make_response(render_template("embed.html", page=page)))


@watch.get("/replays/<int:game_id>/file.<form>")
def download(game_id: int, form: str) -> Response:
    """The game as a file: gif, html, json or trp."""
    game, encoded = _game(game_id)
    if form not in MEDIA:
        abort(404, tell("error.no_form", form=form, forms=f".{', .'.join(MEDIA)}"))
    if form == "gif":
        body = _film(game_id, encoded)
    elif form == "html":
        body = replay_html(decode(encoded), game.names)
    elif form == "json":
        body = json.dumps(to_document(decode(encoded), game.names), indent=2).encode()
    else:
        body = encoded
    response = Response(body, content_type=MEDIA[form])
    response.headers["Content-Disposition"] = f'attachment; filename="tron-{game_id}.{form}"'
    return response


def _film(game_id: int, encoded: bytes) -> bytes:
    if not FILM_RATE.allows(_visitor()):
        abort(429, tell("error.slow_down"))
    try:
        return services().films.get(game_id, encoded)
    except FilmBusyError:
        busy = ServiceUnavailable(tell("error.films_wait"), retry_after=RETRY_SECONDS)
        raise busy from None


def _game(game_id: int) -> tuple[GameRow, bytes]:
    storage = services().storage
    game = storage.game(game_id)
    if game is None:
        abort(404, tell("error.no_replay", replay=game_id))
    return game, stored_replay(storage, game)


def _visitor() -> str:
    return request.remote_addr or ""


def _kept(body: bytes, mimetype: str = "image/png") -> Response:
    """A stored game never changes, so that what is drawn from it may be kept."""
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return response
