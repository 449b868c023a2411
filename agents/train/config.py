"""Every hyperparameter of a training run, frozen, documented and storable as JSON."""

import dataclasses
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from agents.train.errors import TrainingConfigError
from tron_env.errors import RulesetError
from tron_env.ruleset import Ruleset, ruleset_named


class Algorithm(StrEnum):
    """Which of Stable-Baselines3's algorithms learns."""

    MASKABLE_PPO = "maskable-ppo"
    """Of sb3-contrib: draws from the accepted actions only, as the arena does."""
    PPO = "ppo"
    """Learns what not to ride into by riding into it."""


class Device(StrEnum):
    """Where the learner computes."""

    AUTO = "auto"
    """On a GPU where PyTorch sees one."""
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """The size of the network; see ``agents.train.network``."""

    fovea_radius: int = 11
    """Cells seen one by one on every side of the own head; 7 to 31."""
    fovea_channels: tuple[int, int, int] = (32, 32, 48)
    """Output channels of the three convolutions over the fovea."""
    periphery_channels: tuple[int, int] = (16, 16)
    """Output channels of the two convolutions over the coarse whole board."""
    features: int = 128
    """Width of the last hidden layer, which policy and value share."""
    territory_steps: int = 0
    """Steps of the territory floods inside the network, 0 for none; see ``territory``."""

    def __post_init__(self) -> None:
        _require(7 <= self.fovea_radius <= 31, "fovea_radius", self.fovea_radius, "7 to 31")
        _require(
            0 <= self.territory_steps <= 900, "territory_steps", self.territory_steps, "0 to 900"
        )
        sizes = (*self.fovea_channels, *self.periphery_channels, self.features)
        _require(min(sizes) >= 1, "a layer's width", min(sizes), "1 or more")

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "NetworkConfig":
        """Return the configuration of fields as JSON has them.

        Raises:
            TrainingConfigError: a field is missing or out of range.
            TypeError: a field is unknown or malformed.
        """
        require_all(cls, fields)
        return cls(**_tuples(fields))


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training run.

    Steps count the learner's plies over all games together, as Stable-Baselines3 does.

    Raises:
        TrainingConfigError: a field is out of range; the message names it.
    """

    algorithm: Algorithm = Algorithm.MASKABLE_PPO
    steps: int = 1_200_000
    """Length of the whole run."""
    seed: int = 0
    ruleset: str = "arena"
    """Preset to train on; the policy contract asks for a 32x32 board."""
    games: int = 64
    """Games that advance together."""
    rollout_plies: int = 128
    """Plies of every game between two updates; ``games * rollout_plies`` samples each."""
    batch_size: int = 1024
    """Samples a gradient step; divides ``games * rollout_plies``."""
    epochs: int = 4
    """Passes over the samples of an update."""
    learning_rate: float = 1e-3
    """Adam's rate at the start, falling linearly to 0 at the end of the run."""
    gamma: float = 0.99
    """Discount a ply: the horizon is about 100 plies, a third of a long game."""
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    entropy_weight: float = 0.005
    value_weight: float = 0.5
    max_gradient_norm: float = 0.5
    survival_bonus: float = 0.0
    """Reward a survived ply, beside +1 for a win, 0 for a draw and -1 for a loss."""
    anchors: tuple[tuple[str, float], ...] = (("random", 0.15), ("wall-hugger", 0.35))
    """Fixed opponents by SPEC, each with its share of the games."""
    self_play_weight: float = 0.5
    """Share of the games against snapshots of the learner."""
    latest_share: float = 0.0
    """Share of those that the newest snapshot gets beforehand; the league divides the rest."""
    rivalry: float = 0.0
    """How much hard opponents are preferred; see ``league``. At 0 all are met evenly."""
    pool_size: int = 4
    """Snapshots kept as opponents: the newest, or with ``rivalry`` the hardest."""
    snapshot_steps: int = 65_536
    """Steps between two snapshots that join the pool."""
    checkpoint_steps: int = 8192
    """Steps between two checkpoints that ``--resume`` can go on from; by default every update."""
    evaluation_steps: int = 262_144
    """Steps between two evaluations."""
    evaluation_starts: int = 50
    """Starts of an evaluation against each opponent, played twice with seats exchanged."""
    evaluation_opponents: tuple[str, ...] = ("random", "wall-hugger", "voronoi")
    """The ladder, by SPEC; the best policy so far is met too."""
    losses_share: float = 0.5
    """Share of the games that begin shortly before a defeat, where ``--losses`` gives some."""
    threads: int = 1
    """Threads that PyTorch may use."""
    device: Device = Device.AUTO
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        for name in (
            "steps",
            "games",
            "rollout_plies",
            "batch_size",
            "epochs",
            "pool_size",
            "snapshot_steps",
            "checkpoint_steps",
            "evaluation_steps",
            "evaluation_starts",
            "threads",
        ):
            value = getattr(self, name)
            _require(value >= 1, name, value, "1 or more")
        _require(0 <= self.seed < 2**32, "seed", self.seed, "0 to 2**32 - 1")
        samples = self.games * self.rollout_plies
        _require(
            samples % self.batch_size == 0,
            "batch_size",
            self.batch_size,
            f"divisors of games * rollout_plies = {samples}",
        )
        for name in ("gamma", "gae_lambda", "clip_range"):
            value = getattr(self, name)
            _require(0 < value <= 1, name, value, "above 0, at most 1")
        for name in ("latest_share", "losses_share"):
            value = getattr(self, name)
            _require(0 <= value <= 1, name, value, "0 to 1")
        _require(self.rivalry >= 0, "rivalry", self.rivalry, "0 or more")
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        weights = (self.self_play_weight, *(weight for _, weight in self.anchors))
        _require(
            min(weights) >= 0 and sum(weights) > 0,
            "opponent weights",
            weights,
            "0 or more, not all 0",
        )
        ruleset = self.board
        _require(
            (ruleset.height, ruleset.width) == (32, 32),
            "ruleset",
            self.ruleset,
            "presets with a board of 32x32",
        )

    @property
    def whole_steps(self) -> int:
        """``steps`` rounded up to whole updates, which is where a run ends."""
        update = self.games * self.rollout_plies
        return -(-self.steps // update) * update

    @property
    def board(self) -> Ruleset:
        """The ruleset that ``ruleset`` names."""
        try:
            return ruleset_named(self.ruleset)
        except RulesetError as error:
            raise TrainingConfigError(str(error)) from error

    def to_json(self) -> str:
        """Return all fields as indented JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "TrainConfig":
        """Return the configuration that ``to_json`` wrote.

        Raises:
            TrainingConfigError: a field is missing, unknown, malformed or out of range.

        >>> TrainConfig.from_json(TrainConfig(seed=7).to_json()).seed
        7
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            require_all(cls, fields)
            network = NetworkConfig.from_fields(fields.pop("network"))
            algorithm = Algorithm(fields.pop("algorithm"))
            device = Device(fields.pop("device"))
            return cls(
                network=network,
                algorithm=algorithm,
                device=device,
                **_tuples(fields),
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise TrainingConfigError(f"not a training configuration: {error}") from error


def require_all(kind: type, fields: dict[str, Any]) -> None:
    """Check that stored fields leave nothing to today's defaults.

    Raises:
        TrainingConfigError: a field of the dataclass ``kind`` is missing; the message names it.
    """
    missing = {field.name for field in dataclasses.fields(kind)} - fields.keys()
    if missing:
        raise TrainingConfigError(
            f"not a training configuration: {kind.__name__} lacks {', '.join(sorted(missing))}"
        )


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in fields.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise TrainingConfigError(f"{name} is {value}; allowed are {allowed}")


PRESETS: Final = {
    "quick": TrainConfig(
        steps=300_000,
        anchors=(("random", 0.1), ("wall-hugger", 0.4)),
        evaluation_steps=98_304,
        snapshot_steps=32_768,
    ),
    "small": TrainConfig(),
    "strong": TrainConfig(
        steps=6_000_000,
        learning_rate=5e-4,
        anchors=(("wall-hugger", 0.1), ("voronoi", 0.25), ("minimax:depth=2", 0.15)),
        latest_share=0.5,
        rivalry=2.0,
        pool_size=12,
        snapshot_steps=131_072,
        evaluation_steps=524_288,
        evaluation_opponents=("wall-hugger", "voronoi", "minimax:depth=2"),
        network=NetworkConfig(
            fovea_channels=(48, 48, 64), periphery_channels=(24, 24), territory_steps=40
        ),
    ),
}
"""``small`` makes the shipped ``ppo-small``, ``quick`` a first model within minutes; ``strong``
sees territory, meets searches and a league, and wants hours."""


def preset_named(name: str) -> TrainConfig:
    """Return the preset called ``name``.

    Raises:
        TrainingConfigError: there is no such preset.
    """
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(sorted(PRESETS))
        raise TrainingConfigError(f"no preset is called {name!r}; known are {known}") from None
