"""The JSON interface, version 1: its blueprint, its table, who asks, and how errors look."""

from typing import Final

import msgspec
from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException

from arena.miners import TokenRefusedError
from arena.stored_miners import MinerRow
from web.endpoints import JSON, Interface
from web.payloads import ErrorPayload, Refusal
from web.services import services
from web.texts import tell

PREFIX: Final = "/api/v1"
SCHEME: Final = "bearer"

api = Blueprint("api", __name__, url_prefix=PREFIX)


def asker() -> MinerRow:
    """Return whose token came with the request; browsers' cookies count for nothing here."""
    authorization = request.authorization
    challenge = WWWAuthenticate("Bearer")
    if authorization is None or authorization.type != SCHEME or not authorization.token:
        abort(401, tell("error.send_token"), www_authenticate=challenge)
    try:
        return services().miners.known_by(authorization.token)
    except TokenRefusedError as error:
        abort(401, str(error), www_authenticate=challenge)


interface = Interface(api, asker)


@api.get("/<path:rest>")
def nothing(rest: str) -> Response:
    """Answer addresses that are not here in JSON too."""
    abort(404, tell("error.no_address", address=f"{PREFIX}/{rest}"))


@api.errorhandler(HTTPException)
def failed(error: HTTPException) -> tuple[Response, int]:
    """Present an error."""
    code = error.code or 500
    body = ErrorPayload(Refusal(code, error.description or error.name))
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return Response(msgspec.json.encode(body), headers=headers, mimetype=JSON), code
