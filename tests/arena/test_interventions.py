"""Swiss rounds, budgets, cancelling and running again; on both databases."""

import os
import subprocess
import sys
import threading

import pytest

from agents.zoo import shipped_model
from arena.errors import StorageError
from arena.estimate import Terms
from arena.field import choose_field
from arena.fsck import check_all
from arena.models import ModelStore
from arena.records import Deed, EntryKind, NewEntry, RoundFormat, RoundStatus, SubmissionStatus
from arena.rounds import BudgetError, close_round, preview, reigning
from arena.runner import RoundError, run_round
from arena.schedule import round_robin
from arena.storage import Storage
from tests.arena.entering import submitted
from tests.arena.rivals import CHEAP, SerialExecutor, closed_round, records, rival
from tests.modules import ROOT

SIX = {f"rival-{seed}": rival(seed) for seed in range(6)}
SWISS = Terms(RoundFormat.SWISS, 3, 1)


@pytest.fixture
def storage(database_url):
    with Storage(database_url) as opened:
        yield opened


@pytest.fixture
def models(tmp_path):
    return ModelStore(tmp_path / "models")


def test_a_swiss_round_pairs_stage_after_stage(storage, models):
    closed = closed_round(storage, models, SIX, terms=SWISS)
    assert (closed.format, closed.stages, closed.starts) == (RoundFormat.SWISS, 3, 1)
    assert (closed.duels_total, len(storage.duels(1))) == (9, 3)
    seen = []
    done = run_round(storage, SerialExecutor(models), progress=lambda r: seen.append(r.duels_done))
    assert (done.status, done.duels_done, seen[-1]) == (RoundStatus.DONE, 9, 9)
    duels = storage.duels(1)
    assert [duel.stage for duel in duels] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len({frozenset(duel.names) for duel in duels}) == 9
    assert {entry.standing.games for entry in storage.entries(1)} == {6}
    assert check_all(storage, models).findings == []


class Stopping(SerialExecutor):
    """Ends the run after so many blocks, as a kill would."""

    def __init__(self, models, blocks):
        super().__init__(models)
        self.blocks = blocks

    def play(self, tasks):
        for result in super().play(tasks):
            if self.blocks == 0:
                raise KeyboardInterrupt
            self.blocks -= 1
            yield result


def test_a_swiss_round_that_is_ended_anywhere_resumes_with_the_same_pairings(storage, models):
    closed_round(storage, models, SIX, terms=SWISS)
    run_round(storage, SerialExecutor(models))
    undisturbed = records(storage, 1)
    storage.reset(1, "to be disturbed")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_round(storage, Stopping(models, 1))
    run_round(storage, SerialExecutor(models))
    assert records(storage, 1) == undisturbed


def test_more_stages_than_a_field_can_play_are_refused(storage, models):
    with pytest.raises(RoundError, match="6 entrants has at most 3 stages, and 4"):
        closed_round(storage, models, SIX, terms=Terms(RoundFormat.SWISS, 4, 1))
    assert storage.open_round().number == 1


def enter(storage, models):
    storage.ensure_open_round(ruleset="arena", starts=2, seed="11" * 32)
    for name, model in SIX.items():
        submitted(storage, name, models.put(model))


def test_a_round_above_the_budget_is_refused_with_what_fits(storage, models):
    enter(storage, models)

    def close(terms, hours):
        options = {"anchors": (), "measure": lambda *_: CHEAP}
        return close_round(storage, models, terms=terms, budget_hours=hours, **options)

    with pytest.raises(BudgetError, match="no number of starts fits") as refused:
        close(Terms(starts=4), 1e-9)
    budget = 0.9 * refused.value.wanted.cpu_hours
    with pytest.raises(BudgetError, match="--format round-robin --starts 3 takes") as refused:
        close(Terms(starts=4), budget)
    assert all(offer.cpu_hours <= budget for offer in refused.value.offers)
    assert [offer.terms.format for offer in refused.value.offers] == ["round-robin", "swiss"]
    assert storage.open_round().number == 1
    assert storage.entries(1) == ()
    fits = refused.value.offers[1].terms
    closed = close(fits, budget)
    assert (closed.format, closed.stages) == (RoundFormat.SWISS, fits.stages)


def test_a_preview_changes_nothing(storage, models):
    enter(storage, models)
    field, cost = preview(storage, models, anchors=(), measure=lambda *_: CHEAP)
    assert [entry.name for entry in field] == list(SIX)
    assert (cost.entrants, cost.duels, cost.terms.starts) == (6, 15, 2)
    assert storage.open_round().number == 1
    assert storage.audit() == ()


def test_a_cancelled_rounds_submissions_go_on_to_the_open_one(storage, models):
    closed_round(storage, models, SIX, starts=1)
    newer = submitted(storage, "rival-0", models.put(rival(9)))
    assert storage.cancel(1, "the machine room is on fire") == 5
    row = storage.round(1)
    assert row.status is RoundStatus.CANCELLED
    live = storage.live_submissions(2)
    assert {sub.name for sub in live} == set(SIX)
    assert newer in live
    assert storage.submission(1).status is SubmissionStatus.SUPERSEDED
    assert storage.unfinished_round() is None
    with pytest.raises(RoundError, match="was cancelled"):
        run_round(storage, SerialExecutor(models), number=1)
    with pytest.raises(StorageError, match="not closed or running"):
        storage.cancel(1, "again")
    with pytest.raises(StorageError, match="not done or running"):
        storage.reset(1, "after all")
    done, closed = storage.audit(1)
    assert (done.action, closed.action) == (Deed.CANCELLED, Deed.CLOSED)
    assert done.detail == {"reason": "the machine room is on fire", "handed_on": 5}
    assert "@" in done.actor
    assert check_all(storage, models).findings == []


def test_submissions_of_a_round_cancelled_while_the_next_closes_go_to_the_one_after(
    storage, models
):
    closed_round(storage, models, SIX, starts=1)
    cancelling = threading.Thread(target=storage.cancel, args=(1, "beside a closing"))

    def choose(_):
        cancelling.start()
        cancelling.join(0.5)  # it waits for the closing by now
        return [
            NewEntry(name, EntryKind.ANCHOR, True, False, models.put(rival(seed)), None)
            for name, seed in (("one", 11), ("two", 12))
        ]

    storage.freeze(2, choose, round_robin, next_seed="33" * 32, next_starts=1)
    cancelling.join()
    assert storage.submissions(2) == ()
    assert {row.name for row in storage.live_submissions(3)} == set(SIX)


def test_a_withdrawn_submission_rides_no_more(storage, models):
    enter(storage, models)
    row = storage.live_submissions(1)[0]
    assert (
        storage.take_out(row.id, "it is stolen").reason == "withdrawn by the operator: it is stolen"
    )
    assert row.id not in {each.id for each in storage.live_submissions(1)}
    assert storage.audit(1)[0].action is Deed.WITHDRAWN
    with pytest.raises(StorageError, match="is rejected; it cannot be withdrawn"):
        storage.take_out(row.id, "again")
    with pytest.raises(StorageError, match="is not there"):
        storage.take_out(99, "nobody's")


def test_a_withdrawn_champion_does_not_defend_its_crown(storage, models):
    closed_round(storage, models, SIX, starts=1)
    with pytest.raises(StorageError, match="being played"):
        storage.take_out(1, "too early")
    run_round(storage, SerialExecutor(models))
    champion = storage.champion()
    assert reigning(storage)[EntryKind.CHAMPION] == champion
    storage.take_out(champion.submission_id, "it cheats")
    assert EntryKind.CHAMPION not in reigning(storage)
    assert storage.champion() == champion
    assert check_all(storage, models).findings == []


def test_a_submission_is_not_taken_out_of_a_field_that_is_being_frozen(storage, models):
    enter(storage, models)
    refused = []

    def take_out():
        try:
            storage.take_out(1, "too late")
        except StorageError as error:
            refused.append(str(error))

    taking = threading.Thread(target=take_out)

    def choose(rows):
        taking.start()
        taking.join(0.5)  # it waits for the closing by now
        return choose_field(rows, {}, (), {})

    storage.freeze(1, choose, round_robin, next_seed="33" * 32, next_starts=1)
    taking.join()
    assert "tron round cancel 1" in refused[0]
    assert storage.submission(1).status is SubmissionStatus.ENTERED
    assert [deed.action for deed in storage.audit(1)] == [Deed.CLOSED]


def lose(models, row, torn=None):
    path = models.path(row.sha256)
    path.unlink() if torn is None else path.write_bytes(torn)


def close(storage, models):
    return close_round(storage, models, anchors=(), measure=lambda *_: CHEAP)


@pytest.mark.parametrize(("torn", "words"), [(None, "is missing"), (b"half of", "is damaged")])
def test_a_submission_whose_file_was_lost_is_left_out_by_no_fault_of_its_own(
    storage, models, caplog, torn, words
):
    enter(storage, models)
    row = storage.live_submissions(1)[2]
    lose(models, row, torn)
    field, _ = preview(storage, models, anchors=(), measure=lambda *_: CHEAP)
    assert row.name not in {entry.name for entry in field}
    assert storage.submission(row.id) == row
    assert close(storage, models).entrants == len(SIX) - 1
    left = storage.submission(row.id)
    assert left.status is SubmissionStatus.REJECTED
    assert "no fault of the model or of yours; submit it again" in left.reason
    assert str(models.folder) not in left.reason
    told = storage.audit(1)
    assert {line.action for line in told} == {Deed.CLOSED, Deed.WITHDRAWN}
    (why,) = (line.detail["reason"] for line in told if line.action is Deed.WITHDRAWN)
    assert f"submission {row.id} of {row.name}: model {row.sha256}" in why
    assert words in why
    assert f"submission {row.id} is left out" in caplog.text
    run_round(storage, SerialExecutor(models))
    assert storage.forfeits(1) == ()
    assert check_all(storage, models).findings == []
    again = submitted(storage, row.name, models.put(SIX[row.name]))
    assert (again.status, again.round) == (SubmissionStatus.ACCEPTED, 2)


def test_a_crown_does_not_pass_on_because_its_file_was_lost(storage, models):
    closed_round(storage, models, SIX, starts=1)
    run_round(storage, SerialExecutor(models))
    champion = storage.champion()
    for seed in (8, 9):
        submitted(storage, f"new-{seed}", models.put(rival(seed)))
    lose(models, champion)
    with pytest.raises(StorageError, match=f"tron round withdraw {champion.submission_id} "):
        close(storage, models)
    assert storage.open_round().number == 2
    storage.take_out(champion.submission_id, "its file is gone")
    assert close(storage, models).entrants == 2


def test_the_file_of_a_champion_that_is_shipped_no_more_is_waited_for(storage, models):
    options = {"terms": Terms(starts=1), "measure": lambda *_: CHEAP}
    shipped = [shipped_model("wall-hugger"), shipped_model("ppo-early")]
    close_round(storage, models, anchors=shipped, **options)
    run_round(storage, SerialExecutor(models))
    champion = storage.champion()
    enter(storage, models)
    lose(models, champion)
    with pytest.raises(StorageError, match=f"model {champion.sha256} is missing"):
        close_round(storage, models, anchors=(), **options)
    assert storage.open_round().number == 2
    close_round(storage, models, anchors=shipped, **options)  # which brings it back
    assert models.has(champion.sha256)


def test_no_round_is_closed_where_every_file_is_gone(storage, models):
    enter(storage, models)
    for row in storage.live_submissions(1):
        lose(models, row)
    with pytest.raises(StorageError, match="put the file back"):
        close(storage, models)
    assert storage.open_round().number == 1
    assert len(storage.live_submissions(1)) == len(SIX)


def test_a_round_that_is_cancelled_while_it_is_played_stops(storage, models):
    closed_round(storage, models, SIX, starts=1)

    class Cancelling(SerialExecutor):
        def play(self, tasks):
            for result in super().play(tasks):
                if storage.round(1).status is RoundStatus.RUNNING:
                    storage.cancel(1, "enough")
                yield result

    with pytest.raises(RoundError, match="round 1 was cancelled"):
        run_round(storage, Cancelling(models))
    assert storage.round(1).duels_done == 0
    assert storage.champion() is None


def test_a_round_that_is_run_again_gives_the_same_records(storage, models):
    closed_round(storage, models, SIX, starts=1)
    run_round(storage, SerialExecutor(models))
    before, table = records(storage, 1), [entry.name for entry in storage.entries(1)]
    with storage.writing() as connection:  # somebody has looked into one of its games
        connection.exec_driver_sql(
            "INSERT INTO checks (game_id, checked_at, riders) "
            "SELECT min(id), min(played_at), 0 FROM games"
        )
    replays = storage.reset(1, "a referee doubts it")
    row = storage.round(1)
    assert (row.status, row.duels_done) == (RoundStatus.CLOSED, 0)
    assert storage.champion() is None
    assert storage.count_games() == 0
    assert {entry.standing for entry in storage.entries(1)} == {None}
    run_round(storage, SerialExecutor(models))
    assert records(storage, 1) == before
    assert storage.replays_digest(1) == replays
    rerun = storage.audit(1)[0]
    assert rerun.action is Deed.RERUN
    assert rerun.detail["replays_sha256"] == replays
    assert [name for name, _ in rerun.detail["standings"]] == table


def test_an_open_round_can_be_neither_cancelled_nor_run_again(storage, models):
    storage.ensure_open_round(ruleset="arena", starts=2, seed="11" * 32)
    with pytest.raises(StorageError, match="not closed or running"):
        storage.cancel(1, "why not")
    with pytest.raises(StorageError, match="not done or running"):
        storage.reset(1, "why not")


RUN = """
import sys
from pathlib import Path
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.runner import run_round
from arena.storage import Storage

if __name__ == "__main__":
    with Storage(sys.argv[1]) as storage:
        run_round(storage, LocalExecutor(ModelStore(Path(sys.argv[2])), 1))
"""


def run_and_kill(script, storage, database_url, folder):
    """Have a process play the round, and kill it once something is stored."""
    process = subprocess.Popen(
        [sys.executable, str(script), database_url, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while True:
        status = process.poll()  # before looking: it may store all and end in between
        if storage.round(1).duels_done:
            break
        assert status is None
    process.kill()
    process.wait()


def test_a_killed_run_resumes_on_either_database(storage, models, database_url, tmp_path):
    closed_round(storage, models, SIX, starts=1)
    run_round(storage, SerialExecutor(models))
    undisturbed = records(storage, 1)
    script = tmp_path / "run.py"
    script.write_text(RUN)
    while storage.round(1).status is RoundStatus.DONE:  # nobody was quick enough
        storage.reset(1, "to be killed")
        run_and_kill(script, storage, database_url, models.folder)
    run_round(storage, SerialExecutor(models))
    assert records(storage, 1) == undisturbed


def test_a_database_that_drops_every_connection_loses_nothing(postgres, migrated, models):
    name = postgres.fresh(migrated)

    class Dropping(SerialExecutor):
        """Ends all connections to the database before each block is stored."""

        def play(self, tasks):
            for result in super().play(tasks):
                postgres.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    f"WHERE datname = '{name}'"
                )
                yield result

    with Storage(postgres.url(name)) as storage:
        closed_round(storage, models, SIX, starts=1)
        done = run_round(storage, Dropping(models))
        assert (done.status, done.duels_done) == (RoundStatus.DONE, 15)
        assert check_all(storage, models).findings == []
