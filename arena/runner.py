"""Playing a closed round: what is stored stays, the rest is played, the best is crowned.

Everything that decides a round was fixed when it closed: field, schedule, seed, blocks. Running it
plays the blocks that are not stored yet and stores each in one transaction, so a killed run loses
at most what its unfinished blocks had played, and the records end up the same.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy.exc import OperationalError

from arena.blocks import BlockEntrant, BlockResult, BlockTask
from arena.confinement import NEEDED_FOR_STRANGERS, available_layers
from arena.divisions import Usage
from arena.errors import StorageError
from arena.executors.base import Executor
from arena.leases import Lease, LeaseHeldError
from arena.limits import Limits
from arena.records import DuelResult, DuelRow, EntryRow, NewGame, RoundRow, RoundStatus
from arena.schedule import ScheduledDuel, first_seat
from arena.standings import standings
from arena.storage import Storage
from arena.swiss import pairings
from arena.tally import tally_of, total
from replays.format import decode
from tron_env.errors import TronArenaError
from tron_env.types import Seat

Progress = Callable[[RoundRow], None]
RUNNING: Final = "running of rounds"
"""The lease that whoever plays a round holds."""
RETRY_SECONDS: Final = (0.5, 2.0, 8.0)
logger = logging.getLogger(__name__)


class RoundError(TronArenaError):
    """A round is not in the state that the request needs; the message says what to do."""


def run_round(
    storage: Storage,
    executor: Executor,
    *,
    number: int | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> RoundRow:
    """Play what is left of a closed round, then store its standings and champions.

    A lease keeps all processes but one that share the database from doing so at once.

    Args:
        storage: the database.
        executor: plays the blocks.
        number: the round; the oldest unfinished one by default.
        limits: what each model may use.
        progress: called after every stored block.

    Raises:
        RoundError: there is nothing to run, another process is running a round, or the round was
            cancelled while it was played.
        ArenaFault: a fault of ours; running again goes on where it was.
    """
    try:
        with Lease(storage, RUNNING) as lease:
            row = _runnable(storage, number)
            storage.begin(row.number)
            _play(storage, executor, row, lease, limits or Limits(), progress)
            _crown(storage, row)
    except LeaseHeldError as error:
        raise RoundError(f"another process is running a round; {error}") from error
    return existing_round(storage, row.number)


def _play(
    storage: Storage,
    executor: Executor,
    row: RoundRow,
    lease: Lease,
    limits: Limits,
    progress: Progress | None,
) -> None:
    """Play all stages of a round; a round-robin is one."""
    entries = {entry.id: entry for entry in storage.entries(row.number)}
    numbers = {entry.number: entry.id for entry in entries.values()}
    _tell(storage, row.number, progress)
    stage = 0
    while stage < row.stages:
        duels = {duel.number: duel for duel in storage.duels(row.number)}
        for result in executor.play(_tasks(row, entries, duels, limits)):
            lease.check()
            usage = {numbers[number]: used for number, used in result.usage}
            _keep(storage, row.number, _duel_results(result, entries, duels), usage)
            _tell(storage, row.number, progress)
        stage = 1 + max(duel.stage for duel in duels.values())
        if stage < row.stages:
            places = {entry.id: entry.number for entry in entries.values()}
            seed = storage.seed(row.number)
            drawn = pairings(storage.duels(row.number), places, stage, seed)
            storage.add_stage(row.number, stage, drawn)


def _keep(
    storage: Storage, number: int, results: Sequence[DuelResult], usage: Mapping[int, Usage]
) -> None:
    """Store a block; a database that was away for a moment loses nothing.

    A transaction whose end was not heard of may be stored or not; what is stored already is left
    alone, so it is safe to try again.
    """
    for seconds in (*RETRY_SECONDS, None):
        try:
            storage.save_duels(number, results, usage)
        except StorageError as error:
            if not isinstance(error.__cause__, OperationalError):
                if existing_round(storage, number).status is RoundStatus.CANCELLED:
                    raise RoundError(f"round {number} was cancelled") from error
                raise
            if seconds is None:
                raise
            logger.warning("a block is stored again in %g s: %s", seconds, error)
            time.sleep(seconds)
        else:
            return


def existing_round(storage: Storage, number: int) -> RoundRow:
    """Return a round that must be there.

    Raises:
        StorageError: it is not.
    """
    row = storage.round(number)
    if row is None:
        raise StorageError(f"there is no round {number}")
    return row


def round_to_show(storage: Storage, number: int | None) -> RoundRow:
    """Return the round of a number, the newest finished one where it is None.

    Raises:
        RoundError: there is none.
    """
    row = storage.latest_done_round() if number is None else storage.round(number)
    if row is None:
        raise RoundError(
            "no round is done yet; see `tron round status`"
            if number is None
            else f"there is no round {number}; see `tron round list`"
        )
    return row


def _runnable(storage: Storage, number: int | None) -> RoundRow:
    row = storage.unfinished_round() if number is None else storage.round(number)
    if row is None:
        what = "no round is closed and unfinished" if number is None else f"no round {number}"
        raise RoundError(f"there is {what}; `tron round close` closes the open one")
    if row.status is RoundStatus.OPEN:
        raise RoundError(f"round {row.number} is open; `tron round close` closes it")
    if row.status is RoundStatus.DONE:
        raise RoundError(f"round {row.number} is done")
    if row.status is RoundStatus.CANCELLED:
        raise RoundError(f"round {row.number} was cancelled")
    return row


def _tasks(
    row: RoundRow, entries: dict[int, EntryRow], duels: dict[int, DuelRow], limits: Limits
) -> list[BlockTask]:
    """Return the blocks that are not stored yet, each with everything that decides it."""
    seed = row.seed
    if seed is None:
        raise RoundError(f"round {row.number} is open")
    layers = NEEDED_FOR_STRANGERS & available_layers()
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
                layers=layers,
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
    results, seed = storage.results(row.number), storage.seed(row.number)
    found = standings(entries, results, seed, storage.fixed_ratings(row.number))
    light = {entry.id for entry in entries if entry.light}
    best_light = next((entry for entry in found if entry in light), None)
    storage.finish(row.number, found, next(iter(found)), best_light)


def _tell(storage: Storage, number: int, progress: Progress | None) -> None:
    if progress is not None:
        progress(existing_round(storage, number))
