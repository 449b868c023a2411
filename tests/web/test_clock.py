"""The clock of live play, with time made up."""

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
