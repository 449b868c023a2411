"""Rounds by the clock: closes the open round when it is due, plays it, and plans the next closing.

Any number of schedulers may be started on one database; one leads, by a lease, and the others wait
until it is gone. Everything it knows is in the database, so it may be killed at any moment.

Run as a module, ``python -m arena.scheduler 24h``, it works for the home that the environment
names, and ends when its standard input does.
"""

import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from arena.background import end_with_input
from arena.durations import parse_span
from arena.errors import ArenaFault
from arena.estimate import Terms
from arena.executors import make_executor
from arena.executors.base import Executor
from arena.leases import Lease, LeaseHeldError
from arena.models import ModelStore
from arena.records import RoundRow
from arena.rounds import BudgetError, close_round, ensure_open
from arena.runner import Progress, RoundError, run_round
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from tron_env.errors import TronArenaError

LEADING: Final = "schedule of rounds"
"""The lease that the leading scheduler holds."""
POLL_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 30.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scheduler does."""

    every: timedelta
    """From one closing to the next."""
    terms: Terms | None = None
    """How rounds are played; the usual way by default."""
    budget_hours: float | None = None
    """The most CPU-hours that a round may be expected to take; above that its terms are reduced."""
    poll_seconds: float = POLL_SECONDS


class Scheduler:
    """One of the schedulers of a database.

    Args:
        storage: the database.
        models: the model files.
        executor: plays the blocks.
        plan: what to do.
        tell: told in words whatever happens.
        progress: told how far a round is.
        close: closes the round of this number on these terms, and says why they are not the
            planned ones; ``close_round`` by default.
    """

    def __init__(
        self,
        storage: Storage,
        models: ModelStore,
        executor: Executor,
        plan: Plan,
        *,
        tell: Callable[[str], None],
        progress: Progress | None = None,
        close: Callable[[int, Terms | None, str], RoundRow] | None = None,
    ) -> None:
        self._storage = storage
        self._executor = executor
        self._plan = plan
        self._tell = tell
        self._progress = progress
        self._close = close or (
            lambda number, terms, why: close_round(
                storage,
                models,
                number=number,
                terms=terms,
                budget_hours=plan.budget_hours,
                reason=why,
            )
        )
        self._said = ""

    def run(self, stop: threading.Event) -> None:
        """Lead, or wait to lead, until ``stop`` is set."""
        while not stop.is_set():
            try:
                with Lease(self._storage, LEADING) as lease:
                    self._say("this scheduler leads")
                    while not stop.is_set():
                        lease.check()
                        stop.wait(self.step(datetime.now(UTC)))
            except LeaseHeldError as held:
                self._say(f"another scheduler leads, this one waits: {held}")
                stop.wait(self._plan.poll_seconds)
            except ArenaFault as fault:
                logger.warning("the scheduler goes on in %g s: %s", RETRY_SECONDS, fault)
                stop.wait(RETRY_SECONDS)

    def step(self, now: datetime) -> float:
        """Do what is due; return how many seconds to wait before the next step.

        Raises:
            ArenaFault: a fault of ours; what was being done is done again at the next step.
        """
        waiting = self._storage.unfinished_round()
        if waiting is not None:
            return self._play(waiting)
        opened = ensure_open(self._storage)
        # Planned too late: by another plan, or by a clock that was ahead.
        if opened.closes_at is None or opened.closes_at - now > self._plan.every:
            before = self._storage.round(opened.number - 1)
            at = self._next(before.closes_at if before else None, now)
            self._storage.plan_closing(opened.number, at)
            self._say(f"round {opened.number} closes at {at:%Y-%m-%d %H:%M} UTC")
            return 0.0
        if now < opened.closes_at:
            return min(self._plan.poll_seconds, (opened.closes_at - now).total_seconds())
        reason = self._why_not(opened)
        if reason is None:
            return 0.0
        at = self._next(opened.closes_at, now)
        self._storage.plan_closing(opened.number, at, reason)
        self._say(f"round {opened.number} stays open until {at:%Y-%m-%d %H:%M} UTC: {reason}")
        return 0.0

    def _next(self, planned: datetime | None, now: datetime) -> datetime:
        """Return the first moment to close after now, on the beat of what was planned before.

        However long rounds take, those of every 24 hours close at the same time of day.
        """
        every = self._plan.every
        if planned is None:
            return now + every
        at = planned + max(0, (now - planned) // every + 1) * every
        return min(at, now + every)  # as above, the beat may be another plan's

    def _why_not(self, opened: RoundRow) -> str | None:
        """Close the round that is due; return why not where that cannot be."""
        played_before = self._storage.latest_done_round() is not None
        if played_before and not self._storage.live_submissions(opened.number):
            return "nobody has submitted to it"
        try:
            closed = self._close_in_budget(opened.number, self._plan.terms)
        except RoundError as error:  # above the budget on any terms, or too few for these
            return str(error)
        self._say(f"round {closed.number} is closed with {closed.entrants} entrants")
        return None

    def _close_in_budget(self, number: int, terms: Terms | None, why: str = "") -> RoundRow:
        """Close a round on these terms, or on the nearest that fit: nobody is there to choose."""
        try:
            return self._close(number, terms, why)
        except BudgetError as error:
            if not error.offers:
                raise
            why = f"{error}; the first of these is taken"
            self._say(why)
            return self._close_in_budget(number, error.offers[0].terms, why)

    def _play(self, waiting: RoundRow) -> float:
        try:
            done = run_round(
                self._storage, self._executor, number=waiting.number, progress=self._progress
            )
        except RoundError as error:  # somebody plays it by hand, or has just cancelled it
            self._say(str(error))
            return self._plan.poll_seconds
        champion = self._storage.champion(done.number)
        self._say(f"round {done.number} is done; {champion.name if champion else '?'} is champion")
        return 0.0

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            self._tell(what)


def main() -> int:
    """Lead, or wait to lead, for ever; return the exit status."""
    end_with_input()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = load_settings()
        plan = Plan(parse_span(sys.argv[1]), budget_hours=settings.round_cpu_hours)
        models = ModelStore(settings.models)
        executor = make_executor("local", models, settings.workers)
        with open_storage(settings) as storage:
            Scheduler(storage, models, executor, plan, tell=logger.info).run(threading.Event())
    except TronArenaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
