"""What looks at stored games: the territory pass over all, the deep pass over some.

``pass_over`` is the territory pass on as many cores as asked for; it stores what it has every
moment, and goes on where an earlier one stopped. Run as a module (``arena.background``) this is the
site's analyst, which keeps up with games that come in, takes deep passes off their queue one at a
time, and rates the interest of finished rounds. Every web process starts one; of all that share a
database one works, by a lease, and the others wait until it is gone.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Final, TypeAlias

from arena.background import end_with_input
from arena.errors import ArenaFault
from arena.leases import Lease, LeaseHeldError
from arena.settings import load_settings
from arena.storage import Storage, open_storage
from arena.stored_analyses import Judged, Unanalysed
from replays.analysis import analyze
from replays.deep import CONFIRM, DEEP, deep_view, deepen, make_evaluator
from replays.errors import ReplayError
from replays.format import decode
from replays.playback import Playback
from replays.report import mark_view
from replays.summary import Summary, summarise

logger = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[int, int], None]
BATCH: Final = 48
"""Games that are analysed and stored together."""
IDLE_SECONDS: Final = 1.0
WAIT_SECONDS: Final = 5.0
"""Between two looks whether another analyst is gone."""
LEADING: Final = "analysis of games"
"""The lease that the working analyst holds."""
LATE_GAMES: Final = 1_000
"""Games that may be stored before one with a smaller ID is: several processes store at once."""
NICENESS: Final = 19
"""A round that is played behind the site comes first."""


def pass_over(storage: Storage, workers: int, progress: Progress = lambda done, total: None) -> int:
    """Run the territory pass over every game that it has not seen, then rate finished rounds.

    The results do not depend on ``workers``.

    Args:
        storage: the database.
        workers: processes to work with; 1 works in this one.
        progress: told after every batch how many games of how many are done.

    Returns:
        how many games were summarised.
    """
    total, done, summarised = storage.count_unanalysed(), 0, 0
    for looked_at, summaries in _summaries(_batches(storage), workers):
        storage.save_summaries(summaries)
        done += looked_at
        summarised += len(summaries)
        progress(done, max(done, total))
    feature(storage)
    return summarised


def judge_game(encoded: bytes, deep: str = DEEP, confirm: str = CONFIRM) -> Judged:
    """Run the deep pass over a game.

    The same game and SPECs give the same result wherever their budget is in nodes or depth.

    Raises:
        ReplayError: it is no replay, or the rules play it differently from what it records.
        AgentSpecError: a SPEC is malformed.
    """
    playback = Playback(decode(encoded))
    evaluators = make_evaluator(deep), make_evaluator(confirm)
    judged = deepen(playback, analyze(playback), *evaluators)
    return Judged(
        judges=f"{deep} {confirm}",
        deep=deep_view(judged),
        blunders=[mark_view(mark) for mark in judged.blunders],
    )


def judge_next(storage: Storage) -> int | None:
    """Make the deep pass that waits first; return its game's ID, None where none waits."""
    claimed = storage.claim_deep()
    if claimed is None:
        return None
    try:
        storage.save_deep(claimed.id, judge_game(claimed.replay))
    except ReplayError as error:
        logger.warning("game %d has no deep pass: %s", claimed.id, error)
        storage.drop_deep_request(claimed.id)
    return claimed.id


def _batches(storage: Storage) -> Iterator[tuple[Unanalysed, ...]]:
    after = 0
    while batch := storage.unanalysed(after_id=after, limit=BATCH):
        after = batch[-1].id
        yield batch


def _summaries(
    batches: Iterable[tuple[Unanalysed, ...]], workers: int
) -> Iterator[tuple[int, dict[int, Summary]]]:
    """Yield for each batch how many games it had and what the pass found, in any order."""
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return
    # In this process, so that workers load the kernels instead of all compiling the same.
    yield len(first), summarised(first)
    if workers == 1:
        for batch in batches:
            yield len(batch), summarised(batch)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {}
        for batch in batches:
            running[pool.submit(summarised, batch)] = len(batch)
            if len(running) > 2 * workers:
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for each in ready:
                    yield running.pop(each), each.result()
        for future, size in running.items():
            yield size, future.result()


def summarised(batch: Sequence[Unanalysed]) -> dict[int, Summary]:
    """Return what the territory pass says of each game, without those that cannot be read."""
    found = {}
    for game in batch:
        try:
            found[game.id] = summarise(game.replay, game.names)
        except ReplayError as error:
            # `tron fsck` tells of it; here it must not keep the others from being looked at.
            logger.warning("game %d is not analysed: %s", game.id, error)
    return found


def work(
    storage: Storage,
    check: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Do whatever there is to do, for ever: deep passes first, one at a time.

    Args:
        storage: the database.
        check: called between two pieces of work; ends the work by raising.
        sleep: waits so many seconds where there is nothing to do.
    """
    seen, counting = 0, True
    while True:
        check()
        judged = judge_next(storage)
        newest = storage.newest_game()
        batch = storage.unanalysed(after_id=seen, limit=BATCH)
        if batch:
            seen = batch[-1].id
            storage.save_summaries(summarised(batch))
            continue
        # Not from the first game again: a look past a million of them takes a second.
        seen = max(seen, newest - LATE_GAMES)
        rated = feature(storage)
        counting = counting or rated
        uncounted = storage.next_uncounted() if counting else None
        if uncounted is not None:
            storage.insight(uncounted)
            continue
        counting = False
        if judged is None and not rated:
            sleep(IDLE_SECONDS)


def feature(storage: Storage) -> bool:
    """Rate finished rounds, and ask for the deep pass of their featured duels; tell if any was."""
    rated = storage.rate_interest()
    for number in rated:
        featured = storage.featured_of_round(number)
        if featured is not None:
            storage.request_deep(featured, featured=True)
    return bool(rated)


def lead(storage: Storage, sleep: Callable[[float], None] = time.sleep) -> None:
    """Work once no other analyst of this database does; raises where it cannot go on.

    Raises:
        ArenaFault: the database failed, or the lease was lost.
    """
    while True:
        try:
            with Lease(storage, LEADING) as lease:
                work(storage, lease.check, sleep)
        except LeaseHeldError:
            sleep(WAIT_SECONDS)


def main() -> int:
    """Work until the site ends; return the exit status."""
    end_with_input(NICENESS)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    while True:
        try:
            with open_storage(load_settings()) as storage:
                lead(storage)
        except ArenaFault as fault:
            logger.warning("%s; trying again", fault)
            time.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
