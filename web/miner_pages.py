"""The pages for miners: register, log in, upload a model, watch its verdict.

They work without JavaScript. Every form carries a token against forgery (CSRF), checked before
anything else is looked at.
"""

from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from arena.limits import MIB
from arena.miners import TokenRefusedError, token_id
from arena.names import MAX_NAME, NameRefusedError
from arena.policy import Registration
from arena.stored_miners import MinerRow, RegistrationLimitError
from arena.stored_submissions import WAITING
from arena.submission import SubmissionError
from web.api_miners import trial_replay
from web.defeats import defeats
from web.hardening import check_csrf
from web.miners import ClosedError
from web.offline import loose_row
from web.services import services
from web.texts import tell
from web.viewer import loose_page

SESSION: Final = "token"
"""Holds the public part of the token that logged in; a revoked token logs out with it."""
FORM_BYTES: Final = 16 * 1024
"""What an upload's form holds beside the file."""

upload = Blueprint("upload", __name__)


@upload.before_request
def check_form() -> None:
    """Refuse forged forms, and models of people who may not upload."""
    if request.method != "POST":
        return
    if request.endpoint == "upload.send":
        logged_in()  # first, as others' form is too large, and whoever is logged out is to know it
        request.max_content_length = services().miners.limits.model_bytes + FORM_BYTES
    check_csrf()


@upload.after_request
def keep_private(response: Response) -> Response:
    """Let nobody keep copies of pages that show tokens or verdicts."""
    response.headers["Cache-Control"] = "no-store"
    return response


@upload.app_context_processor
def known_miner() -> dict[str, object]:
    """Give pages of this blueprint whoever is logged in."""
    return {"miner": present()} if request.blueprint == upload.name else {}


@upload.get("/submit")
def submit() -> str:
    """Register or log in; then upload, and see what became of earlier models."""
    return _page()


@upload.post("/submit")
def send() -> AnyResponse | tuple[str, int]:
    """Take a model into the queue."""
    miner = logged_in()
    desk = services().miners
    file = request.files.get("model")
    if file is None or not file.filename:
        return _page(tell("submit.choose_first")), 400
    try:
        desk.check_open()
        row = desk.submit(miner, file.stream.read(desk.limits.model_bytes + 1))
    except ClosedError as error:
        return _page(str(error)), 503
    except SubmissionError as error:
        return _page(str(error)), 409
    return redirect(url_for("upload.submission", submission_id=row.id), 303)


@upload.post("/miners")
def register() -> AnyResponse | tuple[str, int]:
    """Register a name; show its token once, and log in with it."""
    desk = services().miners
    name = request.form.get("name", "")
    try:
        miner, token = desk.register(name, request.remote_addr or "")
    except (ClosedError, NameRefusedError, RegistrationLimitError) as error:
        return _page(name_refused=str(error), name=name), 409
    session[SESSION] = token_id(token)
    return make_response(render_template("token.html", miner=miner, token=token, first=True))


@upload.post("/miners/token")
def rotate() -> AnyResponse:
    """Give the miner another token, and show it once."""
    miner = logged_in()
    token = services().miners.new_token(miner)
    session[SESSION] = token_id(token)
    return make_response(render_template("token.html", miner=miner, token=token, first=False))


@upload.post("/login")
def log_in() -> AnyResponse | tuple[str, int]:
    """Log in with a token."""
    token = request.form.get("token", "").strip()
    try:
        services().miners.known_by(token)
    except TokenRefusedError as error:
        return _page(token_refused=str(error)), 403
    session[SESSION] = token_id(token)
    return redirect(url_for("upload.submit"), 303)


@upload.post("/logout")
def log_out() -> AnyResponse:
    """Forget who is there."""
    session.pop(SESSION, None)
    return redirect(url_for("upload.submit"), 303)


@upload.get("/submissions/<int:submission_id>")
def submission(submission_id: int) -> str:
    """What became of one submission; the page follows it while it waits."""
    desk = services().miners
    row = desk.own(logged_in(), submission_id)
    if row is None:
        abort(404, tell("error.no_submission", submission=submission_id))
    shown = desk.submission(row)
    entered = (each for each in desk.storage.entries_of(row.sha256) if each.submission_id == row.id)
    return render_template(
        "submission.html",
        submission=shown,
        pending=row.status in WAITING,
        standing=next((each.standing for each in entered if each.round == row.round), None),
        defeats=defeats(desk.storage, row, shown.trial) if shown.trial else (),
    )


@upload.get("/submissions/<int:submission_id>/games/<int:number>")
def trial_game(submission_id: int, number: int) -> str:
    """Watch one trial game."""
    desk = services().miners
    row = desk.own(logged_in(), submission_id)
    if row is None:
        abort(404, tell("error.no_submission", submission=submission_id))
    replay, names = trial_replay(row, number)
    page = loose_page(replay, names, loose_row(replay, names))
    return render_template("trial.html", submission=row, number=number, page=page)


def present() -> MinerRow | None:
    """Return who is logged in, or None."""
    known = session.get(SESSION)
    found = services().storage.token(known) if isinstance(known, str) else None
    return found[0] if found else None


def logged_in() -> MinerRow:
    """Return who is logged in; aborts with 403 where nobody is."""
    miner = present()
    if miner is None:
        abort(403, tell("error.log_in_first"))
    return miner


def _page(
    refused: str = "", *, name_refused: str = "", name: str = "", token_refused: str = ""
) -> str:
    desk = services().miners
    miner = present()
    return render_template(
        "submit.html",
        own=desk.miner(miner) if miner else None,
        rows=desk.submissions(miner) if miner else [],
        lacking=desk.lacking,
        open_to_all=desk.policy.registration is Registration.OPEN,
        max_name=MAX_NAME,
        max_megabytes=desk.limits.model_bytes // MIB,
        refused=refused,
        name_refused=name_refused,
        typed_name=name,
        token_refused=token_refused,
    )
