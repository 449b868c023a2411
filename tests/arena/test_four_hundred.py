"""A round of 400 entrants, 79,800 duels, by command: it ends, in bounded memory."""

import subprocess
import sys
import time

import psutil
import pytest

from arena.bench_models import linear
from arena.models import ModelStore
from arena.records import RoundStatus
from arena.rounds import ensure_open
from arena.storage import Storage
from tests.arena.rivals import closed_round
from tests.arena.test_sixteen import command

ENTRANTS = 400
DUELS = 79_800
MEMORY_BYTES = 4 << 30


def resident(process: psutil.Process) -> int:
    """Return the memory of a run and all its processes, shared pages counted once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:  # it ended while we looked
            continue
    return total


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_a_round_of_four_hundred_ends_within_four_gigabytes(tmp_path, capsys):
    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as storage:
        ensure_open(storage)
        entrants = {f"linear-{seed}": linear(seed) for seed in range(ENTRANTS)}
        row = closed_round(storage, ModelStore(tmp_path / "models"), entrants, starts=1)
        assert (row.entrants, row.duels_total) == (ENTRANTS, DUELS)
    began = time.monotonic()
    said = tmp_path / "said"
    with said.open("wb") as lines:
        process = subprocess.Popen(command(tmp_path), stdout=lines, stderr=subprocess.STDOUT)
    most = 0
    while process.poll() is None:
        try:
            most = max(most, resident(psutil.Process(process.pid)))
        except psutil.NoSuchProcess:
            continue
        time.sleep(5)
    seconds = time.monotonic() - began
    assert process.returncode == 0, said.read_text()[-2000:]
    assert most < MEMORY_BYTES
    with Storage(f"sqlite:///{tmp_path / 'arena.db'}") as storage:
        assert storage.round(1).status is RoundStatus.DONE
        assert storage.round(1).duels_done == DUELS
        assert {entry.standing.games for entry in storage.entries(1)} == {2 * (ENTRANTS - 1)}
    size = (tmp_path / "arena.db").stat().st_size
    with capsys.disabled():
        sys.stdout.write(
            f"\n{DUELS} duels of 2 games in {seconds:.0f} s, {2 * DUELS / seconds:.0f} games/s; "
            f"at most {most / 2**30:.2f} GiB; database {size / 2**20:.0f} MiB\n"
        )
