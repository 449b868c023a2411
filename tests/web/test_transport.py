"""What reaches a client that reads too slowly."""

import socket
from collections.abc import Sequence
from typing import Any

import gevent
import numpy as np
from numpy.typing import NDArray

from web.frames import event_frame
from web.live_types import Ticks
from web.messages import Echo, Turn
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


class Listening:
    """Takes note of what it is told."""

    def __init__(self) -> None:
        self.behind: list[str] = []
        self.wires: list[tuple[str, int]] = []

    def hear_at_once(
        self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        raise AssertionError("nobody says anything")

    def heard(self, said: Sequence[tuple[str, Turn | Echo]]) -> None:
        raise AssertionError("nobody says anything")

    def hear(self, client: str, message: bytes) -> bool:
        return False

    def caught_up(self, client: str) -> None:
        self.behind.append(client)

    def wired(self, client: str, number: int) -> None:
        self.wires.append((client, number))


def test_a_client_that_is_behind_misses_ticks_and_nothing_else():
    listener = Listening()
    transport = Transport(make_socketio())
    transport.listen(listener)
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

        def tell(tick: Ticks) -> None:
            sockets = np.array([transport.socket_of("ann")], dtype=np.int32)
            transport.ticks(sockets, tick, lambda row: "ann")

        def ride(line: Line) -> None:
            transport.enter("ann", "engine", environ)
            assert listener.wires == [("ann", line.number)]
            while not line.behind:
                tell(TICK)
            for ply in range(100):
                tell(TICK + 1 + ply)
            transport.spread(["ann"], "frozen", {"game": 1})
            transport("ann", "end", {"game": 2})
            transport.spread(["ann"], "over", {"game": 3})
            read = read_until(theirs, b'"over"')
            assert b'"frozen"' in read
            assert b'"end"' in read
            tick = event_frame(LIVE, "tick", TICK[0].tolist())
            assert tick in read
            assert read.count(b'"tick"') == read.count(tick), "ticks came though it was behind"
            assert listener.behind == ["ann"]
            assert listener.wires == [("ann", line.number), ("ann", -1), ("ann", line.number)]
            assert transport.socket_of("ann") == line.number
            assert not line.behind

        transport.attach()
        with ours:
            transport.websocket(ride, None)(environ, lambda status, headers: None)
        assert listener.wires[-1] == ("ann", -1), "its line has ended"
        transport.detach()
