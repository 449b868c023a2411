"""The whole of it by command: 16 entrants, 120 duels of 8 games, killed on the way."""

import json
import signal
import subprocess
import sys
import time

import pytest

from agents.graphs.heuristics import build_voronoi, build_wall_hugger
from agents.heuristic import Reply, TieBreak, Voronoi, WallHugger
from agents.zoo import baselines
from arena.models import ModelStore
from arena.records import RoundStatus
from arena.rounds import close_round, ensure_open
from arena.storage import Storage
from replays.format import decode
from replays.playback import verify
from tests.arena.entering import submitted
from tests.arena.rivals import records
from tron_env.types import Action

ENTRANTS = 16


def variants():
    """Shipped models and other settings of the same heuristics, all different."""
    orders = [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2), (0, 3, 1, 2)]
    for order in orders:
        yield build_wall_hugger(WallHugger(order=tuple(map(Action, order))))
    for reply in Reply:
        for tie in TieBreak:
            for own, other in ((1, 1), (2, 1), (1, 2)):
                yield build_voronoi(Voronoi(reply=reply, tie=tie, own=own, other=other))


def frozen_field(home):
    home.mkdir()
    models = ModelStore(home / "models")
    with Storage(f"sqlite:///{home / 'arena.db'}") as storage:
        ensure_open(storage)
        known = {model.sha256 for model in baselines()}
        for number, model in enumerate(variants()):
            sha256 = models.put(model)
            if sha256 not in known and len(known) < ENTRANTS:
                known.add(sha256)
                submitted(storage, f"variant-{number}", sha256)
        row = close_round(storage, models)
    assert (row.entrants, row.duels_total, row.starts) == (ENTRANTS, 120, 4)


def command(home):
    program = "from tron_env.cli import main; main()"
    return [sys.executable, "-c", program, "--home", str(home), "round", "run", "--json"]


def run(home):
    done = subprocess.run(command(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_sixteen_entrants_survive_kills(tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    frozen_field(calm)
    subprocess.run(["cp", "-r", calm, killed], check=True)
    assert run(calm)["duels_done"] == 120

    with Storage(f"sqlite:///{killed / 'arena.db'}") as storage:
        kills = 0
        while kills < 4:
            before = storage.round(1).duels_done
            process = subprocess.Popen(command(killed), stderr=subprocess.DEVNULL)
            while storage.round(1).duels_done == before and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        assert 0 < storage.round(1).duels_done < 120
        assert storage.round(1).status is RoundStatus.RUNNING
        assert run(killed)["duels_done"] == 120

        with Storage(f"sqlite:///{calm / 'arena.db'}") as undisturbed:
            assert records(storage, 1) == records(undisturbed, 1)
        replays = [blob for duel in storage.duels(1) for blob in storage.duel_replays(duel.id)]
        assert len(replays) == 120 * 8
        for blob in replays:
            verify(decode(blob))
        assert {entry.standing.games for entry in storage.entries(1)} == {15 * 8}
