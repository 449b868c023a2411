"""The league: whom the learner meets, and how often.

Anchors are fixed agents by SPEC, snapshots the learner's own past. Inside both groups an opponent's
share grows with how badly the learner fares against it: ``(1 - points) ** rivalry``, the hard
weighting of prioritised fictitious self-play in Vinyals and others (2019), "Grandmaster level in
StarCraft II using multi-agent reinforcement learning". The newest snapshot has a share of its own.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from agents.train.config import TrainConfig
from agents.train.learner import NetworkAgent
from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.types import IntArray, UInt8Array

MEMORY: Final = 0.99
"""What a game counts for after one more against the same opponent: about 100 games are kept."""

FLOOR: Final = 0.05
"""Weight that even an opponent always beaten keeps, so that it is not forgotten."""


@dataclass(slots=True)
class Named:
    """An agent under the name of its SPEC: two SPECs may make agents of one name."""

    name: str
    agent: Agent

    def act(self, engine: BatchEngine, games: IntArray, seats: IntArray) -> UInt8Array:
        """Return one action a rider; see ``tron_env.agent.Agent``."""
        return self.agent.act(engine, games, seats)


@dataclass(slots=True)
class Record:
    """The learner's results against one opponent, the older the lighter."""

    points: float = 0.0
    games: float = 0.0

    def add(self, points: float) -> None:
        """Count one more game."""
        self.points = self.points * MEMORY + points
        self.games = self.games * MEMORY + 1

    @property
    def mean(self) -> float:
        """Points a game, drawn to 1/2 by two games that were never played."""
        return (self.points + 1.0) / (self.games + 2.0)


@dataclass(slots=True)
class League:
    """Anchors and snapshots, and what the learner achieved against each."""

    config: TrainConfig
    anchors: list[Named]
    snapshots: list[NetworkAgent] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)

    def add(self, snapshot: NetworkAgent) -> None:
        """Take in a snapshot; where there are too many, let one go, but never the newest."""
        self.snapshots.append(snapshot)
        while len(self.snapshots) > self.config.pool_size:
            leaving = self.snapshots[0]
            if self.config.rivalry and len(self.snapshots) > 1:
                older = self.snapshots[:-1]
                leaving = max(older, key=lambda agent: self.record(agent.name).mean)
            self.snapshots.remove(leaving)

    def record(self, name: str) -> Record:
        """Return the results against the opponent called ``name``."""
        return self.records.setdefault(name, Record())

    def shares(self) -> list[tuple[Agent, float]]:
        """Return the opponents of new games with their weights."""
        config = self.config
        given = np.array([weight for _, weight in config.anchors])
        anchor_weights = given * [self._rivalry(agent.name) for agent in self.anchors]
        if anchor_weights.sum() > 0:
            anchor_weights *= given.sum() / anchor_weights.sum()
        own = np.array([self._rivalry(agent.name) for agent in self.snapshots])
        if own.size:
            own *= config.self_play_weight * (1 - config.latest_share) / own.sum()
            own[-1] += config.self_play_weight * config.latest_share
        agents: list[Agent] = [*self.anchors, *self.snapshots]
        return list(zip(agents, [*anchor_weights.tolist(), *own.tolist()], strict=True))

    def _rivalry(self, name: str) -> float:
        if not self.config.rivalry:
            return 1.0
        return float((1.0 - self.record(name).mean) ** self.config.rivalry) + FLOOR
