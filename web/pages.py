"""The HTML pages: parse the address, call one function, present."""

import re
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as WerkzeugResponse

from web import present, tables, words
from web.assets import Assets
from web.crowns import crowns
from web.live_types import DEFAULT_SPEED, SPEEDS
from web.navigation import foot_links, site_links
from web.profiles import profile_page
from web.search import search_page
from web.services import services
from web.sockets import PLAYER
from web.texts import say, tell
from web.viewer import viewer_page
from web.words import cost_text, points_text

MOST_ROWS: Final = 16
"""Of a cross table in one answer."""
YEAR_SECONDS: Final = 31_536_000
HASHED: Final = re.compile(r"/static/dist/.+-[A-Z0-9]{8}\.\w+")

pages = Blueprint("pages", __name__)
assets = Assets()
pages.app_template_global("say")(say)


@pages.app_template_global()
def asset(source: str) -> str:
    """Return the address of a built file of the front end."""
    return url_for("static", filename=assets.path(source))


@pages.app_context_processor
def shared() -> dict[str, object]:
    """Return what every template may use."""
    return {"words": words, "site_links": site_links, "foot_links": foot_links}


@pages.app_template_filter()
def points(value: float) -> str:
    """Write points with a half sign."""
    return points_text(value)


@pages.app_template_filter()
def cost(milliseconds: float) -> str:
    """Write what a position costs, also where that is little."""
    return cost_text(milliseconds)


@pages.after_app_request
def keep_hashed_files(response: Response) -> Response:
    """Let browsers keep files for good whose name changes with their content."""
    if response.status_code == 200 and HASHED.fullmatch(request.path):
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@pages.get("/")
def home() -> str:
    """The champion, a duel that plays itself, and the way to ride."""
    home = present.home(services().storage, services().opponents)
    return render_template("home.html", home=home)


@pages.get("/play")
def play() -> str:
    """The live board; ``?opponent=`` picks whom to ride against, ``?takeover=`` a replay."""
    chosen = request.args.get("opponent", "champion")
    player = session.get(PLAYER, "")
    groups = present.choices(services().storage, services().opponents, player)
    found = [choice for _, group in groups for choice in group if chosen in choice.specs]
    if not found:
        abort(404, tell("error.no_opponent"))
    return render_template(
        "play.html", groups=groups, chosen=found[0], speeds=SPEEDS, default_speed=DEFAULT_SPEED
    )


@pages.get("/rounds")
def rounds() -> str:
    """All rounds, newest first."""
    storage = services().storage
    crowned = crowns(storage)
    return render_template(
        "rounds.html",
        rounds=storage.rounds(),
        crowned={row.round: row.name for row in crowned.champions},
        light={row.round: row.name for row in crowned.light_champions},
        line=crowned.line,
        featured=present.featured(storage),
    )


@pages.get("/rounds/<int:number>")
def round_(number: int) -> str:
    """Standings and cross table of one round; ``?from=`` is the first rank that is shown."""
    first = request.args.get("from", 1, type=int)
    page = tables.round_page(services().storage, number, first)
    if page is None:
        abort(404, tell("error.no_round", round=number))
    return render_template("round.html", page=page)


@pages.get("/rounds/<int:number>/cross")
def cross(number: int) -> Response:
    """Rows of a large round's cross table, from rank ``?first=``, at most ``?count=``."""
    first = max(1, request.args.get("first", 1, type=int))
    count = min(max(1, request.args.get("count", MOST_ROWS, type=int)), MOST_ROWS)
    rows = tables.cross_rows(services().storage, number, first, count)
    if rows is None:
        abort(404, tell("error.no_cross", round=number))
    names = tables.ranked_names(services().storage, number) if first == 1 else ()
    return jsonify({"rows": rows, "names": names})


@pages.get("/rounds/<int:number>/cross/<int:row>/<int:column>")
def crossing(number: int, row: int, column: int) -> WerkzeugResponse:
    """The duel of two entrants, named by their ranks."""
    duel_id = tables.duel_of_ranks(services().storage, number, row, column)
    if duel_id is None:
        abort(404, tell("error.never_met", round=number))
    return redirect(url_for("pages.duel", duel_id=duel_id))


@pages.get("/duels/<int:duel_id>")
def duel(duel_id: int) -> str | WerkzeugResponse:
    """All games of one pair in one round; ``?game=`` (from 1) and ``?ply=`` open one."""
    page = tables.duel_page(services().storage, duel_id)
    if page is None:
        abort(404, tell("error.no_duel", duel=duel_id))
    number = request.args.get("game", type=int)
    if number is None:
        return render_template("duel.html", page=page)
    if not 1 <= number <= len(page.games):
        abort(404, tell("error.no_game", duel=duel_id, game=number))
    ply = request.args.get("ply", type=int)
    return redirect(url_for("pages.replay", game_id=page.games[number - 1].id, ply=ply))


@pages.get("/replays")
def replays() -> str | WerkzeugResponse:
    """Stored games by rider, round, result and what happened; ``?game=`` and ``?ply=`` open one."""
    game = request.args.get("game", type=int)
    if game is not None:
        ply = request.args.get("ply", type=int)
        return redirect(url_for("pages.replay", game_id=game, ply=ply))
    return render_template("replays.html", page=search_page(services().storage, request.args))


@pages.get("/replays/<int:game_id>")
def replay(game_id: int) -> str:
    """One game to watch; ``?ply=`` says where to begin."""
    page = viewer_page(services().storage, game_id, request.args.get("ply", type=int))
    if page is None:
        abort(404, tell("error.no_replay", replay=game_id))
    return render_template("replay.html", page=page)


@pages.get("/learn")
def learn() -> str:
    """Rules, the policy contract, and a tutorial with code to copy."""
    return render_template("learn.html")


@pages.get("/models/<sha256>")
def model(sha256: str) -> str:
    """What one model has done; ``?round=`` picks the round that is told about."""
    round_number = request.args.get("round", type=int)
    page = profile_page(services().storage, services().opponents, sha256, round_number)
    if page is None:
        abort(404, tell("error.no_model"))
    return render_template("model.html", page=page)


@pages.app_errorhandler(HTTPException)
def failed(error: HTTPException) -> tuple[str, int, dict[str, str]] | HTTPException:
    """Present an error as a page; redirections and the like pass."""
    if error.code is None or error.code < 400:
        return error
    title, about = words.error_texts(error.code, own_words(error))
    page = render_template("error.html", code=error.code, title=title, about=about)
    seconds = error.retry_after if isinstance(error, ServiceUnavailable) else None
    return page, error.code, {"Retry-After": str(seconds)} if seconds else {}


def own_words(error: HTTPException) -> str:
    """Return what a view said of an error; empty where it left that to the library."""
    said = error.description or ""
    return "" if said == type(error).description else said
