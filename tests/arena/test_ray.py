"""The Ray executor, on a real cluster of two nodes on this machine."""

import os
import subprocess
import sys

import pytest
import ray
from click.testing import CliRunner
from ray.cluster_utils import Cluster

from arena.cli_round import round_
from arena.executors.local import LocalExecutor
from arena.executors.ray import RayExecutor
from arena.models import ModelStore
from tests.arena.test_executors import by_number, tasks_for
from tests.modules import ROOT

NODE = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "include_dashboard": False,
}


@pytest.fixture
def models(tmp_path):
    return ModelStore(tmp_path)


SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    # What is only slow, on a busy machine, is neither given up nor begun again and again.
    "RAY_health_check_timeout_ms": "120000",
    "RAY_worker_register_timeout_seconds": "600",
}


@pytest.fixture(scope="module")
def cluster():
    os.environ.update(SETTINGS)
    started = Cluster(initialize_head=True, head_node_args=NODE)
    yield started
    ray.shutdown()
    started.shutdown()


def test_a_node_killed_in_mid_round_changes_no_record(models, cluster):
    tasks = tasks_for(models, entrants=6, starts=8)
    expected = by_number(LocalExecutor(models, 2).play(tasks))
    doomed = cluster.add_node(**NODE)
    results = RayExecutor(models, cluster.address).play(tasks)
    found = [next(results)]
    assert len([node for node in ray.nodes() if node["Alive"]]) == 2
    cluster.remove_node(doomed, allow_graceful=False)
    found += results
    assert by_number(found) == expected
    assert not ray.is_initialized()


def test_a_round_that_is_stopped_leaves_nothing_running(models, cluster):
    results = RayExecutor(models, cluster.address).play(tasks_for(models, starts=10))
    next(results)
    results.close()
    assert not ray.is_initialized()


def test_nothing_to_play_needs_no_cluster(models):
    assert list(RayExecutor(models, "127.0.0.1:1").play([])) == []


WITHOUT_TOKEN = """
from pathlib import Path
from arena.errors import ClusterError
from arena.executors.ray import RayExecutor
from arena.models import ModelStore
try:
    list(RayExecutor(ModelStore(Path(".")), "127.0.0.1:1").play([None]))
except ClusterError as error:
    print(error)
"""


def test_a_token_that_is_missing_is_asked_for(tmp_path):
    """By a process of its own, as Ray asks for it once."""
    environ = os.environ | SETTINGS | {"PYTHONPATH": str(ROOT), "RAY_AUTH_MODE": "token"}
    environ["RAY_AUTH_TOKEN_PATH"] = str(tmp_path / "nothing")
    command = [sys.executable, "-c", WITHOUT_TOKEN]
    done = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "give this process its token" in done.stdout


def test_an_address_needs_the_engine_that_has_one():
    done = CliRunner().invoke(round_, ["run", "--address", "auto"])
    assert done.exit_code == 2
    assert "--engine ray" in done.output
