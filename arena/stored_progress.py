"""The transactions that move a round on: open, freeze, begin, store duels, finish."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, text, update

from arena.divisions import Cost, Usage
from arena.errors import StorageError
from arena.estimate import Estimate
from arena.records import (
    Deed,
    DuelResult,
    NewEntry,
    RoundRow,
    RoundStatus,
    Standing,
    SubmissionRow,
    SubmissionStatus,
)
from arena.schedule import ScheduledDuel
from arena.schema import duels, entries, games, rounds, submissions
from arena.stored_audit import record
from arena.stored_games import duel_game_values
from arena.stored_rounds import UNFINISHED, StoredRounds, round_row
from arena.stored_submissions import submission_row

LOST: Final = "the arena lost this file, by no fault of the model or of yours; submit it again"
"""Told to the author of a submission that a closing left out."""


class StoredProgress(StoredRounds):
    """The part of ``Storage`` that moves rounds on; every method is one transaction."""

    def ensure_open_round(self, *, ruleset: str, starts: int, seed: str) -> RoundRow:
        """Return the open round, making one from the arguments where there is none."""
        if (opened := self.open_round()) is not None:
            return opened
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
                connection.execute(text("LOCK TABLE rounds IN EXCLUSIVE MODE"))
            query = select(rounds).where(rounds.c.status == RoundStatus.OPEN)
            if (row := connection.execute(query).first()) is None:
                _open(connection, ruleset=ruleset, starts=starts, seed=seed)
                row = connection.execute(query).one()
        return round_row(row)

    def set_starts(self, round_number: int, starts: int) -> None:
        """Change how many starts a pair meets in, while the round is open.

        Raises:
            StorageError: the round is not open.
        """
        with self.writing() as connection:
            change_round(connection, round_number, (RoundStatus.OPEN,), {"starts": starts})
            record(connection, Deed.CHANGED, round_number, {"starts": starts})

    def freeze(
        self,
        round_number: int,
        choose: Callable[[Sequence[SubmissionRow]], Sequence[NewEntry]],
        arrange: Callable[[int], Sequence[ScheduledDuel]],
        *,
        next_seed: str,
        next_starts: int,
        settle: Callable[[Sequence[NewEntry]], Estimate] | None = None,
        reason: str = "",
        lost: Mapping[int, str] | None = None,
    ) -> None:
        """Close a round, freeze its field and schedule, and open the next one of its ruleset.

        Args:
            round_number: the open round.
            choose: returns the field for the submissions that count; its order numbers it.
            arrange: returns every duel, or those of a Swiss round's first stage, by these
                numbers, for the field's size.
            next_seed: the seed of the round that opens.
            next_starts: starts a pair meets in there, whatever this round was reduced to.
            settle: returns for the field how the round is played, and may refuse by raising;
                a round-robin in the round's own number of starts by default.
            reason: why so, for the audit log.
            lost: why the arena has lost the files of these submissions, which ``choose`` leaves
                out; they count no more.

        Raises:
            StorageError: the round is not open, or nothing could be played in it.
        """
        with self.writing() as connection:
            closed = {"status": RoundStatus.CLOSED, "closed_at": datetime.now(UTC)}
            # First of all, so that no submission can slip in behind the choice.
            change_round(connection, round_number, (RoundStatus.OPEN,), closed)
            submitted = _live_submissions(connection, round_number)
            field = choose(submitted)
            for row in submitted:
                if lost and row.id in lost:
                    take_out(connection, row, LOST, lost[row.id])
            schedule = arrange(len(field))
            if not schedule:
                raise StorageError(
                    f"round {round_number} has {len(field)} entrants; it takes at least 2"
                )
            values: dict[str, Any] = {"entrants": len(field), "duels_total": len(schedule)}
            if settle is not None:
                settled = settle(field)
                values |= {
                    "duels_total": settled.duels,
                    "format": settled.terms.format,
                    "stages": settled.terms.stages,
                    "starts": settled.terms.starts,
                    "estimated_cpu_seconds": settled.cpu_seconds,
                }
            change_round(connection, round_number, (RoundStatus.CLOSED,), values)
            for number, entry in enumerate(field):
                _insert_entry(connection, round_number, number, entry)
            insert_duels(connection, round_number, schedule, stage=0)
            detail = values | ({"reason": reason} if reason else {})
            record(connection, Deed.CLOSED, round_number, detail)
            entered = [entry.submission_id for entry in field if entry.submission_id is not None]
            connection.execute(
                update(submissions)
                .where(submissions.c.round == round_number, submissions.c.id.in_(entered))
                .values(status=SubmissionStatus.ENTERED)
            )
            old = connection.execute(select(rounds).where(rounds.c.number == round_number)).one()
            _open(connection, ruleset=old.ruleset, starts=next_starts, seed=next_seed)

    def begin(self, round_number: int) -> None:
        """Mark a closed round as running; one that already runs stays as it is.

        Raises:
            StorageError: the round is open, done or missing.
        """
        started = func.coalesce(rounds.c.started_at, datetime.now(UTC))
        values = {"status": RoundStatus.RUNNING, "started_at": started}
        with self.writing() as connection:
            change_round(connection, round_number, UNFINISHED, values)

    def save_duels(
        self,
        round_number: int,
        results: Sequence[DuelResult],
        usage: Mapping[int, Usage] | None = None,
    ) -> int:
        """Store played duels with their games, and what they cost, in one transaction.

        A duel that is stored already is left alone, so that nothing can be counted twice.

        Args:
            round_number: the round.
            results: the duels, of one block.
            usage: what entrants used in all of them, by entry ID.

        Returns:
            How many duels were new.

        Raises:
            StorageError: the round was cancelled or is done, or a duel has more or fewer games
                than the round asks for, or replays of other models than it names.
        """
        now = datetime.now(UTC)
        with self.writing() as connection:
            change_round(connection, round_number, UNFINISHED, {})
            starts = connection.scalar(
                select(rounds.c.starts).where(rounds.c.number == round_number)
            )
            for result in results:
                if starts is None or len(result.games) != 2 * starts:
                    raise StorageError(
                        f"duel {result.duel_id} of round {round_number} came with "
                        f"{len(result.games)} games; a pair meets in {starts} starts"
                    )
            stored = sum(_save_duel(connection, round_number, result, now) for result in results)
            connection.execute(
                update(rounds)
                .where(rounds.c.number == round_number)
                .values(duels_done=rounds.c.duels_done + stored)
            )
            for entry_id, used in (usage or {}).items() if stored else ():
                columns = {name: entries.c[name] + getattr(used, name) for name in Usage.__slots__}
                connection.execute(update(entries).where(entries.c.id == entry_id).values(columns))
        return stored

    def finish(
        self,
        round_number: int,
        standings: Mapping[int, Standing],
        champion: int,
        light_champion: int | None = None,
    ) -> None:
        """Store the standings (by entry ID) and both champions' entry IDs, and end the round.

        Raises:
            StorageError: the round is not running or not all played, or the standings and the
                champion are not of its entrants.
        """
        values = {
            "status": RoundStatus.DONE,
            "finished_at": datetime.now(UTC),
            "champion_entry_id": champion,
            "light_champion_entry_id": light_champion,
        }
        with self.writing() as connection:
            change_round(connection, round_number, (RoundStatus.RUNNING,), values)
            crowned = {champion} if light_champion is None else {champion, light_champion}
            _check_finished(connection, round_number, standings.keys(), crowned)
            out = [entry for entry, standing in standings.items() if _put_out(standing)]
            lost = select(entries.c.submission_id).where(entries.c.id.in_(out))
            connection.execute(
                update(submissions)
                .where(submissions.c.round == round_number, submissions.c.id.in_(lost))
                .values(status=SubmissionStatus.FORFEITED)
            )
            for entry_id, standing in standings.items():
                columns = {name: getattr(standing, name) for name in Standing.__slots__}
                connection.execute(update(entries).where(entries.c.id == entry_id).values(columns))


def _put_out(standing: Standing) -> bool:
    """Whether an entrant lost most of its games by faults of its own."""
    return 2 * standing.forfeits > standing.games


def _open(connection: Connection, *, ruleset: str, starts: int, seed: str) -> None:
    number = 1 + (connection.scalar(select(func.max(rounds.c.number))) or 0)
    values = {
        "number": number,
        "status": RoundStatus.OPEN,
        "ruleset": ruleset,
        "starts": starts,
        "seed": seed,
        "opened_at": datetime.now(UTC),
    }
    connection.execute(insert(rounds).values(values))


def change_round(
    connection: Connection,
    round_number: int,
    allowed: tuple[RoundStatus, ...],
    values: Mapping[str, Any],
) -> None:
    """Change a round whose status allows it, and hold it until the transaction ends.

    Raises:
        StorageError: its status does not, or there is no such round.
    """
    changed = connection.execute(
        update(rounds)
        .where(rounds.c.number == round_number, rounds.c.status.in_(allowed))
        .values({"status": rounds.c.status, **values})
    )
    if changed.rowcount != 1:
        states = " or ".join(allowed)
        raise StorageError(f"round {round_number} is not {states}")


def hold_open_round(connection: Connection) -> int:
    """Return the open round, which stays open until the transaction ends.

    Raises:
        StorageError: no round is open.
    """
    query = select(rounds.c.number).where(rounds.c.status == RoundStatus.OPEN).with_for_update()
    # PostgreSQL waits for a closing that is under way, and then finds neither the round that was
    # closed nor the next one, which was not there when the statement began.
    for _ in range(2):
        number: int | None = connection.scalar(query)
        if number is not None:
            return number
    raise StorageError("no round is open")


def insert_duels(
    connection: Connection, round_number: int, schedule: Sequence[ScheduledDuel], stage: int
) -> None:
    """Insert the duels of one stage of a round."""
    field = select(entries.c.number, entries.c.id).where(entries.c.round == round_number)
    ids = {row.number: row.id for row in connection.execute(field)}
    rows = [
        {
            "round": round_number,
            "number": duel.number,
            "block": duel.block,
            "stage": stage,
            "first_entry_id": ids[duel.first],
            "second_entry_id": ids[duel.second],
        }
        for duel in schedule
    ]
    connection.execute(insert(duels), rows)


def take_out(connection: Connection, row: SubmissionRow, told: str, why: str) -> None:
    """Reject a submission that was accepted.

    Args:
        connection: the transaction.
        row: the submission.
        told: to its author.
        why: for the audit log.
    """
    values = {"status": SubmissionStatus.REJECTED, "reason": told}
    connection.execute(update(submissions).where(submissions.c.id == row.id).values(values))
    detail = {"reason": f"submission {row.id} of {row.name}: {why}"}
    record(connection, Deed.WITHDRAWN, row.round, detail)


def check_played(connection: Connection, round_number: int) -> None:
    """Make sure that no duel of a round is left to play.

    Raises:
        StorageError: one is.
    """
    unplayed = select(func.count()).where(duels.c.round == round_number, duels.c.done.is_(False))
    if left := connection.scalar(unplayed):
        raise StorageError(f"round {round_number} still has {left} duels to play")


def _check_finished(
    connection: Connection, round_number: int, ranked: Collection[int], crowned: set[int]
) -> None:
    check_played(connection, round_number)
    entered = set(connection.scalars(select(entries.c.id).where(entries.c.round == round_number)))
    if not crowned <= entered or set(ranked) != entered:
        raise StorageError(f"these standings are not those of the entrants of round {round_number}")


def _live_submissions(connection: Connection, round_number: int) -> tuple[SubmissionRow, ...]:
    query = select(submissions).where(
        submissions.c.round == round_number, submissions.c.status == SubmissionStatus.ACCEPTED
    )
    return tuple(map(submission_row, connection.execute(query.order_by(submissions.c.id))))


def _insert_entry(connection: Connection, round_number: int, number: int, entry: NewEntry) -> None:
    values = {name: getattr(entry, name) for name in NewEntry.__slots__ if name != "cost"}
    if entry.cost is not None:
        values |= {name: getattr(entry.cost, name) for name in Cost.__slots__}
    connection.execute(insert(entries).values(round=round_number, number=number, **values))


def _save_duel(
    connection: Connection, round_number: int, result: DuelResult, now: datetime
) -> bool:
    changed = connection.execute(
        update(duels)
        .where(
            duels.c.id == result.duel_id,
            duels.c.round == round_number,
            duels.c.done.is_(False),
        )
        .values(
            done=True,
            first_points=result.points[0],
            second_points=result.points[1],
            first_forfeits=result.forfeits[0],
            second_forfeits=result.forfeits[1],
            games=len(result.games),
            finished_at=now,
        )
    )
    if changed.rowcount != 1:
        return False
    rows = duel_game_values(round_number, result.duel_id, result.games, now)
    connection.execute(insert(games), rows)
    return True
