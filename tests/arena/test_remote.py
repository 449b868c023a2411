"""The client of another arena: servers that start, and addresses where there is none."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from arena.remote import NoAnswerError, Remote, RemoteError


class Answering(BaseHTTPRequestHandler):
    """An arena that only says that it is there."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v1/status" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def starting() -> Iterator[HTTPServer]:
    """A server that has its port, and does not listen yet."""
    server = HTTPServer(("127.0.0.1", 0), Answering, bind_and_activate=False)
    server.server_bind()
    yield server
    server.server_close()


def address(server: HTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_a_server_that_starts_is_waited_for_and_that_is_said_once(starting: HTTPServer) -> None:
    told: list[str] = []
    thread = threading.Thread(target=starting.serve_forever, kwargs={"poll_interval": 0.01})

    def tell(text: str) -> None:
        told.append(text)
        starting.server_activate()
        thread.start()

    Remote(address(starting)).reach(tell)
    starting.shutdown()
    thread.join()
    assert len(told) == 1
    assert "it may be starting" in told[0]


def test_where_nothing_listens_for_long_that_is_said(
    starting: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.remote.REFUSED_PATIENCE_SECONDS", 0.1)
    with pytest.raises(NoAnswerError, match="cannot be reached"):
        Remote(address(starting)).reach(lambda _: None)


def test_a_server_that_listens_and_says_nothing_gets_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("arena.remote.REACH_SECONDS", 0.1)
    monkeypatch.setattr("arena.remote.REFUSED_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("arena.remote.SILENT_PATIENCE_SECONDS", 0.5)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NoAnswerError, match="does not answer"):
            Remote(url).reach(told.append)
    assert len(told) == 1


def test_what_is_no_arena_is_not_waited_for(starting: HTTPServer) -> None:
    starting.server_activate()
    thread = threading.Thread(target=starting.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with pytest.raises(RemoteError, match="is it a Tron Arena"):
        Remote(address(starting) + "/elsewhere").reach(lambda _: None)
    starting.shutdown()
    thread.join()
