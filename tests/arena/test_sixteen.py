"""The whole of it by command: 16 entrants, 120 duels, killed on the way at any moment."""

import contextlib
import json
import subprocess
import sys
import time

import numpy as np
import psutil
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


def victims(runner):
    """Return the processes of a run: itself, its workers, their fork servers, the sandboxes."""
    with contextlib.suppress(psutil.Error):
        return [runner, *runner.children(recursive=True)]
    return []


def killed_to_the_end(home, random, most):
    """Run the round to its end, killing one of its processes now and then; return the kills."""
    kills = 0
    while True:
        process = subprocess.Popen(
            command(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        runner = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(random.exponential(1.5))
            found = victims(runner)
            if kills < most and found:
                # The run itself every third time; otherwise whatever else is alive.
                chosen = runner if random.integers(3) == 0 else found[random.integers(len(found))]
                with contextlib.suppress(psutil.NoSuchProcess):
                    chosen.kill()
                    kills += 1
        if process.returncode == 0:
            return kills


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_fifty_kills_at_random_moments_change_no_record(tmp_path):
    frozen = tmp_path / "frozen"
    frozen_field(frozen)
    calm = tmp_path / "calm"
    subprocess.run(["cp", "-r", frozen, calm], check=True)
    assert run(calm)["duels_done"] == 120
    with Storage(f"sqlite:///{calm / 'arena.db'}") as storage:
        expected = records(storage, 1)
        replays = [blob for duel in storage.duels(1) for blob in storage.duel_replays(duel.id)]
        assert {entry.standing.games for entry in storage.entries(1)} == {15 * 8}
    assert len(replays) == 120 * 8
    for blob in replays:
        verify(decode(blob))

    random = np.random.Generator(np.random.PCG64(50))
    kills = 0
    while kills < 50:
        home = tmp_path / f"after-{kills}-kills"
        subprocess.run(["cp", "-r", frozen, home], check=True)
        kills += killed_to_the_end(home, random, 50 - kills)
        with Storage(f"sqlite:///{home / 'arena.db'}") as storage:
            assert storage.round(1).status is RoundStatus.DONE
            assert records(storage, 1) == expected
