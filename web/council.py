"""The council: what the last light champions would have played at one ply of a game.

Their models are asked on demand, one question at a time, submitted ones only through the sandbox.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, TypedDict

import numpy as np

from agents.errors import AgentError
from agents.policy import invalid_rows, select_actions
from arena.errors import ArenaFault
from replays.format import decode
from replays.playback import Playback
from tron_env.batch import BatchEngine
from tron_env.types import PLANES, SEATS, BoolArray, Float32Array, Seat
from web.errors import WebError
from web.policies import Policy
from web.tickets import Opponent

logger = logging.getLogger(__name__)

SEATS_OF_COUNCIL: Final = 5
MOST_ANSWERS: Final = 4096
WAIT_SECONDS: Final = 3.0
"""How long a question waits for those before it."""


class CouncilBusyError(WebError):
    """Others are asking; the same question may be asked again in a moment."""


class Voice(TypedDict):
    """What one member would have played with one rider."""

    action: int
    rank: int | None
    """Of the move that was played, 1 for the member's own choice; None where it was not open."""
    share: float | None
    """Softmax over the open moves, where the member's values are logits."""


class Member(TypedDict):
    """One member's answer; by seat, None where a rider had no move or the model no answer."""

    name: str
    round: int | None
    voices: list[Voice | None]


class Answer(TypedDict):
    """The council's answer at one ply."""

    ply: int
    members: list[Member]


class Council:
    """Asks the members, and remembers what they said.

    Args:
        members: returns who sits in it now, the latest first.
        load: loads a member's model.
        says_logits: whether a member's values are logits, by its card.
    """

    def __init__(
        self,
        members: Callable[[], Sequence[Opponent]],
        load: Callable[[Opponent], Policy],
        says_logits: Callable[[Opponent], bool],
    ) -> None:
        self._members = members
        self._load = load
        self._says_logits = says_logits
        self._policies: OrderedDict[str, Policy] = OrderedDict()
        self._answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()
        self._asking = Lock()

    def ask(self, encoded: bytes, ply: int) -> Answer:
        """Return what the members would have played after ``ply`` plies.

        Raises:
            CouncilBusyError: too many ask at once.
            IndexError: the game has no move at that ply.
            ReplayError: the replay is damaged.
        """
        members = tuple(self._members())[:SEATS_OF_COUNCIL]
        key = (encoded, ply, *(member.sha256 for member in members))
        known = self._answers.get(key)
        if known is not None:
            return known
        if not self._asking.acquire(timeout=WAIT_SECONDS):
            raise CouncilBusyError("the council is answering others")
        try:
            answer = self._answer(members, encoded, ply)
            self._answers[key] = answer
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        finally:
            self._asking.release()
        return answer

    def close(self) -> None:
        """Give all models back."""
        with self._asking:
            policies, self._policies = self._policies, OrderedDict()
        for policy in policies.values():
            policy.close()

    def _answer(self, members: Sequence[Opponent], encoded: bytes, ply: int) -> Answer:
        playback = Playback(decode(encoded))
        if not 0 <= ply < playback.plies:
            raise IndexError(f"ply {ply} of a game with moves at plies 0 to {playback.plies - 1}")
        ruleset = playback.replay.ruleset
        engine = BatchEngine(ruleset, 1)
        engine.reset_to_state(0, playback.state(ply))
        seats = np.arange(SEATS)
        observations: Float32Array = np.zeros(
            (SEATS, PLANES, ruleset.height, ruleset.width), dtype=np.float32
        )
        engine.gather(np.zeros(SEATS, dtype=np.intp), seats, observations)
        masks = engine.masks[0]
        played = playback.replay.actions[ply]
        return Answer(
            ply=ply,
            members=[
                Member(
                    name=member.name,
                    round=member.round,
                    voices=self._voices(member, observations, masks, played.tolist()),
                )
                for member in members
            ],
        )

    def _voices(
        self, member: Opponent, observations: Float32Array, masks: BoolArray, played: list[int]
    ) -> list[Voice | None]:
        try:
            values = self._policy(member).infer(observations)
        except (AgentError, ArenaFault) as error:
            logger.warning("%s gave the council no answer: %s", member.name, error)
            self._forget(member)
            return [None] * SEATS
        faulty = invalid_rows(values, masks)
        logits = self._says_logits(member)
        return [
            None
            if faulty[seat] or not masks[seat].any()
            else _voice(values[seat], masks[seat], played[seat], logits=logits)
            for seat in Seat
        ]

    def _policy(self, member: Opponent) -> Policy:
        policy = self._policies.get(member.sha256)
        if policy is None:
            policy = self._load(member)
            self._policies[member.sha256] = policy
            while len(self._policies) > SEATS_OF_COUNCIL:
                self._policies.popitem(last=False)[1].close()
        self._policies.move_to_end(member.sha256)
        policy.start()
        return policy

    def _forget(self, member: Opponent) -> None:
        policy = self._policies.pop(member.sha256, None)
        if policy is not None:
            policy.close()


def _voice(values: Float32Array, mask: BoolArray, played: int, *, logits: bool) -> Voice:
    action = int(select_actions(values[None], mask[None])[0])
    open_moves = np.flatnonzero(mask)
    # By value; ties go to the lowest action, as in play.
    ranked = sorted(open_moves.tolist(), key=lambda move: (-float(values[move]), move))
    share = None
    if logits:
        weights = np.exp(values[open_moves] - values[open_moves].max())
        share = round(float(weights[open_moves == action][0] / weights.sum()), 4)
    return Voice(
        action=action,
        rank=ranked.index(played) + 1 if played in ranked else None,
        share=share,
    )
