"""The clock of live play, with time made up."""

import logging

import pytest

from web.clock import Clock


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
