"""The JSON interface as one table: each row is a route, what it takes and gives, and its document.

An ``Endpoint`` says once what an address takes and answers; the route checks requests by it, the
answer is encoded by it, and ``web.openapi`` describes it. So document and behaviour cannot part.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import msgspec
from flask import Blueprint, Response, abort, request

from web.texts import tell

JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
NDJSON: Final = "application/x-ndjson"

View: TypeAlias = Callable[..., Any]
AnyView = TypeVar("AnyView", bound=View)


class Authenticate(Protocol):
    """Finds out who asks."""

    def __call__(self) -> object:
        """Return the asker, passed to the view as ``asker``; aborts with 401 where unknown."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table."""

    method: str
    path: str
    """As Flask writes it, below the blueprint's own."""
    view: View
    tag: str
    """The group it stands in."""
    answer: Any
    """Type of the JSON body; None for files, and where there is no body."""
    status: int
    media: str
    query: type[Any] | None
    """Dataclass of what may follow the question mark; passed to the view as ``query``."""
    body: type[Any] | None
    """Dataclass of the JSON body taken; passed to the view as ``body``."""
    upload: bool
    """Takes a file as the body, which the view reads itself."""
    token: bool
    """Asks for a token."""
    errors: tuple[int, ...]
    """Statuses of refusals beside those that follow from the rest of the row."""

    @property
    def name(self) -> str:
        """What generated clients call it."""
        return self.view.__name__.strip("_")

    @property
    def summary(self) -> str:
        """First line of the view's documentation."""
        return self._told[0]

    @property
    def description(self) -> str:
        """The rest of it."""
        return " ".join(" ".join(self._told[1:]).split())

    @property
    def _told(self) -> list[str]:
        return (self.view.__doc__ or "").strip().splitlines()

    @property
    def refusals(self) -> tuple[int, ...]:
        """Every status a refusal may have."""
        found = set(self.errors)
        if self.query is not None or self.body is not None:
            found.add(400)
        if self.body is not None:
            found.add(413)
        if self.body is not None or self.upload:
            found.add(415)
        if self.token:
            found.add(401)
        return tuple(sorted(found))


class Interface:
    """A blueprint whose routes are rows of a table.

    Args:
        blueprint: gets the routes.
        authenticate: finds out who asks, for rows that need to know.
    """

    def __init__(self, blueprint: Blueprint, authenticate: Authenticate) -> None:
        self.blueprint = blueprint
        self.endpoints: list[Endpoint] = []
        self._authenticate = authenticate

    def endpoint(
        self,
        method: str,
        path: str,
        *,
        tag: str,
        answer: Any = None,
        status: int = 200,
        media: str = JSON,
        query: type[Any] | None = None,
        body: type[Any] | None = None,
        upload: bool = False,
        token: bool = False,
        errors: tuple[int, ...] = (),
    ) -> Callable[[AnyView], AnyView]:
        """Return the decorator that puts a view into the table; see ``Endpoint``."""

        def add(view: AnyView) -> AnyView:
            row = Endpoint(
                *(method, path, view, tag, answer, status, media),
                *(query, body, upload, token, errors),
            )
            self.endpoints.append(row)
            self.blueprint.add_url_rule(
                path, row.name, self._bound(row), methods=[method], strict_slashes=True
            )
            return view

        return add

    def _bound(self, row: Endpoint) -> View:
        @functools.wraps(row.view)
        def bound(**arguments: Any) -> Response:
            if row.token:
                arguments["asker"] = self._authenticate()
            if row.query is not None:
                arguments["query"] = _query(row.query)
            if row.body is not None:
                arguments["body"] = _body(row.body)
            if row.upload and request.mimetype != BINARY:
                abort(415, tell("error.send_file", media=BINARY))
            found = row.view(**arguments)
            if isinstance(found, Response):
                return found
            if row.answer is None:
                return Response(status=row.status)
            return Response(msgspec.json.encode(found), row.status, mimetype=JSON)

        return bound


def _query(kind: type[Any]) -> Any:
    try:
        return msgspec.convert(request.args.to_dict(), kind, strict=False)
    except msgspec.ValidationError as error:
        abort(400, tell("error.query", why=error))


def _body(kind: type[Any]) -> Any:
    if request.mimetype != JSON:
        abort(415, tell("error.send_json", media=JSON))
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except msgspec.ValidationError as error:
        abort(400, tell("error.body", why=error))
    except msgspec.DecodeError as error:
        abort(400, tell("error.body_json", why=error))
