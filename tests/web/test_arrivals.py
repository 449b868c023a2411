"""Lines that have news, read together: nothing is lost, doubled or out of order."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import gevent
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.web.test_frames import masked
from tests.web.test_sayings import KEYS, MESSAGES, written
from tron_env.types import Action
from web import arrivals
from web.arrivals import PAUSE_SECONDS, QUIET_SECONDS, Arrivals
from web.clock import Clock
from web.frames import PING, TEXT
from web.live_types import SLOTS_PER_SECOND
from web.messages import Echo, Turn
from web.sayings import TURN
from web.websocket import Line

PATIENCE_SECONDS = 60.0
OTHER = b'42/live,["leave",{"game":3}]'


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as theirs,
    ):
        ours, _ = server.accept()
        ours.setblocking(False)
        with ours:
            yield ours, theirs


class Ear:
    """What a server hears, each as its client wrote it, by client; all else than turns and echoes
    takes it so many ``seconds``. Turns to the left are taken at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._of_socket: dict[int, str] = {}
        self.said: dict[str, list[bytes]] = {}
        self.order: list[tuple[str, bytes]] = []
        self.seconds = seconds
        self.arrivals = Arrivals(self)

    def line(self, ours: socket.socket, client: str) -> Line:
        """Listen to a client."""
        line = Line(ours, self._hear, self.arrivals.leave)
        line.client = self._of_socket[line.number] = client
        self.said[client] = []
        self.arrivals.enter(line)
        return line

    def wait(self, count: int) -> None:
        """Wait until so much was heard."""
        with gevent.Timeout(PATIENCE_SECONDS):
            while sum(map(len, self.said.values())) < count:
                gevent.sleep(0.001)

    def hear_at_once(
        self, sockets: NDArray[np.int32], sayings: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        left = np.ones(len(sayings), dtype=np.bool_)
        behind: set[int] = set()
        for number, (row, saying, game, value) in enumerate(sayings.tolist()):
            if (saying, value) == (TURN, Action.LEFT) and row not in behind:
                left[number] = False
                self._heard_of(self._of_socket[sockets[row]], written(Turn(game, Action.LEFT)))
            else:
                behind.add(row)
        return left

    def heard(self, said: Sequence[tuple[str, Turn | Echo]]) -> None:
        for client, message in said:
            self._heard_of(client, written(message))

    def _hear(self, line: Line, message: bytes) -> bool:
        time.sleep(self.seconds)
        self._heard_of(line.client, message)
        return True

    def _heard_of(self, client: str, message: bytes) -> None:
        self.said[client].append(message)
        self.order.append((client, message))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.one_of(MESSAGES, st.none()), KEYS), min_size=1, max_size=12),
    st.data(),
)
def test_all_that_is_said_is_heard_in_order_however_it_arrives(
    said: list[tuple[Turn | Echo | None, bytes]], data: st.DataObject
):
    texts = [OTHER if message is None else written(message) for message, _ in said]
    stream = b""
    for text, (_, keys) in zip(texts, said, strict=True):
        if data.draw(st.booleans()):
            stream += masked(b"are you there", keys, PING)
        stream += masked(text, keys)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=4)))
    ear = Ear()
    with connected() as (ours, theirs):
        line = ear.line(ours, "ann")
        for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            theirs.sendall(stream[begin:end])
            gevent.sleep(0.003)
        ear.wait(len(texts))
        line.release()
    ear.arrivals.close()
    assert ear.said == {"ann": texts}


def test_more_lines_than_are_read_in_one_go_are_all_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arrivals, "MOST_LINES", 32)
    text = written(Echo(7, 10))
    ear = Ear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        pairs = [
            (socket.create_connection(server.getsockname()), server.accept()[0]) for _ in range(52)
        ]
    lines = []
    for number, (_, ours) in enumerate(pairs):
        ours.setblocking(False)
        lines.append(ear.line(ours, f"client {number}"))
    for theirs, _ in pairs:
        theirs.sendall(masked(text, b"keys", TEXT))
    ear.wait(len(pairs))
    for line in lines:
        line.release()
    ear.arrivals.close()
    for pair in pairs:
        for end in pair:
            end.close()
    assert set(map(tuple, ear.said.values())) == {(text,)}


def test_what_comes_after_a_long_silence_is_heard_as_well():
    text = written(Echo(7, 10))
    ear = Ear()
    with connected() as (ours, theirs):
        line = ear.line(ours, "ann")
        for count in range(1, 4):
            theirs.sendall(masked(text, b"keys"))
            ear.wait(count)
            gevent.sleep(2 * QUIET_SECONDS)
            assert not ear.arrivals._looks.active, "the loop watches again"
        line.release()
    ear.arrivals.close()


def test_turns_do_not_wait_for_what_many_others_say_that_takes_long():
    turn, echo = written(Turn(7, Action.LEFT)), written(Echo(7, 10))
    ear = Ear(0.003)
    names = [f"client {number}" for number in range(12)]
    with ExitStack() as stack:
        pairs = {name: stack.enter_context(connected()) for name in [*names, "ann"]}
        lines = [ear.line(ours, name) for name, (ours, _) in pairs.items()]
        for name in names:
            pairs[name][1].sendall(masked(OTHER, b"keys"))
        ear.wait(1)
        for name in names:
            pairs[name][1].sendall(masked(turn, b"keys"))
        pairs["ann"][1].sendall(masked(echo, b"keys"))
        ear.wait(2 * len(names) + 1)
        for line in lines:
            line.release()
    ear.arrivals.close()
    assert ear.said == {"ann": [echo]} | {name: [OTHER, turn] for name in names}
    late = [message for _, message in ear.order[ear.order.index(("ann", echo)) :]]
    assert late.count(OTHER) > len(names) / 2


def test_who_never_ends_a_frame_with_a_read_keeps_nobody_else_waiting():
    turn = written(Turn(7, Action.LEFT))
    frames = masked(OTHER, b"keys") * 60
    ear = Ear(0.0005)
    names = [f"client {number}" for number in range(8)]
    with ExitStack() as stack:
        pairs = {name: stack.enter_context(connected()) for name in [*names, "ann"]}
        lines = [ear.line(ours, name) for name, (ours, _) in pairs.items()]
        for begin, end in ((0, 1), (1, len(frames) - 1)):
            for name in names:
                pairs[name][1].sendall(frames[begin:end])
            gevent.sleep(0.02)
        pairs["ann"][1].sendall(masked(OTHER, b"keys") + masked(turn, b"keys"))
        for name in names:
            pairs[name][1].sendall(frames[-1:])
        ear.wait(60 * len(names) + 2)
        for line in lines:
            line.release()
    ear.arrivals.close()
    assert ear.said == {"ann": [OTHER, turn]} | {name: [OTHER] * 60 for name in names}
    assert len(ear.order) - ear.order.index(("ann", turn)) > 10 * len(names)


def test_a_turn_that_comes_during_a_slot_is_heard_before_the_next_however_late_that_is():
    now = [0.0]
    waited: list[int] = []
    slots = [0]

    def beat(slot: int, due: float) -> None:
        now[0] += 1.1 / SLOTS_PER_SECOND
        slots[0] = slot
        theirs.sendall(masked(written(Echo(7, slot + 1)), b"keys"))
        time.sleep(2 * PAUSE_SECONDS)
        if slot == 40:
            clock.end()

    class Hurried(Ear):
        def heard(self, said: Sequence[tuple[str, Turn | Echo]]) -> None:
            waited.extend(slots[0] + 1 - each.ply for _, each in said if type(each) is Echo)

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False, lambda: now[0])
    arrivals = Hurried().arrivals
    with connected() as (ours, theirs):
        line = Line(ours, lambda line, message: True, arrivals.leave)
        line.client = "ann"
        arrivals.enter(line)
        clock.run()
        line.release()
    arrivals.close()
    assert len(waited) >= 40
    assert set(waited) == {0}


def test_a_line_whose_client_hangs_up_ends_and_a_fault_costs_no_other_word(
    caplog: pytest.LogCaptureFixture,
):
    ear = Ear()
    with connected() as (first, ann), connected() as (second, bob):
        lines = [ear.line(first, "ann"), ear.line(second, "bob")]
        del ear.said["ann"]  # hearing her now fails
        ann.sendall(masked(OTHER, b"keys")[:3])
        gevent.sleep(0.02)
        ann.sendall(masked(OTHER, b"keys")[3:])
        bob.sendall(masked(OTHER, b"keys"))
        ear.wait(1)
        with gevent.Timeout(PATIENCE_SECONDS):
            while "could not be taken" not in caplog.text:
                gevent.sleep(0.001)
        ear.said["ann"] = []
        ann.sendall(masked(OTHER, b"keys"))
        ear.wait(2)
        ann.close()
        with gevent.Timeout(PATIENCE_SECONDS):
            while not lines[0].closed:
                gevent.sleep(0.001)
        assert not lines[1].closed
        for line in lines:
            line.release()
    ear.arrivals.close()
    assert ear.said == {"ann": [OTHER], "bob": [OTHER]}
