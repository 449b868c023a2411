"""All that a run is besides its weights, so that a resumed one goes on as if never stopped.

Running games, who rides in them, the league's results, how far snapshots and evaluations are, and
every random generator that is drawn from. Stored as arrays and JSON, never pickled.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.train.league import League, Record
from agents.train.league_env import FIRST_OPPONENT, LeagueEnv, Standing
from agents.train.learner import Learner, NetworkAgent
from tron_env.agent import Agent, make_agent


@dataclass(slots=True)
class Marks:
    """The steps at which something was last done, and what has been achieved."""

    snapshot: int = 0
    saved: int = 0
    evaluated: int = 0
    updates: int = 0
    """As Stable-Baselines3 counts them, for its log."""
    best: dict[str, float] = field(default_factory=dict)
    """Points of the promoted policy by opponent; empty while there is none."""


@dataclass(frozen=True, slots=True)
class RunState:
    """What a checkpoint keeps beside the weights."""

    arrays: Mapping[str, NDArray[Any]]
    notes: Mapping[str, Any]

    def encode(self) -> bytes:
        """Return the state as an NPZ archive."""
        file = io.BytesIO()
        notes = np.frombuffer(json.dumps(dict(self.notes)).encode(), dtype=np.uint8)
        np.savez_compressed(file, notes=notes, **self.arrays)  # type: ignore[arg-type]
        return file.getvalue()

    @classmethod
    def decode(cls, data: bytes) -> "RunState":
        """Return what ``encode`` wrote.

        Raises:
            ValueError: it did not write this.
            KeyError: a part is missing.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(arrays, json.loads(arrays.pop("notes").tobytes()))


def capture(learner: Learner, env: LeagueEnv, league: League, marks: Marks) -> RunState:
    """Return the state of a run between two rollouts."""
    standing = env.games.standing()
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)
    arrays = {
        **standing.arrays,
        "begins": np.asarray(learner._last_episode_starts, dtype=np.bool_),
        "torch": torch.get_rng_state().numpy(),
        "numpy": np.asarray(keys),
    }
    if learner.device.type == "cuda":
        arrays["cuda"] = torch.cuda.get_rng_state().numpy()
    drawing = {
        agent.name: agent.generator.bit_generator.state
        for agent in (*env.opponents, *league.snapshots)
        if isinstance(agent, NetworkAgent) and agent.generator is not None
    }
    notes = {
        "opponents": standing.opponents,
        "numpy": [kind, place, has_gauss, gauss],
        "snapshots": [agent.name for agent in league.snapshots],
        "drawing": drawing,
        "records": {name: [record.points, record.games] for name, record in league.records.items()},
        "marks": asdict(marks),
    }
    return RunState(arrays, notes)


def snapshot_names(state: RunState) -> tuple[str, ...]:
    """Return the snapshots that ``restore`` needs: the league's, and those still playing."""
    names = [*state.notes["snapshots"], *state.notes["drawing"]]
    return tuple(dict.fromkeys(names))


def restore(
    state: RunState,
    learner: Learner,
    env: LeagueEnv,
    league: League,
    snapshots: Mapping[str, NetworkAgent],
) -> Marks:
    """Bring a fresh learner, its environment and league into ``state``.

    Raises:
        KeyError: a part or an opponent is missing.
        ValueError: an array has another shape.
    """
    notes = state.notes
    for name, drawing in notes["drawing"].items():
        generator = snapshots[name].generator
        assert generator is not None
        generator.bit_generator.state = drawing
    league.snapshots = [snapshots[name] for name in notes["snapshots"]]
    league.records = {name: Record(*numbers) for name, numbers in notes["records"].items()}
    first = make_agent(FIRST_OPPONENT)  # its games may go on, be it an anchor or not
    agents: dict[str, Agent] = {agent.name: agent for agent in (first, *league.anchors)}
    standing = Standing(state.arrays, tuple(notes["opponents"]))
    # Stable-Baselines3 takes up games where the last observation is known.
    learner._last_obs = env.restore(standing, {**agents, **snapshots})
    learner._last_episode_starts = state.arrays["begins"]
    marks = Marks(**notes["marks"])
    learner._n_updates = marks.updates
    kind, place, has_gauss, gauss = notes["numpy"]
    np.random.set_state((kind, state.arrays["numpy"], place, has_gauss, gauss))
    torch.set_rng_state(torch.from_numpy(state.arrays["torch"].copy()))
    if "cuda" in state.arrays and learner.device.type == "cuda":
        torch.cuda.set_rng_state(torch.from_numpy(state.arrays["cuda"].copy()))
    return marks
