"""A round's life: open, submit, close; ``arena.runner`` plays it. One round is always open."""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from agents.errors import AgentError
from agents.zoo import ShippedModel, baselines
from arena.admission import check_next, receive
from arena.divisions import Cost
from arena.errors import StorageError
from arena.executors.base import Executor
from arena.field import choose_field
from arena.limits import Limits
from arena.miners import local_miner
from arena.models import ModelStore
from arena.records import ChampionRow, EntryKind, NewEntry, RoundRow, SubmissionRow
from arena.runner import Progress, existing_round, run_round
from arena.schedule import round_robin
from arena.storage import Storage
from arena.validation import Verdict, measure_cost

DEFAULT_RULESET: Final = "arena"
DEFAULT_STARTS: Final = 4
SEED_BYTES: Final = 32
Measure: TypeAlias = Callable[[bytes, bool], Cost]
"""From a model's bytes, and whether it is asked one by one, to what it costs."""
logger = logging.getLogger(__name__)


def ensure_open(storage: Storage) -> RoundRow:
    """Return the open round; one is opened where there is none."""
    return storage.ensure_open_round(
        ruleset=DEFAULT_RULESET, starts=DEFAULT_STARTS, seed=new_seed()
    )


def new_seed() -> str:
    """Return a fresh round seed, 64 hexadecimal digits."""
    return secrets.token_hex(SEED_BYTES)


def submit(
    storage: Storage,
    models: ModelStore,
    model: bytes,
    name: str,
    *,
    limits: Limits | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[SubmissionRow, Verdict]:
    """Check a model of the operator's own here and now, and enter it into the open round.

    A rejected one is recorded with its reason, and an earlier valid one of that name still counts.

    Raises:
        NameRefusedError: the name cannot be used.
        SubmissionError: the file cannot be taken.
        ArenaFault: a fault of ours; try again.
    """
    ensure_open(storage)
    row = receive(storage, local_miner(storage, name), model, limits=limits)
    checker = secrets.token_hex(8)
    done = check_next(
        *(storage, models, checker),
        limits=limits,
        only=row.id,
        with_trial=False,
        progress=progress,
    )
    if done is None:
        raise StorageError(f"submission {row.id} is gone from the queue")
    return done[0], done[1].verdict


def close_round(
    storage: Storage,
    models: ModelStore,
    *,
    starts: int | None = None,
    anchors: Sequence[ShippedModel] | None = None,
    measure: Measure = measure_cost,
) -> RoundRow:
    """Freeze the open round's field, publish its seed, and open the next round.

    The next round takes the default number of starts, whatever this one took.

    Args:
        storage: the database.
        models: gets copies of the anchors, so that the field outlives upgrades of the package.
        starts: starts a pair meets in; the round's own number by default.
        anchors: the baselines; the shipped models of the light division by default.
        measure: returns what a model costs that was not measured at its admission.

    Raises:
        StorageError: fewer than two entrants.
        ArenaFault: a fault of ours; try again.
    """
    anchors = baselines() if anchors is None else anchors
    number = ensure_open(storage).number
    if starts is not None:
        storage.set_starts(number, starts)
    for anchor in anchors:
        if models.put(anchor.path.read_bytes()) != anchor.sha256:
            raise StorageError(f"the shipped model {anchor.name} has changed since it was listed")
    champions = reigning(storage)
    wanted = {anchor.sha256: False for anchor in anchors}
    wanted |= {row.sha256: row.alone for row in storage.live_submissions(number)}
    wanted |= {champion.sha256: champion.alone for champion in champions}
    costs = _costs(storage, models, wanted, measure)

    def choose(submissions: Sequence[SubmissionRow]) -> tuple[NewEntry, ...]:
        return choose_field(submissions, champions, anchors, costs)

    storage.freeze(number, choose, round_robin, next_seed=new_seed(), next_starts=DEFAULT_STARTS)
    return existing_round(storage, number)


def reigning(storage: Storage) -> tuple[ChampionRow, ...]:
    """Return who reigns: the champion, then the light champion; as far as there are any."""
    crowned = (storage.champion(), storage.light_champion())
    return tuple(champion for champion in crowned if champion is not None)


def play_first_round(
    storage: Storage,
    models: ModelStore,
    executor: Executor,
    home: Path,
    *,
    progress: Progress | None = None,
) -> RoundRow | None:
    """Play round 1 between the shipped models and crown its champion; resumes a killed one.

    Returns:
        The finished round; None where people have submitted to round 1, or it is done.
    """
    number = 1
    if ensure_open(storage).number == number and not storage.live_submissions(number):
        close_round(storage, models)
    waiting = storage.unfinished_round()
    if waiting is None or waiting.number != number:
        return None
    if any(entry.kind is EntryKind.SUBMISSION for entry in storage.entries(number)):
        return None
    return run_round(storage, executor, home, number=number, progress=progress)


def _costs(
    storage: Storage, models: ModelStore, wanted: Mapping[str, bool], measure: Measure
) -> dict[str, Cost]:
    """Return what models cost, by SHA-256; those that fail alone are left out.

    Args:
        storage: where costs are kept.
        models: the models.
        wanted: by SHA-256, whether the model is asked one by one.
        measure: for those whose cost is not known.
    """
    costs = storage.costs(wanted)
    for sha256, alone in wanted.items():
        if sha256 in costs:
            continue
        try:
            cost = measure(models.get(sha256), alone)
        except AgentError as error:
            logger.warning("model %s cannot be measured: %s", sha256, error)
            continue
        costs[sha256] = cost
        storage.save_cost(sha256, cost)
    return costs
