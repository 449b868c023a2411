"""What reaches a client that reads too slowly."""

import socket
from typing import Any

import gevent
import numpy as np

from web.frames import event_frame
from web.live_types import Ticks
from web.sockets import make_socketio
from web.transport import LIVE, SOCKET_KEY, Transport
from web.websocket import Line

PATIENCE_SECONDS = 60.0
TICK: Ticks = np.array([[2**53 - 1, 500, 3, 4, 5, 60, 0, 1]])


def read_until(theirs: socket.socket, wanted: bytes) -> bytes:
    read = b""
    with gevent.Timeout(PATIENCE_SECONDS):
        while wanted not in read:
            try:
                read += theirs.recv(1 << 16)
            except BlockingIOError:
                gevent.sleep(0)
    return read


def test_a_client_that_is_behind_misses_ticks_and_nothing_else():
    caught_up: list[str] = []
    transport = Transport(make_socketio())
    transport.listen(lambda client, message: False, lambda client, message: None, caught_up.append)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as theirs,
    ):
        theirs.setblocking(False)
        ours, _ = server.accept()
        ours.setblocking(False)
        environ: dict[str, Any] = {
            "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
            "HTTP_SEC_WEBSOCKET_VERSION": "13",
            SOCKET_KEY: ours,
        }

        def ride(line: Line) -> None:
            transport.enter("ann", "engine", environ)
            while not line.behind:
                transport.ticks(["ann"], TICK)
            for ply in range(100):
                transport.ticks(["ann"], TICK + 1 + ply)
            transport.spread(["ann"], "frozen", {"game": 1})
            transport("ann", "end", {"game": 2})
            transport.spread(["ann"], "over", {"game": 3})
            read = read_until(theirs, b'"over"')
            assert b'"frozen"' in read
            assert b'"end"' in read
            tick = event_frame(LIVE, "tick", TICK[0].tolist())
            assert tick in read
            assert read.count(b'"tick"') == read.count(tick), "ticks came though it was behind"
            assert caught_up == ["ann"]
            assert not line.behind

        transport.attach()
        with ours:
            transport.websocket(ride, None)(environ, lambda status, headers: None)
        transport.detach()
