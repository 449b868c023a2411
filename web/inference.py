"""Models that answer live games: in-process for shipped files, else sandboxed.

Each copy of a model has a thread. Questions go to the copy with the least to do, and past those
that do not keep up.
"""

import logging
import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agents.errors import AgentError
from agents.policy import invalid_rows, select_actions
from arena.errors import ArenaFault, SandboxLostError
from tron_env.types import BoolArray, Float32Array, UInt8Array
from web.capacity import Cost
from web.lateness import Lateness
from web.live_types import Ask
from web.policies import Policy, ShippedPolicy, warmed

logger = logging.getLogger(__name__)

MAX_IDLE_MODELS: Final = 8
"""Models kept loaded beyond those in use; the least recently used goes first."""
PREPARE_SECONDS: Final = 10.0
"""How long a new game may wait for its model to come to it."""
IN_USE_SECONDS: Final = 30.0
"""A model asked for within this time is in use; a countdown is far shorter."""
STUCK_SECONDS: Final = 0.2
"""A copy whose oldest question has waited so long is passed over while another keeps up."""
HUNG_SECONDS: Final = 1.0
"""One whose oldest question has waited so long takes no new game: those it has are void by then."""
LOOK_SECONDS: Final = 0.1
AT_ONCE_SECONDS: Final = 0.002
"""A shipped model that computes no longer than this is asked on the spot: passing a question to a
thread and back costs more where the interpreter is busy. What it computes for, not what that takes
under load: a thread would have to wait for the core as well, and the busier that is, the dearer."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An ask with copies of its positions: ``(k, 5, 32, 32)``, ``(k, 4)`` and ``(k,)``."""

    ask: Ask
    observations: Float32Array
    masks: BoolArray
    headings: UInt8Array


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """What came of a question; ``actions`` is None where there is no answer and never will be."""

    ask: Ask
    actions: UInt8Array | None
    faulty: BoolArray
    seconds: float = 0.0
    """How long the model computed."""
    worker: "ModelThread | None" = None


def decide(policy: Policy, question: Question) -> Reply:
    """Return a model's answer; rows with invalid logits are marked, not raised.

    Raises:
        AgentError: the model failed as a whole.
        ArenaFault: so did we.
    """
    begun = time.perf_counter()
    logits = policy.infer(question.observations)
    seconds = time.perf_counter() - begun
    faulty = invalid_rows(logits, question.masks)
    logits[faulty] = 0.0
    actions = select_actions(logits, question.masks, question.headings)
    return Reply(question.ask, actions, faulty, seconds)


def answer_to(policy: Policy, question: Question) -> Reply:
    """Return a model's answer, or that there is none and never will be."""
    try:
        return decide(policy, question)
    except (AgentError, ArenaFault) as error:
        # A whole call that fails cannot be laid on one position, so nobody loses by it.
        logger.warning("model %s gave no answer: %s", question.ask.model[:8], error)
    except Exception:
        # A fault in our own code; the thread must outlive it, for the games that follow.
        logger.exception("model %s gave no answer", question.ask.model[:8])
    return Reply(question.ask, None, np.zeros(0, dtype=np.bool_))


class ModelThread:
    """One copy of a model, which answers questions in order on a thread of its own.

    Attributes:
        backlog: positions asked for and not answered yet.
    """

    def __init__(self, key: str, policy: Policy, deliver: Callable[[Reply], None]) -> None:
        self.backlog = 0
        self._asked_at: deque[float] = deque()
        self._key = key
        self._policy = policy
        self._deliver = deliver
        self._questions: queue.SimpleQueue[Question | Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"model-{key[:8]}", daemon=True)
        self._thread.start()

    def waited(self, now: float) -> float:
        """Return for how many seconds the oldest open question has waited."""
        try:
            return now - self._asked_at[0]
        except IndexError:  # answered this very moment
            return 0.0

    def prepare(self) -> None:
        """Have the policy ready, once what is queued is answered.

        Raises:
            AgentError: the model's fault.
            ArenaFault: ours; also where it hangs, or stays busy for ``PREPARE_SECONDS``.
        """
        ready: Future[None] | None = None
        until = time.monotonic() + PREPARE_SECONDS
        while (now := time.monotonic()) < until and self.waited(now) < HUNG_SECONDS:
            if ready is None:
                ready = Future()
                self._questions.put(ready)
            if wait([ready], LOOK_SECONDS).done:
                return ready.result()
        raise SandboxLostError("it is busy; try again in a moment")

    def submit(self, question: Question) -> None:
        """Queue a question; never blocks; one thread submits."""
        self.backlog += question.ask.slots.size
        self._asked_at.append(time.monotonic())
        self._questions.put(question)

    def close(self) -> None:
        """Answer what is queued, then end."""
        self._questions.put(None)
        self._thread.join()

    def answered(self, reply: Reply) -> float:
        """Take note, on the submitting thread, that a reply has come; return how long it took."""
        self.backlog -= reply.ask.slots.size
        return time.monotonic() - self._asked_at.popleft()

    def _run(self) -> None:
        while (question := self._questions.get()) is not None:
            if isinstance(question, Future):
                self._start(question)
                continue
            self._deliver(replace(answer_to(self._policy, question), worker=self))
        self._policy.close()

    def _start(self, ready: "Future[None]") -> None:
        try:
            self._policy.start()
        except Exception as error:
            logger.debug("model %s cannot be started", self._key[:8], exc_info=True)
            ready.set_exception(error)
        else:
            ready.set_result(None)


class Crew:
    """The copies of one model.

    Attributes:
        used_at: when a game against it was last opened or its model asked.
        cost: what its answers cost, measured.
        own: the model itself where it is a shipped one, which needs no thread if it is quick.
    """

    def __init__(self, first: ModelThread, cost: Cost, own: ShippedPolicy | None) -> None:
        self.used_at = time.monotonic()
        self.own = own
        self.cost = cost
        self.workers = [first]

    def at_once(self, positions: int) -> bool:
        """Whether so many positions are answered without a thread."""
        return self.own is not None and self.cost.alone(positions) <= AT_ONCE_SECONDS

    def least_busy(self, now: float) -> ModelThread:
        """Return the copy with the fewest open positions, of those that keep up if any does."""
        apace = [each for each in self.workers if each.waited(now) < STUCK_SECONDS]
        return min(apace or self.workers, key=lambda worker: worker.backlog)


class InferencePool:
    """The loaded models by key; loads on request, and lets the least used go.

    Args:
        deliver: takes every reply, on the model's thread.
        most_copies: of one model, for when its games ask for more than one can do.

    Attributes:
        answer_times: from question to answer.
    """

    def __init__(self, deliver: Callable[[Reply], None], most_copies: int = 1) -> None:
        self.answer_times = Lateness()
        self.most_copies = most_copies
        self._deliver = deliver
        self._models: dict[str, Crew] = {}
        self._lock = threading.Lock()
        """Held to change ``_models`` and ``_loading``, never while a model is loaded."""
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """Each model is loaded by one thread at a time, whatever becomes of the others."""
        self._closed = False

    def ensure(self, key: str, load: Callable[[], Policy]) -> None:
        """Have the model ready; blocks while it is loaded and warmed up.

        Raises:
            AgentError: the model cannot be loaded or does not answer.
            ArenaFault: a fault of ours, or the pool is closed.
        """
        with self._lock:
            loading = self._loading[key]
        # A model that is slow to load or busy holds up its own players, and nobody else.
        with loading:
            crew = self._models.get(key)
            if crew is None:
                policy, cost = warmed(load())
                own = policy if isinstance(policy, ShippedPolicy) else None
                self._take_in(key, ModelThread(key, policy, self._deliver), cost, own)
                return
            crew.used_at = time.monotonic()
        crew.least_busy(time.monotonic()).prepare()

    def grow(self, key: str, load: Callable[[], Policy]) -> bool:
        """Load one more copy of a loaded model; False where it has as many as it may.

        Raises:
            AgentError: as ``ensure``.
            ArenaFault: as ``ensure``.
        """
        with self._lock:
            loading = self._loading[key]
        with loading:
            crew = self._models.get(key)
            if crew is None or len(crew.workers) >= self.most_copies:
                return False
            worker = ModelThread(key, warmed(load())[0], self._deliver)
            with self._lock:
                kept = self._models.get(key) is crew
                if kept:
                    crew.workers.append(worker)
        if not kept:
            worker.close()
        return kept

    def ready(self, key: str) -> bool:
        """Whether a game against the model may be opened without ``ensure``."""
        crew = self._models.get(key)
        return crew is not None and time.monotonic() - crew.used_at < IN_USE_SECONDS

    def cost(self, key: str) -> Cost | None:
        """Return what a loaded model costs."""
        crew = self._models.get(key)
        return None if crew is None else crew.cost

    def copies(self, key: str) -> int:
        """Return how many copies of a model are loaded."""
        crew = self._models.get(key)
        return 0 if crew is None else len(crew.workers)

    def answers_at_once(self, ask: Ask) -> bool:
        """Whether ``submit`` will have answered such a question when it returns."""
        crew = self._models.get(ask.model)
        return crew is not None and crew.at_once(ask.slots.size)

    def submit(self, question: Question) -> bool:
        """Pass a question to its model without blocking; False where it is not loaded."""
        crew = self._models.get(question.ask.model)
        if crew is None:
            return False
        crew.used_at = now = time.monotonic()
        if crew.own is not None and crew.at_once(question.ask.slots.size):
            reply = answer_to(crew.own, question)
            crew.cost.add(question.ask.slots.size, reply.seconds, reply.seconds)
            self.answer_times.add(reply.seconds)
            self._deliver(reply)
        else:
            crew.least_busy(now).submit(question)
        return True

    def answered(self, reply: Reply) -> None:
        """Take note of a reply, on the thread that submits."""
        if reply.worker is None:
            return
        seconds = reply.worker.answered(reply)
        self.answer_times.add(seconds)
        crew = self._models.get(reply.ask.model)
        if crew is not None:
            crew.cost.add(reply.ask.slots.size, reply.seconds, seconds)

    def backlogs(self) -> dict[str, int]:
        """Return how many positions wait for each model."""
        models = dict(self._models)
        return {key: sum(each.backlog for each in crew.workers) for key, crew in models.items()}

    def close(self) -> None:
        """End every model's threads."""
        with self._lock:
            self._closed = True
            models, self._models = self._models, {}
        _dismiss(models.values())

    def _take_in(
        self, key: str, worker: ModelThread, cost: Cost, own: ShippedPolicy | None
    ) -> None:
        """Add a model, and let those go that were not used for longest."""
        with self._lock:
            closed = self._closed
            if not closed:
                self._models[key] = Crew(worker, cost, own)
            in_use_since = time.monotonic() - IN_USE_SECONDS
            idle = [each for each, crew in self._models.items() if crew.used_at < in_use_since]
            idle.sort(key=lambda each: self._models[each].used_at)
            leaving = [self._models.pop(each) for each in idle[:-MAX_IDLE_MODELS]]
        _dismiss(leaving)
        if closed:
            worker.close()
            raise SandboxLostError("the site is closing")


def _dismiss(crews: Iterable[Crew]) -> None:
    for crew in crews:
        for worker in crew.workers:
            worker.close()
