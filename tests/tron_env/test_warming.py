"""Workers find every kernel compiled: seen in an interpreter that has compiled nothing else."""

import subprocess
import sys

PLAY_AFTER_WARMING = """
import numpy as np
from tron_env import BatchEngine, Ruleset, Spawn, SpawnLayout, observation, restarting, stepping
from tron_env import starting, kernel, rows
from tron_env.rows import KeptRows
from tron_env.warming import compile_kernels

MODULES = (observation, restarting, stepping, starting, kernel, rows)
ALL = {f for m in MODULES for f in vars(m).values() if hasattr(f, "signatures")}

compile_kernels()
before = {f.__name__: len(f.signatures) for f in ALL}
for ruleset in (Ruleset(9, 12, SpawnLayout.CORNERS, 3), Ruleset(64, 64)):
    engine = BatchEngine(ruleset, 3)
    engine.reset(np.array([0, 1, 2]), np.array([7, 8, 9], dtype=np.uint64))
    engine.reset_to(1, (Spawn(3, 3, 0), Spawn(4, 6, 2)))
    engine.reset_to_state(2, engine.state(1))
    engine.step(engine.headings)
    engine.step(engine.headings.astype(np.int64)[::-1])
    engine.step_games([2, 0], engine.headings[:2])
    engine.step_restarting(engine.headings)
    engine.play_random(5)
    out = np.zeros((3, *engine.planes.shape[2:]), dtype=np.float32)
    engine.gather([1], [0], out)
    KeptRows(out.astype(np.uint8)).write(engine, np.array([1]), np.array([0]))
print(*(f.__name__ for f in ALL if before[f.__name__] != len(f.signatures)))
"""


def test_after_warming_the_engine_compiles_nothing():
    done = subprocess.run(
        [sys.executable, "-c", PLAY_AFTER_WARMING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
