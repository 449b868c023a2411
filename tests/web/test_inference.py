"""The pool of loaded models."""

import queue
import threading
import time

import numpy as np
import pytest

from agents.errors import ModelCrashedError
from agents.zoo import shipped_model
from arena.errors import SandboxLostError
from arena.sandbox import SandboxedModel
from tests.arena.rivals import rival
from tron_env.ruleset import ARENA
from tron_env.types import Float32Array
from web import inference
from web.inference import InferencePool, ModelThread, Reply
from web.live import LiveGames
from web.live_types import Ask
from web.policies import SandboxedPolicy, ShippedPolicy
from web.rehearsal import question_of

PATIENCE_SECONDS = 120.0


class Restless:
    """A policy that has to be started before it answers, and counts how often it was."""

    def __init__(self) -> None:
        self.starts = 0
        self.refusal: Exception | None = None
        self.answering = threading.Event()
        self.answering.set()

    def start(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.starts += 1

    def infer(self, observations: Float32Array) -> Float32Array:
        assert self.starts, "asked before it was started"
        self.answering.wait(PATIENCE_SECONDS)
        return np.zeros((observations.shape[0], 4), dtype=np.float32)

    def close(self) -> None:
        pass


@pytest.fixture
def pool():
    made = InferencePool(queue.SimpleQueue().put)
    yield made
    made.close()


def test_a_model_is_started_before_every_game_and_loaded_once(pool: InferencePool):
    loaded = []

    def load() -> Restless:
        loaded.append(Restless())
        return loaded[-1]

    for games in (1, 2, 3):
        pool.ensure("m", load)
        assert [policy.starts for policy in loaded] == [games]


def test_a_loaded_model_that_cannot_be_started_again_is_told(pool: InferencePool):
    policy = Restless()
    pool.ensure("m", lambda: policy)
    policy.refusal = ModelCrashedError("gone")
    with pytest.raises(ModelCrashedError, match="gone"):
        pool.ensure("m", lambda: policy)


def test_a_busy_model_holds_up_only_its_own_players(
    pool: InferencePool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(inference, "PREPARE_SECONDS", 0.01)
    busy, idle = Restless(), Restless()
    pool.ensure("busy", lambda: busy)
    busy.answering.clear()
    pool.submit(question("busy"))
    with pytest.raises(SandboxLostError, match="busy"):
        pool.ensure("busy", lambda: busy)
    pool.ensure("idle", lambda: idle)
    busy.answering.set()


def test_a_hung_model_refuses_its_players_at_once(
    pool: InferencePool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(inference, "PREPARE_SECONDS", 10 * PATIENCE_SECONDS)
    monkeypatch.setattr(inference, "HUNG_SECONDS", 0.01)
    hung = Restless()
    pool.ensure("hung", lambda: hung)
    hung.answering.clear()
    pool.submit(question("hung"))
    for _ in range(2):
        with pytest.raises(SandboxLostError, match="busy"):
            pool.ensure("hung", lambda: hung)
        assert not hung.answering.is_set()
    (copy,) = pool._models["hung"].workers
    queued = copy._questions.qsize()
    with pytest.raises(SandboxLostError, match="busy"):
        copy.prepare()
    assert copy._questions.qsize() == queued, "known to hang, it is not even asked"
    hung.answering.set()


def test_a_model_that_is_slow_to_load_holds_up_only_its_own_players(pool: InferencePool):
    loading, loaded = threading.Event(), threading.Event()

    def load_slowly() -> Restless:
        loading.set()
        assert loaded.wait(PATIENCE_SECONDS)
        return Restless()

    waiting = threading.Thread(target=pool.ensure, args=("slow", load_slowly))
    waiting.start()
    assert loading.wait(PATIENCE_SECONDS)
    pool.ensure("quick", Restless)
    pool.ensure("quick", Restless)
    assert pool.ready("quick")
    assert not pool.ready("slow")
    loaded.set()
    waiting.join()
    assert pool.ready("slow")


def test_a_model_that_is_loaded_as_the_pool_closes_is_let_go(pool: InferencePool):
    def load_while_closing() -> Restless:
        pool.close()
        return Restless()

    with pytest.raises(SandboxLostError, match="closing"):
        pool.ensure("late", load_while_closing)
    assert not pool.ready("late")


def question(model: str) -> inference.Question:
    none = np.zeros(1, dtype=np.intp)
    ask = inference.Ask(model, none, none, none, none.astype(np.int32))
    return inference.Question(
        ask,
        np.zeros((1, 5, 32, 32), dtype=np.float32),
        np.ones((1, 4), dtype=np.bool_),
        np.zeros(1, dtype=np.uint8),
    )


def test_a_sandboxed_model_whose_child_was_given_up_is_there_again_before_the_game(
    pool: InferencePool,
):
    model = SandboxedModel(rival(1), alone=True)
    pool.ensure("m", lambda: SandboxedPolicy(model))
    assert model.evict()
    assert model.pid is None
    pool.ensure("m", lambda: SandboxedPolicy(model))
    assert model.pid is not None
    assert model.fed_alone


class Broken:
    """A policy that fails at its first call, and answers from then on."""

    def __init__(self, failure: Exception) -> None:
        self._failures = [failure]

    def start(self) -> None:
        """Nothing to start."""

    def infer(self, observations: np.ndarray) -> np.ndarray:
        if self._failures:
            raise self._failures.pop()
        return np.zeros((len(observations), 4), dtype=np.float32)

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("failure", [ModelCrashedError("theirs"), RuntimeError("ours")])
def test_a_call_that_fails_costs_its_own_answer_alone(failure: Exception):
    replies: queue.Queue[Reply] = queue.Queue()
    thread = ModelThread("ab" * 32, Broken(failure), replies.put)
    thread.submit(question("first"))
    thread.submit(question("second"))
    lost, answered = (replies.get(timeout=PATIENCE_SECONDS) for _ in range(2))
    thread.prepare()
    thread.close()
    assert (lost.ask.model, lost.actions) == ("first", None)
    assert answered.ask.model == "second"
    assert answered.actions is not None
    assert answered.actions.tolist() == [0]


def test_a_quick_shipped_model_is_asked_on_the_spot_however_busy_the_core_is():
    replies: list[Reply] = []
    pool = InferencePool(replies.append)
    path = shipped_model("wall-hugger").path
    pool.ensure("quick", lambda: ShippedPolicy(path, "quick"))
    cost = pool.cost("quick")
    assert cost is not None
    for _ in range(500):
        cost.add(1, 1.0, 1.0)
    games = LiveGames(ARENA, 1)
    ask = Ask(
        "quick", *(np.zeros(1, dtype=kind) for kind in (np.intp, np.intp, np.int64, np.int32))
    )
    games.engine.reset([0], [1])
    assert pool.submit(question_of(games, ask))
    (reply,) = replies
    assert reply.worker is None
    pool.close()


def test_questions_go_to_the_copy_with_the_least_to_do_of_those_that_keep_up():
    replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    pool = InferencePool(replies.put, most_copies=2)
    slow, quick = Restless(), Restless()
    pool.ensure("m", lambda: slow)
    assert pool.grow("m", lambda: quick)
    assert not pool.grow("m", Restless), "two are as many as it may have"
    assert pool.copies("m") == 2
    slow.answering.clear()
    pool.submit(question("m"))
    for _ in range(3):  # the first copy has one question open all the while, the other none
        pool.submit(question("m"))
        reply = replies.get(timeout=PATIENCE_SECONDS)
        pool.answered(reply)
    crew = pool._models["m"]
    first, second = crew.workers
    assert (first.backlog, second.backlog) == (1, 0)
    second.backlog = 5
    now = time.monotonic()
    assert crew.least_busy(now) is first
    assert crew.least_busy(now + inference.STUCK_SECONDS) is second, "it keeps up"
    second.backlog = 0
    pool.ensure("m", Restless)  # a game begins, though one copy hangs
    slow.answering.set()
    pool.close()
