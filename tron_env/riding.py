"""A ply as those have it who ride one seat: drawn actions, actions made fit, and all in one call.

What is called once a ply from Python costs more by the calls than by the work; so ``ride`` does
for a single game what would else be four calls, in the same words.
"""

from typing import Any, Final

import numpy as np

from tron_env.compiling import kernel, part
from tron_env.kernel import ONGOING
from tron_env.memory import views
from tron_env.observation import Observations
from tron_env.places import FIVE, FOUR, ONE, TWO, ZERO, Index
from tron_env.restarting import INVALID_ACTION, drawn_action
from tron_env.stepping import play_ply
from tron_env.types import ACTIONS, DeathCause, Int8Array, Int64Array, IntArray, UInt8Array

DRAWN: Final = ACTIONS
"""Stands for the other seat's action where ``ride`` is to draw it."""

CAUSES: Final = len(DeathCause)


@part
def fit_action(state: Any, i: Any, seat: Any, action: int) -> int:
    """Return an action, or what replaces it outside the mask where one is accepted.

    That is the heading, or where it is not accepted the lowest action that is.
    """
    headings, masks = state[3], state[6]
    rider = i * TWO + seat
    place = rider * FOUR
    if masks[place + Index(action)]:
        return action
    heading: int = np.int64(headings[rider])  # type: ignore[assignment]
    if masks[place + Index(heading)]:
        return heading
    for other in range(4):
        if masks[place + Index(other)]:
            return other
    return action


@kernel
def fit_actions(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    games: IntArray,
    seats: IntArray,
    actions: UInt8Array,
) -> None:
    """Replace what lies outside the masks of chosen riders in ``actions``, uint8 ``(n, 2)``.

    Args:
        memory: the games.
        n: how many.
        height: of the board.
        width: of the board.
        games: ``(k,)`` indices.
        seats: ``(k,)``, same order.
        actions: one a seat, 0 to 3; replaced as ``fit_action`` says.
    """
    state = views(memory, n, height * width)
    for k in range(games.shape[0]):
        i, seat = Index(games[k]), Index(seats[k])
        actions[i, seat] = fit_action(state, i, seat, np.int64(actions[i, seat]))


@kernel
def draw_actions(
    memory: UInt8Array,
    n: int,
    height: int,
    width: int,
    games: IntArray,
    seats: IntArray,
    key: int,
    out_actions: UInt8Array,
) -> None:
    """Draw an action for each of ``(k,)`` riders into uint8 ``(k,)``; see ``drawn_action``."""
    state = views(memory, n, height * width)
    for k in range(games.shape[0]):
        out_actions[k] = drawn_action(state, Index(games[k]), Index(seats[k]), np.uint64(key))


@kernel
def ride(
    memory: UInt8Array,
    terms: Int64Array,
    action: int,
    other: int,
    out_observation: Observations,
    out_mask: Int8Array,
) -> int:
    """Play one ply of the only game of a batch, unless it is over, and tell a seat what it has.

    Args:
        memory: the game.
        terms: what stays the same for a whole game, ``(6,)``: height, width, the ruleset's
            ``max_plies``, whether ``action`` is made fit before (0 or 1), the seat that is told,
            and the key of what is drawn (see ``drawn_action``). In an array, as each number of its
            own would cost as much as playing half a ply.
        action: of the seat that is told, 0 to 3.
        other: the other seat's, 0 to 3 or DRAWN.
        out_observation: ``(5, height, width)``, float32 or uint8.
        out_mask: ``(4,)``, its accepted actions.

    Returns:
        (outcome * 5 + cause of seat 0) * 5 + cause of seat 1, or INVALID_ACTION with nothing
        played or written.
    """
    if not (0 <= action < DRAWN and 0 <= other <= DRAWN):
        return INVALID_ACTION
    height, width, seat = Index(terms[0]), Index(terms[1]), Index(terms[4])
    area = height * width
    state = views(memory, 1, np.int64(area))
    causes, outcomes, masks, planes = state[4], state[5], state[6], state[8]
    if outcomes[0] == ONGOING:
        if terms[3]:
            action = fit_action(state, ZERO, seat, action)
        if other == DRAWN:
            other = drawn_action(state, ZERO, ONE - seat, np.uint64(terms[5]))
        first, second = (action, other) if seat == 0 else (other, action)
        play_ply(state, ZERO, height, width, first, second, terms[2])
    target = out_observation.reshape(-1)
    sight = seat * FIVE * area
    for spot in range(FIVE * area):
        target[spot] = planes[sight + spot]
    for way in range(FOUR):
        out_mask[way] = masks[seat * FOUR + way]
    code: int = (np.int64(outcomes[0]) * CAUSES + causes[0]) * CAUSES + causes[1]
    return code
