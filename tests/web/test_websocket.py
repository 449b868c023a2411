"""A client's WebSocket on the thread that serves."""

import socket

import pytest

from web.websocket import MAX_UNREAD_BYTES, Line


def send_much(line: Line) -> None:
    for _ in range(64 * 1024 * 1024 // MAX_UNREAD_BYTES):
        line.send("x" * MAX_UNREAD_BYTES)


def test_a_client_that_reads_nothing_is_let_go():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
    ):
        ours, _ = server.accept()
        with ours:
            ours.setblocking(False)
            line = Line(ours, lambda line, message: False, lambda line: None)
            with pytest.raises(OSError, match="ended"):
                send_much(line)
            line.release()
