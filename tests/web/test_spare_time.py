"""What is done when there is nothing else to do."""

import threading
import time

import gevent
import pytest

from web.clock import Clock
from web.live_types import SLOTS_PER_SECOND
from web.spare_time import HURRY_SECONDS, LONGEST_SECONDS, SpareTime


def test_tasks_are_done_in_order_one_at_a_time_once_the_loop_has_nothing_else():
    spare, done = SpareTime(), []
    spare.attach()
    news = gevent.get_hub().loop.timer(0.0)
    news.start(lambda: done.append("news"))
    for task in ("first", "second"):
        assert spare.take(lambda task=task: done.append(task))  # type: ignore[misc]
    assert (len(spare), done) == (2, [])
    gevent.sleep(0.01)
    assert done == ["news", "first", "second"]
    assert spare.take(lambda: done.append("third"))
    gevent.sleep(0.01)
    assert done[-1] == "third"
    spare.detach()
    news.close()


def test_a_loop_that_is_never_idle_does_what_has_waited_long():
    spare, turns = SpareTime(), [0]
    done: list[tuple[float, int]] = []
    spare.attach()
    busy = gevent.get_hub().loop.timer(0.0, 0.0001)

    def work() -> None:
        turns[0] += 1
        time.sleep(0.001)

    def take_long() -> None:
        done.append((time.monotonic() - since, turns[0]))
        time.sleep(1.5 * HURRY_SECONDS)

    busy.start(work)
    since = time.monotonic()

    for _ in range(4):
        spare.take(take_long)
    with gevent.Timeout(60):
        while len(done) < 4:
            gevent.sleep(0.001)
    busy.stop()
    busy.close()
    spare.detach()
    assert done[0][0] >= LONGEST_SECONDS
    assert len({turn for _, turn in done}) == 4, "the loop goes on between them"


def test_slots_that_are_overdue_come_first():
    spare, now = SpareTime(), [0.0]
    order: list[int | str] = []
    spare.attach()

    def beat(slot: int, due: float) -> None:
        order.append(slot)
        if slot == 0:
            now[0] += 5.5 / SLOTS_PER_SECOND
            for _ in range(3):
                spare.take(lambda: order.append("task"))

    clock: Clock[str] = Clock(beat, lambda command: None, lambda: False, lambda: now[0])
    running = gevent.spawn(clock.run)
    gevent.sleep(0)
    with gevent.Timeout(60):
        while len(spare):
            gevent.sleep(0.001)
    spare.detach()
    running.kill()
    assert order == [0, 1, 2, 3, 4, 5, "task", "task", "task"]


def test_a_task_that_fails_keeps_nothing_from_being_done(caplog: pytest.LogCaptureFixture):
    spare, done = SpareTime(), []
    spare.attach()
    spare.take(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    spare.take(lambda: done.append(True))
    gevent.sleep(0.01)
    assert (done, len(spare)) == ([True], 0)
    assert "left for spare time failed" in caplog.text
    spare.detach()


def test_what_waits_when_it_ends_is_done_and_nothing_else_is_taken():
    spare, done = SpareTime(), []
    assert not spare.take(lambda: None), "it belongs to no thread yet"
    spare.attach()
    spare.take(lambda: done.append(True))
    elsewhere: list[bool] = []
    thread = threading.Thread(target=lambda: elsewhere.append(spare.take(lambda: None)))
    thread.start()
    thread.join()
    assert elsewhere == [False]
    spare.detach()
    assert done == [True]
    assert not spare.take(lambda: None)
