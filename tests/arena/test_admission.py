"""Miners, their tokens, and the way of a file from the queue to a verdict."""

import hashlib
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import onnx
import pytest
from sqlalchemy import delete, select, update

from agents.zoo import shipped_model
from arena import admission
from arena.admission import check_next, decode_findings, put_off_seconds, receive
from arena.analyst import pass_over
from arena.errors import StorageError
from arena.miners import TOKEN, TokenRefusedError, known_by, local_miner, new_token, register
from arena.models import ModelStore, digest
from arena.names import NameRefusedError
from arena.records import SubmissionStatus
from arena.rounds import close_round, ensure_open, submit
from arena.runner import run_round
from arena.schema import looks, submissions, uploads
from arena.settings import Settings
from arena.storage import open_storage
from arena.stored_miners import RegistrationLimitError, RegistrationLimits
from arena.stored_queue import ClaimLostError, QuotaError, Settlement
from arena.submission import SubmissionError
from replays.format import decode, model_prefix
from replays.playback import verify
from tests.arena import graphs
from tests.arena.entering import submitted
from tests.arena.rivals import SerialExecutor, rival

PATIENCE_SECONDS = 120.0


@pytest.fixture
def models(tmp_path):
    return ModelStore(tmp_path / "models")


@pytest.fixture
def storage(tmp_path):
    settings = Settings(tmp_path, f"sqlite:///{tmp_path}/arena.db")
    with open_storage(settings) as opened:
        ensure_open(opened)
        yield opened


def check(storage, models, **options):
    options = {"limits": graphs.QUICK, "with_trial": False} | options
    return check_next(storage, models, "checker", **options)


def claimed(storage, checker="a", *, seconds=60.0):
    return storage.claim(checker, seconds)


class TestTokens:
    def test_a_token_is_shown_once_and_only_its_hash_is_stored(self, storage, tmp_path):
        miner, token = register(storage, "ann")
        assert TOKEN.fullmatch(token)
        assert known_by(storage, token) == miner
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("arena.db*"))
        secret = TOKEN.fullmatch(token)[2]
        assert secret.encode() not in stored
        assert hashlib.sha256(secret.encode()).hexdigest().encode() in stored

    def test_another_token_takes_the_place_of_the_first(self, storage):
        miner, first = register(storage, "ann")
        second = new_token(storage, miner)
        assert known_by(storage, second) == miner
        with pytest.raises(TokenRefusedError):
            known_by(storage, first)
        assert storage.revoke_tokens(miner.id) == 1
        with pytest.raises(TokenRefusedError):
            known_by(storage, second)

    def test_no_other_token_is_taken(self, storage):
        _, token = register(storage, "ann")
        _, other = register(storage, "bob")
        wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
        mixed = other[:18] + token[18:]
        for given in (wrong, mixed, token[:-1], token + "A", token.upper(), "", "tron_", "é" * 61):
            with pytest.raises(TokenRefusedError):
                known_by(storage, given)

    def test_secrets_are_compared_in_constant_time(self, storage, monkeypatch):
        compared = []

        def compare(one, other):
            compared.append((len(one), len(other)))
            return one == other

        monkeypatch.setattr("arena.miners.hmac.compare_digest", compare)
        _, token = register(storage, "ann")
        known_by(storage, token)
        with pytest.raises(TokenRefusedError):
            known_by(storage, token[:-43] + "A" * 43)
        assert compared == [(64, 64), (64, 64)]


class TestNames:
    @pytest.mark.parametrize("name", ["ann", "Ann", "\uff41nn"])
    def test_a_taken_name_is_refused(self, storage, name):
        register(storage, "ann")
        with pytest.raises(NameRefusedError, match="taken"):
            register(storage, name)

    def test_a_name_that_looks_like_a_taken_one_is_refused(self, storage):
        register(storage, "Paul")
        with pytest.raises(NameRefusedError, match="taken"):
            register(storage, "PauI")

    def test_names_submitted_by_the_operator_are_taken_too(self, storage):
        local = local_miner(storage, "ann")
        assert local_miner(storage, "ann") == local
        with pytest.raises(NameRefusedError, match="taken"):
            register(storage, "ANN")

    def test_registrations_from_one_place_are_limited_and_invitations_are_not(self, storage):
        here = RegistrationLimits("here", per_origin=2, altogether=3)
        there = RegistrationLimits("there", per_origin=2, altogether=3)
        register(storage, "a1", here)
        register(storage, "b2", here)
        with pytest.raises(RegistrationLimitError, match="2 names were registered from here"):
            register(storage, "c3", here)
        register(storage, "d4", there)
        with pytest.raises(RegistrationLimitError, match="as many names as are allowed"):
            register(storage, "e5", there)
        register(storage, "f6")

    def test_a_hidden_name_is_hidden_wherever_it_is_stored(self, storage, models):
        for seed, name in enumerate(("ann", "bob")):
            submitted(storage, name, models.put(rival(seed)))
        close_round(storage, models, starts=1, anchors=())
        run_round(storage, SerialExecutor(models))
        ann = storage.miner_named("ann")
        hidden = storage.hide_miner(ann, hidden=True)
        assert hidden.shown == f"miner-{ann.id}"
        names = {name for game in storage.search_games() for name in game.names}
        names |= {entry.name for entry in storage.entries(1)}
        names |= {row.name for row in storage.submissions(1)}
        names |= {name for duel in storage.duels(1) for name in duel.names}
        assert names == {hidden.shown, "bob"}
        submitted(storage, "ann", models.put(rival(5)))
        assert [row.name for row in storage.submissions(2)] == [hidden.shown]
        storage.hide_miner(hidden, hidden=False)
        assert {entry.name for entry in storage.entries(1)} == {"ann", "bob"}

    def test_hiding_once_more_reaches_games_of_a_round_that_was_being_played(self, storage, models):
        for seed, name in enumerate(("ann", "bob")):
            submitted(storage, name, models.put(rival(seed)))
        close_round(storage, models, starts=1, anchors=())

        def hide(row):
            if row.duels_done == 0:
                storage.hide_miner(storage.miner_named("ann"), hidden=True)

        run_round(storage, SerialExecutor(models), progress=hide)
        names = {name for game in storage.search_games() for name in game.names}
        assert names == {"ann", "bob"}
        hidden = storage.hide_miner(storage.miner_named("ann"), hidden=True)
        names = {name for game in storage.search_games() for name in game.names}
        assert names == {hidden.shown, "bob"}

    def test_a_hidden_name_is_in_no_title_and_nothing_that_was_told(self, storage, models):
        for seed, name in enumerate(("ann", "bob")):
            submitted(storage, name, models.put(rival(seed)))
        close_round(storage, models, starts=1, anchors=())
        run_round(storage, SerialExecutor(models))
        pass_over(storage, 1)
        ids = [game.id for game in storage.search_games()]
        bob = next(entry.id for entry in storage.entries(1) if entry.name == "bob")
        told = storage.insight(bob)
        assert "ann" in {each.name for each in told.opponents}
        hidden = storage.hide_miner(storage.miner_named("ann"), hidden=True)
        titles = [each.title for each in storage.summaries(ids).values()]
        assert all(hidden.shown in title and "ann" not in title for title in titles)
        assert storage.count_unanalysed() == len(ids)
        assert pass_over(storage, 1) == len(ids)
        assert {each.name for each in storage.insight(bob).opponents} == {hidden.shown}


class TestQueue:
    def test_a_file_waits_in_its_place_and_is_settled(self, storage, models):
        ann, bob = local_miner(storage, "ann"), local_miner(storage, "bob")
        first = receive(storage, ann, graphs.policy())
        second = receive(storage, bob, b"no model at all")
        assert first.status is second.status is SubmissionStatus.RECEIVED
        assert (storage.place(first.id), storage.place(second.id)) == (1, 2)
        row, found = check(storage, models)
        assert (row.id, row.status) == (first.id, SubmissionStatus.ACCEPTED)
        assert decode_findings(storage.findings(first.id)) == found
        assert models.path(row.sha256).exists()
        assert (storage.place(first.id), storage.place(second.id)) == (None, 1)
        row, found = check(storage, models)
        assert (row.id, row.status) == (second.id, SubmissionStatus.REJECTED)
        assert row.reason == found.verdict.reason
        assert "not an ONNX file" in row.reason
        assert not models.path(row.sha256).exists()
        assert check(storage, models) is None

    def test_only_length_and_hash_are_looked_at_when_a_file_comes(self, storage):
        ann = local_miner(storage, "ann")
        for content, why in ((b"", "empty"), (bytes(graphs.QUICK.model_bytes + 1), "larger than")):
            with pytest.raises(SubmissionError, match=why):
                receive(storage, ann, content, limits=graphs.QUICK)
        with pytest.raises(SubmissionError, match="shipped model voronoi"):
            receive(storage, ann, shipped_model("voronoi").path.read_bytes())

    def test_a_later_file_takes_the_place_of_one_that_waits(self, storage, models):
        ann = local_miner(storage, "ann")
        first = receive(storage, ann, rival(1))
        second = receive(storage, ann, rival(2))
        assert storage.submission(first.id).status is SubmissionStatus.SUPERSEDED
        assert check(storage, models)[0].id == second.id
        third = receive(storage, ann, rival(3))
        assert storage.submission(second.id).status is SubmissionStatus.ACCEPTED
        check(storage, models)
        assert storage.submission(second.id).status is SubmissionStatus.SUPERSEDED
        assert [row.id for row in storage.live_submissions(1)] == [third.id]

    def test_the_same_file_is_refused_whoever_sends_it(self, storage, models):
        ann, bob = local_miner(storage, "ann"), local_miner(storage, "bob")
        receive(storage, ann, rival(1))
        for _ in range(2):
            with pytest.raises(SubmissionError, match="is your submission 1 already"):
                receive(storage, ann, rival(1))
            with pytest.raises(SubmissionError, match="submitted already, by another miner"):
                receive(storage, bob, rival(1))
            check(storage, models)

    def test_a_network_under_other_names_is_refused(self, storage, models):
        check_of = {}
        for name, content in (("ann", graphs.policy()), ("bob", disguised(graphs.policy()))):
            receive(storage, local_miner(storage, name), content)
            check_of[name] = check(storage, models)[0]
        assert check_of["ann"].status is SubmissionStatus.ACCEPTED
        assert check_of["bob"].status is SubmissionStatus.REJECTED
        assert "the same network was submitted already, by another miner" in check_of["bob"].reason

    def test_ones_own_network_under_other_names_takes_no_place_while_it_counts(
        self, storage, models
    ):
        ann = local_miner(storage, "ann")
        receive(storage, ann, graphs.policy())
        first, _ = check(storage, models)
        receive(storage, ann, disguised(graphs.policy()))
        again, _ = check(storage, models)
        assert again.status is SubmissionStatus.REJECTED
        assert f"is your submission {first.id} already" in again.reason
        receive(storage, ann, rival(5))
        check(storage, models)
        receive(storage, ann, disguised(graphs.policy()))
        assert check(storage, models)[0].status is SubmissionStatus.ACCEPTED

    def test_a_shipped_network_under_other_names_is_refused(self, storage, models):
        content = disguised(shipped_model("ppo-small").path.read_bytes())
        receive(storage, local_miner(storage, "ann"), content)
        row, _ = check(storage, models, limits=None)
        assert row.status is SubmissionStatus.REJECTED
        assert "shipped model ppo-small" in row.reason

    def test_a_quota_holds_when_many_files_come_at_once(self, storage):
        ann = local_miner(storage, "ann")
        gate = threading.Barrier(8)

        def send(seed):
            gate.wait()
            with suppress(QuotaError):
                receive(storage, ann, b"model %d" % seed, quota=3)

        threads = [threading.Thread(target=send, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(storage.submissions(1)) == 3
        assert storage.left_today(ann.id, 3) == 0
        with pytest.raises(QuotaError, match="3 are allowed"):
            receive(storage, ann, b"one more", quota=3)
        assert receive(storage, local_miner(storage, "bob"), b"bob's", quota=3)

    def test_a_round_that_closes_meanwhile_leaves_it_for_the_next(self, storage, models):
        for seed, name in enumerate(("ann", "bob")):
            submitted(storage, name, models.put(rival(seed)))
        row = receive(storage, local_miner(storage, "cid"), rival(7))
        assert row.round == 1
        close_round(storage, models, starts=1, anchors=())
        row, _ = check(storage, models)
        assert (row.round, row.status) == (2, SubmissionStatus.ACCEPTED)

    def test_a_check_whose_checker_was_killed_is_begun_again(self, storage, models):
        row = receive(storage, local_miner(storage, "ann"), graphs.policy())
        dead = claimed(storage, "dead", seconds=3600.0)
        assert storage.submission(row.id).status is SubmissionStatus.CHECKING
        assert check(storage, models) is None
        storage.renew(dead, -1.0)
        done, _ = check(storage, models)
        assert done.status is SubmissionStatus.ACCEPTED
        for late in (
            lambda: storage.settle(dead, Settlement("no", False, None, "{}")),
            lambda: storage.renew(dead, 60.0),
            lambda: storage.give_back(dead, 0.0),
        ):
            with pytest.raises(ClaimLostError):
                late()
        assert storage.submission(row.id).status is SubmissionStatus.ACCEPTED

    def test_a_fault_of_ours_rejects_nothing_however_long_it_lasts(self, storage, models):
        row = receive(storage, local_miner(storage, "ann"), graphs.policy())
        other = receive(storage, local_miner(storage, "bob"), b"no model at all")
        models.folder.write_text("where a folder should be")  # what a lost disk looks like
        for _ in range(admission.MAX_ATTEMPTS + 2):
            with pytest.raises(StorageError, match="cannot store"):
                check(storage, models, only=row.id)
            assert storage.submission(row.id).status is SubmissionStatus.RECEIVED
        assert check(storage, models)[0].id == other.id
        assert check(storage, models) is None  # it is put off
        models.folder.unlink()
        assert check(storage, models, only=row.id)[0].status is SubmissionStatus.ACCEPTED

    def test_a_file_that_is_put_off_is_tried_again_and_gives_way_to_a_later_one(
        self, storage, models
    ):
        ann = local_miner(storage, "ann")
        first = receive(storage, ann, rival(1))
        storage.give_back(claimed(storage), 3600.0)
        assert claimed(storage) is None
        second = receive(storage, ann, rival(2))
        assert storage.submission(first.id).status is SubmissionStatus.SUPERSEDED
        storage.give_back(claimed(storage), -1.0)
        assert check(storage, models)[0].id == second.id

    def test_the_longer_a_fault_lasts_the_more_seldom_a_file_is_tried(self):
        now = datetime.now(UTC)
        waits = [put_off_seconds(now - timedelta(minutes=age)) for age in (0, 4, 40, 4000)]
        assert waits == [10.0, pytest.approx(60, rel=0.1), pytest.approx(600, rel=0.1), 900.0]

    def test_a_file_that_ends_every_checker_is_given_up(self, storage, models):
        row = receive(storage, local_miner(storage, "ann"), graphs.policy())
        next_row = receive(storage, local_miner(storage, "bob"), rival(3))
        for _ in range(admission.MAX_ATTEMPTS):
            assert claimed(storage, "dead", seconds=-1.0).submission.id == row.id
        done, _ = check(storage, models)
        assert (done.id, done.status) == (row.id, SubmissionStatus.REJECTED)
        assert "it ended whoever checked it" in done.reason
        assert check(storage, models)[0].id == next_row.id

    def test_a_later_file_counts_whichever_is_settled_first(self, storage):
        ann = local_miner(storage, "ann")
        fine = Settlement("", False, None, "{}")
        receive(storage, ann, rival(1))
        early = claimed(storage, "a")
        later = receive(storage, ann, rival(2))
        storage.settle(claimed(storage, "b"), fine)
        assert storage.settle(early, fine).status is SubmissionStatus.SUPERSEDED
        assert [row.id for row in storage.live_submissions(1)] == [later.id]

    def test_a_check_that_was_broken_off_leaves_nothing(self, storage, models, monkeypatch):
        def interrupted(*_arguments, **_options):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(admission, "validate_model", interrupted)
            with pytest.raises(KeyboardInterrupt):
                submit(storage, models, graphs.policy(), "ann", limits=graphs.QUICK)
        assert storage.submissions(1) == ()
        row, _ = submit(storage, models, graphs.policy(), "ann", limits=graphs.QUICK)
        assert row.status is SubmissionStatus.ACCEPTED
        assert not storage.withdraw(row.id, "anybody")

    def test_only_its_own_checker_withdraws_a_file(self, storage):
        row = receive(storage, local_miner(storage, "ann"), rival(1))
        claimed(storage, "a")
        assert not storage.withdraw(row.id, "b")
        assert storage.withdraw(row.id, "a")
        assert storage.submission(row.id) is None

    def test_a_file_of_before_miners_belongs_to_its_name(self, storage):
        ann, bob = local_miner(storage, "ann"), local_miner(storage, "bob")
        submitted(storage, "ann", digest(rival(1)))
        with storage.writing() as connection:
            connection.execute(update(submissions).values(miner_id=None))
        with pytest.raises(SubmissionError, match="is your submission 1 already"):
            receive(storage, ann, rival(1))
        with pytest.raises(SubmissionError, match="submitted already, by another miner"):
            receive(storage, bob, rival(1))

    def test_only_the_operator_gives_a_name_of_before_miners(self, storage):
        submitted(storage, "ann", digest(rival(1)))
        with storage.writing() as connection:
            connection.execute(update(submissions).values(miner_id=None))
            connection.execute(delete(looks))
        for name in ("ann", "Ann"):
            with pytest.raises(NameRefusedError, match="taken"):
                register(storage, name, RegistrationLimits("here", per_origin=5, altogether=5))
        assert register(storage, "ann")[0].name == "ann"

    def test_a_claim_is_kept_as_long_as_a_check_takes(self, storage, models, monkeypatch):
        monkeypatch.setattr(admission, "RENEW_SECONDS", 0.05)
        receive(storage, local_miner(storage, "ann"), graphs.policy())
        real = admission.validate_model

        def claimed_until():
            with storage.reading() as connection:
                return connection.scalar(select(uploads.c.claimed_until))

        def slow(*arguments, **options):
            for _ in range(3):
                before = claimed_until()
                deadline = time.monotonic() + PATIENCE_SECONDS
                while claimed_until() <= before:
                    assert time.monotonic() < deadline, "nobody renews the claim"
                    time.sleep(0.02)
            assert claimed(storage, "other") is None
            return real(*arguments, **options)

        monkeypatch.setattr(admission, "validate_model", slow)
        assert check(storage, models)[0].status is SubmissionStatus.ACCEPTED


def test_an_accepted_model_plays_its_trial(storage, models):
    receive(storage, local_miner(storage, "ann"), rival(3))
    row, found = check(storage, models, limits=None, with_trial=True)
    games = found.trial.games
    assert len(games) == 8 * len({game.opponent for game in games})
    assert {game.seat for game in games} == {0, 1}
    assert found.trial.estimate is None
    for game in games:
        replay = decode(storage.trial(row.id, game.number))
        verify(replay)
        assert replay.models[game.seat] == model_prefix(row.sha256)
        winner = replay.outcome.winner
        assert game.points == (0.5 if winner is None else float(winner == game.seat))
    assert storage.trial(row.id, len(games)) is None


def disguised(model: bytes) -> bytes:
    """The same network with other names, written by somebody else."""
    proto = onnx.load_from_string(model)
    proto.producer_name = "not me"
    proto.graph.name = "another"
    for number, node in enumerate(proto.graph.node):
        node.name = f"step {number}"
        node.doc_string = "mine"
    return proto.SerializeToString()
