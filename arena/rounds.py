"""A round's life: open, submit, close; ``arena.runner`` plays it. One round is always open."""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from agents.errors import AgentError
from agents.zoo import ShippedModel, baselines
from arena.admission import check_next, receive
from arena.divisions import Cost
from arena.errors import StorageError
from arena.estimate import Estimate, Terms, estimate, offers
from arena.executors.base import Executor
from arena.field import choose_field
from arena.limits import Limits
from arena.miners import local_miner
from arena.models import ModelStore
from arena.records import (
    ChampionRow,
    EntryKind,
    NewEntry,
    RoundFormat,
    RoundRow,
    SubmissionRow,
    SubmissionStatus,
)
from arena.runner import Progress, RoundError, existing_round, run_round
from arena.schedule import ScheduledDuel, round_robin
from arena.storage import Storage
from arena.swiss import Score, most_stages, pair_stage, usual_stages
from arena.validation import Verdict, measure_cost

DEFAULT_RULESET: Final = "arena"
DEFAULT_STARTS: Final = 4
SEED_BYTES: Final = 32
Measure: TypeAlias = Callable[[bytes, bool], Cost]
"""From a model's bytes, and whether it is asked one by one, to what it costs."""
logger = logging.getLogger(__name__)


class BudgetError(RoundError):
    """A round would take more CPU time than the operator allows.

    Attributes:
        wanted: what was asked for.
        offers: what the budget allows instead.
    """

    def __init__(
        self, number: int, wanted: Estimate, budget_hours: float, offered: Sequence[Estimate]
    ) -> None:
        ways = [
            f"--format {offer.terms.format} --starts {offer.terms.starts} takes about "
            f"{offer.cpu_hours:.3g}"
            for offer in offered
        ]
        super().__init__(
            f"round {number} would take about {wanted.cpu_hours:.3g} CPU-hours, and "
            f"{budget_hours:g} are allowed; "
            + ("; ".join(ways) if ways else "no number of starts fits, raise the budget")
        )
        self.wanted = wanted
        self.offers = tuple(offered)


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
    One whose check was broken off leaves nothing behind.

    Raises:
        NameRefusedError: the name cannot be used.
        SubmissionError: the file cannot be taken.
        ArenaFault: a fault of ours; try again.
    """
    ensure_open(storage)
    row = receive(storage, local_miner(storage, name), model, limits=limits)
    checker = secrets.token_hex(8)
    try:
        done = check_next(
            *(storage, models, checker),
            limits=limits,
            only=row.id,
            with_trial=False,
            progress=progress,
        )
    except BaseException:
        # Nobody may be there to check it later, and the same file would be refused as known.
        storage.withdraw(row.id, checker)
        raise
    if done is None:
        raise StorageError(f"submission {row.id} is gone from the queue")
    return done[0], done[1].verdict


def close_round(
    storage: Storage,
    models: ModelStore,
    *,
    number: int | None = None,
    starts: int | None = None,
    terms: Terms | None = None,
    budget_hours: float | None = None,
    anchors: Sequence[ShippedModel] | None = None,
    measure: Measure = measure_cost,
    reason: str = "",
) -> RoundRow:
    """Freeze the open round's field, publish its seed, and open the next round.

    The next round takes the default number of starts, whatever this one took. A submission whose
    file the arena has lost is left out, and its author is told to submit it again.

    Args:
        storage: the database.
        models: gets copies of the anchors, so that the field outlives upgrades of the package.
        number: the round that is meant; whichever is open by default.
        starts: starts a pair meets in; the round's own number by default.
        terms: how it is played, in place of ``starts``; a Swiss round's ``stages`` of 0 stand for
            the usual number.
        budget_hours: the most CPU-hours that it may be expected to take.
        anchors: the baselines; the shipped models of the light division by default.
        measure: returns what a model costs that was not measured at its admission.
        reason: why on these terms, for the audit log.

    Raises:
        BudgetError: it would take more than the budget; the error tells what would not.
        RoundError: the field is too small for these terms.
        StorageError: fewer than two entrants, another round than ``number`` is open, or more
            files are lost than a round can do without.
        ArenaFault: a fault of ours; try again.
    """
    opened = ensure_open(storage)
    if number not in (None, opened.number):
        raise StorageError(f"round {number} is not open, round {opened.number} is")
    number = opened.number
    anchors = baselines() if anchors is None else anchors
    wanted = terms or Terms(starts=starts or opened.starts)
    _stock(models, anchors)
    lost = _lost(storage, models, number)
    choose = _chooser(storage, models, number, anchors, measure, lost)
    settle = _settler(storage, number, wanted, budget_hours)
    seed = storage.seed(number)
    storage.freeze(
        number,
        choose,
        lambda entrants: _first_stage(entrants, wanted, seed),
        next_seed=new_seed(),
        next_starts=DEFAULT_STARTS,
        settle=settle,
        reason=reason,
        lost=lost,
    )
    _tell_of(lost)
    return existing_round(storage, number)


def preview(
    storage: Storage,
    models: ModelStore,
    *,
    terms: Terms | None = None,
    budget_hours: float | None = None,
    anchors: Sequence[ShippedModel] | None = None,
    measure: Measure = measure_cost,
) -> tuple[tuple[NewEntry, ...], Estimate]:
    """Return the field and the cost that closing the open round now would give; changes nothing.

    Arguments and errors are as for ``close_round``.
    """
    opened = ensure_open(storage)
    anchors = baselines() if anchors is None else anchors
    _stock(models, anchors)
    lost = _lost(storage, models, opened.number)
    _tell_of(lost)
    choose = _chooser(storage, models, opened.number, anchors, measure, lost)
    field = choose(storage.live_submissions(opened.number))
    wanted = terms or Terms(starts=opened.starts)
    return field, _settler(storage, opened.number, wanted, budget_hours)(field)


def _chooser(
    storage: Storage,
    models: ModelStore,
    number: int,
    anchors: Sequence[ShippedModel],
    measure: Measure,
    lost: Mapping[int, str],
) -> Callable[[Sequence[SubmissionRow]], tuple[NewEntry, ...]]:
    champions = reigning(storage)
    wanted = {anchor.sha256: False for anchor in anchors}
    live = storage.live_submissions(number)
    wanted |= {row.sha256: row.alone for row in live if row.id not in lost}
    wanted |= {champion.sha256: champion.alone for champion in champions.values()}
    costs = _costs(storage, models, wanted, measure)

    def choose(submissions: Sequence[SubmissionRow]) -> tuple[NewEntry, ...]:
        # Measuring takes a while; what was accepted meanwhile was measured at its admission.
        late = {row.sha256 for row in submissions} - wanted.keys()
        found = [row for row in submissions if row.id not in lost]
        return choose_field(found, champions, anchors, costs | storage.costs(late))

    return choose


def _stock(models: ModelStore, anchors: Sequence[ShippedModel]) -> None:
    """Have the store hold the shipped models.

    Raises:
        StorageError: one is another than was listed.
    """
    for anchor in anchors:
        if models.put(anchor.path.read_bytes()) != anchor.sha256:
            raise StorageError(f"the shipped model {anchor.name} has changed since it was listed")


def _lost(storage: Storage, models: ModelStore, number: int) -> dict[int, str]:
    """Return why each submission whose file is gone or damaged must be left out, by ID.

    Raises:
        StorageError: such a file is a champion's, whose crown must not pass on by our fault, or
            no submission has one: then more is wrong than a file.
    """
    live = storage.live_submissions(number)
    lost: dict[int, str] = {}
    for row in live:
        try:
            models.get(row.sha256)
        except StorageError as error:
            lost[row.id] = str(error)
    for champion in reigning(storage).values():
        if champion.submission_id is None:  # was shipped once, and may be so no more
            models.get(champion.sha256)
        else:
            _demand(models, champion.submission_id, champion.name, champion.sha256)
    if len(lost) == len(live):
        for row in live:
            _demand(models, row.id, row.name, row.sha256)
    return lost


def _tell_of(lost: Mapping[int, str]) -> None:
    for submission, why in lost.items():
        logger.warning("submission %d is left out of the field: %s", submission, why)


def _demand(models: ModelStore, submission: int, name: str, sha256: str) -> None:
    try:
        models.get(sha256)
    except StorageError as error:
        raise StorageError(
            f"{error}; it is submission {submission}, of {name}: put the file back, or leave it "
            f"out by `tron round withdraw {submission} --reason WHY`"
        ) from error


def _settler(
    storage: Storage, number: int, wanted: Terms, budget_hours: float | None
) -> Callable[[Sequence[NewEntry]], Estimate]:
    plies = storage.mean_plies()

    def settle(field: Sequence[NewEntry]) -> Estimate:
        costs = [entry.cost for entry in field]
        found = estimate(costs, _settled(wanted, len(field)), plies)
        if budget_hours is not None and found.cpu_hours > budget_hours:
            others = offers(costs, found.terms, budget_hours * 3600.0, plies)
            raise BudgetError(number, found, budget_hours, others)
        return found

    return settle


def _settled(wanted: Terms, entrants: int) -> Terms:
    """Return the terms with the number of stages filled in."""
    if wanted.format is not RoundFormat.SWISS:
        return replace(wanted, stages=1)
    most = most_stages(entrants)
    if wanted.stages > most:
        raise RoundError(
            f"a Swiss round of {entrants} entrants has at most {most} stages, and {wanted.stages} "
            "are asked for; take fewer, or a round-robin"
        )
    return replace(wanted, stages=wanted.stages or usual_stages(entrants))


def _first_stage(entrants: int, wanted: Terms, seed: str) -> tuple[ScheduledDuel, ...]:
    if wanted.format is not RoundFormat.SWISS:
        return round_robin(entrants)
    return pair_stage(0, [Score(0.0, 0)] * entrants, (), seed) if entrants > 1 else ()


def reigning(storage: Storage) -> dict[EntryKind, ChampionRow]:
    """Return who defends: the champion, then the light champion; as far as there are any.

    One whose submission was withdrawn does not.
    """
    crowned = {
        EntryKind.CHAMPION: storage.champion(),
        EntryKind.LIGHT_CHAMPION: storage.light_champion(),
    }
    return {
        kind: champion
        for kind, champion in crowned.items()
        if champion is not None and not _is_withdrawn(storage, champion)
    }


def _is_withdrawn(storage: Storage, champion: ChampionRow) -> bool:
    if champion.submission_id is None:
        return False
    row = storage.submission(champion.submission_id)
    return row is not None and row.status is SubmissionStatus.REJECTED


def play_first_round(
    storage: Storage,
    models: ModelStore,
    executor: Executor,
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
    return run_round(storage, executor, number=number, progress=progress)


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
