"""The clock of live play, with time made up."""

import logging
import socket
import threading

import gevent
import pytest

from web.clock import Clock
from web.live_types import SLOTS_PER_SECOND


def test_commands_get_their_turn_though_every_slot_takes_too_long():
    time = [0.0]
    obeyed: list[str] = []
    beats: list[int] = []

    def beat(slot: int, due: float) -> None:
        time[0] += 0.005
        beats.append(slot)
        if len(beats) == 1:
            clock.post("stop")
        assert len(beats) < 100, "the command was never obeyed"

    def obey(command: str) -> None:
        obeyed.append(command)
        clock.end()

    clock: Clock[str] = Clock(beat, obey, lambda: False, lambda: time[0])
    clock.run()
    assert obeyed == ["stop"]


def test_a_slot_that_is_due_does_not_wait_for_those_who_all_have_something_to_say():
    time = [0.0]
    done: list[str] = []
    clock: Clock[str] = Clock(
        lambda slot, due: done.append(f"beat {slot}"), done.append, lambda: False, lambda: time[0]
    )
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    done.clear()
    for number in range(6):  # as the loop's own callbacks do, one after the other
        clock.post(f"turn {number}")
        time[0] += 0.6 / SLOTS_PER_SECOND
    said = [each for each in done if each.startswith("turn")]
    assert said == [f"turn {number}" for number in range(6)]
    assert len(done) - len(said) == 3
    assert done[-1].startswith("beat"), "beats stand between them, where they were due"
    clock.post("the last")
    clock.end()
    gevent.joinall([running], raise_error=True)


def test_news_that_comes_during_a_slot_is_told_before_the_next_however_late_that_is():
    time = [0.0]
    done: list[str] = []

    def beat(slot: int, due: float) -> None:
        time[0] += 1.1 / SLOTS_PER_SECOND  # a little behind: the timetable does not move
        done.append("beat")
        theirs.send(b"n")
        if slot == 30:
            clock.end()

    def read() -> None:
        ours.recv(1)
        done.append("heard")

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False, lambda: time[0])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watcher = gevent.get_hub().loop.io(ours.fileno(), 1)
        watcher.start(read)
        clock.run()
        watcher.stop()
        watcher.close()
    assert done == ["beat", "heard"] * 31


def test_what_another_thread_has_commanded_is_obeyed_before_a_slot_that_is_due():
    """It may be the answer that a game waits for."""
    time = [0.0]
    order: list[int | str] = []
    clock: Clock[str] = Clock(
        lambda slot, due: order.append(slot), order.append, lambda: False, lambda: time[0]
    )
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    thread = threading.Thread(target=clock.post, args=("an answer",))
    thread.start()
    thread.join()
    time[0] += 1.5 / SLOTS_PER_SECOND
    clock.post()
    assert order == [0, "an answer", 1]
    clock.end()
    clock.post("the end")
    gevent.joinall([running], raise_error=True)


def test_commands_that_fail_cost_no_other_command_and_not_the_clock():
    obeyed: list[int] = []

    def obey(command: int) -> None:
        obeyed.append(6 // command)

    clock: Clock[int] = Clock(lambda slot, due: None, obey, lambda: False)
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    with pytest.raises(ZeroDivisionError):
        clock.post(1, 0, 2, 0, 3)
    assert obeyed == [6, 3, 2]
    gevent.sleep(0.02)
    assert clock.alive
    clock.post(6)
    clock.end()
    gevent.joinall([running], raise_error=True)
    assert obeyed == [6, 3, 2, 1]


def test_a_fault_ends_the_clock_wherever_it_beats():
    time = [0.0]

    def beat(slot: int, due: float) -> None:
        if slot:
            raise ZeroDivisionError

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False, lambda: time[0])
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    time[0] += 0.01
    clock.post("a turn")
    with pytest.raises(ZeroDivisionError):
        running.get()
    assert clock.ended


def test_a_fault_ends_the_clock_and_is_told_to_the_operator(caplog: pytest.LogCaptureFixture):
    def beat(slot: int, due: float) -> None:
        raise ZeroDivisionError

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False)
    with pytest.raises(ZeroDivisionError):
        clock.run()
    assert clock.ended
    (told,) = caplog.records
    assert (told.levelno, told.name) == (logging.CRITICAL, "web.clock")
    assert told.exc_info is not None
