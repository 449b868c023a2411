"""Leases: one holder at a time, whatever ends it."""

import os
import subprocess
import sys
import threading

import pytest

from arena.errors import StorageError
from arena.leases import Lease, LeaseHeldError, LeaseLostError
from arena.storage import Storage
from arena.stored_leases import new_holder
from tests.modules import ROOT

ELSEWHERE = "another-machine process 1 0.00 abc"


@pytest.fixture
def storage(database_url):
    with Storage(database_url) as opened:
        yield opened


def test_one_holds_it_until_it_is_given_back(storage):
    with Lease(storage, "playing") as lease:
        lease.check()
        assert storage.lease_holder("playing") is not None
        with pytest.raises(LeaseHeldError, match="playing is held by"), Lease(storage, "playing"):
            pass
        with Lease(storage, "something else"):
            pass
    assert storage.lease_holder("playing") is None
    with Lease(storage, "playing"):
        pass


def test_one_that_ran_out_is_taken(storage):
    assert storage.take_lease("playing", ELSEWHERE, 3600.0) is None
    assert storage.take_lease("playing", new_holder(), 60.0) == ELSEWHERE
    assert storage.take_lease("playing", ELSEWHERE, -1.0) is None
    assert storage.lease_holder("playing") is None
    mine = new_holder()
    assert storage.take_lease("playing", mine, 60.0) is None
    assert storage.lease_holder("playing") == mine


HOLD = """
import os, sys
from arena.storage import Storage
from arena.stored_leases import new_holder

with Storage(sys.argv[1]) as storage:
    assert storage.take_lease("playing", new_holder(), 3600.0) is None
    os.kill(os.getpid(), 9)
"""


def test_one_of_a_killed_process_of_this_machine_is_taken_at_once(storage, database_url):
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", HOLD, database_url], env=environ, check=False)
    with Lease(storage, "playing"):
        pass


def check_for(lease, seconds):
    for _ in range(20 * seconds):
        lease.check()
        threading.Event().wait(0.05)


def test_who_loses_it_notices(storage):
    with Lease(storage, "playing", seconds=0.2, clock=lambda: 0.0) as lease:
        with storage.writing() as connection:
            connection.exec_driver_sql(
                f"UPDATE leases SET holder = '{ELSEWHERE}', expires_at = expires_at + 3600"
            )
        with pytest.raises(LeaseLostError, match="another-machine"):
            check_for(lease, seconds=120)
    assert storage.lease_holder("playing") == ELSEWHERE


class Away:
    """A database that is away after the lease was taken."""

    def __init__(self):
        self.calls = 0

    def take_lease(self, name, holder, seconds):
        self.calls += 1
        if self.calls > 1:
            raise StorageError("the database is away")

    def give_lease_back(self, name, holder):
        raise StorageError("the database is away")


def test_a_database_that_is_away_for_a_moment_ends_nothing():
    away = Away()
    time = [0.0]
    with Lease(away, "playing", seconds=0.04, clock=lambda: time[0]) as lease:
        while away.calls < 4:
            threading.Event().wait(0.01)
        time[0] = 0.04
        lease.check()


def test_one_that_ran_out_while_the_database_was_away_is_lost_for_good():
    away = Away()
    time = [0.0]
    with Lease(away, "playing", seconds=0.04, clock=lambda: time[0]) as lease:
        time[0] = 0.05
        with pytest.raises(LeaseLostError, match="ran out"):
            lease.check()
        away.calls = 0  # it is back: what ran out is not taken up again behind our back
        threading.Event().wait(0.1)
        with pytest.raises(LeaseLostError, match="ran out"):
            lease.check()


def test_many_at_once_and_one_gets_it(storage):
    got = []
    barrier = threading.Barrier(6)

    def want():
        holder = new_holder()
        barrier.wait()
        if storage.take_lease("playing", holder, 60.0) is None:
            got.append(holder)

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert storage.lease_holder("playing") == got[0]
