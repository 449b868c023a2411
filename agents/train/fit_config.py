"""What a fit of a board network is told, and what it tells."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from agents.train.board_network import BoardConfig
from agents.train.config import Device
from agents.train.errors import TrainingConfigError


@dataclass(frozen=True, slots=True)
class FitConfig:
    """One fit; exactly one of ``minutes`` and ``steps`` is given.

    Raises:
        TrainingConfigError: a field is out of range; the message names it.
    """

    minutes: float | None = None
    """Length of the fit on the clock, reading the games and the export not counted."""
    steps: int | None = None
    """Length of the fit in steps of the optimiser: the same on the same processor every time."""
    batch_size: int = 1536
    learning_rate: float = 2e-3
    """AdamW's after the warm-up, falling along half a cosine to a hundredth at the end."""
    warmup_steps: int = 200
    """Steps over which the rate rises from 0."""
    weight_decay: float = 0.02
    """Of all weights but biases and those of the normalisation."""
    report_s: float = 60.0
    """Seconds between two reports and checkpoints."""
    seed: int = 0
    threads: int = 1
    device: Device = Device.AUTO
    network: BoardConfig = field(default_factory=BoardConfig)

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise TrainingConfigError("give either minutes or steps")
        if not 0 <= self.seed < 2**32:
            raise TrainingConfigError(f"seed is {self.seed}; allowed are 0 to 2**32 - 1")
        for name in ("steps", "batch_size", "warmup_steps", "threads"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise TrainingConfigError(f"{name} is {number}; allowed are 1 or more")
        for name in ("minutes", "learning_rate"):
            number = getattr(self, name)
            if number is not None and not 0 < number < math.inf:
                raise TrainingConfigError(f"{name} is {number}; allowed is more than 0")
        if self.weight_decay < 0 or self.report_s < 0:
            raise TrainingConfigError("weight_decay or report_s is below 0")


@dataclass(frozen=True, slots=True)
class Measured:
    """The averaged network on held-out games."""

    cross_entropy: float
    """Of the teacher's action, in nats."""
    agreement: float
    """Share of labelled positions on which the network plays as the teacher would."""
    value_loss: float
    """Cross-entropy of the odds that the teacher's value stands for, in nats."""
    ownership_loss: float
    """Cross-entropy of whose a free cell will be, in nats."""
    result_loss: float | None
    """Of who won, in nats; None where no decided game ended without random plies."""


@dataclass(frozen=True, slots=True)
class FitProgress:
    """How far a fit is."""

    steps: int
    share: float
    """Done, 0 to 1."""
    seconds: float
    epochs: float
    """Passes over the samples."""
    samples_per_second: float
    loss: float
    """Of the last batch."""
    held: Measured


class Reporter(Protocol):
    """Is told how a fit goes."""

    def begun(self, games: int, samples: int, held_games: int, device: str) -> None:
        """Take note of what is learned from, and where."""

    def progressed(self, progress: FitProgress) -> None:
        """Take note of how far it is; the checkpoint has been written."""
