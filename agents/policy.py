"""From logits to actions: the only rule, used by the arena, live play, training and tests.

The accepted action with the highest value is played, ties go to the lowest action. -inf is an
ordinary lowest value; NaN and +inf among accepted actions are the policy's fault.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.errors import InvalidLogitsError
from tron_env.errors import EmptyActionMaskError
from tron_env.types import ACTIONS, Action, BoolArray, UInt8Array

Logits: TypeAlias = NDArray[np.floating[Any]]


def select_action(logits: Logits, mask: BoolArray) -> Action:
    """Return the accepted action with the highest logit.

    Args:
        logits: ``(4,)`` floating, in ``Action`` order.
        mask: ``(4,)`` bool, the accepted actions.

    Raises:
        EmptyActionMaskError: no action is accepted.
        InvalidLogitsError: an accepted logit is NaN or +inf.

    >>> select_action(np.array([0.5, 2.0, 2.0, 9.0]), np.array([True, True, True, False]))
    <Action.RIGHT: 1>
    """
    return Action(int(select_actions(np.asarray(logits)[None], np.asarray(mask)[None])[0]))


def select_actions(
    logits: Logits, masks: BoolArray, headings: UInt8Array | None = None
) -> UInt8Array:
    """Return one action a row.

    Args:
        logits: ``(k, 4)`` floating.
        masks: ``(k, 4)`` bool, the accepted actions.
        headings: uint8 ``(k,)``, what to return in rows without an accepted action.

    Returns:
        uint8 ``(k,)``.

    Raises:
        EmptyActionMaskError: a row has no accepted action and ``headings`` is missing.
        InvalidLogitsError: an accepted logit is NaN or +inf; ``rows`` names all such rows.
    """
    values, best = _accepted(logits, masks)
    actions: UInt8Array = values.argmax(axis=1).astype(np.uint8)
    if np.isfinite(best).all():
        return actions
    faulty = _faulty(best)
    if faulty.any():
        raise InvalidLogitsError(tuple(np.flatnonzero(faulty).tolist()))
    # Where all accepted values are -inf, masked-out ones are as high.
    lowest = np.isneginf(best)
    actions[lowest] = masks[lowest].argmax(axis=1)
    stuck = ~masks.any(axis=1)
    if stuck.any():
        if headings is None:
            raise EmptyActionMaskError(f"no accepted action in rows {np.flatnonzero(stuck)}")
        actions[stuck] = headings[stuck]
    return actions


def invalid_rows(logits: Logits, masks: BoolArray) -> BoolArray:
    """Return bool ``(k,)``: which rows hold NaN or +inf for an accepted action.

    Raises:
        ValueError: the shapes are not ``(k, 4)``; a caller's mistake, not an entrant's.
    """
    return _faulty(_accepted(logits, masks)[1])


def _accepted(logits: Logits, masks: BoolArray) -> tuple[Logits, Logits]:
    """Return ``(k, 4)`` with -inf for what is not accepted, and ``(k,)``, the highest of each row.

    The highest is NaN where any accepted value is.
    """
    if logits.ndim != 2 or logits.shape[1] != ACTIONS or masks.shape != logits.shape:
        raise ValueError(f"logits {logits.shape} and masks {masks.shape} must both be (k, 4)")
    values = np.where(masks, logits, -np.inf)
    return values, values.max(axis=1)


def _faulty(best: Logits) -> BoolArray:
    faulty: BoolArray = np.isnan(best) | np.isposinf(best)
    return faulty
