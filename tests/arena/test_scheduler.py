"""The scheduler: closes when due, plays, plans again; one leads however many are started."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from arena.divisions import Cost
from arena.errors import StorageError
from arena.estimate import Terms, estimate
from arena.fsck import check_all
from arena.models import ModelStore
from arena.records import Deed, RoundFormat, RoundStatus
from arena.rounds import BudgetError, close_round, ensure_open
from arena.scheduler import LEADING, Plan, Scheduler
from arena.storage import Storage
from tests.arena.entering import submitted
from tests.arena.rivals import CHEAP, SerialExecutor, rival
from tests.modules import ROOT

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
FLAT = Cost(1.0, 1.0, 1.0)
"""No cheaper in company, so that only the number of games matters."""
TWO = {f"rival-{seed}": rival(seed) for seed in range(2)}


@pytest.fixture
def storage(database_url):
    with Storage(database_url) as opened:
        yield opened


@pytest.fixture
def said():
    return []


@pytest.fixture
def scheduler(storage, tmp_path, said):
    models = ModelStore(tmp_path / "models")
    options = {"budget_hours": None}

    def close(number, terms, reason):
        fixed = {"number": number, "reason": reason, "anchors": (), "measure": lambda *_: CHEAP}
        return close_round(storage, models, terms=terms, **fixed | options)

    plan = Plan(DAY, Terms(starts=1))
    made = Scheduler(storage, models, SerialExecutor(models), plan, tell=said.append, close=close)
    made.models, made.options = models, options
    return made


def entered(storage, models, seeds=range(2)):
    ensure_open(storage)
    for seed in seeds:
        submitted(storage, f"rival-{seed}", models.put(rival(seed)))


def steps(scheduler, now, most=10):
    """Let it do everything that is due."""
    for _ in range(most):
        wait = scheduler.step(now)
        if wait:
            return wait
    raise AssertionError("never done")


def test_a_round_is_closed_when_due_played_and_the_next_one_planned(storage, scheduler):
    entered(storage, scheduler.models)
    assert 0 < steps(scheduler, NOON) <= 5
    assert storage.open_round().closes_at == NOON + DAY
    steps(scheduler, NOON + DAY - timedelta(seconds=1))
    assert storage.open_round().number == 1
    steps(scheduler, NOON + DAY)
    assert storage.round(1).status is RoundStatus.DONE
    assert storage.open_round().number == 2
    assert storage.open_round().closes_at == NOON + 2 * DAY


def test_a_new_scheduler_goes_on_where_another_was(storage, scheduler):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    scheduler._close(1, Terms(starts=1), "")  # and is gone before anything is played
    assert storage.round(1).status is RoundStatus.CLOSED
    steps(scheduler, NOON + timedelta(hours=1))
    assert storage.round(1).status is RoundStatus.DONE


def test_rounds_close_at_the_same_time_of_day_however_long_they_take(storage, scheduler):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    scheduler.step(NOON + DAY + timedelta(seconds=3))  # closed,
    scheduler.step(NOON + DAY + timedelta(seconds=4))  # played
    steps(scheduler, NOON + DAY + timedelta(hours=5))
    assert storage.round(1).status is RoundStatus.DONE
    assert storage.open_round().closes_at == NOON + 2 * DAY


def test_days_on_which_no_scheduler_ran_are_left_out(storage, scheduler):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    steps(scheduler, NOON + 4.5 * DAY)
    assert storage.round(1).status is RoundStatus.DONE
    assert storage.open_round().number == 2
    assert storage.open_round().closes_at == NOON + 5 * DAY


def test_a_round_that_was_closed_by_hand_before_its_time_leaves_the_next_its_day(
    storage, scheduler
):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    scheduler._close(1, Terms(starts=1), "")
    steps(scheduler, NOON + 0.5 * DAY)
    assert storage.open_round().closes_at == NOON + DAY


def test_a_round_that_nobody_entered_stays_open(storage, scheduler, said):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    steps(scheduler, NOON + 2 * DAY)
    assert storage.open_round().number == 2
    assert storage.open_round().closes_at == NOON + 3 * DAY
    assert "nobody has submitted" in said[-1]
    assert storage.audit(2)[0].action is Deed.POSTPONED


def test_a_round_above_the_budget_is_played_on_the_nearest_terms_within(storage, scheduler, said):
    entered(storage, scheduler.models, range(6))
    scheduler._plan = Plan(DAY, Terms(starts=4))
    costs = [CHEAP] * 6
    scheduler.options["budget_hours"] = estimate(costs, Terms(starts=3)).cpu_hours
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    done = storage.round(1)
    assert (done.status, done.format, done.starts) == (
        RoundStatus.DONE,
        RoundFormat.ROUND_ROBIN,
        3,
    )
    why = storage.audit(1)[0].detail["reason"]
    assert why in said
    assert "CPU-hours, and" in why
    assert "--starts 3 takes" in why
    assert storage.round(2).closes_at == NOON + 2 * DAY


def test_a_budget_too_small_for_every_pair_gets_a_swiss_round(storage, scheduler):
    entered(storage, scheduler.models, range(6))
    whole = estimate([FLAT] * 6, Terms(starts=1))
    scheduler.options |= {"measure": lambda *_: FLAT, "budget_hours": 0.9 * whole.cpu_hours}
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    done = storage.round(1)
    assert (done.status, done.format, done.starts) == (RoundStatus.DONE, RoundFormat.SWISS, 1)
    assert check_all(storage, scheduler.models).findings == []


def test_one_more_entrant_between_refusal_and_closing_reduces_the_terms_again(storage, scheduler):
    entered(storage, scheduler.models, range(6))
    scheduler._plan = Plan(DAY, Terms(starts=4))
    fits = estimate([FLAT] * 6, Terms(starts=3))
    scheduler.options |= {"measure": lambda *_: FLAT, "budget_hours": fits.cpu_hours}
    close = scheduler._close

    def joined(number, terms, reason):
        if reason and len(storage.live_submissions(1)) == 6:
            entered(storage, scheduler.models, [6])
        return close(number, terms, reason)

    scheduler._close = joined
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    done = storage.round(1)
    assert (done.status, done.entrants, done.starts) == (RoundStatus.DONE, 7, 2)


def test_a_round_above_the_budget_on_any_terms_stays_open_and_says_why(storage, scheduler):
    entered(storage, scheduler.models)
    scheduler.options["budget_hours"] = 1e-9
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    assert storage.open_round().number == 1
    assert "CPU-hours" in storage.audit(1)[0].detail["reason"]
    with pytest.raises(BudgetError):
        scheduler._close(1, None, "")


def test_a_closing_planned_too_far_ahead_is_planned_again(storage, scheduler):
    """By a plan of fewer rounds, or by a clock that was ahead."""
    entered(storage, scheduler.models)
    steps(scheduler, NOON + 365 * DAY)
    steps(scheduler, NOON)
    assert storage.open_round().closes_at == NOON + DAY


def test_a_field_too_small_for_its_terms_stays_open_and_says_why(storage, scheduler):
    entered(storage, scheduler.models)
    scheduler._plan = Plan(DAY, Terms(RoundFormat.SWISS, starts=1, stages=5))
    steps(scheduler, NOON)
    steps(scheduler, NOON + DAY)
    assert storage.open_round().number == 1
    assert "at most 1 stages" in storage.audit(1)[0].detail["reason"]


def test_a_round_closed_by_hand_when_due_does_not_close_the_next_one(storage, scheduler):
    entered(storage, scheduler.models)
    steps(scheduler, NOON)
    close = scheduler._close

    def overtaken(*asked):
        close(*asked)
        return close(*asked)

    scheduler._close = overtaken
    with pytest.raises(StorageError, match="round 1 is not open"):
        scheduler.step(NOON + DAY)
    assert storage.open_round().number == 2
    assert 0 < steps(scheduler, NOON + DAY) <= 5
    assert storage.round(1).status is RoundStatus.DONE
    assert storage.open_round().number == 2


def test_the_second_scheduler_waits_and_takes_over(storage, scheduler, said):
    first, second = threading.Event(), threading.Event()
    threads = []

    def start(stop):
        threads.append(threading.Thread(target=scheduler.run, args=(stop,)))
        threads[-1].start()

    def wait_for(what):
        for _ in range(2400):
            if what():
                return
            threading.Event().wait(0.05)
        raise AssertionError(said)

    scheduler._plan = Plan(DAY, Terms(starts=1), poll_seconds=0.05)
    start(first)
    wait_for(lambda: storage.lease_holder(LEADING))
    leader = storage.lease_holder(LEADING)
    start(second)
    wait_for(lambda: any("waits" in line for line in said))
    assert storage.lease_holder(LEADING) == leader
    first.set()
    threads[0].join()
    wait_for(lambda: storage.lease_holder(LEADING) not in (None, leader))
    second.set()
    threads[1].join()


def test_the_command_ends_cleanly_and_may_be_killed(tmp_path):
    environ = os.environ | {
        "TRON_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    environ.pop("TRON_DATABASE_URL", None)
    tron = [sys.executable, "-c", "from tron_env.cli import main; main()"]
    command = [*tron, "round", "schedule", "--every", "24h"]

    def started():
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline().strip()]
        return process, lines

    killed, lines = started()
    assert lines == ["this scheduler leads"]
    assert "round 1 closes at" in killed.stdout.readline()
    killed.kill()
    killed.communicate()
    ended, lines = started()
    assert lines == ["this scheduler leads"]
    ended.send_signal(signal.SIGTERM)
    ended.communicate()
    assert ended.returncode == 0
