"""A client of another arena's JSON interface: register, submit, follow the verdict."""

import io
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from arena.trial import Trial
from arena.validation import Verdict
from tron_env.errors import TronArenaError

API: Final = "/api/v1"
TIMEOUT_SECONDS: Final = 60.0
REACH_SECONDS: Final = 5.0
"""How long a server may take to say that it is there before it is asked again."""
REFUSED_PATIENCE_SECONDS: Final = 10.0
"""How long nothing may listen at an address: a server that starts does not yet."""
SILENT_PATIENCE_SECONDS: Final = 60.0
"""How long a server that listens may say nothing, as one does that is still loading."""
PAUSE_SECONDS: Final = 0.5
MAX_ANSWER: Final = 4 << 20
CHUNK: Final = 1 << 16

Answer = TypeVar("Answer")


class RemoteError(TronArenaError):
    """The server refused, or could not be reached; the message says why."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of a refusal."""


class NoAnswerError(RemoteError):
    """Nothing listens there, or nothing is said; a server that is starting will in a moment."""

    def __init__(self, message: str, *, listens: bool) -> None:
        super().__init__(message)
        self.listens = listens


@dataclass(frozen=True, slots=True)
class RemoteMiner:
    """Who a token says one is."""

    name: str
    submissions_left: int


@dataclass(frozen=True, slots=True)
class RemoteSubmission:
    """A submission, as the server tells its miner."""

    id: int
    round: int
    name: str
    state: str
    reason: str
    place: int | None = None
    verdict: Verdict | None = None
    trial: Trial | None = None
    light: bool = False


@dataclass(frozen=True, slots=True)
class _Registered:
    token: str


class Remote:
    """One server, asked with one token.

    Args:
        server: its address, such as ``https://arena.example``.
        token: the miner's; may be empty to register.

    Raises:
        RemoteError: this is no address of a server.
    """

    def __init__(self, server: str, token: str = "") -> None:
        parts = urlsplit(server)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise RemoteError(f"{server!r} is no address; one looks like https://arena.example")
        self.server = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._token = token

    def reach(self, tell: Callable[[str], None]) -> None:
        """Make sure that a Tron Arena answers, before anything is done that it only does once.

        One that is still starting is waited for; ``tell`` is told so, once.

        Raises:
            RemoteError: what answers is none, or nothing did for too long.
        """
        began, waiting = time.monotonic(), False
        while True:
            try:
                self._ask("GET", "/status", seconds=REACH_SECONDS)
            except NoAnswerError as error:
                patience = SILENT_PATIENCE_SECONDS if error.listens else REFUSED_PATIENCE_SECONDS
                if time.monotonic() - began > patience:
                    raise
                if not waiting:
                    waiting = True
                    tell(f"{error}; it may be starting, so it is waited for")
                time.sleep(PAUSE_SECONDS)
            else:
                return

    def register(self, name: str) -> str:
        """Register ``name``; return its token."""
        answer = self._ask("POST", "/miners", json.dumps({"name": name}).encode())
        return _read(answer, _Registered).token

    def miner(self) -> RemoteMiner:
        """Return who the token says one is."""
        return _read(self._ask("GET", "/miner"), RemoteMiner)

    def submit(
        self, model: bytes, sent: Callable[[int, int], None] | None = None
    ) -> RemoteSubmission:
        """Send a model; ``sent`` is told how many bytes of how many are on their way."""
        answer = self._ask("POST", "/submissions", model, "application/octet-stream", sent)
        return _read(answer, RemoteSubmission)

    def submission(self, submission_id: int) -> RemoteSubmission:
        """Return what became of a submission."""
        return _read(self._ask("GET", f"/submissions/{submission_id}"), RemoteSubmission)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/json",
        sent: Callable[[int, int], None] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> bytes:
        headers = {"Accept": "application/json", "User-Agent": "tron-arena"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers |= {"Content-Type": kind, "Content-Length": str(len(body))}
        data = None if body is None else _Telling(body, sent)
        address = self.server + API + path
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return bytes(answer.read(MAX_ANSWER))
        except urllib.error.HTTPError as error:
            with error:
                raise RemoteError(_reason(error), error.code) from error
        except (OSError, ValueError) as error:
            raise _unreached(self.server, error) from error


class _Telling(io.BytesIO):
    """Bytes that tell how many of them were read."""

    def __init__(self, body: bytes, sent: Callable[[int, int], None] | None) -> None:
        super().__init__(body)
        self._total = len(body)
        self._sent = sent

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(CHUNK if size is None or size < 0 else size)
        if self._sent is not None:
            self._sent(self.tell(), self._total)
        return part


def _read(answer: bytes, kind: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise RemoteError(f"the server's answer makes no sense: {error}") from error


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        told: Mapping[str, Any] = json.loads(error.read(MAX_ANSWER))
        return str(told["error"]["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the server answered {error.code} {error.reason}; is it a Tron Arena?"


def _unreached(server: str, error: Exception) -> RemoteError:
    cause = getattr(error, "reason", None) or error
    if isinstance(cause, TimeoutError):
        return NoAnswerError(f"{server} does not answer", listens=True)
    message = f"{server} cannot be reached: {cause}"
    if isinstance(cause, ConnectionRefusedError):
        return NoAnswerError(message, listens=False)
    return RemoteError(message)
