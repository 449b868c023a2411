"""Rounds of small models: their records, what faults do to them, and what kills do not."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from agents.zoo import ShippedModel
from arena.errors import ArenaFault, StorageError
from arena.executors.local import LocalExecutor
from arena.field import choose_field
from arena.models import ModelStore, digest
from arena.names import NameRefusedError
from arena.records import EntryKind, RoundStatus, SubmissionStatus
from arena.rounds import close_round, ensure_open, play_first_round, submit
from arena.runner import RoundError, run_round
from arena.storage import Storage
from arena.submission import SubmissionError
from replays.format import Ending, decode
from replays.playback import verify
from tests.arena import graphs
from tests.arena.entering import submitted
from tests.arena.rivals import (
    SerialExecutor,
    closed_round,
    fails_after,
    nan_after,
    records,
    rival,
)
from tests.modules import ROOT
from tron_env.types import Outcome

FIVE = {f"rival-{seed}": rival(seed) for seed in range(5)}


class Home:
    """A home folder with its storage and models."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.storage = Storage(f"sqlite:///{folder / 'arena.db'}")
        self.models = ModelStore(folder / "models")

    def run(self, **options):
        executor = options.pop("executor", None) or SerialExecutor(self.models)
        return run_round(self.storage, executor, **options)


@pytest.fixture
def homes(tmp_path):
    opened = []

    def make(name):
        opened.append(Home(tmp_path / name))
        return opened[-1]

    yield make
    for home in opened:
        home.storage.close()


@pytest.fixture
def home(homes):
    return homes("home")


def test_a_round_of_five(home):
    closed = closed_round(home.storage, home.models, FIVE)
    assert (closed.status, closed.entrants, closed.duels_total) == (RoundStatus.CLOSED, 5, 10)
    seen = []
    done = home.run(
        executor=LocalExecutor(home.models, 2), progress=lambda row: seen.append(row.duels_done)
    )

    assert done.status is RoundStatus.DONE
    assert (seen[0], seen[-1]) == (0, 10)
    assert seen == sorted(seen)
    duels = home.storage.duels(1)
    assert {frozenset(duel.names) for duel in duels} == {
        frozenset(pair) for pair in itertools.combinations(FIVE, 2)
    }
    for duel in duels:
        games = home.storage.games(duel.id)
        assert [game.number for game in games] == [0, 1, 2, 3]
        assert [game.names for game in games] == [duel.names, duel.names[::-1]] * 2
        assert sum(duel.points) == 4
        replays = [decode(blob) for blob in home.storage.duel_replays(duel.id)]
        assert replays[0].spawns == replays[1].spawns
        assert replays[0].spawns != replays[2].spawns
        for game, replay in zip(games, replays, strict=True):
            verify(replay)
            expected = tuple(bytes.fromhex(digest(FIVE[name]))[:8] for name in game.names)
            assert replay.models == expected
    entries = home.storage.entries(1)
    assert [entry.standing.rank for entry in entries] == [1, 2, 3, 4, 5]
    assert sum(entry.standing.points for entry in entries) == 40
    assert {entry.standing.games for entry in entries} == {16}
    assert home.storage.champion().name == entries[0].name
    assert home.storage.latest_done_round().champion_entry_id == entries[0].id
    with pytest.raises(RoundError, match="no round is closed"):
        home.run()
    with pytest.raises(RoundError, match="round 1 is done"):
        home.run(number=1)


def test_the_seed_is_published_when_the_round_closes(home):
    opened = ensure_open(home.storage)
    assert opened.seed is None
    closed = closed_round(home.storage, home.models, FIVE)
    assert closed.number == opened.number
    assert digest(bytes.fromhex(closed.seed)) == opened.seed_sha256
    following = home.storage.open_round()
    assert (following.number, following.seed) == (2, None)
    assert following.seed_sha256 != opened.seed_sha256


def test_fewer_starts_are_for_one_round_only(home):
    usual = ensure_open(home.storage).starts
    assert closed_round(home.storage, home.models, FIVE, starts=usual - 1).starts == usual - 1
    assert home.storage.open_round().starts == usual


def test_a_new_anchor_keeps_its_name_before_a_submission_that_had_it(home, tmp_path):
    ensure_open(home.storage)
    ids = {}
    for seed, name in enumerate(("ann", "Newcomer")):
        ids[name] = submitted(home.storage, name, home.models.put(rival(seed))).id
    path = tmp_path / "newcomer.onnx"
    path.write_bytes(rival(9))
    anchor = ShippedModel("newcomer", path, digest(rival(9)), "Newcomer", "Came by an upgrade.")
    close_round(home.storage, home.models, anchors=[anchor])
    assert {entry.name: entry.kind for entry in home.storage.entries(1)} == {
        "newcomer": EntryKind.ANCHOR,
        "ann": EntryKind.SUBMISSION,
        f"Newcomer~{ids['Newcomer']}": EntryKind.SUBMISSION,
    }


def test_the_champion_defends_and_is_told_apart_from_its_authors_next_model(home):
    closed_round(home.storage, home.models, {"ann": rival(1), "bob": rival(2)}, starts=1)
    home.run()
    champion = home.storage.champion()
    author = champion.name
    closed_round(home.storage, home.models, {author: rival(3)})
    field = {entry.name: entry for entry in home.storage.entries(2)}
    assert set(field) == {author, f"{author}@1"}
    assert field[f"{author}@1"].kind is EntryKind.CHAMPION
    assert field[f"{author}@1"].sha256 == champion.sha256
    home.run()
    names = {row.name for row in home.storage.champions()}
    assert len(home.storage.champions()) == 2
    assert names <= {author, f"{author}@1"}


def test_one_model_enters_once(home):
    ensure_open(home.storage)
    ann, cid = (submitted(home.storage, n, home.models.put(rival(s))) for s, n in enumerate("ac"))
    again = replace(ann, id=99, name="bob")
    assert [entry.name for entry in choose_field([ann, again, cid], {}, (), {})] == ["a", "c"]


def test_two_entrants_are_needed(home):
    with pytest.raises(StorageError, match="1 entrants"):
        closed_round(home.storage, home.models, {"ann": rival(1)})
    assert home.storage.open_round().number == 1
    assert home.storage.entries(1) == ()


def test_anchors_are_entered_and_kept(home):
    from agents.zoo import baselines

    storage = home.storage
    ensure_open(storage)
    submitted(storage, "ann", home.models.put(rival(1)))
    close_round(storage, home.models)
    field = storage.entries(1)
    assert {entry.name for entry in field if entry.anchor} == {model.name for model in baselines()}
    for entry in field:
        assert digest(home.models.get(entry.sha256)) == entry.sha256


def test_submissions_are_checked_and_the_latest_valid_one_counts(home):
    storage, models = home.storage, home.models
    first, verdict = submit(storage, models, graphs.policy(), "ann", limits=graphs.QUICK)
    assert verdict.accepted
    assert first.status is SubmissionStatus.ACCEPTED
    second, verdict = submit(storage, models, rival(7), "ann", limits=graphs.QUICK)
    bad, verdict = submit(storage, models, b"no model at all", "ann", limits=graphs.QUICK)
    assert not verdict.accepted
    assert (bad.status, bad.reason) == (SubmissionStatus.REJECTED, verdict.reason)
    assert [row.id for row in storage.live_submissions(1)] == [second.id]
    assert storage.submission(first.id).status is SubmissionStatus.SUPERSEDED
    assert not models.path(bad.sha256).exists()
    with pytest.raises(SubmissionError, match="submitted already, by another miner"):
        submit(storage, models, rival(7), "bob", limits=graphs.QUICK)
    with pytest.raises(NameRefusedError, match="reserved"):
        submit(storage, models, rival(8), "Voronoi", limits=graphs.QUICK)
    from agents.zoo import shipped_model

    with pytest.raises(SubmissionError, match="shipped model voronoi"):
        submit(storage, models, shipped_model("voronoi").path.read_bytes(), "bob")


def test_faulty_entrants_forfeit_with_reasons_and_the_round_goes_on(home):
    entrants = {
        "ann": rival(1),
        "bob": rival(2),
        "nan": graphs.nan(),
        "late-nan": nan_after(3),
        "late-failure": fails_after(3),
        "sleeper": graphs.sleeper(),
    }
    closed_round(home.storage, home.models, entrants)
    done = home.run(limits=replace(graphs.QUICK, load_cpu_seconds=1.0))

    assert done.status is RoundStatus.DONE
    games = [game for duel in home.storage.duels(1) for game in home.storage.games(duel.id)]
    assert len(games) == 15 * 4
    reasons = {name: set() for name in entrants}
    for game in games:
        verify(decode(home.storage.replay(game.id)))
        for seat in (0, 1):
            if game.reasons[seat]:
                assert game.ending is Ending.FORFEIT
                reasons[game.names[seat]].add(game.reasons[seat])
                assert game.outcome.winner != seat
        if all(game.reasons):
            assert game.outcome is Outcome.DRAW
    assert reasons["ann"] == reasons["bob"] == set()
    spoken = {
        "nan": "NaN or +inf",
        "late-nan": "NaN or +inf",
        "late-failure": "crashed: a node GatherElements: ",
        "sleeper": "too slow: ",
    }
    for name, words in spoken.items():
        first_words = sorted(reasons[name] - {"not played after 3 faults"})
        assert len(first_words) < len(reasons[name])
        assert all(reason.startswith(words) for reason in first_words)
    told = home.storage.forfeits(1)
    assert {(told_of.name, told_of.reason) for told_of in told} == {
        (name, reason) for name, given in reasons.items() for reason in given
    }
    assert sum(told_of.games for told_of in told if told_of.name == "nan") == 20
    late = [g for g in games if any(r and "NaN" in r for r in g.reasons) and "late-nan" in g.names]
    assert {game.plies for game in late if not {"nan", "sleeper"} & set(game.names)} == {4}
    table = {entry.name: entry.standing for entry in home.storage.entries(1)}
    assert {home.storage.entries(1)[place].name for place in (0, 1)} == {"ann", "bob"}
    for name in ("ann", "bob"):
        assert table[name].forfeits == 0
        assert table[name].points >= 16
    assert table["nan"].forfeits == table["nan"].games == 20
    assert table["nan"].points == 0


class FailingOnce(SerialExecutor):
    """Loses every second block to a fault of ours, after the other half was played."""

    def play(self, tasks):
        yield from super().play(tasks[::2])
        raise ArenaFault("the machine room is on fire")


def test_a_fault_of_ours_scores_nothing_and_the_round_resumes(homes):
    calm, burnt = homes("calm"), homes("burnt")
    closed_round(calm.storage, calm.models, FIVE)
    burnt = copied(calm, homes, "copy")
    with pytest.raises(ArenaFault, match="on fire"):
        burnt.run(executor=FailingOnce(burnt.models))
    halfway = burnt.storage.round(1)
    assert halfway.status is RoundStatus.RUNNING
    assert 0 < halfway.duels_done < 10
    assert burnt.storage.champion() is None
    burnt.run()
    calm.run()
    assert records(burnt.storage, 1) == records(calm.storage, 1)


def copied(home, homes, name):
    home.storage.close()
    shutil.copytree(home.folder, home.folder.parent / name)
    return homes(name)


RUN = """
import sys
from pathlib import Path
from arena.executors.local import LocalExecutor
from arena.models import ModelStore
from arena.runner import run_round
from arena.storage import Storage

if __name__ == "__main__":
    home = Path(sys.argv[1])
    storage = Storage(f"sqlite:///{home / 'arena.db'}")
    run_round(storage, LocalExecutor(ModelStore(home / "models"), 2))
"""


def killed_run(home, script):
    """Run the round in another process until a block is stored, and kill it without warning."""
    before = home.storage.round(1).duels_done
    process = subprocess.Popen(
        [sys.executable, str(script), str(home.folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    while home.storage.round(1).duels_done == before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_killed_round_resumes_with_the_records_of_an_undisturbed_one(homes, tmp_path):
    calm = homes("calm")
    closed_round(calm.storage, calm.models, FIVE)
    killed = copied(calm, homes, "killed")
    script = tmp_path / "run.py"
    script.write_text(RUN)
    for _ in range(2):
        killed_run(killed, script)
    assert killed.storage.round(1).duels_done > 0
    if killed.storage.round(1).status is not RoundStatus.DONE:
        killed.run(executor=LocalExecutor(killed.models, 2))
    calm.run()
    assert killed.storage.round(1).duels_done == 10
    assert records(killed.storage, 1) == records(calm.storage, 1)


def test_two_processes_do_not_run_one_home(home):
    closed_round(home.storage, home.models, FIVE)

    class Nested(SerialExecutor):
        def play(self, tasks):
            with pytest.raises(RoundError, match="another process"):
                home.run()
            yield from super().play(tasks)

    assert home.run(executor=Nested(home.models)).status is RoundStatus.DONE


def test_a_first_round_is_left_alone_where_people_have_submitted(home):
    ensure_open(home.storage)
    submitted(home.storage, "ann", home.models.put(rival(1)))
    executor = SerialExecutor(home.models)
    assert play_first_round(home.storage, home.models, executor) is None
    assert home.storage.open_round().number == 1
