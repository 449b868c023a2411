"""Playing a closed round: what is stored stays, the rest is played, the best is crowned.

Everything that decides a round was fixed when it closed: field, schedule, seed, blocks. Running it
plays the blocks that are not stored yet and stores each in one transaction, so a killed run loses
at most what its unfinished blocks had played, and the records end up the same.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from arena.blocks import BlockEntrant, BlockResult, BlockTask
from arena.errors import StorageError
from arena.executors.base import Executor
from arena.limits import Limits
from arena.records import DuelResult, DuelRow, EntryRow, NewGame, RoundRow, RoundStatus
from arena.schedule import ScheduledDuel, first_seat
from arena.standings import standings
from arena.storage import Storage
from arena.tally import tally_of, total
from replays.format import decode
from tron_env.errors import TronArenaError
from tron_env.types import Seat

Progress = Callable[[RoundRow], None]


class RoundError(TronArenaError):
    """A round is not in the state that the request needs; the message says what to do."""


def run_round(
    storage: Storage,
    executor: Executor,
    home: Path,
    *,
    number: int | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> RoundRow:
    """Play what is left of a closed round, then store its standings and champion.

    Args:
        storage: the database.
        executor: plays the blocks.
        home: holds the lock that keeps two runs from playing the same round.
        number: the round; the oldest unfinished one by default.
        limits: what each model may use.
        progress: called after every stored block.

    Raises:
        RoundError: there is nothing to run, or another process is running a round.
        ArenaFault: a fault of ours; running again goes on where it was.
    """
    with _only_runner(home):
        row = _runnable(storage, number)
        storage.begin(row.number)
        entries = {entry.id: entry for entry in storage.entries(row.number)}
        duels = {duel.number: duel for duel in storage.duels(row.number)}
        _tell(storage, row.number, progress)
        for result in executor.play(_tasks(row, entries, duels, limits or Limits())):
            by_number = {entry.number: entry.id for entry in entries.values()}
            usage = {by_number[number]: used for number, used in result.usage}
            storage.save_duels(row.number, _duel_results(result, entries, duels), usage)
            _tell(storage, row.number, progress)
        _crown(storage, row)
    return existing_round(storage, row.number)


def existing_round(storage: Storage, number: int) -> RoundRow:
    """Return a round that must be there.

    Raises:
        StorageError: it is not.
    """
    row = storage.round(number)
    if row is None:
        raise StorageError(f"there is no round {number}")
    return row


@contextmanager
def _only_runner(home: Path) -> Iterator[None]:
    """Hold the home's round lock, which the kernel frees however this process ends."""
    with (home / "round.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RoundError("another process is running a round here") from None
        yield


def _runnable(storage: Storage, number: int | None) -> RoundRow:
    row = storage.unfinished_round() if number is None else storage.round(number)
    if row is None:
        what = "no round is closed and unfinished" if number is None else f"no round {number}"
        raise RoundError(f"there is {what}; `tron round close` closes the open one")
    if row.status is RoundStatus.OPEN:
        raise RoundError(f"round {row.number} is open; `tron round close` closes it")
    if row.status is RoundStatus.DONE:
        raise RoundError(f"round {row.number} is done")
    return row


def _tasks(
    row: RoundRow, entries: dict[int, EntryRow], duels: dict[int, DuelRow], limits: Limits
) -> list[BlockTask]:
    """Return the blocks that are not stored yet, each with everything that decides it."""
    seed = row.seed
    if seed is None:
        raise RoundError(f"round {row.number} is open")
    tasks = []
    for block, members in groupby(
        sorted(duels.values(), key=lambda duel: (duel.block, duel.number)),
        key=lambda duel: duel.block,
    ):
        pairs = tuple(members)
        if all(duel.done for duel in pairs):
            continue
        riders = sorted(
            (entries[entry] for entry in {entry for duel in pairs for entry in duel.entries}),
            key=lambda entry: entry.number,
        )
        scheduled = (
            ScheduledDuel(
                duel.number,
                block,
                entries[duel.entries[0]].number,
                entries[duel.entries[1]].number,
            )
            for duel in pairs
        )
        tasks.append(
            BlockTask(
                number=block,
                ruleset=row.ruleset,
                round_seed=seed,
                starts=row.starts,
                entrants=tuple(
                    BlockEntrant(entry.number, entry.sha256, entry.alone) for entry in riders
                ),
                duels=tuple(scheduled),
                limits=limits,
            )
        )
    return tasks


def _duel_results(
    result: BlockResult, entries: dict[int, EntryRow], duels: dict[int, DuelRow]
) -> list[DuelResult]:
    found = []
    for number, games in result.duels:
        duel = duels[number]
        first, second = (entries[entry] for entry in duel.entries)
        new = []
        tallies = []
        for place, game in enumerate(games):
            seats = (first, second) if first_seat(place) is Seat.FIRST else (second, first)
            replay = decode(game.replay)
            tallies.append(tally_of(replay.outcome, replay.ending, first_seat(place)))
            new.append(
                NewGame(
                    number=place,
                    names=(seats[0].name, seats[1].name),
                    models=(seats[0].sha256, seats[1].sha256),
                    replay=game.replay,
                    reasons=game.reasons,
                )
            )
        tally = total(tallies)
        found.append(
            DuelResult(
                duel_id=duel.id,
                points=(tally.points, tally.flip().points),
                forfeits=(tally.forfeits, tally.other_forfeits),
                games=tuple(new),
            )
        )
    return found


def _crown(storage: Storage, row: RoundRow) -> None:
    entries = storage.entries(row.number)
    found = standings(entries, storage.results(row.number), storage.seed(row.number))
    light = {entry.id for entry in entries if entry.light}
    best_light = next((entry for entry in found if entry in light), None)
    storage.finish(row.number, found, next(iter(found)), best_light)


def _tell(storage: Storage, number: int, progress: Progress | None) -> None:
    if progress is not None:
        progress(existing_round(storage, number))
