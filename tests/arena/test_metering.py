"""Costs are ratios: a slow machine, or a busy one, changes nothing."""

import numpy as np
import pytest

from agents.zoo import shipped_model
from arena.blocks import BlockEntrant, BlockTask, play_block
from arena.divisions import BATCH, LIGHT_MS, Usage, charged_positions
from arena.metering import Meter
from arena.models import ModelStore
from arena.schedule import round_robin
from arena.validation import measure_cost
from arena.yardstick import REFERENCE_BATCH_MS, REFERENCE_SINGLE_MS, Yardstick
from tests.arena.rivals import SEED, rival, sullen_after


class Machine:
    """A machine ``slowness`` times as slow as the reference, and a model that runs on it."""

    def __init__(self, slowness, single_ms, batch_ms):
        self.slowness = slowness
        self.cost = {1: single_ms, BATCH: batch_ms}
        self.cpu_seconds = 0.0
        self.observations = np.zeros((BATCH, 5, 32, 32), np.uint8)

    def infer(self, k):
        self.cpu_seconds += k * self.slowness() * self.cost[k] / 1000
        return np.zeros((k, 4), np.float32)

    def fixed_network(self, k):
        return self.slowness() * (REFERENCE_SINGLE_MS if k == 1 else REFERENCE_BATCH_MS)


def measured(machine, *, batches=True):
    meter = Meter(machine, Yardstick(machine.fixed_network))
    for _ in range(16):
        meter.single(machine.observations[0])
    for _ in range(5 if batches else 0):
        meter.batch(machine.observations)
    return meter.cost()


@pytest.mark.parametrize("slowness", [0.5, 1.0, 7.0])
def test_a_slower_machine_gives_the_same_cost(slowness):
    cost = measured(Machine(lambda: slowness, 3.0, 1.9))
    assert cost.single_ms == pytest.approx(3.0)
    assert cost.single_p99_ms == pytest.approx(3.0)
    assert cost.batch64_ms == pytest.approx(1.9)
    assert cost.light


def test_a_model_asked_one_by_one_is_light_by_what_a_single_position_costs():
    cost = measured(Machine(lambda: 2.0, 1.5, 0.1), batches=False)
    assert cost.batch64_ms == cost.single_ms == pytest.approx(1.5)
    assert not measured(Machine(lambda: 2.0, 2.5, 0.1), batches=False).light


def test_asking_to_be_asked_singly_makes_no_position_cheaper(tmp_path):
    """Small calls are charged as larger ones, but not of a model that fails in larger ones."""
    models = ModelStore(tmp_path)
    stored = [models.put(rival(1)), models.put(sullen_after(1))]
    entrants = tuple(BlockEntrant(number, sha256, False) for number, sha256 in enumerate(stored))
    task = BlockTask(0, "arena", SEED, 8, entrants, round_robin(2))
    (_, honest), (_, sullen) = play_block(task, models.get).usage
    assert honest.charged > honest.positions > 0
    assert sullen.charged == sullen.positions > 0


def test_the_limit_is_over_the_whole_round():
    kept = Usage(64, 64, 1.0, 64 * LIGHT_MS / 1000)
    assert kept.kept_light
    assert not (kept + Usage(64, 64, 1.0, 64 * LIGHT_MS / 1000 + 1e-6)).kept_light
    assert Usage().kept_light


def test_small_calls_count_as_eight_positions():
    assert [charged_positions(k) for k in (1, 7, 8, 9, 64)] == [8, 8, 8, 9, 64]


def test_a_real_model_is_measured_in_its_sandbox():
    content = shipped_model("wall-hugger").path.read_bytes()
    cost = measure_cost(content, False)
    assert cost.light
    assert 0.0 < cost.batch64_ms < cost.single_ms
    assert measure_cost(content, True).batch64_ms > cost.batch64_ms
