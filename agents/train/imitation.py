"""Imitation: a board network learns from labelled games what a teacher rides, and what came of it.

What plays is a running average of the weights (Polyak and Juditsky (1992), "Acceleration of
stochastic approximation by averaging").
"""

import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from agents.train.board_network import BoardNetwork
from agents.train.boards import boards_of
from agents.train.config import Device
from agents.train.errors import TrainingConfigError
from agents.train.fit_config import FitConfig, FitProgress, Reporter
from agents.train.fit_losses import losses_of, measured
from agents.train.games import LabelledGames, joined
from agents.train.network_file import StoredNetwork, save_network
from agents.train.provenance import Stage, commit
from agents.train.samples import Samples
from tron_env.symmetry import SYMMETRIES

NETWORK: Final = "network.pt"

HELD_SHARE: Final = 0.02
"""Of the games that is measured on where no others are given."""

AVERAGED_EVERY: Final = 4
"""Steps between two looks of the running average."""
MOST_INERTIA: Final = 0.996
"""Of the average at each look; less in the beginning, where the weights still run away from it."""

FIRST_REPORT: Final = 50
"""Steps until the first report, which shows early whether anything is wrong."""


def fit(
    config: FitConfig,
    games: LabelledGames,
    out: Path,
    *,
    reporter: Reporter,
    held: LabelledGames | None = None,
    init: StoredNetwork | None = None,
    command: str = "tron imitate fit",
) -> Path:
    """Fit a network to games and return its file, ``network.pt`` in ``out``.

    The file is written at each report, so that a stopped fit leaves the last.

    Args:
        config: how.
        games: to learn from.
        out: a folder.
        reporter: is told at the beginning, early on, every ``report_s`` seconds and at the end.
        held: games to measure on; without, the last of ``games`` are not learned from.
        init: the network to begin with, of the size that ``config`` names.
        command: for the network's history.

    Raises:
        TrainingConfigError: ``init`` has another size, the device is missing, or there are too
            few games to hold some out.
        GamesFileError: a game cannot have been ridden.
    """
    if init is not None and init.network.config != config.network:
        raise TrainingConfigError(
            f"the network to begin with is of {init.network.config}, not of {config.network}"
        )
    device = prepared_device(config.device)
    torch.set_num_threads(config.threads)
    running = _Fit(config, device, init)
    every = games if held is None else joined((games, held))
    count = max(1, round(HELD_SHARE * len(games))) if held is None else len(held)
    samples = Samples(every, boards_of(every), device)
    first_held = int(np.searchsorted(samples.games, len(every) - count))
    if first_held == 0:
        raise TrainingConfigError("there are no games left to learn from")
    learned = torch.arange(first_held, device=device)
    checked = torch.arange(first_held, len(samples), device=device)
    reporter.begun(len(every) - count, first_held, count, str(device))
    path = out / NETWORK
    history = () if init is None else init.history
    running_commit = commit()
    for progress in running.run(samples, learned, checked):
        stage = Stage(
            command,
            f"imitation in {len(every) - count:,} labelled games",
            config.seed,
            progress.steps,
            progress.seconds,
            running_commit,
        )
        save_network(running.averaged, (*history, stage), path)
        reporter.progressed(progress)
    return path


def prepared_device(device: Device) -> torch.device:
    """Return where to compute, set up for networks of one size and batches of one.

    Raises:
        TrainingConfigError: there is no such device.
    """
    available = torch.cuda.is_available()
    if device is Device.CPU or (device is Device.AUTO and not available):
        return torch.device("cpu")
    if not available:
        raise TrainingConfigError("device is cuda, and PyTorch sees no GPU")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    return torch.device("cuda")


class _Fit:
    """The network, its average and the optimiser."""

    def __init__(self, config: FitConfig, device: torch.device, init: StoredNetwork | None) -> None:
        self._config = config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            network = BoardNetwork(config.network)
        if init is not None:
            network.load_state_dict(init.network.state_dict())
        self._cuda = device.type == "cuda"
        network = network.to(device)
        if self._cuda:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network: BoardNetwork = network
        self.averaged = copy.deepcopy(network).requires_grad_(False).eval()
        self._pairs = _floating(self.averaged), _floating(network)
        shaped = [weights for weights in network.parameters() if weights.ndim > 1]
        others = [weights for weights in network.parameters() if weights.ndim <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": shaped, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            fused=self._cuda,
        )
        self._order = torch.Generator(device).manual_seed(config.seed)
        self._turns = np.random.default_rng(config.seed)

    def run(self, samples: Samples, learned: Tensor, held: Tensor) -> Iterator[FitProgress]:
        """Learn; yield at each report, with the average up to date."""
        config, begun = self._config, time.monotonic()
        network = self._network.train()
        steps = seen = 0
        reported = begun
        loss = torch.zeros(())
        batches: Iterator[Tensor] = iter(())
        while True:
            now = time.monotonic()
            share = self._share(steps, now - begun)
            if steps and (share >= 1 or steps == FIRST_REPORT or now - reported >= config.report_s):
                figures = measured(self.averaged, samples, held)
                reported = time.monotonic()
                yield FitProgress(
                    steps=steps,
                    share=min(share, 1.0),
                    seconds=reported - begun,
                    epochs=seen / len(learned),
                    samples_per_second=seen / max(now - begun, 1e-9),
                    loss=loss.item(),
                    held=figures,
                )
            if share >= 1 and steps:
                return
            rate = config.learning_rate * min(1.0, (steps + 1) / config.warmup_steps)
            rate *= 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))) + 0.01
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            place = next(batches, None)
            if place is None:
                order = torch.randperm(len(learned), device=learned.device, generator=self._order)
                batches = _whole_batches(learned[order], config.batch_size)
                place = next(batches)
            symmetry = int(self._turns.integers(len(SYMMETRIES)))
            loss = losses_of(network, samples.batch(place, symmetry)).total()
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            self._optimizer.step()
            steps += 1
            seen += len(place)
            if steps % AVERAGED_EVERY == 0:
                inertia = min(MOST_INERTIA, 1 - 1 / (1 + steps / 8))
                with torch.no_grad():
                    torch._foreach_lerp_(*self._pairs, 1 - inertia)

    def _share(self, steps: int, seconds: float) -> float:
        if self._config.steps is not None:
            return steps / self._config.steps
        assert self._config.minutes is not None
        return seconds / (60 * self._config.minutes)


def _floating(network: nn.Module) -> list[Tensor]:
    """Return weights and running statistics, not the counters of batches."""
    return [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]


def _whole_batches(samples: Tensor, size: int) -> Iterator[Tensor]:
    """Yield batches of one size, which the GPU is set up for; of a smaller one if that is all."""
    size = min(size, len(samples))
    return iter(torch.split(samples[: len(samples) // size * size], size))
