"""The clock of live play, with time made up."""

import logging
import socket
from itertools import pairwise

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


def test_clients_are_heard_between_slots_that_have_to_be_caught_up_on():
    """A little behind all the time, but never so far that the timetable moves."""
    time = [0.0]
    done: list[str] = []

    def beat(slot: int, due: float) -> None:
        time[0] += 1.1 / SLOTS_PER_SECOND
        done.append("beat")
        if slot == 30:
            clock.end()

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False, lambda: time[0])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"news that nobody reads")
        watcher = gevent.get_hub().loop.io(ours.fileno(), 1)
        watcher.start(lambda: done.append("heard"))
        clock.run()
        watcher.stop()
        watcher.close()
    pairs = list(pairwise(done))
    assert pairs.count(("beat", "beat")) <= 1, done
    assert done.count("beat") == 31


def test_a_command_that_fails_costs_no_other_command():
    obeyed: list[int] = []

    def obey(command: int) -> None:
        obeyed.append(command // (3 - command))

    clock: Clock[int] = Clock(lambda slot, due: None, obey, lambda: False)
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    with pytest.raises(ZeroDivisionError):
        clock.post(2, 3, 4)
    clock.post(6)
    clock.end()
    gevent.joinall([running], raise_error=True)
    assert obeyed == [2, -4, -2]


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
