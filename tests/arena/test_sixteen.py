"""The whole of it by command: 16 entrants, 120 duels, killed on the way at any moment."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest
from sqlalchemy import make_url

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
from tests.servers import Postgres
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


@dataclass(frozen=True)
class Place:
    """Where a round is played: the models' home, and the database."""

    home: Path
    url: str
    server: Postgres | None = None

    def storage(self) -> Storage:
        return Storage(self.url)

    def run(self) -> subprocess.Popen:
        return subprocess.Popen(
            command(self.home),
            env=os.environ | {"TRON_DATABASE_URL": self.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def kill_connection(self, random) -> bool:
        """Kill a process of the database server that serves the run; tell whether there was one."""
        if self.server is None:
            return False
        asked = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database_of(self.url)}'"
        with contextlib.suppress(psycopg.Error, ProcessLookupError):
            pids = [row[0] for row in self.server.sql(asked)]
            if pids:
                os.kill(pids[random.integers(len(pids))], signal.SIGKILL)
                return True
        return False


def database_of(url):
    return make_url(url).database


class Places:
    """A frozen round and copies of it, in one kind of database."""

    def __init__(self, folder: Path, server: Postgres | None, migrated: str) -> None:
        self._folder = folder
        self._server = server
        self._migrated = migrated
        self.frozen = self._place("frozen", None)
        frozen_field(self.frozen)

    def copy(self, name: str) -> Place:
        return self._place(name, self.frozen)

    def _place(self, name: str, frozen: Place | None) -> Place:
        home = self._folder / name
        if frozen is None:
            home.mkdir()
        else:
            subprocess.run(["cp", "-r", frozen.home, home], check=True)
        if self._server is None:
            return Place(home, f"sqlite:///{home / 'arena.db'}")
        template = database_of(frozen.url) if frozen else self._migrated
        database = self._server.fresh(template)
        # Killing one of its processes makes the server start over from what it has written.
        self._server.sql(f"ALTER DATABASE {database} SET synchronous_commit = on")
        return Place(home, self._server.url(database), self._server)


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request, tmp_path):
    if request.param == "sqlite":
        return Places(tmp_path, None, "")
    server = request.getfixturevalue("postgres")
    return Places(tmp_path, server, request.getfixturevalue("migrated"))


def frozen_field(place):
    models = ModelStore(place.home / "models")
    with place.storage() as storage:
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


def victims(runner):
    """Return the processes of a run: itself, its workers, their fork servers, the sandboxes."""
    with contextlib.suppress(psutil.Error):
        return [runner, *runner.children(recursive=True)]
    return []


def killed_to_the_end(place, random, most):
    """Run the round to its end, killing now and then; return the kills.

    Every third time the run itself is killed, and on a database server every fourth time what
    serves it there; otherwise whichever of the run's processes.
    """
    kills = 0
    while True:
        with place.run() as process:
            runner = psutil.Process(process.pid)
            while process.poll() is None:
                time.sleep(random.exponential(1.5))
                found = victims(runner)
                if kills == most or not found:
                    continue
                if random.integers(4) == 0 and place.kill_connection(random):
                    kills += 1
                    continue
                chosen = runner if random.integers(3) == 0 else found[random.integers(len(found))]
                with contextlib.suppress(psutil.NoSuchProcess):
                    chosen.kill()
                    kills += 1
        if process.returncode == 0:
            return kills


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_fifty_kills_at_random_moments_change_no_record(places):
    calm = places.copy("calm")
    process = calm.run()
    assert json.loads(process.communicate()[0])["duels_done"] == 120
    with calm.storage() as storage:
        expected = records(storage, 1)
        replays = [blob for duel in storage.duels(1) for blob in storage.duel_replays(duel.id)]
        assert {entry.standing.games for entry in storage.entries(1)} == {15 * 8}
    assert len(replays) == 120 * 8
    for blob in replays:
        verify(decode(blob))

    random = np.random.Generator(np.random.PCG64(50))
    kills = 0
    while kills < 50:
        place = places.copy(f"after-{kills}-kills")
        kills += killed_to_the_end(place, random, 50 - kills)
        with place.storage() as storage:
            assert storage.round(1).status is RoundStatus.DONE
            assert records(storage, 1) == expected
