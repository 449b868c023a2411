"""What a board network is told to see: the teacher's action and value, the result, the owners."""

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from agents.train.board_network import BoardNetwork, accepted_actions
from agents.train.errors import TrainingConfigError
from agents.train.fit_config import Measured
from agents.train.samples import Batch, Samples

VALUE_SCALE: Final = 80_000.0
"""A teacher's value of so much stands for odds of e to 1."""

ACTION_WEIGHT: Final = 1.0
RESULT_WEIGHT: Final = 0.25
VALUE_WEIGHT: Final = 0.5
OWNERS_WEIGHT: Final = 0.15

REFUSED: Final = -1e4
"""In place of the logit of a refused action: finite, as it may be multiplied with 0."""

HELD_BATCH: Final = 2048


class Losses(NamedTuple):
    """Of each of ``b`` samples, in nats, ``(b,)``, 0 where the sample tells nothing of the kind."""

    action: Tensor
    value: Tensor
    result: Tensor
    owners: Tensor
    logits: Tensor
    """``(b, 4)``, those of refused actions replaced."""
    win: Tensor
    """Log-odds of a win, as the network sees it."""

    def total(self) -> Tensor:
        """Return what is made smaller."""
        return (
            ACTION_WEIGHT * self.action.mean()
            + RESULT_WEIGHT * self.result.mean()
            + VALUE_WEIGHT * self.value.mean()
            + OWNERS_WEIGHT * self.owners.mean()
        )


def losses_of(network: BoardNetwork, batch: Batch) -> Losses:
    """Return how far a network is from a batch; on a GPU it computes in 16 bits."""
    observations = batch.observations
    cuda = observations.device.type == "cuda"
    if cuda:
        observations = observations.contiguous(memory_format=torch.channels_last)
    with torch.autocast(observations.device.type, dtype=torch.bfloat16, enabled=cuda):
        outlook = network(observations)
    logits, win, value, owners = (seen.float() for seen in outlook)
    logits = masked(logits, observations)
    odds = torch.sigmoid(batch.values / VALUE_SCALE)
    result = functional.binary_cross_entropy_with_logits(
        win, 0.5 + 0.5 * batch.results, reduction="none"
    )
    cells = functional.cross_entropy(owners, batch.owners, reduction="none") * batch.free
    return Losses(
        action=functional.cross_entropy(logits, batch.actions, reduction="none") * batch.labelled,
        value=functional.binary_cross_entropy_with_logits(value, odds, reduction="none")
        * batch.labelled,
        result=result * batch.weights,
        owners=cells.sum((1, 2)) / batch.free.sum((1, 2)).clamp(min=1),
        logits=logits,
        win=win,
    )


def masked(logits: Tensor, observations: Tensor) -> Tensor:
    """Return logits ``(b, 4)`` with those of refused actions replaced."""
    return logits.masked_fill(~accepted_actions(observations), REFUSED)


@torch.no_grad()
def measured(network: BoardNetwork, samples: Samples, places: Tensor) -> Measured:
    """Measure a network in evaluation mode on some samples.

    Raises:
        TrainingConfigError: none of them is labelled.
    """
    sums = torch.zeros(7, dtype=torch.float64, device=places.device)
    for part in torch.split(places, HELD_BATCH):
        batch = samples.batch(part, 0)
        losses = losses_of(network, batch)
        agreed = (losses.logits.argmax(dim=1) == batch.actions) & batch.labelled
        decided = batch.weights * (batch.results != 0) * batch.labelled
        won = (batch.results > 0).float()
        result = functional.binary_cross_entropy_with_logits(losses.win, won, reduction="none")
        told = (
            batch.labelled,
            losses.action,
            agreed,
            losses.value,
            losses.owners,
            decided,
            result * decided,
        )
        sums += torch.stack([numbers.double().sum() for numbers in told])
    labelled, action, agreed_sum, value, owners, decided_sum, result_sum = sums.tolist()
    if not labelled:
        raise TrainingConfigError("the games to measure on hold no labelled ply")
    return Measured(
        cross_entropy=action / labelled,
        agreement=agreed_sum / labelled,
        value_loss=value / labelled,
        ownership_loss=owners / len(places),
        result_loss=result_sum / decided_sum if decided_sum else None,
    )
