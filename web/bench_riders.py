"""Many clients of live play in one process, lean enough not to be what is measured.

Each speaks Socket.IO over a WebSocket of its own: connects, joins, steers twice a second around
what lies ahead, answers the ticks that are to be answered, and asks for a rematch after each game.
Those that are told to be unruly also talk nonsense, leave games, and break off to come back later.
A tick's lateness is that of its arrival, of which the system tells, not of its turn among all the
others that this one process reads. Run as a module it takes orders on standard input (see ``main``)
and answers each with one line.
"""

import base64
import json
import os
import random
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from web.clock import MAX_LAG_SECONDS
from web.lateness import Lateness

TICK: Final = b'42/live,["tick",['
GAME: Final = b'42/live,["game",'
END: Final = b'42/live,["end",'
WAITING: Final = b'42/live,["waiting",'
REFUSED: Final = b'42/live,["refused",'
STORED: Final = b'42/live,["stored",'
PLIES_BETWEEN_TURNS: Final = 5
WIDTH: Final = 32
STEPS: Final = (-WIDTH, 1, WIDTH, -1)
LOOK_AHEAD: Final = 12
CONNECTIONS_PER_SECOND: Final = 150
READ_BYTES: Final = 65536
TOLD_BYTES: Final = 64
SO_TIMESTAMPNS: Final = 35
"""Linux's, on x86 and ARM: each read is told when its last bytes arrived."""
TIMESPEC: Final = struct.Struct("qq")
RETRY_SECONDS: Final = 1.0
MISCHIEF_PLIES: Final = 20
"""An unruly rider does one of the three about so often."""
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

    lateness: Lateness = field(default_factory=Lateness)
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

    Attributes:
        unruly: whether it misbehaves.
        back_at: when one that broke off comes back.
    """

    def __init__(self, address: tuple[str, int], join: dict[str, object], tally: Tally) -> None:
        self.unruly = False
        self.back_at = float("inf")
        self._address = address
        self._tally = tally
        self._join = join
        self._key: str | None = None
        self._away = False
        self._mask = os.urandom(4)
        self._keys = int.from_bytes(self._mask * 64, "little")
        self._game = 0
        self._seat = 0
        self._speed = 10
        self._heading = 0
        self._taken = bytearray()
        self._due, self._ply = float("-inf"), 0
        self._turned_at = 0
        self.retry_at = float("inf")
        self.riding = False
        self.connect()

    def connect(self) -> None:
        """Begin a connection, the first or another one."""
        address = self._address
        self.back_at = float("inf")
        self._away = False
        self._rest = b""
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
        self._shaking = True
        self.sock.setblocking(False)

    def readable(self) -> bool:
        """Take what has arrived; False once the connection has ended."""
        try:
            data, told, _, _ = self.sock.recvmsg(READ_BYTES, TOLD_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        now = _arrival(told)
        if not data or self._away:
            return False
        data = self._rest + data
        if self._shaking:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return True
            if b" 101 " not in head[:16]:
                return False
            self._shaking = False
            self._rest = b""
        at, have = 0, len(data)
        while have - at >= 2 and not self._away:
            length, begin = data[at + 1], at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                begin += size
                if have < begin:
                    break
                length = int.from_bytes(data[begin - size : begin], "big")
            end = begin + length
            if have < end:
                break
            if data[at] == 0x81:
                self._take(data[begin:end], now)
            at = end
        self._rest = data[at:]
        return True

    def join(self) -> None:
        """Ask for a game."""
        self.retry_at = float("inf")
        self._say("join", self._join)

    def _take(self, message: bytes, now: float) -> None:
        if message.startswith(TICK):
            self._tick(message, now)
        elif message == b"2":
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
            if b"unknown_game" in message and self._due == float("-inf"):
                self.riding = False  # what it came back to is over
            if not self.riding:
                self.retry_at = now + RETRY_SECONDS

    def _begin(self, game: Any) -> None:
        self._tally.resumed += game["resumed"]
        self._key = game["key"]
        self._game = game["game"]
        self._seat = game["seat"]
        self._speed = game["speed"]
        view = game["view"]
        self._taken = bytearray(WIDTH * WIDTH)
        for each in range(WIDTH):
            for edge in (each, WIDTH * (WIDTH - 1) + each, WIDTH * each, WIDTH * each + WIDTH - 1):
                self._taken[edge] = 1
        for trail in (*view["trails"], [cell for cell in view["lead_in"] if cell]):
            for row, col in trail:
                self._taken[row * WIDTH + col] = 1
        self._heading = view["headings"][self._seat]
        self._due, self._ply = float("-inf"), 0
        self._turned_at = 0
        self.retry_at = float("inf")
        self.riding = True

    def _tick(self, message: bytes, now: float) -> None:
        row = message[len(TICK) : -2].split(b",")
        ply = int(row[1])
        tally = self._tally
        # A tick is due one period after the one before it was; a late one counts once, for then the
        # server moves the whole timetable rather than hurry a game.
        due = self._due + (ply - self._ply) / self._speed
        late = now - due
        self._due = due if 0 <= late <= MAX_LAG_SECONDS else now
        self._ply = ply
        if late < float("inf"):
            tally.lateness.add(max(late, 0.0))
        tally.ticks += 1
        taken = self._taken
        taken[int(row[2]) * WIDTH + int(row[3])] = 1
        taken[int(row[4]) * WIDTH + int(row[5])] = 1
        if self.unruly and random.random() * MISCHIEF_PLIES < 1.0:
            self._misbehave(now)
            return
        if ply % self._speed == 0:
            self._say("echo", {"game": self._game, "ply": ply})
        heading = int(row[6 + self._seat])
        at = int(row[2 + 2 * self._seat]) * WIDTH + int(row[3 + 2 * self._seat])
        due = ply - self._turned_at >= PLIES_BETWEEN_TURNS
        if due or taken[at + STEPS[heading]] or self._room(at + STEPS[heading], heading) < 1:
            here = at + STEPS[heading] if not taken[at + STEPS[heading]] else at
            sides = ((heading + 1) & 3, (heading + 3) & 3)
            best = max(sides, key=lambda side: self._room(here, side))
            if self._room(here, best) > 0:
                self._turned_at = ply
                tally.turns += 1
                self._say("turn", {"game": self._game, "action": best})

    def _misbehave(self, now: float) -> None:
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
                self._due = float("-inf")
                self._away = True
                self.back_at = now + random.uniform(*AWAY_SECONDS)
                self.sock.shutdown(socket.SHUT_RDWR)

    def _room(self, at: int, heading: int) -> int:
        step, taken = STEPS[heading], self._taken
        for cells in range(LOOK_AHEAD):
            at += step
            if taken[at]:
                return cells
        return LOOK_AHEAD

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


def _arrival(told: list[tuple[int, int, bytes]]) -> float:
    """Return when what was read had arrived, by the monotonic clock."""
    now = time.monotonic()
    for level, kind, value in told:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack(value)
            ago: float = time.time() - seconds - nanoseconds / 1e9
            return now - max(0.0, ago)
    return now


def ride(
    riders: list[Rider], selector: selectors.BaseSelector, seconds: float, tally: Tally
) -> None:
    """Have all riders ride for so long."""
    until = time.monotonic() + seconds
    look_at = 0.0
    while (now := time.monotonic()) < until:
        for key, _ in selector.select(min(until - now, 0.05)):
            rider: Rider = key.data
            if not rider.readable():
                selector.unregister(rider.sock)
                rider.sock.close()
                if rider.back_at == float("inf"):
                    tally.lost += 1
                    riders.remove(rider)
        if now > look_at:
            look_at = now + 0.2
            for rider in riders:
                if rider.back_at < now:
                    rider.connect()
                    selector.register(rider.sock, selectors.EVENT_READ, rider)
                elif rider.retry_at < now:
                    rider.join()


def main() -> None:
    """Take orders: ``have N``, ``unrule N``, ``ride SECONDS``, ``measure SECONDS``.

    Each is answered with a line. ``unrule`` has the first N misbehave.
    """
    url, opponent, speed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if sys.argv[4]:
        os.sched_setaffinity(0, {int(core) for core in sys.argv[4].split(",")})
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    tally = Tally()
    riders: list[Rider] = []
    selector = selectors.DefaultSelector()
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "have":
            while len(riders) > int(argument):
                rider = riders.pop()
                if rider.back_at == float("inf"):
                    selector.unregister(rider.sock)
                rider.sock.close()
            for _ in range(int(argument) - len(riders)):
                rider = Rider(address, {"opponent": opponent, "speed": speed}, tally)
                riders.append(rider)
                selector.register(rider.sock, selectors.EVENT_READ, rider)
                ride(riders, selector, 1 / CONNECTIONS_PER_SECOND, tally)
        elif order == "unrule":
            for number, rider in enumerate(riders):
                rider.unruly = number < int(argument)
        else:
            if order == "measure":
                vars(tally).update(vars(Tally()))
            started = time.process_time()
            ride(riders, selector, float(argument), tally)
            tally.lateness.seconds = time.process_time() - started
        answer = vars(tally) | {
            "lateness": tally.lateness.counts,
            "cpu": tally.lateness.seconds,
            "riding": sum(rider.riding for rider in riders),
            "clients": len(riders),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
