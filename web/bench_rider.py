"""One rider of `tron bench live`: all that it does but what ``web.bench_steering`` does at a tick.

It speaks Socket.IO over a WebSocket of its own: connects, joins, and asks for a rematch after each
game. One that is unruly also talks nonsense, leaves games, and breaks off to come back later.
"""

import base64
import json
import os
import random
import socket
import sys
from dataclasses import dataclass, field
from typing import Any, Final

from web.bench_steering import WIDTH, Boards
from web.lateness import BUCKETS

GAME: Final = b'42/live,["game",'
END: Final = b'42/live,["end",'
REFUSED: Final = b'42/live,["refused",'
STORED: Final = b'42/live,["stored",'
HEAD_BYTES: Final = 4096
SO_TIMESTAMPNS: Final = 35
"""Linux's, on x86 and ARM: each read is told when its last bytes arrived."""
RETRY_SECONDS: Final = 1.0
AWAY_SECONDS: Final = (0.1, 4.0)
NONSENSE: Final[tuple[tuple[str, object], ...]] = (
    ("turn", "left"),
    ("turn", {"game": 2**60, "action": 1}),
    ("turn", {"game": 3, "action": 1}),
    ("join", {"opponent": "zoo/../x", "speed": 10}),
    ("resume", {"game": 3, "key": "0" * 32}),
    ("watch", {"game": 3}),
    ("dance", {"x": [1] * 50}),
    ("call_me", {"name": "x" * 60}),
)


@dataclass
class Tally:
    """What all riders saw since the last ``measure``."""

    lateness: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    ticks: int = 0
    turns: int = 0
    games: int = 0
    void: int = 0
    refused: int = 0
    stored: int = 0
    lost: int = 0
    nonsense: int = 0
    left: int = 0
    broken_off: int = 0
    resumed: int = 0


class Rider:
    """One client.

    Args:
        address: host and port.
        join: what it asks for.
        tally: of all riders.
        boards: of all riders.
        place: this one's.

    Attributes:
        shaking: whether the server has yet to agree to a WebSocket.
        back_at: when one that broke off comes back.
        retry_at: when it asks for a game again.
        riding: whether it does.
    """

    def __init__(
        self,
        address: tuple[str, int],
        join: dict[str, object],
        tally: Tally,
        boards: Boards,
        place: int,
    ) -> None:
        self.place = place
        self.back_at = self.retry_at = float("inf")
        self.riding = False
        self._address = address
        self._tally = tally
        self._join = join
        self._boards = boards
        self._key: str | None = None
        self._mask = boards.masks[place].tobytes()
        self._keys = int.from_bytes(self._mask * 64, "little")
        boards.unruly[place] = False
        boards.games[place] = 0
        self.connect()

    def connect(self) -> None:
        """Begin a connection, the first or another one."""
        address = self._address
        self.back_at = float("inf")
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform == "linux":
            self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            (
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
                f"Host: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                "Sec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        self.shaking = True
        self.sock.setblocking(False)
        self._boards.sockets[self.place] = self.sock.fileno()
        self._boards.lengths[self.place] = 0

    def shake(self) -> bool:
        """Take the server's answer once it is whole, and nothing behind it; False if it is a no."""
        try:
            seen = self.sock.recv(HEAD_BYTES, socket.MSG_PEEK)
            head, found, _ = seen.partition(b"\r\n\r\n")
            if found:
                self.sock.recv(len(head) + len(found))
                self.shaking = False
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(seen) and (not found or b" 101 " in head[:16])

    def join(self) -> None:
        """Ask for a game."""
        self.retry_at = float("inf")
        self._say("join", self._join)

    def gone(self) -> bool:
        """Whether the connection has ended, on whatever side."""
        try:
            return self.back_at < float("inf") or not self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def take(self, message: bytes, now: float) -> None:
        """Take a message that is no tick."""
        if self.back_at < float("inf"):
            return  # it broke off before this came
        if message == b"2":
            self._send(b"3")
        elif message.startswith(b"0{"):
            self._send(b"40/live,")
        elif message.startswith(b"40/live,"):
            if self.riding:
                self._say("resume", {"game": self._game, "key": self._key})
            else:
                self.join()
        elif message.startswith(GAME):
            self._begin(json.loads(message[8:])[1])
        elif message.startswith(END):
            self._tally.games += 1
            self._tally.void += b'"result":"void"' in message
            self.riding = False
            self._say("rematch", {"game": self._game})
        elif message.startswith(STORED):
            self._tally.stored += 1
        elif message.startswith(REFUSED) and not message.startswith(
            b'42/live,["refused",{"code":"queue_full"'
        ):
            self._tally.refused += 1
            if b"unknown_game" in message and self._boards.dues[self.place] == float("-inf"):
                self.riding = False  # what it came back to is over
            if not self.riding:
                self.retry_at = now + RETRY_SECONDS

    def misbehave(self, now: float) -> None:
        """Do one of three things that no good client does."""
        if self.back_at < float("inf"):
            return  # two ticks came at once, and at the first it broke off
        match random.randrange(3):
            case 0:
                self._tally.nonsense += 1
                self._say(*random.choice(NONSENSE))
            case 1:
                self._tally.left += 1
                self._say("leave", {"game": self._game})
                self.riding = False
                self.retry_at = now + RETRY_SECONDS
            case _:
                self._tally.broken_off += 1
                self._boards.dues[self.place] = float("-inf")
                self._boards.sockets[self.place] = -1
                self.retry_at = float("inf")
                self.back_at = now + random.uniform(*AWAY_SECONDS)
                self.sock.shutdown(socket.SHUT_RDWR)

    @property
    def _game(self) -> int:
        return int(self._boards.games[self.place])

    def _begin(self, game: Any) -> None:
        self._tally.resumed += game["resumed"]
        self._key = game["key"]
        boards, place, view = self._boards, self.place, game["view"]
        boards.games[place] = game["game"]
        boards.seats[place] = game["seat"]
        boards.speeds[place] = game["speed"]
        taken = boards.taken[place].reshape(WIDTH, WIDTH)
        taken[:] = 1
        taken[1:-1, 1:-1] = 0
        for trail in (*view["trails"], [cell for cell in view["lead_in"] if cell]):
            for row, col in trail:
                taken[row, col] = 1
        boards.dues[place] = float("-inf")
        boards.plies[place] = boards.turned[place] = 0
        self.retry_at = float("inf")
        self.riding = True

    def _say(self, event: str, payload: object) -> None:
        self._send(f"42/live,{json.dumps([event, payload], separators=(',', ':'))}".encode())

    def _send(self, payload: bytes) -> None:
        length = len(payload)
        mixed = int.from_bytes(payload, "little") ^ (self._keys & ((1 << 8 * length) - 1))
        try:
            self.sock.send(
                bytes((0x81, 0x80 | length)) + self._mask + mixed.to_bytes(length, "little")
            )
        except OSError:
            self._tally.lost += 1
