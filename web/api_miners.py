"""What the JSON interface does for miners: register, submit, follow a verdict, download."""

from dataclasses import dataclass
from typing import Annotated, NoReturn

from flask import Response, abort, request
from msgspec import Meta

from arena.names import MAX_RAW_NAME, NameRefusedError
from arena.records import SubmissionRow
from arena.stored_miners import MinerRow, RegistrationLimitError
from arena.stored_queue import QuotaError
from arena.submission import SubmissionError
from replays.format import Replay, decode
from replays.view import ReplayView, replay_view
from tron_env.types import Seat
from web import payloads
from web.endpoints import BINARY
from web.interface import interface
from web.miners import ClosedError
from web.services import services
from web.texts import tell

Raw = Annotated[str, Meta(max_length=MAX_RAW_NAME, description="Letters, digits and . _ -")]


@dataclass(frozen=True, slots=True)
class NewMiner:
    """Who wants to be registered."""

    name: Raw


@interface.endpoint(
    "POST",
    "/miners",
    tag="Miners",
    answer=payloads.RegisteredPayload,
    status=201,
    body=NewMiner,
    errors=(403, 409, 429),
)
def register(body: NewMiner) -> payloads.RegisteredPayload:
    """Register a name, and get the token that is shown only this once.

    Names are brought into normal form, have at most 32 letters, digits, dots, hyphens and
    underscores, and may not look like another's.
    """
    desk = services().miners
    try:
        miner, token = desk.register(body.name, request.remote_addr or "")
    except ClosedError as error:
        abort(403, str(error))
    except NameRefusedError as error:
        abort(409, str(error))
    except RegistrationLimitError as error:
        abort(429, str(error))
    return payloads.RegisteredPayload(desk.miner(miner), token)


@interface.endpoint("GET", "/miner", tag="Miners", answer=payloads.MinerPayload, token=True)
def miner(asker: MinerRow) -> payloads.MinerPayload:
    """Who you are, and how often you may submit today."""
    return services().miners.miner(asker)


@interface.endpoint("POST", "/miner/token", tag="Miners", answer=payloads.TokenPayload, token=True)
def rotate_token(asker: MinerRow) -> payloads.TokenPayload:
    """Get another token; the one you ask with counts no more."""
    return payloads.TokenPayload(services().miners.new_token(asker))


@interface.endpoint("DELETE", "/miner/token", tag="Miners", status=204, token=True)
def revoke_token(asker: MinerRow) -> None:
    """Give your token up; only the operator can give you another."""
    services().storage.revoke_tokens(asker.id)


@interface.endpoint(
    "POST",
    "/submissions",
    tag="Submissions",
    answer=payloads.SubmissionPayload,
    status=202,
    upload=True,
    token=True,
    errors=(409, 413, 429, 503),
)
def submit(asker: MinerRow) -> payloads.SubmissionPayload:
    """Submit a model: the body is the ONNX file.

    It is checked in a queue; follow its state at `/submissions/{submission_id}`. An accepted one
    takes the place of your earlier one.
    """
    desk = services().miners
    try:
        desk.check_open()
        row = desk.submit(asker, _file(desk.limits.model_bytes))
    except ClosedError as error:
        abort(503, str(error))
    except QuotaError as error:
        abort(429, str(error))
    except SubmissionError as error:
        abort(409, str(error))
    return desk.submission(row)


@interface.endpoint(
    "GET", "/submissions", tag="Submissions", answer=payloads.SubmissionsPayload, token=True
)
def submissions(asker: MinerRow) -> payloads.SubmissionsPayload:
    """Your latest submissions, newest first."""
    desk = services().miners
    return payloads.SubmissionsPayload(desk.presented(desk.submissions(asker)))


@interface.endpoint(
    "GET",
    "/submissions/<int:submission_id>",
    tag="Submissions",
    answer=payloads.SubmissionPayload,
    token=True,
    errors=(404,),
)
def submission(submission_id: int, asker: MinerRow) -> payloads.SubmissionPayload:
    """One of your submissions: its state, place in the queue, verdict and trial."""
    return services().miners.submission(_own(asker, submission_id))


@interface.endpoint(
    "GET",
    "/submissions/<int:submission_id>/model.onnx",
    tag="Submissions",
    media=BINARY,
    token=True,
    errors=(404,),
)
def submitted_model(submission_id: int, asker: MinerRow) -> Response:
    """The file of one of your accepted submissions."""
    row = _own(asker, submission_id)
    return _model(row.sha256)


@interface.endpoint(
    "GET",
    "/submissions/<int:submission_id>/games/<int:number>",
    tag="Submissions",
    answer=ReplayView,
    token=True,
    errors=(404,),
)
def trial_game(submission_id: int, number: int, asker: MinerRow) -> ReplayView:
    """One trial game of your submission, ready to draw."""
    replay, names = trial_replay(_own(asker, submission_id), number)
    return replay_view(replay, names, ("model", "model"))


@interface.endpoint(
    "GET",
    "/submissions/<int:submission_id>/games/<int:number>.trp",
    tag="Submissions",
    media=BINARY,
    token=True,
    errors=(404,),
)
def trial_file(submission_id: int, number: int, asker: MinerRow) -> Response:
    """One trial game of your submission in the binary format."""
    row = _own(asker, submission_id)
    return Response(_trial(row, number), mimetype=BINARY)


@interface.endpoint("GET", "/models/<sha256>.onnx", tag="Rounds", media=BINARY, errors=(404,))
def model(sha256: str) -> Response:
    """An entrant's file, once its round is done and where the operator publishes it."""
    if not services().miners.published(sha256):
        _hidden()
    return _model(sha256)


def trial_replay(row: SubmissionRow, number: int) -> tuple[Replay, tuple[str, str]]:
    """Return a trial game and its riders' names by seat; aborts with 404 where there is none."""
    encoded = _trial(row, number)
    trial = services().miners.submission(row).trial
    if trial is None:
        abort(404, tell("error.no_trial", submission=row.id))
    game = trial.games[number]
    names = (row.name, game.opponent)
    first, second = names if game.seat == Seat.FIRST else names[::-1]
    return decode(encoded), (first, second)


def _file(limit: int) -> bytes:
    """Return the body, of which no more is read than says that it is too large."""
    request.max_content_length = limit + 1
    body = request.get_data()
    if len(body) > limit:
        abort(413, tell("error.about_413"))
    return body


def _own(asker: MinerRow, submission_id: int) -> SubmissionRow:
    row = services().miners.own(asker, submission_id)
    if row is None:
        abort(404, tell("error.no_submission", submission=submission_id))
    return row


def _trial(row: SubmissionRow, number: int) -> bytes:
    encoded = services().storage.trial(row.id, number)
    if encoded is None:
        abort(404, tell("error.no_trial_game", submission=row.id, number=number))
    return encoded


def _model(sha256: str) -> Response:
    desk = services().miners
    if not desk.models.has(sha256):
        _hidden()
    response = Response(desk.models.get(sha256), mimetype=BINARY)
    response.headers["Content-Disposition"] = f'attachment; filename="{sha256[:12]}.onnx"'
    return response


def _hidden() -> NoReturn:
    abort(404, tell("error.no_download"))
