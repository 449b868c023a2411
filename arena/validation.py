"""Admission: every check a model must pass before it may enter, with reasons.

The arena itself looks at the length only; the rest happens in the sandbox. The file is inspected
and loaded there, then positions of real games are put to it, one by one and in batches. Some of
these are drawn anew by a seed that the verdict names, so that it can be found again.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from agents.errors import AgentError, InvalidModelError
from agents.policy import invalid_rows, select_actions
from arena.divisions import Cost, Usage
from arena.inspection import Check
from arena.limits import MIB, Limits, check_size
from arena.metering import Meter
from arena.probes import FRESH, KEPT_SEED, PROBES, probe_positions
from arena.sandbox import SandboxedModel
from tron_env.types import ACTIONS, Float32Array, IntArray, UInt8Array

REPEATED: Final = 16
SEED_BITS: Final = 32
FAR: Final = 10.0
"""No honest game takes so many times what probes did at the 99th percentile."""
SHUFFLES: Final = 3
ODD_BATCH: Final = 7
BATCH_TIMES: Final = 5


Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What admission found."""

    accepted: bool
    checks: tuple[Check, ...]
    """In the order they ran; the last one failed if the model was not accepted."""
    alone: bool = False
    """Whether the arena must ask it for one position at a time."""
    cost: Cost | None = None
    """None where it was not measured."""
    machine_factor: float | None = None
    """How many times as long as the reference machine this one took for single positions."""
    peak_memory_bytes: int | None = None
    """Resident memory of its process, the libraries included."""
    graph_sha256: str | None = None
    """Hash of its graph without names and metadata; see ``arena.graph_identity``."""
    seed: int | None = None
    """Drew the fresh positions; None where the file was not looked into."""

    @property
    def light(self) -> bool:
        """Whether it is cheap enough for the light crown."""
        return self.accepted and self.cost is not None and self.cost.light

    @property
    def reason(self) -> str:
        """Why it was rejected, empty if it was not."""
        return next((check.detail for check in self.checks if not check.passed), "")


def validate_model(
    model: bytes,
    *,
    limits: Limits | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Return the verdict on a model, within bounded time and memory whatever it is.

    Args:
        model: content of the file.
        limits: what it may use.
        seed: draws the fresh positions; itself drawn where it is None.
        progress: told the name of each step before it is taken.

    Raises:
        SandboxLostError: the sandbox broke; nothing is said about the model.
    """
    limits = limits or Limits()
    try:
        check_size(model, limits)
    except InvalidModelError as error:
        return Verdict(False, (Check("size", False, str(error)),))
    size = Check("size", True, f"{len(model) / MIB:.2f} MB of {limits.model_bytes / MIB:g} MB")
    with SandboxedModel(model, limits=limits, max_batch=PROBES) as sandboxed:
        seed = secrets.randbits(SEED_BITS) if seed is None else seed
        return _Admission(sandboxed, size, seed, progress or _ignore).run()


def trial_ms(cost: Cost, limits: Limits) -> float:
    """Return what a position of an admitted model's trial games may take in the mean."""
    return min(limits.latency_ms, FAR * cost.single_p99_ms)


def after_trial(verdict: Verdict, used: Usage, limits: Limits) -> Verdict:
    """Return the verdict on an accepted model whose trial games used so much.

    A model may behave in its own games as it did in no probe. What a position cost there counts as
    it does in a round, so the cost of one in a batch is the dearer of the two.
    """
    if verdict.cost is None or not used.positions:
        return verdict
    allowed = trial_ms(verdict.cost, limits)
    passed = not used.exceeds(allowed, limits.trial_cpu_seconds)
    mean = 1000.0 * used.reference_seconds / used.positions
    found = f"{mean:.3f} ms a position over {used.positions:,} positions of its trial games"
    if not passed:
        found += f", and {allowed:.3f} ms are allowed; late positions must cost what early ones do"
    return replace(
        verdict,
        accepted=passed,
        checks=(*verdict.checks, Check("trial", passed, found)),
        cost=replace(verdict.cost, batch64_ms=max(verdict.cost.batch64_ms, used.charged_ms)),
    )


def measure_cost(model: bytes, alone: bool, limits: Limits | None = None) -> Cost:
    """Return what an admitted model costs, by fewer positions than at admission.

    Args:
        model: content of the file.
        alone: whether it is asked for one position at a time.
        limits: what it may use.

    Raises:
        AgentError: it failed.
        SandboxLostError: the sandbox broke; nothing is said about the model.
    """
    observations, _, _ = probe_positions(KEPT_SEED)
    with SandboxedModel(model, limits=limits, max_batch=PROBES, alone=alone) as sandboxed:
        sandboxed.start()
        meter = Meter(sandboxed)
        for position in observations[:REPEATED]:
            meter.single(position)
        if not sandboxed.fed_alone:
            for _ in range(BATCH_TIMES):
                meter.batch(observations)
        return meter.cost()


def _ignore(_step: str) -> None:
    """Show no progress."""


class _RejectedError(Exception):
    """A check failed; the message says what was wrong and what to do."""


class _Admission:
    """One model's way through the checks that need it loaded."""

    def __init__(self, model: SandboxedModel, size: Check, seed: int, progress: Progress) -> None:
        self._model = model
        self._seed = seed
        self._progress = progress
        self._checks = [size]
        self._singly = np.empty((PROBES, ACTIONS), np.float32)
        self._meter = Meter(model)
        self._cost: Cost | None = None
        self._alone = False

    def run(self) -> Verdict:
        """Return the verdict."""
        steps = (
            ("loads", self._load),
            ("values", self._values),
            ("repeatable", self._repeatable),
            ("batches", self._batches),
            ("latency", self._latency),
            ("memory", self._memory),
        )
        for name, step in steps:
            self._progress(name)
            try:
                self._checks.append(Check(name, True, step()))
            except (_RejectedError, AgentError) as error:
                if name == "loads":
                    self._checks += self._model.inspected.checks
                if self._checks[-1].passed:
                    self._checks.append(Check(name, False, str(error)))
                return self._verdict(accepted=False)
        return self._verdict(accepted=True)

    def _verdict(self, *, accepted: bool) -> Verdict:
        return Verdict(
            accepted=accepted,
            checks=tuple(self._checks),
            alone=self._alone,
            cost=self._cost,
            machine_factor=self._meter.factor if self._meter.singles else None,
            peak_memory_bytes=self._model.peak_memory_bytes or None,
            graph_sha256=self._model.inspected.graph_sha256,
            seed=self._seed,
        )

    def _load(self) -> str:
        self._model.start()
        self._checks += self._model.inspected.checks
        self._alone = self._model.fed_alone
        return "one float32 input (batch, 5, 32, 32), four values out"

    def _values(self) -> str:
        limit = self._model.limits.latency_ms
        self._observations, self._masks, self._headings = probe_positions(self._seed)
        for i in range(PROBES):
            self._singly[i] = self._meter.single(self._observations[i])
            if self._meter.singles == REPEATED and self._meter.fastest_ms > limit:
                raise _RejectedError(
                    f"a position takes at least {self._meter.fastest_ms:.0f} ms and {limit:g} ms "
                    "are allowed; use a smaller network"
                )
        bad = int(invalid_rows(self._singly, self._masks).sum())
        if bad:
            raise _RejectedError(
                f"NaN or +inf for an accepted action in {bad} of {PROBES} positions; check the "
                "weights and divisions (a move it must not take may be -inf)"
            )
        return (
            f"finite for every accepted action in {PROBES} positions of real games, {FRESH} "
            f"of them drawn by seed {self._seed}"
        )

    def _repeatable(self) -> str:
        for i in range(REPEATED):
            again = self._meter.single(self._observations[i])
            if not np.array_equal(again, self._singly[i], equal_nan=True):
                raise _RejectedError(
                    "the same position gave other values the second time; a policy must depend "
                    "on its input alone"
                )
        return f"{REPEATED} positions gave the same values again"

    def _batches(self) -> str:
        if self._alone:
            return (
                "takes one position at a time, which is slower; export it with a symbolic batch "
                "axis"
            )
        expected = self._decisions(self._singly, np.arange(PROBES))
        generator = np.random.Generator(np.random.PCG64(7))
        orders = [np.arange(PROBES), *(generator.permutation(PROBES) for _ in range(SHUFFLES))]
        orders += [np.arange(i, i + ODD_BATCH) for i in range(0, PROBES - ODD_BATCH, ODD_BATCH)]
        for order in orders:
            self._model.observations[: order.size] = self._observations[order]
            try:
                logits = self._model.infer(order.size)
                agrees = not invalid_rows(logits, self._masks[order]).any() and np.array_equal(
                    self._decisions(logits, order), expected[order]
                )
            except AgentError:
                agrees = False
            if not agrees:
                self._alone = True
                return (
                    "its decisions depend on the positions beside them, so it will be asked for "
                    "one at a time, which is slower; look for an operation over the batch axis"
                )
        return "decides the same in shuffled batches as alone"

    def _latency(self) -> str:
        if not self._alone:
            for _ in range(BATCH_TIMES):
                self._meter.batch(self._observations)
        cost = self._cost = self._meter.cost()
        limit = self._model.limits.latency_ms
        if cost.single_p99_ms > limit:
            raise _RejectedError(
                f"a position takes {cost.single_p99_ms:.0f} ms of CPU time at the 99th percentile "
                f"and {limit:g} ms are allowed; use a smaller network"
            )
        return (
            f"median {cost.single_ms:.2f} ms, 99th percentile {cost.single_p99_ms:.2f} ms alone; "
            f"{cost.batch64_ms:.3f} ms a position in batches of {PROBES}; all on the reference "
            f"machine, this one took {self._meter.factor:.2f} times as long"
        )

    def _memory(self) -> str:
        used, allowed = self._model.peak_memory_bytes, self._model.limits.memory_bytes
        return f"its process used {used / MIB:.0f} MB; the model may add {allowed / MIB:g} MB"

    def _decisions(self, logits: Float32Array, order: IntArray) -> UInt8Array:
        return select_actions(logits, self._masks[order], self._headings[order])
